import { isFrameworkError } from '../errors/framework-error';
import { type Clock, systemClock } from '../lifetime/clock';
import { resilienceErrors } from './errors';
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
  /** A call of this length or longer is slow; 0: none is. Default 2,000; for `consecutive` 0. There a slow call counts as a failure. */
  readonly slowCallMs?: number;
  /** Opens when this part of the calls was slow, or more. Default 0.8. */
  readonly slowRatio?: number;
  /** No ratio is looked at before so many calls. Default 10, at most the calls of a count window. */
  readonly minimumCalls?: number;
  /** How long a call may take: then it is told by its signal, fails with BREAKER_TIMEOUT, and counts as a failure. Default 0: no limit. */
  readonly timeoutMs?: number;
  /** Whether an error counts as a failure. Default: all do, but answers with a status of 400 to 499. */
  readonly isFailure?: (error: unknown) => boolean;
  /** Whether an error counts as nothing at all. Default: none; of cancellations see the documentation. */
  readonly isIgnored?: (error: unknown) => boolean;
  /** Whether a value that came back is a failure all the same. Default: none is. */
  readonly isFailureResult?: (value: never) => boolean;
  /** Whether and how the open time grows. Default: it stays as it is. */
  readonly backoff?: BackoffOptions;
  /** Up to which time an upstream's `Retry-After` is honoured; 0: not at all. Default 300,000. */
  readonly maxRetryAfterMs?: number;
  /** Where the time comes from. Default: the machine's monotonic clock. */
  readonly clock?: Clock;
}

/** Options, checked and with their defaults; shared by all breakers of one name. */
export interface BreakerSettings {
  readonly name: string;
  readonly clock: Clock;
  readonly window: WindowOptions;
  /** Infinite: not looked at. */
  readonly maxFailures: number;
  readonly failureRatio: number;
  readonly slowRatio: number;
  readonly slowCallMs: number;
  readonly minimumCalls: number;
  readonly resetTimeoutMs: number;
  readonly halfOpenMax: number;
  readonly maxHalfOpenMs: number;
  /** 0: none. */
  readonly timeoutMs: number;
  readonly maxRetryAfterMs: number;
  readonly backoff: Required<BackoffOptions>;
  readonly isFailure: (error: unknown) => boolean;
  readonly isIgnored: ((error: unknown) => boolean) | undefined;
  readonly isFailureResult: ((value: never) => boolean) | undefined;
  /** Whether a call's time is needed. */
  readonly isTimed: boolean;
}

interface Range {
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
  readonly expected: string;
}

const LONGEST_MS = 2 ** 31 - 1;
const COUNT: Range = { least: 1, most: 10_000_000, whole: true, expected: 'a whole number from 1 to 10,000,000' };
const DURATION: Range = { least: 1, most: LONGEST_MS, expected: 'milliseconds, more than 0' };
const DURATION_OR_NONE: Range = { least: 0, most: LONGEST_MS, expected: 'milliseconds, 0 for none' };
const RATIO: Range = { least: Number.MIN_VALUE, most: 1, expected: 'more than 0, at most 1' };

const RANGES: Readonly<Partial<Record<keyof BreakerOptions, Range>>> = {
  maxFailures: COUNT,
  resetTimeoutMs: DURATION,
  halfOpenMax: { ...COUNT, most: 1_000_000, expected: 'a whole number from 1 to 1,000,000' },
  maxHalfOpenMs: DURATION,
  failureRatio: RATIO,
  slowCallMs: DURATION_OR_NONE,
  slowRatio: RATIO,
  minimumCalls: COUNT,
  timeoutMs: DURATION_OR_NONE,
  maxRetryAfterMs: DURATION_OR_NONE,
};

const BACKOFF_RANGES: Readonly<Partial<Record<keyof BackoffOptions, Range>>> = {
  factor: { least: 1, most: 100, expected: 'a number from 1 to 100' },
  maxMs: DURATION,
  jitter: { least: 0, most: 1, expected: 'a number from 0 to 1' },
};

/** Names of options that are no numbers, and what they take. */
const FUNCTIONS = ['isFailure', 'isIgnored', 'isFailureResult'] as const;
const KNOWN = new Set<string>([...Object.keys(RANGES), ...FUNCTIONS, 'name', 'window', 'backoff', 'clock']);

