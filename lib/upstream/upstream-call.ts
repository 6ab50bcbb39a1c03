import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { isFrameworkError } from '../errors/framework-error';
import { Deadline, type Deadlines } from '../lifetime/deadline';
import { cancelledBecause, isCancellation } from '../lifetime/end-reason';
import type { Lifetime } from '../lifetime/lifetime';
import { WaitsFor } from '../lifetime/waits-for';
import { countsAs } from '../resilience/verdict';
import { nameOf } from './call-url';
import type { UpstreamTicket } from './upstream-breaker';
import type { UpstreamRequest } from './upstream-request';
import { upstreamErrors, untold } from './errors';
import { isConnectTimeout, type Pools } from './pools';
import { UpstreamResponse } from './upstream-response';

const UPSTREAM = new WaitsFor('upstream');

/** What became of a call, told once its head is there or it failed. */
export interface CallReport {
  readonly method: string;
  readonly url: URL;
  readonly durationMs: number;
  /** Of the answer; `undefined`: there was none. */
  readonly status: number | undefined;
  /** The code of the failure, or `cancelled`, which is none. */
  readonly error: string | undefined;
}

export interface CallRooms {
  readonly pools: Pools;
  readonly deadlines: Deadlines;
  /** The work that the call is a part of: its end cuts the call. */
  readonly parent: Lifetime;
  readonly observe: (report: CallReport) => void;
  /** Where the call went through a breaker. */
  readonly ticket: UpstreamTicket | undefined;
}

/**
 * One request to another service, and its answer.
 *
 * Whatever ends it (the last byte, a failure, a time-out, the end of what it is a part of) ends it once: the connection is
 * given back or closed, timers and listeners are let go of.
 */
export class UpstreamCall implements Dispatcher.DispatchHandler {
  readonly #request: UpstreamRequest;
  readonly #rooms: CallRooms;
  readonly #life: Lifetime;
  readonly #startedMs: number;
  readonly #total = new Deadline({ deadlineReached: () => this.#timedOut('UPSTREAM_TIMEOUT', this.#request.timeoutMs) });
  /** That of a breaker, until the answer begins. */
  readonly #guarded = new Deadline({ deadlineReached: () => this.#breakerTimedOut() });
  /** Until the answer begins; then between its pieces. */
  readonly #step = new Deadline({ deadlineReached: () => this.#stepTimedOut() });
  readonly #onAbort = (): void => this.#fail(toCancelled(this.#request.signal?.reason));
  #served: () => void = ignore;
  #controller: Dispatcher.DispatchController | undefined;
  #body: ResponseBody | undefined;
  #bytes = 0;
  #isOver = false;
  #resolve: (response: UpstreamResponse) => void = ignore;
  #reject: (error: Error) => void = ignore;

  constructor(request: UpstreamRequest, rooms: CallRooms) {
    this.#request = request;
    this.#rooms = rooms;
    this.#life = rooms.parent.open(UPSTREAM);
    this.#startedMs = this.#life.clock().now();
  }

