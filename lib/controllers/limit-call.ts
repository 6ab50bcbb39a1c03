import { currentLifetime, runInside } from '../lifetime/current';
import { isObservable, rx } from '../lifetime/observable';
import type { Lifetime } from '../lifetime/lifetime';
import type { Breaker } from '../resilience/breaker';
import type { BreakerCall } from '../resilience/breaker-call';
import { timeoutError } from '../resilience/breaker-error';
import type { Call } from './call';
import { isPromise, whenSettled } from './collect-arguments';

/**
 * Calls a handler for as long as its breaker lets it take: then it counts as failed, and what it called, bound to the current
 * request, is cut.
 *
 * Out: the value, when it is there at once; a promise, or an Observable whose first value is waited for that long.
 * Fails with: BREAKER_TIMEOUT.
 */
export function limitCall(breaker: Breaker, ticket: BreakerCall, call: Call, handler: () => unknown): unknown {
  const child = call.lifetime.open(call.lifetime.subject);
  let value: unknown;
  try {
    value = currentLifetime() === undefined ? handler() : runInside(child, handler);
  } catch (error) {
    child.end('finished');
    throw error;
  }
  if (isPromise(value)) return limitPromise(breaker, ticket, child, value);
  if (isObservable(value)) return limitObservable(breaker, ticket, child, value);
  child.end('finished');
  return value;
}

/** Calls `expired` with the failure, unless it is stopped before. Out: stops it, and ends the child. */
function startLimit(breaker: Breaker, ticket: BreakerCall, child: Lifetime, expired: (error: Error) => void): () => void {
  const stop = child.clock().setTimer(() => {
    const error = timeoutError(breaker.name, breaker.timeoutMs);
    ticket.timeOut(error);
    expired(error);
    child.end('deadline', error);
  }, breaker.timeoutMs);
  child.defer(stop);
  return () => child.end('finished');
}

function limitPromise(breaker: Breaker, ticket: BreakerCall, child: Lifetime, value: PromiseLike<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const stop = startLimit(breaker, ticket, child, reject);
    whenSettled(value).finally(stop).then(resolve, reject);
  });
}

function limitObservable(
  breaker: Breaker,
  ticket: BreakerCall,
  child: Lifetime,
  source: Parameters<typeof isObservable>[0],
): unknown {
  if (!isObservable(source)) return source;
  return new (rx().Observable)((subscriber) => {
    const stop = startLimit(breaker, ticket, child, (error) => subscriber.error(error));
    const subscription = source.subscribe({
      next: (value) => {
        stop();
        subscriber.next(value);
      },
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
    return () => {
      subscription.unsubscribe();
      stop();
    };
  });
}
