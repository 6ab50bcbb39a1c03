import { Controller, FrameworkError, Get, HttpClient, RequestContext, Timeout } from 'rockstar-web';
import { createTestApp, ManualClock, type TestApplication } from 'rockstar-web/testing';
import { keepLines, type Line } from '../context/lines';
import { type Client, doors, moduleOf, QUIET } from '../journeys/doors';
import { gate, type Gate, soon, turns } from '../support/soon';
import { type Arrived, json, UpstreamServer } from './upstream-server';

interface Problem {
  readonly code: string;
  readonly status: number;
  readonly errors?: readonly { readonly service: string; readonly code: string; readonly retryAfterMs?: number }[];
}

class Unavailable extends FrameworkError {
  constructor(readonly retryAfterMs: number) {
    super('BREAKER_OPEN', 'BREAKER_OPEN: no', 503);
  }
}

let gates: Record<'user' | 'orders', Gate<unknown>>;
let cut: string[];
let begun: string[];

const until = (name: 'user' | 'orders') => async (signal: AbortSignal) => {
  begun.push(name);
  signal.addEventListener('abort', () => cut.push(`${name}: ${(signal.reason as { reason: string }).reason}`));
  const value = await gates[name].promise;
  if (value instanceof Error) throw value;
  return value;
};

@Controller('/api')
class Gateway {
  constructor(private readonly http: HttpClient) {}

  @Get('/dashboard')
  @Timeout(5_000)
  async dashboard(ctx: RequestContext) {
    const { data, partial, errors } = await ctx.aggregate({ user: until('user'), orders: until('orders') });
    return partial ? { ...data, partial, errors } : data;
  }

  @Get('/short')
  short(ctx: RequestContext) {
    return ctx.aggregate({ user: until('user'), orders: until('orders') }, { timeoutMs: 1_000 });
  }

  @Get('/required')
  required(ctx: RequestContext) {
    return ctx.aggregate({ user: { call: until('user'), required: true }, orders: until('orders') });
  }

  @Get('/throws')
  throws(ctx: RequestContext) {
    const parts = {
      first: () => 1,
      'strange name': () => {
        throw new TypeError('postgres://secret');
      },
    };
    return ctx.aggregate(parts);
  }

  @Get('/upstream')
  upstream(ctx: RequestContext) {
    return ctx.aggregate(
      { fast: () => this.http.getJson('/fast'), slow: () => this.http.getJson('/slow') },
      { timeoutMs: 1_000 },
    );
  }

  @Get('/invalid/:what')
  invalid(ctx: RequestContext) {
    if (ctx.param('what') === 'empty') return ctx.aggregate({});
    if (ctx.param('what') === 'time') return ctx.aggregate({ a: () => 1 }, { timeoutMs: -1 });
    return ctx.aggregate({ a: 1 as never });
  }
}

let upstream: UpstreamServer;

beforeEach(async () => {
  gates = { user: gate(), orders: gate() };
  cut = [];
  begun = [];
  upstream = await UpstreamServer.open();
});
afterEach(() => upstream.close());

