import type { IncomingMessage, ServerResponse } from 'node:http';
import { tap } from 'rxjs';
import {
  Authorize,
  BadRequestError,
  bearerTokens,
  type CallHandler,
  Catch,
  ConflictError,
  Controller,
  Ctx,
  type Filter,
  Get,
  type Guard,
  Hijack,
  HijackedConnection,
  type Interceptor,
  Module,
  Param,
  Query,
  RequestContext,
  Timeout,
  Use,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from 'rockstar-web';
import { createTestApp, type TestApplication, type TestApplicationOptions } from 'rockstar-web/testing';
import { H2Client } from '../support/h2-client';
import { RecordingLogger } from '../support/kernel';
import { RawClient, request } from '../support/raw-client';
import { soon, turns } from '../support/soon';

let told: string[] = [];
const tell = (what: string): void => void told.push(what);

/** What nobody may take for a request. */
const BEHIND = request('GET', '/plain');
const UPGRADE = { connection: 'Upgrade', upgrade: 'own' };

class Slowly implements Guard {
  async canActivate(context: RequestContext): Promise<boolean> {
    tell('guard');
    await turns(3);
    return context.query.guard !== 'no';
  }
}

class Around implements Interceptor {
  intercept(_context: RequestContext, next: CallHandler) {
    tell('interceptor');
    return next.handle().pipe(tap({ complete: () => tell('behind') }));
  }
}

@Catch(ConflictError)
class Conflicts implements Filter {
  catch(error: unknown) {
    tell('filter');
    return { filtered: (error as ConflictError).detail };
  }
}

function middleware(_request: IncomingMessage, _response: ServerResponse, next: () => void): void {
  tell('middleware');
  next();
}

@Controller('/steps')
@Use(middleware)
@UseGuards(Slowly)
@UseInterceptors(Around)
@UseFilters(Conflicts)
class Steps {
  @Hijack('/:id', { protocol: 'own' })
  @Authorize('lines', 'read')
  async run(@Param('id') id: number, connection: HijackedConnection, @Query('fail') fail?: string) {
    tell(`handler ${id}`);
    if (fail === 'before') throw new ConflictError({ detail: 'taken already' });
    connection.accept();
    await connection.send('mine ');
    if (fail === 'after') throw new ConflictError();
    connection.write(String(await connection.readLine()));
  }
}

@Controller()
class Others {
  @Get('/plain')
  plain() {
    tell('plain');
    return 'plain';
  }

  /** Not declared: a guard that waits comes in between. */
  @Get('/undeclared')
  @UseGuards(Slowly)
  async undeclared(@Ctx() context: RequestContext) {
    await context.hijack();
  }

  @Hijack('/wrote')
  @Use((_request, response, next) => {
    response.write('written by middleware');
    next();
  })
  async wrote(context: RequestContext) {
    const outcome = await context.hijack().then(
      () => 'had it',
      (error: unknown) => String((error as { code?: unknown }).code),
    );
    tell(outcome);
    context.response.end();
  }

  @Hijack('/slow')
  @Timeout(40)
  slow(context: RequestContext) {
    return new Promise((resolve) => context.signal.addEventListener('abort', resolve));
  }

  @Hijack('/slow-behind')
  @Timeout(40)
  async slowBehind(connection: HijackedConnection) {
    connection.write('open ');
    connection.write(String(await connection.readLine()));
  }

  @Hijack('/by-hand')
  byHand(context: RequestContext) {
    if (context.query.not === 'yes') throw new BadRequestError();
    context.json(200, { taken: false });
  }
}

@Module({ controllers: [Steps, Others] })
class App {}

const auth = bearerTokens([
  { token: 'reader', user: { name: 'ada', permissions: ['lines.read'] } },
  { token: 'other', user: { name: 'bob', permissions: [] } },
]);
let app: TestApplication;
let url: URL;
let log: RecordingLogger;
const clients: RawClient[] = [];

async function open(options: TestApplicationOptions = {}): Promise<void> {
  log = new RecordingLogger();
  app = await createTestApp(App, { logger: log, auth, ...options });
  url = await app.app.listen(0);
}

async function connect(): Promise<RawClient> {
  const client = await RawClient.connect(url);
  clients.push(client);
  return client;
}

const ask = (path: string, token?: string, more = {}): string =>
  request('GET', path, { ...UPGRADE, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...more });
const bodyOf = (response: { body: Buffer }): unknown => JSON.parse(response.body.toString());

beforeEach(() => (told = []));
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await soon(() => expect(app.leaks()).toEqual([]));
  await app.close();
});

