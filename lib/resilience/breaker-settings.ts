import { isFrameworkError } from '../errors/framework-error';
import { type Clock, systemClock } from '../lifetime/clock';
import type { BackoffOptions, BreakerOptions } from './breaker-options';
import {
  checkOptions,
  CLOCK,
  COUNT,
  DURATION,
  DURATION_OR_NONE,
  FUNCTION,
  isObject,
  isWithin,
  NAME,
  RATIO,
  type Rules,
} from './check-options';
import type { WindowOptions } from './outcome-window';

/** A predicate over errors, and over values where it wants them. */
export type Predicate = (error: unknown, value: unknown) => boolean;

/** On what was compiled here: whatever else looks like it is what somebody wrote. */
const COMPILED = Symbol('compiled');

/** Options, checked and with their defaults; shared by all breakers of one name. */
export interface BreakerSettings {
  readonly [COMPILED]: true;
  readonly name: string;
  readonly clock: Clock;
  readonly window: WindowOptions;
  /** Infinite: not looked at. */
  readonly maxFailures: number;
  readonly failureRatio: number;
  readonly slowRatio: number;
  readonly slowCallMs: number;
  /** From when on a call that its caller's deadline cut is slow. */
  readonly slowDeadlineMs: number;
  readonly minimumCalls: number;
  readonly resetTimeoutMs: number;
  readonly halfOpenMax: number;
  readonly maxHalfOpenMs: number;
  /** 0: none. */
  readonly timeoutMs: number;
  readonly maxRetryAfterMs: number;
  readonly backoff: Required<BackoffOptions>;
  readonly isFailure: Predicate;
  readonly isIgnored: Predicate;
  /** Those of the two that are asked about values. */
  readonly isFailureValue: Predicate | undefined;
  readonly isIgnoredValue: Predicate | undefined;
  /** Whether each call's end is needed in time. */
  readonly isTimed: boolean;
}

/** Of how a breaker judges: all but its name and clock. */
export const JUDGING_RULES: Rules<Omit<BreakerOptions, 'name' | 'clock'>> = {
  maxFailures: COUNT,
  resetTimeoutMs: DURATION,
  halfOpenMax: COUNT,
  maxHalfOpenMs: DURATION,
  window: { expected: "{ kind: 'consecutive' }, { kind: 'count', calls } or { kind: 'time', durationMs }", accepts: isWindow },
  failureRatio: RATIO,
  slowCallMs: DURATION_OR_NONE,
  slowRatio: RATIO,
  minimumCalls: COUNT,
  timeoutMs: DURATION_OR_NONE,
  isFailure: FUNCTION,
  isIgnored: FUNCTION,
  backoff: { expected: '{ factor?, maxMs?, jitter? }', accepts: isObject },
  maxRetryAfterMs: DURATION_OR_NONE,
};

const RULES: Rules<BreakerOptions> = { ...JUDGING_RULES, name: NAME, clock: CLOCK };

const BACKOFF_RULES: Rules<BackoffOptions> = {
  factor: { least: 1, most: 100, expected: 'a number from 1 to 100' },
  maxMs: DURATION,
  jitter: { least: 0, most: 1, expected: 'a number from 0 to 1' },
  random: FUNCTION,
};

/** Above this nobody waits gladly; a deadline that cut a call after it says the same of a consecutive window. */
const SLOW_MS = 2_000;

export function isCompiled(options: BreakerOptions | BreakerSettings): options is BreakerSettings {
  return isObject(options) && COMPILED in options;
}

/** Fails with: BREAKER_OPTION_INVALID. */
export function compileSettings(options: BreakerOptions): BreakerSettings {
  checkBreakerOptions(options);
  return fillIn(options);
}

