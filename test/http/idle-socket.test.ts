import { ManualClock } from '../../lib/testing/manual-clock';
import { Kernel, type Run } from '../support/kernel';
import { RawClient, request } from '../support/raw-client';
import { gate, soon, turns } from '../support/soon';

const IDLE_MS = 2_000;

let clock: ManualClock;
let kernel: Kernel;
let client: RawClient;

async function open(run: Run = () => 'hello'): Promise<void> {
  clock = new ManualClock();
  kernel = await Kernel.open({ 'GET /': run }, { clock, limits: { keepAliveTimeoutMs: IDLE_MS } });
  client = await RawClient.connect(kernel.url);
  await soon(() => expect(kernel.server.connections).toBe(1));
}

async function ask(): Promise<void> {
  client.write(request('GET', '/'));
  expect((await client.response()).status).toBe(200);
}

afterEach(async () => {
  client.close();
  await kernel.close();
});

describe('an HTTP/1.1 connection', () => {
  it('is closed when nobody has asked anything on it for the time-out, never early', async () => {
    await open();
    await clock.advance(IDLE_MS - 1);
    await turns();
    expect(kernel.server.connections).toBe(1);
    await clock.advance(1);
    await soon(() => expect(kernel.server.connections).toBe(0));
    expect(clock.pending).toBe(0);
  });

  it('is kept for the time-out after its last request, and at most half of it longer', async () => {
    await open();
    await clock.advance(IDLE_MS * 0.9);
    await ask();
    await clock.advance(IDLE_MS - 1);
    await turns();
    expect(kernel.server.connections).toBe(1);
    await clock.advance(IDLE_MS / 2);
    await soon(() => expect(kernel.server.connections).toBe(0));
  });

  it('is kept while a request waits for its answer', async () => {
    const answer = gate<string>();
    await open(() => answer.promise);
    client.write(request('GET', '/'));
    await soon(() => expect(kernel.underWay).toBe(1));
    await clock.advance(IDLE_MS * 10);
    await turns();
    expect(kernel.server.connections).toBe(1);
    answer.open('late');
    expect((await client.response()).body.toString()).toBe('late');
    await clock.advance(IDLE_MS * 1.5);
    await soon(() => expect(kernel.server.connections).toBe(0));
  });

  it('tells its client how long it is kept', async () => {
    await open();
    client.write(request('GET', '/'));
    expect((await client.response()).headers.get('keep-alive')).toEqual(['timeout=2']);
  });

  it('leaves no timer behind when the client closes it', async () => {
    await open();
    client.close();
    await soon(() => expect(clock.pending).toBe(0));
  });
});
