import { constants } from 'node:http2';
import { Controller, Get, Header, Param, Push, RequestContext } from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  headerBlock,
  PREFACE,
  readFrames,
  requestFields,
  settings,
} from '../support/h2-frames';
import { RawClient } from '../support/raw-client';
import { type Gate, gate, soon, turns } from '../support/soon';
import { openPushApp, type PushApp } from './push-app';

const ITEMS = Array.from({ length: 10 }, (_, at) => `/items/${at}`);
const ENABLE_PUSH = 2;
const INITIAL_WINDOW_SIZE = 4;

let work: Gate<void>;
let begun = 0;

@Controller()
class Pages {
  @Get('/page')
  @Push(ITEMS)
  page(): string {
    return 'page';
  }

  @Get('/slow')
  @Push(ITEMS)
  async slow(): Promise<string> {
    await work.promise;
    return 'slow';
  }

  @Get('/items/:id')
  @Header('cache-control', 'no-store')
  item(@Param('id') id: string): string {
    begun++;
    return id.repeat(10_000);
  }

  @Get('/cookies')
  @Push('/items/1')
  cookies(ctx: RequestContext): string {
    return String(ctx.header('cookie')?.length);
  }
}

/** A setting and its value (RFC 9113 §6.5.1). */
function setting(id: number, value: number): Buffer {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(id);
  payload.writeUInt32BE(value, 2);
  return frame(FRAME.SETTINGS, 0, 0, payload);
}

function ask(stream: number, path: string, more: Readonly<Record<string, string>> = {}): Buffer {
  return frame(FRAME.HEADERS, END_HEADERS | END_STREAM, stream, headerBlock(requestFields({ ':path': path, ...more })));
}

function reset(stream: number, code: number = constants.NGHTTP2_CANCEL): Buffer {
  return frame(FRAME.RST_STREAM, 0, stream, Buffer.of(0, 0, 0, code));
}

