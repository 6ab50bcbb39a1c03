import { once } from 'node:events';
import fc from 'fast-check';
import type { Writable } from 'node:stream';
import ws from 'ws';
import { OnClose, OnMessage, WebSocket, WebSocketSession } from 'rockstar-web';
import { binaryFrame, binaryHeader, textFrame } from '../../lib/websocket/frame';
import { soon } from '../support/soon';
import { clientFrame, closePayload, OPCODE, RawWebSocket } from './raw-web-socket';
import { Served } from './served';

let closed: unknown[] = [];

/** What the types of `ws` leave out. */
const { Receiver } = ws as unknown as {
  readonly Receiver: new (options: { readonly isServer: boolean; readonly maxPayload: number }) => Writable;
};

@WebSocket('/echo', { messageLimitBytes: 1_000 })
class Echo {
  @OnMessage()
  echo(message: string | Buffer) {
    return message;
  }

  @OnClose()
  closed(socket: WebSocketSession) {
    closed.push(socket.closeCode);
  }
}

describe('frames of clients (RFC 6455)', () => {
  let served: Served;
  let client: RawWebSocket;

  beforeEach(async () => {
    closed = [];
    served = await Served.open([Echo]);
    client = await RawWebSocket.connect(served.url, '/echo');
  });

  afterEach(async () => {
    await client.leave();
    await served.close();
  });

  /** The close frame of the server, and that nothing follows it. */
  const closeCode = async (): Promise<number | undefined> => {
    const frame = await client.next();
    expect(frame?.opcode).toBe(OPCODE.close);
    return frame?.payload.readUInt16BE(0);
  };

  it('echoes them unmasked and whole (§5.1)', async () => {
    client.write(clientFrame('hello'), clientFrame(Buffer.from([1, 2]), { opcode: OPCODE.binary }));
    expect(await client.next()).toEqual({ opcode: OPCODE.text, fin: true, masked: false, payload: Buffer.from('hello') });
    expect(await client.next()).toEqual({ opcode: OPCODE.binary, fin: true, masked: false, payload: Buffer.from([1, 2]) });
  });

  it('takes fragments as one message, with control frames in between (§5.4)', async () => {
    client.write(
      clientFrame('he', { fin: false }),
      clientFrame('ping me', { opcode: OPCODE.ping }),
      clientFrame('', { opcode: OPCODE.continuation, fin: false }),
      clientFrame('llo', { opcode: OPCODE.continuation }),
    );
    expect(await client.next()).toMatchObject({ opcode: OPCODE.pong, payload: Buffer.from('ping me') });
    expect((await client.next())?.payload.toString()).toBe('hello');
  });

  it('takes a frame in single bytes', async () => {
    for (const byte of clientFrame('slowly')) {
      client.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await client.next())?.payload.toString()).toBe('slowly');
  });

  it('answers many messages of one packet in their order', async () => {
    client.write(...Array.from({ length: 200 }, (_, n) => clientFrame(String(n))));
    for (let n = 0; n < 200; n++) expect((await client.next())?.payload.toString()).toBe(String(n));
  });

  it.each<[string, Buffer, number]>([
    ['an unmasked frame (§5.1)', clientFrame('hello', { masked: false }), 1002],
    ['a reserved bit (§5.2)', clientFrame('hello', { reserved: 0x40 }), 1002],
    ['an unknown opcode (§5.2)', clientFrame('hello', { opcode: 3 }), 1002],
    ['a continuation of nothing (§5.4)', clientFrame('hello', { opcode: OPCODE.continuation }), 1002],
    ['a message inside of another (§5.4)', Buffer.concat([clientFrame('a', { fin: false }), clientFrame('b')]), 1002],
    ['a fragmented ping (§5.5)', clientFrame('a', { opcode: OPCODE.ping, fin: false }), 1002],
    ['a ping that is too long (§5.5)', clientFrame('a'.repeat(126), { opcode: OPCODE.ping }), 1002],
    ['a close code that is never sent (§7.4)', clientFrame(closePayload(1006), { opcode: OPCODE.close }), 1002],
    ['text that is no UTF-8 (§8.1)', clientFrame(Buffer.from([0xc3, 0x28])), 1007],
    [
      'a reason that is no UTF-8 (§8.1)',
      clientFrame(Buffer.concat([closePayload(1000), Buffer.from([0xff])]), { opcode: OPCODE.close }),
      1007,
    ],
    ['a message beyond the limit', clientFrame('x'.repeat(1_001)), 1009],
    ['a message whose header says so', clientFrame('', { length: 2 ** 31 }), 1009],
    [
      'fragments beyond the limit',
      Buffer.concat([
        clientFrame('x'.repeat(600), { fin: false }),
        clientFrame('x'.repeat(600), { opcode: OPCODE.continuation }),
      ]),
      1009,
    ],
  ])('closes for %s', async (_, frame, code) => {
    client.write(clientFrame('before'), frame);
    expect((await client.next())?.payload.toString()).toBe('before');
    expect(await closeCode()).toBe(code);
    client.write(clientFrame(closePayload(code), { opcode: OPCODE.close }));
    expect(await client.next()).toBeUndefined();
    client.end();
    await soon(() => expect(closed).toEqual([code]));
    expect(await served.metric(`websocket_closed_total{code="${code}",route="/echo"}`)).toBe(1);
  });

  it('answers a close with its code, and closes the connection (§5.5.1, §7.1.1)', async () => {
    client.write(clientFrame(closePayload(3_001, 'done'), { opcode: OPCODE.close }), clientFrame('too late'));
    const frame = await client.next();
    expect(frame).toMatchObject({ opcode: OPCODE.close, payload: closePayload(3_001, 'done') });
    expect(await client.next()).toBeUndefined();
    client.end();
    await soon(() => expect(closed).toEqual([3_001]));
  });

  it('answers a close without a code', async () => {
    client.write(clientFrame('', { opcode: OPCODE.close }));
    expect(await client.next()).toMatchObject({ opcode: OPCODE.close, payload: Buffer.alloc(0) });
    client.end();
    await soon(() => expect(closed).toEqual([1005]));
  });

  it('counts a client that half-closes or is cut as one that vanished (1006)', async () => {
    client.write(clientFrame('hello'));
    await client.next();
    client.end();
    expect(await client.next()).toBeUndefined();
    client.end();
    await soon(() => expect(closed).toEqual([1006]));
  });

  it('answers the pings of a packet, and cuts a flood of them', async () => {
    client.write(...Array.from({ length: 50 }, (_, n) => clientFrame(String(n), { opcode: OPCODE.ping })));
    for (let n = 0; n < 50; n++)
      expect(await client.next()).toMatchObject({ opcode: OPCODE.pong, payload: Buffer.from(String(n)) });
    client.write(...Array.from({ length: 500 }, () => clientFrame('', { opcode: OPCODE.ping })));
    await soon(() => expect(closed).toEqual([1006]));
  });
});

