import { IsInt } from 'class-validator';
import {
  Controller,
  Get,
  Injectable,
  OnClose,
  OnMessage,
  OnOpen,
  prepareMessage,
  Query,
  Timeout,
  WebSocket,
  WebSocketRooms,
  WebSocketSession,
} from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { gate, type Gate, soon, turns } from '../support/soon';
import { clientFrame, OPCODE, RawWebSocket } from './raw-web-socket';
import { Served, type ServeOptions, withServed } from './served';

let sessions: WebSocketSession[] = [];
let gates: Gate<void>[] = [];

beforeEach(() => {
  sessions = [];
  gates = [];
});

afterEach(() => {
  for (const held of gates) held.open();
});

@WebSocket('/room')
class Room {
  @OnOpen()
  open(socket: WebSocketSession, @Query('room') room: string = 'lobby') {
    sessions.push(socket);
    socket.join(room);
  }

  @OnMessage('all')
  all(socket: WebSocketSession) {
    void socket.to('lobby').send({ from: sessions.indexOf(socket) });
  }

  @OnMessage('others')
  others(socket: WebSocketSession) {
    void socket.to('lobby').send({ from: sessions.indexOf(socket) }, { except: socket });
  }

  @OnMessage('leave')
  leave(socket: WebSocketSession) {
    socket.leave('lobby');
    return { rooms: socket.rooms };
  }

  @OnMessage('many')
  many(socket: WebSocketSession) {
    for (let n = 0; n < 1_001; n++) socket.join(`room ${n}`);
  }

  @OnMessage('unsendable')
  unsendable(socket: WebSocketSession) {
    void socket.to('lobby').send(() => undefined);
  }
}

@WebSocket('/other')
class OtherRoom {
  @OnOpen()
  open(socket: WebSocketSession) {
    socket.join('lobby');
  }

  @OnMessage()
  any() {
    return undefined;
  }
}

@Injectable()
class News {
  constructor(private readonly rooms: WebSocketRooms) {}

  tell(text: string) {
    const { everybody } = this.rooms.of(Room);
    void everybody.send({ text });
    void this.rooms.of(Room).to('nowhere').send({ text: 'nobody' });
    return { told: everybody.size, rooms: this.rooms.of(Room).names, there: this.rooms.of(Room).to('lobby').size };
  }
}

@Controller('/news')
class NewsController {
  constructor(private readonly news: News) {}

  @Get('/:text')
  tell() {
    return this.news.tell('extra');
  }
}

describe('rooms', () => {
  const served = (use: (served: Served) => Promise<void>) =>
    withServed([Room, OtherRoom, NewsController], { providers: [News] }, use);

  it('have all that joined them, the sender included', () =>
    served(async (at) => {
      const clients = [await at.connect('/room'), await at.connect('/room'), await at.connect('/room?room=other')];
      await soon(() => expect(sessions.length).toBe(3));
      clients[0].send({ type: 'all' });
      expect(await clients[0].next()).toEqual({ from: 0 });
      expect(await clients[1].next()).toEqual({ from: 0 });
      clients[1].send({ type: 'others' });
      expect(await clients[0].next()).toEqual({ from: 1 });
      clients[1].send({ type: 'leave' });
      expect(await clients[1].next()).toEqual({ rooms: [] });
      clients[0].send({ type: 'all' });
      expect(await clients[0].next()).toEqual({ from: 0 });
      await turns();
      expect(clients.map(({ waiting }) => waiting)).toEqual([0, 0, 0]);
    }));

  it('belong to their class: the same name elsewhere is another room', () =>
    served(async (at) => {
      const [own, other] = [await at.connect('/room'), await at.connect('/other')];
      await soon(() => expect(sessions.length).toBe(1));
      own.send({ type: 'all' });
      await own.next();
      await turns();
      expect(other.waiting).toBe(0);
    }));

  it('are left by a session that is over, and end with their last', () =>
    served(async (at) => {
      const [staying, leaving] = [await at.connect('/room'), await at.connect('/room?room=short')];
      await soon(() => expect(sessions.length).toBe(2));
      const rooms = at.app.resolve(WebSocketRooms).of(Room);
      expect([rooms.names, rooms.everybody.size]).toEqual([['lobby', 'short'], 2]);
      await leaving.leave();
      await soon(() => expect([rooms.names, rooms.everybody.size]).toEqual([['lobby'], 1]));
      sessions[1].join('short');
      expect([rooms.names, sessions[1].rooms]).toEqual([['lobby'], []]);
      await staying.leave();
      await soon(() => expect(rooms.names).toEqual([]));
    }));

  it('are told by whoever injects them, also from a route', () =>
    served(async (at) => {
      const clients = [await at.connect('/room'), await at.connect('/room?room=other')];
      await soon(() => expect(sessions.length).toBe(2));
      expect((await at.app.request({ url: '/news/extra' })).json()).toEqual({ told: 2, rooms: ['lobby', 'other'], there: 1 });
      for (const client of clients) expect(await client.next()).toEqual({ text: 'extra' });
    }));

  it('are not more than 1,000 a session; what has no JSON is refused', () =>
    served(async (at) => {
      const client = await at.connect('/room');
      client.send({ type: 'many' });
      expect(await client.next()).toMatchObject({ type: 'error', code: 'WEBSOCKET_ROOMS_LIMIT' });
      client.send({ type: 'unsendable' });
      expect(await client.next()).toMatchObject({
        type: 'error',
        code: 'WEBSOCKET_UNSENDABLE',
        detail: 'The answer could not be sent.',
      });
    }));
});

