import type { Observable } from 'rxjs';
import type { CancelReason } from './end-reason';
import type { Lifetime } from './lifetime';
import { rx } from './observable';

/** Emits why a lifetime was cut, once, and completes; completes without a value when it ends normally. */
export function observeEnd(lifetime: Lifetime): Observable<CancelReason> {
  return new (rx().Observable)<CancelReason>((subscriber) =>
    lifetime.defer((reason) => {
      if (reason !== 'finished') subscriber.next(reason);
      subscriber.complete();
    }),
  );
}

/**
 * Emits once when work is asked to come to its end, and completes; completes silently when `lifetime` ends before.
 *
 * In: `signal` says when; it is asked for when somebody subscribes.
 */
export function observeFinish(lifetime: Lifetime, signal: () => AbortSignal = () => lifetime.finishing): Observable<void> {
  return new (rx().Observable)<void>((subscriber) => {
    const finishing = signal();
    const tell = (): void => {
      subscriber.next();
      subscriber.complete();
    };
    if (finishing.aborted) {
      tell();
      return undefined;
    }
    finishing.addEventListener('abort', tell, { once: true });
    const undo = lifetime.defer(() => subscriber.complete());
    return () => {
      finishing.removeEventListener('abort', tell);
      undo();
    };
  });
}
