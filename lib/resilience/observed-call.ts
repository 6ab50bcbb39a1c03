import type { Observable, Subscriber } from 'rxjs';
import { rx } from '../lifetime/observable';
import type { Breaker, Ticket } from './breaker';
import { timeoutError } from './breaker-error';
import type { BreakerSettings } from './breaker-settings';
import { CANCELLED, FAILURE } from './outcome';

type Breaking = Pick<Breaker, 'admit' | 'settle' | 'settleValue' | 'settleError'>;

/** An Observable each subscription to which is one call through a breaker. */
export function observeCall<T>(
  breaker: Breaking,
  settings: BreakerSettings,
  factory: (signal: AbortSignal) => Observable<T>,
): Observable<T> {
  return new (rx().Observable)<T>((subscriber) => new ObservedCall(breaker, settings, subscriber).begin(factory));
}

class ObservedCall<T> {
  readonly #breaker: Breaking;
  readonly #settings: BreakerSettings;
  readonly #subscriber: Subscriber<T>;
  readonly #ticket: Ticket;
  readonly #controller = new AbortController();
  /** When the first value came: from then on it is a stream, which lasts as long as it lasts. */
  #answeredMs: number | undefined;
  #last: T | undefined;

  constructor(breaker: Breaking, settings: BreakerSettings, subscriber: Subscriber<T>) {
    this.#breaker = breaker;
    this.#settings = settings;
    this.#subscriber = subscriber;
    this.#ticket = breaker.admit();
  }

  begin(factory: (signal: AbortSignal) => Observable<T>): void {
    const subscriber = this.#subscriber;
    const { clock, timeoutMs } = this.#settings;
    subscriber.add(() => this.#abandon());
    const cancelTimer = timeoutMs > 0 ? clock.setTimer(() => this.#timeOut(), timeoutMs) : undefined;
    subscriber.add(cancelTimer);
    // The inner subscriber is known before the source begins, so that one which never stops by itself can be stopped.
    const whole = new (rx().Observable)<T>((inner) => {
      subscriber.add(() => inner.unsubscribe());
      return factory(this.#controller.signal).subscribe(inner);
    });
    whole.subscribe({
      next: (value) => {
        cancelTimer?.();
        this.#answeredMs ??= clock.now();
        this.#last = value;
        subscriber.next(value);
      },
      error: (error: unknown) => this.#finish(() => this.#breaker.settleError(this.#ticket, error, this.#answeredMs), error),
      complete: () => this.#finish(() => this.#breaker.settleValue(this.#ticket, this.#last, this.#answeredMs)),
    });
  }

  #finish(settle: () => void, ...errors: unknown[]): void {
    try {
      settle();
    } catch (error) {
      this.#subscriber.error(error);
    }
    if (errors.length > 0) this.#subscriber.error(errors[0]);
    else this.#subscriber.complete();
  }

  #timeOut(): void {
    const { name, timeoutMs } = this.#settings;
    const error = timeoutError(name, timeoutMs);
    this.#breaker.settle(this.#ticket, FAILURE, error);
    this.#controller.abort(error);
    this.#subscriber.error(error);
  }

  /** Nobody wants more of it: what it gave so far is what was wanted. */
  #abandon(): void {
    if (this.#ticket.isSettled) return;
    if (this.#answeredMs === undefined) this.#breaker.settle(this.#ticket, CANCELLED);
    else this.#finish(() => this.#breaker.settleValue(this.#ticket, this.#last, this.#answeredMs));
    this.#controller.abort();
  }
}