class Count {
  @IsInt() n!: number;
}

describe('a session', () => {
  let closed: unknown[] = [];

  @WebSocket('/session')
  class Any {
    @OnOpen()
    open(socket: WebSocketSession) {
      sessions.push(socket);
    }

    @OnMessage('bye')
    bye(socket: WebSocketSession) {
      void socket.send({ last: true });
      socket.close(4_001, 'bye');
      void socket.send({ never: true });
      return { never: true };
    }

    @OnMessage('wrong')
    wrong(message: { readonly code: number; readonly reason: string }, socket: WebSocketSession) {
      socket.close(message.code, message.reason);
    }

    @OnMessage('sum')
    @Timeout(5)
    async sum(socket: WebSocketSession) {
      let sum = 0;
      for await (const { n } of socket.messages(Count)) {
        sum += n;
        if (n === 0) break;
      }
      return { sum };
    }

    @OnMessage('raw')
    async raw(socket: WebSocketSession) {
      const read: unknown[] = [];
      for await (const message of socket.messages()) {
        read.push(Buffer.isBuffer(message) ? message.toString('hex') : message);
        if (message === 'stop') break;
      }
      return { read };
    }

    @OnMessage('twice')
    twice(socket: WebSocketSession) {
      void socket.messages();
      socket.messages();
    }

    @OnMessage('forever')
    async forever(socket: WebSocketSession) {
      const read: unknown[] = [];
      for await (const message of socket.messages()) read.push(message);
      closed.push(read);
    }

    @OnMessage('slow')
    async slow() {
      const held = gate();
      gates.push(held);
      await held.promise;
      return { slow: true };
    }

    @OnMessage('ping')
    ping() {
      return { pong: true };
    }

    @OnClose()
    async closed(socket: WebSocketSession) {
      await turns(1);
      closed.push([socket.closeCode, socket.closeReason]);
    }
  }

  beforeEach(() => (closed = []));

  const served = (options: ServeOptions, use: (served: Served) => Promise<void>) => withServed([Any], options, use);

  it('has a name, values and an end of its own', () =>
    served({}, async (at) => {
      const client = await at.connect('/session');
      await soon(() => expect(sessions.length).toBe(1));
      const [socket] = sessions as [WebSocketSession];
      expect(socket.id).toMatch(/^[0-9a-f-]{36}$/);
      expect(socket.id).toBe(socket.id);
      socket.set('a', 1);
      expect([socket.get('a'), socket.get('b'), socket.user, socket.protocol]).toEqual([1, undefined, undefined, '']);
      expect([socket.isOpen, socket.closeCode, socket.closeReason, socket.signal.aborted]).toEqual([true, undefined, '', false]);
      await client.leave();
      await soon(() => expect([socket.isOpen, socket.closeCode, socket.signal.aborted]).toEqual([false, 1006, true]));
      await socket.send('to nobody');
      socket.close();
      expect(socket.closeCode).toBe(1006);
    }));

  it('closes with a code and a reason, behind what was sent before and in front of nothing', () =>
    served({}, async (at) => {
      const client = await at.connect('/session');
      client.send({ type: 'bye' });
      expect(await client.next()).toEqual({ last: true });
      expect(await client.closed()).toEqual({ code: 4_001, reason: 'bye' });
      await soon(() => expect(closed).toEqual([[4_001, 'bye']]));
    }));

  it.each([
    [1006, ''],
    [1005, ''],
    [999, ''],
    [1015, ''],
    [5_000, ''],
    [1000.5, ''],
    [1000, 'x'.repeat(124)],
  ])('refuses to close with %d and a reason of %j', (code, reason) =>
    served({}, async (at) => {
      const client = await at.connect('/session');
      client.send({ type: 'wrong', code, reason });
      expect(await client.next()).toMatchObject({ type: 'error', code: 'WEBSOCKET_CLOSE_INVALID' });
      client.send({ type: 'ping' });
      expect(await client.next()).toEqual({ pong: true });
    }),
  );

  it('is read by hand as long as somebody does, typed and without a time-out; then methods handle messages again', () =>
    served({}, async (at) => {
      const client = await at.connect('/session');
      client.send({ type: 'sum' });
      for (const n of [1, 2]) client.send({ n });
      client.send({ n: 'three' });
      expect(await client.next()).toMatchObject({ type: 'error', code: 'VALIDATION_FAILED', errors: [{ path: 'n' }] });
      await turns(40);
      client.send({ type: 'ping', n: 4 });
      client.send({ n: 0 });
      client.send({ type: 'ping' });
      expect(await client.take(2)).toEqual([{ sum: 7 }, { pong: true }]);
    }));

  it('is read by hand as it comes', () =>
    served({}, async (at) => {
      const client = await at.connect('/session');
      client.send({ type: 'raw' });
      client.send('{"type":"ping"}');
      client.send(Buffer.from([1, 255]));
      client.send('stop');
      expect(await client.next()).toEqual({ read: ['{"type":"ping"}', '01ff', 'stop'] });
    }));

  it('is read in one place at a time', () =>
    served({}, async (at) => {
      const client = await at.connect('/session');
      client.send({ type: 'twice' });
      expect(await client.next()).toMatchObject({ type: 'error', code: 'WEBSOCKET_MESSAGES_TAKEN' });
    }));

  it('ends the reading when the client goes, behind what it still sent', () =>
    served({}, async (at) => {
      const client = await at.connect('/session');
      client.send({ type: 'forever' });
      for (const text of ['one', 'two']) client.send(text);
      client.socket.close();
      await client.closed();
      await soon(() => expect(closed).toContainEqual(['one', 'two']));
    }));

  it('is closed with 1001 when the application stops, behind the answer to what is being handled', async () => {
    const at = await Served.open([Any], { shutdownGraceMs: 3_000 });
    const [idle, busy, reading] = [await at.connect('/session'), await at.connect('/session'), await at.connect('/session')];
    busy.send({ type: 'slow' });
    busy.send({ type: 'ping' });
    reading.send({ type: 'forever' });
    await soon(() => expect(gates.length).toBe(1));
    await turns();
    const stopped = at.app.close();
    expect((await idle.closed()).code).toBe(1001);
    expect((await reading.closed()).code).toBe(1001);
    expect(busy.closedWith).toBeUndefined();
    gates[0].open();
    expect(await busy.next()).toEqual({ slow: true });
    expect((await busy.closed()).code).toBe(1001);
    await stopped;
    expect(closed.filter((one) => (one as unknown[])[0] === 1001).length).toBe(3);
    await at.close();
  });

  it('is closed with 1001 at the end of the grace time, whatever is being handled', async () => {
    const at = await Served.open([Any], { shutdownGraceMs: 200 });
    const client = await at.connect('/session');
    client.send({ type: 'slow' });
    await soon(() => expect(gates.length).toBe(1));
    const stopped = at.app.close().catch((error: unknown) => error);
    expect((await client.closed()).code).toBe(1001);
    for (const held of gates) held.open();
    await stopped;
    await at.close();
  });

  it('is closed with 1008 when its client sends more often than it may, pings included', () =>
    served({ websocket: { maxMessagesPerSecond: 5 } }, async (at) => {
      const client = await at.connect('/session');
      for (let n = 0; n < 6; n++) client.send({ type: 'ping' });
      expect(await client.take(5)).toEqual(Array(5).fill({ pong: true }));
      expect((await client.closed()).code).toBe(1008);
      expect(at.lines('a WebSocket was closed: its client sends too often')).toMatchObject([{ route: '/session', code: 1008 }]);
      const raw = await RawWebSocket.connect(at.url, '/session');
      raw.write(...Array.from({ length: 6 }, () => clientFrame('', { opcode: OPCODE.ping })));
      let last = await raw.next();
      while (last?.opcode === OPCODE.pong) last = await raw.next();
      expect([last?.opcode, last?.payload.readUInt16BE(0)]).toEqual([OPCODE.close, 1008]);
      await raw.leave();
    }));

  it('reads no more from a client whose messages wait, and all of them later', () =>
    served({ websocket: { maxWaiting: 4 } }, async (at) => {
      const client = await at.connect('/session');
      client.send({ type: 'slow' });
      await soon(() => expect(gates.length).toBe(1));
      for (let n = 0; n < 200; n++) client.send(JSON.stringify({ type: 'ping', pad: 'x'.repeat(5_000) }));
      await turns(50);
      expect(client.waiting).toBe(0);
      gates[0].open();
      expect(await client.next()).toEqual({ slow: true });
      expect(await client.take(200)).toEqual(Array(200).fill({ pong: true }));
    }));
});

