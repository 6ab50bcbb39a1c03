import type { Clock } from '../lifetime/clock';
import type { RetryBudgetOptions } from './retry-options';

/** Tokens that calls pay in and retries take out; some come with time. */
export class RetryBudget {
  readonly #clock: Clock;
  readonly #ratio: number;
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  constructor(clock: Clock, { ratio = 0.2, perSecond = 1, burst = 10 }: RetryBudgetOptions) {
    this.#clock = clock;
    this.#ratio = ratio;
    this.#perMs = perSecond / 1_000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#atMs = clock.now();
  }

  /** A call is made for the first time. */
  payIn(): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + this.#ratio);
  }

  /** Out: whether one more retry is allowed; it is taken then. */
  take(): boolean {
    const nowMs = this.#clock.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    // Sums of fifths fall a little short of whole numbers.
    if (this.#tokens < 1 - 1e-9) return false;
    this.#tokens -= 1;
    return true;
  }
}
