import { finished, pipeline, Readable, type Writable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { Observable } from 'rxjs';
import { isObservable, subscribeWithin } from '../lifetime/observable';
import { countsAs } from '../resilience/verdict';
import { type ChunkFormat, type Format, formatOf } from './chunk-format';
import { httpErrors } from './errors';
import { type Exchange, routeOf } from './exchange';
import { EventHeartbeat } from './event-heartbeat';
import { replyFailure } from './failure-reply';
import { OverflowWatch } from './overflow-watch';
import { isBodiless, send, type Sending, startSending } from './send';
import { eventsBegin, failToBegin } from './stream-begin';

/** Values over time, to be sent as they come: what `ctx.stream()` and `@Sse` hand over. */
export type StreamSource = Readable | ReadableStream | Observable<unknown> | AsyncIterable<unknown>;

/** A value that says it is a stream, and how to write it. */
export class StreamedReply {
  constructor(
    readonly source: StreamSource,
    readonly format: ChunkFormat,
  ) {}
}

export function isStreamSource(value: object): value is StreamSource {
  return value instanceof Readable || Symbol.asyncIterator in value || isObservable(value);
}

/**
 * Answers with values as they come. The deadline holds until the first of them (server-sent events: until the head, which
 * goes out once the source was begun without failing in the same turn); then it lasts until its source or its client ends. May throw before anything was sent.
 */
export function replyStream(exchange: Exchange, source: StreamSource, format: ChunkFormat): void {
  if (isObservable(source)) replyObservable(exchange, source, format);
  else if (source instanceof Readable && !source.readableObjectMode) replyReadable(exchange, source, format);
  else replyIterable(exchange, source, format);
}

/** HEAD, and statuses without a body: what would be sent is not asked for. */
function isHeadOnly(exchange: Exchange): boolean {
  return exchange.wire.headOnly || isBodiless(exchange.status);
}

/** A byte stream: its first bytes, or its failure, are awaited before the head goes out. */
function replyReadable(exchange: Exchange, source: Readable, format: ChunkFormat): void {
  const { lifetime } = exchange;
  // Sources may fail after they were destroyed, when nobody else listens any more.
  source.on('error', ignore);
  lifetime.defer(() => source.destroy());
  whenReadable(source, (error) => {
    if (lifetime.ended) return;
    const { type } = formatOf(format, Buffer.of());
    try {
      if (error !== undefined) failToBegin(exchange, error);
      else if (isHeadOnly(exchange)) send(exchange, exchange.status, type, undefined);
      else pump(exchange, source, type);
    } catch (failure) {
      replyFailure(exchange, failure);
    }
  });
}

function ignore(): void {
  // See where it is attached.
}

/** Calls `done` once, when there are bytes, the end, or a failure. */
function whenReadable(source: Readable, done: (error?: unknown) => void): void {
  const settle = (error?: unknown): void => {
    source.off('readable', onReadable).off('end', onReadable).off('error', settle).off('close', onClose);
    done(error);
  };
  const onReadable = (): void => settle();
  const onClose = (): void => settle(new Error('The stream was destroyed before it had given anything.'));
  if (source.errored !== null) done(source.errored);
  else if (source.readableLength > 0 || source.readableEnded) done();
  else if (source.destroyed) onClose();
  else source.once('readable', onReadable).once('end', onReadable).once('error', settle).once('close', onClose);
}

function pump(exchange: Exchange, source: Readable, type: string): void {
  const { lifetime } = exchange;
  const length = exchange.field('content-length');
  const sending = startSending(exchange, type, length === undefined ? undefined : Number(length));
  // Before the pipeline hears of it: that destroys both ends, and which of them failed could no longer be told.
  finished(source, { writable: false }, (error) => {
    if (error) sending.fail(error);
  });
  if (length !== undefined) checkLength(source, Number(length), sending);
  if (sending.flush !== undefined) flushPauses(source, sending.flush);
  pipeline(source, sending.out, (error) => {
    if (error) lifetime.end('client');
    else sending.done();
  });
}

/** What has come is sent whenever the source has no more for the moment, and not only when enough is there to be compressed well. */
function flushPauses(source: Readable, flush: () => void): void {
  source.on('data', () => {
    if (source.readableLength === 0) setImmediate(flush);
  });
}

/** A body of another length than was said would be taken for the next response, or the next response for its rest. */
function checkLength(source: Readable, expected: number, sending: Sending): void {
  let got = 0;
  const fail = (): void =>
    sending.fail(
      httpErrors.REPLY_HEADER_INVALID({
        name: 'content-length',
        reason: `it says ${expected}, the stream has ${got} bytes or more`,
      }),
    );
  source.on('data', (chunk: Buffer | string) => {
    got += Buffer.byteLength(chunk);
    if (got > expected) fail();
  });
  source.once('end', () => {
    if (got < expected) fail();
  });
}

function replyIterable(
  exchange: Exchange,
  source: Readable | ReadableStream | AsyncIterable<unknown>,
  format: ChunkFormat,
): void {
  const { lifetime } = exchange;
  const iterator = source instanceof globalThis.ReadableStream ? readerOf(source) : source[Symbol.asyncIterator]();
  // The iterator of a stream that waits for more can only be ended from below.
  if (source instanceof Readable) lifetime.defer(() => source.destroy());
  lifetime.keep();
  void pour(exchange, iterator, new ValueSink(exchange, format)).finally(() => exchange.release());
}

/** A web stream's own iterator would wait for a chunk under way before it lets go. */
function readerOf(source: ReadableStream): AsyncIterator<unknown> {
  const reader = source.getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<unknown>>,
    return: () => reader.cancel().then(() => ({ done: true, value: undefined })),
  };
}

