import {
  Authorize,
  bearerTokens,
  BreakerOperatorsModule,
  CircuitBreaker,
  Controller,
  Get,
  HttpError,
  Module,
  Param,
} from 'rockstar-web';
import { createTestApp, ManualClock, type TestApplication } from 'rockstar-web/testing';
import { RecordingLogger } from '../support/kernel';
import { RawClient, request } from '../support/raw-client';
import { soon } from '../support/soon';

const OPERATOR = { authorization: 'Bearer operator-token' };
const VISITOR = { authorization: 'Bearer visitor-token' };
const auth = bearerTokens([
  { token: 'operator-token', user: { name: 'Olga', secret: 'not to be told', permissions: ['breakers:*'] } },
  { token: 'visitor-token', user: { name: 'Vera', permissions: [] } },
]);
const breakers = {
  users: { maxFailures: 2, resetTimeoutMs: 10_000 },
  rooms: { maxFailures: 2, resetTimeoutMs: 10_000, maxKeys: 3 },
  'Never.called': { maxFailures: 2 },
} as const;

let failing = true;

@Controller()
class Guarded {
  @Get('/users') @CircuitBreaker('users') users() {
    if (failing) throw new HttpError(502);
    return {};
  }
  @Get('/rooms/:id')
  @CircuitBreaker({ name: 'rooms', key: (ctx) => ctx.param('id') })
  room(@Param('id') id: string) {
    if (failing) throw new HttpError(502);
    return { id };
  }
}

const operate = [Authorize('breakers', 'operate')];

@Module({ imports: [BreakerOperatorsModule.forRoot({ operate })], controllers: [Guarded] })
class Closed {}

@Module({ imports: [BreakerOperatorsModule.forRoot({ path: '/operate/circuits', operate, read: [] })], controllers: [Guarded] })
class Readable {}

let app: TestApplication;
let clock: ManualClock;
let log: RecordingLogger;

async function open(module: new () => object): Promise<void> {
  clock = new ManualClock();
  log = new RecordingLogger();
  app = await createTestApp(module, { clock, breakers, auth, logger: log });
}

beforeEach(async () => {
  failing = true;
  await open(Closed);
});

afterEach(() => app.close());

async function ask(method: string, url: string, headers: Record<string, string> = OPERATOR) {
  const response = await app.request({ method, url, headers });
  return {
    status: response.status,
    body: response.json() as Record<string, unknown> & { code?: string },
    headers: response.headers,
  };
}

const get = async (url: string): Promise<number> => (await app.request({ url })).status;
const stateOf = (name: string, key?: string): string => app.app.breakers.get(name, key).state;

async function trip(url: string): Promise<void> {
  for (let i = 0; i < 2; i++) expect(await get(url)).toBe(502);
  expect(await get(url)).toBe(503);
}

describe('operators who look', () => {
  it('see all breakers, those that nobody called as well, and nothing that is kept by others', async () => {
    await trip('/users');
    await get('/rooms/a');
    const { status, body, headers } = await ask('GET', '/breakers');
    const all = body as unknown as Record<string, unknown>[];
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(all.map(({ name, key, state, remainingOpenMs }) => [name, key, state, remainingOpenMs])).toEqual([
      ['users', undefined, 'open', 10_000],
      ['rooms', 'a', 'closed', 0],
    ]);
    expect(all[0].stats).toMatchObject({ failures: 2, rejected: 1 });
  });

  it('see one, those of all keys of a name, or that of one key', async () => {
    await get('/users');
    await get('/rooms/a');
    await get('/rooms/b%2Fc');
    expect((await ask('GET', '/breakers/users')).body).toMatchObject({ name: 'users', state: 'closed', stats: { failures: 1 } });
    const rooms = (await ask('GET', '/breakers/rooms')).body as { name: string; breakers: { key: string }[] };
    expect([rooms.name, rooms.breakers.map(({ key }) => key)]).toEqual(['rooms', ['a', 'b/c']]);
    expect((await ask('GET', '/breakers/rooms?key=b%2Fc')).body).toMatchObject({ name: 'rooms', key: 'b/c', state: 'closed' });
  });

  it('are told that there is none of that name, and which one is near, or none of that key', async () => {
    await get('/rooms/a');
    const unknown = await ask('GET', '/breakers/usrs');
    expect([unknown.status, unknown.body.code, unknown.body.detail]).toEqual([
      404,
      'BREAKER_UNKNOWN',
      expect.stringContaining('did you mean "users"'),
    ]);
    expect(await ask('GET', '/breakers/rooms?key=z')).toMatchObject({ status: 404, body: { code: 'OPERATORS_KEY_UNKNOWN' } });
  });
});

