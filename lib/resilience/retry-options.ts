/** How many more calls retries may make, so that they do not finish off what is already in trouble. */
export interface RetryBudgetOptions {
  /** Retries as a part of the calls. Default 0.2. */
  readonly ratio?: number;
  /** Retries that are allowed whatever the number of calls, a second. Default 1. */
  readonly perSecond?: number;
  /** How many may be saved up, for a burst. Default 10. */
  readonly burst?: number;
}

/** When and how often a call is made again. Durations in milliseconds. */
export interface RetryOptions {
  /** Calls at most, the first one included. Default 3. */
  readonly attempts?: number;
  /** The most that is waited before the first retry; twice as much before each one after it. Default 100. */
  readonly baseDelayMs?: number;
  /** The most that is waited before any. Default 2,000. */
  readonly maxDelayMs?: number;
  /**
   * Whether what failed so may be done again. Default: connections that failed, and only for calls that say they are
   * `idempotent`. Cancelled calls and those that a breaker rejected are never made again.
   */
  readonly isRetryable?: (error: unknown) => boolean;
  /** Default: 20 % of the calls, 1 a second, 10 at once. */
  readonly budget?: RetryBudgetOptions;
  /** An upstream's `Retry-After` is waited for up to this; one that is longer ends the retries. Default 10,000. */
  readonly maxRetryAfterMs?: number;
  /** Where the chance comes from: 0 to below 1. Default: `Math.random`. */
  readonly random?: () => number;
}
