import { setImmediate as turn } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { NEVER, of, throwError } from 'rxjs';
import {
  CircuitBreaker,
  circuitBreaker,
  Controller,
  CurrentRequest,
  Get,
  HttpError,
  Injectable,
  Module,
  NotFoundError,
  RequestContext,
  Sse,
  Timeout,
  TooManyRequestsError,
  Use,
  UseFilters,
  WiringError,
} from 'rockstar-web';
import { createTestApp, ManualClock, type TestApplication } from 'rockstar-web/testing';
import { RawClient, request } from '../support/raw-client';
import { soon } from '../support/soon';

const breakers = { count: { window: { kind: 'count', calls: 100 }, minimumCalls: 100, slowCallMs: 0 } } as const;

async function* broken(): AsyncGenerator<string> {
  yield 'a';
  throw new Error('broken off');
}

@Controller()
@CircuitBreaker('count')
class Kinds {
  @Get('/value') value() {
    return { a: 1 };
  }
  @Get('/later') async later() {
    return { a: 1 };
  }
  @Get('/observable') observable() {
    return of(1, 2);
  }
  @Get('/stream') stream() {
    return Readable.from([Buffer.from('a'), Buffer.from('b')], { objectMode: false });
  }
  @Get('/by-context') byContext(ctx: RequestContext) {
    ctx.json(200, {});
  }
  @Get('/missing') missing() {
    throw new NotFoundError();
  }
  @Get('/answers-404') answers404(ctx: RequestContext) {
    ctx.json(404, {});
  }
  @Get('/too-many') tooMany() {
    throw new TooManyRequestsError();
  }
  @Get('/answers-429') answers429(ctx: RequestContext) {
    ctx.json(429, {});
  }
  @Get('/throws') throws() {
    throw new Error('no');
  }
  @Get('/rejects') async rejects() {
    throw new HttpError(502);
  }
  @Get('/answers-500') answers500(ctx: RequestContext) {
    ctx.status = 500;
    return {};
  }
  @Get('/answers-503') answers503(ctx: RequestContext) {
    ctx.json(503, {});
  }
  @Get('/by-hand-500') byHand(ctx: RequestContext) {
    ctx.response.statusCode = 500;
    ctx.response.end('no');
  }
  @Get('/observable-fails') observableFails() {
    return throwError(() => new Error('no'));
  }
  @Get('/stream-breaks') streamBreaks() {
    return broken();
  }
  @Get('/context-stream-breaks') contextStreamBreaks(ctx: RequestContext) {
    ctx.stream(broken());
  }
  @Sse('/events') events() {
    return of('a');
  }
  @Sse('/events-break') async *eventsBreak() {
    yield 'a';
    await turn();
    throw new Error('no');
  }
  @Sse('/events-generator-fails') async *eventsGeneratorFails() {
    await Promise.reject(new Error('no'));
    yield 'never';
  }
  @Sse('/events-fail') eventsFail() {
    return throwError(() => new Error('no'));
  }
}

@Module({ controllers: [Kinds] })
class KindsModule {}

@Controller()
@UseFilters({ catch: (_error: unknown, context: RequestContext) => ((context.status = 200), Promise.resolve('friendly')) })
class Filtered {
  @Sse('/events') @CircuitBreaker('filtered') events() {
    return throwError(() => new Error('no'));
  }
  @Get('/stream') @CircuitBreaker('filtered') async *stream() {
    await turn();
    yield await Promise.reject<string>(new Error('no'));
  }
  @Get('/thrown') @CircuitBreaker('filtered') thrown(): string {
    throw new Error('no');
  }
}

@Module({ controllers: [Filtered] })
class FilteredModule {}

@Controller()
@CircuitBreaker('outer')
class Twice {
  @Sse('/twice') @CircuitBreaker('inner') events() {
    return NEVER;
  }
}

@Module({ controllers: [Twice] })
class TwiceModule {}

let app: TestApplication;
let clock: ManualClock;

