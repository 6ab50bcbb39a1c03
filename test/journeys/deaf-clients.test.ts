import { Observable } from 'rxjs';
import {
  Controller,
  Get,
  Hijack,
  HijackedConnection,
  OnMessage,
  OnOpen,
  Signal,
  Sse,
  WebSocket,
  WebSocketSession,
} from 'rockstar-web';

import { END_HEADERS, END_STREAM, FRAME, frame, headerBlock, PREFACE, requestFields } from '../support/h2-frames';
import { RawClient, request } from '../support/raw-client';
import { soon, turns } from '../support/soon';
import { clientFrame, upgradeHead } from '../websocket/raw-web-socket';
import { createTestApp, ManualClock, type TestApplication } from 'rockstar-web/testing';
import { moduleOf, QUIET } from './doors';

/** More than the buffers of two sockets take, in pieces. */
const PIECE = Buffer.alloc(256 * 1024, 'x');
const PIECES = 32;

/** Of which the last fifth is kept for stopping. */
const GRACE_MS = 1_000;

/** Clients that ask, and never read. */
const DEAF = 10;

let begun = 0;
let sessions: WebSocketSession[] = [];

beforeEach(() => {
  begun = 0;
  sessions = [];
});

@Controller()
class Talks {
  @Get('/whole')
  whole() {
    begun++;
    return Buffer.alloc(PIECE.length * PIECES);
  }

  @Get('/observable')
  observable() {
    begun++;
    return new Observable<Buffer>((subscriber) => {
      for (let n = 0; n < PIECES; n++) subscriber.next(PIECE);
    });
  }

  @Get('/iterable')
  async *iterable(@Signal() signal: AbortSignal) {
    begun++;
    while (!signal.aborted) yield await Promise.resolve(PIECE);
  }

  @Sse('/events')
  events() {
    begun++;
    return new Observable<string>((subscriber) => {
      for (let n = 0; n < PIECES; n++) subscriber.next('x'.repeat(PIECE.length));
    });
  }

  @Hijack('/hijack/waits')
  waits(connection: HijackedConnection) {
    begun++;
    connection.write(Buffer.alloc(PIECE.length * PIECES));
    return connection.whenClosed();
  }

  @Hijack('/hijack/sends')
  async sends(connection: HijackedConnection) {
    begun++;
    for (;;) await connection.send(PIECE);
  }

  @Hijack('/hijack/closes')
  async closes(connection: HijackedConnection) {
    begun++;
    connection.write(Buffer.alloc(PIECE.length * PIECES));
    await connection.close();
  }
}

@WebSocket('/socket', { bufferLimitBytes: 64 * 1024 * 1024 })
class Socket {
  @OnOpen()
  open(socket: WebSocketSession) {
    begun++;
    sessions.push(socket);
  }

  @OnMessage('talk')
  talk(socket: WebSocketSession) {
    void socket.send(Buffer.alloc(PIECE.length * PIECES));
  }

  @OnMessage('listen')
  listen(@Signal() signal: AbortSignal) {
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  }
}

const get = (path: string): string => request('GET', path);

/** Asks over HTTP/2, with windows as large as they can be: what stops the answer is a client that does not read. */
function h2(fields: Readonly<Record<string, string>>, isOpen = false): Buffer {
  const window = Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff]);
  const more = Buffer.from([0x7f, 0xff, 0, 0]);
  const head = frame(FRAME.HEADERS, END_HEADERS | (isOpen ? 0 : END_STREAM), 1, headerBlock(requestFields(fields)));
  return Buffer.concat([PREFACE, frame(FRAME.SETTINGS, 0, 0, window), frame(8, 0, 0, more), head]);
}

/** The same, with windows that are soon full. */
function narrow(path: string): Buffer {
  const head = frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, headerBlock(requestFields({ ':path': path })));
  return Buffer.concat([PREFACE, frame(FRAME.SETTINGS, 0, 0), head]);
}

const connectFields = {
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':path': '/socket',
  'sec-websocket-version': '13',
};
const upgrade = upgradeHead('/socket');
const talk = clientFrame('{"type":"talk"}');
const listens = clientFrame('{"type":"listen"}');

const ways: [string, Buffer | string][] = [
  ['a large answer', get('/whole')],
  ['an Observable', get('/observable')],
  ['an async iterable', get('/iterable')],
  ['events', get('/events')],
  ['a hijacked connection, whose handler waits', get('/hijack/waits')],
  ['a hijacked connection, whose handler sends', get('/hijack/sends')],
  ['a hijacked connection, whose handler has gone', get('/hijack/closes')],
  ['a WebSocket', upgrade],
  ['a WebSocket that was sent much', Buffer.concat([Buffer.from(upgrade), talk])],
  ['a WebSocket whose handler listens to its signal', Buffer.concat([Buffer.from(upgrade), listens])],
  ['a large answer over HTTP/2', h2({ ':path': '/whole' })],
  ['an Observable over HTTP/2', h2({ ':path': '/observable' })],
  ['an async iterable over HTTP/2', h2({ ':path': '/iterable' })],
  ['events over HTTP/2', h2({ ':path': '/events' })],
  ['an async iterable over HTTP/2, with its window full', narrow('/iterable')],
  ['events over HTTP/2, with its window full', narrow('/events')],
  ['a WebSocket over HTTP/2', h2(connectFields, true)],
  ['a WebSocket over HTTP/2 that was sent much', Buffer.concat([h2(connectFields, true), frame(FRAME.DATA, 0, 1, talk)])],
  ['a WebSocket over HTTP/2 whose handler listens', Buffer.concat([h2(connectFields, true), frame(FRAME.DATA, 0, 1, listens)])],
];

describe('an application that stops is done within its grace time, whatever its clients do not read:', () => {
  let app: TestApplication;
  let deaf: RawClient[] = [];

  afterEach(async () => {
    for (const client of deaf) client.close();
    await Promise.all(deaf.map((client) => client.closed()));
    deaf = [];
    await app.close().catch(() => undefined);
  });

  it.each(ways)('%s', async (_, asked) => {
    const clock = new ManualClock();
    app = await createTestApp(moduleOf([Talks, Socket]), { ...QUIET, clock, shutdownGraceMs: GRACE_MS });
    const url = await app.app.listen(0);
    deaf = await Promise.all(Array.from({ length: DEAF }, () => RawClient.connect(url)));
    for (const client of deaf) {
      client.socket.pause();
      client.write(asked);
    }
    await soon(() => expect(begun).toBe(DEAF));
    await turns();
    const closing = app.close().then(
      () => 'done',
      (error: unknown) => error,
    );
    await clock.advance(GRACE_MS);
    expect(await closing).toBe('done');
    expect(app.leaks()).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
