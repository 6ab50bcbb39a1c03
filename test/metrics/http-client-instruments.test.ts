import { recordClientCalls } from '../../lib/metrics/http-client-instruments';
import { Metrics } from '../../lib/metrics/metrics';

function recorded(...calls: { url: string; method?: string; status?: number; error?: string }[]): [string, number][] {
  const metrics = new Metrics();
  const record = recordClientCalls(metrics);
  for (const { url, method = 'GET', status, error } of calls)
    record({ method, url: new URL(url), status, error, durationMs: 1_500 });
  return Array.from(metrics.histogram('http.client.request.duration').series, ({ identity, count }) => [identity.labels, count]);
}

const labels = (port: string, rest: string, method = 'GET'): string =>
  `${rest.startsWith('error') ? `${rest.split('|')[0]},` : ''}http_request_method="${method}"${rest.includes('http_') ? `,${rest.split('|').at(-1)}` : ''},server_address="users",server_port="${port}"`;

describe('calls to other services', () => {
  it('are one series for each method, host, port, status and error', () => {
    const ok = 'http_response_status_code="200"';
    expect(
      recorded(
        { url: 'http://users/a', status: 200 },
        { url: 'http://users/b?c', status: 200 },
        { url: 'https://users/a', status: 200 },
        { url: 'http://users:8080/a', status: 200 },
        { url: 'http://users/a', status: 200, method: 'POST' },
        { url: 'http://users/a', status: 503 },
        { url: 'http://users/a', error: 'UPSTREAM_BROKEN' },
        { url: 'http://users/a', error: 'UPSTREAM_BROKEN', status: 200 },
        { url: 'http://users/a', error: 'UPSTREAM_BROKEN' },
      ),
    ).toEqual([
      [labels('80', ok), 2],
      [labels('443', ok), 1],
      [labels('8080', ok), 1],
      [labels('80', ok, 'POST'), 1],
      [labels('80', 'error_type="503"|http_response_status_code="503"'), 1],
      [labels('80', 'error_type="UPSTREAM_BROKEN"'), 2],
      [labels('80', `error_type="UPSTREAM_BROKEN"|${ok}`), 1],
    ]);
  });

  it('are counted each, however many hosts there are: what is too much is one series', () => {
    const calls = Array.from({ length: 2_500 }, (_, i) => ({ url: `http://host-${i}.example/`, status: 200 }));
    const series = recorded(...calls, ...calls.slice(0, 10), ...calls.slice(1_000, 1_010));
    expect(series.length).toBeLessThanOrEqual(2_001);
    expect(series.reduce((sum, [, count]) => sum + count, 0)).toBe(2_520);
    expect(series[5]).toEqual([expect.stringContaining('host-5.example'), 2]);
    expect(series[1_005]).toEqual([expect.stringContaining('host-1005.example'), 2]);
    expect(series.at(-1)?.[0]).toContain('otel_metric_overflow');
  });
});
