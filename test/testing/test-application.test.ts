import { Subject } from 'rxjs';
import {
  Body,
  Controller,
  Get,
  Inject,
  Injectable,
  Logger,
  Module,
  Post,
  RequestContext,
  Sse,
  Timeout,
  token,
} from 'rockstar-web';
import { createTestApp, ManualClock, override, type Override } from 'rockstar-web/testing';
import { gate, type Gate, soon } from '../support/soon';
import { appOf, failureOf, track } from './app-of';

const LIMIT = token<number>('limit');

@Injectable()
class Users {
  constructor(@Inject(LIMIT) readonly limit: number) {}
  find(id: number) {
    return { id, name: 'from the database', limit: this.limit };
  }
}

@Controller('/users')
class UsersController {
  constructor(private readonly users: Users) {}

  @Get('/')
  get() {
    return this.users.find(1);
  }
}

@Module({ providers: [Users, { provide: LIMIT, useValue: 10 }], exports: [Users] })
class UsersModule {}

@Module({ imports: [UsersModule], controllers: [UsersController] })
class App {}

describe('overrides', () => {
  it('replace what a module further down provides: by a value, a class or a factory', async () => {
    @Injectable()
    class FakeUsers {
      constructor(@Inject(LIMIT) readonly limit: number) {}
      find() {
        return `fake ${this.limit}`;
      }
    }
    const ask = async (...overrides: readonly Override[]) =>
      (await track(await createTestApp(App, { overrides })).request({ url: '/users' })).text();
    expect(await ask()).toBe('{"id":1,"name":"from the database","limit":10}');
    expect(await ask(override(Users).useValue({ find: () => 'a value' }))).toBe('a value');
    expect(await ask(override(Users).useClass(FakeUsers))).toBe('fake 10');
    expect(await ask(override(Users).useFactory(async (limit: number) => ({ find: () => `made ${limit}` }), [LIMIT]))).toBe(
      'made 10',
    );
    expect(await ask(override(LIMIT).useValue(3), override(Users).useClass(FakeUsers))).toBe('fake 3');
  });

  it('replace what the application itself gives, such as the logger', async () => {
    const lines: string[] = [];
    @Controller()
    class Logs {
      constructor(private readonly logger: Logger) {}
      @Get('/')
      get() {
        this.logger.info('hello');
      }
    }
    const app = await appOf([Logs], { overrides: [override(Logger).useValue({ info: (text: string) => lines.push(text) })] });
    await app.request({ url: '/' });
    expect(lines).toEqual(['hello']);
  });

  it('that replace nothing are a mistake with a near name', async () => {
    const misspelt = createTestApp(App, { overrides: [override('User').useValue(1)] });
    await expect(misspelt).rejects.toMatchObject({ code: 'OVERRIDE_UNKNOWN' });
  });
});

