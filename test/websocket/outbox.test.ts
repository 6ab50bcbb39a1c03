import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { OnMessage, WebSocket, WebSocketSession } from 'rockstar-web';
import { clientFrame, closePayload, OPCODE, RawWebSocket } from './raw-web-socket';
import { Served } from './served';

class Echo {
  @OnMessage()
  echo(message: string, socket: WebSocketSession) {
    if (message === 'leave') socket.close(4_000, 'bye');
    return message;
  }
}

@WebSocket('/cut')
class Cutting extends Echo {}

/** Room for a few answers. */
@WebSocket('/small-cut', { bufferLimitBytes: 1_000 })
class SmallCutting extends Echo {}

@WebSocket('/small-skip', { bufferLimitBytes: 1_000, backpressure: 'skip' })
class SmallSkipping extends Echo {}

@WebSocket('/large')
class Large {
  @OnMessage()
  enlarge(message: string) {
    return message.padEnd(30_000);
  }
}

/** How many bytes each write to a connection of the server hands to the system. */
let writes: number[] = [];

function watchWrites(message: unknown): void {
  const { socket } = message as { readonly socket: Socket };
  const one = socket._write.bind(socket);
  const several = socket._writev?.bind(socket);
  socket._write = (chunk: Buffer, encoding, done) => {
    writes.push(chunk.length);
    one(chunk, encoding, done);
  };
  socket._writev = (chunks, done) => {
    writes.push(chunks.reduce((sum, { chunk }) => sum + (chunk as Buffer).length, 0));
    several?.(chunks, done);
  };
}

describe('answers to what came in one piece', () => {
  let served: Served;
  let client: RawWebSocket;

  beforeEach(async () => {
    subscribe('net.server.socket', watchWrites);
    served = await Served.open([Cutting, SmallCutting, SmallSkipping, Large]);
  });

  afterEach(async () => {
    unsubscribe('net.server.socket', watchWrites);
    await client.leave();
    await served.close();
  });

  /** Sends frames in one segment. Out: the next `count` frames of the server, as text. */
  const ask = async (path: string, frames: readonly Uint8Array[], count: number): Promise<string[]> => {
    client = await RawWebSocket.connect(served.url, path);
    writes = [];
    client.write(...frames);
    const got: string[] = [];
    while (got.length < count) {
      const frame = await client.next();
      if (frame === undefined) return [...got, 'the end'];
      got.push(frame.payload.toString('latin1'));
    }
    return got;
  };

  const numbers = Array.from({ length: 50 }, (_, n) => String(n));
  const asked = numbers.map((text) => clientFrame(text));
  const written = (): number => writes.reduce((sum, one) => sum + one, 0);

  it('leave in one write', async () => {
    expect(await ask('/cut', asked, 50)).toEqual(numbers);
    expect(writes).toEqual([written()]);
  });

  it('leave in one write when only a part of the next message came', async () => {
    expect(await ask('/cut', [...asked, clientFrame('the next').subarray(0, 5)], 50)).toEqual(numbers);
    expect(writes).toEqual([written()]);
  });

  it('keep their order among other frames, in front of the closing', async () => {
    const ping = clientFrame('ping', { opcode: OPCODE.ping });
    const close = clientFrame(closePayload(1_000), { opcode: OPCODE.close });
    const closed = closePayload(1_000).toString('latin1');
    expect(await ask('/cut', [asked[0], ping, asked[1], close, asked[2]], 5)).toEqual(['0', 'ping', '1', closed, 'the end']);
    await client.leave();
    const left = closePayload(4_000, 'bye').toString('latin1');
    expect(await ask('/cut', [asked[0], clientFrame('leave'), asked[1]], 2)).toEqual(['0', left]);
    expect(writes).toEqual([written()]);
  });

  it.each(['/small-cut', '/small-skip'])('are no sign of a client that is behind: %s', async (path) => {
    const texts = numbers.map((text) => text.repeat(100));
    const frames = texts.map((text) => clientFrame(text));
    expect(await ask(path, frames, 50)).toEqual(texts);
    expect(writes.length).toBeGreaterThan(1);
  });

  it('do not pile up', async () => {
    expect(await ask('/large', asked, 50)).toEqual(numbers.map((text) => text.padEnd(30_000)));
    expect(Math.max(...writes)).toBeLessThan(130_000);
  });
});
