import { type Logger, silentLogger } from '../diagnostics/logger';
import type { FrameworkError } from '../errors/framework-error';
import type { Attributes } from './attributes';
import { metricsErrors } from './errors';
import type { InstrumentDefinition, InstrumentEvents } from './instrument-definition';
import { Counter, Gauge, Histogram, type Instrument, UpDownCounter } from './instruments';
import { checkMetricName, type InstrumentKind, sampleNames, writtenName } from './metric-name';
import { type ObserveCallback, Observed, type ObservedKind } from './observed';
import { SERIES_LIMIT } from './series-table';
import { type MetricsSnapshot, snapshotOf } from './snapshot';

export interface InstrumentOptions {
  /** What is counted, in a few words; shown as help text. */
  readonly description?: string;
  /** UCUM, as OpenTelemetry has it: `s`, `ms`, `By`, `1`, `{request}`. Written in base units. */
  readonly unit?: string;
}

export interface HistogramOptions extends InstrumentOptions {
  /** Upper bounds in the histogram's unit, rising. Default: 0.005 to 10 for seconds, else 5 to 10,000. */
  readonly buckets?: readonly number[];
}

export interface ObserveOptions extends InstrumentOptions {
  /** Default: `gauge`. */
  readonly kind?: ObservedKind;
}

export interface MetricsOptions {
  /** Told once for each metric that gets values it cannot take, too many series, or a callback that throws. */
  readonly logger?: Logger;
}

/** Who observes, and goes some time: a plugin. */
export interface ObservingOwner {
  defer(cleanup: () => void): void;
}

/** What all views of one application's metrics have in common. */
interface Shared {
  readonly byName: Map<string, Instrument>;
  readonly written: Map<string, string>;
  readonly warned: Set<string>;
}

/** OpenTelemetry's bounds for the durations of HTTP, in seconds. */
export const DURATION_BUCKETS_S: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const DEFAULT_BUCKETS: readonly number[] = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000];
const MOST_BUCKETS = 100;

/** An instrument as somebody asks for it. */
interface Wanted<Kind extends InstrumentKind, T extends Instrument> {
  readonly kind: Kind;
  readonly observed?: boolean;
  readonly options: HistogramOptions;
  readonly make: (definition: InstrumentDefinition<Kind>, events: InstrumentEvents) => T;
}

const KIND_WORDS = {
  counter: 'a counter',
  upDownCounter: 'an up-down counter',
  gauge: 'a gauge',
  histogram: 'a histogram',
} as const satisfies Record<InstrumentKind, string>;

function describe(
  kind: InstrumentKind,
  unit: string | undefined,
  observed: boolean,
  buckets: readonly number[] | undefined,
): string {
  const words: string[] = [KIND_WORDS[kind]];
  if (unit !== undefined) words.push(`in ${unit}`);
  if (observed) words.push('that is observed');
  if (buckets !== undefined) words.push(`with the buckets ${buckets.join(', ')}`);
  return words.join(' ');
}

function describeKnown(known: Instrument): string {
  const { kind, unit } = known.definition;
  return describe(kind, unit, known instanceof Observed, known instanceof Histogram ? known.bounds : undefined);
}

/** A name alone asks for what is there; a unit or buckets that are said must be the same. */
function fits(known: Instrument, kind: InstrumentKind, observed: boolean, { unit, buckets }: HistogramOptions): boolean {
  if (known.definition.kind !== kind || known instanceof Observed !== observed) return false;
  if (unit !== undefined && unit !== known.definition.unit) return false;
  return buckets === undefined || (known instanceof Histogram && known.bounds.join() === buckets.join());
}

function bucketsOf(name: string, { buckets, unit }: HistogramOptions): readonly number[] {
  if (buckets === undefined) return unit === 's' ? DURATION_BUCKETS_S : DEFAULT_BUCKETS;
  const rising = buckets.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > buckets[i - 1]));
  if (rising && buckets.length > 0 && buckets.length <= MOST_BUCKETS) return [...buckets];
  throw metricsErrors.METRIC_BUCKETS_INVALID({ name, got: buckets.join(', ') });
}

/**
 * The instruments of an application and their numbers: what it counts, measures and shows.
 *
 * An instrument is made when first asked for; the same name gives the same one. At most 2,000 series each, the rest in
 * one marked `otel_metric_overflow`. A value that cannot be recorded (NaN, a counter going down) is left out with one
 * warning in the log: a number never fails a request. Wrong names and clashes are mistakes of the code, and throw.
 */
export class Metrics {
  readonly #logger: Logger;
  readonly #byName: Map<string, Instrument>;
  /** Every name in the text output → the metric that writes it. */
  readonly #written: Map<string, string>;
  readonly #warned: Set<string>;
  readonly #owner: ObservingOwner | undefined;

  constructor(options: MetricsOptions = {}, of?: Shared, owner?: ObservingOwner) {
    const { byName, written, warned } = of ?? { byName: new Map(), written: new Map(), warned: new Set() };
    this.#logger = options.logger ?? silentLogger;
    this.#byName = byName;
    this.#written = written;
    this.#warned = warned;
    this.#owner = owner;
  }