describe('a client that means harm', () => {
  const clock = new ManualClock();
  let app: PushApp;
  let client: RawClient;

  beforeEach(async () => {
    [work, begun] = [gate(), 0];
    app = await openPushApp([Pages], { clock, keepAliveTimeoutMs: 1_000 });
    client = await RawClient.connect(app.url);
    client.write(PREFACE, settings);
  });
  afterEach(async () => {
    const other = await app.connect();
    const page = await other.get('/page');
    await other.settled();
    expect([page.text, other.paths]).toEqual(['page', ITEMS]);
    client.close();
    work.open();
    await soon(() => expect(app.app.requests.list()).toEqual([]));
    await app.close();
  });

  const frames = () => readFrames(client.unread);
  const promised = () =>
    frames()
      .filter(({ type }) => type === FRAME.PUSH_PROMISE)
      .map(({ payload }) => payload.readUInt32BE(0));
  const goneAway = () => frames().flatMap(({ type, payload }) => (type === FRAME.GOAWAY ? [payload.readUInt32BE(4)] : []));
  const activeStreams = () => app.app.metrics.snapshot()['http.push.active_streams'];

  /** Waits until the server has answered what came before: pings are answered in order (RFC 9113 §6.7). */
  async function sync(): Promise<void> {
    const pongs = () => frames().filter(({ type, flags }) => type === FRAME.PING && flags === 1).length;
    const before = pongs();
    client.write(frame(FRAME.PING, 0, 0, Buffer.alloc(8)));
    await soon(() => expect(client.ended || pongs() > before).toBe(true));
    await turns(3);
  }

  /** Asks for pages and takes each back at once, until it is sent away. */
  async function takeBack(path: string, count: number): Promise<void> {
    for (let at = 0; at < count && !client.ended && goneAway().length === 0; at++) {
      client.write(Buffer.concat([ask(2 * at + 1, path), reset(2 * at + 1)]));
      if (at % 50 === 49) await turns(2);
    }
  }

  it('and takes pages that push back as fast as it asks for them is sent away with a reason; nothing is begun for it', async () => {
    await takeBack('/slow', 900);
    await client.closed();
    expect(goneAway()).toContain(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    expect(app.warnings().map(({ message }) => message)).toContain(
      'a connection was closed: its client takes its requests back as fast as it makes them',
    );
    expect(begun).toBe(0);
    await soon(() => expect(activeStreams()).toMatchObject({ series: [{ value: 0 }] }));
  });

  it('and takes pages back that are answered at once is sent away by the protocol’s own limit; nothing is begun for it', async () => {
    await takeBack('/page', 3_000);
    await soon(() => expect(goneAway()).not.toEqual([]));
    expect([goneAway()[0] > 0, begun, promised().length]).toEqual([true, 0, 0]);
    await soon(() => expect(activeStreams()).toMatchObject({ series: [{ value: 0 }] }));
  });

  it('and resets whatever it is promised is promised no more, however many pages it asks for', async () => {
    for (let at = 0; at < 20; at++) {
      client.write(ask(2 * at + 1, '/slow'));
      await sync();
      const refused = promised().map((stream) => reset(stream, constants.NGHTTP2_REFUSED_STREAM));
      client.write(...refused, reset(2 * at + 1));
      await sync();
    }
    await sync();
    expect([promised().length, begun]).toEqual([10, 0]);
    expect(app.pushes().at(-1)).toMatchObject({ kind: 'linked', reason: 'refusing' });
  });

  it('and opens no window is promised no more than may be under way, and is cut when it does not move', async () => {
    client.write(setting(INITIAL_WINDOW_SIZE, 0));
    for (let at = 0; at < 60; at++) client.write(ask(2 * at + 1, '/page'));
    await sync();
    await turns(10);
    expect(promised().length).toBeLessThanOrEqual(16);
    expect(begun).toBeLessThanOrEqual(16);
    expect(goneAway()).toEqual([]);
    for (let at = 0; at < 12 && !client.ended; at++) {
      await clock.advance(250);
      await turns(2);
    }
    // Node's own time-out of the connection is armed by then: it fires by the machine's clock.
    await client.closed();
    await soon(() => expect(activeStreams()).toMatchObject({ series: [{ value: 0 }] }));
  });

  it('and has cookies of many kilobytes is promised nothing that repeats them', async () => {
    client.write(ask(1, '/cookies', { cookie: `a=${'x'.repeat(8_000)}` }));
    await sync();
    expect([promised(), app.pushes()]).toEqual([[], [expect.objectContaining({ kind: 'linked', reason: 'headers' })]]);
    client.write(ask(3, '/cookies', { cookie: `a=${'x'.repeat(2_000)}` }));
    await sync();
    expect(promised()).toHaveLength(1);
  });

  it('and sends header blocks without end is sent away before any page is begun (CONTINUATION flood)', async () => {
    client.write(frame(FRAME.HEADERS, END_STREAM, 1, headerBlock(requestFields({ ':path': '/page' }))));
    for (let at = 0; at < 2_000 && !client.ended; at++) {
      client.write(frame(FRAME.CONTINUATION, 0, 1, headerBlock([[`x-${at}`, 'y'.repeat(1_000)]])));
      if (at % 50 === 49) await turns(1);
    }
    await client.closed();
    expect([promised(), begun, goneAway().length > 0]).toEqual([[], 0, true]);
  });

  it('and switches promises on and off with each page gets what it says at the moment', async () => {
    for (let at = 0; at < 20; at++) {
      client.write(setting(ENABLE_PUSH, at % 2), ask(2 * at + 1, '/page'));
      await sync();
    }
    const kinds = app.pushes().map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'linked')).toHaveLength(100);
    expect(kinds.filter((kind) => kind === 'promised').length).toBe(promised().length);
    expect(goneAway()).toEqual([]);
  });

  it('and sends a promise of its own is sent away with a reason', async () => {
    client.write(frame(FRAME.PUSH_PROMISE, END_HEADERS, 1, Buffer.concat([Buffer.of(0, 0, 0, 2), headerBlock(requestFields())])));
    await client.closed();
    expect(goneAway()).toEqual([expect.any(Number)]);
    expect(goneAway()[0]).toBeGreaterThan(0);
  });
});
