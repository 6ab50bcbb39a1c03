import { type BreakerSettings, openMsOf } from './breaker-settings';
import { type BreakerState, type BreakerStateName, CLOSED, DISABLED, FORCED_OPEN, halfOpen, METRICS_ONLY } from './breaker-state';
import { isObject } from './check-options';
import type { Circuit } from './circuit';
import { resilienceErrors } from './errors';
import { OUTCOME_KINDS } from './outcome';
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

export function saveCircuit(circuit: Circuit): SavedBreaker {
  const nowMs = circuit.nowMs();
  const { openings, openedAtMs, window } = circuit;
  return {
    version: 1,
    state: circuit.stateNow(),
    remainingOpenMs: circuit.remainingOpenMs(),
    openings,
    openForMs: openings === 0 ? 0 : nowMs - openedAtMs,
    window: window.save(nowMs),
  };
}

const SIMPLE = { closed: CLOSED, 'forced-open': FORCED_OPEN, disabled: DISABLED, 'metrics-only': METRICS_ONLY } as const;

/** Fails with: BREAKER_SNAPSHOT_INVALID. */
export function restoreInto(circuit: Circuit, saved: SavedBreaker): void {
  const reason = findFault(saved);
  if (reason !== undefined) throw resilienceErrors.BREAKER_SNAPSHOT_INVALID({ breaker: circuit.settings.name, reason });
  const nowMs = circuit.nowMs();
  circuit.current = stateOf(saved, circuit, nowMs);
  circuit.openings = saved.openings;
  circuit.openedAtMs = nowMs - saved.openForMs;
  circuit.window.restore(saved.window, nowMs);
}

function stateOf({ state, remainingOpenMs, openings }: SavedBreaker, { settings }: Circuit, nowMs: number): BreakerState {
  if (state === 'half-open') return halfOpen(nowMs, openMsOf(settings, openings + 1));
  if (state !== 'open') return SIMPLE[state];
  return { kind: 'open', sinceMs: nowMs, untilMs: nowMs + Math.min(remainingOpenMs, longestOpenMs(settings)) };
}

/** What was saved under other settings is not to keep it open for longer than these would. */
function longestOpenMs({ resetTimeoutMs, backoff, maxRetryAfterMs }: BreakerSettings): number {
  return Math.max(resetTimeoutMs, backoff.maxMs, maxRetryAfterMs);
}

type Check = (value: unknown) => boolean;

const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isTime: Check = (value) => typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
const isCounts: Check = (value) => Array.isArray(value) && value.length === OUTCOME_KINDS && value.every(isCount);
const isMoment: Check = (value) => isObject(value) && isTime(value.agoMs) && isCounts(value.counts);

const STATES = new Set<unknown>([...Object.keys(SIMPLE), 'open', 'half-open']);

const MEMBERS: Readonly<Record<keyof SavedBreaker, Check>> = {
  version: (value) => value === 1,
  state: (value) => STATES.has(value),
  remainingOpenMs: isTime,
  openings: isCount,
  openForMs: isTime,
  window: isWindow,
};

/** It may come from a file: what is not as it was saved is not guessed at. */
function findFault(saved: unknown): string | undefined {
  if (!isObject(saved)) return 'it is no object';
  const wrong = Object.entries(MEMBERS).find(([name, check]) => !check(saved[name]));
  return wrong === undefined ? undefined : `its ${wrong[0]} is ${printed(saved[wrong[0]])}`;
}

function isWindow(window: unknown): boolean {
  if (!isObject(window)) return false;
  const { kind, counts, inRow, calls, moments } = window;
  if (kind === 'consecutive') return isCounts(counts) && isCount(inRow);
  if (kind === 'count') return isCounts(counts) && typeof calls === 'string' && /^[0-4]*$/.test(calls);
  return kind === 'time' && Array.isArray(moments) && moments.every(isMoment) && isInOrder(moments as { agoMs: number }[]);
}

/** Oldest first. */
function isInOrder(moments: readonly { readonly agoMs: number }[]): boolean {
  return moments.every(({ agoMs }, at) => at === 0 || agoMs < (moments[at - 1] as { agoMs: number }).agoMs);
}

function printed(value: unknown): string {
  return isObject(value) ? 'not as it was saved' : String(value);
}
