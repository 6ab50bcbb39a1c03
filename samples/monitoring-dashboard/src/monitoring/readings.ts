import { estimateQuantile, type MetricsSnapshot } from 'rockstar-web';
import type { Frame, RouteReading } from './metrics.service';

/** What is read of the metrics each second. */
export const NAMES = [
  'http.server.request.duration',
  'http.server.active_requests',
  'request.cancellations',
  'http.push.resources',
  'http.push.streams',
  'http.push.sent',
  'hijacked_connections',
  'websocket.connections',
];

/** How long requests took, by method, route and kind of answer: counts of each bucket. */
export interface Durations {
  readonly bounds: readonly number[];
  readonly series: readonly DurationSeries[];
}

interface DurationSeries {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly counts: readonly number[];
  readonly count: number;
}

/** Connections that are taken over last as long as their clients like. */
const LASTING = new Set(['/tail', '/ws/metrics', '/breakers/events']);

export function durationsOf(snapshot: MetricsSnapshot): Durations {
  const metric = snapshot['http.server.request.duration'];
  if (metric?.kind !== 'histogram') return { bounds: [], series: [] };
  const series = metric.series.map(({ attributes, counts, count }) => ({
    method: attributes['http.request.method'] ?? '',
    route: attributes['http.route'] ?? '',
    status: Number(attributes['http.response.status_code']),
    counts,
    count,
  }));
  return { bounds: metric.bounds, series: series.filter(({ route }) => !LASTING.has(route)) };
}

/** What came between two moments. Series are never taken away, and stand in the order they came. */
export function since(before: Durations | undefined, now: Durations): Durations {
  const known: readonly (DurationSeries | undefined)[] = before?.series ?? [];
  const series = now.series.map((one, at) => {
    const { count = 0, counts = [] } = known[at] ?? {};
    return { ...one, count: one.count - count, counts: one.counts.map((value, bucket) => value - (counts[bucket] ?? 0)) };
  });
  return { bounds: now.bounds, series };
}

export function countOf({ series }: Durations, matches: (status: number) => boolean = () => true): number {
  return series.reduce((sum, { status, count }) => (matches(status) ? sum + count : sum), 0);
}

/** Milliseconds; `null` without a request. */
export function quantileMs({ bounds, series }: Durations, quantile: number): number | null {
  const counts = series.reduce<number[]>((sum, one) => one.counts.map((value, at) => value + (sum[at] ?? 0)), []);
  const seconds = estimateQuantile(bounds, counts, quantile);
  return seconds === undefined ? null : round(seconds * 1_000);
}

/** The busiest routes, at most `most`. In: what came within `windowS` seconds. */
export function routesOf({ bounds, series }: Durations, windowS: number, most: number): RouteReading[] {
  const byRoute = new Map<string, DurationSeries[]>();
  for (const one of series) {
    if (one.count === 0) continue;
    const key = `${one.method} ${one.route}`;
    byRoute.set(key, [...(byRoute.get(key) ?? []), one]);
  }
  return [...byRoute.values()]
    .map((all) => readRoute({ bounds, series: all }, windowS))
    .sort((one, other) => other.perSecond - one.perSecond || (one.route < other.route ? -1 : 1))
    .slice(0, most);
}

function readRoute(durations: Durations, windowS: number): RouteReading {
  const [{ method, route }] = durations.series;
  const count = countOf(durations);
  const failureRatio = round(countOf(durations, isFailure) / count, 3);
  return { method, route, perSecond: round(count / windowS), p95Ms: quantileMs(durations, 0.95), failureRatio };
}

export const isFailure = (status: number): boolean => status >= 500;
export const isRefusal = (status: number): boolean => status >= 400 && status < 499;

/** The sum of a metric's series, of all or of those whose attribute has a value. */
function sumOf(snapshot: MetricsSnapshot, name: string, attribute?: string, value?: string): number {
  const metric = snapshot[name];
  if (metric === undefined || metric.kind === 'histogram') return 0;
  const matching = attribute === undefined ? metric.series : metric.series.filter((one) => one.attributes[attribute] === value);
  return matching.reduce((sum, one) => sum + one.value, 0);
}

export function activeOf(snapshot: MetricsSnapshot): number {
  return sumOf(snapshot, 'http.server.active_requests');
}

export function cancellationsOf(snapshot: MetricsSnapshot): Frame['cancellations'] {
  const of = (reason: string): number => sumOf(snapshot, 'request.cancellations', 'reason', reason);
  return { client: of('client'), deadline: of('deadline'), shutdown: of('shutdown'), parent: of('parent'), manual: of('manual') };
}

export function pushesOf(snapshot: MetricsSnapshot): Frame['pushes'] {
  const delivered = (by: string): number => sumOf(snapshot, 'http.push.resources', 'delivery', by);
  const ended = (result: string): number => sumOf(snapshot, 'http.push.streams', 'result', result);
  return {
    promised: delivered('promised'),
    hinted: delivered('hinted'),
    linked: delivered('linked'),
    skipped: delivered('skipped'),
    completed: ended('completed'),
    refused: ended('refused'),
    reset: ended('reset'),
    cancelled: ended('cancelled'),
    sentBytes: sumOf(snapshot, 'http.push.sent'),
  };
}

export function connectionsOf(snapshot: MetricsSnapshot): Frame['connections'] {
  return { hijacked: sumOf(snapshot, 'hijacked_connections'), webSocket: sumOf(snapshot, 'websocket.connections') };
}

export function round(value: number, digits = 1): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