  /** The same metrics, for one whose observing ends when it goes. @internal */
  within(owner: ObservingOwner): Metrics {
    const of = { byName: this.#byName, written: this.#written, warned: this.#warned };
    return new Metrics({ logger: this.#logger }, of, owner);
  }

  /** Counts what only adds up; written with `_total`. Fails with: METRIC_NAME_INVALID, METRIC_CONFLICT, METRIC_OUTPUT_CONFLICT. */
  counter(name: string, options: InstrumentOptions = {}): Counter {
    return this.#ask(name, { kind: 'counter', options, make: (definition, events) => new Counter(definition, events) });
  }

  /** Counts what comes and goes. Fails with: METRIC_NAME_INVALID, METRIC_CONFLICT, METRIC_OUTPUT_CONFLICT. */
  upDownCounter(name: string, options: InstrumentOptions = {}): UpDownCounter {
    return this.#ask(name, {
      kind: 'upDownCounter',
      options,
      make: (definition, events) => new UpDownCounter(definition, events),
    });
  }

  /** Shows the last value told. Fails with: METRIC_NAME_INVALID, METRIC_CONFLICT, METRIC_OUTPUT_CONFLICT. */
  gauge(name: string, options: InstrumentOptions = {}): Gauge {
    return this.#ask(name, { kind: 'gauge', options, make: (definition, events) => new Gauge(definition, events) });
  }

  /** Spreads values over buckets. Fails with: METRIC_BUCKETS_INVALID, METRIC_NAME_INVALID, METRIC_CONFLICT, METRIC_OUTPUT_CONFLICT. */
  histogram(name: string, options: HistogramOptions = {}): Histogram {
    const make = (definition: InstrumentDefinition<'histogram'>, events: InstrumentEvents): Histogram =>
      new Histogram(definition, bucketsOf(name, options), events);
    return this.#ask(name, { kind: 'histogram', options, make });
  }

  /**
   * Reads a metric from elsewhere whenever metrics are read. Several may observe one name.
   *
   * In: a callback that answers at once with a number, with observations, or with `undefined`. Out: ends the observing.
   * Fails with: METRIC_NAME_INVALID, METRIC_CONFLICT, METRIC_OUTPUT_CONFLICT.
   */
  observe(name: string, callback: ObserveCallback, options: ObserveOptions = {}): () => void {
    const make = (definition: InstrumentDefinition<ObservedKind>, events: InstrumentEvents): Observed =>
      new Observed(definition, events);
    const end = this.#ask(name, { kind: options.kind ?? 'gauge', observed: true, options, make }).add(callback);
    this.#owner?.defer(end);
    return end;
  }

  /**
   * Counts up by name: on the counter registered under it, else on an up-down counter, since `decrement` may follow.
   * Fails with: METRIC_ATTRIBUTE_INVALID and what registering fails with.
   */
  increment(name: string, attributes?: Attributes, by = 1): void {
    const known = this.#byName.get(name);
    if (known instanceof Counter) known.add(by, attributes);
    else this.upDownCounter(name).add(by, attributes);
  }

  /** Counts down by name, on an up-down counter. Fails with: METRIC_CONFLICT if it was registered as a counter, and as `increment`. */
  decrement(name: string, attributes?: Attributes, by = 1): void {
    this.upDownCounter(name).add(-by, attributes);
  }

  /** Sets a gauge by name. Fails with: METRIC_ATTRIBUTE_INVALID and what registering fails with. */
  set(name: string, value: number, attributes?: Attributes): void {
    this.gauge(name).set(value, attributes);
  }

  /** Records into a histogram by name. Fails with: METRIC_ATTRIBUTE_INVALID and what registering fails with. */
  record(name: string, value: number, attributes?: Attributes): void {
    this.histogram(name).record(value, attributes);
  }

  /** All instruments, in the order they were registered. */
  instruments(): Iterable<Instrument> {
    return this.#byName.values();
  }

  /** Everything as plain data, by metric name. In: `names`, to read those alone; one that nobody registered is left out. */
  snapshot(names?: readonly string[]): MetricsSnapshot {
    if (names === undefined) return snapshotOf(this.instruments());
    return snapshotOf(names.flatMap((name) => this.#byName.get(name) ?? []));
  }

  /** Ends all observing, so that nothing observed is kept alive by being counted. */
  close(): void {
    for (const instrument of this.#byName.values()) if (instrument instanceof Observed) instrument.close();
  }

  #ask<Kind extends InstrumentKind, T extends Instrument>(name: string, wanted: Wanted<Kind, T>): T {
    const { kind, observed = false, options } = wanted;
    const known = this.#byName.get(name);
    if (known === undefined) return this.#create(name, wanted);
    if (fits(known, kind, observed, options)) return known as T;
    const asked = describe(kind, options.unit, observed, options.buckets);
    throw metricsErrors.METRIC_CONFLICT({ name, known: describeKnown(known), asked });
  }

  #create<Kind extends InstrumentKind, T extends Instrument>(name: string, wanted: Wanted<Kind, T>): T {
    checkMetricName(name);
    const { kind, options } = wanted;
    const written = writtenName(name, kind, options.unit);
    const names = sampleNames(written, kind);
    for (const sample of names) {
      const other = this.#written.get(sample);
      if (other !== undefined) throw metricsErrors.METRIC_OUTPUT_CONFLICT({ name, written: sample, other });
    }
    const definition = { kind, name, description: options.description, unit: options.unit, writtenName: written };
    const instrument = wanted.make(definition, this.#eventsOf(name));
    for (const sample of names) this.#written.set(sample, name);
    this.#byName.set(name, instrument);
    return instrument;
  }

  #eventsOf(name: string): InstrumentEvents {
    return {
      refuse: (value, expected) =>
        this.#warnOnce(name, metricsErrors.METRIC_VALUE_INVALID({ name, value: String(value), expected })),
      onLimit: () => this.#warnOnce(name, metricsErrors.METRIC_SERIES_LIMIT({ name, limit: SERIES_LIMIT })),
      onFailure: (cause) => this.#warnOnce(name, metricsErrors.METRIC_CALLBACK_FAILED({ name }, { cause })),
    };
  }

  #warnOnce(name: string, err: FrameworkError): void {
    const key = `${err.code} ${name}`;
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.#logger.warn(err.message, { code: err.code, metric: name, err: err.cause });
  }
}