describe('frames of the server', () => {
  /** What a client by `ws` makes of frames. */
  const received = async (frames: Buffer): Promise<[Buffer, boolean][]> => {
    const receiver = new Receiver({ isServer: false, maxPayload: 0 });
    const messages: [Buffer, boolean][] = [];
    receiver.on('message', (data: Buffer, isBinary: boolean) => messages.push([Buffer.from(data), isBinary]));
    receiver.end(frames);
    await once(receiver, 'finish');
    return messages;
  };

  it('are read by ws as what they were made of, whatever that was', async () => {
    const message = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 5 }), async (messages) => {
        const frames = messages.map((one) => (typeof one === 'string' ? textFrame(one) : binaryFrame(one)));
        const expected = messages.map((one) => [Buffer.from(one as string), typeof one !== 'string']);
        expect(await received(Buffer.concat(frames))).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  it.each([0, 1, 100, 101, 125, 126, 127, 65_535, 65_536, 70_000])('have the right length at %d bytes', async (length) => {
    const bytes = Buffer.alloc(length, 'a');
    for (const frame of [textFrame('a'.repeat(length)), binaryFrame(bytes), Buffer.concat([binaryHeader(length), bytes])]) {
      const [[data] = []] = await received(frame);
      expect(bytes.equals(data ?? Buffer.from('nothing'))).toBe(true);
    }
  });
});
