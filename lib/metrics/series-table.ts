// Hot where instruments are not bound: one look-up for each value recorded with attributes.
import { type Attributes, identify, NO_ATTRIBUTES, OVERFLOW, type SeriesIdentity } from './attributes';

/** How many series one instrument has at most, the overflow series included. */
export const SERIES_LIMIT = 2_000;

/** One series: what tells it apart, and its numbers. */
export interface Series {
  readonly identity: SeriesIdentity;
}

export interface SeriesTableOptions<T extends Series> {
  readonly metric: string;
  readonly create: (identity: SeriesIdentity) => T;
  /** Told once, when the limit is met for the first time. */
  readonly onLimit: () => void;
}

type AttributeValue = string | number | boolean;

/** A step on the way from attributes, in the order somebody wrote them, to their series. */
class Step<T> {
  series: T | undefined = undefined;
  next: Map<string, Map<AttributeValue, Step<T>>> | undefined = undefined;

  to(name: string, value: AttributeValue): Step<T> {
    this.next ??= new Map<string, Map<AttributeValue, Step<T>>>();
    let values = this.next.get(name);
    if (values === undefined) this.next.set(name, (values = new Map<AttributeValue, Step<T>>()));
    let step = values.get(value);
    if (step === undefined) values.set(value, (step = new Step<T>()));
    return step;
  }
}

/** How many ways of writing attributes are remembered: the same series may be asked for under several orders of names. */
const MOST_WAYS = 2 * SERIES_LIMIT;
/** Attributes longer than what is kept of them are not remembered, however often they come. */
const LONGEST_REMEMBERED = 200;

/** The series of one instrument by their attributes; at most 2,000, the rest shares one. */
export class SeriesTable<T extends Series> {
  readonly #options: SeriesTableOptions<T>;
  /** By their labels. */
  readonly #series = new Map<string, T>();
  /** The quick way: one step for each attribute, and no text is put together (a third of the time). */
  #start = new Step<T>();
  #ways = 0;
  #plain: T | undefined;
  #overflow: T | undefined;

  constructor(options: SeriesTableOptions<T>) {
    this.#options = options;
  }

  /** The series to record into now; the next time, it is found quickly. Fails with: METRIC_ATTRIBUTE_INVALID. */
  of(attributes: Attributes | undefined): T {
    if (attributes === undefined) return (this.#plain ??= this.#enter(NO_ATTRIBUTES));
    return this.#find(attributes) ?? this.#meet(attributes);
  }

  /** The series for somebody who keeps it: nothing is remembered for a next time. Fails with: METRIC_ATTRIBUTE_INVALID. */
  bind(attributes: Attributes | undefined): T {
    return this.#enter(attributes === undefined ? NO_ATTRIBUTES : identify(this.#options.metric, attributes));
  }

  /** Forgets a series; who still holds it bound records into nothing. Out: whether there was one. */
  remove(attributes: Attributes | undefined): boolean {
    const identity = attributes === undefined ? NO_ATTRIBUTES : identify(this.#options.metric, attributes);
    const removed = this.#series.delete(identity.labels);
    if (removed) {
      this.#start = new Step<T>();
      this.#ways = 0;
      this.#plain = undefined;
    }
    return removed;
  }

  get size(): number {
    return this.#series.size + (this.#overflow === undefined ? 0 : 1);
  }

  *[Symbol.iterator](): Generator<T> {
    yield* this.#series.values();
    if (this.#overflow !== undefined) yield this.#overflow;
  }

  #find(attributes: Attributes): T | undefined {
    let at = this.#start;
    for (const name in attributes) {
      const value = attributes[name];
      if (value === undefined) continue;
      const step = at.next?.get(name)?.get(value);
      if (step === undefined) return undefined;
      at = step;
    }
    return at.series;
  }

  #meet(attributes: Attributes): T {
    const series = this.#enter(identify(this.#options.metric, attributes));
    if (series !== this.#overflow && this.#ways < MOST_WAYS) this.#remember(attributes, series);
    return series;
  }

  #remember(attributes: Attributes, series: T): void {
    if (Object.values(attributes).some((value) => typeof value === 'string' && value.length > LONGEST_REMEMBERED)) return;
    let at = this.#start;
    for (const name in attributes) {
      const value = attributes[name];
      if (value !== undefined) at = at.to(name, value);
    }
    at.series = series;
    this.#ways++;
  }

  #enter(identity: SeriesIdentity): T {
    const known = this.#series.get(identity.labels);
    if (known !== undefined) return known;
    if (this.#series.size >= SERIES_LIMIT - 1) return this.#overflowing();
    const series = this.#options.create(identity);
    this.#series.set(identity.labels, series);
    return series;
  }

  #overflowing(): T {
    if (this.#overflow === undefined) {
      this.#overflow = this.#options.create(OVERFLOW);
      this.#options.onLimit();
    }
    return this.#overflow;
  }
}
