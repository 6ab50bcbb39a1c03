import type { Clock } from '../lifetime/clock';

/** How many messages a client may send: so many a second on average, and as many at once after a second of silence. */
export class MessageRate {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #left: number;
  #countedAtMs: number;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#left = perSecond;
    this.#countedAtMs = clock.now();
  }

  /** Counts one. Out: whether it is within the rate. */
  allows(): boolean {
    const now = this.#clock.now();
    const earned = ((now - this.#countedAtMs) / 1_000) * this.#perSecond;
    this.#left = Math.min(this.#perSecond, this.#left + earned);
    this.#countedAtMs = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
