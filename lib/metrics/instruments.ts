import type { Attributes, SeriesIdentity } from './attributes';
import { BoundCounter, BoundGauge, BoundHistogram, BoundUpDownCounter } from './bound-instruments';
import type { InstrumentDefinition, InstrumentEvents } from './instrument-definition';
import type { Observed } from './observed';
import { SeriesTable } from './series-table';

/** Counts what only adds up: requests, bytes sent, failures. */
export class Counter {
  readonly definition: InstrumentDefinition<'counter'>;
  readonly series: SeriesTable<BoundCounter>;

  constructor(definition: InstrumentDefinition<'counter'>, events: InstrumentEvents) {
    this.definition = definition;
    const create = (identity: SeriesIdentity): BoundCounter => new BoundCounter(identity, events.refuse);
    this.series = new SeriesTable({ metric: definition.name, create, onLimit: events.onLimit });
  }

  /** In: 0 or more (default 1). Fails with: METRIC_ATTRIBUTE_INVALID. */
  add(amount = 1, attributes?: Attributes): void {
    this.series.of(attributes).add(amount);
  }

  /** The series of these attributes, to be kept by who records often: `add` on it looks nothing up. Shown from now on. */
  bind(attributes?: Attributes): BoundCounter {
    return this.series.bind(attributes);
  }

  /** Forgets the series of these attributes: what they name is gone. */
  remove(attributes?: Attributes): boolean {
    return this.series.remove(attributes);
  }
}

/** Counts what comes and goes: open connections, jobs waiting. */
export class UpDownCounter {
  readonly definition: InstrumentDefinition<'upDownCounter'>;
  readonly series: SeriesTable<BoundUpDownCounter>;

  constructor(definition: InstrumentDefinition<'upDownCounter'>, events: InstrumentEvents) {
    this.definition = definition;
    const create = (identity: SeriesIdentity): BoundUpDownCounter => new BoundUpDownCounter(identity, events.refuse);
    this.series = new SeriesTable({ metric: definition.name, create, onLimit: events.onLimit });
  }

  /** In: a finite number (default 1), negative to go down. Fails with: METRIC_ATTRIBUTE_INVALID. */
  add(amount = 1, attributes?: Attributes): void {
    this.series.of(attributes).add(amount);
  }

  /** The series of these attributes, to be kept by who records often. Shown from now on. */
  bind(attributes?: Attributes): BoundUpDownCounter {
    return this.series.bind(attributes);
  }

  /** Forgets the series of these attributes. */
  remove(attributes?: Attributes): boolean {
    return this.series.remove(attributes);
  }
}

/** Shows the last value told: a temperature, a queue's length as somebody else counts it. */
export class Gauge {
  readonly definition: InstrumentDefinition<'gauge'>;
  readonly series: SeriesTable<BoundGauge>;

  constructor(definition: InstrumentDefinition<'gauge'>, events: InstrumentEvents) {
    this.definition = definition;
    const create = (identity: SeriesIdentity): BoundGauge => new BoundGauge(identity, events.refuse);
    this.series = new SeriesTable({ metric: definition.name, create, onLimit: events.onLimit });
  }

  /** In: a finite number. Fails with: METRIC_ATTRIBUTE_INVALID. */
  set(value: number, attributes?: Attributes): void {
    this.series.of(attributes).set(value);
  }

  /** The series of these attributes, to be kept by who records often. Shown from now on. */
  bind(attributes?: Attributes): BoundGauge {
    return this.series.bind(attributes);
  }

  /** Forgets the series of these attributes. */
  remove(attributes?: Attributes): boolean {
    return this.series.remove(attributes);
  }
}

/** Spreads values over buckets with fixed upper bounds: durations, sizes. */
export class Histogram {
  readonly definition: InstrumentDefinition<'histogram'>;
  readonly bounds: readonly number[];
  readonly series: SeriesTable<BoundHistogram>;

  constructor(definition: InstrumentDefinition<'histogram'>, bounds: readonly number[], events: InstrumentEvents) {
    this.definition = definition;
    this.bounds = bounds;
    const create = (identity: SeriesIdentity): BoundHistogram => new BoundHistogram(identity, bounds, events.refuse);
    this.series = new SeriesTable({ metric: definition.name, create, onLimit: events.onLimit });
  }

  /** In: 0 or more, in the histogram's unit. Fails with: METRIC_ATTRIBUTE_INVALID. */
  record(value: number, attributes?: Attributes): void {
    this.series.of(attributes).record(value);
  }

  /** The series of these attributes, to be kept by who records often. Shown from now on. */
  bind(attributes?: Attributes): BoundHistogram {
    return this.series.bind(attributes);
  }

  /** Forgets the series of these attributes. */
  remove(attributes?: Attributes): boolean {
    return this.series.remove(attributes);
  }
}

/** Whatever can be registered under a name. */
export type Instrument = Counter | UpDownCounter | Gauge | Histogram | Observed;
