// Hot: runs once for each request and message that is called through a breaker.
import { Readable } from 'node:stream';
import { HttpError } from '../errors/http-error';
import { withoutStack } from '../errors/framework-error';
import { Exchange } from '../http/exchange';
import { NodeWire } from '../http/node-wire';
import { isStreamSource, StreamedReply } from '../http/reply-stream';
import { observeBegin } from '../http/stream-begin';
import { cancelledBecause, type EndReason } from '../lifetime/end-reason';
import { isObservable, rx } from '../lifetime/observable';
import type { Breaker } from '../resilience/breaker';
import type { BreakerCall } from '../resilience/breaker-call';
import type { Call } from './call';
import { isPromise, whenSettled } from './collect-arguments';
import { isAsyncIterable } from './compile-hooks';

type Source = Parameters<typeof isObservable>[0];

/**
 * Calls a handler through a breaker.
 *
 * An error, or an answer of 500 to 599, is a failure; any other answer is a success. A body that is sent as it comes settles the
 * call at its end, server-sent events at their head. Whoever leaves, and a deadline of the request, cancels the call: that
 * counts as nothing, unless it was slow by then. `timeoutMs` of the breaker cuts the request: 504, BREAKER_TIMEOUT.
 * Fails with: BREAKER_OPEN; what the handler fails with.
 */
export function callThrough(breaker: Breaker, call: Call, handler: () => unknown, isEvents: boolean): unknown {
  const ticket = breaker.begin();
  let value: unknown;
  try {
    value = handler();
  } catch (error) {
    ticket.fail(error);
    throw error;
  }
  if (!isPromise(value)) return settle(breaker, ticket, call, value, isEvents);
  const stop = watch(breaker, ticket, call);
  return whenSettled(value).then(
    (settled) => {
      stop();
      return settle(breaker, ticket, call, settled, isEvents);
    },
    (error: unknown) => {
      stop();
      startAt(ticket, call);
      ticket.fail(error);
      throw error;
    },
  );
}

/** Settles the ticket should the call end, or take longer than it may, before that is stopped. */
export function watch(breaker: Breaker, ticket: BreakerCall, call: Call): () => void {
  const { lifetime } = call;
  const { timeoutMs } = breaker;
  if (timeoutMs === 0 || lifetime.ended) return lifetime.defer((reason) => settleAtEnd(ticket, call, reason));
  const cancelTimer = lifetime.clock().setTimer(() => {
    // What has begun to be answered takes as long as it takes.
    if (call instanceof Exchange && (call.headMs > 0 || call.replied)) return;
    const error = breaker.timeoutError();
    ticket.timeOut(error);
    call.timeOut(error);
  }, timeoutMs);
  const undo = lifetime.defer((reason) => {
    cancelTimer();
    settleAtEnd(ticket, call, reason);
  });
  return () => {
    undo();
    cancelTimer();
  };
}

/** What becomes of a call with the value of its handler. Out: the value, watched where it comes over time. */
function settle(breaker: Breaker, ticket: BreakerCall, call: Call, value: unknown, isEvents: boolean): unknown {
  if (!(call instanceof Exchange)) return settleMessage(breaker, ticket, call, value);
  if (isEvents && (isObservable(value) || isAsyncIterable(value))) {
    settleAtBegin(breaker, ticket, call);
    return value;
  }
  if (isObservable(value)) return watchLast(breaker, ticket, call, value);
  if (isUnderWay(call, value)) {
    if (isEventStream(call)) ticket.succeed();
    else settleAtBegin(breaker, ticket, call);
    if (value instanceof Readable) value.once('end', () => endOfBody(ticket, call));
    return value;
  }
  startAt(ticket, call);
  judge(ticket, call, call.status, value);
  return value;
}

/** Events settle a call at their head. What fails before it has begun has failed, whatever a filter then answers. */
function settleAtBegin(breaker: Breaker, ticket: BreakerCall, call: Exchange): void {
  const stop = watch(breaker, ticket, call);
  observeBegin(call, {
    begun: () => {
      stop();
      judge(ticket, call, call.status, undefined);
    },
    failed: (error) => {
      stop();
      ticket.fail(error);
    },
  });
}

