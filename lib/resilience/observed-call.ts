import type { Observable, Subscriber } from 'rxjs';
import { setAwaitedTimer } from '../lifetime/clock';
import { rx } from '../lifetime/observable';
import type { EndOfCall, Limits } from './cut-call';

/** Told of how a subscription goes, and ends. A breaker's call is one. */
export interface ObservedEnd extends EndOfCall {
  readonly isSettled: boolean;
  /** Its first value has come. */
  answered(): void;
}

/** Of a subscription that nobody counts. */
export class UnheardCall implements ObservedEnd {
  isSettled = false;
  readonly succeed = (): void => this.#settle();
  readonly fail = (): void => this.#settle();
  readonly timeOut = (): void => this.#settle();
  readonly cancel = (): void => this.#settle();

  answered(): void {
    // Nobody measures it.
  }

  #settle(): void {
    this.isSettled = true;
  }
}

/** One subscription to an Observable as one call through a breaker. */
export class ObservedCall<T, E extends ObservedEnd> {
  readonly #limits: Limits;
  readonly #subscriber: Subscriber<T>;
  readonly #call: E;
  readonly #controller = new AbortController();
  #hasAnswered = false;
  #last: T | undefined;

  private constructor(call: E, limits: Limits, subscriber: Subscriber<T>) {
    this.#call = call;
    this.#limits = limits;
    this.#subscriber = subscriber;
  }

  /** In: makes the Observable, with each subscription; lets a call in, or throws what the subscriber gets. */
  static observe<T, E extends ObservedEnd>(
    factory: (signal: AbortSignal, call: E) => Observable<T>,
    admit: () => E,
    limits: Limits,
  ): Observable<T> {
    return new (rx().Observable)<T>((subscriber) => new ObservedCall(admit(), limits, subscriber).#begin(factory));
  }

  #begin(factory: (signal: AbortSignal, call: E) => Observable<T>): void {
    const subscriber = this.#subscriber;
    const { clock, timeoutMs, signal } = this.#limits;
    subscriber.add(() => this.#abandon());
    const cancelTimer = timeoutMs > 0 ? setAwaitedTimer(clock, () => this.#timeOut(), timeoutMs) : undefined;
    subscriber.add(cancelTimer);
    if (signal !== undefined) this.#endWith(signal);
    // The inner subscriber is known before the source begins, so that one which never stops by itself can be stopped.
    const whole = new (rx().Observable)<T>((inner) => {
      subscriber.add(() => inner.unsubscribe());
      return factory(this.#controller.signal, this.#call).subscribe(inner);
    });
    whole.subscribe({
      next: (value) => {
        if (!this.#hasAnswered) cancelTimer?.();
        this.#call.answered();
        this.#hasAnswered = true;
        this.#last = value;
        subscriber.next(value);
      },
      error: (error: unknown) => {
        this.#call.fail(error);
        subscriber.error(error);
      },
      complete: () => {
        this.#call.succeed(this.#last);
        subscriber.complete();
      },
    });
  }

  #endWith(signal: AbortSignal): void {
    const abort = (): void => {
      // It ended by itself, and this comes of it.
      if (this.#call.isSettled) return;
      const reason: unknown = signal.reason;
      this.#call.cancel(reason);
      this.#controller.abort(reason);
      this.#subscriber.error(reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    this.#subscriber.add(() => signal.removeEventListener('abort', abort));
  }

  #timeOut(): void {
    const error = this.#limits.timeoutError();
    this.#call.timeOut(error);
    this.#controller.abort(error);
    this.#subscriber.error(error);
  }

  /** Nobody wants more of it: what it gave so far is what was wanted. */
  #abandon(): void {
    if (this.#call.isSettled) return;
    if (this.#hasAnswered) this.#call.succeed(this.#last);
    else this.#call.cancel(undefined);
    this.#controller.abort();
  }
}
