import type { Observable, Subscriber } from 'rxjs';
import { rx } from '../lifetime/observable';
import type { BreakerCall } from './breaker-call';
import type { Limits } from './cut-call';

/** One subscription to an Observable as one call through a breaker. */
export class ObservedCall<T> {
  readonly #limits: Limits;
  readonly #subscriber: Subscriber<T>;
  readonly #call: BreakerCall;
  readonly #controller = new AbortController();
  #hasAnswered = false;
  #last: T | undefined;

  private constructor(call: BreakerCall, limits: Limits, subscriber: Subscriber<T>) {
    this.#call = call;
    this.#limits = limits;
    this.#subscriber = subscriber;
  }

  /** In: makes the Observable, with each subscription; lets a call in, or throws what the subscriber gets. */
  static observe<T>(factory: (signal: AbortSignal) => Observable<T>, admit: () => BreakerCall, limits: Limits): Observable<T> {
    return new (rx().Observable)<T>((subscriber) => new ObservedCall(admit(), limits, subscriber).#begin(factory));
  }

  #begin(factory: (signal: AbortSignal) => Observable<T>): void {
    const subscriber = this.#subscriber;
    const { clock, timeoutMs, signal } = this.#limits;
    subscriber.add(() => this.#abandon());
    const cancelTimer = timeoutMs > 0 ? clock.setTimer(() => this.#timeOut(), timeoutMs) : undefined;
    subscriber.add(cancelTimer);
    if (signal !== undefined) this.#endWith(signal);
    // The inner subscriber is known before the source begins, so that one which never stops by itself can be stopped.
    const whole = new (rx().Observable)<T>((inner) => {
      subscriber.add(() => inner.unsubscribe());
      return factory(this.#controller.signal).subscribe(inner);
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
    else this.#call.cancel();
    this.#controller.abort();
  }
}
