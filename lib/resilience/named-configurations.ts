import type { BreakerOptions } from './breaker-options';
import { JUDGING_RULES } from './breaker-settings';
import { checkOptions, COUNT, type Rules } from './check-options';

/** The configuration of one name in the option `breakers`: everything a breaker takes but the name and the clock. */
export interface NamedBreakerOptions extends Omit<BreakerOptions, 'name' | 'clock'> {
  /** How many breakers by key there are at most; those that are closed and idle go first. Default 1,000. */
  readonly maxKeys?: number;
}

/** What is meant by a name that many have; each can be configured otherwise, in part or whole. */
export const NAMED_CONFIGURATIONS: Readonly<Record<string, NamedBreakerOptions>> = {
  external_api: { maxFailures: 5, resetTimeoutMs: 30_000, halfOpenMax: 3 },
  database: { maxFailures: 3, resetTimeoutMs: 60_000, halfOpenMax: 1 },
  cache: { maxFailures: 10, resetTimeoutMs: 10_000, halfOpenMax: 5 },
};

const RULES: Rules<NamedBreakerOptions> = { ...JUDGING_RULES, maxKeys: COUNT };

/**
 * What is built in for a name, where the application says no more than that. Who says by which window or ratio it is judged
 * does not mean so many failures in a row.
 */
export function builtInFor(
  name: string,
  { window, failureRatio, slowRatio, minimumCalls }: NamedBreakerOptions,
): NamedBreakerOptions {
  if (!Object.hasOwn(NAMED_CONFIGURATIONS, name)) return {};
  const isJudgedOtherwise = [window, failureRatio, slowRatio, minimumCalls].some((own) => own !== undefined);
  return isJudgedOtherwise ? { ...NAMED_CONFIGURATIONS[name], maxFailures: undefined } : NAMED_CONFIGURATIONS[name];
}

/** Fails with: BREAKER_OPTION_INVALID. */
export function checkConfiguration(name: string, options: NamedBreakerOptions): void {
  checkOptions(`Breaker "${name}"`, options, RULES);
}
