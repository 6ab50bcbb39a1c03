import { isCancellation } from '../lifetime/end-reason';
import type { BreakerSettings, Predicate } from './breaker-settings';
import { CANCELLED, FAILURE, IGNORED, SUCCESS, type Verdict } from './outcome';

/** What an error may say of itself: how breakers count it, whatever their predicates think. */
interface Marked {
  readonly breakerOutcome?: unknown;
}

const MARKS: Readonly<Record<string, Verdict>> = { success: SUCCESS, failure: FAILURE, ignored: IGNORED };

/**
 * Marks an error as one that breakers count as `outcome`: whoever makes it knows best. A call that was not begun for want of
 * room or of time, for instance, tells nothing of what it would have called (`ignored`).
 */
export function countsAs<E extends object>(outcome: 'success' | 'failure' | 'ignored', error: E): E {
  return Object.assign(error, { breakerOutcome: outcome });
}

function markOf(error: unknown): Verdict | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { breakerOutcome } = error as Marked;
  return typeof breakerOutcome === 'string' && Object.hasOwn(MARKS, breakerOutcome) ? MARKS[breakerOutcome] : undefined;
}

/** Who judges. */
interface Judge {
  readonly settings: BreakerSettings;
  readonly key: string | undefined;
}

/** What an error means: marked, its own rejection, ignored, cancelled, no failure, or a failure, asked in this order. */
export function verdictOfError({ settings, key }: Judge, error: unknown): Verdict {
  const mark = markOf(error);
  if (mark !== undefined) return mark;
  if (isOwnRejection(error, settings.name, key)) return IGNORED;
  if (holds(settings, settings.isIgnored, false, error, undefined)) return IGNORED;
  if (isCancellation(error)) return CANCELLED;
  return holds(settings, settings.isFailure, true, error, undefined) ? FAILURE : SUCCESS;
}

/** A call within a call that was rejected: the outer one learns nothing by it of what it called. */
function isOwnRejection(error: unknown, name: string, ofKey: string | undefined): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, breaker, key } = error as { code?: unknown; breaker?: unknown; key?: unknown };
  return code === 'BREAKER_OPEN' && breaker === name && key === ofKey;
}

export function verdictOfValue(settings: BreakerSettings, value: unknown): Verdict {
  const { isIgnoredValue, isFailureValue } = settings;
  if (isIgnoredValue !== undefined && holds(settings, isIgnoredValue, false, undefined, value)) return IGNORED;
  return isFailureValue !== undefined && holds(settings, isFailureValue, false, undefined, value) ? FAILURE : SUCCESS;
}

const warned = new WeakSet<Predicate>();

/** A predicate that throws is no reason to lose the call's own error or value: it is told of once, and not asked this time. */
function holds({ name }: BreakerSettings, predicate: Predicate, otherwise: boolean, error: unknown, value: unknown): boolean {
  try {
    return predicate(error, value);
  } catch (thrown) {
    if (!warned.has(predicate)) {
      warned.add(predicate);
      const detail = thrown instanceof Error ? thrown.stack : undefined;
      process.emitWarning(`A predicate of breaker "${name}" threw`, {
        type: 'BreakerPredicateWarning',
        detail: detail ?? String(thrown),
      });
    }
    return otherwise;
  }
}
