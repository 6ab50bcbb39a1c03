// Hot: a call is recorded in O(1), however many there are in the window.
import { type Counts, noCounts, OUTCOME_KINDS, type Outcome } from './outcome';
import type { OutcomeWindow, SavedMoment, SavedWindow } from './outcome-window';

/** What is recorded within this part of the window from one outcome on is taken as one with it. */
const PARTS = 100;

/** Outcomes that are forgotten together, when the first of them is too old. */
interface Moment {
  readonly atMs: number;
  readonly counts: Counts;
  later: Moment | undefined;
}

/**
 * The calls of the last while. At `t` those count that were recorded after `t - durationMs`, to the millisecond; of calls
 * that come more densely than a hundredth of the window some are forgotten by as much too early, and never one too late.
 *
 * It holds at most 101 moments, whatever the number of calls.
 */
export class TimeWindow implements OutcomeWindow {
  readonly counts: Counts;
  readonly inRow = 0;
  private oldest: Moment | undefined;
  private newest: Moment | undefined;
  /** When the oldest moment is forgotten, and until when the newest takes more. */
  private forgetAtMs: number;
  private sealAtMs: number;
  private readonly partMs: number;

  constructor(private readonly durationMs: number) {
    this.counts = noCounts();
    this.oldest = undefined;
    this.newest = undefined;
    this.forgetAtMs = Infinity;
    this.sealAtMs = -Infinity;
    this.partMs = durationMs / PARTS;
  }

  record(outcome: Outcome, nowMs: number): void {
    if (nowMs >= this.forgetAtMs) this.forget(nowMs);
    if (nowMs >= this.sealAtMs) this.append({ atMs: nowMs, counts: noCounts(), later: undefined });
    this.counts[outcome]++;
    (this.newest as Moment).counts[outcome]++;
  }

  forget(nowMs: number): void {
    let moment = this.oldest;
    while (moment !== undefined && nowMs >= moment.atMs + this.durationMs) {
      for (let kind = 0; kind < OUTCOME_KINDS; kind++) this.counts[kind] -= moment.counts[kind];
      moment = moment.later;
    }
    this.oldest = moment;
    if (moment === undefined) this.empty();
    else this.forgetAtMs = moment.atMs + this.durationMs;
  }

  clear(): void {
    this.counts.fill(0);
    this.oldest = undefined;
    this.empty();
  }

  save(nowMs: number): SavedWindow {
    this.forget(nowMs);
    const moments: SavedMoment[] = [];
    for (let each = this.oldest; each !== undefined; each = each.later) {
      moments.push({ agoMs: nowMs - each.atMs, counts: [...each.counts] });
    }
    return { kind: 'time', moments };
  }

  restore(saved: SavedWindow, nowMs: number): void {
    if (saved.kind !== 'time') return;
    this.clear();
    for (const { agoMs, counts } of saved.moments.slice(-PARTS - 1)) {
      const moment = { atMs: nowMs - agoMs, counts: noCounts().map((_, kind) => counts[kind] ?? 0), later: undefined };
      for (let kind = 0; kind < OUTCOME_KINDS; kind++) this.counts[kind] += moment.counts[kind];
      this.append(moment);
    }
    this.forget(nowMs);
  }

  private append(moment: Moment): void {
    if (this.newest === undefined) {
      this.oldest = moment;
      this.forgetAtMs = moment.atMs + this.durationMs;
    } else this.newest.later = moment;
    this.newest = moment;
    this.sealAtMs = moment.atMs + this.partMs;
  }

  private empty(): void {
    this.newest = undefined;
    this.forgetAtMs = Infinity;
    this.sealAtMs = -Infinity;
  }
}
