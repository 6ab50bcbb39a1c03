import type { Observable, Subscriber } from 'rxjs';
import { isObservable, rx } from '../lifetime/observable';
import type { Breaker } from './breaker';
import type { Bulkhead } from './bulkhead';
import { isThenable, type Limits } from './cut-call';
import { ObservedCall, UnheardCall } from './observed-call';

/** Makes an Observable that ends with a signal. */
export type Factory<T> = (signal: AbortSignal) => Observable<T>;

/** What goes around each try, outside in: breaker, bulkhead, time-out. */
export interface TryLayers {
  readonly breaker: Breaker | undefined;
  readonly bulkhead: Bulkhead | undefined;
  readonly limits: (signal: AbortSignal) => Limits;
}

/** One try. In: the signal of whoever waits. */
export function observeTry<T>({ breaker, bulkhead, limits }: TryLayers, factory: Factory<T>, signal: AbortSignal): Observable<T> {
  const within: Factory<T> = (inner) => ObservedCall.observe(factory, () => new UnheardCall(), limits(inner));
  if (breaker === undefined) return throughBulkhead(bulkhead, within, signal);
  return breaker.observeCall((inner, call) => throughBulkhead(bulkhead, within, inner, () => call.restart()), signal);
}

/** Holds a place from the subscription to its end. In: told when the waiting is over. */
function throughBulkhead<T>(
  bulkhead: Bulkhead | undefined,
  factory: Factory<T>,
  signal: AbortSignal,
  entered?: () => void,
): Observable<T> {
  if (bulkhead === undefined) return factory(signal);
  return new (rx().Observable)<T>((subscriber) => {
    const waiting = new AbortController();
    const leave = (): void => waiting.abort(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    subscriber.add(() => {
      signal.removeEventListener('abort', leave);
      leave();
    });
    const run = (): Promise<void> =>
      new Promise((resolve) => {
        entered?.();
        subscriber.add(resolve);
        follow(factory(signal), subscriber);
      });
    bulkhead.call(run, { signal: waiting.signal }).catch((error: unknown) => subscriber.error(error));
  });
}

/** Subscribes; a source that never stops by itself can be stopped from within its first value. */
function follow<T>(source: Observable<T>, subscriber: Subscriber<T>): void {
  const whole = new (rx().Observable)<T>((inner) => {
    subscriber.add(() => inner.unsubscribe());
    return source.subscribe(inner);
  });
  whole.subscribe({
    next: (value) => subscriber.next(value),
    error: (error: unknown) => subscriber.error(error),
    complete: () => subscriber.complete(),
  });
}

/** What one subscription is made of. */
export interface ObservedTriesRooms<T, F> {
  /** One try, for as long as the signal is quiet. */
  readonly attempt: (signal: AbortSignal) => Observable<T>;
  /** Makes tries until one has answered. */
  readonly retry: (attempt: () => Promise<void>, signal: AbortSignal) => Promise<void>;
  /** What is given instead: a value, a promise, an Observable; throws where there is nothing. */
  readonly instead: (error: unknown, signal: AbortSignal) => unknown;
  /** Whoever waits. */
  readonly signal: AbortSignal | undefined;
  /** A type alone: what is given instead. */
  readonly given?: F;
}

/** One subscription to an Observable as one call through a policy. What has begun to answer is not tried again. */
export class ObservedTries<T, F> {
  readonly #rooms: ObservedTriesRooms<T, F>;
  readonly #subscriber: Subscriber<T | F>;
  readonly #controller = new AbortController();

  private constructor(rooms: ObservedTriesRooms<T, F>, subscriber: Subscriber<T | F>) {
    this.#rooms = rooms;
    this.#subscriber = subscriber;
  }

  static observe<T, F>(rooms: () => ObservedTriesRooms<T, F>): Observable<T | F> {
    return new (rx().Observable)<T | F>((subscriber) => new ObservedTries(rooms(), subscriber).#begin());
  }

  #begin(): void {
    const { retry, signal } = this.#rooms;
    if (signal?.aborted === true) {
      this.#subscriber.error(signal.reason);
      return;
    }
    const abort = (): void => this.#controller.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    this.#subscriber.add(() => {
      signal?.removeEventListener('abort', abort);
      // No more is tried.
      this.#controller.abort();
    });
    retry(() => this.#try(), this.#controller.signal).catch((error: unknown) => this.#failed(error));
  }

  /** Settles with the first value, or the end without one. */
  #try(): Promise<void> {
    return new Promise((resolve, reject) => {
      let hasAnswered = false;
      const subscriber = this.#subscriber;
      const whole = new (rx().Observable)<T>((inner) => {
        subscriber.add(() => inner.unsubscribe());
        return this.#rooms.attempt(this.#controller.signal).subscribe(inner);
      });
      whole.subscribe({
        next: (value) => {
          hasAnswered = true;
          resolve();
          subscriber.next(value);
        },
        error: (error: unknown) => {
          if (hasAnswered) subscriber.error(error);
          else reject(error);
        },
        complete: () => {
          resolve();
          subscriber.complete();
        },
      });
    });
  }

  #failed(error: unknown): void {
    const subscriber = this.#subscriber;
    if (subscriber.closed) return;
    try {
      const given = this.#rooms.instead(error, this.#controller.signal) as F | PromiseLike<F> | Observable<F>;
      if (isObservable(given)) follow(given, subscriber);
      else if (isThenable(given))
        given.then(
          (value) => this.#give(value),
          (failure: unknown) => subscriber.error(failure),
        );
      else this.#give(given);
    } catch (failure) {
      subscriber.error(failure);
    }
  }

  #give(value: F): void {
    this.#subscriber.next(value);
    this.#subscriber.complete();
  }
}
