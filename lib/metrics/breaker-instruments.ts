// Hot: `counted` is called once for each call through a breaker.
import type { Breaker } from '../resilience/breaker';
import { STATE_NUMBERS } from '../resilience/breaker-state';
import type { Breakers } from '../resilience/breakers';
import { type Outcome, SLOW_CANCELLED, SLOW_SUCCESS } from '../resilience/outcome';
import type { BreakerObserver, Transition } from '../resilience/transition';
import type { BoundCounter, BoundHistogram } from './bound-instruments';
import type { Counter, Histogram } from './instruments';
import { DURATION_BUCKETS_S, type Metrics } from './metrics';

/** Longer than a request: how long a circuit may be open, in seconds. */
const OPEN_BUCKETS_S: readonly number[] = [1, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];

/** What each outcome is besides being slow, by its number. */
const WORDS = ['success', 'failure', 'success', 'failure', 'cancelled', 'cancelled', 'ignored', 'rejected', 'late'] as const;

/** What is counted of all circuit breakers of an application. There is no convention: the names are ours, by OpenTelemetry's rules. */
export class BreakerInstruments {
  readonly calls: Counter;
  readonly slow: Counter;
  readonly durations: Histogram;
  readonly #transitions: Counter;
  readonly #open: Histogram;
  readonly #falsePositives: Counter;

  constructor(metrics: Metrics) {
    this.calls = metrics.counter('circuit_breaker.calls', {
      description: 'Calls through circuit breakers, by outcome.',
      unit: '{call}',
    });
    this.slow = metrics.counter('circuit_breaker.slow_calls', {
      description: 'Calls through circuit breakers that were slow, whatever their outcome.',
      unit: '{call}',
    });
    this.durations = metrics.histogram('circuit_breaker.call.duration', {
      description: 'Duration of calls that circuit breakers let through.',
      unit: 's',
      buckets: DURATION_BUCKETS_S,
    });
    this.#transitions = metrics.counter('circuit_breaker.transitions', {
      description: 'Changes of state of circuit breakers.',
      unit: '{transition}',
    });
    this.#open = metrics.histogram('circuit_breaker.open.duration', {
      description: 'Time from the opening of a circuit breaker until it was closed again: how long a recovery took.',
      unit: 's',
      buckets: OPEN_BUCKETS_S,
    });
    this.#falsePositives = metrics.counter('circuit_breaker.false_positives', {
      description: 'Openings of circuit breakers though what is behind them works, as all first trials or a health check showed.',
      unit: '{opening}',
    });
  }

  /** Who counts what the breakers of a name do; keys are no attribute, since there may be any number. */
  observerOf(name: string): BreakerObserver {
    return new NamedInstruments(this, name);
  }

  changed(name: string, { from, to, cause, recoveryMs }: Transition): void {
    this.#transitions.add(1, { name, from, to, cause });
    if (recoveryMs !== undefined) this.#open.record(recoveryMs / 1_000, { name });
  }

  falsePositive(name: string): void {
    this.#falsePositives.add(1, { name });
  }
}

/** What one name records, bound when it first happens. */
class NamedInstruments implements BreakerObserver {
  readonly #all: BreakerInstruments;
  readonly #name: string;
  readonly #calls: (BoundCounter | undefined)[] = new Array<undefined>(WORDS.length).fill(undefined);
  readonly #durations: (BoundHistogram | undefined)[] = new Array<undefined>(WORDS.length).fill(undefined);
  #slow: BoundCounter | undefined = undefined;
  /** The keys of openings that are known to be false positives already. */
  readonly #falseAlarms = new Set<string | undefined>();

  constructor(all: BreakerInstruments, name: string) {
    this.#all = all;
    this.#name = name;
  }

  counted(outcome: Outcome, elapsedMs: number): void {
    (this.#calls[outcome] ??= this.#all.calls.bind({ name: this.#name, outcome: WORDS[outcome] })).add(1);
    if (!(elapsedMs >= 0)) return;
    (this.#durations[outcome] ??= this.#all.durations.bind({ name: this.#name, outcome: WORDS[outcome] })).record(
      elapsedMs / 1_000,
    );
    if (outcome < SLOW_SUCCESS || outcome > SLOW_CANCELLED) return;
    this.#slow ??= this.#all.slow.bind({ name: this.#name });
    this.#slow.add(1);
  }

  changed(transition: Transition): void {
    this.#all.changed(this.#name, transition);
    if (transition.to !== 'closed') return;
    const isKnown = this.#falseAlarms.delete(transition.key);
    if (transition.falsePositive === true && !isKnown) this.#all.falsePositive(this.#name);
  }

  falseAlarm(key: string | undefined): void {
    this.#falseAlarms.add(key);
    this.#all.falsePositive(this.#name);
  }
}

/** The states are read when metrics are, so that those of breakers that nobody calls are right, too. */
export function observeBreakerStates(metrics: Metrics, breakers: Breakers): void {
  const ask = () =>
    breakers
      .names()
      .map((name) => ({ name, all: breakers.of(name) }))
      .filter(({ all }) => all.length > 0)
      .map(({ name, all }) => ({ value: worstOf(all), attributes: { name } }));
  metrics.observe('circuit_breaker.state', ask, {
    description:
      'State of a circuit breaker, of several keys the worst: 0 closed, 1 half-open, 2 open, 3 forced open, 4 disabled, 5 metrics only.',
  });
}

/** An open one says more than one that an operator has switched off. */
const SEVERITY = ['closed', 'metrics-only', 'disabled', 'half-open', 'open', 'forced-open'] as const;

function worstOf(breakers: readonly Breaker[]): number {
  let worst = 0;
  for (const { state } of breakers) worst = Math.max(worst, SEVERITY.indexOf(state));
  return STATE_NUMBERS[SEVERITY[worst]];
}
