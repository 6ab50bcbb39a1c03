// Hot: a call is recorded in O(1), whatever the size of the window.
import { type Counts, OUTCOME_KINDS, type Outcome, SLOW_CANCELLED, SUCCESS } from './outcome';

/** Which calls a breaker judges by. */
export type WindowOptions =
  | { readonly kind: 'consecutive' }
  | { readonly kind: 'count'; /** The last so many calls. */ readonly calls: number }
  | { readonly kind: 'time'; /** Calls of the last so many milliseconds, to a tenth. */ readonly durationMs: number };

/** What a window holds, to be kept elsewhere. */
export interface SavedWindow {
  readonly kind: WindowOptions['kind'];
  readonly counts: readonly number[];
  /** How many failures stand in a row. */
  readonly inRow?: number;
  /** The outcomes of a count window, oldest first, a digit each. */
  readonly calls?: string;
  /** The tenths of a time window, the newest first. */
  readonly tenths?: readonly (readonly number[])[];
}

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
  restore(saved: SavedWindow, nowMs: number): void;
}

function noCounts(): number[] {
  return [0, 0, 0, 0, 0, 0, 0, 0, 0];
}

/** Counts failures in a row; what else it counts it counts since it was cleared. */
export class ConsecutiveWindow implements OutcomeWindow {
  readonly counts: Counts = noCounts();
  inRow = 0;

  record(outcome: Outcome): void {
    this.counts[outcome]++;
    if (outcome === SUCCESS) this.inRow = 0;
    else if (outcome <= SLOW_CANCELLED) this.inRow++;
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

  restore({ counts, inRow = 0 }: SavedWindow): void {
    for (let kind = 0; kind < OUTCOME_KINDS; kind++) this.counts[kind] = counts[kind] ?? 0;
    this.inRow = inRow;
  }
}

/** The last so many calls that count; the outcomes that move nothing are counted since it was cleared. */
export class CountWindow implements OutcomeWindow {
  readonly counts: Counts = noCounts();
  readonly inRow = 0;
  readonly #ring: Uint8Array;
  #next = 0;
  #isFull = false;

  constructor(calls: number) {
    this.#ring = new Uint8Array(calls);
  }

  record(outcome: Outcome): void {
    this.counts[outcome]++;
    if (outcome > SLOW_CANCELLED) return;
    const ring = this.#ring;
    const at = this.#next;
    if (this.#isFull) this.counts[ring[at]]--;
    ring[at] = outcome;
    this.#next = at + 1;
    if (this.#next === ring.length) {
      this.#next = 0;
      this.#isFull = true;
    }
  }

  forget(): void {
    // Only calls push calls out.
  }

  clear(): void {
    this.counts.fill(0);
    this.#next = 0;
    this.#isFull = false;
  }

  save(): SavedWindow {
    const ring = this.#ring;
    const newest = ring.subarray(0, this.#next);
    const calls = this.#isFull ? [...ring.subarray(this.#next), ...newest] : [...newest];
    return { kind: 'count', counts: [...this.counts], calls: calls.join('') };
  }

  restore({ counts, calls = '' }: SavedWindow): void {
    this.clear();
    for (let kind = SLOW_CANCELLED + 1; kind < OUTCOME_KINDS; kind++) this.counts[kind] = counts[kind] ?? 0;
    for (const digit of calls.slice(-this.#ring.length)) this.record(Number(digit) as Outcome);
  }
}

/** How finely a time window forgets. */
const TENTHS = 10;

/**
 * The calls of the last while, forgotten a tenth at a time: at `t` those count that were recorded in the tenth that `t` is
 * in, or in the nine before. Tenths begin at multiples of a tenth on the clock.
 */
export class TimeWindow implements OutcomeWindow {
  readonly counts: Counts = noCounts();
  readonly inRow = 0;
  /** The counts of each tenth in which there were calls. */
  private readonly rows: (number[] | undefined)[];
  /** The number of the newest tenth, counted from the clock's zero, and when it is over. */
  private newest: number;
  private overAtMs: number;
  private readonly tenthMs: number;

  constructor(durationMs: number) {
    this.rows = [];
    this.newest = -Infinity;
    this.overAtMs = -Infinity;
    this.tenthMs = durationMs / TENTHS;
  }

  record(outcome: Outcome, nowMs: number): void {
    if (nowMs >= this.overAtMs) this.forget(nowMs);
    this.counts[outcome]++;
    const at = slotOf(this.newest);
    (this.rows[at] ??= noCounts())[outcome]++;
  }

  forget(nowMs: number): void {
    const tenth = Math.floor(nowMs / this.tenthMs);
    // A clock that goes backwards is taken to stand still.
    if (tenth <= this.newest) return;
    const first = Math.max(this.newest + 1, tenth - TENTHS + 1);
    for (let each = first; each <= tenth; each++) this.empty(slotOf(each));
    this.newest = tenth;
    this.overAtMs = (tenth + 1) * this.tenthMs;
  }

  private empty(at: number): void {
    const row = this.rows[at];
    if (row === undefined) return;
    for (let kind = 0; kind < OUTCOME_KINDS; kind++) this.counts[kind] -= row[kind];
    this.rows[at] = undefined;
  }

  clear(): void {
    this.counts.fill(0);
    this.rows.length = 0;
  }

  save(nowMs: number): SavedWindow {
    this.forget(nowMs);
    const tenths: number[][] = [];
    for (let age = 0; age < TENTHS; age++) tenths.push([...(this.rows[slotOf(this.newest - age)] ?? [])]);
    return { kind: 'time', counts: [...this.counts], tenths };
  }

  restore({ tenths = [] }: SavedWindow, nowMs: number): void {
    this.forget(nowMs);
    this.clear();
    for (const [age, counts] of tenths.slice(0, TENTHS).entries()) {
      const row = noCounts();
      for (let kind = 0; kind < OUTCOME_KINDS; kind++) {
        row[kind] = counts[kind] ?? 0;
        this.counts[kind] += row[kind];
      }
      this.rows[slotOf(this.newest - age)] = row;
    }
  }
}

/** Where the counts of a tenth stand; the clock may have begun below zero. */
function slotOf(tenth: number): number {
  return ((tenth % TENTHS) + TENTHS) % TENTHS;
}

export function openWindow(options: WindowOptions): OutcomeWindow {
  if (options.kind === 'consecutive') return new ConsecutiveWindow();
  return options.kind === 'count' ? new CountWindow(options.calls) : new TimeWindow(options.durationMs);
}
