// Hot: a call is recorded here.
import { type Counts, counts, noCounts, OUTCOME_KINDS, type Outcome, SUCCESS } from './outcome';
import type { OutcomeWindow, SavedWindow } from './outcome-window';

/** Counts failures in a row; what else it counts it counts since it was cleared. */
export class ConsecutiveWindow implements OutcomeWindow {
  readonly counts: Counts;
  inRow: number;

  constructor() {
    this.counts = noCounts();
    this.inRow = 0;
  }

  record(outcome: Outcome): void {
    this.counts[outcome]++;
    if (outcome === SUCCESS) this.inRow = 0;
    else if (counts(outcome)) this.inRow++;
  }

  forget(): void {
    // Time changes nothing here.
  }

  clear(): void {
    this.counts.fill(0);
    this.inRow = 0;
  }

  save(): SavedWindow {
    return { kind: 'consecutive', counts: [...this.counts], inRow: this.inRow };
  }

  restore(saved: SavedWindow): void {
    if (saved.kind !== 'consecutive') return;
    for (let kind = 0; kind < OUTCOME_KINDS; kind++) this.counts[kind] = saved.counts[kind] ?? 0;
    this.inRow = saved.inRow;
  }
}
