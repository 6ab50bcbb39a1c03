import { type BreakerState, type BreakerStateName, CLOSED, DISABLED, FORCED_OPEN, halfOpen, METRICS_ONLY, remainingOpenMs } from './breaker-state';
import { resilienceErrors } from './errors';
import type { SavedWindow } from './outcome-window';

/** What `breaker.save()` gives: plain data, fit for JSON. Its members may change; `version` tells. */
export interface SavedBreaker {
  readonly version: 1;
  readonly state: BreakerStateName;
  readonly remainingOpenMs: number;
  /** How often it opened since it was closed, and how long ago it did first. */
  readonly openings: number;
  readonly openForMs: number;
  readonly window: SavedWindow;
}

export function saveState(
  state: BreakerState,
  nowMs: number,
  more: Pick<SavedBreaker, 'openings' | 'openForMs' | 'window'> & { readonly stateNow: BreakerStateName; readonly maxHalfOpenMs: number },
): SavedBreaker {
  const { stateNow, openings, openForMs, window, maxHalfOpenMs } = more;
  return { version: 1, state: stateNow, remainingOpenMs: remainingOpenMs(state, nowMs, maxHalfOpenMs), openings, openForMs, window };
}

const SIMPLE = { closed: CLOSED, 'forced-open': FORCED_OPEN, disabled: DISABLED, 'metrics-only': METRICS_ONLY } as const;

/** Fails with: BREAKER_SNAPSHOT_INVALID. */
export function restoreState(
  saved: SavedBreaker,
  breaker: string,
  nowMs: number,
  nextOpenMs: () => number,
): { readonly state: BreakerState; readonly openings: number; readonly openedAtMs: number } {
  const reason = findFault(saved);
  if (reason !== undefined) throw resilienceErrors.BREAKER_SNAPSHOT_INVALID({ breaker, reason });
  const { openings, openForMs } = saved;
  return { state: stateOf(saved, nowMs, nextOpenMs), openings, openedAtMs: nowMs - openForMs };
}

function stateOf(saved: SavedBreaker, nowMs: number, nextOpenMs: () => number): BreakerState {
  if (saved.state === 'open') return { kind: 'open', sinceMs: nowMs, untilMs: nowMs + saved.remainingOpenMs };
  return saved.state === 'half-open' ? halfOpen(nowMs, nextOpenMs()) : SIMPLE[saved.state];
}

const COUNTS = ['remainingOpenMs', 'openings', 'openForMs'] as const;

function findFault(saved: unknown): string | undefined {
  if (typeof saved !== 'object' || saved === null) return 'it is no object';
  const { version, state, window, ...rest } = saved as Record<string, unknown>;
  if (version !== 1) return `its version is ${String(version)}, not 1`;
  if (typeof state !== 'string' || !(state in SIMPLE || state === 'open' || state === 'half-open')) return 'its state is none';
  const wrong = COUNTS.find((name) => !(typeof rest[name] === 'number' && rest[name] >= 0 && Number.isFinite(rest[name])));
  if (wrong !== undefined) return `its ${wrong} is no number of 0 or more`;
  return isWindow(window) ? undefined : 'its window is none';
}

function isWindow(window: unknown): window is SavedWindow {
  if (typeof window !== 'object' || window === null) return false;
  const { kind, counts, inRow = 0, calls = '', tenths = [] } = window as Record<string, unknown>;
  if (kind !== 'consecutive' && kind !== 'count' && kind !== 'time') return false;
  return isCounts(counts) && isCount(inRow) && isCalls(calls) && Array.isArray(tenths) && tenths.every(isCounts);
}

function isCalls(calls: unknown): boolean {
  return typeof calls === 'string' && /^[0-4]*$/.test(calls);
}

function isCounts(counts: unknown): boolean {
  return Array.isArray(counts) && counts.every(isCount);
}

function isCount(count: unknown): boolean {
  return typeof count === 'number' && Number.isInteger(count) && count >= 0;
}