/** Whether the answer is not whole yet: a stream, or written by hand. */
function isUnderWay(call: Exchange, value: unknown): boolean {
  if (typeof value === 'object' && value !== null && (value instanceof StreamedReply || isStreamSource(value))) return true;
  if (call.taken?.done !== undefined) return false;
  return !call.replied ? call.answering || call.wire.headSent : call.headMs > 0 && call.begun?.ended === false;
}

/** The whole body came: that its client leaves before the last byte is out says nothing of where it came from. */
function endOfBody(ticket: BreakerCall, call: Exchange): void {
  startAt(ticket, call);
  if (call.status < 500) ticket.succeed();
}

function isEventStream(call: Exchange): boolean {
  return call.field('content-type')?.startsWith('text/event-stream') === true;
}

/** A stream, and a connection that was taken over, took as long as it took until its head. */
function startAt(ticket: BreakerCall, call: Call): void {
  if (call instanceof Exchange && call.headMs > 0) ticket.answered(call.headMs);
}

/** The answer of a status is judged as an error of that status would be. */
function judge(ticket: BreakerCall, call: Exchange, status: number, value: unknown): void {
  if (status < 400) {
    ticket.succeed(value);
    return;
  }
  const retryAfter = call.field('retry-after');
  const options = retryAfter === undefined ? undefined : { headers: { 'retry-after': retryAfter } };
  ticket.fail(withoutStack(() => new HttpError(status, options)));
}

/** How a call ended that was not settled by its handler. */
function settleAtEnd(ticket: BreakerCall, call: Call, reason: EndReason): void {
  startAt(ticket, call);
  if (reason !== 'finished') ticket.cancel(cancelledBecause(reason));
  else if (!(call instanceof Exchange)) ticket.succeed();
  else if (call.failure !== undefined) ticket.fail(call.failure);
  else judge(ticket, call, statusOf(call), undefined);
}

function statusOf({ wire, status }: Exchange): number {
  return wire instanceof NodeWire && wire.touched ? wire.response.statusCode : status;
}

/** A plain route answers with the last value. */
function watchLast(breaker: Breaker, ticket: BreakerCall, call: Exchange, source: Source): unknown {
  if (!isObservable(source)) return source;
  const stop = watch(breaker, ticket, call);
  let last: unknown;
  return source.pipe(
    rx().tap({
      next: (value) => (last = value),
      error: (error: unknown) => {
        stop();
        ticket.fail(error);
      },
      complete: () => {
        stop();
        settle(breaker, ticket, call, isObservable(last) ? undefined : last, false);
      },
    }),
  );
}

/** A message is answered by what comes; its time is that until the first value. */
function settleMessage(breaker: Breaker, ticket: BreakerCall, call: Call, value: unknown): unknown {
  if (isObservable(value)) return watchValues(breaker, ticket, call, value);
  if (isAsyncIterable(value)) return watchIterable(ticket, call, value);
  ticket.succeed(value);
  return value;
}

function watchValues(breaker: Breaker, ticket: BreakerCall, call: Call, source: Source): unknown {
  if (!isObservable(source)) return source;
  const stopTimer = watch(breaker, ticket, call);
  let stop = stopTimer;
  return source.pipe(
    rx().tap({
      next: () => {
        if (stop !== stopTimer) return;
        ticket.answered();
        stopTimer();
        stop = call.lifetime.defer((reason) => settleAtEnd(ticket, call, reason));
      },
      error: (error: unknown) => {
        stop();
        ticket.fail(error);
      },
      complete: () => {
        stop();
        ticket.succeed();
      },
    }),
  );
}

async function* watchIterable(ticket: BreakerCall, call: Call, source: AsyncIterable<unknown>): AsyncGenerator {
  const undo = call.lifetime.defer((reason) => settleAtEnd(ticket, call, reason));
  try {
    for await (const value of source) {
      ticket.answered();
      yield value;
    }
    ticket.succeed();
  } catch (error) {
    ticket.fail(error);
    throw error;
  } finally {
    undo();
    // Nobody wants more of it.
    ticket.ignore();
  }
}
