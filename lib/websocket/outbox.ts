// Hot: what is sent to one client goes through here.
import type { Duplex } from 'node:stream';
import { binaryFrame, binaryHeader, textFrame } from './frame';
import { PreparedMessage, toPayload } from './prepared-message';
import type { Socket } from './upgrade';
import type { WebSocketSettings } from './web-socket-options';

/** What becomes of a message that its client has no room for. */
interface Overflow {
  /** It is left out (`skip`). */
  skipped(): void;
  /** The session ends (`cut`, and `wait` where nobody waited). */
  overflowed(bufferedBytes: number): void;
}

/** Whole frames are written to the stream itself, between those of `ws`; only what is compressed goes through it. */
export class Outbox {
  readonly #stream: Duplex;
  readonly #socket: Socket;
  readonly #settings: WebSocketSettings;
  readonly #deflates: boolean;
  readonly #overflow: Overflow;
  #room: Promise<void> | undefined;

  constructor(stream: Duplex, socket: Socket, settings: WebSocketSettings, overflow: Overflow) {
    this.#stream = stream;
    this.#socket = socket;
    this.#settings = settings;
    this.#deflates = socket.extensions !== '';
    this.#overflow = overflow;
    this.#room = undefined;
  }

  /** What waits for the client to read. */
  get bufferedBytes(): number {
    return this.#deflates ? this.#socket.bufferedAmount : this.#stream.writableLength;
  }

  /** Settles when the stream takes more, where it does not now; else `undefined`. For sources that can be told to wait. */
  get room(): Promise<void> | undefined {
    return this.#stream.writableNeedDrain ? (this.#room ??= this.#drained()) : undefined;
  }

  /** Sends text, bytes, or JSON. Out: whether it was; with `wait`, where the client is behind, a promise that settles when it has caught up. */
  send(data: unknown): boolean | Promise<void> {
    if (data instanceof PreparedMessage) return this.sendPrepared(data);
    const payload = toPayload(data);
    if (this.#deflates) return this.#deflate(payload);
    if (typeof payload === 'string') return this.#write(textFrame(payload));
    if (payload.length <= MOST_COPIED) return this.#write(binaryFrame(payload));
    return this.#write(binaryHeader(payload.length), payload);
  }

  /** `send` for what was framed before. */
  sendPrepared(message: PreparedMessage): boolean | Promise<void> {
    return this.#deflates ? this.#deflate(message.payload) : this.#write(message.frame);
  }

  /** In: a whole frame, or its header and what it is of. */
  #write(frame: Uint8Array, payload?: Uint8Array): boolean | Promise<void> {
    const stream = this.#stream;
    // What is held back is not for want of room: it must not count as that.
    if (stream.writableCorked > 0 && stream.writableLength > this.#mostHeldBack) letGo(stream);
    const before = stream.writableLength;
    if (!this.#hasRoom(before)) return false;
    if (this.#isBehind(before)) return new Promise((resolve) => this.#put(frame, payload, () => resolve()));
    // More came with what is being handled: answers to it leave in one write, at the end of this tick.
    if (this.#socket._receiver._bufferedBytes > 0 && stream.writableCorked === 0) {
      stream.cork();
      process.nextTick(letGo, stream);
    }
    this.#put(frame, payload);
    return true;
  }

  get #mostHeldBack(): number {
    return Math.min(MOST_HELD_BACK, this.#settings.bufferLimitBytes / 4);
  }

  #put(frame: Uint8Array, payload: Uint8Array | undefined, done?: () => void): void {
    const stream = this.#stream;
    if (payload === undefined) {
      stream.write(frame, done);
      return;
    }
    stream.cork();
    stream.write(frame);
    stream.write(payload, done);
    stream.uncork();
  }

  #deflate(payload: string | Uint8Array): boolean | Promise<void> {
    const socket = this.#socket;
    if (!this.#hasRoom(socket.bufferedAmount)) return false;
    const length = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
    const options = { binary: typeof payload !== 'string', compress: length >= (this.#settings.deflateFromBytes ?? 0) };
    if (this.#isBehind(socket.bufferedAmount)) {
      return new Promise((resolve) => socket.send(payload, options, () => resolve()));
    }
    socket.send(payload, options);
    return true;
  }

  #hasRoom(bufferedBytes: number): boolean {
    const { bufferLimitBytes, backpressure } = this.#settings;
    if (bufferedBytes < bufferLimitBytes) return true;
    if (backpressure === 'skip') this.#overflow.skipped();
    else this.#overflow.overflowed(bufferedBytes);
    return false;
  }

  #isBehind(bufferedBytes: number): boolean {
    const { bufferLimitBytes, backpressure } = this.#settings;
    return backpressure === 'wait' && bufferedBytes > bufferLimitBytes / 4;
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const stream = this.#stream;
      const settle = (): void => {
        stream.off('drain', settle).off('close', settle);
        this.#room = undefined;
        resolve();
      };
      stream.on('drain', settle).on('close', settle);
    });
  }
}

function letGo(stream: Duplex): void {
  stream.uncork();
}

const MOST_HELD_BACK = 64 * 1024;
/** Copying more than this costs more than a second buffer to write. */
const MOST_COPIED = 16 * 1024;
