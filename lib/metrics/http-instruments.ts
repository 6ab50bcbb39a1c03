// Hot: `record` is called once for each request.
import type { CancelReason } from '../lifetime/end-reason';
import type { BoundCounter, BoundHistogram } from './bound-instruments';
import type { Counter, Histogram } from './instruments';
import { DURATION_BUCKETS_S, type Metrics } from './metrics';

export interface HttpInstrumentsOptions {
  /** `url.scheme` of everything this application answers. */
  readonly scheme: 'http' | 'https';
  /** How many requests are being answered; read when metrics are. */
  readonly activeRequests: () => number;
}

/** What the instruments of all routes share. */
interface HttpMetrics {
  readonly scheme: string;
  readonly duration: Histogram;
  readonly cancellations: Counter;
  readonly workAfterCancel: Counter;
  readonly cancellationLatency: Histogram;
  readonly exhausted: Counter;
  readonly floods: Counter;
}

/** The methods that OpenTelemetry writes as they are; any other one is a client's invention. */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'CONNECT',
  'TRACE',
]);

/**
 * What one route records, bound once: its durations by status and protocol, and its cancellations by reason.
 */
export class RouteInstruments {
  readonly #http: HttpMetrics;
  readonly #method: string;
  readonly #route: string | undefined;
  /** Status by protocol (negative over HTTP/2) and its series at the same place: a route has a handful of them. */
  readonly #outcomes: number[] = [];
  readonly #durations: BoundHistogram[] = [];
  readonly #cancellations = new Map<CancelReason, BoundCounter>();

  constructor(http: HttpMetrics, method: string, route: string | undefined) {
    this.#http = http;
    this.#method = method;
    this.#route = route;
  }

  /** One answered request. In: the status sent (499 for a client that left), its duration, the protocol. */
  record(status: number, durationMs: number, protocol: '1.1' | '2.0'): void {
    const outcome = protocol === '2.0' ? -status : status;
    const outcomes = this.#outcomes;
    let at = 0;
    while (at < outcomes.length && outcomes[at] !== outcome) at++;
    const series = at < outcomes.length ? this.#durations[at] : this.#bind(status, protocol, outcome);
    series.record(durationMs / 1_000);
  }

  /** One request that was cut short. */
  cancelled(reason: CancelReason): void {
    let series = this.#cancellations.get(reason);
    if (series === undefined) {
      series = this.#http.cancellations.bind({ route: this.#route, reason });
      this.#cancellations.set(reason, series);
    }
    series.add(1);
  }

  /** How many were cut short, by reason. */
  get cancellations(): ReadonlyMap<CancelReason, { readonly value: number }> {
    return this.#cancellations;
  }

  /** The template; `undefined` for what no route matched. */
  get route(): string | undefined {
    return this.#route;
  }

  /** One request whose handler worked on after it was cut short: code that does not pass the signal on. */
  workedAfterCancel(): void {
    this.#http.workAfterCancel.add(1, { route: this.#route });
  }

  /** The work of a request that was cut short has come to its end. */
  woundUp(afterMs: number): void {
    this.#http.cancellationLatency.record(afterMs / 1_000, { route: this.#route });
  }

  /** One request whose caller's time was over before it was begun. */
  cameTooLate(): void {
    this.#http.exhausted.add(1, { direction: 'in' });
  }

  /** One connection that was closed for a flood of resets. */
  flooded(): void {
    this.#http.floods.add(1);
  }

  #bind(status: number, protocol: '1.1' | '2.0', outcome: number): BoundHistogram {
    const series = this.#http.duration.bind({
      'http.request.method': this.#method,
      'http.route': this.#route,
      'http.response.status_code': status,
      'network.protocol.version': protocol === '2.0' ? '2' : '1.1',
      'url.scheme': this.#http.scheme,
      'error.type': status >= 500 ? String(status) : undefined,
    });
    this.#outcomes.push(outcome);
    this.#durations.push(series);
    return series;
  }
}

/** Calls that were not begun because their deadline was over: of requests that came in, and of calls that were to go out. */
export function exhaustedDeadlines(metrics: Metrics): Counter {
  return metrics.counter('deadline.exhausted_before_start', {
    description: 'Requests that came in, and calls that were to go out, with no time left: nothing was begun.',
    unit: '{call}',
  });
}

/** What an application records about HTTP, in OpenTelemetry's names. Made once; asked for a recorder by each route. */
export class HttpInstruments {
  readonly #http: HttpMetrics;
  readonly #routes = new Map<string, RouteInstruments>();
  readonly #stopObserving: () => void;

  /** Fails with: METRIC_CONFLICT if somebody took the names. */
  constructor(metrics: Metrics, { scheme, activeRequests }: HttpInstrumentsOptions) {
    this.#http = {
      scheme,
      duration: metrics.histogram('http.server.request.duration', {
        description: 'Duration of HTTP server requests.',
        unit: 's',
        buckets: DURATION_BUCKETS_S,
      }),
      cancellations: metrics.counter('request.cancellations', {
        description: 'Requests cut short, by reason.',
        unit: '{request}',
      }),
      workAfterCancel: metrics.counter('request.work_after_cancel', {
        description: 'Requests whose handler worked on after they were cut short.',
        unit: '{request}',
      }),
      cancellationLatency: metrics.histogram('request.cancellation.latency', {
        description: 'From the cut of a request until the promise of its handler settled.',
        unit: 's',
        buckets: DURATION_BUCKETS_S,
      }),
      exhausted: exhaustedDeadlines(metrics),
      floods: metrics.counter('http.server.reset_floods', {
        description: 'HTTP/2 connections closed because their clients took requests back as fast as they made them.',
        unit: '{connection}',
      }),
    };
    this.#http.floods.bind();
    this.#stopObserving = metrics.observe(
      'http.server.active_requests',
      () => [{ value: activeRequests(), attributes: { 'url.scheme': scheme } }],
      { kind: 'upDownCounter', description: 'HTTP server requests being answered.', unit: '{request}' },
    );
  }

  /**
   * The recorder of a route. The same method and template give the same one, also after a plugin was swapped.
   *
   * In: the request's method (unknown ones are counted as `_OTHER`) and the route's template, `undefined` when no route matched.
   */
  route(method: string, template: string | undefined): RouteInstruments {
    const known = KNOWN_METHODS.has(method) ? method : '_OTHER';
    const key = template === undefined ? known : `${known} ${template}`;
    let route = this.#routes.get(key);
    if (route === undefined) {
      route = new RouteInstruments(this.#http, known, template);
      this.#routes.set(key, route);
    }
    return route;
  }

  /** How many requests were cut short, by route (empty: none matched) and reason; the methods of a route are counted together. */
  cancellations(): { readonly route: string; readonly reason: CancelReason; readonly count: number }[] {
    const found = new Map<object, { route: string; reason: CancelReason; count: number }>();
    for (const { route = '', cancellations } of this.#routes.values()) {
      // One series for all methods: counted once.
      for (const [reason, series] of cancellations) found.set(series, { route, reason, count: series.value });
    }
    return [...found.values()].sort((one, other) => (one.route < other.route ? -1 : one.route > other.route ? 1 : 0));
  }

  /** Stops reading the number of active requests. */
  close(): void {
    this.#stopObserving();
  }
}
