import type { BreakerState, BreakerStateName } from './breaker-state';
import type { Outcome } from './outcome';

/**
 * Why a breaker changed: too many failures (`rate`), too many slow calls (`slow`), what a trial showed, or the time for one
 * (`probe`), an operator (`manual`), or as long as the upstream asked for (`retry_after`).
 */
export type TransitionCause = 'rate' | 'slow' | 'probe' | 'manual' | 'retry_after';

/** One change of one breaker. */
export interface Transition {
  readonly name: string;
  readonly key?: string;
  readonly from: BreakerStateName;
  readonly to: BreakerStateName;
  readonly cause: TransitionCause;
  /** The wall clock's time, as ISO 8601. */
  readonly at: string;
  /** On closing: milliseconds since it opened first. */
  readonly recoveryMs?: number;
  /** On closing: it opened once, and every trial succeeded. */
  readonly falsePositive?: true;
}

/** Who counts what breakers of one name do. */
export interface BreakerObserver {
  /** Each call; `elapsedMs` is not known (NaN) of one that was rejected. Hot. */
  counted(outcome: Outcome, elapsedMs: number): void;
  /** Each change, after it and in order. Nobody has to be subscribed for it, and no timer is set. */
  changed(transition: Transition): void;
  /** An active health check said, in the moment in which one opened, that all is well. */
  falseAlarm?(key: string | undefined): void;
}

/** What closing showed. In: the state before, how often it opened, and milliseconds since it did first. */
export function describeClosing(
  from: BreakerState,
  openings: number,
  recoveryMs: number,
): Pick<Transition, 'recoveryMs' | 'falsePositive'> {
  if (openings > 1 || from.kind !== 'half-open') return { recoveryMs };
  const { successes, settled } = from.trials;
  return successes === settled && settled > 0 ? { recoveryMs, falsePositive: true } : { recoveryMs };
}
