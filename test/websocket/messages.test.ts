import { IsInt, IsString, Length } from 'class-validator';
import { interval, map, Observable, of, take, throwError } from 'rxjs';
import {
  ConflictError,
  type CancelledError,
  OnClose,
  OnMessage,
  OnOpen,
  Param,
  prepareMessage,
  Query,
  Timeout,
  WebSocket,
  WebSocketSession,
} from 'rockstar-web';
import { gate, type Gate, soon, turns } from '../support/soon';
import { Served } from './served';

class Say {
  @IsString() @Length(1, 10) text!: string;
}

class Typed {
  @IsString() type!: string;
  @IsInt() count!: number;
}

class Where {
  @IsString() @Length(1, 20) room!: string;
}

let gates: Gate<void>[] = [];
let torn: string[] = [];
let seen: unknown[] = [];
let signals: AbortSignal[] = [];

@WebSocket('/live/:id')
class Live {
  @OnOpen()
  open(socket: WebSocketSession, @Query() { room }: Where, @Param('id') id: number) {
    socket.set('room', room);
    return { type: 'welcome', room, id };
  }

  @OnMessage('say')
  say(message: Say, socket: WebSocketSession) {
    seen.push(message);
    return { type: 'said', text: message.text, room: socket.get('room'), isSay: message instanceof Say };
  }

  @OnMessage('typed')
  typed(message: Typed) {
    return { ...message };
  }

  @OnMessage('plain')
  plain(message: { readonly type: string; readonly any: unknown }) {
    return { got: message };
  }

  @OnMessage('where')
  where(@Query('room') room: string, @Param('id') id: number) {
    return { room, id };
  }

  @OnMessage('nothing')
  nothing() {
    return undefined;
  }

  @OnMessage('text')
  text() {
    return 'just text';
  }

  @OnMessage('bytes')
  bytes() {
    return new Uint8Array([1, 2, 3]);
  }

  @OnMessage('prepared')
  prepared() {
    return prepareMessage({ type: 'ready' });
  }

  @OnMessage('slow')
  async slow(message: { readonly n: number }) {
    const held = gate();
    gates.push(held);
    await held.promise;
    return { slow: message.n };
  }

  @OnMessage('some')
  some() {
    return of(1, 2, 3).pipe(map((n) => ({ n })));
  }

  @OnMessage('promised')
  async promised() {
    return of('a', 'b').pipe(map((letter) => ({ letter })));
  }

  @OnMessage('generator')
  async *generator() {
    try {
      for (let n = 0; n < 3; n++) yield { n };
    } finally {
      torn.push('generator');
    }
  }

  @OnMessage('feed')
  feed() {
    return new Observable((subscriber) => {
      subscriber.next({ feed: 'begun' });
      return () => torn.push('feed');
    });
  }

  @OnMessage('endless')
  async *endless() {
    try {
      yield { endless: 'begun' };
      await new Promise((resolve) => gates.push({ promise: Promise.resolve(), open: resolve, fail: resolve }));
    } finally {
      torn.push('endless');
    }
  }

  @OnMessage('refuses-briefly')
  refusesBriefly() {
    throw new ConflictError({ code: 'ROOM_FULL' });
  }

  @OnMessage('fails')
  fails() {
    throw new Error('a secret of the server');
  }

  @OnMessage('refuses')
  async refuses() {
    throw new ConflictError({ code: 'ROOM_FULL', detail: 'The room is full.' });
  }

  @OnMessage('breaks')
  breaks() {
    return throwError(() => new Error('another secret'));
  }

  @OnMessage('cycle')
  cycle() {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    return circle;
  }

  @OnMessage('late')
  @Timeout(20)
  late(signal: AbortSignal) {
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        torn.push(`late: ${(signal.reason as CancelledError).reason}`);
        reject(signal.reason as Error);
      });
    });
  }

  @OnMessage('watch')
  async watch(signal: AbortSignal) {
    signals.push(signal);
    const held = gate();
    gates.push(held);
    await held.promise;
  }

  @OnClose()
  closed(socket: WebSocketSession) {
    seen.push(['closed', socket.closeCode, socket.isOpen, socket.signal.aborted]);
  }
}

@WebSocket('/raw')
class Raw {
  @OnMessage()
  echo(message: string | Buffer) {
    return message;
  }
}

@WebSocket('/text')
class TextOnly {
  @OnMessage()
  echo(message: string) {
    return `text: ${message}`;
  }
}

@WebSocket('/bytes')
class BytesOnly {
  @OnMessage()
  echo(message: Buffer) {
    return Buffer.concat([message, message]);
  }
}