async function open(module: new () => object, options = {}): Promise<void> {
  clock = new ManualClock();
  app = await createTestApp(module, { clock, breakers, ...options });
}

afterEach(() => app.close());

async function ask(url: string): Promise<{ status: number; code?: string }> {
  const response = await app.request({ url });
  const text = response.text();
  return { status: response.status, ...(text.startsWith('{') ? (JSON.parse(text) as object) : {}) };
}

describe('a route behind a breaker', () => {
  it.each([
    ['/value', 'successes'],
    ['/later', 'successes'],
    ['/observable', 'successes'],
    ['/stream', 'successes'],
    ['/by-context', 'successes'],
    ['/missing', 'successes'],
    ['/answers-404', 'successes'],
    ['/events', 'successes'],
    ['/events-break', 'successes'],
    ['/too-many', 'ignored'],
    ['/answers-429', 'ignored'],
    ['/throws', 'failures'],
    ['/rejects', 'failures'],
    ['/answers-500', 'failures'],
    ['/answers-503', 'failures'],
    ['/by-hand-500', 'failures'],
    ['/observable-fails', 'failures'],
    ['/events-fail', 'failures'],
    ['/events-generator-fails', 'failures'],
    ['/stream-breaks', 'failures'],
    ['/context-stream-breaks', 'failures'],
  ] as const)('counts %s among the %s', async (url, among) => {
    await open(KindsModule);
    await app.request({ url }).catch(() => undefined);
    await turn();
    const none = { calls: 0, successes: 0, failures: 0, slow: 0, ignored: 0, cancelled: 0, rejected: 0, late: 0 };
    const calls = among === 'ignored' ? 0 : 1;
    expect(app.app.breakers.get('count').stats).toEqual({ ...none, calls, [among]: 1 });
  });

  it.each(['/events', '/stream', '/thrown'])('counts %s among the failures, whatever a filter then answers', async (url) => {
    await open(FilteredModule);
    expect((await app.request({ url })).status).toBe(200);
    expect(app.app.breakers.get('filtered').stats).toMatchObject({ calls: 1, failures: 1, successes: 0 });
  });

  it('counts events at their head in each of two that stand around them', async () => {
    await open(TwiceModule);
    const url = await app.app.listen(0);
    const client = await RawClient.connect(url);
    client.write(request('GET', '/twice'));
    await client.until('text/event-stream');
    expect(['outer', 'inner'].map((name) => app.app.breakers.get(name).stats.successes)).toEqual([1, 1]);
    client.reset();
    await soon(() => expect(app.leaks()).toEqual([]));
  });
});

