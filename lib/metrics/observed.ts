import type { Attributes, SeriesIdentity } from './attributes';
import type { InstrumentDefinition, InstrumentEvents } from './instrument-definition';
import { type Series, SeriesTable } from './series-table';

/** A histogram cannot be read from elsewhere: it is made of single values. */
export type ObservedKind = 'counter' | 'upDownCounter' | 'gauge';

/** One value of an observed metric. */
export interface Observation {
  readonly value: number;
  readonly attributes?: Attributes;
}

/** Asked each time metrics are read; answers at once, with one value, several, or `undefined` for none. */
export type ObserveCallback = () => number | Iterable<Observation> | undefined;

class ObservedSeries implements Series {
  readonly identity: SeriesIdentity;
  value = 0;

  constructor(identity: SeriesIdentity) {
    this.identity = identity;
  }
}

/** A metric that somebody else knows: it is read when metrics are, so it is right without traffic. */
export class Observed {
  readonly definition: InstrumentDefinition<ObservedKind>;
  readonly #callbacks = new Set<{ readonly ask: ObserveCallback }>();
  readonly #events: InstrumentEvents;

  constructor(definition: InstrumentDefinition<ObservedKind>, events: InstrumentEvents) {
    this.definition = definition;
    this.#events = events;
  }

  /** Out: takes the callback away again. */
  add(ask: ObserveCallback): () => void {
    const entry = { ask };
    this.#callbacks.add(entry);
    return () => void this.#callbacks.delete(entry);
  }

  /** Asks everybody. The same series told twice adds up, but in a gauge, where the last one counts. */
  get series(): Iterable<ObservedSeries> {
    const { name } = this.definition;
    const create = (identity: SeriesIdentity): ObservedSeries => new ObservedSeries(identity);
    const table = new SeriesTable({ metric: name, create, onLimit: this.#events.onLimit });
    for (const { ask } of this.#callbacks) this.#askOne(ask, table);
    return table;
  }

  /** Forgets everybody who was to be asked. */
  close(): void {
    this.#callbacks.clear();
  }

  #askOne(ask: ObserveCallback, table: SeriesTable<ObservedSeries>): void {
    try {
      const told = ask();
      if (told === undefined) return;
      if (typeof told === 'number') this.#put(table, { value: told });
      else for (const observation of told) this.#put(table, observation);
    } catch (error) {
      this.#events.onFailure(error);
    }
  }

  #put(table: SeriesTable<ObservedSeries>, { value, attributes }: Observation): void {
    if (!Number.isFinite(value)) {
      this.#events.refuse(value, 'a finite number');
      return;
    }
    const series = table.bind(attributes);
    series.value = this.definition.kind === 'gauge' ? value : series.value + value;
  }
}
