import { Histogram, type Instrument } from './instruments';

type PlainAttributes = Readonly<Record<string, string>>;

interface MetricHead {
  readonly description?: string;
  readonly unit?: string;
}

/** A metric of single numbers, as plain data. */
export interface NumberMetricSnapshot extends MetricHead {
  readonly kind: 'counter' | 'upDownCounter' | 'gauge';
  readonly series: readonly { readonly attributes: PlainAttributes; readonly value: number }[];
}

/** One series of a histogram: `counts[i]` is how many values lay over `bounds[i - 1]` and at most at `bounds[i]`; the last has the rest. */
export interface HistogramSeriesSnapshot {
  readonly attributes: PlainAttributes;
  readonly count: number;
  readonly sum: number;
  readonly counts: readonly number[];
}

/** A histogram, as plain data. */
export interface HistogramSnapshot extends MetricHead {
  readonly kind: 'histogram';
  readonly bounds: readonly number[];
  readonly series: readonly HistogramSeriesSnapshot[];
}

export type MetricSnapshot = NumberMetricSnapshot | HistogramSnapshot;

/** All metrics at one moment, by their names (`http.server.request.duration`). */
export type MetricsSnapshot = Readonly<Record<string, MetricSnapshot>>;

function histogramSnapshot(histogram: Histogram): HistogramSnapshot {
  const { description, unit } = histogram.definition;
  const series = Array.from(histogram.series, ({ identity, count, sum, counts }) => ({
    attributes: identity.attributes,
    count,
    sum,
    counts: [...counts],
  }));
  return { kind: 'histogram', description, unit, bounds: histogram.bounds, series };
}

function numberSnapshot(instrument: Exclude<Instrument, Histogram>): NumberMetricSnapshot {
  const { kind, description, unit } = instrument.definition;
  const series: NumberMetricSnapshot['series'][number][] = [];
  for (const { identity, value } of instrument.series) series.push({ attributes: identity.attributes, value });
  return { kind, description, unit, series };
}

/** The numbers of `instruments` as plain data. */
export function snapshotOf(instruments: Iterable<Instrument>): MetricsSnapshot {
  const metrics: Record<string, MetricSnapshot> = {};
  for (const instrument of instruments) {
    metrics[instrument.definition.name] =
      instrument instanceof Histogram ? histogramSnapshot(instrument) : numberSnapshot(instrument);
  }
  return metrics;
}

/**
 * Estimates the value that a part of all values does not exceed, from the buckets of a histogram.
 *
 * In: bounds and counts of a series (of one moment, or the difference of two); `quantile` 0 to 1.
 * Out: a value in the histogram's unit, evenly spread within its bucket; the last bound for what lies above it;
 * `undefined` without values.
 */
export function estimateQuantile(bounds: readonly number[], counts: readonly number[], quantile: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total <= 0) return undefined;
  const rank = Math.min(1, Math.max(0, quantile)) * total;
  let below = 0;
  for (const [at, upper] of bounds.entries()) {
    const inside = counts[at] ?? 0;
    if (inside > 0 && below + inside >= rank) {
      const lower = at === 0 ? Math.min(0, upper) : bounds[at - 1];
      return lower + ((upper - lower) * (rank - below)) / inside;
    }
    below += inside;
  }
  return bounds.at(-1);
}
