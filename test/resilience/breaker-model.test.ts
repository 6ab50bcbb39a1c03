import * as fc from 'fast-check';
import { CancelledError } from '../../lib/lifetime/end-reason';
import { Breaker } from '../../lib/resilience/breaker';
import type { BreakerCall } from '../../lib/resilience/breaker-call';
import type { BreakerOptions } from '../../lib/resilience/breaker-options';
import type { SavedBreaker } from '../../lib/resilience/saved-breaker';
import { countsAs } from '../../lib/resilience/verdict';
import { type End, ReferenceBreaker, type ReferenceCall, type ReferenceOptions, TOLD_MS } from './reference-breaker';
import { StillClock } from './still-clock';

type Ends = Pick<BreakerCall, 'succeed' | 'fail' | 'cancel' | 'ignore'>;

/** A call that is a function, which ends as it is told, as if it had been begun by hand. */
class FunctionCall implements Ends {
  /** Whether it was let in. */
  isBegun = false;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  readonly #controller: AbortController | undefined;

  constructor(breaker: Breaker, isCut: boolean) {
    this.#controller = isCut ? new AbortController() : undefined;
    const work = async (): Promise<void> => {
      this.isBegun = true;
      await new Promise<void>((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
      });
    };
    const options = this.#controller === undefined ? undefined : { signal: this.#controller.signal };
    breaker.call(work, options).catch(() => undefined);
  }

  succeed(): void {
    this.#resolve();
  }

  fail(error: unknown): void {
    this.#reject(error);
  }

  ignore(): void {
    this.#reject(countsAs('ignored', new Error('of no interest')));
  }

  cancel(reason: unknown = new CancelledError('client')): void {
    if (this.#controller === undefined) this.#reject(reason);
    else this.#controller.abort(reason);
  }
}

/** Lets a call in, or not. */
type Means = (breaker: Breaker) => Ends | undefined;

const byHand: Means = (breaker) => {
  try {
    return breaker.begin();
  } catch (error) {
    expect(error).toMatchObject({ code: 'BREAKER_OPEN' });
    return undefined;
  }
};
const byFunction =
  (isCut: boolean): Means =>
  (breaker) => {
    const call = new FunctionCall(breaker, isCut);
    return call.isBegun ? call : undefined;
  };

/** As many turns as a promise takes through the layers of a call. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
}

const SETTLE: Readonly<Record<End, (call: Ends) => void>> = {
  success: (call) => call.succeed(),
  failure: (call) => call.fail(new Error('failed')),
  told: (call) => call.fail(Object.assign(new Error('failed'), { retryAfterMs: TOLD_MS })),
  ignored: (call) => call.ignore(),
  cancelled: (call) => call.cancel(),
  expired: (call) => call.cancel(new CancelledError('deadline')),
};

const OPERATIONS = ['forceOpen', 'disable', 'observeOnly', 'reset', 'enable', 'probeNow'] as const;

type Step =
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'begin' | 'give up' | 'restart' }
  | { readonly do: 'end'; readonly which: number; readonly as: End }
  | { readonly do: (typeof OPERATIONS)[number] };

const end = fc.constantFrom<End>(
  'success',
  'success',
  'failure',
  'failure',
  'failure',
  'told',
  'ignored',
  'cancelled',
  'expired',
);
const someTime = fc.oneof(fc.nat(30), fc.constantFrom(1, 10, 40, 50, 99, 100, 500));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Step>({ do: 'begin' }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(7), as: end }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: someTime }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom(...OPERATIONS) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('give up' as const, 'restart' as const) }) },
);

const common = {
  slowCallMs: fc.constantFrom(Infinity, 40),
  slowDeadlineMs: fc.constant(2_000),
  minimumCalls: fc.integer({ min: 1, max: 5 }),
  resetTimeoutMs: fc.constantFrom(50, 100),
  halfOpenMax: fc.integer({ min: 1, max: 3 }),
  maxHalfOpenMs: fc.constantFrom(60, 100),
  backoff: fc.constantFrom({ factor: 1, maxMs: 100 }, { factor: 2, maxMs: 350 }),
  maxRetryAfterMs: fc.constantFrom(0, 120, 300_000),
  maxFailures: fc.constant(Infinity),
  failureRatio: fc.constantFrom(0.3, 0.5, 1),
  slowRatio: fc.constantFrom(0.5, 1),
};
const few = fc.integer({ min: 1, max: 4 });
const countWindow = fc.record({ kind: fc.constant('count' as const), calls: fc.integer({ min: 1, max: 6 }) });
const timeWindow = fc.record({ kind: fc.constant('time' as const), durationMs: fc.constantFrom(100, 1_000) });
const kinds: Readonly<Record<string, fc.Arbitrary<ReferenceOptions>>> = {
  consecutive: fc.record({
    ...common,
    window: fc.constant({ kind: 'consecutive' as const }),
    maxFailures: few,
    failureRatio: fc.constant(Infinity),
    slowRatio: fc.constant(Infinity),
  }),
  count: fc.record({ ...common, window: countWindow }),
  time: fc.record({ ...common, window: timeWindow }),
  'failures within so many calls': fc.record({
    ...common,
    window: countWindow,
    maxFailures: few,
    failureRatio: fc.constant(Infinity),
  }),
  'failures within a time': fc.record({ ...common, window: timeWindow, maxFailures: few, failureRatio: fc.constant(Infinity) }),
};

/** What is said to both: the reference has its defaults filled in, the breaker finds them. */
function toBoth(options: ReferenceOptions): { readonly said: BreakerOptions; readonly filled: ReferenceOptions } {
  const { slowDeadlineMs, slowCallMs, window, backoff, ...rest } = options;
  const finite = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== Infinity));
  const said = { ...finite, window, slowCallMs: slowCallMs === Infinity ? undefined : slowCallMs };
  const isConsecutive = window.kind === 'consecutive';
  const defaultSlowMs = isConsecutive ? Infinity : 2_000;
  const most = window.kind === 'count' ? window.calls : Infinity;
  return {
    said: { ...said, backoff: { ...backoff, jitter: 0 } },
    filled: {
      ...options,
      slowCallMs: Math.min(slowCallMs, defaultSlowMs),
      slowDeadlineMs: Math.min(slowCallMs, slowDeadlineMs),
      minimumCalls: Math.min(options.minimumCalls, most),
    },
  };
}

