import type { FrameworkError } from '../errors/framework-error';
import { nearNames } from '../errors/near-names';
import type { BreakerOptions } from './breaker-options';
import { JUDGING_RULES } from './breaker-settings';
import { checkOptions, COUNT, FLAG, type Rules } from './check-options';
import { resilienceErrors } from './errors';

/** The configuration of one name in the option `breakers`: everything a breaker takes but the name and the clock. */
export interface NamedBreakerOptions extends Omit<BreakerOptions, 'name' | 'clock'> {
  /** How many breakers by key there are at most; those that are closed and idle go first. Default 1,000. */
  readonly maxKeys?: number;
  /** Whether the application is `degraded` while it is open; for breakers by key, while half of them are. Default `true`. */
  readonly required?: boolean;
}

/** What is meant by a name that many have; each can be configured otherwise, in part or whole. */
export const NAMED_CONFIGURATIONS: Readonly<Record<string, NamedBreakerOptions>> = {
  external_api: { maxFailures: 5, resetTimeoutMs: 30_000, halfOpenMax: 3 },
  database: { maxFailures: 3, resetTimeoutMs: 60_000, halfOpenMax: 1 },
  cache: { maxFailures: 10, resetTimeoutMs: 10_000, halfOpenMax: 5 },
};

const RULES: Rules<NamedBreakerOptions> = { ...JUDGING_RULES, maxKeys: COUNT, required: FLAG };

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

/**
 * A name that is configured nowhere has the defaults; one that differs from a known one by a slip is none that is meant.
 *
 * In: the names that are known. Out: the mistake, or none.
 */
export function slipOf(name: string, place: string, known: readonly string[]): FrameworkError[] {
  const all = [...known, ...Object.keys(NAMED_CONFIGURATIONS)];
  if (all.includes(name)) return [];
  const [near] = nearNames(name, all);
  return near === undefined ? [] : [resilienceErrors.BREAKER_NAME_UNKNOWN({ place, breaker: name, near })];
}
