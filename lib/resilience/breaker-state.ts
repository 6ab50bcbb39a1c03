/** What a breaker says it is. */
export type BreakerStateName = 'closed' | 'open' | 'half-open' | 'forced-open' | 'disabled' | 'metrics-only';

/** The states as numbers, for metrics: the higher, the less a breaker may be taken for one that works by itself. */
export const STATE_NUMBERS = {
  closed: 0,
  'half-open': 1,
  open: 2,
  'forced-open': 3,
  disabled: 4,
  'metrics-only': 5,
} as const satisfies Record<BreakerStateName, number>;

/** Calls that are to show whether what failed works again. */
export interface Trials {
  /** Since when there has been one under way without a break. */
  busySinceMs: number;
  /** Those that have not ended yet. */
  running: number;
  successes: number;
  failures: number;
  slow: number;
  /** Those that count. */
  settled: number;
}

/** A breaker's state; each holds only what it has. */
export type BreakerState =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly sinceMs: number; readonly untilMs: number }
  | {
      readonly kind: 'half-open';
      readonly sinceMs: number;
      readonly trials: Trials;
      /** How long it will be open next, if it is: drawn beforehand, so that reading the state needs no dice. */
      readonly nextOpenMs: number;
    }
  | { readonly kind: 'forced-open' }
  | { readonly kind: 'disabled' }
  | { readonly kind: 'metrics-only' };

export const CLOSED: BreakerState = { kind: 'closed' };
export const FORCED_OPEN: BreakerState = { kind: 'forced-open' };
export const DISABLED: BreakerState = { kind: 'disabled' };
export const METRICS_ONLY: BreakerState = { kind: 'metrics-only' };

export function halfOpen(sinceMs: number, nextOpenMs: number): BreakerState {
  const trials = { busySinceMs: 0, running: 0, successes: 0, failures: 0, slow: 0, settled: 0 };
  return { kind: 'half-open', sinceMs, trials, nextOpenMs };
}

/** Whether one more trial may be made. */
export function hasPermit({ running, settled }: Trials, halfOpenMax: number): boolean {
  return running + settled < halfOpenMax;
}

/** Makes one more trial. Out: whether it may be made. */
export function takePermit(trials: Trials, halfOpenMax: number, nowMs: number): boolean {
  if (!hasPermit(trials, halfOpenMax)) return false;
  if (trials.running === 0) trials.busySinceMs = nowMs;
  trials.running++;
  return true;
}

/** When a breaker that nobody calls need not be remembered any more: when it waited for a trial as long as it was open. */
export function forgottenAtMs(state: BreakerState): number {
  if (state.kind === 'open') return 2 * state.untilMs - state.sinceMs;
  return state.kind === 'half-open' ? state.sinceMs + state.nextOpenMs : Infinity;
}

/** When trials that do not end are given up, and it opens again; infinite while none is under way. */
export function stuckAtMs({ running, busySinceMs }: Trials, maxHalfOpenMs: number): number {
  return running === 0 ? Infinity : busySinceMs + maxHalfOpenMs;
}

/** What the state has become by itself, by the time alone. Nothing is changed by looking. */
export function stateAt(state: BreakerState, nowMs: number, maxHalfOpenMs: number): BreakerStateName {
  if (state.kind === 'open') return nowMs >= state.untilMs ? 'half-open' : 'open';
  if (state.kind !== 'half-open') return state.kind;
  const stuckMs = stuckAtMs(state.trials, maxHalfOpenMs);
  return nowMs >= stuckMs && nowMs < stuckMs + state.nextOpenMs ? 'open' : 'half-open';
}

/** How long it stays open by itself, in milliseconds; 0 when it is not, and when somebody forced it open. */
export function remainingOpenMs(state: BreakerState, nowMs: number, maxHalfOpenMs: number): number {
  if (stateAt(state, nowMs, maxHalfOpenMs) !== 'open') return 0;
  if (state.kind === 'open') return state.untilMs - nowMs;
  return state.kind === 'half-open' ? stuckAtMs(state.trials, maxHalfOpenMs) + state.nextOpenMs - nowMs : 0;
}
