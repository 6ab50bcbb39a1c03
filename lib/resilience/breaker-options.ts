import type { Clock } from '../lifetime/clock';
import type { WindowOptions } from './outcome-window';

/** How the open time grows while trials go on failing. */
export interface BackoffOptions {
  /** Each time so many times as long as before. Default 2. */
  readonly factor?: number;
  /** Never longer than this, in milliseconds. Default 300,000, or `resetTimeoutMs` where that is longer. */
  readonly maxMs?: number;
  /** 0 to 1: up to this part is added by chance, so that not all processes try at once. Default 0.2. */
  readonly jitter?: number;
  /** Where the chance comes from: 0 to below 1. Default: `Math.random`. */
  readonly random?: () => number;
}

/** How a breaker judges. All have a default; durations in milliseconds, ratios from 0 to 1. */
export interface BreakerOptions {
  /** For messages, metrics and logs. Default `breaker`. */
  readonly name?: string;
  /** Opens at so many failures: in a row, or within a count or time window. Default 5 for `consecutive`, else none. */
  readonly maxFailures?: number;
  /** How long it is open before it lets trials in. Default 30,000. */
  readonly resetTimeoutMs?: number;
  /** How many trials there are at most, and how many must succeed to close it. Default 3. */
  readonly halfOpenMax?: number;
  /** How long trials that do not end are waited for, before it opens again. Default 30,000. */
  readonly maxHalfOpenMs?: number;
  /** Default: `consecutive` where only `maxFailures` is said, else the calls of the last 10 seconds. */
  readonly window?: WindowOptions;
  /** Opens when this part of the calls failed, or more. Default 0.5; none where `maxFailures` is said instead. */
  readonly failureRatio?: number;
  /**
   * A call of this length or longer is slow; 0: none is. Default 2,000. In a consecutive window a slow call counts as a failure,
   * and by default only one that its caller's deadline cut is slow.
   */
  readonly slowCallMs?: number;
  /** Opens when this part of the calls was slow, or more. Default 0.8. */
  readonly slowRatio?: number;
  /** No ratio is looked at before so many calls. Default 10, at most the calls of a count window. */
  readonly minimumCalls?: number;
  /** How long a call may take: then it is told by its signal, fails with BREAKER_TIMEOUT, and counts as a failure. Default 0: no limit. */
  readonly timeoutMs?: number;
  /**
   * Whether an error counts as a failure. Default: all do, but answers with a status of 400 to 499. One that takes two parameters
   * is asked about values, too, as `(undefined, value)`; by default no value is a failure.
   */
  readonly isFailure?: (error: unknown, value: unknown) => boolean;
  /** Whether an error, or for one of two parameters a value, counts as nothing at all. Default: answers with status 429. */
  readonly isIgnored?: (error: unknown, value: unknown) => boolean;
  /** Whether and how the open time grows. Default: it stays as it is. */
  readonly backoff?: BackoffOptions;
  /** Up to which time an upstream's `Retry-After` is honoured; 0: not at all. Default 300,000. */
  readonly maxRetryAfterMs?: number;
  /** Where the time comes from. Default: the machine's monotonic clock. */
  readonly clock?: Clock;
}
