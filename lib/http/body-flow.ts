// Hot: one per body.
import type { Readable } from 'node:stream';
import type { FrameworkError } from '../errors/framework-error';
import { Deadline } from '../lifetime/deadline';
import { cancelledBecause } from '../lifetime/end-reason';
import { codingOf, makeDecoder, refuseCoding } from './content-coding';
import { httpErrors } from './errors';
import type { Exchange } from './exchange';
import { isReadByMiddleware } from './parsed-body';
import { dropUnread } from './unread-body';

/** Who takes a body as it comes. After `end` or `failed` nothing more is told. */
export interface BodySink {
  take(chunk: Buffer): void;
  end(): void;
  failed(error: Error): void;
}

/** Claims the body, once. In: what it is read as. Fails with: BODY_TAKEN. */
export function takeBody(exchange: Exchange, kind: string): void {
  if (isReadByMiddleware(exchange)) exchange.bodyTaken ??= 'a stream by middleware';
  if (exchange.bodyTaken !== undefined) throw httpErrors.BODY_TAKEN({ kind: exchange.bodyTaken });
  exchange.bodyTaken = kind;
}

/** What the head of a request says against its body. */
export function refuseByHead(exchange: Exchange, limitBytes: number): FrameworkError | undefined {
  const { headers } = exchange.wire;
  const refusal = refuseCoding(codingOf(headers));
  if (refusal !== undefined) return refusal;
  const framing = headers['transfer-encoding'];
  if (framing !== undefined && framing.toLowerCase() !== 'chunked') {
    return httpErrors.BODY_ENCODING_UNSUPPORTED({ coding: framing });
  }
  if (Number(headers['content-length'] ?? 0) > limitBytes) return httpErrors.BODY_TOO_LARGE({ limit: limitBytes });
  return undefined;
}

/**
 * A body on its way from the wire to a sink: uncompressed, within its limit and its time. Lets go of the input on every path.
 *
 * Fails with: BODY_TOO_LARGE, BODY_MALFORMED (compressed wrongly), BODY_INCOMPLETE, REQUEST_TIMEOUT, and why the exchange ended.
 */
export class BodyFlow {
  readonly #exchange: Exchange;
  readonly #sink: BodySink;
  readonly #limitBytes: number;
  readonly #deadline = new Deadline(this);
  readonly #input: Readable;
  /** The input, or what undoes its coding. */
  #source: Readable;
  #bytes = 0;
  #rawBytes = 0;
  #open = false;
  #undo: () => void = ignore;

  constructor(exchange: Exchange, limitBytes: number, sink: BodySink) {
    this.#exchange = exchange;
    this.#limitBytes = limitBytes;
    this.#sink = sink;
    this.#input = exchange.wire.input;
    this.#source = this.#input;
  }

  start(): void {
    const { host, wire, lifetime, startedMs } = this.#exchange;
    if (lifetime.ended) {
      this.#sink.failed(cancelledBecause('client'));
      return;
    }
    const coding = codingOf(wire.headers);
    if (coding !== undefined) this.#decode(coding);
    this.#open = true;
    this.#source.on('data', this.#onData).once('end', this.#onEnd);
    this.#input.once('close', this.#onClose).on('error', ignore);
    this.#exchange.bodyReader = this;
    this.#undo = lifetime.defer((reason) => this.fail(cancelledBecause(reason === 'finished' ? 'parent' : reason)));
    host.deadlines.arm(this.#deadline, startedMs, host.limits.requestTimeoutMs);
    wire.invite();
  }

  /** Whether more may come. */
  get open(): boolean {
    return this.#open;
  }

  pause(): void {
    if (this.#open) this.#source.pause();
  }

  resume(): void {
    if (this.#open) this.#source.resume();
  }

  deadlineReached(): void {
    this.fail(httpErrors.REQUEST_TIMEOUT());
  }

  /** Ends it: the sink is told why. */
  fail(error: Error): void {
    if (!this.#open) return;
    this.cancel();
    this.#sink.failed(error);
  }

  /** Ends it without a word. What still comes is dropped once the request is over, unless a refusal does it. */
  cancel(): void {
    if (!this.#open) return;
    this.#stop();
    this.#input.pause();
    this.#exchange.lifetime.defer((reason) => {
      if (reason === 'finished') dropUnread(this.#exchange, this.#input);
    });
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limitBytes) this.fail(httpErrors.BODY_TOO_LARGE({ limit: this.#limitBytes }));
    else this.#sink.take(chunk);
  };

  readonly #onEnd = (): void => {
    this.#stop();
    this.#sink.end();
  };

  readonly #onClose = (): void => {
    // What came whole may still be on its way through the decoder.
    if (!this.#input.readableEnded) this.fail(httpErrors.BODY_INCOMPLETE());
  };

  #decode(coding: string): void {
    const decoder = makeDecoder(coding);
    decoder.on('error', () => {
      this.fail(httpErrors.BODY_MALFORMED({ kind: coding, reason: 'it does not decompress' }));
    });
    this.#source = decoder;
    this.#input.on('data', this.#onRawData);
    this.#input.pipe(decoder);
  }

  /** What decompresses to nothing has a size, too. */
  readonly #onRawData = (chunk: Buffer): void => {
    this.#rawBytes += chunk.length;
    if (this.#rawBytes > this.#limitBytes) this.fail(httpErrors.BODY_TOO_LARGE({ limit: this.#limitBytes }));
  };

  #stop(): void {
    this.#open = false;
    this.#exchange.bodyReader = undefined;
    this.#undo();
    this.#deadline.disarm();
    this.#source.off('data', this.#onData).off('end', this.#onEnd);
    this.#input.off('close', this.#onClose);
    if (this.#source === this.#input) return;
    this.#input.unpipe().off('data', this.#onRawData);
    this.#source.destroy();
  }
}

function ignore(): void {
  // The end of the exchange tells of it.
}
