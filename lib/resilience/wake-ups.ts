import type { CancelTimer, Clock } from '../lifetime/clock';

/** Something that wants to be looked at when its time has come. */
export interface Sleeper {
  wake(): void;
}

/** One timer for all breakers of a clock that are open while somebody listens to them; none when there are none. */
export class WakeUps {
  static readonly #ofClock = new WeakMap<Clock, WakeUps>();

  readonly #clock: Clock;
  readonly #sleepers = new Map<Sleeper, number>();
  #cancelTimer: CancelTimer | undefined;
  #timerAtMs = Infinity;

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  static of(clock: Clock): WakeUps {
    let wakeUps = WakeUps.#ofClock.get(clock);
    if (wakeUps === undefined) {
      wakeUps = new WakeUps(clock);
      WakeUps.#ofClock.set(clock, wakeUps);
    }
    return wakeUps;
  }

  /** `atMs` undefined: not at all. O(1): the timer is only ever moved to an earlier time, and one too early finds nobody. */
  set(sleeper: Sleeper, atMs: number | undefined): void {
    if (atMs === undefined) {
      if (this.#sleepers.delete(sleeper) && this.#sleepers.size === 0) this.#arm(Infinity);
      return;
    }
    this.#sleepers.set(sleeper, atMs);
    if (atMs < this.#timerAtMs) this.#arm(atMs);
  }

  #arm(atMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerAtMs = atMs;
    if (atMs === Infinity) return;
    this.#cancelTimer = this.#clock.setTimer(() => this.#fire(), Math.max(0, Math.ceil(atMs - this.#clock.now())));
  }

  #fire(): void {
    const nowMs = this.#clock.now();
    const due = [...this.#sleepers].filter(([, atMs]) => atMs <= nowMs).map(([sleeper]) => sleeper);
    for (const sleeper of due) this.#sleepers.delete(sleeper);
    let nextMs = Infinity;
    for (const atMs of this.#sleepers.values()) nextMs = Math.min(nextMs, atMs);
    this.#arm(nextMs);
    for (const sleeper of due) sleeper.wake();
  }
}
