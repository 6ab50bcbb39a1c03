// Hot: the walk of a request from its target to its answer.
import { cancelledBecause, type CancelReason, isCancellation } from '../lifetime/end-reason';
import { isObservable, subscribeWithin } from '../lifetime/observable';
import { awaitBody } from './body-arrival';
import { httpErrors } from './errors';
import { type Exchange, routeOf } from './exchange';
import { replyFailure } from './failure-reply';
import { isPromised } from './http2-stream';
import { NodeWire } from './node-wire';
import { reply } from './reply-writer';
import { record } from './send';
import { handlerDone } from './takeover';

/** Runs the exchange's target, once its body is there where it begins with that, and answers with what it gives. Never throws. */
export function dispatch(exchange: Exchange): void {
  if (!exchange.target.beginsWithBody || !awaitBody(exchange, run)) run(exchange);
}

function run(exchange: Exchange): void {
  let value: unknown;
  try {
    if (exchange.host.stopping && !exchange.target.answersWhileStopping) throw httpErrors.SERVER_STOPPING();
    value = exchange.target.run(exchange);
  } catch (error) {
    replyFailure(exchange, error);
    return;
  }
  answer(exchange, value);
}

/** Answers with what `make` gives, which may come later, or with its failure. Never throws. */
export function answerWith(exchange: Exchange, make: () => unknown): void {
  let value: unknown;
  try {
    value = make();
  } catch (error) {
    replyFailure(exchange, error);
    return;
  }
  answer(exchange, value);
}

function answer(exchange: Exchange, value: unknown): void {
  if (typeof value === 'object' && value !== null) {
    if (typeof (value as PromiseLike<unknown>).then === 'function') {
      answerLater(exchange, value as PromiseLike<unknown>);
      return;
    }
    if (typeof (value as { subscribe?: unknown }).subscribe === 'function' && isObservable(value)) {
      answerWithLast(exchange, value);
      return;
    }
  }
  answerNow(exchange, value);
}

function answerNow(exchange: Exchange, value: unknown): void {
  if (exchange.replied || exchange.answering || exchange.wire.headSent) {
    answeredBefore(exchange, value);
    return;
  }
  try {
    reply(exchange, value);
  } catch (error) {
    replyFailure(exchange, error);
  }
}

/** The handler answered by its context, or through the raw response; a value besides is a mistake nobody would see. */
function answeredBefore(exchange: Exchange, value: unknown): void {
  if (value !== undefined) {
    exchange.host.logger.error('a value was returned after the answer', {
      err: httpErrors.REPLY_ALREADY_SENT({ route: routeOf(exchange) }),
    });
  }
  if (handlerDone(exchange) || exchange.replied || exchange.answering) return;
  // Written through the raw response: it is over when that is, and the client may leave before.
  exchange.untimed();
  exchange.replied = true;
  if (exchange.toNode().response.writableFinished) answered(exchange);
}

/** Records an answer that went out through Node's response, and is through; without effect when that was told. */
export function answered(exchange: Exchange): void {
  const { lifetime } = exchange;
  if (lifetime.ended) return;
  exchange.replied = true;
  record(exchange, exchange.toNode().response.statusCode);
  lifetime.end('finished');
}

/** A promise holds the lifetime, and so the plugin whose code runs, also after the client left. */
function answerLater(exchange: Exchange, promise: PromiseLike<unknown>): void {
  const { lifetime } = exchange;
  lifetime.keep();
  promise.then(
    (value) => {
      if (!lifetime.ended) answer(exchange, value);
      else if (value !== undefined && lifetime.reason === 'finished') answeredBefore(exchange, value);
      exchange.release();
    },
    (error: unknown) => {
      if (!lifetime.ended) replyFailure(exchange, error);
      else logLate(exchange, error);
      exchange.release();
    },
  );
}

/** What a handler that was reading the body meets when its client leaves. */
const HANG_UPS: ReadonlySet<unknown> = new Set(['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE']);

/** That a cancelled handler gave up was told already. */
function logLate(exchange: Exchange, error: unknown): void {
  if (isCancellation(error) || HANG_UPS.has((error as { code?: unknown } | undefined)?.code)) return;
  exchange.host.logger.debug('a handler failed after its request was over', { route: exchange.target.route, err: error });
}

/** A plain route answers with the last value of an Observable, and with nothing when there was none. */
function answerWithLast(exchange: Exchange, source: Parameters<typeof subscribeWithin>[1]): void {
  let last: unknown;
  subscribeWithin(exchange.lifetime, source, {
    next: (value) => {
      last = value;
    },
    error: (error: unknown) => replyFailure(exchange, error),
    complete: () => answer(exchange, last),
  });
}

/** Answers for an exchange that was cut: nothing to a client that left, 504 for a deadline, 503 when stopping. */
export function cutShort(exchange: Exchange, reason: CancelReason): void {
  const { target, host, wire } = exchange;
  // No answer is owed any more.
  if (exchange.taken?.done !== undefined) return;
  target.instruments.cancelled(reason);
  host.logger.info('request cancelled', { method: wire.method, route: target.route, reason });
  if (wire instanceof NodeWire && wire.endedByHand) {
    // The work behind it is cut; the answer is the client's.
    record(exchange, exchange.toNode().response.statusCode);
    return;
  }
  // Nobody asked for a push: it ends without a word, as when a client takes its request back.
  if (reason === 'client' || (reason === 'parent' && wire.stream !== undefined && isPromised(wire.stream))) {
    exchange.replied = true;
    record(exchange, 499);
    wire.cut(cancelledBecause(reason));
    return;
  }
  if (exchange.replied || wire.headSent) {
    record(exchange, cancelledBecause(reason).status);
    wire.cut(cancelledBecause(reason));
    return;
  }
  replyFailure(exchange, exchange.cutFailure ?? failureFor(reason, exchange.limitMs));
}

/** A handler that ignores its signal works for nobody; said once, with its name. */
export function workGoesOn({ target, host, wire, begun }: Exchange): void {
  target.instruments.workedAfterCancel();
  host.logger.warn('work goes on after its request was cancelled', {
    method: wire.method,
    route: target.route,
    handler: target.place,
    reason: begun?.reason,
  });
}

function failureFor(reason: Exclude<CancelReason, 'client'>, limit: number): Error {
  if (reason === 'deadline') return httpErrors.DEADLINE_EXCEEDED({ limit });
  if (reason === 'shutdown') return httpErrors.SERVER_STOPPING();
  return httpErrors.INTERNAL_ERROR();
}
