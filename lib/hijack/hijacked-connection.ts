// Hot: all bytes of a hijacked connection go through here.
import type { ServerHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import type { Observable } from 'rxjs';
import type { Exchange } from '../http/exchange';
import { HTTP2_CODES } from '../http/http2-codes';
import type { Takeover } from '../http/takeover';
import type { HttpProtocol } from '../http/target';
import { cancelledBecause } from '../lifetime/end-reason';
import type { AcceptHeaders } from './accept-head';
import { ConnectionAnswer } from './connection-answer';
import { ConnectionDeadlines, type DeadlineTime } from './connection-deadlines';
import type { ConnectionTimeoutError } from './connection-timeout-error';
import { type Done, DrainedWrites } from './drained-writes';
import { hijackErrors } from './errors';
import { observeData } from './observe-data';
import { LARGEST_READ_BYTES, LONGEST_LINE_BYTES, PromisedReads } from './promised-reads';

/**
 * A connection that a handler has taken over: its bytes are the handler's. A `Duplex`, so that pipelines, async iteration
 * and the like work; what the client sent right behind its request (behind the body, if that has one) is read first.
 *
 * Over HTTP/1.1 it is the TCP or TLS connection itself, over HTTP/2 the stream of a CONNECT (RFC 8441, RFC 9113 §8.5).
 * Nothing else touches it: no time-out, no parser, no answer. An `error` that nobody listens to, or a promise that nobody waits for,
 * ends it and nothing else.
 *
 * Ends: when the handler returns (behind everything written, as long as the client reads it) or fails; when both sides ended
 * theirs; by `close()` or `destroy()`; when a deadline passes that nobody can be told of otherwise; when the client is gone;
 * at shutdown, a while after `finishing`.
 */
export class HijackedConnection extends Duplex {
  /** What is spoken from here on: the protocol of the route, or the first that the client asked for; `undefined`: nobody said. */
  readonly protocol: string | undefined;
  /** @internal Of what was to be done with it. In: the code. */
  readonly countFailure: (code: string) => void;
  readonly #stream: Duplex;
  /** Whether it is known that nothing stands between what is written and the stream. */
  #isClear: boolean;
  readonly #takeover: Takeover;
  readonly #deadlines: ConnectionDeadlines;
  readonly #reads: PromisedReads;
  readonly #writes: DrainedWrites;
  readonly #answer: ConnectionAnswer;
  /** The deadline it was destroyed for. */
  #passed: ConnectionTimeoutError | undefined;
  #isListening: boolean;
  #inputEnded: boolean;
  /** Whether a line was asked for when none was left. */
  #isReadOut: boolean;
  #closing: Promise<void> | undefined;

  /** @internal `ctx.hijack()` makes one. */
  constructor(takeover: Takeover, protocol: string | undefined, countFailure: (code: string) => void) {
    super({ allowHalfOpen: true });
    const { stream, exchange } = takeover;
    this.protocol = protocol;
    this.countFailure = countFailure;
    this.#stream = stream;
    this.#isClear = false;
    this.#takeover = takeover;
    this.#deadlines = new ConnectionDeadlines(exchange.host, (error) => this.#deadlinePassed(error));
    this.#reads = new PromisedReads({
      take: (size) => super.read(size) as Buffer | null,
      giveBack: (bytes) => this.unshift(bytes),
      inputEnded: () => this.#inputEnded,
      endTold: () => this.readableEnded,
      on: (event, listener) => this.on(event, listener),
      off: (event, listener) => this.off(event, listener),
    });
    this.#writes = new DrainedWrites(stream);
    this.#answer = new ConnectionAnswer(takeover, protocol);
    this.#passed = undefined;
    this.#isListening = false;
    this.#inputEnded = false;
    this.#isReadOut = false;
    this.#closing = undefined;
    this.on('error', ignore);
    stream.once('close', () => this.#streamClosed());
  }

  /** What carries it: a connection of `1.1`, or a stream of `2.0`. */
  get httpVersion(): HttpProtocol {
    return this.#takeover.protocol;
  }

  /** The address of the peer, as the socket has it; empty when there is none. */
  get remoteAddress(): string {
    return this.#takeover.exchange.connection.remoteAddress;
  }

  /** Whether it goes over TLS. */
  get encrypted(): boolean {
    return this.#takeover.exchange.connection.encrypted;
  }

  /** Aborted with a `CancelledError` when the connection ends and our side had not asked for it; the request's own signal. */
  get signal(): AbortSignal {
    return this.#takeover.lifetime.signal;
  }

  /** Aborted when the application is asked to stop: the moment to say goodbye. */
  get finishing(): AbortSignal {
    return this.#takeover.lifetime.finishing;
  }

  /** What comes, as an Observable; completes when the client ends its side. Unsubscribing stops reading. */
  get data$(): Observable<Buffer> {
    return observeData(this, () => this.#failure());
  }

  /**
   * Answers the client with a head: a status line over HTTP/1.1, `:status` over HTTP/2. Over HTTP/1.1 the handler may just
   * as well write what it likes.
   *
   * In: `status`, default 101 where the client asked for a protocol, else 200; over HTTP/2 a 101 is a 200 (RFC 8441 §5).
   * `headers`: those of a switch of protocols are added to a 101, and left out over HTTP/2. `reason`: the text behind the
   * status. Out: the connection.
   * Fails with: HIJACK_ALREADY_ACCEPTED, HIJACK_HEAD_INVALID.
   */
  accept(status?: number, headers: AcceptHeaders = {}, reason?: string): this {
    this.#answer.accept(status, headers, reason);
    return this;
  }

  /**
   * Answers the client with a failure (RFC 9457) in place of accepting it, and closes. In: an `HttpError`; anything else is
   * a 500 that tells nothing. Where the client was answered already, it only closes. Out: see `close()`.
   */
  refuse(error: unknown): Promise<void> {
    this.#answer.refuse(error);
    return this.close();
  }

  /**
   * Reads a line, as UTF-8 and without its end (LF, or CR LF). Out: `undefined` when the client has ended its side and
   * nothing is left; who asks again after that fails.
   *
   * In: `limitBytes` of a line, default 64 KiB.
   * Fails with: HIJACK_LINE_TOO_LONG (what came stays to be read), HIJACK_INPUT_ENDED, HIJACK_READ_TEXT, CONNECTION_TIMEOUT; a
   * `CancelledError`, or the error of the socket, when the connection is gone.
   */
  readLine(options: { readonly limitBytes?: number } = {}): Promise<string | undefined> {
    return unneeded(this.#readLine(options.limitBytes ?? LONGEST_LINE_BYTES));
  }

  /**
   * Reads so many bytes: exactly, however they come.
   *
   * In: 0 to 16 MiB.
   * Fails with: HIJACK_INPUT_ENDED when the client ends its side before (what came stays to be read), HIJACK_READ_INVALID,
   * HIJACK_READ_TEXT, CONNECTION_TIMEOUT; a `CancelledError`, or the error of the socket, when the connection is gone.
   */
  readExactly(size: number): Promise<Buffer> {
    return unneeded(this.#readExactly(size));
  }

  /** Looks at the next bytes without taking them: so many, or what there is before the end. In and failures: see `readExactly`. */
  peek(size: number): Promise<Buffer> {
    return unneeded(this.#peek(size));
  }

  /**
   * Writes, and waits while the client does not read: settles when there is room for more.
   *
   * Fails with: CONNECTION_TIMEOUT; a `CancelledError`, or the error of the socket, when the connection is gone.
   */
  send(data: string | Uint8Array): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => {
      if (this.destroyed) reject(this.#failure());
      else this.write(data, (error) => (error ? reject(this.errored ?? error) : resolve()));
    });
    return unneeded(sent);
  }

  /**
   * Bounds the whole connection, and lifts the other two: what they bound when they are set again, it still bounds as well.
   *
   * In: milliseconds from now, or a Date; nothing, 0 or `Infinity` lifts it. When it passes, what is promised by `readLine`,
   * `readExactly` and `peek` fails with CONNECTION_TIMEOUT, and so does all that is asked later, until it is set again. A
   * stream that flows, and writes that wait for the client, cannot go on without what is missing: they destroy the
   * connection with that error. Out: the connection. Fails with: HIJACK_DEADLINE_INVALID.
   */
  setDeadline(when?: DeadlineTime): this {
    this.#deadlines.setWhole(when);
    return this;
  }

  /** Bounds reading, likewise. Renew it by setting it before each read. */
  setReadDeadline(when?: DeadlineTime): this {
    this.#deadlines.setRead(when);
    return this;
  }

  /** Bounds writing, likewise: when it passes while the client does not read what was written, the connection is destroyed. */
  setWriteDeadline(when?: DeadlineTime): this {
    this.#deadlines.setWrite(when);
    return this;
  }

  /** Ends it behind everything that was written, as long as the client reads that. Out: settles when it is closed; never fails. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Settles when it is closed, whoever closed it: for handlers that work by events to return. Never fails. */
  whenClosed(): Promise<void> {
    if (this.#stream.closed) return Promise.resolve();
    return new Promise((resolve) => this.#stream.once('close', () => resolve()));
  }

  /** Other than that of Node's streams, it leaves the connection open: what was read to its end can be written to. */
  override [Symbol.asyncIterator](): NodeJS.AsyncIterator<Buffer> {
    return this.iterator({ destroyOnReturn: false }) as NodeJS.AsyncIterator<Buffer>;
  }

  /** @internal The request it came from. */
  get exchange(): Exchange {
    return this.#takeover.exchange;
  }

  /** @internal Destroys it so that the client can tell that from an end. */
  abort(): void {
    this.#takeover.abort();
    this.destroy();
  }

  /** @internal Whether the client was answered, by a head or by bytes. */
  get isAnswered(): boolean {
    return this.#answer.isGiven;
  }

  /** @internal Whoever waits for bytes gets none from here on. */
  override setEncoding(encoding: BufferEncoding): this {
    this.#reads.fail(hijackErrors.HIJACK_READ_TEXT({ call: 'What waits for bytes' }));
    return super.setEncoding(encoding);
  }

  /** @internal */
  override read(size?: number): unknown {
    const late = this.#deadlines.readError;
    if (late === undefined || size === 0) return super.read(size);
    this.#destroyFor(late);
    return null;
  }

  /**
   * @internal What its stream takes at once goes there straight away: nothing waits, nobody has to be told, and the steps of a
   * `Writable` cost more than the write (1 of 23 µs a piece).
   */
  override write(chunk: unknown, encoding?: BufferEncoding | Done, done?: Done): boolean {
    const stream = this.#stream;
    if (
      chunk instanceof Uint8Array &&
      encoding === undefined &&
      done === undefined &&
      (this.#isClear ||= this.#looksClear()) &&
      !stream.destroyed &&
      stream.writableLength + chunk.length < stream.writableHighWaterMark
    ) {
      return stream.write(chunk);
    }
    this.#isClear = false;
    return super.write(chunk, encoding as BufferEncoding, done);
  }

  /** @internal */
  override end(...what: unknown[]): this {
    this.#isClear = false;
    return super.end(...(what as []));
  }

  /** @internal */
  override cork(): void {
    this.#isClear = false;
    super.cork();
  }

  /** Whether nothing stands between what is written and the stream. What would, takes `#isClear` back. */
  #looksClear(): boolean {
    const isOpen = !this.writableEnded && !this.destroyed && this.#deadlines.writeError === undefined;
    return isOpen && this.#answer.isGiven && this.writableLength === 0 && this.writableCorked === 0;
  }

  /** @internal */
  override _read(): void {
    if (!this.#isListening) {
      this.#isListening = true;
      this.#stream.on('data', this.#came).once('end', this.#ended);
      // The client may have ended its side before anybody took the connection.
      if (this.#stream.readableEnded) this.#ended();
    }
    this.#stream.resume();
  }

  /** @internal As much as the stream takes at once is through; what it keeps waits for the client. */
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    const late = this.#deadlines.writeError;
    if (late !== undefined) {
      done((this.#passed = late));
      return;
    }
    this.#answer.bytesFollow();
    this.#writes.write(chunk, done);
  }

  /** @internal */
  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    const late = this.#deadlines.writeError;
    if (late !== undefined) {
      done((this.#passed = late));
      return;
    }
    this.#answer.bytesFollow();
    this.#writes.writeAll(chunks, done);
  }

  /** @internal */
  override _final(done: Done): void {
    if (this.#stream.writableEnded || this.#stream.destroyed) {
      done();
      return;
    }
    this.#answer.bytesFollow();
    this.#stream.end(() => done());
  }

  /** @internal */
  override _destroy(error: Error | null, done: Done): void {
    this.#isClear = false;
    this.#stream.off('data', this.#came);
    this.#deadlines.disarm();
    this.#takeover.destroy(error !== null && error === this.#passed ? 'deadline' : 'finished');
    const failure = error ?? this.#gone();
    this.#reads.fail(failure);
    this.#writes.fail(failure);
    done(error);
  }

  readonly #came = (chunk: Buffer): void => {
    // What `push` does with what somebody takes at once, without looking for more in a tick of its own: the stream flows.
    const isTakenAtOnce = this.readableFlowing === true && this.readableLength === 0 && this.readableEncoding === null;
    if (isTakenAtOnce) this.emit('data', chunk);
    else if (!this.push(chunk)) this.#stream.pause();
  };

  readonly #ended = (): void => {
    // Node tells of a stream that was reset as of one that ended; its close follows.
    if (this.httpVersion === '2.0' && ((this.#stream as ServerHttp2Stream).rstCode ?? 0) !== HTTP2_CODES.NO_ERROR) return;
    this.#inputEnded = true;
    this.push(null);
  };

  async #readLine(limit: number): Promise<string | undefined> {
    this.#checkReadable('readLine()');
    if (this.#isReadOut) throw hijackErrors.HIJACK_INPUT_ENDED({ wanted: 1, got: 0 });
    const line = await this.#reads.line(limit);
    if (line === undefined) this.#isReadOut = true;
    return line;
  }

  async #readExactly(size: number): Promise<Buffer> {
    checkSize(size, 'readExactly()');
    this.#checkReadable('readExactly()');
    return this.#reads.bytes(size);
  }

  async #peek(size: number): Promise<Buffer> {
    checkSize(size, 'peek()');
    this.#checkReadable('peek()');
    return this.#reads.peek(size);
  }

  #checkReadable(call: string): void {
    if (this.readableEncoding !== null) throw hijackErrors.HIJACK_READ_TEXT({ call });
    const late = this.#deadlines.readError;
    if (late !== undefined) throw late;
    if (this.destroyed) throw this.#failure();
  }

  #deadlinePassed(error: ConnectionTimeoutError): void {
    const reads = error.deadline !== 'write';
    const writes = error.deadline !== 'read';
    const isPromised = this.#reads.isWaiting;
    const isFlowing = !isPromised && (this.readableFlowing === true || this.listenerCount('readable') > 0);
    const isUnread = this.writableLength + this.#stream.writableLength > 0;
    if (writes) this.#isClear = false;
    if (reads) this.#reads.fail(error);
    if ((reads && isFlowing) || (writes && isUnread)) this.#destroyFor(error);
  }

  #destroyFor(error: ConnectionTimeoutError): void {
    this.#passed = error;
    this.destroy(error);
  }

  async #close(): Promise<void> {
    const closed = this.whenClosed();
    this.#stream.off('data', this.#came);
    this.#takeover.close(this);
    await closed;
    this.destroy();
  }

  /** What came stays to be read when both sides ended theirs; else it is over. */
  #streamClosed(): void {
    if (this.#inputEnded && this.#stream.writableFinished) return;
    this.destroy(this.#stream.errored ?? undefined);
  }

  /** Why nothing comes of it any more. */
  #failure(): Error {
    return this.errored ?? this.#gone();
  }

  #gone(): Error {
    const { reason = 'client' } = this.#takeover.lifetime;
    return cancelledBecause(reason === 'finished' ? 'manual' : reason);
  }
}

/** Whoever waits for it meets its failure; that nobody does, and the client is gone, is no reason to end the process. */
function unneeded<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  return promise;
}

function checkSize(size: number, call: string): void {
  if (Number.isInteger(size) && size >= 0 && size <= LARGEST_READ_BYTES) return;
  throw hijackErrors.HIJACK_READ_INVALID({ call, limit: LARGEST_READ_BYTES, got: String(size) });
}

function ignore(): void {
  // The end of the connection tells of it.
}