  /** Sends it. Out: the head of the answer, the body behind it. Fails with: UPSTREAM_…; a `CancelledError`. */
  send(): Promise<UpstreamResponse> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      const { signal } = this.#request;
      this.#life.defer((reason) => {
        if (reason !== 'finished') this.#fail(cancelledBecause(reason));
      });
      if (signal?.aborted === true) this.#onAbort();
      if (this.#isOver) return;
      signal?.addEventListener('abort', this.#onAbort, { once: true });
      this.#arm(this.#total, this.#request.timeoutMs);
      this.#arm(this.#guarded, this.#rooms.ticket?.breaker.timeoutMs ?? 0);
      this.#dispatch();
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#served();
    if (this.#isOver) {
      controller.abort(new Error('the call is over'));
      return;
    }
    this.#controller = controller;
    const { body } = this.#request;
    const begin = (): void => {
      if (!this.#isOver && this.#body === undefined) this.#arm(this.#step, this.#request.firstByteTimeoutMs);
    };
    // While it is being sent there is no answer to wait for.
    if (body instanceof Readable && !body.readableEnded) body.once('end', begin);
    else begin();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: UpstreamResponse['headers']): void {
    if (status < 200 || this.#isOver) return;
    const body = new ResponseBody(this);
    this.#body = body;
    this.#controller = controller;
    this.#waitForMore();
    this.#guarded.disarm();
    this.#rooms.ticket?.answered(status, headers);
    this.#report(status, undefined);
    this.#resolve(new UpstreamResponse(this.#request, status, headers, body));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver || this.#body === undefined) return;
    this.#bytes += chunk.length;
    const { isLimited, maxResponseBytes: limit } = this.#request;
    if (isLimited && this.#bytes > limit) {
      // More than we read is no failure of the other side's.
      this.#fail(countsAs('ignored', upstreamErrors.UPSTREAM_TOO_LARGE({ call: this.#name, limit }, untold(502))));
      return;
    }
    if (this.#body.push(chunk)) {
      this.#waitForMore();
      return;
    }
    // It is the reader's turn, and no fault of the other side's.
    this.#step.disarm();
    controller.pause();
  }

  onResponseEnd(): void {
    if (this.#isOver) return;
    this.#over();
    this.#rooms.ticket?.ended();
    this.#body?.push(null);
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#fail(this.#toFailure(error));
  }

  /** The reader wants more. */
  resume(): void {
    if (this.#isOver || this.#controller?.paused !== true) return;
    this.#waitForMore();
    this.#controller.resume();
  }

  /** The reader wants nothing more. */
  abandon(error: Error | null): void {
    if (!this.#isOver) this.#fail(error ?? cancelledBecause('manual'));
  }

  get #name(): string {
    return nameOf(this.#request.method, this.#request.url);
  }

  #dispatch(): void {
    const { method, url, headers, body } = this.#request;
    const { pools } = this.#rooms;
    this.#served = pools.wait(url.origin);
    const options = { origin: url.origin, path: `${url.pathname}${url.search}`, method, headers: { ...headers }, body };
    try {
      pools.dispatch(options, this);
    } catch (error) {
      this.#fail(this.#toFailure(error));
    }
  }

  #arm(deadline: Deadline, ms: number): void {
    if (ms > 0) this.#rooms.deadlines.arm(deadline, this.#life.clock().now(), ms);
  }

  #waitForMore(): void {
    this.#step.disarm();
    this.#arm(this.#step, this.#request.idleTimeoutMs);
  }

  #stepTimedOut(): void {
    const { firstByteTimeoutMs, idleTimeoutMs } = this.#request;
    if (this.#body === undefined) this.#timedOut('UPSTREAM_FIRST_BYTE_TIMEOUT', firstByteTimeoutMs);
    else this.#timedOut('UPSTREAM_IDLE_TIMEOUT', idleTimeoutMs);
  }

  #breakerTimedOut(): void {
    const { ticket } = this.#rooms;
    if (ticket === undefined || this.#isOver) return;
    const error = ticket.breaker.timeoutError();
    ticket.timedOut(error);
    this.#fail(error);
  }

  #timedOut(code: 'UPSTREAM_TIMEOUT' | 'UPSTREAM_FIRST_BYTE_TIMEOUT' | 'UPSTREAM_IDLE_TIMEOUT', limit: number): void {
    this.#fail(upstreamErrors[code]({ call: this.#name, limit }, untold(504)));
  }

  #fail(error: Error): void {
    if (this.#isOver) return;
    this.#over();
    this.#rooms.ticket?.failed(error);
    this.#controller?.abort(error);
    const { body } = this.#request;
    if (body instanceof Readable && !body.destroyed) body.destroy();
    if (this.#body !== undefined) {
      this.#body.destroy(error);
      return;
    }
    this.#report(undefined, isCancellation(error) ? 'cancelled' : codeOf(error));
    this.#reject(error);
  }

  /** Lets go of everything. */
  #over(): void {
    this.#isOver = true;
    this.#served();
    this.#total.disarm();
    this.#guarded.disarm();
    this.#step.disarm();
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
    this.#life.end('finished');
  }

  #report(status: number | undefined, error: string | undefined): void {
    const { method, url } = this.#request;
    this.#rooms.observe({ method, url, status, error, durationMs: this.#life.clock().now() - this.#startedMs });
  }

  #toFailure(error: unknown): Error {
    if (isFrameworkError(error)) return error;
    const code = codeOf(error);
    const call = this.#name;
    if (isConnectTimeout(error)) {
      return upstreamErrors.UPSTREAM_CONNECT_TIMEOUT({ call, limit: this.#rooms.pools.connectTimeoutMs }, untold(504));
    }
    if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') {
      return countsAs('ignored', upstreamErrors.UPSTREAM_CLOSED({ call }, untold(503, error)));
    }
    if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') {
      const reason = error instanceof Error ? error.message : code;
      return countsAs('ignored', upstreamErrors.UPSTREAM_REQUEST_INVALID({ call, reason }, { cause: error }));
    }
    return this.#controller === undefined
      ? upstreamErrors.UPSTREAM_UNREACHABLE({ call, reason: code }, untold(502, error))
      : upstreamErrors.UPSTREAM_BROKEN({ call, reason: code }, untold(502, error));
  }
}

/** The body of an answer: asks for more when it is read. */
class ResponseBody extends Readable {
  readonly #call: UpstreamCall;

  constructor(call: UpstreamCall) {
    super();
    this.#call = call;
    // Whoever reads it hears of a failure; that nobody reads it does not end the process.
    this.on('error', ignore);
  }

  override _read(): void {
    this.#call.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#call.abandon(error);
    done(error);
  }
}

/** The reason of a user's signal, as what it is: a call that was cut, and no failure of the other side. */
function toCancelled(reason: unknown): Error {
  return isCancellation(reason) && isFrameworkError(reason) ? reason : cancelledBecause('manual', reason);
}

function codeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'unknown';
}

function ignore(): void {
  // See where it is attached.
}
