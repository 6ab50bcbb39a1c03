// Hot: one of these numbers is counted for each call.

/** How a call ended, for the one that counts it. A slow call is one of the slow kinds, and nothing besides. */
export const SUCCESS = 0;
export const FAILURE = 1;
export const SLOW_SUCCESS = 2;
export const SLOW_FAILURE = 3;
/** Cut short after it had taken so long that it counts as slow. */
export const SLOW_CANCELLED = 4;
/** From here on nothing moves the breaker. */
export const CANCELLED = 5;
export const IGNORED = 6;
export const REJECTED = 7;
/** The result of a call that began in an earlier state. */
export const LATE = 8;

/** One of the numbers above. */
export type Outcome = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** How one call came to its end, as far as whoever made it can tell; whether it was slow the breaker finds itself. */
export type Verdict = typeof SUCCESS | typeof FAILURE | typeof CANCELLED | typeof IGNORED;

/** The outcomes by number, for metrics and logs. */
export const OUTCOME_NAMES = [
  'success',
  'failure',
  'slow_success',
  'slow_failure',
  'slow_cancelled',
  'cancelled',
  'ignored',
  'rejected',
  'late',
] as const;

export const OUTCOME_KINDS = OUTCOME_NAMES.length;

/** How many calls had which outcome, indexed by outcome. */
export type Counts = number[];

export function noCounts(): Counts {
  return [0, 0, 0, 0, 0, 0, 0, 0, 0];
}

/** Whether the outcome is one that a breaker judges by. */
export function counts(outcome: Outcome): boolean {
  return outcome <= SLOW_CANCELLED;
}

/** What a breaker counted, of its window. */
export interface BreakerStats {
  /** Those that count: `successes + failures`, and those cancelled after the slow threshold. */
  readonly calls: number;
  readonly successes: number;
  readonly failures: number;
  /** Besides being a success, a failure or cancelled. */
  readonly slow: number;
  readonly ignored: number;
  readonly cancelled: number;
  readonly rejected: number;
  /** Results of calls that began in an earlier state. */
  readonly late: number;
}

export function toStats(of: Counts): BreakerStats {
  const successes = of[SUCCESS] + of[SLOW_SUCCESS];
  const failures = of[FAILURE] + of[SLOW_FAILURE];
  const slowCancelled = of[SLOW_CANCELLED];
  return {
    calls: successes + failures + slowCancelled,
    successes,
    failures,
    slow: of[SLOW_SUCCESS] + of[SLOW_FAILURE] + slowCancelled,
    ignored: of[IGNORED],
    cancelled: of[CANCELLED] + slowCancelled,
    rejected: of[REJECTED],
    late: of[LATE],
  };
}
