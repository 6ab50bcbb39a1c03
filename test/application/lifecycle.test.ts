import { connect, createServer, type Server } from 'node:net';
import { once } from 'node:events';
import {
  type ApplicationOptions,
  Controller,
  createApp,
  Get,
  type Guard,
  Inject,
  Injectable,
  Logger,
  Module,
  type OnInitialize,
  type OnShutdown,
  type OnStart,
  type OnStop,
  Plugin,
  type PluginContext,
  token,
} from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { keepLines } from '../context/lines';
import { gate } from '../support/soon';

const QUIET: ApplicationOptions = { logger: false };

@Controller()
class Hello {
  @Get('/')
  hello() {
    return 'hello';
  }
}

@Module({ controllers: [Hello] })
class App {}

/** Whether somebody listens there. */
function answers(url: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(url.port), url.hostname);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

describe('an application', () => {
  it('says where it listens, and no longer once it is closed', async () => {
    const app = await createApp(App, QUIET);
    expect(app.url).toBeUndefined();
    const url = await app.listen(0);
    expect(url).toBe(app.url);
    expect([url.protocol, url.hostname, Number(url.port) > 0]).toEqual(['http:', '127.0.0.1', true]);
    expect(await answers(url)).toBe(true);
    await app.close();
    expect(app.url).toBeUndefined();
    expect(await answers(url)).toBe(false);
  });

  it.each([
    ['0.0.0.0', 'localhost'],
    ['localhost', undefined],
    ['::1', '[::1]'],
  ])('listens on %s', async (host, shown) => {
    const app = await createApp(App, QUIET);
    const url = await app.listen(0, host);
    if (shown !== undefined) expect(url.hostname).toBe(shown);
    const response = await fetch(url, { headers: { connection: 'close' } });
    expect(await response.text()).toBe('hello');
    await app.close();
  });

  it('listens once, however often it is asked, and never again once it is closed', async () => {
    const app = await createApp(App, QUIET);
    const [one, other] = await Promise.allSettled([app.listen(0), app.listen(0)]);
    expect([one.status, other.status]).toEqual(['fulfilled', 'rejected']);
    expect(other).toMatchObject({ reason: { code: 'APP_LISTENING' } });
    await expect(app.listen(0)).rejects.toMatchObject({
      code: 'APP_LISTENING',
      message: expect.stringContaining(app.url!.origin) as string,
    });
    await app.close();
    await expect(app.listen(0)).rejects.toMatchObject({ code: 'APP_CLOSED' });
  });

  it('may listen again elsewhere when the port was taken', async () => {
    const other: Server = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const app = await createApp(App, QUIET);
    await expect(app.listen(port)).rejects.toMatchObject({
      code: 'SERVER_LISTEN_FAILED',
      message: expect.stringContaining('Another process listens there') as string,
    });
    await expect(app.listen(0, 'no.such.host.invalid')).rejects.toMatchObject({ code: 'SERVER_LISTEN_FAILED' });
    for (const none of [-1, NaN, 70_000, 1.5, 'http' as unknown as number, '-5' as unknown as number]) {
      await expect(app.listen(none)).rejects.toMatchObject({
        code: 'SERVER_LISTEN_FAILED',
        message: expect.stringContaining('A port is a whole number from 0') as string,
      });
    }
    expect(await answers(await app.listen(0))).toBe(true);
    await app.close();
    other.close();
    await once(other, 'close');
  });

  it('is closed once, however often it is asked', async () => {
    const order: string[] = [];
    @Module()
    class Counted implements OnShutdown {
      shutdown() {
        order.push('shutdown');
      }
    }
    const app = await createApp(Counted, QUIET);
    await app.listen(0);
    await Promise.all([app.close(), app.close(), app.close()]);
    await app.close();
    expect(order).toEqual(['shutdown']);
  });

  it('may be closed without ever listening, also on TLS and HTTP/2', async () => {
    for (const options of [{}, { http2: true }, { http2: 'h2c' }, { tls: 'self-signed' }] as const) {
      await (await createApp(App, { ...QUIET, ...options })).close();
    }
  });

  it.each([{}, { http2: true }] as const)(
    'opens no port behind its end when it is closed while it begins to listen: %j',
    async (options) => {
      const app = await createApp(App, { ...QUIET, ...options });
      const listening = app.listen(0).catch((error: unknown) => error);
      await app.close();
      expect(await listening).toMatchObject({ code: 'APP_CLOSED' });
      expect(app.url).toBeUndefined();
    },
  );

  it('refuses a key that is none when it listens', async () => {
    const app = await createApp(App, { ...QUIET, tls: { key: 'no key', cert: 'no certificate' } });
    await expect(app.listen(0)).rejects.toMatchObject({ code: 'SERVER_TLS_INVALID' });
    await app.close();
  });

  it('gives what it has by its key, and its logger, metrics and health', async () => {
    const LIMIT = token<number>('limit');
    @Injectable()
    class Users {
      readonly names = ['ann'];
    }
    @Module({ providers: [Users, { provide: LIMIT, useValue: 3 }] })
    class Inner {}
    @Module({ imports: [Inner] })
    class Root {}
    const app = await createApp(Root, QUIET);
    expect(app.resolve(Users).names).toEqual(['ann']);
    expect(app.resolve(LIMIT)).toBe(3);
    expect(app.resolve(Logger)).toBeInstanceOf(Logger);
    expect(() => app.resolve(token('limits'))).toThrow(expect.objectContaining({ code: 'DEPENDENCY_UNKNOWN' }));
    expect((await app.health.ready()).status).toBe(200);
    expect(app.metrics).toBeDefined();
    await app.close();
  });

  it('hands its plugins a context, and calls their hooks in order', async () => {
    const order: string[] = [];
    const { logger, lines } = keepLines();
    @Plugin({ name: 'counting-plugin', version: '1.2.3' })
    class Counting implements OnInitialize, OnStart, OnStop, OnShutdown {
      initialize(context: PluginContext) {
        order.push(`initialize ${context.name} ${context.version ?? ''}`);
        context.logger.info('from the plugin');
        context.metrics.gauge('counting.size', { description: 'A size.' }).set(7);
      }
      async start() {
        await Promise.resolve();
        order.push('start');
      }
      stop() {
        order.push('stop');
      }
      shutdown() {
        order.push('shutdown');
      }
    }
    const app = await createApp(Counting, { logger });
    expect(order).toEqual(['initialize counting-plugin 1.2.3', 'start']);
    expect(lines.find(({ message }) => message === 'from the plugin')?.fields).toMatchObject({ plugin: 'counting-plugin@1.2.3' });
    await app.close();
    expect(order.slice(2)).toEqual(['stop', 'shutdown']);
  });
});

