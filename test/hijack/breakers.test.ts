import {
  type Application,
  CircuitBreaker,
  Controller,
  createApp,
  Hijack,
  HijackedConnection,
  HttpError,
  Module,
} from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { RawClient, request } from '../support/raw-client';
import { soon, turns } from '../support/soon';

const UPGRADE = { connection: 'Upgrade', upgrade: 'raw' };
const breakers = {
  count: { window: { kind: 'count', calls: 100 }, minimumCalls: 100, slowCallMs: 1_000 },
  row: { maxFailures: 2, resetTimeoutMs: 10_000, halfOpenMax: 1, timeoutMs: 500 },
} as const;
const NONE = { calls: 0, successes: 0, failures: 0, slow: 0, ignored: 0, cancelled: 0, rejected: 0, late: 0 };

let ended: number;

async function readToEnd(connection: HijackedConnection): Promise<void> {
  connection.accept(101, UPGRADE);
  connection.write('ready');
  for await (const line of connection) if (String(line) === 'bye') break;
}

@Controller()
class Raw {
  @Hijack('/echo', { protocol: 'raw' }) @CircuitBreaker('count') async echo(connection: HijackedConnection) {
    try {
      await readToEnd(connection);
      await connection.close();
    } finally {
      ended++;
    }
  }
  @Hijack('/fails', { protocol: 'raw' }) @CircuitBreaker('count') async fails(connection: HijackedConnection) {
    await readToEnd(connection);
    throw new Error('what is behind it broke');
  }
  @Hijack('/refuses', { protocol: 'raw' }) @CircuitBreaker('row') refuses(): void {
    throw new HttpError(502);
  }
  @Hijack('/well', { protocol: 'raw' }) @CircuitBreaker('row') async well(connection: HijackedConnection) {
    await readToEnd(connection);
    await connection.close();
  }
}

@Module({ controllers: [Raw] })
class RawModule {}

let app: Application;
let url: URL;
let clock: ManualClock;
let clients: RawClient[];

beforeEach(async () => {
  ended = 0;
  clients = [];
  clock = new ManualClock();
  app = await createApp(RawModule, { breakers, clock, logger: false });
  url = await app.listen(0);
  // What began at 0 would have begun never.
  await clock.advance(1);
});

afterEach(async () => {
  for (const client of clients) client.close();
  await soon(() => expect(app.breakers.list().every(({ stats }) => stats.late === 0)).toBe(true));
  await app.close();
});

async function connect(path: string): Promise<RawClient> {
  const client = await RawClient.connect(url);
  clients.push(client);
  client.write(request('GET', path, UPGRADE));
  return client;
}

const statsOf = (name: string): Readonly<Record<string, number>> => ({ ...app.breakers.get(name).stats });

describe('a connection that was taken over behind a breaker', () => {
  it('succeeds when its handler is through, and is not slow for how long it was open', async () => {
    const client = await connect('/echo');
    await client.until('ready');
    await clock.advance(60_000);
    expect(statsOf('count')).toEqual(NONE);
    client.write('bye');
    await soon(() => expect(statsOf('count')).toEqual({ ...NONE, calls: 1, successes: 1 }));
  });

  it('is nothing when its client leaves', async () => {
    const client = await connect('/echo');
    await client.until('ready');
    client.reset();
    await soon(() => expect(ended).toBe(1));
    await soon(() => expect(statsOf('count')).toEqual({ ...NONE, cancelled: 1 }));
  });

  it('is a failure when its handler fails, before it took it or behind that', async () => {
    const client = await connect('/fails');
    await client.until('ready');
    client.write('bye');
    await soon(() => expect(statsOf('count')).toEqual({ ...NONE, calls: 1, failures: 1 }));
    const refused = await connect('/refuses');
    await refused.until('502');
    expect(statsOf('row')).toEqual({ ...NONE, calls: 1, failures: 1 });
  });

  it('is refused with 503 while it is open, as an answer, and let in again later', async () => {
    for (let i = 0; i < 2; i++) await (await connect('/refuses')).until('502');
    const client = await connect('/well');
    await client.until('circuit_breaker_open');
    expect(client.unread.toString()).toMatch(/^HTTP\/1\.1 503 [^]*\r\nretry-after: 10\r\n/i);
    await clock.advance(10_000);
    const trial = await connect('/well');
    await trial.until('ready');
    expect(app.breakers.get('row').state).toBe('half-open');
    trial.write('bye');
    await soon(() => expect(app.breakers.get('row').state).toBe('closed'));
  });

  it('gives its permit back when the client of a trial leaves, in whatever state the connection is', async () => {
    for (let i = 0; i < 2; i++) await (await connect('/refuses')).until('502');
    await clock.advance(10_000);
    const trial = await connect('/well');
    await trial.until('ready');
    expect(app.breakers.get('row').wouldReject).toBe(true);
    trial.reset();
    await soon(() => expect(app.breakers.get('row').wouldReject).toBe(false));
    expect(app.breakers.get('row').state).toBe('half-open');
  });

  it('is not cut by the breaker’s time once it is taken over', async () => {
    const client = await connect('/well');
    await client.until('ready');
    await clock.advance(5_000);
    await turns();
    expect(client.ended).toBe(false);
    expect(statsOf('row')).toEqual(NONE);
    client.write('bye');
    await soon(() => expect(statsOf('row')).toEqual({ ...NONE, calls: 1, successes: 1 }));
  });
});
