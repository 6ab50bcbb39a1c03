// Hot: told of each call of `HttpClient`.
import type { BoundHistogram } from './bound-instruments';
import type { Histogram } from './instruments';
import { DURATION_BUCKETS_S, type Metrics } from './metrics';

/** What became of a call to another service. */
export interface ClientCall {
  readonly method: string;
  readonly url: URL;
  readonly durationMs: number;
  /** Of the answer; `undefined`: there was none. */
  readonly status: number | undefined;
  /** The code of a failure, or `cancelled`; `undefined`: there was an answer. */
  readonly error: string | undefined;
}

/** Hosts that are kept at hand; the series of more are looked up each time. */
const MOST_HOSTS = 500;
const MOST_OUTCOMES = 50;

/** What calls that ended alike record. */
interface Outcome extends Pick<ClientCall, 'method' | 'status' | 'error'> {
  readonly series: BoundHistogram;
}

/** What calls to one host record, bound when it first happens: a host has a handful of outcomes. */
class HostInstruments {
  readonly #durations: Histogram;
  readonly #outcomes: Outcome[] = [];

  constructor(durations: Histogram) {
    this.#durations = durations;
  }

  record(call: ClientCall): void {
    this.#seriesOf(call).record(call.durationMs / 1_000);
  }

  #seriesOf(call: ClientCall): BoundHistogram {
    const { method, status, error } = call;
    for (const one of this.#outcomes)
      if (one.status === status && one.method === method && one.error === error) return one.series;
    const series = this.#bind(call);
    if (this.#outcomes.length < MOST_OUTCOMES) this.#outcomes.push({ method, status, error, series });
    return series;
  }

  #bind({ method, url, status, error }: ClientCall): BoundHistogram {
    return this.#durations.bind({
      'http.request.method': method,
      'server.address': url.hostname,
      'server.port': url.port || (url.protocol === 'https:' ? '443' : '80'),
      'http.response.status_code': status,
      'error.type': error ?? (status !== undefined && status >= 400 ? String(status) : undefined),
    });
  }
}

/** Records calls to other services, in OpenTelemetry's names: until their answer begins, or fails. */
export function recordClientCalls(metrics: Metrics): (call: ClientCall) => void {
  const durations = metrics.histogram('http.client.request.duration', {
    description: 'Duration of HTTP client requests, until the answer began.',
    unit: 's',
    buckets: DURATION_BUCKETS_S,
  });
  const plain = new Map<string, HostInstruments>();
  const secure = new Map<string, HostInstruments>();
  return (call) => {
    const { host, protocol } = call.url;
    const byHost = protocol === 'https:' ? secure : plain;
    let instruments = byHost.get(host);
    if (instruments === undefined) {
      instruments = new HostInstruments(durations);
      if (byHost.size < MOST_HOSTS) byHost.set(host, instruments);
    }
    instruments.record(call);
  };
}
