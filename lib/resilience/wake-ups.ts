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

  /** `atMs` undefined: not at all. */
  set(sleeper: Sleeper, atMs: number | undefined): void {
    if (atMs === undefined) this.#sleepers.delete(sleeper);
    else this.#sleepers.set(sleeper, atMs);
    this.#arm();
  }

  #arm(): void {
    const nextMs = Math.min(...this.#sleepers.values());
    if (nextMs === this.#timerAtMs) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerAtMs = nextMs;
    if (nextMs === Infinity) return;
    this.#cancelTimer = this.#clock.setTimer(() => this.#fire(), Math.max(0, Math.ceil(nextMs - this.#clock.now())));
  }

  #fire(): void {
    this.#cancelTimer = undefined;
    this.#timerAtMs = Infinity;
    const nowMs = this.#clock.now();
    const due = [...this.#sleepers].filter(([, atMs]) => atMs <= nowMs).map(([sleeper]) => sleeper);
    for (const sleeper of due) this.#sleepers.delete(sleeper);
    for (const sleeper of due) sleeper.wake();
    this.#arm();
  }
}
