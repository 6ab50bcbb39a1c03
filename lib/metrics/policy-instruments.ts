import type { BulkheadStats } from '../resilience/bulkhead';
import type { PolicyStats } from '../resilience/policy';
import type { Metrics } from './metrics';

/** What is read of a policy; a `Policy` is one. */
export interface ObservedPolicy {
  readonly stats: PolicyStats;
  readonly bulkhead: { readonly stats: BulkheadStats } | undefined;
}

interface Row {
  readonly name: string;
  readonly kind: 'counter' | 'upDownCounter';
  readonly unit: string;
  readonly description: string;
  readonly read: (policy: ObservedPolicy) => number | undefined;
}

const ROWS: readonly Row[] = [
  {
    ...{ name: 'policy.calls', kind: 'counter', unit: '{call}' },
    description: 'Calls through a policy, however often each was tried.',
    read: ({ stats }) => stats.calls,
  },
  {
    ...{ name: 'policy.fallbacks', kind: 'counter', unit: '{call}' },
    description: 'Calls that a fallback answered.',
    read: ({ stats }) => stats.fallbacks,
  },
  {
    ...{ name: 'retry.attempts', kind: 'counter', unit: '{call}' },
    description: 'Calls that were made again.',
    read: ({ stats }) => stats.retries,
  },
  {
    ...{ name: 'retry.budget_exhausted', kind: 'counter', unit: '{call}' },
    description: 'Calls that were not made again, since the budget for it was used up.',
    read: ({ stats }) => stats.budgetExhausted,
  },
  {
    ...{ name: 'bulkhead.rejected', kind: 'counter', unit: '{call}' },
    description: 'Calls that a bulkhead refused, at once or after they had waited.',
    read: ({ bulkhead }) => bulkhead?.stats.rejected,
  },
  {
    ...{ name: 'bulkhead.running', kind: 'upDownCounter', unit: '{call}' },
    description: 'Calls under way in a bulkhead.',
    read: ({ bulkhead }) => bulkhead?.stats.running,
  },
  {
    ...{ name: 'bulkhead.queued', kind: 'upDownCounter', unit: '{call}' },
    description: 'Calls that wait for a place in a bulkhead.',
    read: ({ bulkhead }) => bulkhead?.stats.queued,
  },
];

/**
 * Shows the numbers of a policy among the metrics: its calls, retries, fallbacks, and those of its bulkhead. They are read when
 * metrics are, so that a call costs nothing for it.
 *
 * In: the application's `Metrics`; the value of the attribute `policy`; the policy, or what has its `stats` and `bulkhead`.
 * Out: ends it. Two of one name add up.
 * Fails with: METRIC_CONFLICT, where somebody else took a name of these.
 */
export function observePolicy(metrics: Metrics, name: string, policy: ObservedPolicy): () => void {
  const ends = ROWS.map(({ name: metric, read, kind, unit, description }) => {
    const ask = () => {
      const value = read(policy);
      return value === undefined ? undefined : [{ value, attributes: { policy: name } }];
    };
    return metrics.observe(metric, ask, { kind, unit, description });
  });
  return () => {
    for (const end of ends) end();
  };
}
