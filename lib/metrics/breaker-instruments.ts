import type { BreakerObserver, Transition } from '../resilience/transition';
import { type Breaker } from '../resilience/breaker';
import { STATE_NUMBERS } from '../resilience/breaker-state';
import type { Breakers } from '../resilience/breakers';
import { type Outcome, OUTCOME_NAMES } from '../resilience/outcome';
import type { BoundCounter, BoundHistogram } from './bound-instruments';
import type { Counter, Histogram } from './instruments';
import { DURATION_BUCKETS_S, type Metrics } from './metrics';

/** Longer than a request: how long a circuit may be open, in seconds. */
const OPEN_BUCKETS_S: readonly number[] = [1, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];

/** What is counted of all circuit breakers of an application. There is no convention: the names are ours, by OpenTelemetry's rules. */
export class BreakerInstruments {
  readonly #calls: Counter;
  readonly #durations: Histogram;
  readonly #transitions: Counter;
  readonly #open: Histogram;
  readonly #falsePositives: Counter;

  constructor(metrics: Metrics) {
    this.#calls = metrics.counter('circuit_breaker.calls', {
      description: 'Calls through circuit breakers, by outcome.',
      unit: '{call}',
    });
    this.#durations = metrics.histogram('circuit_breaker.call.duration', {
      description: 'Duration of calls that circuit breakers let through.',
      unit: 's',
      buckets: DURATION_BUCKETS_S,
    });
    this.#transitions = metrics.counter('circuit_breaker.transitions', {
      description: 'Changes of state of circuit breakers.',
      unit: '{transition}',
    });
    this.#open = metrics.histogram('circuit_breaker.open.duration', {
      description: 'Time from a circuit breaker’s opening until it was closed again.',
      unit: 's',
      buckets: OPEN_BUCKETS_S,
    });
    this.#falsePositives = metrics.counter('circuit_breaker.false_positives', {
      description: 'Circuit breakers that opened though what is behind them works: all first trials succeeded.',
      unit: '{opening}',
    });
  }

  /** Who counts what the breakers of a name do; keys are no attribute, since there may be any number. */
  observerOf(name: string): BreakerObserver {
    const attributes = { 'circuit_breaker.name': name };
    const calls: (BoundCounter | undefined)[] = [];
    const duration: BoundHistogram = this.#durations.bind(attributes);
    return {
      counted: (outcome: Outcome, elapsedMs: number): void => {
        (calls[outcome] ??= this.#calls.bind({ ...attributes, outcome: OUTCOME_NAMES[outcome] })).add(1);
        if (elapsedMs >= 0) duration.record(elapsedMs / 1_000);
      },
      changed: (transition: Transition): void => this.#changed(transition, attributes),
    };
  }

  #changed({ from, to, cause, recoveryMs, falsePositive }: Transition, attributes: Readonly<Record<string, string>>): void {
    this.#transitions.add(1, { ...attributes, from, to, cause });
    if (recoveryMs !== undefined) this.#open.record(recoveryMs / 1_000, attributes);
    if (falsePositive === true) this.#falsePositives.add(1, attributes);
  }
}

/** The states are read when metrics are, so that those of breakers that nobody calls are right, too. */
export function observeBreakerStates(metrics: Metrics, breakers: Breakers): void {
  const ask = () =>
    breakers
      .names()
      .map((name) => ({ name, all: breakers.of(name) }))
      .filter(({ all }) => all.length > 0)
      .map(({ name, all }) => ({ value: worstOf(all), attributes: { 'circuit_breaker.name': name } }));
  metrics.observe('circuit_breaker.state', ask, {
    description:
      'State of a circuit breaker, of several keys the worst: 0 closed, 1 half-open, 2 open, 3 forced open, 4 disabled, 5 metrics only.',
    unit: '1',
  });
}

/** An open one says more than one that an operator has switched off. */
const SEVERITY = ['closed', 'metrics-only', 'disabled', 'half-open', 'open', 'forced-open'] as const;

function worstOf(breakers: readonly Breaker[]): number {
  const worst = Math.max(...breakers.map(({ state }) => SEVERITY.indexOf(state)));
  return STATE_NUMBERS[SEVERITY[worst]];
}
