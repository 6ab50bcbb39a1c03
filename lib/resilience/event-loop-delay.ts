import type { CancelTimer, Clock } from '../lifetime/clock';

/** How late the event loop is. */
export interface DelaySampler {
  /** In milliseconds, as of now. */
  readonly delayMs: number;
  close(): void;
}

/** How often it is looked at. */
const INTERVAL_MS = 100;

/**
 * How late timers are: as late as the last one was, or the next one is already, whichever is more. So it is seen within the
 * turn that takes too long, and forgotten a tenth of a second after it.
 */
export class EventLoopDelay implements DelaySampler {
  readonly #clock: Clock;
  #dueMs = 0;
  #lastMs = 0;
  #cancelTimer: CancelTimer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#arm();
  }

  get delayMs(): number {
    return Math.max(this.#lastMs, this.#clock.now() - this.#dueMs, 0);
  }

  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#dueMs = Infinity;
    this.#lastMs = 0;
  }

  #arm(): void {
    this.#dueMs = this.#clock.now() + INTERVAL_MS;
    this.#cancelTimer = this.#clock.setTimer(() => this.#sample(), INTERVAL_MS);
  }

  #sample(): void {
    this.#lastMs = this.#clock.now() - this.#dueMs;
    this.#arm();
  }
}