@WebSocket('/json')
class JsonOnly {
  @OnMessage()
  echo(message: Say) {
    return { isSay: message instanceof Say, text: message.text };
  }
}

@WebSocket('/mixed')
class Mixed {
  @OnMessage('known')
  known() {
    return { known: true };
  }

  @OnMessage()
  other(message: unknown) {
    return { other: Buffer.isBuffer(message) ? message.toString('hex') : message };
  }
}

const LIVE = '/live/7?room=lobby';

describe('messages', () => {
  let served: Served;

  beforeEach(async () => {
    [gates, torn, seen, signals] = [[], [], [], []];
    served = await Served.open([Live, Raw, TextOnly, BytesOnly, JsonOnly, Mixed]);
  });

  afterEach(async () => {
    for (const held of gates) held.open();
    await served.close();
  });

  /** A client behind the welcome. */
  const connect = async (path = LIVE) => {
    const client = await served.connect(path);
    if (path === LIVE) await client.next();
    return client;
  };

  it('begins with what @OnOpen returns, which has read the request', async () => {
    const client = await served.connect(LIVE);
    expect(await client.next()).toEqual({ type: 'welcome', room: 'lobby', id: 7 });
  });

  it('makes instances of the declared class, without the type of the message', async () => {
    const client = await connect();
    client.send({ type: 'say', text: 'hello' });
    expect(await client.next()).toEqual({ type: 'said', text: 'hello', room: 'lobby', isSay: true });
    expect(seen).toEqual([{ text: 'hello' }]);
  });

  it('keeps the type where the class declares it', async () => {
    const client = await connect();
    client.send({ type: 'typed', count: 3 });
    expect(await client.next()).toEqual({ type: 'typed', count: 3 });
  });

  it('hands over what is no class as it was sent', async () => {
    const client = await connect();
    client.send({ type: 'plain', any: [1] });
    expect(await client.next()).toEqual({ got: { type: 'plain', any: [1] } });
  });

  it('reads parameters of the request that the session began as', async () => {
    const client = await connect();
    client.send({ type: 'where' });
    expect(await client.next()).toEqual({ room: 'lobby', id: 7 });
  });

  it('sends text, bytes and prepared messages as they are, and nothing for undefined', async () => {
    const client = await connect();
    for (const type of ['nothing', 'text', 'bytes', 'prepared']) client.send({ type });
    expect(await client.nextRaw()).toBe('just text');
    expect(await client.nextRaw()).toEqual(Buffer.from([1, 2, 3]));
    expect(await client.nextRaw()).toBe('{"type":"ready"}');
    expect(client.waiting).toBe(0);
  });

  it.each([
    ['a text that is too long', { type: 'say', text: 'x'.repeat(11) }, ['text']],
    ['a missing property', { type: 'say' }, ['text']],
    ['an unknown property', { type: 'say', text: 'a', more: 1 }, ['more']],
    ['a wrong type', { type: 'typed', count: 'three' }, ['count']],
  ])('answers %s with an error frame, and the socket stays', async (_, message, paths) => {
    const client = await connect();
    client.send(message);
    const frame = (await client.next()) as { errors: { path: string }[] };
    expect(frame).toMatchObject({ type: 'error', code: 'VALIDATION_FAILED', detail: expect.any(String) });
    expect(frame.errors.map(({ path }) => path)).toEqual(expect.arrayContaining(paths));
    client.send({ type: 'say', text: 'still here' });
    expect(await client.next()).toMatchObject({ text: 'still here' });
  });

  it.each([
    ['no JSON', 'say hello', 'MESSAGE_MALFORMED'],
    ['nothing', '', 'MESSAGE_MALFORMED'],
    ['a key that reaches a prototype', '{"type":"plain","__proto__":{"admin":true}}', 'MESSAGE_MALFORMED'],
    ['bytes', Buffer.from('{"type":"text"}'), 'MESSAGE_MALFORMED'],
    ['an unknown type', '{"type":"shout"}', 'MESSAGE_TYPE_UNKNOWN'],
    ['a type that is no text', '{"type":7}', 'MESSAGE_TYPE_UNKNOWN'],
    ['an inherited type', '{"type":"toString"}', 'MESSAGE_TYPE_UNKNOWN'],
    ['no type', '{"text":"hello"}', 'MESSAGE_TYPE_UNKNOWN'],
    ['a list', '[1]', 'MESSAGE_TYPE_UNKNOWN'],
    ['null', 'null', 'MESSAGE_TYPE_UNKNOWN'],
  ])('answers %s with an error frame, and the socket stays', async (_, message, code) => {
    const client = await connect();
    client.send(message);
    expect(await client.next()).toMatchObject({ type: 'error', code, errors: [{ message: expect.any(String) }] });
    client.send({ type: 'say', text: 'still here' });
    expect(await client.next()).toMatchObject({ text: 'still here' });
  });

  it('tells nothing of what went wrong inside, and logs it', async () => {
    const client = await connect();
    for (const type of ['fails', 'breaks', 'cycle']) client.send({ type });
    for (const frame of await client.take(3)) {
      expect(frame).toMatchObject({ type: 'error', errors: [] });
      expect(JSON.stringify(frame)).not.toMatch(/secret|circular|stack/i);
    }
    const failed = served.lines('a message failed');
    expect(failed.map(({ handler }) => handler)).toEqual(['Live.fails', 'Live.breaks', 'Live.cycle']);
    expect(failed[0]).toMatchObject({ code: 'INTERNAL_ERROR', err: { message: 'a secret of the server' } });
  });

  it('answers an error that says its code with it', async () => {
    const client = await connect();
    client.send({ type: 'refuses' });
    expect(await client.next()).toEqual({ type: 'error', code: 'ROOM_FULL', detail: 'The room is full.', errors: [] });
    client.send({ type: 'refuses-briefly' });
    expect(await client.next()).toEqual({ type: 'error', code: 'ROOM_FULL', detail: 'Conflict', errors: [] });
  });

  it('handles one message after the other, in the order they came', async () => {
    const client = await connect();
    for (const n of [1, 2]) client.send({ type: 'slow', n });
    client.send({ type: 'text' });
    await soon(() => expect(gates.length).toBe(1));
    await turns();
    expect([gates.length, client.waiting]).toEqual([1, 0]);
    gates[0].open();
    expect(await client.next()).toEqual({ slow: 1 });
    await soon(() => expect(gates.length).toBe(2));
    gates[1].open();
    expect(await client.next()).toEqual({ slow: 2 });
    expect(await client.nextRaw()).toBe('just text');
  });

  it('handles the messages of different sessions side by side', async () => {
    const [one, other] = [await connect(), await connect()];
    one.send({ type: 'slow', n: 1 });
    other.send({ type: 'slow', n: 2 });
    await soon(() => expect(gates.length).toBe(2));
  });

  it.each([
    ['some', [{ n: 1 }, { n: 2 }, { n: 3 }]],
    ['promised', [{ letter: 'a' }, { letter: 'b' }]],
    ['generator', [{ n: 0 }, { n: 1 }, { n: 2 }]],
  ])('sends each value of a stream as it comes (%s)', async (type, values) => {
    const client = await connect();
    client.send({ type });
    expect(await client.take(values.length)).toEqual(values);
  });

  it('goes on with the next message while a stream is being sent', async () => {
    const client = await connect();
    client.send({ type: 'feed' });
    client.send({ type: 'endless' });
    client.send({ type: 'text' });
    expect(await client.next()).toEqual({ feed: 'begun' });
    const rest = [await client.nextRaw(), await client.nextRaw()];
    expect(rest.sort()).toEqual(['just text', '{"endless":"begun"}']);
  });

  it('unsubscribes and returns streams when the client goes', async () => {
    const client = await connect();
    client.send({ type: 'feed' });
    client.send({ type: 'endless' });
    await client.take(2);
    expect(torn).toEqual([]);
    client.socket.terminate();
    await soon(() => expect(torn).toContain('feed'));
    for (const held of gates) held.open();
    await soon(() => expect(torn.sort()).toEqual(['endless', 'feed']));
  });

  it('ends a message whose time is up with an error frame, and goes on with the next', async () => {
    const client = await connect();
    client.send({ type: 'late' });
    client.send({ type: 'text' });
    expect(await client.next()).toMatchObject({ type: 'error', code: 'DEADLINE_EXCEEDED' });
    expect(await client.nextRaw()).toBe('just text');
    expect(torn).toEqual(['late: deadline']);
  });

  it('aborts the signal of a handler when its client goes, and holds its plugin until it has settled', async () => {
    const client = await connect();
    client.send({ type: 'watch' });
    await soon(() => expect(signals.length).toBe(1));
    expect(signals[0].aborted).toBe(false);
    client.socket.terminate();
    await soon(() => expect(signals[0].aborted).toBe(true));
    expect((signals[0].reason as CancelledError).reason).toBe('client');
    await soon(() => expect(served.app.leaks()).toEqual(['WebSocket /live/:id: over (client), but its work goes on']));
  });

  it('leaves the signal quiet when a message was handled', async () => {
    const client = await connect();
    client.send({ type: 'watch' });
    await soon(() => expect(gates.length).toBe(1));
    gates[0].open();
    client.send({ type: 'text' });
    await client.nextRaw();
    await client.leave();
    expect(signals[0].aborted).toBe(false);
  });

  it('tells @OnClose how it ended, once', async () => {
    const client = await connect();
    client.socket.close(4000, 'enough');
    await client.closed();
    await soon(() => expect(seen).toEqual([['closed', 4000, false, true]]));
  });

  it('drops what still waits when the client goes', async () => {
    const client = await connect();
    for (const n of [1, 2, 3]) client.send({ type: 'slow', n });
    await soon(() => expect(gates.length).toBe(1));
    await client.leave();
    await soon(async () => expect(await served.metric('websocket_dropped_total{reason="closed",route="/live/:id"}')).toBe(2));
    gates[0].open();
    await turns();
    expect(gates.length).toBe(1);
  });

  it('without a type, hands over text and bytes as they came', async () => {
    const client = await connect('/raw');
    client.send('héllo');
    client.send(Buffer.from([0, 255]));
    client.send('');
    client.send(Buffer.alloc(0));
    client.send('x'.repeat(70_000));
    client.send(Buffer.alloc(70_000, 7));
    expect(await client.nextRaw()).toBe('héllo');
    expect(await client.nextRaw()).toEqual(Buffer.from([0, 255]));
    expect(await client.nextRaw()).toBe('');
    expect(await client.nextRaw()).toEqual(Buffer.alloc(0));
    expect(await client.nextRaw()).toBe('x'.repeat(70_000));
    expect(Buffer.alloc(70_000, 7).equals((await client.nextRaw()) as Buffer)).toBe(true);
  });

  it('takes text alone where a string is declared, and bytes alone where a Buffer is', async () => {
    const [text, bytes] = [await connect('/text'), await connect('/bytes')];
    text.send(Buffer.from('bytes'));
    expect(await text.next()).toMatchObject({ type: 'error', code: 'MESSAGE_MALFORMED' });
    text.send('hello');
    expect(await text.nextRaw()).toBe('text: hello');
    bytes.send('text');
    expect(await bytes.next()).toMatchObject({ type: 'error', code: 'MESSAGE_MALFORMED' });
    bytes.send(Buffer.from('ab'));
    expect(await bytes.nextRaw()).toEqual(Buffer.from('abab'));
  });

  it('reads JSON without a type where a class is declared', async () => {
    const client = await connect('/json');
    client.send({ text: 'hello' });
    expect(await client.next()).toEqual({ isSay: true, text: 'hello' });
    client.send({ text: 7 });
    expect(await client.next()).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: 'text' }, { path: 'text' }] });
  });

  it('hands whatever no type takes to the method without one', async () => {
    const client = await connect('/mixed');
    client.send({ type: 'known' });
    client.send({ type: 'unknown' });
    client.send('no JSON');
    client.send(Buffer.from([10]));
    expect(await client.take(4)).toEqual([
      { known: true },
      { other: '{"type":"unknown"}' },
      { other: 'no JSON' },
      { other: '0a' },
    ]);
  });

  it('counts sessions, messages and their durations apart from HTTP', async () => {
    const client = await connect();
    client.send({ type: 'text' });
    await client.nextRaw();
    expect(await served.metric('websocket_connections{route="/live/:id"}')).toBe(1);
    expect(await served.metric('websocket_messages_total{direction="in",route="/live/:id"}')).toBe(1);
    expect(await served.metric('websocket_messages_total{direction="out",route="/live/:id"}')).toBe(2);
    expect(await served.metric('websocket_message_duration_seconds_count{route="/live/:id",type="text"}')).toBe(1);
    expect(await served.metric('http_server_active_requests{url_scheme="http"}')).toBe(0);
    await client.leave();
    await soon(async () => expect(await served.metric('websocket_connections{route="/live/:id"}')).toBe(0));
    expect(await served.metric('websocket_closed_total{code="1006",route="/live/:id"}')).toBe(1);
  });
});

describe('streams of one session', () => {
  @WebSocket('/streams', { maxStreams: 2 })
  class Streams {
    @OnMessage('feed')
    feed() {
      return interval(1_000_000).pipe(take(1));
    }
  }

  it('are not more than the limit', async () => {
    const served = await Served.open([Streams]);
    try {
      const client = await served.connect('/streams');
      for (let i = 0; i < 3; i++) client.send({ type: 'feed' });
      expect(await client.next()).toMatchObject({ type: 'error', code: 'MESSAGE_STREAMS_LIMIT' });
    } finally {
      await served.close();
    }
  });
});
