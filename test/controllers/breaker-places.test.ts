import { setImmediate as turn } from 'node:timers/promises';
import { firstValueFrom, lastValueFrom, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import {
  Breakers,
  CircuitBreaker,
  circuitBreaker,
  Controller,
  CurrentRequest,
  Get,
  HttpError,
  Injectable,
  Module,
  OnMessage,
  RequestContext,
  WebSocket,
  WiringError,
} from 'rockstar-web';
import { createTestApp, ManualClock, type TestApplication } from 'rockstar-web/testing';

const breakers = { row: { maxFailures: 2, resetTimeoutMs: 10_000, halfOpenMax: 1 } } as const;

let app: TestApplication;
let clock: ManualClock;

async function open(module: new () => object, options = {}): Promise<void> {
  clock = new ManualClock();
  app = await createTestApp(module, { clock, breakers, ...options });
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await turn();
};

async function ask(url: string): Promise<readonly [number, unknown]> {
  const response = await app.request({ url });
  const text = response.text();
  const body: unknown = text.startsWith('{') ? (JSON.parse(text) as { code?: unknown }).code : text;
  return [response.status, body];
}

async function mistakesOf(controllers: (new () => object)[], providers: (new () => object)[] = []): Promise<string[]> {
  @Module({ controllers, providers })
  class Wrong {}
  const failure = await createTestApp(Wrong).then(
    async (opened) => {
      await opened.close();
      return new WiringError([]);
    },
    (error: unknown) => error as WiringError,
  );
  return failure.mistakes.map(({ message }) => message);
}

describe('a method of a provider that gives an Observable', () => {
  let source: () => Observable<number>;
  let subscribed: number;
  let stopped: number;

  @Injectable()
  class Feed {
    constructor(private readonly current: CurrentRequest) {}

    @CircuitBreaker('row')
    watch(): Observable<number> {
      return new Observable((subscriber) => {
        subscribed++;
        subscriber.add(() => stopped++);
        subscriber.add(source().subscribe(subscriber));
      });
    }

    @CircuitBreaker({ name: 'timed', maxFailures: 1, timeoutMs: 100 })
    timed(): Observable<boolean> {
      const { signal } = this.current;
      return new Observable((subscriber) => {
        signal.addEventListener('abort', () => signals.push(signal), { once: true });
        subscriber.add(NEVER.subscribe());
      });
    }
  }

  let signals: AbortSignal[];

  @Controller()
  class FeedController {
    constructor(private readonly feed: Feed) {}
    @Get('/feed') get() {
      return this.feed.watch();
    }
    @Get('/timed') timed() {
      return this.feed.timed();
    }
  }

  @Module({ controllers: [FeedController], providers: [Feed] })
  class FeedModule {}

  beforeEach(async () => {
    subscribed = 0;
    stopped = 0;
    signals = [];
    await open(FeedModule);
  });
  afterEach(() => app.close());

  it('is one call for each subscription, and none without one', async () => {
    source = () => of(1, 2);
    const feed = app.resolve(Feed).watch();
    expect([subscribed, app.app.breakers.get('row').stats.calls]).toEqual([0, 0]);
    expect([await lastValueFrom(feed), await firstValueFrom(feed)]).toEqual([2, 1]);
    expect([subscribed, stopped, app.app.breakers.get('row').stats.successes]).toEqual([2, 2, 2]);
  });

  it('opens at errors, and is not subscribed while it is open', async () => {
    source = () => throwError(() => new HttpError(502));
    for (let i = 0; i < 2; i++) expect((await ask('/feed'))[0]).toBe(502);
    expect(await ask('/feed')).toEqual([503, 'BREAKER_OPEN']);
    expect(subscribed).toBe(2);
    await clock.advance(10_000);
    source = () => of(7);
    expect(await ask('/feed')).toEqual([200, '7']);
    expect(app.app.breakers.get('row').state).toBe('closed');
  });

  it('is unsubscribed when the client leaves: before its first value that counts as nothing, behind it as a success', async () => {
    const values = new Subject<number>();
    for (const first of [undefined, 1]) {
      source = () => values;
      const leaving = new AbortController();
      const answer = app.request({ url: '/feed', signal: leaving.signal }).catch(() => undefined);
      await turns();
      if (first !== undefined) values.next(first);
      leaving.abort();
      await answer;
      await turns();
    }
    const { cancelled, failures, successes } = app.app.breakers.get('row').stats;
    expect([stopped, cancelled, successes, failures]).toEqual([2, 1, 1, 0]);
  });

  it('has its own time, at which the current signal of the call aborts', async () => {
    const answer = ask('/timed');
    await turns();
    await clock.advance(100);
    expect(await answer).toEqual([504, 'BREAKER_TIMEOUT']);
    expect(app.app.breakers.get('timed').state).toBe('open');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});

describe.each(['singleton', 'request'] as const)('a method of a %s controller that is no route', (scope) => {
  let failing: boolean;
  let called: number;

  @Controller()
  @Injectable({ scope })
  class Helped {
    @Get('/one') async one() {
      return { found: await this.find('one') };
    }
    @Get('/other') async other() {
      return { found: await this.find('other') };
    }
    @Get('/both') @CircuitBreaker('outer') async both() {
      return { found: await this.find('one') };
    }
    @CircuitBreaker({ name: 'find', key: (what: string) => what, maxFailures: 2 })
    private async find(what: string): Promise<string> {
      called++;
      if (failing) throw new HttpError(502);
      return what;
    }
  }

  @Module({ controllers: [Helped] })
  class HelpedModule {}

  beforeEach(async () => {
    failing = true;
    called = 0;
    await open(HelpedModule);
  });
  afterEach(() => app.close());

  it('is called through its breaker, by its arguments', async () => {
    for (let i = 0; i < 2; i++) expect((await ask('/one'))[0]).toBe(502);
    expect(await ask('/one')).toEqual([503, 'BREAKER_OPEN']);
    failing = false;
    expect((await ask('/other'))[0]).toBe(200);
    expect(called).toBe(3);
    expect(app.app.breakers.of('find').map(({ key, state }) => [key, state])).toEqual([
      ['one', 'open'],
      ['other', 'closed'],
    ]);
  });

  it('is counted beside the breaker of its route, and a route once', async () => {
    failing = false;
    await ask('/both');
    expect([app.app.breakers.get('outer').stats.calls, app.app.breakers.get('find', 'one').stats.calls]).toEqual([1, 1]);
  });
});

describe('a decorator that would be without effect', () => {
  it('is told of at start: on a class without handlers, on a static method, on a property', async () => {
    @Injectable()
    @CircuitBreaker('row')
    class Whole {
      find(): string {
        return '';
      }
    }
    @Controller()
    class Static {
      @CircuitBreaker('row') static find(): Promise<void> {
        return Promise.resolve();
      }
      @CircuitBreaker('row') find = (): Promise<void> => Promise.resolve();
      @Get('/') get() {}
    }
    expect(await mistakesOf([Static], [Whole])).toEqual([
      expect.stringContaining('BREAKER_MISPLACED: @CircuitBreaker() of Whole is without effect: it has no handlers'),
      expect.stringContaining('@CircuitBreaker() of Static.find is without effect: it is static'),
      expect.stringContaining('@CircuitBreaker() of Static.find is without effect: it is no method'),
    ]);
  });

  it('is none on a class of routes or of message handlers', async () => {
    @Controller('/a')
    @CircuitBreaker('row')
    class Routes {
      @Get('/') get() {}
    }
    @WebSocket('/b')
    @CircuitBreaker('row')
    class Messages {
      @OnMessage() any() {}
    }
    expect(await mistakesOf([Routes, Messages])).toEqual([]);
  });

  it('is one on a method of a controller that is not awaited', async () => {
    @Controller()
    class Helper {
      @Get('/') get() {}
      @CircuitBreaker('row') find(): string {
        return '';
      }
    }
    expect(await mistakesOf([Helper])).toEqual([expect.stringContaining('BREAKER_METHOD_INVALID: Helper.find')]);
  });
});

describe('middleware in front of the application', () => {
  let failing: boolean;
  let called: string[];

  @Controller()
  class Users {
    @Get('/users') users(ctx: RequestContext) {
      called.push('/users');
      ctx.json(failing ? 500 : 200, {});
    }
    @Get('/users/none') none(ctx: RequestContext) {
      ctx.json(404, {});
    }
    @Get('/rooms') rooms() {
      called.push('/rooms');
      return {};
    }
  }

  @Module({ controllers: [Users] })
  class UsersModule {}

  beforeEach(async () => {
    failing = true;
    called = [];
    await open(UsersModule);
  });
  afterEach(() => app.close());

  it.each([
    ['by name', () => circuitBreaker('row')],
    ['as a breaker', () => circuitBreaker(app.app.breakers.get('row'))],
    ['by options', () => circuitBreaker({ name: 'front', maxFailures: 2, resetTimeoutMs: 10_000, halfOpenMax: 1 })],
  ])('guards what is below its path, given %s: it opens, leaves it alone, and closes again', async (_how, make) => {
    app.app.use('/users', make());
    for (let i = 0; i < 2; i++) expect((await ask('/users'))[0]).toBe(500);
    expect(await ask('/users')).toEqual([503, 'BREAKER_OPEN']);
    expect((await ask('/rooms'))[0]).toBe(200);
    expect(called).toEqual(['/users', '/users', '/rooms']);
    const rejected = await app.request({ url: '/users' });
    expect([rejected.headers['retry-after'], (rejected.json() as { state: string }).state]).toEqual([
      '10',
      'circuit_breaker_open',
    ]);
    failing = false;
    await clock.advance(10_000);
    expect((await ask('/users'))[0]).toBe(200);
    expect((await ask('/users'))[0]).toBe(200);
  });

  it('counts what answers 404 as a success, and whatever no route matches', async () => {
    app.app.use(circuitBreaker('row'));
    for (const url of ['/users/none', '/nowhere', '/users/none']) expect((await ask(url))[0]).toBe(404);
    const { successes, failures } = app.resolve(Breakers).get('row').stats;
    expect([successes, failures, app.app.breakers.get('row').state]).toEqual([3, 0, 'closed']);
  });

  it('takes a key of the request', async () => {
    app.app.use(circuitBreaker({ name: 'by-host', key: (request) => String(request.headers['x-tenant']), maxFailures: 1 }));
    await app.request({ url: '/users', headers: { 'x-tenant': 'a' } });
    expect((await app.request({ url: '/rooms', headers: { 'x-tenant': 'a' } })).status).toBe(503);
    expect((await app.request({ url: '/rooms', headers: { 'x-tenant': 'b' } })).status).toBe(200);
  });

  it('refuses a name that is a slip of another when it is put in place', () => {
    expect(() => app.app.use(circuitBreaker('databse'))).toThrow(/BREAKER_NAME_UNKNOWN/);
  });
});
