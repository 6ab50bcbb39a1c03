import { metricsErrors } from './errors';
import { labelName } from './metric-name';

/** What tells the series of one metric apart: few names with few values each. Undefined ones are left out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * Attributes as they are kept: sorted, all strings, bounded. `labels` is the Prometheus form, `a="x",b="y"`; it tells
 * series apart, so that no two of them can be written alike.
 */
export interface SeriesIdentity {
  readonly attributes: Readonly<Record<string, string>>;
  readonly labels: string;
}

const LONGEST_VALUE = 200;
const LONGEST_NAME = 100;
const NAME = /^[A-Za-z][A-Za-z0-9_.-]*$/;
/** Prometheus keeps these for the buckets of histograms and the quantiles of summaries. */
const RESERVED: ReadonlySet<string> = new Set(['le', 'quantile']);
const OVERFLOW_ATTRIBUTE = 'otel_metric_overflow';
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function cutValue(value: string | number | boolean): string {
  const text = typeof value === 'string' ? value : String(value);
  return text.length > LONGEST_VALUE ? text.slice(0, LONGEST_VALUE) : text;
}

/** Escapes a label value for Prometheus text: backslash, double quote and newline. */
function escapeLabelValue(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => ESCAPES[character] ?? character);
}

function faultOf(attribute: string, label: string, taken: ReadonlyMap<string, unknown>): string | undefined {
  if (!NAME.test(attribute)) return 'has a name that cannot be written';
  if (attribute.length > LONGEST_NAME) return `has a name of more than ${LONGEST_NAME} characters`;
  if (RESERVED.has(label) || label === OVERFLOW_ATTRIBUTE) return 'has a name that is reserved';
  return taken.has(label) ? `would be written as \`${label}\`, as another one is` : undefined;
}

/** Fails with: METRIC_ATTRIBUTE_INVALID. */
export function identify(metric: string, attributes: Attributes): SeriesIdentity {
  const byLabel = new Map<string, { readonly name: string; readonly value: string }>();
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    const label = labelName(name);
    const why = faultOf(name, label, byLabel);
    if (why !== undefined) throw metricsErrors.METRIC_ATTRIBUTE_INVALID({ attribute: JSON.stringify(name), name: metric, why });
    // Two different halves of a pair would become the same replacement character on their way out as UTF-8.
    byLabel.set(label, { name, value: cutValue(value).replace(LONE_SURROGATE, '\ufffd') });
  }
  const sorted = [...byLabel].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    attributes: Object.fromEntries(sorted.map(([, { name, value }]) => [name, value])),
    labels: sorted.map(([label, { value }]) => `${label}="${escapeLabelValue(value)}"`).join(','),
  };
}

/** The series of what has no attributes. */
export const NO_ATTRIBUTES: SeriesIdentity = { attributes: {}, labels: '' };

/** The series of everything above the limit (the name OpenTelemetry gives it). */
export const OVERFLOW: SeriesIdentity = { attributes: { [OVERFLOW_ATTRIBUTE]: 'true' }, labels: `${OVERFLOW_ATTRIBUTE}="true"` };
