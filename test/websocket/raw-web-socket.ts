import { createHash } from 'node:crypto';
import { RawClient } from '../support/raw-client';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameOptions {
  readonly opcode?: number;
  readonly fin?: boolean;
  readonly masked?: boolean;
  /** Reserved bits, as they stand in the first byte. */
  readonly reserved?: number;
  /** What the header says, where that is not true. */
  readonly length?: number;
}

/** A frame as a client sends it (RFC 6455 §5.2), or as it must not. */
export function clientFrame(payload: string | Uint8Array, options: FrameOptions = {}): Buffer {
  const { opcode = OPCODE.text, fin = true, masked = true, reserved = 0 } = options;
  const bytes = Buffer.from(payload as string);
  const length = options.length ?? bytes.length;
  const head = [(fin ? 0x80 : 0) | reserved | opcode];
  const maskBit = masked ? 0x80 : 0;
  if (length < 126) head.push(maskBit | length);
  else if (length < 65_536) head.push(maskBit | 126, length >> 8, length & 0xff);
  else head.push(maskBit | 127, 0, 0, 0, 0, (length >>> 24) & 0xff, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff);
  if (!masked) return Buffer.concat([Buffer.from(head), bytes]);
  const mask = Buffer.from([0x12, 0x34, 0x56, 0x78]);
  return Buffer.concat([Buffer.from(head), mask, Buffer.from(bytes.map((byte, at) => byte ^ mask[at % 4]))]);
}

/** The payload of a close frame. */
export function closePayload(code: number, reason = ''): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2);
  return payload;
}

export interface ServerFrame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly masked: boolean;
  readonly payload: Buffer;
}

/** The head of an upgrade. In: header fields in place of the usual ones (`undefined` leaves one out). */
export function upgradeHead(path: string, fields: Readonly<Record<string, string | undefined>> = {}, method = 'GET'): string {
  const all: Record<string, string | undefined> = {
    Host: 'kernel.test',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': KEY,
    'Sec-WebSocket-Version': '13',
    ...fields,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\r\n`]));
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** What the server's answer to the key must say (RFC 6455 §4.2.2). */
export const ACCEPT = createHash('sha1').update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

/** A WebSocket whose client's frames are made by hand, and whose server's frames are read strictly. */
export class RawWebSocket {
  readonly head: string;
  readonly #client: RawClient;
  #at: number;

  private constructor(client: RawClient, head: string, at: number) {
    this.#client = client;
    this.head = head;
    this.#at = at;
  }

  /** Upgrades, with `early` in the same packet as the head. */
  static async connect(url: URL, path: string, early: Uint8Array = Buffer.alloc(0)): Promise<RawWebSocket> {
    const client = await RawClient.connect(url);
    client.write(Buffer.concat([Buffer.from(upgradeHead(path)), early]));
    await client.until('\r\n\r\n');
    const at = client.unread.indexOf('\r\n\r\n') + 4;
    return new RawWebSocket(client, client.unread.subarray(0, at).toString('latin1'), at);
  }

  write(...frames: readonly Uint8Array[]): void {
    this.#client.write(Buffer.concat(frames));
  }

  /** The next frame; `undefined` when the server closed its side before one. */
  async next(): Promise<ServerFrame | undefined> {
    for (;;) {
      const frame = this.#take();
      if (frame !== undefined) return frame;
      if (this.#client.ended) return undefined;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Half-closes our side. */
  end(): void {
    this.#client.socket.end();
  }

  pause(): void {
    this.#client.socket.pause();
  }

  /** Cuts the connection. */
  async leave(): Promise<void> {
    this.#client.close();
    await this.#client.closed();
  }

  #take(): ServerFrame | undefined {
    const bytes = this.#client.unread.subarray(this.#at);
    if (bytes.length < 2) return undefined;
    const [first, second] = [bytes[0], bytes[1]];
    let length = second & 0x7f;
    let offset = 2;
    if (length === 126) {
      if (bytes.length < 4) return undefined;
      length = bytes.readUInt16BE(2);
      offset = 4;
    } else if (length === 127) {
      if (bytes.length < 10) return undefined;
      length = Number(bytes.readBigUInt64BE(2));
      offset = 10;
    }
    if (bytes.length < offset + length) return undefined;
    this.#at += offset + length;
    const payload = Buffer.from(bytes.subarray(offset, offset + length));
    return { opcode: first & 0x0f, fin: first >> 7 === 1, masked: second >> 7 === 1, payload };
  }
}
