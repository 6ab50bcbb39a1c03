import type { Observable, Observer } from 'rxjs';
import { cancellationIn } from './end-reason';
import type { Lifetime } from './lifetime';

type Rx = typeof import('rxjs');

let loaded: Rx | undefined;

/** RxJS, loaded when first used: an application without Observables does not pay for it at start. */
export function rx(): Rx {
  loaded ??= load();
  return loaded;
}

function load(): Rx {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  const found = require('rxjs') as Rx;
  // RxJS throws what a subscriber has no `error` for, and so ends the process: that something was cut is nobody's failure.
  found.config.onUnhandledError ??= (error: unknown) => {
    if (cancellationIn(error) === undefined && !endings.has(error as object)) throw error;
  };
  return found;
}

/** Errors that say that their source is gone, and nothing more. */
const endings = new WeakSet<object>();

/** Marks an error as one that ends what it is told of and nothing else, where a subscriber has no `error` for it. */
export function asEnding(error: Error): Error {
  endings.add(error);
  return error;
}

/** Whether `value` is an RxJS Observable, of whichever copy of RxJS. */
export function isObservable(value: unknown): value is Observable<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const candidate = value as { subscribe?: unknown; pipe?: unknown };
  return typeof candidate.subscribe === 'function' && typeof candidate.pipe === 'function';
}

/**
 * Subscribes for as long as `lifetime` lasts: its end, whatever the reason, unsubscribes, and the source's teardown runs.
 *
 * The observer hears nothing more after that, no `complete` either. Inside what has ended already nothing is subscribed.
 */
export function subscribeWithin<T>(lifetime: Lifetime, source: Observable<T>, observer: Observer<T>): void {
  if (lifetime.ended) return;
  const { Observable } = rx();
  // The subscriber is known before the source begins, so that one which never stops by itself can be stopped
  // from within its first value.
  const whole = new Observable<T>((subscriber) => {
    subscriber.add(lifetime.defer(() => subscriber.unsubscribe()));
    return source.subscribe(subscriber);
  });
  whole.subscribe(observer);
}
