import type { Counts, Outcome } from './outcome';

/** Which calls a breaker judges by. */
export type WindowOptions =
  | { readonly kind: 'consecutive' }
  | { readonly kind: 'count'; /** The last so many calls. */ readonly calls: number }
  | { readonly kind: 'time'; /** The calls of the last so many milliseconds. */ readonly durationMs: number };

/** The outcomes of a time window that are taken as one: how long ago the first of them was, and how many of each kind. */
export interface SavedMoment {
  readonly agoMs: number;
  readonly counts: readonly number[];
}

/** What a window holds, to be kept elsewhere. */
export type SavedWindow =
  | { readonly kind: 'consecutive'; readonly counts: readonly number[]; readonly inRow: number }
  | { readonly kind: 'count'; readonly counts: readonly number[]; /** A digit each, oldest first. */ readonly calls: string }
  | { readonly kind: 'time'; /** Oldest first. */ readonly moments: readonly SavedMoment[] };

/** Outcomes as far as they are remembered. */
export interface OutcomeWindow {
  /** As of the last `record` or `forget`. */
  readonly counts: Counts;
  /** How many failed or slow calls stand in a row; only a consecutive window counts them. */
  readonly inRow: number;
  record(outcome: Outcome, nowMs: number): void;
  /** Forgets what is too old by now. */
  forget(nowMs: number): void;
  clear(): void;
  save(nowMs: number): SavedWindow;
  /** Takes over what another of its kind held; what a window of another kind held says nothing to it. */
  restore(saved: SavedWindow, nowMs: number): void;
}