describe('the steps in front of a hijack', () => {
  it('run in the order of routes, and around it as well', async () => {
    await open();
    const client = await connect();
    client.write(`${ask('/steps/7', 'reader')}line\n`);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\nmine line$/);
    expect(told).toEqual(['middleware', 'guard', 'interceptor', 'handler 7', 'behind']);
  });

  it.each<[string, string, number, string, readonly string[]]>([
    ['nobody', ask('/steps/7'), 401, 'AUTH_REQUIRED', ['middleware', 'guard']],
    ['who may not', ask('/steps/7', 'other'), 403, 'AUTH_FORBIDDEN', ['middleware', 'guard']],
    ['whom a guard sends away', ask('/steps/7?guard=no', 'reader'), 403, 'GUARD_REFUSED', ['middleware', 'guard']],
    [
      'another protocol',
      ask('/steps/7', 'reader', { upgrade: 'other' }),
      426,
      'HIJACK_UPGRADE_REQUIRED',
      ['middleware', 'guard'],
    ],
    ['a parameter that is none', ask('/steps/x', 'reader'), 400, 'VALIDATION_FAILED', ['middleware', 'guard']],
    ['another method', ask('/steps/7', 'reader').replace('GET', 'PUT'), 405, 'ROUTE_METHOD_NOT_ALLOWED', []],
    ['another path', ask('/elsewhere', 'reader'), 404, 'ROUTE_NOT_FOUND', []],
    [
      'who asks for nothing',
      request('GET', '/steps/7', { authorization: 'Bearer reader' }),
      426,
      'HIJACK_UPGRADE_REQUIRED',
      ['middleware', 'guard'],
    ],
  ])('answer %s, and nobody reads what was sent behind', async (_, bytes, status, code, steps) => {
    await open();
    const client = await connect();
    const response = await client.ask(bytes + (status < 404 || status === 426 ? BEHIND : ''), 'GET');
    expect([response.status, bodyOf(response)]).toEqual([status, expect.objectContaining({ code })]);
    expect(told.filter((one) => one !== 'interceptor' && one !== 'behind')).toEqual(steps);
    if (status < 404 || status === 426) {
      expect(await client.closed()).toBe('');
      expect(told).not.toContain('plain');
    } else expect((await client.ask(BEHIND)).body.toString()).toBe('plain');
  });

  it('answer by their filters, as long as nobody was answered', async () => {
    await open();
    const refused = await (await connect()).ask(ask('/steps/7?fail=before', 'reader'));
    expect([refused.status, refused.body.toString()]).toEqual([409, expect.stringContaining('taken already')]);
    const cut = await connect();
    expect(await cut.write(ask('/steps/7?fail=after', 'reader')).closed()).toMatch(/\r\n\r\nmine $/);
  });

  it('may be over time (504); what has the connection has all the time', async () => {
    await open();
    const late = await (await connect()).ask(request('GET', '/slow'));
    expect([late.status, bodyOf(late)]).toEqual([504, expect.objectContaining({ code: 'DEADLINE_EXCEEDED' })]);
    const client = await connect();
    await client.write(request('GET', '/slow-behind')).until('open ');
    // Another request runs out of the same time meanwhile.
    expect((await (await connect()).ask(request('GET', '/slow'))).status).toBe(504);
    expect(await client.write('still\n').closed()).toBe('open still');
  });

  it('that wrote already leave nothing to take, and the answer goes on', async () => {
    await open();
    const response = await (await connect()).ask(request('GET', '/wrote'));
    expect([response.status, response.body.toString(), told]).toEqual([200, 'written by middleware', ['HIJACK_AFTER_ANSWER']]);
  });

  it('make it too late on a route that is not declared, which says what to do', async () => {
    await open();
    const response = await (await connect()).ask(request('GET', '/undeclared'));
    expect([response.status, bodyOf(response)]).toEqual([500, expect.objectContaining({ code: 'HIJACK_TOO_LATE' })]);
    expect(JSON.stringify(log.lines, (_, value: unknown) => (value instanceof Error ? value.message : value))).toContain(
      '@Hijack',
    );
  });

  it('leave it to the handler whether it takes the connection', async () => {
    await open();
    expect(bodyOf(await (await connect()).ask(request('GET', '/by-hand')))).toEqual({ taken: false });
    expect((await (await connect()).ask(request('GET', '/by-hand?not=yes'))).status).toBe(400);
  });

  it('are the same over an extended CONNECT (RFC 8441)', async () => {
    await open({ http2: 'h2c' });
    const client = await H2Client.connect(url);
    const begin = (path: string, token?: string, protocol = 'own') =>
      client.begin(
        {
          ':method': 'CONNECT',
          ':protocol': protocol,
          ':path': path,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        { endStream: false },
      );
    for (const [path, token, protocol, status] of [
      ['/steps/7', undefined, 'own', 401],
      ['/steps/7', 'other', 'own', 403],
      ['/steps/7', 'reader', 'other', 501],
      ['/steps/x', 'reader', 'own', 400],
      ['/steps/7?fail=before', 'reader', 'own', 409],
    ] as const) {
      const asked = begin(path, token, protocol);
      expect([path, (await asked.head)[':status']]).toEqual([path, status]);
      asked.stream.end();
      await asked.closed;
    }
    told = [];
    const asked = begin('/steps/7', 'reader');
    expect((await asked.head)[':status']).toBe(200);
    asked.stream.end('line\n');
    expect((await asked.response).body.toString()).toBe('mine line');
    expect(told).toEqual(['middleware', 'guard', 'interceptor', 'handler 7', 'behind']);
    await turns();
    await client.close();
  });
});