describe('a request without a port', () => {
  @Controller('/echo')
  class Echo {
    @Post('/')
    echo(@Body() body: unknown, context: RequestContext) {
      context.setHeader('x-many', ['a', 'b']);
      context.setCookie('one', '1');
      context.setCookie('two', '2');
      return {
        body: Buffer.isBuffer(body) ? `bytes: ${body.toString()}` : body,
        type: context.header('content-type'),
        host: context.header('host'),
        ip: context.ip,
        list: context.header('x-list'),
      };
    }

    @Get('/bytes')
    bytes() {
      return Buffer.from([0, 255, 1]);
    }
  }

  it('sends text and bytes as they are, and anything else as JSON', async () => {
    const app = await appOf([Echo]);
    const ask = async (body: unknown, headers = {}) =>
      (await app.request({ method: 'POST', url: '/echo', body, headers })).json() as Record<string, unknown>;
    expect(await ask({ a: [1] })).toMatchObject({ body: { a: [1] }, type: 'application/json', host: 'in-process', ip: '' });
    expect(await ask(null)).toMatchObject({ body: null, type: 'application/json' });
    expect(await ask('plain', { 'Content-Type': 'text/plain' })).toMatchObject({ body: 'plain' });
    expect(await ask(Buffer.from('raw'))).toMatchObject({ body: 'bytes: raw' });
    expect(
      await ask({ a: 1 }, { 'content-type': 'application/vnd.a+json', host: 'example.com', 'X-List': ['a', 'b'] }),
    ).toMatchObject({
      body: { a: 1 },
      type: 'application/vnd.a+json',
      host: 'example.com',
      list: 'a, b',
    });
    expect(await ask(undefined)).not.toHaveProperty('body');
  });

  it('has the whole response: status, headers with all their values, bytes, text and JSON', async () => {
    const app = await appOf([Echo]);
    const { status, headers } = await app.request({ method: 'POST', url: '/echo' });
    expect([status, headers['set-cookie'], headers['x-many']]).toEqual([
      201,
      [expect.stringContaining('one=1'), expect.stringContaining('two=2')],
      'a, b',
    ]);
    expect([...(await app.request({ url: '/echo/bytes' })).bytes]).toEqual([0, 255, 1]);
    expect(failureOf(await app.request({ url: '/nowhere' })).code).toBe('ROUTE_NOT_FOUND');
  });

  it('is one of many at a time, and the application may listen as well', async () => {
    const app = await appOf([Echo]);
    const url = await app.app.listen(0);
    const answers = await Promise.all([
      ...Array.from({ length: 20 }, (_, n) => app.request({ method: 'POST', url: '/echo', body: n })),
      fetch(new URL('/echo', url), { method: 'POST', headers: { connection: 'close' } }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(Array(21).fill(201));
  });
});

describe('a clock set by hand', () => {
  it('drives deadlines: 504 when the time is over, and not a millisecond before', async () => {
    let work!: Gate<string>;
    @Controller()
    class Slow {
      @Get('/')
      @Timeout(1_000)
      get() {
        work = gate<string>();
        return work.promise;
      }
    }
    const clock = new ManualClock();
    const app = await appOf([Slow], { clock });
    const inTime = app.request({ url: '/' });
    await clock.advance(999);
    work.open('in time');
    expect((await inTime).text()).toBe('in time');
    const late = app.request({ url: '/' });
    await clock.advance(1_005);
    expect(failureOf(await late)).toMatchObject({ status: 504, code: 'DEADLINE_EXCEEDED' });
    work.open('too late');
    await soon(() => expect(app.leaks()).toEqual([]));
    // One timer serves all deadlines; it fires once more and finds none.
    await clock.advance(1_000);
    expect(clock.pending).toBe(0);
  });
});

describe('leaks', () => {
  let work: Gate<string>;
  const events = new Subject<number>();

  @Controller('/jobs')
  class Work {
    @Get('/quick')
    quick() {
      return 'quick';
    }

    @Get('/:id')
    async one() {
      work = gate<string>();
      return work.promise;
    }

    @Sse('/events')
    events() {
      return events;
    }
  }

  it('are none when all is answered, at once', async () => {
    const app = await appOf([Work]);
    for (let i = 0; i < 3; i++) {
      expect((await app.request({ url: '/jobs/quick' })).text()).toBe('quick');
      expect(app.leaks()).toEqual([]);
    }
    expect((await app.request({ url: '/nowhere' })).status).toBe(404);
    expect(app.leaks()).toEqual([]);
  });

  it('are requests under way, and their connections', async () => {
    const app = await appOf([Work]);
    const one = app.request({ url: '/jobs/1' });
    const leaving = new AbortController();
    const stream = app.request({ url: '/jobs/events', signal: leaving.signal }).catch((error: unknown) => (error as Error).name);
    await soon(() => expect(app.leaks()).toHaveLength(3));
    expect(app.leaks().sort()).toEqual(['2 open connections', 'GET /jobs/:id: under way', 'GET /jobs/events: under way']);
    work.open('done');
    expect((await one).text()).toBe('done');
    expect(app.leaks()).toEqual(['GET /jobs/events: under way', '1 open connections']);
    leaving.abort();
    expect(await stream).toBe('AbortError');
    await soon(() => expect(app.leaks()).toEqual([]));
    expect(events.observed).toBe(false);
  });

  it('are handlers that work on although their client left, and so hold their plugin', async () => {
    const app = await appOf([Work]);
    const leaving = new AbortController();
    const left = app.request({ url: '/jobs/1', signal: leaving.signal }).catch(() => 'left');
    await soon(() => expect(app.leaks()).toContain('GET /jobs/:id: under way'));
    leaving.abort();
    expect(await left).toBe('left');
    await soon(() => expect(app.leaks()).toEqual(['GET /jobs/:id: over (client), but its work goes on']));
    work.open('nobody reads this');
    await soon(() => expect(app.leaks()).toEqual([]));
  });
});

describe('a test application', () => {
  it('logs nothing unless a logger is given', async () => {
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    @Controller()
    class Failing {
      @Get('/')
      get() {
        throw new Error('a failure that would be logged');
      }
    }
    const app = await appOf([Failing]);
    await app.request({ url: '/' });
    await app.close();
    expect(write).not.toHaveBeenCalled();
    write.mockRestore();
  });

  it('fails as createApp does', async () => {
    await expect(createTestApp(class NoModule {})).rejects.toMatchObject({ code: 'MODULE_INVALID' });
    await expect(createTestApp(App, { prefx: '/' } as never)).rejects.toMatchObject({ code: 'OPTION_UNKNOWN' });
  });

  it('gives what it has by its key', async () => {
    const app = track(await createTestApp(App));
    expect(app.resolve(Users).limit).toBe(10);
    expect(app.resolve(LIMIT)).toBe(10);
  });

  it('answers no more once it is closed', async () => {
    const app = await createTestApp(App);
    await app.close();
    await expect(app.request({ url: '/users' })).rejects.toThrow('the connection was closed');
  });
});
