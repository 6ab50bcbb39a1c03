import { connect } from 'node:net';
import { NEVER, Observable } from 'rxjs';
import {
  Controller,
  Get,
  Injectable,
  Module,
  type OnShutdown,
  type OnStop,
  Post,
  Body,
  RequestContext,
  Sse,
  UseGuards,
} from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { keepLines, told } from '../context/lines';
import { RawClient, request } from '../support/raw-client';
import { gate, type Gate, soon } from '../support/soon';
import { doors, http1, http2, moduleOf, serveOn, withClient } from './doors';

/** More than the buffers of two sockets take. */
const BIG = 16 * 1024 * 1024;

let go: Gate<string>;
let entered: string[] = [];

beforeEach(() => {
  go = gate<string>();
  entered = [];
});

@Controller()
class Work {
  @Get('/quick')
  quick() {
    return 'quick';
  }

  @Get('/waits')
  async waits() {
    entered.push('waits');
    return go.promise;
  }

  @Get('/partial')
  partial(context: RequestContext) {
    entered.push('partial');
    return new Promise((resolve) => {
      context.finishing$.subscribe(() => resolve({ status: 'partial', cut: context.signal.aborted }));
    });
  }

  @Get('/gives-up')
  async givesUp({ finishing }: RequestContext) {
    entered.push('gives up');
    await new Promise((resolve) => finishing.addEventListener('abort', resolve));
    // As functions of Node have it, which take a signal.
    throw new Error('The operation was aborted', { cause: finishing.reason });
  }

  @Get('/listens')
  listens(context: RequestContext) {
    entered.push('listens');
    return new Promise((_resolve, reject) =>
      context.signal.addEventListener('abort', () => reject(context.signal.reason as Error)),
    );
  }

  @Sse('/events')
  events() {
    return new Observable((subscriber) => {
      entered.push('events');
      subscriber.next('first');
      return () => entered.push('unsubscribed');
    });
  }

  @Post('/body')
  @UseGuards({ canActivate: () => entered.push('body') > 0 })
  body(@Body() body: unknown) {
    return { body };
  }

  @Get('/big')
  big() {
    entered.push('big');
    return Buffer.alloc(BIG);
  }

  @Get('/never')
  never() {
    entered.push('never');
    return NEVER;
  }
}

const app = moduleOf([Work]);

describe.each(doors)('closing an application over $name', (door) => {
  it('lets a request under way finish', async () => {
    await withClient(door, app, {}, async (client, served) => {
      const { answer } = client.begin({ path: '/waits' });
      await soon(() => expect(entered).toEqual(['waits']));
      const closed = served.app.close();
      go.open('done');
      const { status, text, header } = await answer;
      expect([status, text]).toEqual([200, 'done']);
      expect(header('connection')).toBe(door.version === '1.1' ? 'close' : undefined);
      await closed;
      expect(served.app.url).toBeUndefined();
    });
  });

  it('tells the soft moment first, so that what there is can be sent', async () => {
    await withClient(door, app, {}, async (client, served) => {
      const { answer } = client.begin({ path: '/partial' });
      await soon(() => expect(entered).toEqual(['partial']));
      await served.app.close();
      expect((await answer).json()).toEqual({ status: 'partial', cut: false });
    });
  });

  it('tells who gives up at the soft moment that the server stops', async () => {
    await withClient(door, app, {}, async (client, served) => {
      const { answer } = client.begin({ path: '/gives-up' });
      await soon(() => expect(entered).toEqual(['gives up']));
      await served.app.close();
      const { status, json } = await answer;
      expect([status, (json() as { code: string }).code]).toEqual([503, 'SERVER_STOPPING']);
    });
  });

  it('cuts with 503 what is still there when the grace time is over', async () => {
    const clock = new ManualClock();
    const { logger, lines } = keepLines();
    await withClient(door, app, { clock, logger, shutdownGraceMs: 1_000 }, async (client, served) => {
      const { answer } = client.begin({ path: '/listens' });
      await soon(() => expect(entered).toEqual(['listens']));
      const closed = served.app.close();
      await clock.advance(700);
      expect(lines.some(({ message }) => message === 'request cancelled')).toBe(false);
      await clock.advance(200);
      const { status, json } = await answer;
      expect([status, (json() as { code: string }).code]).toEqual([503, 'SERVER_STOPPING']);
      await closed;
      expect(clock.pending).toBe(0);
    });
    expect(lines.find(({ message }) => message === 'request cancelled')?.fields).toMatchObject({ reason: 'shutdown' });
  });

  it('ends within the grace time although a handler ignores its signal, and says who', async () => {
    const clock = new ManualClock();
    const served = await serveOn(app, { clock, shutdownGraceMs: 1_000 });
    const client = await door.connect(served.url);
    const { answer } = client.begin({ path: '/waits' });
    await soon(() => expect(entered).toEqual(['waits']));
    const closed = served.app.close().catch((error: unknown) => error);
    await clock.advance(1_000);
    expect((await answer).status).toBe(503);
    expect(await closed).toMatchObject({ code: 'PLUGIN_STILL_BUSY' });
    go.open('far too late');
    await client.close();
  });

  it('cuts streams when the grace time is over, and unsubscribes their sources', async () => {
    const clock = new ManualClock();
    await withClient(door, app, { clock, shutdownGraceMs: 1_000 }, async (client, served) => {
      const asked = client.begin({ path: '/events' });
      await asked.received('data: first');
      const closed = served.app.close();
      await clock.advance(1_000);
      await closed;
      await expect(asked.answer).rejects.toThrow();
      expect(entered).toEqual(['events', 'unsubscribed']);
    });
  });

  it('waits for nobody who has nothing under way', async () => {
    await withClient(door, app, { clock: new ManualClock() }, async (client, served) => {
      expect((await client.ask({ path: '/quick' })).text).toBe('quick');
      await served.app.close();
    });
  });

  it('takes no new connection', async () => {
    await withClient(door, app, {}, async (client, served) => {
      const { answer } = client.begin({ path: '/waits' });
      await soon(() => expect(entered).toEqual(['waits']));
      const closed = served.app.close();
      await expect(refusal(served.url)).resolves.toBe('ECONNREFUSED');
      go.open('done');
      await answer;
      await closed;
    });
  });
});

