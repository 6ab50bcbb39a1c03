import * as fc from 'fast-check';
import { Breaker, type BreakerCall, CancelledError } from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { type End, ReferenceBreaker, type ReferenceCall, type ReferenceOptions } from './reference-breaker';

/** A clock that is only read. */
class StillClock extends ManualClock {
  atMs = 0;
  override now(): number {
    return this.atMs;
  }
}

const SETTLE: Readonly<Record<End, (call: BreakerCall) => void>> = {
  success: (call) => call.succeed(),
  failure: (call) => call.fail(new Error('failed')),
  ignored: (call) => call.ignore(),
  cancelled: (call) => call.cancel(),
  expired: (call) => call.cancel(new CancelledError('deadline')),
};

type Step =
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'begin' }
  | { readonly do: 'end'; readonly which: number; readonly as: End }
  | { readonly do: 'forceOpen' | 'disable' | 'observeOnly' | 'reset' | 'enable' };

const end = fc.constantFrom<End>('success', 'failure', 'failure', 'ignored', 'cancelled', 'expired');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>({ do: 'begin' }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(7), as: end }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      ms: fc.oneof(fc.nat(30), fc.constantFrom(10, 50, 99, 100, 500)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('forceOpen', 'disable', 'observeOnly', 'reset', 'enable') }) },
);

const common = {
  slowCallMs: fc.constantFrom(0, 40),
  minimumCalls: fc.integer({ min: 1, max: 5 }),
  resetTimeoutMs: fc.constantFrom(50, 100),
  halfOpenMax: fc.integer({ min: 1, max: 3 }),
  maxHalfOpenMs: fc.constantFrom(60, 100),
};
const ratios = { failureRatio: fc.constantFrom(0.3, 0.5, 1), slowRatio: fc.constantFrom(0.5, 1) };
const consecutive = fc.record({
  ...common,
  window: fc.constant({ kind: 'consecutive' as const }),
  maxFailures: fc.integer({ min: 1, max: 4 }),
});
const count = fc.record({
  ...common,
  ...ratios,
  window: fc.record({ kind: fc.constant('count' as const), calls: fc.integer({ min: 1, max: 6 }) }),
});
const time = fc.record({ ...common, ...ratios, window: fc.constant({ kind: 'time' as const, durationMs: 100 }) });
const absolute = fc.record({
  ...common,
  window: fc.constant({ kind: 'time' as const, durationMs: 100 }),
  maxFailures: fc.integer({ min: 1, max: 4 }),
  slowRatio: fc.constantFrom(0.5, 1),
});

/** Both take the same steps; after each, every state and counter is compared. */
class Pair {
  readonly clock = new StillClock();
  readonly breaker: Breaker;
  readonly reference: ReferenceBreaker;
  readonly changes: string[] = [];
  readonly open: { readonly ticket: BreakerCall; readonly call: ReferenceCall }[] = [];

  constructor(options: ReferenceOptions) {
    this.breaker = new Breaker({ ...options, clock: this.clock });
    const most = options.window.kind === 'count' ? options.window.calls : Infinity;
    this.reference = new ReferenceBreaker({
      ...options,
      slowCallMs: options.slowCallMs === 0 ? Infinity : options.slowCallMs,
      minimumCalls: Math.min(options.minimumCalls, most),
    });
    this.breaker.transitions$.subscribe(({ from, to }) => this.changes.push(`${from} → ${to}`));
  }

  take(step: Step): void {
    switch (step.do) {
      case 'advance':
        this.clock.atMs += step.ms;
        this.reference.advance(step.ms);
        break;
      case 'begin':
        this.begin();
        break;
      case 'end': {
        const [each] = this.open.splice(step.which % Math.max(1, this.open.length), 1);
        if (each === undefined) return;
        SETTLE[step.as](each.ticket);
        this.reference.settle(each.call, step.as);
        break;
      }
      default:
        this.operate(step.do);
    }
  }

  private begin(): void {
    const call = this.reference.call();
    let ticket: BreakerCall | undefined;
    try {
      ticket = this.breaker.begin();
    } catch (error) {
      expect(error).toMatchObject({ code: 'BREAKER_OPEN' });
    }
    expect(ticket === undefined).toBe(call === undefined);
    if (ticket !== undefined && call !== undefined) this.open.push({ ticket, call });
  }

  private operate(what: 'forceOpen' | 'disable' | 'observeOnly' | 'reset' | 'enable'): void {
    const isHeld = ['forced-open', 'disabled', 'metrics-only'].includes(this.reference.kind);
    this.breaker[what]();
    if (what === 'forceOpen') this.reference.turn('forced-open');
    else if (what === 'disable') this.reference.turn('disabled');
    else if (what === 'observeOnly') this.reference.turn('metrics-only');
    else if (what === 'reset' || isHeld) this.reference.turn('closed');
  }

  compare(): void {
    const { breaker, reference } = this;
    expect({ state: breaker.state, open: breaker.remainingOpenMs, stats: breaker.stats }).toEqual({
      state: reference.state,
      open: reference.remainingOpenMs,
      stats: reference.stats,
    });
    expect(this.changes).toEqual(reference.changes);
  }
}

describe('a breaker and the model of it', () => {
  it.each([
    ['consecutive', consecutive],
    ['count', count],
    ['time', time],
    ['failures within a time', absolute],
  ])(
    'agree on every state, counter and transition over random histories: %s',
    (_name, options: fc.Arbitrary<ReferenceOptions>) => {
      fc.assert(
        fc.property(options, fc.array(step, { maxLength: 80 }), (chosen, steps) => {
          const pair = new Pair(chosen);
          for (const each of steps) {
            pair.take(each);
            pair.compare();
          }
        }),
        { numRuns: 400 },
      );
    },
  );

  it('is restored as it was saved, at whatever time of the other clock', () => {
    fc.assert(
      fc.property(fc.oneof(consecutive, count, time), fc.array(step, { maxLength: 60 }), fc.nat(500), (chosen, steps, tenths) => {
        const pair = new Pair(chosen);
        for (const each of steps) pair.take(each);
        const clock = new StillClock();
        // In step with the tenths of the window.
        clock.atMs = (pair.clock.atMs % 10) + 10 * tenths;
        const saved = JSON.parse(JSON.stringify(pair.breaker.save())) as ReturnType<Breaker['save']>;
        const other = Breaker.restore(saved, { ...chosen, clock });
        expect([other.state, other.remainingOpenMs, other.stats]).toEqual([
          pair.breaker.state,
          pair.breaker.remainingOpenMs,
          pair.breaker.stats,
        ]);
        expect(Breaker.restore(other.save(), { ...chosen, clock }).save()).toEqual(other.save());
      }),
      { numRuns: 300 },
    );
  });
});
