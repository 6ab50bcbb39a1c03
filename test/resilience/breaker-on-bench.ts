import { Breaker } from '../../lib/resilience/breaker';
import type { BreakerCall } from '../../lib/resilience/breaker-call';
import type { BreakerOptions } from '../../lib/resilience/breaker-options';
import type { Transition } from '../../lib/resilience/transition';
import { ManualClock } from '../../lib/testing/manual-clock';

/** As many turns as a promise takes through the layers around a call. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

/** How a promise stands, without waiting for it. */
export async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  let outcome: unknown = 'pending';
  promise.then(
    (value) => (outcome = { value }),
    (error: unknown) => (outcome = { error }),
  );
  await settled();
  return outcome;
}

/** A breaker on a clock set by hand, with what it published so far. */
export class OnBench {
  readonly clock: ManualClock;
  readonly breaker: Breaker;
  readonly changes: string[] = [];
  readonly transitions: Transition[] = [];

  constructor(options: BreakerOptions, clock = new ManualClock()) {
    this.clock = clock;
    this.breaker = new Breaker({ clock, ...options });
  }

  /** Writes down what it publishes from now on. */
  listen(): this {
    this.breaker.transitions$.subscribe((transition) => {
      this.transitions.push(transition);
      this.changes.push(`${transition.from} → ${transition.to} (${transition.cause})`);
    });
    return this;
  }

  succeed(times = 1): void {
    for (let i = 0; i < times; i++) this.breaker.begin().succeed();
  }

  fail(times = 1, error: unknown = new Error('failed')): void {
    for (let i = 0; i < times; i++) this.breaker.begin().fail(error);
  }

  cancel(times = 1, reason?: unknown): void {
    for (let i = 0; i < times; i++) this.breaker.begin().cancel(reason);
  }

  begin(times: number): BreakerCall[] {
    return Array.from({ length: times }, () => this.breaker.begin());
  }

  /** How many of so many calls are let in; they are left under way. */
  letIn(times: number): number {
    let count = 0;
    for (let i = 0; i < times; i++) {
      try {
        this.breaker.begin();
        count++;
      } catch (error) {
        expect(error).toMatchObject({ code: 'BREAKER_OPEN' });
      }
    }
    return count;
  }
}
