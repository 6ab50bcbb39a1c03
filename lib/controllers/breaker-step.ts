import { finished, Readable } from 'node:stream';
import { Exchange } from '../http/exchange';
import { StreamedReply } from '../http/reply-writer';
import { cancelledBecause } from '../lifetime/end-reason';
import { isObservable, rx } from '../lifetime/observable';
import type { Breaker } from '../resilience/breaker';
import type { BreakerCall } from '../resilience/breaker-call';
import type { Call } from './call';
import { isPromise, whenSettled } from './collect-arguments';
import { isAsyncIterable } from './compile-hooks';
import { limitCall } from './limit-call';

/**
 * Calls a handler through a breaker.
 *
 * An error, or an answer of 500 to 599, is a failure; any other answer is a success. A body that is sent as it comes settles the
 * call at its end, server-sent events at their head. Whoever leaves, and a deadline of the request, cancels the call: that
 * counts as nothing, unless it was slow by then.
 * Fails with: BREAKER_OPEN; BREAKER_TIMEOUT; what the handler fails with.
 */
export function callThrough(breaker: Breaker, call: Call, handler: () => unknown, isEvents: boolean): unknown {
  const ticket = breaker.begin();
  let value: unknown;
  try {
    value = breaker.timeoutMs === 0 ? handler() : limitCall(breaker, ticket, call, handler);
  } catch (error) {
    ticket.fail(error);
    throw error;
  }
  return isPromise(value) ? settleLater(ticket, call, value, isEvents) : settle(ticket, call, value, isEvents);
}

/** Who is cut while it is waited for gives a trial's permit back at once, whatever the handler still does. */
function settleLater(ticket: BreakerCall, call: Call, value: PromiseLike<unknown>, isEvents: boolean): Promise<unknown> {
  const undo = cancelWith(ticket, call);
  return whenSettled(value).then(
    (settled) => {
      undo();
      return settle(ticket, call, settled, isEvents);
    },
    (error: unknown) => {
      undo();
      ticket.fail(error);
      throw error;
    },
  );
}

function cancelWith(ticket: BreakerCall, call: Call): () => void {
  return call.lifetime.defer((reason) => {
    if (reason !== 'finished') ticket.cancel(cancelledBecause(reason));
  });
}

/** What becomes of a call with the value of its handler. Out: the value, watched where it comes over time. */
function settle(ticket: BreakerCall, call: Call, value: unknown, isEvents: boolean): unknown {
  if (call instanceof Exchange) {
    // What is under way by hand, or by the context, is over with the request.
    if (call.answering && !call.replied) return settleAtEnd(ticket, call, value);
    if (call.status >= 500) {
      ticket.fail({ status: call.status, headers: { 'retry-after': call.field('retry-after') } });
      return value;
    }
  }
  if (isEvents || typeof value !== 'object' || value === null) {
    ticket.succeed(value);
    return value;
  }
  if (isObservable(value)) return watchObservable(ticket, call, value);
  if (value instanceof Readable) return watchReadable(ticket, call, value);
  if (isAsyncIterable(value) && !(value instanceof StreamedReply)) return watchIterable(ticket, value);
  ticket.succeed(value);
  return value;
}

function settleAtEnd(ticket: BreakerCall, call: Exchange, value: unknown): unknown {
  ticket.answered();
  call.lifetime.defer((reason) => {
    if (reason === 'client') ticket.ignore();
    else if (reason === 'finished' && call.status < 500) ticket.succeed();
    else if (reason === 'finished') ticket.fail({ status: call.status });
    else ticket.cancel(cancelledBecause(reason));
  });
  return value;
}

function watchObservable(ticket: BreakerCall, call: Call, source: Parameters<typeof isObservable>[0]): unknown {
  if (!isObservable(source)) return source;
  return new (rx().Observable)((subscriber) => {
    const subscription = source.subscribe({
      next: (value) => {
        ticket.answered();
        subscriber.next(value);
      },
      error: (error: unknown) => {
        ticket.fail(error);
        subscriber.error(error);
      },
      complete: () => {
        ticket.succeed();
        subscriber.complete();
      },
    });
    return () => {
      // After its end this is without effect.
      const reason = call.begun?.reason;
      ticket.cancel(reason === undefined || reason === 'finished' ? undefined : cancelledBecause(reason));
      subscription.unsubscribe();
    };
  });
}

/** A body that breaks off is a failure; whoever stops reading it tells nothing. */
function watchReadable(ticket: BreakerCall, call: Call, source: Readable): Readable {
  ticket.answered();
  finished(source, { writable: false }, (error) => {
    const reason = call.begun?.reason;
    if (!error) ticket.succeed();
    else if (reason !== undefined && reason !== 'finished') ticket.ignore();
    else ticket.fail(error);
  });
  return source;
}

async function* watchIterable(ticket: BreakerCall, source: AsyncIterable<unknown>): AsyncGenerator {
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
    // Nobody wants more of it.
    ticket.ignore();
  }
}