describe.each(doors)('an answer made of several parts, over $name', ({ connect }) => {
  let app: TestApplication;
  let client: Client;
  let clock: ManualClock;
  let lines: Line[];

  beforeEach(async () => {
    const kept = keepLines();
    ({ lines } = kept);
    clock = new ManualClock();
    app = await createTestApp(moduleOf([Gateway]), {
      ...QUIET,
      clock,
      logger: kept.logger,
      httpClient: { baseUrl: upstream.url },
    });
    await app.app.listen(0);
    client = await connect(app.app.url!);
  });
  afterEach(async () => {
    gates.user.open(undefined);
    gates.orders.open(undefined);
    await client.close();
    await soon(() => expect(app.leaks()).toEqual([]));
    await app.close();
  });

  /** Asks, and goes on when both parts are under way. */
  async function begin(path: string): Promise<ReturnType<Client['begin']>> {
    const pending = client.begin({ path });
    await soon(() => expect(begun).toEqual(['user', 'orders']));
    return pending;
  }

  const read = async ({ answer }: ReturnType<Client['begin']>) => {
    const { status, header, json: body } = await answer;
    return { status, timing: header('server-timing')?.replace(/dur=[\d.]+/g, 'dur=n'), body: body() };
  };

  it('has all that came', async () => {
    const pending = await begin('/api/dashboard');
    gates.orders.open(['o']);
    await turns();
    gates.user.open({ name: 'Ada' });
    expect(await read(pending)).toEqual({
      status: 200,
      timing: 'user;dur=n, orders;dur=n',
      body: { user: { name: 'Ada' }, orders: ['o'] },
    });
    expect(cut).toEqual([]);
  });

  it('has null for what failed, and says why', async () => {
    const pending = await begin('/api/dashboard');
    gates.orders.open(new Unavailable(1_500.2));
    gates.user.open('ada');
    expect(await read(pending)).toEqual({
      status: 200,
      timing: 'user;dur=n, orders;dur=n;desc="BREAKER_OPEN"',
      body: {
        user: 'ada',
        orders: null,
        partial: true,
        errors: [{ service: 'orders', code: 'BREAKER_OPEN', retryAfterMs: 1_501 }],
      },
    });
  });

  it.each([
    ['503 with Retry-After when all is out of order', [503, 503], 503, 'AGGREGATE_UNAVAILABLE', '3'],
    ['504 when time ran out for some, and the rest is out of order', [504, 503], 504, 'AGGREGATE_TIMEOUT', undefined],
    ['502 when one failed in another way', [502, 503], 502, 'AGGREGATE_FAILED', undefined],
  ] as const)('is %s', async (_what, [one, other], status, code, retryAfter) => {
    const failing = (of: number) => (of === 503 ? new Unavailable(2_500) : new FrameworkError(`FAILED_${of}`, 'secret', of));
    const pending = await begin('/api/dashboard');
    gates.user.open(failing(one));
    gates.orders.open(failing(other));
    const { header } = await pending.answer;
    const { body, ...rest } = await read(pending);
    expect(rest.status).toBe(status);
    expect(body as Problem).toMatchObject({ code, status, errors: [{ service: 'user' }, { service: 'orders' }] });
    expect(JSON.stringify(body)).not.toContain('secret');
    expect([header('retry-after'), header('server-timing')?.startsWith('user;dur=')]).toEqual([retryAfter, true]);
  });

  it('has what came before its time was up; the rest is cut', async () => {
    const pending = await begin('/api/short');
    gates.user.open('ada');
    await turns();
    await clock.advance(1_010);
    expect(await read(pending)).toMatchObject({
      status: 200,
      timing: 'user;dur=n, orders;dur=n;desc="DEADLINE_EXCEEDED"',
      body: { data: { user: 'ada', orders: null }, partial: true, errors: [{ service: 'orders', code: 'DEADLINE_EXCEEDED' }] },
    });
    expect(cut).toEqual(['orders: deadline']);
  });

  it('has what came by the soft moment before the deadline of the route, and is 504 when that is nothing', async () => {
    const pending = await begin('/api/dashboard');
    gates.user.open('ada');
    await turns();
    await clock.advance(4_600);
    expect(await read(pending)).toMatchObject({ status: 200, body: { user: 'ada', orders: null, partial: true } });
    gates.orders.open('too late');
    [begun, cut] = [[], []];
    gates = { user: gate(), orders: gate() };
    const nothing = await begin('/api/dashboard');
    await clock.advance(4_600);
    expect(await read(nothing)).toMatchObject({ status: 504, body: { code: 'AGGREGATE_TIMEOUT' } });
    expect(cut).toEqual(['user: deadline', 'orders: deadline']);
  });

  it('ends with the client: every part is cut', async () => {
    const pending = await begin('/api/dashboard');
    pending.answer.catch(() => undefined);
    pending.leave();
    await soon(() => expect(cut).toEqual(['orders: client', 'user: client']));
  });

  it('fails at once without what is required, and cuts the rest', async () => {
    const pending = await begin('/api/required');
    gates.user.open(new FrameworkError('UPSTREAM_FAILED', 'no', 502));
    expect(await read(pending)).toMatchObject({
      status: 502,
      timing: 'user;dur=n;desc="UPSTREAM_FAILED", orders;desc="not needed"',
      body: { code: 'AGGREGATE_FAILED', errors: [{ service: 'user', code: 'UPSTREAM_FAILED' }] },
    });
    expect(cut).toEqual(['orders: manual']);
  });

  it('tells nobody but the log what a part of its own threw', async () => {
    const { status, timing, body } = await read(client.begin({ path: '/api/throws' }));
    expect([status, timing]).toEqual([200, 'first;dur=n, strange_name;dur=n;desc="INTERNAL_ERROR"']);
    expect(body).toMatchObject({
      data: { first: 1, 'strange name': null },
      errors: [{ service: 'strange name', code: 'INTERNAL_ERROR' }],
    });
    expect(lines.find(({ message }) => message === 'a part of an answer failed')?.fields).toMatchObject({
      service: 'strange name',
    });
  });

  it('binds the calls of each part without being told', async () => {
    const arrived = new Promise<Arrived>((resolve) => {
      upstream.answer = (request, response) => {
        if (request.url === '/fast') json(response, { fast: true });
        else resolve({ request, response, gone: new Promise((done) => request.socket.once('close', () => done())) });
      };
    });
    const pending = client.begin({ path: '/api/upstream' });
    const { gone } = await arrived;
    await turns();
    await clock.advance(1_010);
    expect(await read(pending)).toMatchObject({
      status: 200,
      body: { data: { fast: { fast: true }, slow: null }, partial: true },
    });
    await gone;
  });

  it.each(['empty', 'time', 'function'])('is a mistake of the application when it cannot be made: %s', async (what) => {
    expect(await read(client.begin({ path: `/api/invalid/${what}` }))).toMatchObject({
      status: 500,
      body: { code: 'INTERNAL_ERROR' },
    });
    expect(JSON.stringify(lines)).toContain('AGGREGATE_INVALID');
  });
});
