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

/** Records calls to other services, in OpenTelemetry's names: until their answer begins, or fails. */
export function recordClientCalls(metrics: Metrics): (call: ClientCall) => void {
  const durations = metrics.histogram('http.client.request.duration', {
    description: 'Duration of HTTP client requests, until the answer began.',
    unit: 's',
    buckets: DURATION_BUCKETS_S,
  });
  return ({ method, url, durationMs, status, error }) =>
    durations.record(durationMs / 1_000, {
      'http.request.method': method,
      'server.address': url.hostname,
      'server.port': url.port || (url.protocol === 'https:' ? '443' : '80'),
      'http.response.status_code': status,
      'error.type': error ?? (status !== undefined && status >= 400 ? String(status) : undefined),
    });
}
