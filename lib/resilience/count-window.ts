// Hot: a call is recorded in O(1), whatever the size of the window.
import { type Counts, counts, noCounts, OUTCOME_KINDS, type Outcome, SLOW_CANCELLED } from './outcome';
import type { OutcomeWindow, SavedWindow } from './outcome-window';

/** The last so many calls that count; the outcomes that move nothing are counted since it was cleared. */
export class CountWindow implements OutcomeWindow {
  readonly counts: Counts;
  readonly inRow = 0;
  /** The outcomes, overwritten in turn; made with the first of them, so that who is never called holds little. */
  private ring: Uint8Array | undefined;
  private next: number;
  private isFull: boolean;

  constructor(private readonly calls: number) {
    this.counts = noCounts();
    this.ring = undefined;
    this.next = 0;
    this.isFull = false;
  }

  record(outcome: Outcome): void {
    this.counts[outcome]++;
    if (!counts(outcome)) return;
    const ring = (this.ring ??= new Uint8Array(this.calls));
    const at = this.next;
    if (this.isFull) this.counts[ring[at]]--;
    ring[at] = outcome;
    this.next = at + 1;
    if (this.next === ring.length) {
      this.next = 0;
      this.isFull = true;
    }
  }

  forget(): void {
    // Only calls push calls out.
  }

  clear(): void {
    this.counts.fill(0);
    this.next = 0;
    this.isFull = false;
  }

  save(): SavedWindow {
    const ring = this.ring ?? new Uint8Array(0);
    const newest = ring.subarray(0, this.next);
    const calls = this.isFull ? [...ring.subarray(this.next), ...newest] : [...newest];
    return { kind: 'count', counts: [...this.counts], calls: calls.join('') };
  }

  restore(saved: SavedWindow): void {
    if (saved.kind !== 'count') return;
    this.clear();
    for (let kind = SLOW_CANCELLED + 1; kind < OUTCOME_KINDS; kind++) this.counts[kind] = saved.counts[kind] ?? 0;
    for (const digit of saved.calls.slice(-this.calls)) this.record(Number(digit) as Outcome);
  }
}