it('a route holds so many connections as it may, and tells others to come again', async () => {
  @Controller()
  class Few {
    @Hijack('/few', { maxConnections: 2 })
    async few(ctx: RequestContext) {
      const connection = await ctx.hijack();
      const again = await ctx.hijack().catch((error: unknown) => (error as { code?: unknown }).code);
      connection.write(`open ${String(again)}\n`);
      await connection.readLine();
    }

    @Hijack('/any', { maxConnections: 0 })
    any(connection: HijackedConnection) {
      connection.write('open');
    }

    @Get('/held')
    held(context: RequestContext) {
      return new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    }
  }
  @Module({ controllers: [Few] })
  class FewModule {}
  app = await createTestApp(FewModule, { logger: false });
  url = await app.app.listen(0);
  const enter = async (before = '') => (await connect()).write(before + request('GET', '/few'));
  const [first, second] = [await enter(), await enter()];
  for (const one of [first, second]) await one.until('open HIJACK_ALREADY_TAKEN\n');
  const refused = await (await connect()).ask(request('GET', '/few'));
  expect([refused.status, refused.headers.get('retry-after'), bodyOf(refused)]).toEqual([
    503,
    ['5'],
    expect.objectContaining({ code: 'HIJACK_LIMIT' }),
  ]);
  expect(await (await connect()).write(request('GET', '/any')).closed()).toBe('open');
  second.reset();
  await soon(() => expect(app.app.requests.list().length).toBe(1));
  // One that leaves before it has its connection gives its place back as well.
  const waiting = await enter(request('GET', '/held'));
  await soon(() => expect(app.app.requests.list().length).toBe(2));
  waiting.reset();
  await soon(() => expect(app.app.requests.list().length).toBe(1));
  const third = await enter();
  await third.until('open');
  for (const one of [first, third]) await one.write('bye\n').closed();
});

it('over HTTP/2 a stream that is reset has not ended: what is waited for fails, and its client is why', async () => {
  const outcomes: unknown[] = [];
  log = new RecordingLogger();
  @Controller()
  class Reading {
    @Hijack('/')
    async read(connection: HijackedConnection) {
      connection.accept();
      outcomes.push(await connection.readLine().catch((error: unknown) => (error as { reason?: unknown }).reason));
    }
  }
  @Module({ controllers: [Reading] })
  class ReadingModule {}
  app = await createTestApp(ReadingModule, { http2: 'h2c', logger: log });
  const client = await H2Client.connect(await app.app.listen(0));
  const begin = () => client.begin({ ':method': 'CONNECT', ':protocol': 'own', ':path': '/' }, { endStream: false });
  const ended = begin();
  await ended.head;
  ended.stream.end();
  await ended.closed;
  const reset = begin();
  await reset.head;
  reset.stream.write('half');
  reset.cancel();
  await soon(() => expect(outcomes).toEqual([undefined, 'client']));
  const idle = begin();
  await idle.head;
  await turns();
  idle.cancel();
  await soon(() => expect(outcomes).toEqual([undefined, 'client', 'client']));
  await soon(() =>
    expect(log.lines.flatMap(({ message, fields }) => (message === 'hijacked connection closed' ? [fields.reason] : []))).toEqual(
      ['finished', 'client', 'client'],
    ),
  );
  await turns();
  await client.close();
});