/** Fails with: BREAKER_OPTION_INVALID. */
export function compileSettings(options: BreakerOptions): BreakerSettings {
  const { name = 'breaker', resetTimeoutMs = 30_000, clock = systemClock } = options;
  checkOptions(name, options);
  const window = options.window ?? (isSeedsKind(options) ? { kind: 'consecutive' } : { kind: 'time', durationMs: 10_000 });
  const isConsecutive = window.kind === 'consecutive';
  const slowCallMs = options.slowCallMs ?? (isConsecutive ? 0 : 2_000);
  return {
    name,
    clock,
    window,
    maxFailures: options.maxFailures ?? (isConsecutive ? 5 : Infinity),
    failureRatio: isConsecutive ? Infinity : (options.failureRatio ?? (options.maxFailures === undefined ? 0.5 : Infinity)),
    slowRatio: isConsecutive ? Infinity : (options.slowRatio ?? 0.8),
    slowCallMs: slowCallMs === 0 ? Infinity : slowCallMs,
    minimumCalls: Math.min(options.minimumCalls ?? 10, window.kind === 'count' ? window.calls : Infinity),
    resetTimeoutMs,
    halfOpenMax: options.halfOpenMax ?? 3,
    maxHalfOpenMs: options.maxHalfOpenMs ?? 30_000,
    timeoutMs: options.timeoutMs ?? 0,
    maxRetryAfterMs: options.maxRetryAfterMs ?? 300_000,
    backoff: compileBackoff(options.backoff, resetTimeoutMs),
    isFailure: options.isFailure ?? isServersFault,
    isIgnored: options.isIgnored,
    isFailureResult: options.isFailureResult,
    isTimed: slowCallMs > 0 || window.kind === 'time',
  };
}

/** Consecutive failures are what somebody wants who says how many, and nothing of ratios. */
function isSeedsKind({ maxFailures, failureRatio, slowRatio, minimumCalls }: BreakerOptions): boolean {
  return maxFailures !== undefined && [failureRatio, slowRatio, minimumCalls].every((ratio) => ratio === undefined);
}

/** That the caller was told off is the answer of something that works. */
function isServersFault(error: unknown): boolean {
  return !(isFrameworkError(error) && error.status !== undefined && error.status >= 400 && error.status < 500);
}

function compileBackoff(backoff: BackoffOptions | undefined, resetTimeoutMs: number): Required<BackoffOptions> {
  if (backoff === undefined) return { factor: 1, maxMs: resetTimeoutMs, jitter: 0, random: Math.random };
  const { factor = 2, maxMs = Math.max(300_000, resetTimeoutMs), jitter = 0.2, random = Math.random } = backoff;
  return { factor, maxMs, jitter, random };
}

/** How long it is open, the `openings`-th time in a row. */
export function openMsOf({ resetTimeoutMs, backoff }: BreakerSettings, openings: number): number {
  const { factor, maxMs, jitter, random } = backoff;
  const grown = Math.min(maxMs, resetTimeoutMs * factor ** (openings - 1));
  return jitter === 0 ? grown : Math.min(maxMs, grown * (1 + jitter * random()));
}

function checkOptions(breaker: string, options: BreakerOptions): void {
  const given = options as Readonly<Record<string, unknown>>;
  const refuse = (option: string, got: unknown, expected: string): never => {
    throw resilienceErrors.BREAKER_OPTION_INVALID({ breaker, option, got: printed(got), expected });
  };
  for (const [option, value] of Object.entries(given)) {
    if (!KNOWN.has(option)) refuse(option, value, `no such option; there are ${[...KNOWN].sort().join(', ')}`);
  }
  if (typeof breaker !== 'string' || breaker === '') refuse('name', breaker, 'a text');
  const check = (of: object, ranges: Readonly<Record<string, Range>>, prefix = ''): void => {
    for (const [option, range] of Object.entries(ranges)) {
      const value = (of as Record<string, unknown>)[option];
      if (value !== undefined && !isWithin(value, range)) refuse(prefix + option, value, range.expected);
    }
  };
  check(options, RANGES as Readonly<Record<string, Range>>);
  if (options.backoff !== undefined) check(options.backoff, BACKOFF_RANGES as Readonly<Record<string, Range>>, 'backoff.');
  for (const option of FUNCTIONS) {
    if (given[option] !== undefined && typeof given[option] !== 'function') refuse(option, given[option], 'a function');
  }
  if (options.window !== undefined && !isWindow(options.window)) {
    refuse('window', options.window, "{ kind: 'consecutive' }, { kind: 'count', calls } or { kind: 'time', durationMs }");
  }
}

function isWithin(value: unknown, { least, most, whole }: Range): boolean {
  return typeof value === 'number' && value >= least && value <= most && (whole !== true || Number.isInteger(value));
}

function isWindow(window: WindowOptions): boolean {
  switch (window.kind) {
    case 'consecutive':
      return true;
    case 'count':
      return isWithin(window.calls, COUNT);
    case 'time':
      return isWithin(window.durationMs, DURATION);
    default:
      return false;
  }
}

function printed(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