describe('an application that fails half-way', () => {
  let order: string[];
  const clock = new ManualClock();

  beforeEach(() => {
    order = [];
  });

  afterEach(() => {
    expect(clock.pending).toBe(0);
  });

  @Injectable()
  class First implements OnInitialize, OnStart, OnStop, OnShutdown {
    initialize() {
      order.push('first initialize');
    }
    start() {
      order.push('first start');
    }
    async stop() {
      await Promise.resolve();
      order.push('first stop');
    }
    shutdown() {
      order.push('first shutdown');
    }
  }

  @Module({ providers: [First], exports: [First] })
  class FirstModule {}

  /** An application whose second module is made so. */
  async function failing(
    second: new (first: First) => object,
    options: ApplicationOptions = {},
  ): Promise<Error & { code: string }> {
    Injectable()(second);
    Reflect.defineMetadata('design:paramtypes', [First], second);
    @Module({ imports: [FirstModule], providers: [second], controllers: [Hello] })
    class Root {}
    const error: unknown = await createApp(Root, { ...QUIET, clock, ...options }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    return error as Error & { code: string };
  }

  it('in a constructor shuts down what was initialised', async () => {
    const { code, cause } = await failing(
      class {
        constructor(readonly first: First) {
          throw new Error('no second');
        }
      },
    );
    expect([code, (cause as Error).message]).toEqual(['PROVIDER_FAILED', 'no second']);
    expect(order).toEqual(['first initialize', 'first shutdown']);
  });

  it('in initialize shuts down what was initialised', async () => {
    const { code } = await failing(
      class {
        constructor(readonly first: First) {}
        async initialize() {
          await Promise.resolve();
          throw new Error('no second');
        }
      },
    );
    expect(code).toBe('PLUGIN_HOOK_FAILED');
    expect(order).toEqual(['first initialize', 'first shutdown']);
  });

  it('in start stops and shuts down everything', async () => {
    const { code } = await failing(
      class {
        constructor(readonly first: First) {}
        start() {
          throw new Error('no second');
        }
        stop() {
          order.push('second stop');
        }
        shutdown() {
          order.push('second shutdown');
        }
      },
    );
    expect(code).toBe('PLUGIN_HOOK_FAILED');
    expect(order).toEqual(['first initialize', 'first start', 'first stop', 'second shutdown', 'first shutdown']);
  });

  it('by taking too long to start is told of, and ended', async () => {
    const never = gate();
    const failed = failing(
      class {
        constructor(readonly first: First) {}
        start() {
          return never.promise;
        }
      },
      { startTimeoutMs: 100 },
    );
    await clock.advance(50);
    await clock.advance(60);
    expect((await failed).code).toBe('PLUGIN_HOOK_TIMEOUT');
    expect(order).toEqual(['first initialize', 'first start', 'first stop', 'first shutdown']);
  });

  it('in a factory that rejects shuts down what was initialised', async () => {
    const BROKEN = token<string>('broken');
    @Module({
      imports: [FirstModule],
      providers: [{ provide: BROKEN, inject: [First], useFactory: () => Promise.reject(new Error('no connection')) }],
    })
    class Root {}
    await expect(createApp(Root, { ...QUIET, clock })).rejects.toMatchObject({ code: 'PROVIDER_FAILED' });
    expect(order).toEqual(['first initialize', 'first shutdown']);
  });

  it('in what a guard of the application needs shuts down what was initialised', async () => {
    const MISSING = token<string>('missing');
    @Injectable()
    class Needs implements Guard {
      constructor(@Inject(MISSING) readonly missing: string) {}
      canActivate() {
        return true;
      }
    }
    @Module({ imports: [FirstModule], controllers: [Hello] })
    class Root {}
    await expect(createApp(Root, { ...QUIET, clock, guards: [Needs] })).rejects.toMatchObject({ code: 'DEPENDENCY_UNKNOWN' });
    expect(order).toEqual([]);
  });
});
