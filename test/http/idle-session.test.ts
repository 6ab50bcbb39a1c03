import { ManualClock } from '../../lib/testing/manual-clock';
import { H2Client } from '../support/h2-client';
import { Kernel, type Run } from '../support/kernel';
import { gate, soon, turns } from '../support/soon';

const IDLE_MS = 1_000;

let clock: ManualClock;
let kernel: Kernel;
let client: H2Client;

async function open(run: Run = () => 'hello'): Promise<void> {
  clock = new ManualClock();
  kernel = await Kernel.open({ 'GET /': run }, { http2: 'h2c', clock, limits: { keepAliveTimeoutMs: IDLE_MS } });
  client = await H2Client.connect(kernel.url);
  await soon(() => expect(clock.pending).toBe(1));
}

const ask = (): Promise<{ readonly status: number }> => client.ask({ ':path': '/' });

/** Whether the server let go of the connection; both sides have had time to say so. */
async function isClosed(): Promise<boolean> {
  await turns();
  return client.session.closed;
}

afterEach(async () => {
  await client.close();
  await kernel.close();
});

describe('an HTTP/2 connection', () => {
  it('is closed gracefully when nobody has asked anything on it for the time-out', async () => {
    await open();
    await clock.advance(IDLE_MS - 1);
    expect(await isClosed()).toBe(false);
    await clock.advance(1);
    await soon(() => expect(client.goneAway?.code).toBe(0));
    await soon(() => expect(kernel.server.connections).toBe(0));
  });

  it('is kept for the time-out after its last request, and at most a quarter longer', async () => {
    await open();
    await clock.advance(IDLE_MS * 0.9);
    expect((await ask()).status).toBe(200);
    await clock.advance(IDLE_MS - 1);
    expect(await isClosed()).toBe(false);
    await clock.advance(IDLE_MS / 4 + 1);
    await soon(() => expect(kernel.server.connections).toBe(0));
  });

  it('is kept while a request waits for its answer', async () => {
    const answer = gate<string>();
    await open(() => answer.promise);
    const asked = ask();
    await turns();
    await clock.advance(IDLE_MS * 10);
    expect(await isClosed()).toBe(false);
    answer.open('late');
    expect((await asked).status).toBe(200);
    await clock.advance(IDLE_MS * 1.25);
    await soon(() => expect(kernel.server.connections).toBe(0));
  });

  it('leaves no timer behind when the client closes it', async () => {
    await open();
    await client.close();
    await soon(() => expect(clock.pending).toBe(0));
  });
});
