import type { MonoTypeOperatorFunction, Observable } from 'rxjs';
import { rx } from './observable';

/** What can be cut short: a request's context, a `CancelScope`, a session, or a bare signal. */
export type Cancellable = AbortSignal | { readonly signal: AbortSignal };

/**
 * A signal as an Observable: emits the reason once when it is aborted (at once when it was before), and completes.
 * One that is never aborted emits nothing and does not complete; unsubscribing lets go of the signal.
 */
export function fromSignal(signal: AbortSignal): Observable<unknown> {
  return new (rx().Observable)<unknown>((subscriber) => {
    const tell = (): void => {
      subscriber.next(signal.reason);
      subscriber.complete();
    };
    if (signal.aborted) {
      tell();
      return undefined;
    }
    signal.addEventListener('abort', tell, { once: true });
    return () => signal.removeEventListener('abort', tell);
  });
}

/**
 * Ends an Observable with what it is done for: when that is cut, the source is unsubscribed and the subscriber gets the
 * signal's reason as its error (a `CancelledError` for a request), so that a part is not taken for the whole.
 *
 * In: anything with a `signal` (`ctx`, a `CancelScope`, …), asked for when somebody subscribes, or a signal.
 */
export function cancelWith<T>(scope: Cancellable): MonoTypeOperatorFunction<T> {
  return (source) =>
    new (rx().Observable)<T>((subscriber) => {
      const signal = 'signal' in scope ? scope.signal : scope;
      // Before the source: one that emits in the tick it is subscribed can still be cut.
      subscriber.add(fromSignal(signal).subscribe((reason) => subscriber.error(reason)));
      if (!subscriber.closed) subscriber.add(source.subscribe(subscriber));
    });
}