/** Work that goes on until it is cut. */
function untilCut(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

@Injectable()
class Upstream {
  signal: AbortSignal | undefined;
  constructor(private readonly current: CurrentRequest) {}

  @CircuitBreaker({ name: 'timed', maxFailures: 2, timeoutMs: 100 })
  async hangs(): Promise<void> {
    this.signal = this.current.signal;
    return untilCut(this.signal);
  }
}

@Controller()
class Times {
  signal: AbortSignal | undefined;
  constructor(private readonly upstream: Upstream) {}

  @Get('/deadline')
  @Timeout(50)
  @CircuitBreaker({ name: 'patient', maxFailures: 1, timeoutMs: 5_000 })
  deadline(signal: AbortSignal) {
    return untilCut(signal);
  }
  @Get('/slow-deadline')
  @Timeout(3_000)
  @CircuitBreaker({ name: 'slow', maxFailures: 1 })
  slowDeadline(signal: AbortSignal) {
    return untilCut(signal);
  }
  @Get('/own-time')
  @CircuitBreaker({ name: 'own', maxFailures: 1, timeoutMs: 100 })
  ownTime(signal: AbortSignal) {
    this.signal = signal;
    return untilCut(signal);
  }
  @Get('/provider') provider() {
    return this.upstream.hangs();
  }
  @Get('/middleware')
  @Use(circuitBreaker({ name: 'front', maxFailures: 1, timeoutMs: 100 }))
  middleware() {
    return NEVER;
  }
}

@Module({ controllers: [Times], providers: [Upstream] })
class TimesModule {}

async function askFor(url: string, ms: number): Promise<readonly [number, string | undefined]> {
  const answer = ask(url);
  for (let i = 0; i < 20; i++) await turn();
  await clock.advance(ms);
  const { status, code } = await answer;
  return [status, code];
}

describe('the time of a breaker and the deadline of a request', () => {
  it.each([
    ['/deadline', 60, 504, 'DEADLINE_EXCEEDED', 'patient', 'closed', { failures: 0, cancelled: 1 }],
    ['/slow-deadline', 3_010, 504, 'DEADLINE_EXCEEDED', 'slow', 'open', { slow: 1, failures: 0 }],
    ['/own-time', 100, 504, 'BREAKER_TIMEOUT', 'own', 'open', { failures: 1 }],
    ['/middleware', 100, 504, 'BREAKER_TIMEOUT', 'front', 'open', { failures: 1 }],
    ['/provider', 100, 504, 'BREAKER_TIMEOUT', 'timed', 'closed', { failures: 1 }],
  ] as const)('are two things: %s', async (url, ms, status, code, name, state, stats) => {
    await open(TimesModule);
    expect(await askFor(url, ms)).toEqual([status, code]);
    const breaker = app.app.breakers.get(name);
    expect([breaker.state, breaker.stats]).toEqual([state, expect.objectContaining(stats)]);
    expect(state === 'open' ? (await ask(url)).code : 'BREAKER_OPEN').toBe('BREAKER_OPEN');
  });

  it('abort the signal that the call sees', async () => {
    await open(TimesModule);
    await askFor('/own-time', 100);
    await askFor('/provider', 100);
    expect(app.resolve(Times).signal?.aborted).toBe(true);
    expect(app.resolve(Upstream).signal?.aborted).toBe(true);
  });

  it('counts a client that leaves as nothing', async () => {
    await open(TimesModule);
    for (const url of ['/own-time', '/provider', '/middleware']) {
      const leaving = new AbortController();
      const answer = app.request({ url, signal: leaving.signal }).catch(() => undefined);
      for (let i = 0; i < 20; i++) await turn();
      leaving.abort();
      await answer;
      for (let i = 0; i < 20; i++) await turn();
    }
    const counts = ['own', 'timed', 'front'].map((name) => app.app.breakers.get(name).stats);
    expect(counts.map(({ cancelled, failures }) => [cancelled, failures])).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
    ]);
  });
});

describe('at start', () => {
  async function mistakesOf(module: new () => object): Promise<string[]> {
    const failure = await createTestApp(module, { breakers }).then(
      () => new WiringError([]),
      (error: unknown) => error as WiringError,
    );
    await open(TimesModule);
    return failure.mistakes.map(({ code }) => code);
  }

  it('tells of a name that is a slip, of a method that is not awaited, of options that contradict each other', async () => {
    @Injectable()
    class Repository {
      @CircuitBreaker('count') find(): string {
        return '';
      }
    }
    @Controller()
    class Slips {
      constructor(readonly repository: Repository) {}
      @Get('/a') @CircuitBreaker('databse') a() {}
      @Get('/b') @CircuitBreaker({ name: 'rooms', maxFailures: 2 }) b() {}
      @Get('/c') @CircuitBreaker({ name: 'rooms', maxFailures: 3 }) c() {}
      @Get('/d') @CircuitBreaker({ name: 'wrong', maxFailures: 0 }) d() {}
      @Get('/e') @CircuitBreaker('something else') e() {}
    }
    @Module({ controllers: [Slips], providers: [Repository] })
    class SlipsModule {}
    expect((await mistakesOf(SlipsModule)).sort()).toEqual([
      'BREAKER_EXISTS',
      'BREAKER_METHOD_INVALID',
      'BREAKER_NAME_UNKNOWN',
      'BREAKER_OPTION_INVALID',
    ]);
  });
});