/** Sends value after value, no faster than the client reads. Whatever ends it, the iterator is closed and waited for. Never rejects. */
async function pour({ lifetime }: Exchange, iterator: AsyncIterator<unknown>, sink: ValueSink): Promise<void> {
  let closing: Promise<void> | undefined;
  const close = (): void => void (closing ??= closeIterator(iterator));
  const forget = lifetime.defer(close);
  try {
    // What fails in the turn it is asked in is answered as any failure is.
    let first = sink.opensFirst ? iterator.next() : undefined;
    if (first !== undefined) await Promise.race([first, nextTurn()]);
    if (!lifetime.ended) sink.open();
    while (!lifetime.ended) {
      const next = await (first ?? iterator.next());
      first = undefined;
      if (next.done === true) {
        forget();
        if (!lifetime.ended) sink.complete();
        return;
      }
      if (!lifetime.ended && !sink.put(next.value)) await sink.drained();
    }
  } catch (error) {
    forget();
    close();
    sink.fail(error);
  }
  await closing;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function closeIterator(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // It is over for everybody; there is no answer left that this could become.
  }
}

/** Nothing is thrown into the source: RxJS would raise it where nobody can catch it. */
function replyObservable(exchange: Exchange, source: Observable<unknown>, format: ChunkFormat): void {
  const sink = new ValueSink(exchange, format);
  const attempt = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      sink.fail(error);
    }
  };
  if (isHeadOnly(exchange)) {
    sink.complete();
    return;
  }
  subscribeWithin(exchange.lifetime, source, {
    next: (value) => attempt(() => sink.force(value)),
    error: (error: unknown) => sink.fail(error),
    complete: () => attempt(() => sink.complete()),
  });
  if (!sink.opensFirst) return;
  // What failed by then (a circuit that is open, a promise that was refused) is answered as any failure is.
  void nextTurn().then(() => {
    if (!exchange.replied && !exchange.lifetime.ended) attempt(() => sink.open());
  });
}

/** Where values go one by one. The first says how all are written, and begins the response. */
class ValueSink {
  readonly #exchange: Exchange;
  readonly #format: ChunkFormat;
  #chosen: Format | undefined;
  #sending: Sending | undefined;
  #heartbeat: EventHeartbeat | undefined;
  #overflow: OverflowWatch | undefined;
  /** Whether it failed before anything was sent: something else is the answer, now or later. */
  #hasFailed = false;

  constructor(exchange: Exchange, format: ChunkFormat) {
    this.#exchange = exchange;
    this.#format = format;
    this.#chosen = undefined;
    this.#sending = undefined;
    this.#heartbeat = undefined;
    this.#overflow = undefined;
  }

  /** Whether the response begins without the first value, which may yet fail. */
  get opensFirst(): boolean {
    return this.#format === 'events' && !isHeadOnly(this.#exchange);
  }

