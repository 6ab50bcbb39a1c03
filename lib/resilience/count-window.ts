// Hot: a call is recorded in O(1), whatever the size of the window.
import { type Counts, counts, noCounts, OUTCOME_KINDS, type Outcome, SLOW_CANCELLED } from './outcome';
import type { OutcomeWindow, SavedWindow } from './outcome-window';

/** The last so many calls that count; the outcomes that move nothing are counted since it was cleared. */
export class CountWindow implements OutcomeWindow {
  readonly counts: Counts;
  readonly inRow = 0;
  /** The outcomes, two in a byte, overwritten in turn; made with the first of them, so that who is never called holds little. */
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
    const ring = (this.ring ??= new Uint8Array(Math.ceil(this.calls / 2)));
    const at = this.next;
    if (this.isFull) this.counts[outcomeAt(ring, at)]--;
    const shift = (at & 1) << 2;
    ring[at >> 1] = (ring[at >> 1] & ~(15 << shift)) | (outcome << shift);
    this.next = at + 1;
    if (this.next === this.calls) {
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
    const { ring, next, calls } = this;
    const held = ring === undefined ? 0 : this.isFull ? calls : next;
    const oldest = this.isFull ? next : 0;
    const digits = Array.from({ length: held }, (_, age) => outcomeAt(ring as Uint8Array, (oldest + age) % calls));
    return { kind: 'count', counts: [...this.counts], calls: digits.join('') };
  }

  restore(saved: SavedWindow): void {
    if (saved.kind !== 'count') return;
    this.clear();
    for (let kind = SLOW_CANCELLED + 1; kind < OUTCOME_KINDS; kind++) this.counts[kind] = saved.counts[kind] ?? 0;
    for (const digit of saved.calls.slice(-this.calls)) this.record(Number(digit) as Outcome);
  }
}

function outcomeAt(ring: Uint8Array, at: number): number {
  return (ring[at >> 1] >> ((at & 1) << 2)) & 15;
}
