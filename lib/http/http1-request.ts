// Hot: Node's parser makes one for each request over HTTP/1.1.
import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { parserOf } from './parser-hook';

/** Takes a body from Node's parser, chunk by chunk, `null` behind the last. Out: whether more may come at once. */
export type Receive = (chunk: Buffer | null) => boolean;

/** What Node's server calls on a request that nobody has read, once it is answered. */
const { _dump: dump } = IncomingMessage.prototype as unknown as { _dump: (this: IncomingMessage) => void };

/**
 * A request that is a stream only for those who read it as one.
 *
 * Coming to an end as a stream, though nobody reads it, costs Node three ticks, a listener and two events, for a request
 * without a body as well: 2 of 24 µs of a `GET` (Node 20). So the end is kept back until somebody asks for the stream.
 */
export class Http1Request extends IncomingMessage {
  /** Who takes the body before it becomes a stream; `undefined`: it does become one. */
  receiver: Receive | undefined;
  /** Whether nobody has asked for the stream. */
  private isUnasked: boolean;
  /** Whether the end has come, and the stream was not told. */
  private isEndKept: boolean;

  constructor(socket: Socket) {
    super(socket);
    this.receiver = undefined;
    this.isUnasked = false;
    this.isEndKept = false;
  }

  /** From here on whoever wants the stream asks by `asStream`. */
  keepUnasked(): void {
    this.isUnasked = true;
  }

  /** The request as a stream, which comes to its end as any does. */
  asStream(): this {
    this.isUnasked = false;
    if (this.isEndKept) {
      this.isEndKept = false;
      super.push(null);
    }
    return this;
  }

  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (this.receiver !== undefined) return this.receiver(chunk as Buffer | null);
    if (this.isUnasked) {
      if (chunk === null && this.readableFlowing === null) {
        this.isEndKept = true;
        return false;
      }
      this.isUnasked = false;
    }
    return super.push(chunk, encoding);
  }

  /** It is answered: its parser lets go of it, as it does of one that was read to its end. */
  _dump(): void {
    if (!this.isEndKept) {
      dump.call(this);
      return;
    }
    const parser = parserOf(this.socket) as { incoming?: unknown } | null;
    if (parser?.incoming === this) parser.incoming = null;
  }
}
