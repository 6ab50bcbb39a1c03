// Only for requests that meet middleware: what is allocated here is small beside what that allocates.
import { Deadline, type Expiring } from '../lifetime/deadline';
import { isObservable, rx } from '../lifetime/observable';
import {
  type ConnectErrorMiddleware,
  type ConnectMiddleware,
  type Layer,
  type MiddlewareChain,
  takesErrors,
} from './connect-middleware';
import { httpErrors } from './errors';
import type { Exchange } from './exchange';
import { shapeForMiddleware } from './express-members';
import { toFailure } from './failure-reply';
import { heedStatus } from './middleware-failure';
import { enterMount } from './mount-path';
import type { NodeWire } from './node-wire';

/** What a request goes on to behind its middleware, and where it goes when that fails. */
export interface Beyond {
  /** Runs the route: a value, a promise or an Observable. May throw. */
  proceed(exchange: Exchange): unknown;
  /** Answers for an error of middleware, in place of failing with it. */
  fail?(exchange: Exchange, error: unknown): unknown;
}

/**
 * Runs a request through middleware and then on to `beyond`. The deadline of the route starts behind the middleware, which
 * has `handlerTimeoutMs` of its own to go on or to begin an answer (504); an answer it has begun may take its time.
 *
 * Out: what `beyond` gives, in the same tick as long as every middleware goes on in it; else a promise, which also settles
 * when a middleware's own answer is through or the request is over. May throw.
 */
export function throughMiddleware(chain: MiddlewareChain, exchange: Exchange, beyond: Beyond): unknown {
  const { errorLayers } = chain;
  if (errorLayers.length === 0) return new Walk(chain.layers, exchange, beyond).walk();
  const proceed = (walked: Exchange): unknown => handlingErrors(errorLayers, walked, beyond);
  return new Walk(chain.layers, exchange, { ...beyond, proceed }).walk();
}

/** Runs the route; its errors come to the error handlers. */
function handlingErrors(errorLayers: readonly Layer[], exchange: Exchange, beyond: Beyond): unknown {
  const caught = (error: unknown): unknown => {
    // That nothing answers at a path is no error to Connect.
    if (exchange.target.route === '' || exchange.replied || exchange.lifetime.ended || exchange.wire.headSent) throw error;
    const proceed = (): never => {
      throw error;
    };
    return new Walk(errorLayers, exchange, { proceed }).walkWith(error);
  };
  let value: unknown;
  try {
    value = beyond.proceed(exchange);
  } catch (error) {
    return caught(error);
  }
  if (isPromise(value)) return Promise.resolve(value).then(undefined, caught);
  if (!isObservable(value)) return value;
  return value.pipe(rx().catchError((error: unknown) => rx().defer(async () => caught(error))));
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
}

/** How a walk came out: what the route gave, or what it failed with. */
interface Outcome {
  readonly failed: boolean;
  readonly value: unknown;
}

/** One request on its way through middleware. */
class Walk implements Expiring {
  readonly #layers: readonly Layer[];
  readonly #exchange: Exchange;
  readonly #beyond: Beyond;
  readonly #node: NodeWire;
  #outcome: Outcome | undefined;
  #tell: ((outcome: Outcome) => void) | undefined;
  #deadline: Deadline | undefined;
  #forget: (() => void) | undefined;

  constructor(layers: readonly Layer[], exchange: Exchange, beyond: Beyond) {
    this.#layers = layers;
    this.#exchange = exchange;
    this.#beyond = beyond;
    exchange.untimed();
    this.#node = exchange.toNode();
    shapeForMiddleware(exchange, this.#node);
    this.#node.inviteWhenRead();
    this.#outcome = undefined;
    this.#tell = undefined;
    this.#deadline = undefined;
    this.#forget = undefined;
  }

  walk(): unknown {
    this.#go(0, undefined);
    return this.#result();
  }

  /** Only the error handlers are asked. */
  walkWith(error: unknown): unknown {
    this.#go(0, { error });
    return this.#result();
  }

  /** The middleware neither went on nor began to answer. */
  deadlineReached(): void {
    const exchange = this.#exchange;
    const node = this.#node;
    if (node.headSent) return;
    const isReading = node.request.readableDidRead && !node.request.complete;
    const limit = exchange.host.limits.handlerTimeoutMs;
    exchange.cutFailure = isReading ? httpErrors.REQUEST_TIMEOUT() : httpErrors.DEADLINE_EXCEEDED({ limit });
    exchange.lifetime.end('deadline');
  }

  #result(): unknown {
    const outcome = this.#outcome;
    if (outcome === undefined) return this.#later();
    if (outcome.failed) throw outcome.value;
    return outcome.value;
  }

