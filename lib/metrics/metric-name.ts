import { metricsErrors } from './errors';

/** What an instrument does: only rises; rises and falls; is set; spreads values over buckets. */
export type InstrumentKind = 'counter' | 'upDownCounter' | 'gauge' | 'histogram';

/** How values of a unit are written: Prometheus takes base units alone. */
export interface WrittenUnit {
  readonly suffix: string;
  /** What a value is multiplied with. */
  readonly scale: number;
}

const LONGEST_NAME = 150;
const NAME = /^[A-Za-z][A-Za-z0-9_.-]*$/;

/** UCUM units, as OpenTelemetry uses them. Unknown ones, and notes in braces (`{request}`), are not written. */
const UNITS: Readonly<Record<string, WrittenUnit>> = {
  ns: { suffix: 'seconds', scale: 1e-9 },
  us: { suffix: 'seconds', scale: 1e-6 },
  ms: { suffix: 'seconds', scale: 1e-3 },
  s: { suffix: 'seconds', scale: 1 },
  min: { suffix: 'seconds', scale: 60 },
  h: { suffix: 'seconds', scale: 3_600 },
  d: { suffix: 'seconds', scale: 86_400 },
  By: { suffix: 'bytes', scale: 1 },
  KiBy: { suffix: 'bytes', scale: 1_024 },
  MiBy: { suffix: 'bytes', scale: 1_048_576 },
  GiBy: { suffix: 'bytes', scale: 1_073_741_824 },
  '%': { suffix: 'ratio', scale: 0.01 },
};
const RATIO: WrittenUnit = { suffix: 'ratio', scale: 1 };
const NO_UNIT: WrittenUnit = { suffix: '', scale: 1 };

/** Fails with: METRIC_NAME_INVALID. */
export function checkMetricName(name: unknown): asserts name is string {
  if (typeof name === 'string' && name.length <= LONGEST_NAME && NAME.test(name)) return;
  throw metricsErrors.METRIC_NAME_INVALID({ name: typeof name === 'string' ? JSON.stringify(name) : typeof name });
}

/** `http.server.requestCount` → `http_server_request_count`: the one style `promtool` lets pass. */
function toSnakeCase(name: string): string {
  return name
    .replace(/[.-]/g, '_')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/** An attribute's name in Prometheus text. */
export function labelName(attribute: string): string {
  return toSnakeCase(attribute);
}

/** How the values of a metric are written. A gauge of the unit `1` is a ratio (OpenTelemetry's rule). */
export function writtenUnit(kind: InstrumentKind, unit: string | undefined): WrittenUnit {
  if (unit === undefined) return NO_UNIT;
  if (unit === '1') return kind === 'gauge' ? RATIO : NO_UNIT;
  return UNITS[unit] ?? NO_UNIT;
}

function withSuffix(name: string, suffix: string): string {
  return suffix === '' || name === suffix || name.endsWith(`_${suffix}`) ? name : `${name}_${suffix}`;
}

/** A metric's name in Prometheus text: dots become underscores, the base unit follows, counters end in `_total`. */
export function writtenName(name: string, kind: InstrumentKind, unit: string | undefined): string {
  const { suffix } = writtenUnit(kind, unit);
  const base = toSnakeCase(name);
  if (kind !== 'counter') return withSuffix(base, suffix);
  return withSuffix(withSuffix(base.replace(/_total$/, ''), suffix), 'total');
}

/** Every name the samples of a metric are written under: no two metrics may share one. */
export function sampleNames(written: string, kind: InstrumentKind): readonly string[] {
  return kind === 'histogram' ? [written, `${written}_bucket`, `${written}_sum`, `${written}_count`] : [written];
}
