// Hot: several are told something in each request. Plain number fields and one comparison each.
// The numbers have their 0 where they are declared: declared without, a field holds `undefined` first, so V8 never
// keeps it as a bare number (a histogram's record took 12.5 instead of 4.5 ns on Node 20).
import type { SeriesIdentity } from './attributes';

/** Told of a value that cannot be recorded, with what was expected. */
export type Refuse = (value: number, expected: string) => void;

const FINITE = 'a finite number';
const NOT_NEGATIVE = 'a finite number of 0 or more';

/** One series of a counter: it only rises. */
export class BoundCounter {
  readonly identity: SeriesIdentity;
  value = 0;
  readonly #refuse: Refuse;

  constructor(identity: SeriesIdentity, refuse: Refuse) {
    this.identity = identity;
    this.#refuse = refuse;
  }

  /** In: 0 or more (default 1); anything else is left out, with a warning in the log. */
  add(amount = 1): void {
    if (amount >= 0 && amount < Infinity) this.value += amount;
    else this.#refuse(amount, NOT_NEGATIVE);
  }
}

/** One series of an up-down counter. */
export class BoundUpDownCounter {
  readonly identity: SeriesIdentity;
  value = 0;
  readonly #refuse: Refuse;

  constructor(identity: SeriesIdentity, refuse: Refuse) {
    this.identity = identity;
    this.#refuse = refuse;
  }

  /** In: a finite number (default 1), negative to go down; anything else is left out, with a warning in the log. */
  add(amount = 1): void {
    if (amount > -Infinity && amount < Infinity) this.value += amount;
    else this.#refuse(amount, FINITE);
  }
}

/** One series of a gauge: the last value told. */
export class BoundGauge {
  readonly identity: SeriesIdentity;
  value = 0;
  readonly #refuse: Refuse;

  constructor(identity: SeriesIdentity, refuse: Refuse) {
    this.identity = identity;
    this.#refuse = refuse;
  }

  /** In: a finite number; anything else is left out, with a warning in the log. */
  set(value: number): void {
    if (value > -Infinity && value < Infinity) this.value = value;
    else this.#refuse(value, FINITE);
  }
}

/** One series of a histogram. `counts[i]` is how many values were at most `bounds[i]` and over the bound before; the last has the rest. */
export class BoundHistogram {
  readonly identity: SeriesIdentity;
  readonly bounds: readonly number[];
  readonly counts: number[];
  count = 0;
  sum = 0;
  readonly #refuse: Refuse;

  constructor(identity: SeriesIdentity, bounds: readonly number[], refuse: Refuse) {
    this.identity = identity;
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
    this.#refuse = refuse;
  }

  /** In: 0 or more, in the unit of the histogram; anything else is left out, with a warning in the log. */
  record(value: number): void {
    if (!(value >= 0 && value < Infinity)) {
      this.#refuse(value, NOT_NEGATIVE);
      return;
    }
    const { bounds } = this;
    // Most of what is timed is quick: from below, the first bounds find it. From 32 on, halving would win.
    let at = 0;
    while (at < bounds.length && value > bounds[at]) at++;
    this.counts[at]++;
    this.count++;
    this.sum += value;
  }
}