function fillIn(options: BreakerOptions): BreakerSettings {
  const { name = 'breaker', resetTimeoutMs = 30_000, clock = systemClock } = options;
  const window = options.window ?? (isSeedsKind(options) ? { kind: 'consecutive' } : { kind: 'time', durationMs: 10_000 });
  const isConsecutive = window.kind === 'consecutive';
  const slowCallMs = options.slowCallMs ?? (isConsecutive ? 0 : SLOW_MS);
  const { isFailure = isServersFault, isIgnored = isTooMany } = options;
  return {
    [COMPILED]: true,
    name,
    clock,
    window,
    maxFailures: options.maxFailures ?? (isConsecutive ? 5 : Infinity),
    failureRatio: isConsecutive ? Infinity : (options.failureRatio ?? (options.maxFailures === undefined ? 0.5 : Infinity)),
    slowRatio: isConsecutive ? Infinity : (options.slowRatio ?? 0.8),
    slowCallMs: noneIsInfinite(slowCallMs),
    slowDeadlineMs: noneIsInfinite(options.slowCallMs ?? SLOW_MS),
    minimumCalls: Math.min(options.minimumCalls ?? 10, window.kind === 'count' ? window.calls : Infinity),
    resetTimeoutMs,
    halfOpenMax: options.halfOpenMax ?? 3,
    maxHalfOpenMs: options.maxHalfOpenMs ?? 30_000,
    timeoutMs: options.timeoutMs ?? 0,
    maxRetryAfterMs: options.maxRetryAfterMs ?? 300_000,
    backoff: compileBackoff(options.backoff, resetTimeoutMs),
    isFailure,
    isIgnored,
    isFailureValue: ofValues(isFailure),
    isIgnoredValue: ofValues(isIgnored),
    isTimed: slowCallMs > 0 || window.kind === 'time',
  };
}

function checkBreakerOptions(options: BreakerOptions): void {
  const name = isObject(options) && typeof options.name === 'string' ? options.name : 'breaker';
  const of = `Breaker "${name}"`;
  checkOptions(of, options, RULES);
  if (options.backoff !== undefined) checkOptions(of, options.backoff, BACKOFF_RULES, { prefix: 'backoff.' });
}

function isWindow(window: unknown): boolean {
  if (!isObject(window)) return false;
  const { kind, ...rest } = window;
  const names = Object.keys(rest);
  if (kind === 'consecutive') return names.length === 0;
  if (kind === 'count') return names.every((name) => name === 'calls') && isWithin(rest.calls, COUNT);
  return kind === 'time' && names.every((name) => name === 'durationMs') && isWithin(rest.durationMs, DURATION);
}

/** Consecutive failures are what somebody wants who says how many, and nothing of ratios. */
function isSeedsKind({ maxFailures, failureRatio, slowRatio, minimumCalls }: BreakerOptions): boolean {
  return maxFailures !== undefined && [failureRatio, slowRatio, minimumCalls].every((ratio) => ratio === undefined);
}

function noneIsInfinite(ms: number): number {
  return ms === 0 ? Infinity : ms;
}

/** Who looks at values says so by taking them. */
function ofValues(predicate: Predicate): Predicate | undefined {
  return predicate.length >= 2 ? predicate : undefined;
}

/** That the caller was told off is the answer of something that works. */
function isServersFault(error: unknown): boolean {
  return !(isFrameworkError(error) && error.status !== undefined && error.status >= 400 && error.status < 500);
}

/** What works answers so to those who ask too often: neither that it works as it should, nor that it does not. */
function isTooMany(error: unknown): boolean {
  return isFrameworkError(error) && error.status === 429;
}

function compileBackoff(backoff: BackoffOptions | undefined, resetTimeoutMs: number): Required<BackoffOptions> {
  if (backoff === undefined) return { factor: 1, maxMs: resetTimeoutMs, jitter: 0, random: Math.random };
  const { factor = 2, maxMs = Math.max(300_000, resetTimeoutMs), jitter = 0.2, random = Math.random } = backoff;
  return { factor, maxMs, jitter, random };
}

/** How long it is open, the `openings`-th time in a row. The ceiling is one of the whole: below it there is room for chance. */
export function openMsOf({ resetTimeoutMs, backoff }: BreakerSettings, openings: number): number {
  const { factor, maxMs, jitter, random } = backoff;
  const grown = Math.min(maxMs / (1 + jitter), resetTimeoutMs * factor ** (openings - 1));
  return jitter === 0 ? grown : grown * (1 + jitter * random());
}
