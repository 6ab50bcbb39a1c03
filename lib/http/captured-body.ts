// Hot: most bodies over HTTP/1.1 come whole, in the packet of their head.
import { Deadline } from '../lifetime/deadline';
import { cancelledBecause } from '../lifetime/end-reason';
import type { BodySink } from './body-flow';
import { codingOf } from './content-coding';
import { httpErrors } from './errors';
import type { Exchange } from './exchange';
import { Http1Request } from './http1-request';
import { NodeWire } from './node-wire';
import { dropUnread } from './unread-body';

/**
 * The request whose body can be captured: it came in this tick, so that Node's parser has given nothing of its body to
 * anybody yet, and nobody else has it in hands.
 */
export function capturable({ connection, wire }: Exchange): Http1Request | undefined {
  if (!(wire instanceof NodeWire) || wire.touched) return undefined;
  const { request } = wire;
  // A request that left the parser (to be taken over) is fed by somebody else.
  const isUnread = connection.arriving === request && request instanceof Http1Request;
  return isUnread && codingOf(request.headers) === undefined ? request : undefined;
}

/**
 * Takes a body, chunk by chunk, where Node's parser hands it to the request, before it becomes a stream: a stream costs
 * four listeners and three ticks (a sixth of a short POST). Within the same limits as `BodyFlow`, and with the same failures.
 *
 * Out: whether it could.
 */
export function captureBody(exchange: Exchange, limitBytes: number, sink: BodySink): boolean {
  const request = capturable(exchange);
  if (request === undefined) return false;
  new CapturedBody(exchange, request, limitBytes, sink).start();
  return true;
}

/** A body on its way from the parser to a sink. Lets go of the request on every path. */
export class CapturedBody {
  readonly #exchange: Exchange;
  readonly #request: Http1Request;
  readonly #sink: BodySink;
  readonly #limitBytes: number;
  readonly #deadline: Deadline;
  #bytes = 0;
  #isOpen = true;
  #undo: () => void = nothing;

  constructor(exchange: Exchange, request: Http1Request, limitBytes: number, sink: BodySink) {
    this.#exchange = exchange;
    this.#request = request;
    this.#limitBytes = limitBytes;
    this.#sink = sink;
    this.#deadline = new Deadline(this);
  }

  start(): void {
    const { host, wire, lifetime, startedMs } = this.#exchange;
    this.#exchange.bodyReader = this;
    this.#request.receiver = (chunk) => this.#take(chunk);
    this.#undo = lifetime.defer((reason) => this.fail(cancelledBecause(reason === 'finished' ? 'parent' : reason)));
    host.deadlines.arm(this.#deadline, startedMs, host.limits.requestTimeoutMs);
    wire.invite();
  }

  deadlineReached(): void {
    this.fail(httpErrors.REQUEST_TIMEOUT());
  }

  /** Ends it: the sink is told why. What still comes is the request's, and dropped when that is over. */
  fail(error: Error): void {
    if (!this.#isOpen) return;
    this.#stop();
    this.#exchange.lifetime.defer((reason) => {
      if (reason === 'finished') dropUnread(this.#exchange, this.#request);
    });
    this.#sink.failed(error);
  }

  /** Out: whether more may come at once. */
  #take(chunk: Buffer | null): boolean {
    if (chunk === null) {
      this.#stop();
      // The request has come to its end for everybody, though nobody read it there.
      this.#request.push(null);
      this.#sink.end();
      return false;
    }
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#limitBytes) {
      this.#sink.take(chunk);
      return true;
    }
    this.fail(httpErrors.BODY_TOO_LARGE({ limit: this.#limitBytes }));
    return this.#request.push(chunk);
  }

  #stop(): void {
    this.#isOpen = false;
    this.#request.receiver = undefined;
    this.#exchange.bodyReader = undefined;
    this.#undo();
    this.#deadline.disarm();
  }
}

function nothing(): void {
  // Nothing to undo yet.
}