describe('the heartbeat', () => {
  @WebSocket('/beat', { pingIntervalMs: 1_000, closeTimeoutMs: 500 })
  class Beat {
    @OnOpen()
    open(socket: WebSocketSession) {
      sessions.push(socket);
    }

    @OnMessage('bye')
    bye(socket: WebSocketSession) {
      socket.close(1000);
    }

    @OnMessage()
    any() {
      return undefined;
    }
  }

  /** What came of frames, by opcode. */
  const drain = async (client: RawWebSocket, count: number): Promise<(number | undefined)[]> => {
    const codes: (number | undefined)[] = [];
    while (codes.length < count) codes.push((await client.next())?.opcode);
    return codes;
  };

  const served = async (use: (served: Served, clock: ManualClock) => Promise<void>) => {
    const clock = new ManualClock();
    await withServed([Beat], { clock }, (at) => use(at, clock));
  };

  it('pings, and ends a session after two pings without an answer', () =>
    served(async (at, clock) => {
      const client = await RawWebSocket.connect(at.url, '/beat');
      await soon(() => expect(sessions.length).toBe(1));
      await clock.advance(1_000);
      await clock.advance(1_000);
      expect(await drain(client, 2)).toEqual([OPCODE.ping, OPCODE.ping]);
      expect(sessions[0].isOpen).toBe(true);
      await clock.advance(1_000);
      expect(await client.next()).toBeUndefined();
      expect(sessions[0].closeCode).toBe(1006);
      expect(at.lines('a WebSocket was cut: its client does not answer pings')).toEqual([{ route: '/beat' }]);
      await client.leave();
    }));

  it.each<[string, Buffer]>([
    ['a pong', clientFrame('', { opcode: OPCODE.pong })],
    ['a message', clientFrame('I am here')],
    ['a ping of its own', clientFrame('', { opcode: OPCODE.ping })],
  ])('takes %s for a sign of life', (_, sign) =>
    served(async (at, clock) => {
      const client = await RawWebSocket.connect(at.url, '/beat');
      await soon(() => expect(sessions.length).toBe(1));
      for (let beat = 0; beat < 6; beat++) {
        await clock.advance(1_000);
        client.write(sign);
        await turns(30);
      }
      expect(sessions[0].isOpen).toBe(true);
      await client.leave();
    }),
  );

  it('cuts a client that does not answer the closing', () =>
    served(async (at, clock) => {
      const client = await RawWebSocket.connect(at.url, '/beat');
      client.write(clientFrame('{"type":"bye"}'));
      expect((await client.next())?.opcode).toBe(OPCODE.close);
      await clock.advance(499);
      expect(at.assembly.server.connections).toBe(1);
      await clock.advance(10);
      await soon(() => expect(at.assembly.server.connections).toBe(0));
      expect(await client.next()).toBeUndefined();
      await client.leave();
    }));

  it('leaves no timer behind', () =>
    served(async (at, clock) => {
      const before = clock.pending;
      const clients = [await at.connect('/beat'), await at.connect('/beat'), await at.connect('/beat')];
      await soon(() => expect(sessions.length).toBe(3));
      // All of them have one timer.
      expect(clock.pending).toBeLessThanOrEqual(before + 2);
      await Promise.all(clients.map((client) => client.leave()));
      await soon(() => expect(at.app.leaks()).toEqual([]));
      await clock.advance(2_000);
      expect(clock.pending).toBeLessThanOrEqual(before);
    }));
});