  /** A middleware goes on later, or answers itself. */
  #later(): Promise<unknown> {
    const { host, lifetime } = this.#exchange;
    return new Promise((resolve, reject) => {
      this.#tell = ({ failed, value }) => {
        if (failed) reject(value);
        else resolve(value);
      };
      if (host.limits.handlerTimeoutMs > 0) {
        this.#deadline = new Deadline(this);
        host.deadlines.arm(this.#deadline, host.clock.now(), host.limits.handlerTimeoutMs);
      }
      this.#forget = lifetime.defer(() => this.#settle({ failed: false, value: undefined }));
    });
  }

  #settle(outcome: Outcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#deadline?.disarm();
    this.#forget?.();
    this.#tell?.(outcome);
  }

  /** On to the next layer that takes what there is: nothing wrong, or a failure. */
  #go(from: number, failure: { readonly error: unknown } | undefined): void {
    for (let at = from; at < this.#layers.length; at++) {
      const layer = this.#layers[at];
      if (takesErrors(layer) !== (failure !== undefined)) continue;
      const leave = layer.mount === undefined ? nothing : enterMount(layer.mount, this.#node.request);
      if (leave === undefined) continue;
      this.#call(layer, at, failure, leave);
      return;
    }
    if (failure === undefined) this.#attempt(() => this.#pass());
    else this.#attempt(() => this.#fail(failure.error));
  }

  #call(layer: Layer, at: number, failure: { readonly error: unknown } | undefined, leave: () => void): void {
    const { request, response } = this.#node;
    let called = false;
    const next = (error?: unknown): void => {
      if (called) {
        this.#calledAgain(at, error);
        return;
      }
      called = true;
      leave();
      this.#go(at + 1, isFailure(error) ? { error: heed(error, failure) } : undefined);
    };
    const failed = (error: unknown): void => next(error ?? new TypeError('A middleware failed without an error.'));
    try {
      const given =
        failure === undefined
          ? (layer.run as ConnectMiddleware)(request, response, next)
          : (layer.run as ConnectErrorMiddleware)(failure.error, request, response, next);
      if (isPromise(given)) given.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  }

  #attempt(step: () => unknown): void {
    // What was cut while a middleware took its time begins no more, and was answered.
    if (this.#outcome !== undefined || this.#exchange.lifetime.ended) return;
    this.#forget?.();
    this.#deadline?.disarm();
    try {
      this.#settle({ failed: false, value: step() });
    } catch (error) {
      this.#settle({ failed: true, value: error });
    }
  }

  #pass(): unknown {
    const exchange = this.#exchange;
    const { statusCode } = this.#node.response;
    if (statusCode !== 200 && !exchange.statusDeclared && !this.#node.headSent) {
      exchange.status = statusCode;
      exchange.statusDeclared = true;
    }
    exchange.timed();
    return this.#beyond.proceed(exchange);
  }

  #fail(error: unknown): unknown {
    const exchange = this.#exchange;
    exchange.timed();
    if (this.#beyond.fail !== undefined) return this.#beyond.fail(exchange, error);
    throw error;
  }

  /**
   * A second `next()` is a mistake of the middleware's, and changes nothing. A second one with an error is how those tell
   * of what went wrong behind their back (connect-timeout, a session that could not be saved): it ends what is under way.
   */
  #calledAgain(at: number, error: unknown): void {
    const exchange = this.#exchange;
    const { logger } = exchange.host;
    const { route } = exchange.target;
    if (!isFailure(error)) {
      logger.debug('a middleware called next() more than once', { route });
      return;
    }
    if (exchange.lifetime.ended || exchange.replied || this.#node.headSent) {
      logger.warn('a middleware failed after its request was answered', { route, err: error });
      return;
    }
    this.#endFor(at, heedStatus(error));
  }

  #endFor(at: number, error: unknown): void {
    const exchange = this.#exchange;
    const end = (last: unknown): void => {
      if (exchange.lifetime.ended) return;
      exchange.cutFailure = toFailure(last);
      exchange.lifetime.end(isTimeout(last) ? 'deadline' : 'manual');
    };
    const behind = this.#layers.slice(at + 1).filter(takesErrors);
    if (behind.length === 0) {
      end(error);
      return;
    }
    const proceed = (): never => {
      throw error;
    };
    let answer: unknown;
    try {
      answer = new Walk(behind, exchange, { proceed }).walkWith(error);
    } catch (last) {
      end(last);
      return;
    }
    // Whole already: what is under way is cut, and the answer is not.
    if (this.#node.response.writableEnded) end(error);
    else if (isPromise(answer)) answer.then(undefined, end);
  }
}

/** An error that a route failed with is its own, and says its status to nobody here. */
function heed(error: unknown, failure: { readonly error: unknown } | undefined): unknown {
  return failure?.error === error ? error : heedStatus(error);
}

function isFailure(error: unknown): boolean {
  return error !== undefined && error !== null && error !== false && error !== 0 && error !== '';
}

function isTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as { code?: unknown }).code === 'ETIMEDOUT';
}

function nothing(): void {
  // Not mounted: there is nothing to leave.
}