/** Both take the same steps; after each, every state and counter is compared. */
class Pair {
  readonly clock = new StillClock();
  readonly said: BreakerOptions;
  readonly reference: ReferenceBreaker;
  readonly changes: string[] = [];
  breaker: Breaker;
  open: { readonly call: Ends; readonly twin: ReferenceCall }[] = [];

  constructor(
    options: ReferenceOptions,
    readonly means = byHand,
  ) {
    const { said, filled } = toBoth(options);
    this.said = { ...said, clock: this.clock };
    this.breaker = new Breaker(this.said);
    this.reference = new ReferenceBreaker(filled);
    this.#listen();
  }

  take(one: Step): void {
    switch (one.do) {
      case 'advance':
        this.clock.atMs += one.ms;
        this.reference.advance(one.ms);
        break;
      case 'begin':
        this.#begin();
        break;
      case 'give up':
        this.breaker.call(() => 1, { signal: AbortSignal.abort() }).catch(() => undefined);
        this.reference.giveUp();
        break;
      case 'restart':
        this.#restart();
        break;
      case 'end': {
        const [each] = this.open.splice(one.which % Math.max(1, this.open.length), 1);
        if (each === undefined) return;
        SETTLE[one.as](each.call);
        this.reference.settle(each.twin, one.as);
        break;
      }
      default:
        this.#operate(one.do);
    }
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

  #listen(): void {
    this.breaker.transitions$.subscribe(({ from, to }) => this.changes.push(`${from} → ${to}`));
  }

  #begin(): void {
    const twin = this.reference.call();
    const call = this.means(this.breaker);
    expect(call === undefined).toBe(twin === undefined);
    if (call !== undefined && twin !== undefined) this.open.push({ call, twin });
  }

  #restart(): void {
    const saved = JSON.parse(JSON.stringify(this.breaker.save())) as SavedBreaker;
    this.breaker = Breaker.restore(saved, this.said);
    this.reference.restart();
    this.open = [];
    this.#listen();
  }

  #operate(what: (typeof OPERATIONS)[number]): void {
    const isHeld = ['forced-open', 'disabled', 'metrics-only'].includes(this.reference.kind);
    this.breaker[what]();
    if (what === 'forceOpen') this.reference.turn('forced-open');
    else if (what === 'disable') this.reference.turn('disabled');
    else if (what === 'observeOnly') this.reference.turn('metrics-only');
    else if (what === 'probeNow') this.reference.probe();
    else if (what === 'reset' || isHeld) this.reference.turn('closed');
  }
}

describe('a breaker and the model of it', () => {
  it.each(Object.entries(kinds))('agree on every state, counter and transition over random histories: %s', (_name, options) => {
    fc.assert(
      fc.property(options, fc.array(step, { maxLength: 100 }), (chosen, steps) => {
        const pair = new Pair(chosen);
        for (const each of steps) {
          pair.take(each);
          pair.compare();
        }
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    ['that nothing cuts', false],
    ['that their callers may cut', true],
  ])('agree as well where the calls are functions %s', async (_name, isCut) => {
    const anyKind = fc.oneof(...Object.values(kinds));
    await fc.assert(
      fc.asyncProperty(anyKind, fc.array(step, { maxLength: 60 }), async (chosen, steps) => {
        const pair = new Pair(chosen, byFunction(isCut));
        for (const each of steps) {
          pair.take(each);
          await settled();
          pair.compare();
        }
      }),
      { numRuns: 400 },
    );
  });

  it('are in each state, and leave it by each way, somewhere in these histories', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.oneof(...Object.values(kinds)), fc.array(step, { minLength: 30, maxLength: 100 }), (chosen, steps) => {
        const pair = new Pair(chosen);
        for (const each of steps) pair.take(each);
        for (const change of pair.changes) seen.add(change);
      }),
      { numRuns: 400, seed: 7 },
    );
    const byItself = ['closed → open', 'open → half-open', 'half-open → open', 'half-open → closed'];
    const byHand = ['forced-open', 'disabled', 'metrics-only'].flatMap((held) => [`closed → ${held}`, `${held} → closed`]);
    expect([...seen]).toEqual(expect.arrayContaining([...byItself, ...byHand]));
  });

  it('is restored as it was saved, at whatever time of the other clock', () => {
    fc.assert(
      fc.property(fc.oneof(...Object.values(kinds)), fc.array(step, { maxLength: 60 }), fc.nat(5_000), (chosen, steps, atMs) => {
        const pair = new Pair(chosen);
        for (const each of steps) pair.take(each);
        const clock = new StillClock();
        clock.atMs = atMs;
        const saved = JSON.parse(JSON.stringify(pair.breaker.save())) as SavedBreaker;
        const other = Breaker.restore(saved, { ...pair.said, clock });
        expect(other.toJSON()).toEqual(pair.breaker.toJSON());
        expect(other.save()).toEqual(saved);
      }),
      { numRuns: 300 },
    );
  });
});
