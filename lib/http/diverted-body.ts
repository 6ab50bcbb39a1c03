import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FrameworkError } from '../errors/framework-error';
import { Deadline, type Expiring } from '../lifetime/deadline';
import { type BodyReader, ChunkedReader, framingOf, LengthReader } from './body-framing';
import { httpErrors } from './errors';
import type { Host } from './exchange';

/** Who is told how the body of a diverted request came out. */
export interface BodyListener {
  /** It came whole: what follows on the socket is no part of it. */
  bodyComplete(): void;
  /** More of it came than is kept for who may want it later. */
  bodyTooLong(): void;
  /** The rest of it cannot come. */
  bodyBroken(failure: FrameworkError): void;
}

/**
 * Feeds a request whose connection has left Node's parser with its body, as that would have done, and stops exactly behind
 * it: what follows stays in the socket, unread.
 */
export class DivertedBody implements Expiring {
  readonly #socket: Duplex;
  readonly #request: IncomingMessage;
  readonly #listener: BodyListener;
  readonly #reader: BodyReader;
  readonly #deadline: Deadline;
  readonly #limitBytes: number;
  #bytes = 0;
  #isFull = false;
  #isOver = false;

  private constructor(socket: Duplex, request: IncomingMessage, host: Host, listener: BodyListener, reader: BodyReader) {
    this.#socket = socket;
    this.#request = request;
    this.#listener = listener;
    this.#reader = reader;
    this.#deadline = new Deadline(this);
    this.#limitBytes = host.limits.bodyLimitBytes;
    request._read = this.#wanted;
    const { requestTimeoutMs } = host.limits;
    if (requestTimeoutMs > 0) host.deadlines.arm(this.#deadline, host.clock.now(), requestTimeoutMs);
    socket.on('readable', this.#pump).once('end', this.#cut).once('close', this.#cut);
  }

  /** Begins to read. Out: `undefined` when its length cannot be understood (RFC 9112 §6.3). */
  static open(socket: Duplex, request: IncomingMessage, host: Host, listener: BodyListener): DivertedBody | undefined {
    const framing = framingOf(request);
    if (framing === undefined) return undefined;
    const reader = framing === 'chunked' ? new ChunkedReader() : new LengthReader(framing);
    return new DivertedBody(socket, request, host, listener, reader);
  }

  deadlineReached(): void {
    this.#break(httpErrors.REQUEST_TIMEOUT());
  }

  /** Whoever reads the request wants more of it. */
  readonly #wanted = (): void => {
    this.#isFull = false;
    this.#pump();
  };

  readonly #pump = (): void => {
    while (!this.#isOver && !this.#isFull) {
      const bytes = this.#socket.read() as Buffer | null;
      if (bytes === null) return;
      this.#take(bytes);
    }
  };

  #take(bytes: Buffer): void {
    let taken: number;
    try {
      taken = this.#reader.take(bytes, (part) => {
        this.#bytes += part.length;
        this.#isFull = !this.#request.push(part);
      });
    } catch (error) {
      this.#break(httpErrors.REQUEST_MALFORMED({}, { cause: error }));
      return;
    }
    if (this.#bytes > this.#limitBytes) this.#listener.bodyTooLong();
    if (this.#reader.complete) this.#finish(bytes.subarray(taken));
  }

  #finish(rest: Buffer): void {
    this.#stop();
    if (rest.length > 0) this.#socket.unshift(rest);
    const request = this.#request;
    if (this.#reader instanceof ChunkedReader && this.#reader.trailers.length > 0) keepTrailers(request, this.#reader.trailers);
    request.complete = true;
    request.push(null);
    this.#listener.bodyComplete();
  }

  readonly #cut = (): void => this.#break(httpErrors.BODY_INCOMPLETE());

  #break(failure: FrameworkError): void {
    if (this.#isOver) return;
    this.#stop();
    this.#listener.bodyBroken(failure);
  }

  #stop(): void {
    this.#isOver = true;
    this.#deadline.disarm();
    this.#socket.off('readable', this.#pump).off('end', this.#cut).off('close', this.#cut);
    this.#request._read = nothing;
  }
}

function keepTrailers(request: IncomingMessage, fields: readonly string[]): void {
  request.rawTrailers = [...fields];
  const trailers: Record<string, string> = {};
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i].toLowerCase();
    trailers[name] = Object.hasOwn(trailers, name) ? `${trailers[name]}, ${fields[i + 1]}` : fields[i + 1];
  }
  request.trailers = trailers;
}

function nothing(): void {
  // There is no more.
}