describe('operators who change something', () => {
  it('reset, force open, disable and enable: each has its effect at once, and a line in the log with who did it', async () => {
    await trip('/users');
    expect((await ask('POST', '/breakers/users/reset')).body).toMatchObject({ state: 'closed', stats: { calls: 0 } });
    failing = false;
    expect(await get('/users')).toBe(200);
    expect((await ask('POST', '/breakers/users/force-open')).body).toMatchObject({ state: 'forced-open' });
    expect(await get('/users')).toBe(503);
    failing = true;
    expect((await ask('POST', '/breakers/users/disable')).body).toMatchObject({ state: 'disabled' });
    for (let i = 0; i < 5; i++) expect(await get('/users')).toBe(502);
    expect((await ask('POST', '/breakers/users/enable')).body).toMatchObject({ state: 'closed' });
    await trip('/users');
    const lines = log.lines.filter(({ message }) => message === 'an operator changed a circuit breaker');
    expect(lines.map(({ fields }) => [fields.operation, fields.breaker, fields.by])).toEqual([
      ['reset', 'users', 'Olga'],
      ['force-open', 'users', 'Olga'],
      ['disable', 'users', 'Olga'],
      ['enable', 'users', 'Olga'],
    ]);
    expect(JSON.stringify(lines)).not.toContain('not to be told');
  });

  it('change the breaker of one key, and leave those of others alone', async () => {
    await trip('/rooms/a');
    await trip('/rooms/b');
    expect((await ask('POST', '/breakers/rooms/reset?key=a')).body).toMatchObject({ key: 'a', state: 'closed' });
    expect([stateOf('rooms', 'a'), stateOf('rooms', 'b')]).toEqual(['closed', 'open']);
    await ask('POST', '/breakers/rooms/force-open?key=a');
    expect(await get('/rooms/c')).toBe(502);
    expect([stateOf('rooms', 'a'), stateOf('rooms', 'b'), stateOf('rooms', 'c')]).toEqual(['forced-open', 'open', 'closed']);
    expect(await ask('POST', '/breakers/rooms/reset?key=z')).toMatchObject({
      status: 404,
      body: { code: 'OPERATORS_KEY_UNKNOWN' },
    });
    const [first] = log.lines.filter(({ message }) => message === 'an operator changed a circuit breaker');
    expect(first.fields).toMatchObject({ breaker: 'rooms', key: 'a', operation: 'reset' });
  });

  it.each([
    ['force-open', 'forced-open', 503],
    ['disable', 'disabled', 502],
  ])('%s all keys, those that come later as well, until they enable them', async (operation, state, status) => {
    await get('/rooms/a');
    expect((await ask('POST', `/breakers/rooms/${operation}`)).body).toMatchObject({ key: 'a', state });
    for (const key of ['b', 'c', 'd', 'e']) {
      for (let i = 0; i < 3; i++) expect(await get(`/rooms/${key}`)).toBe(status);
      expect(stateOf('rooms', key)).toBe(state);
    }
    await ask('POST', '/breakers/rooms/enable');
    expect([stateOf('rooms', 'a'), stateOf('rooms', 'f')]).toEqual(['closed', 'closed']);
    await trip('/rooms/a');
  });

  it('do it before the first call of a name that is configured, and not to one that nobody knows', async () => {
    await ask('POST', '/breakers/rooms/force-open');
    expect(await get('/rooms/first')).toBe(503);
    expect((await ask('POST', '/breakers/Never.called/force-open')).status).toBe(200);
    expect(stateOf('Never.called')).toBe('forced-open');
    expect(await ask('POST', '/breakers/usrs/reset')).toMatchObject({ status: 404, body: { code: 'BREAKER_UNKNOWN' } });
    expect((await ask('POST', '/breakers/users/explode')).status).toBe(404);
  });
});

describe('whoever is no operator', () => {
  const ALL = [
    ['GET', ''],
    ['GET', '/users'],
    ['GET', '/events'],
    ['POST', '/users/reset'],
    ['POST', '/users/force-open'],
    ['POST', '/users/disable'],
    ['POST', '/users/enable'],
  ] as const;

  it.each(ALL)('is let in nowhere: %s /breakers%s', async (method, path) => {
    expect((await ask(method, `/breakers${path}`, {})).status).toBe(401);
    expect((await ask(method, `/breakers${path}`, VISITOR)).status).toBe(403);
    expect(stateOf('users')).toBe('closed');
  });

  it('may look where everybody may, under another path, and change nothing', async () => {
    await app.close();
    await open(Readable);
    expect((await ask('GET', '/operate/circuits', {})).status).toBe(200);
    expect((await ask('GET', '/operate/circuits/users', {})).status).toBe(200);
    expect((await ask('POST', '/operate/circuits/users/force-open', {})).status).toBe(401);
    expect((await ask('GET', '/breakers', {})).status).toBe(404);
  });

  it('is what the module asks for: without it, it is not mounted', () => {
    expect(() => BreakerOperatorsModule.forRoot({ operate: [] })).toThrow(/OPERATORS_UNGUARDED/);
    expect(() => BreakerOperatorsModule.forRoot({} as never)).toThrow(/OPERATORS_UNGUARDED/);
  });
});

describe('the events of breakers', () => {
  it('come as they happen, of all of them, to each who listens, and end when the application stops', async () => {
    const url = await app.app.listen(0);
    const clients = [await RawClient.connect(url), await RawClient.connect(url)];
    for (const client of clients) {
      client.write(request('GET', '/breakers/events', OPERATOR));
      await client.until('text/event-stream');
    }
    await trip('/rooms/a');
    await ask('POST', '/breakers/users/force-open');
    for (const client of clients) {
      await client.until('"to":"forced-open"');
      const events = [...client.unread.toString('utf8').matchAll(/event: transition\ndata: (.*)\n\n/g)].map(
        ([, data]) => JSON.parse(data) as Record<string, unknown>,
      );
      expect(events).toEqual([
        { name: 'rooms', key: 'a', from: 'closed', to: 'open', cause: 'rate', at: expect.any(String) as string },
        { name: 'users', from: 'closed', to: 'forced-open', cause: 'manual', at: expect.any(String) as string },
      ]);
    }
    const [leaver, stayer] = clients;
    leaver.close();
    await ask('POST', '/breakers/users/enable');
    await stayer.until('"from":"forced-open"');
    const closing = app.close();
    await stayer.closed();
    stayer.close();
    await closing;
    await soon(() => expect(app.leaks()).toEqual([]));
  });
});
