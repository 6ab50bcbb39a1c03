import type { CancelTimer, Clock } from '../lifetime/clock';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fn: () => void;
}

/** A clock that stands still until it is advanced. Timers fire in the order of their time, each at its own time. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #epochStartMs: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  /** In: the first reading, in milliseconds (default 0); the time since 1970 that this is (default: the machine's now). */
  constructor(startMs = 0, epochMs = Date.now()) {
    this.#nowMs = startMs;
    this.#epochStartMs = epochMs - startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  epochMs(): number {
    return this.#epochStartMs + this.#nowMs;
  }

  setTimer(fn: () => void, ms: number): CancelTimer {
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, fn };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Moves the time on by `ms`, stopping at each timer on the way, also at those that timers set.
   *
   * Out: settles once promises that the timers resolved, and what I/O was ready, have had their turn.
   */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (let next = this.#earliest(untilMs); next !== undefined; next = this.#earliest(untilMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.fn();
      await settled();
    }
    this.#nowMs = untilMs;
  }

  #earliest(untilMs: number): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs > untilMs) continue;
      if (!earliest || timer.atMs < earliest.atMs || (timer.atMs === earliest.atMs && timer.order < earliest.order))
        earliest = timer;
    }
    return earliest;
  }
}

/** Two turns of the event loop: promises have run, and so has what they handed to the next turn. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