describe('closing an application', () => {
  it('refuses a new request on a kept connection with 503 and closes it; readiness says that it is stopping', async () => {
    await withClient(http1, app, {}, async (client, served) => {
      const kept = await Promise.all([1, 2, 3].map(() => RawClient.connect(served.url)));
      for (const one of kept) expect((await one.ask(request('GET', '/quick'))).status).toBe(200);
      const { answer } = client.begin({ path: '/waits' });
      await soon(() => expect(entered).toEqual(['waits']));
      const closed = served.app.close();
      const [refused, ready, live] = await Promise.all(
        ['/quick', '/health/ready', '/health/live'].map((path, at) => kept[at].ask(request('GET', path))),
      );
      expect([refused.status, refused.headers.get('connection'), JSON.parse(refused.body.toString())]).toMatchObject([
        503,
        ['close'],
        { code: 'SERVER_STOPPING' },
      ]);
      expect([ready.status, JSON.parse(ready.body.toString())]).toEqual([503, { status: 'stopping' }]);
      expect([live.status, live.headers.get('connection')]).toEqual([200, ['close']]);
      for (const one of kept) expect(await one.closed()).toBe('');
      go.open('done');
      expect((await answer).text).toBe('done');
      await closed;
      for (const one of kept) one.close();
    });
  });

  it('tells clients of HTTP/2 to go elsewhere, at once', async () => {
    await withClient(http2, app, {}, async (client, served) => {
      const { answer } = client.begin({ path: '/waits' });
      await soon(() => expect(entered).toEqual(['waits']));
      const closed = served.app.close();
      // Node's client throws, or from 26 on fails the request, once it was told.
      let outcome: 'answered' | 'refused' = 'answered';
      for (let tries = 0; tries < 20 && outcome === 'answered'; tries++) {
        try {
          outcome = await client.begin({ path: '/quick' }).answer.then(
            ({ status }) => (status === 503 ? 'answered' : 'refused'),
            () => 'refused',
          );
        } catch {
          outcome = 'refused';
        }
      }
      expect(outcome).toBe('refused');
      go.open('done');
      expect((await answer).text).toBe('done');
      await closed;
    });
  });

  it('answers a body that comes while it waits', async () => {
    await withClient(http1, app, {}, async (client, served) => {
      const asked = client.begin({
        method: 'POST',
        path: '/body',
        headers: { 'content-type': 'text/plain', 'content-length': '6' },
        unfinished: true,
      });
      asked.send('one');
      await soon(() => expect(entered).toEqual(['body']));
      const closed = served.app.close();
      asked.send('two');
      expect((await asked.answer).json()).toEqual({ body: 'onetwo' });
      await closed;
    });
  });

  it('waits for no request that has not come whole', async () => {
    const { app: running, url } = await serveOn(app, { clock: new ManualClock() });
    const clients = await Promise.all(
      ['', 'GET /qu', 'GET /quick HTTP/1.1\r\nhost: x\r\n'].map(async (part) => (await RawClient.connect(url)).write(part)),
    );
    await running.close();
    for (const client of clients) expect(await client.closed()).toBe('');
    for (const client of clients) client.close();
  });

  it('waits for a client to read its answer, and cuts it when the grace time is over', async () => {
    const clock = new ManualClock();
    const { app: running, url } = await serveOn(app, { clock, shutdownGraceMs: 1_000 });
    const slow = await RawClient.connect(url);
    slow.socket.pause();
    slow.write(request('GET', '/big'));
    await soon(() => expect(entered).toEqual(['big']));
    const closed = running.close();
    await soon(() => expect(clock.pending).toBe(1));
    await clock.advance(1_000);
    await closed;
    slow.close();
    const { app: patient, url: other } = await serveOn(app, { clock, shutdownGraceMs: 1_000 });
    const late = await RawClient.connect(other);
    late.socket.pause();
    late.write(request('GET', '/big'));
    await soon(() => expect(entered).toEqual(['big', 'big']));
    const done = patient.close();
    await soon(() => expect(clock.pending).toBe(1));
    late.socket.resume();
    expect((await late.response()).body).toHaveLength(BIG);
    await done;
    expect(clock.pending).toBe(0);
    late.close();
  });

  it('stops importers first, and each only when its requests are over', async () => {
    const order: string[] = [];
    @Injectable()
    class Database implements OnStop, OnShutdown {
      stop() {
        order.push('database stops');
      }
      async shutdown() {
        await Promise.resolve();
        order.push('database shuts down');
      }
    }
    @Module({ providers: [Database], exports: [Database] })
    class DatabaseModule {}
    @Controller()
    class Reads implements OnStop, OnShutdown {
      constructor(readonly database: Database) {}
      @Get('/')
      async get() {
        entered.push('get');
        const answer = await go.promise;
        order.push('request ends');
        return answer;
      }
      stop() {
        order.push('reads stop');
      }
      shutdown() {
        order.push('reads shut down');
      }
    }
    @Module({ imports: [DatabaseModule], controllers: [Reads] })
    class Root {}
    await withClient(http1, Root, {}, async (client, served) => {
      const { answer } = client.begin({ path: '/' });
      await soon(() => expect(entered).toEqual(['get']));
      const closed = served.app.close();
      go.open('done');
      await answer;
      await closed;
    });
    expect(order).toEqual(['request ends', 'reads stop', 'database stops', 'reads shut down', 'database shuts down']);
  });

  it('is not over time when several hooks and handlers never end', async () => {
    const never = (): Promise<void> => new Promise(() => undefined);
    const stuck = (name: string) => {
      @Injectable()
      class Stuck implements OnStop, OnShutdown {
        stop = never;
        shutdown = never;
      }
      @Module({ providers: [Stuck] })
      class StuckModule {}
      Object.defineProperty(StuckModule, 'name', { value: name });
      return StuckModule;
    };
    @Module({ imports: ['A', 'B', 'C', 'D'].map(stuck), controllers: [Work] })
    class Root {}
    const clock = new ManualClock();
    const { logger, lines } = keepLines();
    const { app: running, url } = await serveOn(Root, { clock, logger, shutdownGraceMs: 1_000 });
    const client = await http1.connect(url);
    const { answer } = client.begin({ path: '/never' });
    await soon(() => expect(entered).toEqual(['never']));
    const closed = running.close().catch((error: unknown) => error);
    await clock.advance(1_000);
    await answer.catch(() => undefined);
    await soon(() => expect(told(lines, 'info')).toContain('stopped'));
    expect(await closed).toBeInstanceOf(Error);
    await client.close();
  });
});

/** What becomes of an attempt to connect. */
function refusal(url: URL): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(url.port), url.hostname);
    socket.once('connect', () => {
      socket.destroy();
      resolve('connected');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}
