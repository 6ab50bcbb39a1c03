import {
  Controller,
  Get,
  Hijack,
  HijackedConnection,
  Module,
  OnMessage,
  Plugin,
  RequestContext,
  Timeout,
  WebSocket,
  WebSocketSession,
} from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { RawClient } from '../support/raw-client';
import { gate, type Gate, soon, turns } from '../support/soon';
import { WsClient } from '../websocket/ws-client';
import { type Client, doors, type Served, serveOn } from './doors';

const DRAIN_MS = 1_000;

let log: unknown[] = [];
let go: Gate<void>;
let clock: ManualClock;
let served: Served;

/** A version of a plugin whose work lasts as long as its clients want it to. */
function lastingPlugin(version: string): ConcreteClass {
  @WebSocket('/live')
  class Live {
    @OnMessage('version') version() {
      return { version };
    }
    /** Reads on by hand, until there is nothing more to read. */
    @OnMessage('reads') async reads(socket: WebSocketSession) {
      await socket.send({ reads: true });
      for await (const message of socket.messages()) log.push(message);
      log.push('read out');
    }
    @OnMessage('told')
    @Timeout(0)
    async told(socket: WebSocketSession, ctx: RequestContext) {
      void socket.send({ waits: true });
      await new Promise((resolve) => ctx.finishing.addEventListener('abort', resolve));
      return { bye: version };
    }
    @OnMessage('deaf')
    @Timeout(0)
    async deaf(socket: WebSocketSession) {
      socket.signal.addEventListener('abort', () => log.push([version, (socket.signal.reason as { reason: string }).reason]));
      void socket.send({ waits: true });
      await go.promise;
      log.push('went on');
    }
  }
  @Controller()
  class Lasting {
    @Get('/version') version() {
      return version;
    }
    @Get('/told')
    @Timeout(0)
    async told(ctx: RequestContext) {
      await new Promise((resolve) => ctx.finishing.addEventListener('abort', resolve));
      return `bye from ${version}`;
    }
    @Get('/deaf')
    @Timeout(0)
    async deaf(ctx: RequestContext) {
      ctx.signal.addEventListener('abort', () => log.push([version, (ctx.signal.reason as { reason: string }).reason]));
      await go.promise;
      log.push('went on');
    }
    @Hijack('/raw')
    async raw(connection: HijackedConnection) {
      connection.accept(200, { 'Content-Type': 'text/plain' });
      connection.write('here\r\n');
      while ((await connection.readLine()) !== undefined);
    }
  }
  @Plugin({ name: 'lasting-plugin', version, controllers: [Live, Lasting] })
  class LastingPlugin {
    shutdown() {
      log.push(`${version} stopped`);
    }
  }
  return LastingPlugin;
}

const replace = () => served.app.plugins.replace('lasting-plugin', lastingPlugin('2.0.0'), { drainMs: DRAIN_MS });

/** Whether the old one has stopped. */
function watch(stopped: Promise<void>): { is: boolean } {
  const watched = { is: false };
  void stopped.then(() => (watched.is = true));
  return watched;
}

async function connect(): Promise<WsClient> {
  return WsClient.connect(new URL('/live', served.url));
}

beforeEach(async () => {
  log = [];
  go = gate();
  clock = new ManualClock();
  @Module({ imports: [lastingPlugin('1.0.0')] })
  class TheModule {}
  served = await serveOn(TheModule, { clock });
});

afterEach(async () => {
  go.open();
  await served.app.close();
});

describe('a WebSocket of a plugin that is replaced', () => {
  it('is closed with 1012 at once when nothing is handled; whoever comes again meets the new one', async () => {
    const viewer = await connect();
    const { stopped } = await replace();
    expect((await viewer.closed()).code).toBe(1012);
    await stopped;
    expect(log).toEqual(['1.0.0 stopped']);
    const again = await connect();
    again.send({ type: 'version' });
    expect(await again.next()).toEqual({ version: '2.0.0' });
    await again.leave();
  });

  it('is closed with 1001 where the application stops', async () => {
    await (
      await replace()
    ).stopped;
    const viewer = await connect();
    const closing = served.app.close();
    expect((await viewer.closed()).code).toBe(1001);
    await closing;
  });

  it('that is read by hand is read to its end', async () => {
    const viewer = await connect();
    viewer.send({ type: 'reads' });
    expect(await viewer.next()).toEqual({ reads: true });
    const { stopped } = await replace();
    expect((await viewer.closed()).code).toBe(1012);
    await stopped;
    expect(log).toEqual(['read out', '1.0.0 stopped']);
  });

  it('tells a handler without a time-out, whose answer still arrives', async () => {
    const viewer = await connect();
    viewer.send({ type: 'told' });
    expect(await viewer.next()).toEqual({ waits: true });
    const { stopped } = await replace();
    expect(await viewer.next()).toEqual({ bye: '1.0.0' });
    expect((await viewer.closed()).code).toBe(1012);
    await stopped;
    expect(log).toEqual(['1.0.0 stopped']);
  });

  it('is cut with 1012 at the drain limit, whatever its handler does; the plugin stops behind the handler', async () => {
    const viewer = await connect();
    viewer.send({ type: 'deaf' });
    expect(await viewer.next()).toEqual({ waits: true });
    const old = watch((await replace()).stopped);
    await turns();
    await clock.advance(DRAIN_MS - 1);
    expect(log).toEqual([]);
    await clock.advance(1);
    expect((await viewer.closed()).code).toBe(1012);
    expect([log, old.is]).toEqual([[['1.0.0', 'shutdown']], false]);
    go.open();
    await soon(() => expect(old.is).toBe(true));
    expect(log).toEqual([['1.0.0', 'shutdown'], 'went on', '1.0.0 stopped']);
  });
});

describe.each(doors)('a request without a time to answer over $name, of a plugin that is replaced', (door) => {
  let client: Client;
  beforeEach(async () => {
    client = await door.connect(served.url);
  });
  afterEach(() => client.close());

  const begin = async (path: string) => {
    const begun = client.begin({ path });
    await soon(() => expect(served.app.requests.list()).toHaveLength(1));
    await turns();
    return begun;
  };

  it('is told, and its answer arrives', async () => {
    const { answer } = await begin('/told');
    const { stopped } = await replace();
    expect((await answer).text).toBe('bye from 1.0.0');
    await stopped;
    expect(log).toEqual(['1.0.0 stopped']);
    expect((await client.ask({ path: '/version' })).text).toBe('2.0.0');
  });

  it('is cut at the drain limit with 503 where it is not told; the plugin stops behind its handler', async () => {
    const { answer } = await begin('/deaf');
    const old = watch((await replace()).stopped);
    await turns();
    await clock.advance(DRAIN_MS);
    expect((await answer).status).toBe(503);
    expect([log, old.is]).toEqual([[['1.0.0', 'shutdown']], false]);
    go.open();
    await soon(() => expect(old.is).toBe(true));
    expect(log).toEqual([['1.0.0', 'shutdown'], 'went on', '1.0.0 stopped']);
  });
});

it('a taken-over connection of a plugin that is replaced is cut at the drain limit', async () => {
  const raw = await RawClient.connect(served.url);
  raw.write('GET /raw HTTP/1.1\r\nHost: test\r\n\r\n');
  await raw.until('here');
  const { stopped } = await replace();
  await turns();
  await clock.advance(DRAIN_MS);
  await raw.closed();
  raw.close();
  await stopped;
  expect(log).toEqual(['1.0.0 stopped']);
});