  /** Begins the response at once where the first value has nothing to say about it. */
  open(): void {
    if (this.#format !== 'events' || this.#sending !== undefined || this.#hasFailed) return;
    if (isHeadOnly(this.#exchange)) this.complete();
    else this.#begin(formatOf('events', undefined));
  }

  /** Out: whether there is room for more; else wait until it has `drained`. */
  put(value: unknown): boolean {
    if (this.#hasFailed) return true;
    const chosen = this.#chosen ?? formatOf(this.#format, value);
    if (isHeadOnly(this.#exchange)) {
      send(this.#exchange, this.#exchange.status, chosen.type, undefined);
      return true;
    }
    const chunk = chosen.write(value);
    const { out, flush } = this.#sending ?? this.#begin(chosen);
    if (out.destroyed) return true;
    const hasRoom = out.write(chunk);
    flush?.();
    this.#heartbeat?.wrote();
    return hasRoom;
  }

  /** A value of a source that cannot be told to wait: it is sent as long as the client keeps up. */
  force(value: unknown): void {
    if (this.put(value) || this.#sending === undefined) return;
    this.#overflow ??= new OverflowWatch(this.#exchange, this.#sending.out, () => this.#outrun());
    this.#overflow.wrote();
  }

  #outrun(): void {
    const { bufferLimitBytes: limit } = this.#exchange.host.limits;
    // That the client does not keep up says nothing of where the values come from.
    this.fail(countsAs('ignored', httpErrors.REPLY_CLIENT_TOO_SLOW({ route: routeOf(this.#exchange), limit })));
  }

  /** Whether more would only wait; then wait until it has `drained`. */
  get isFull(): boolean {
    return this.#sending !== undefined && this.#sending.out.writableNeedDrain && !this.#exchange.lifetime.ended;
  }

  drained(): Promise<void> {
    const { out } = this.#sending as Sending;
    return new Promise((resolve) => {
      const undo = this.#exchange.lifetime.defer(() => go());
      const go = (): void => {
        undo();
        out.off('drain', go);
        resolve();
      };
      out.once('drain', go);
    });
  }

  complete(): void {
    if (this.#hasFailed) return;
    if (isHeadOnly(this.#exchange)) {
      send(this.#exchange, this.#exchange.status, formatOf(this.#format, undefined).type, undefined);
      return;
    }
    const { end } = this.#sending ?? this.#begin(formatOf(this.#format, undefined));
    end();
  }

  fail(error: unknown): void {
    if (this.#sending !== undefined) {
      this.#sending.fail(error);
      return;
    }
    if (this.#hasFailed || this.#exchange.lifetime.ended) return;
    this.#hasFailed = true;
    failToBegin(this.#exchange, error);
  }

  #begin(chosen: Format): Sending {
    this.#chosen = chosen;
    const isEvents = this.#format === 'events';
    if (isEvents) neverKept(this.#exchange);
    const sending = startSending(this.#exchange, chosen.type);
    this.#sending = sending;
    if (isEvents) {
      sinks.set(this.#exchange, this);
      eventsBegin(this.#exchange);
      sendHead(sending.out);
      // Bytes may be in the middle of an event.
      if (chosen.isWhole && this.#exchange.host.limits.sseHeartbeatMs > 0) {
        this.#heartbeat = new EventHeartbeat(this.#exchange, sending);
      }
    }
    return sending;
  }
}

/** Node keeps a head back until something follows it; who waits for events is to know that it is heard. */
function sendHead(out: Writable & { flushHeaders?(): void }): void {
  setImmediate(() => {
    if (!out.writableEnded && !out.destroyed) out.flushHeaders?.();
  });
}

/** Events are of now: nobody keeps them, and no proxy collects them first, where the route says nothing else. */
function neverKept(exchange: Exchange): void {
  if (exchange.field('cache-control') === undefined) exchange.setField('cache-control', 'no-cache');
  if (exchange.field('x-accel-buffering') === undefined) exchange.setField('x-accel-buffering', 'no');
}

/** Where the events of an exchange go, for sources that stand behind something which cannot tell them to wait. */
const sinks = new WeakMap<Exchange, ValueSink>();

/** Settles when there is room for another event; `undefined`: there is, or nobody sends events. */
export function roomForEvents(exchange: Exchange): Promise<void> | undefined {
  const sink = sinks.get(exchange);
  return sink?.isFull === true ? sink.drained() : undefined;
}