describe('a client that does not keep up', () => {
  const chunk = 'x'.repeat(60_000);

  @WebSocket('/cut', { bufferLimitBytes: 200_000 })
  class Cut {
    @OnOpen()
    open(socket: WebSocketSession) {
      sessions.push(socket);
    }
    @OnMessage()
    any() {
      return undefined;
    }
  }

  @WebSocket('/skip', { bufferLimitBytes: 200_000, backpressure: 'skip' })
  class Skip extends Cut {}

  @WebSocket('/wait', { bufferLimitBytes: 400_000, backpressure: 'wait' })
  class Wait extends Cut {
    @OnMessage('generate')
    async *generate() {
      for (let n = 0; n < 400; n++) yield `${n} ${chunk}`;
    }
  }

  /** Sends until the buffer of the client is full. */
  const fill = async (socket: WebSocketSession): Promise<void> => {
    for (let n = 0; n < 2_000 && socket.isOpen && socket.bufferedBytes < 150_000; n++) {
      void socket.send(chunk);
      if (n % 16 === 0) await turns(2);
    }
  };

  const stalled = async (at: Served, path: string): Promise<{ client: RawWebSocket; socket: WebSocketSession }> => {
    const client = await RawWebSocket.connect(at.url, path);
    client.pause();
    await soon(() => expect(sessions.length).toBe(1));
    return { client, socket: sessions[0] };
  };

  it('is cut at the limit, with 1013 in log and metric; others are not', () =>
    withServed([Cut], {}, async (at) => {
      const { client, socket } = await stalled(at, '/cut');
      const other = await at.connect('/cut');
      await soon(() => expect(sessions.length).toBe(2));
      await fill(socket);
      for (let n = 0; n < 10 && socket.isOpen; n++) void socket.send(chunk);
      expect([socket.isOpen, socket.closeCode, socket.signal.aborted]).toEqual([false, 1013, true]);
      expect(at.lines('a WebSocket was cut: its client does not keep up')).toEqual([
        { route: '/cut', code: 1013, bufferedBytes: expect.any(Number) },
      ]);
      await soon(async () => expect(await at.metric('websocket_closed_total{code="1013",route="/cut"}')).toBe(1));
      expect(await at.metric('websocket_dropped_total{reason="cut",route="/cut"}')).toBe(1);
      void sessions[1].send('hello');
      expect(await other.nextRaw()).toBe('hello');
      await client.leave();
    }));

  it('misses what there is no room for (skip), and stays', () =>
    withServed([Skip], {}, async (at) => {
      const { client, socket } = await stalled(at, '/skip');
      await fill(socket);
      for (let n = 0; n < 10; n++) void socket.send(chunk);
      expect(socket.isOpen).toBe(true);
      expect(socket.bufferedBytes).toBeLessThan(300_000);
      expect(await at.metric('websocket_dropped_total{reason="skipped",route="/skip"}')).toBeGreaterThan(0);
      await client.leave();
    }));

  it('has its senders wait (wait), and is cut when they do not', () =>
    withServed([Wait], {}, async (at) => {
      const { client, socket } = await stalled(at, '/wait');
      let waits: Promise<void> | undefined;
      for (let n = 0; n < 2_000 && waits === undefined; n++) {
        waits = socket.send(chunk);
        if (n % 16 === 0) await turns(2);
      }
      expect(waits).toBeInstanceOf(Promise);
      let settled = false;
      void waits?.then(() => (settled = true));
      await turns(20);
      expect([settled, socket.isOpen]).toEqual([false, true]);
      for (let n = 0; n < 20 && socket.isOpen; n++) void socket.send(chunk);
      expect(socket.closeCode).toBe(1013);
      await soon(() => expect(settled).toBe(true));
      await client.leave();
    }));

  it('has a generator asked no faster than it reads', () =>
    withServed([Wait], {}, async (at) => {
      const client = await at.connect('/wait');
      client.socket.pause();
      client.send({ type: 'generate' });
      await turns(200);
      expect(sessions[0].bufferedBytes).toBeLessThan(400_000);
      client.socket.resume();
      for (let n = 0; n < 400; n++) expect((await client.nextRaw()).toString().split(' ')[0]).toBe(String(n));
    }));

  it('is not cut for a burst that its handler sends at once, and that it reads', () =>
    withServed([Burst], {}, async (at) => {
      const client = await at.connect('/burst');
      client.send('go');
      for (let n = 0; n < 200; n++) expect((await client.nextRaw()).length).toBe(2_000);
      expect(client.closedWith).toBeUndefined();
    }));
});

@WebSocket('/burst', { bufferLimitBytes: 150_000 })
class Burst {
  @OnMessage()
  burst(_message: string, socket: WebSocketSession) {
    for (let n = 0; n < 200; n++) void socket.send('y'.repeat(2_000));
  }
}

describe('prepared messages', () => {
  it('are what they are made of, once', () => {
    const message = prepareMessage({ a: 1 });
    expect([message.payload, prepareMessage(message)]).toEqual(['{"a":1}', message]);
    expect(message.frame).toBe(message.frame);
    expect(prepareMessage(new Uint16Array([1, 2])).payload).toEqual(new Uint8Array([1, 0, 2, 0]));
    expect(prepareMessage(new Uint8Array([7]).buffer).payload).toEqual(new Uint8Array([7]));
    expect(() => prepareMessage(undefined)).toThrow(/WEBSOCKET_UNSENDABLE/);
  });
});
