import { HttpInstruments } from '../../lib/metrics/http-instruments';
import { Metrics } from '../../lib/metrics/metrics';
import type { HistogramSnapshot, NumberMetricSnapshot } from '../../lib/metrics/snapshot';

function make(activeRequests = () => 0): { metrics: Metrics; http: HttpInstruments } {
  const metrics = new Metrics();
  return { metrics, http: new HttpInstruments(metrics, { scheme: 'https', activeRequests }) };
}

function durations(metrics: Metrics): HistogramSnapshot['series'] {
  return (metrics.snapshot()['http.server.request.duration'] as HistogramSnapshot).series;
}

function counts(metrics: Metrics, name: string): NumberMetricSnapshot['series'] {
  return (metrics.snapshot()[name] as NumberMetricSnapshot).series;
}

describe('a route’s instruments', () => {
  test('record durations in seconds with the attributes OpenTelemetry asks for', () => {
    const { metrics, http } = make();
    const route = http.route('GET', '/users/:id');
    route.record(200, 30, '1.1');
    route.record(200, 70, '1.1');
    route.record(200, 5, '2.0');
    route.record(503, 1, '2.0');
    const common = { 'http.request.method': 'GET', 'http.route': '/users/:id', 'url.scheme': 'https' };
    expect(durations(metrics).map(({ attributes, count, sum }) => ({ attributes, count, sum }))).toEqual([
      { attributes: { ...common, 'http.response.status_code': '200', 'network.protocol.version': '1.1' }, count: 2, sum: 0.1 },
      { attributes: { ...common, 'http.response.status_code': '200', 'network.protocol.version': '2' }, count: 1, sum: 0.005 },
      {
        attributes: { ...common, 'http.response.status_code': '503', 'network.protocol.version': '2', 'error.type': '503' },
        count: 1,
        sum: 0.001,
      },
    ]);
    expect(metrics.snapshot()['http.server.request.duration']).toMatchObject({
      unit: 's',
      bounds: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    });
  });

  test('are the same for the same method and template, whoever asks', () => {
    const { http } = make();
    expect(http.route('GET', '/a')).toBe(http.route('GET', '/a'));
    expect(http.route('GET', '/a')).not.toBe(http.route('POST', '/a'));
    expect(http.route('GET', undefined)).not.toBe(http.route('GET', ''));
  });

  test('count an invented method as _OTHER, and have no route when none matched', () => {
    const { metrics, http } = make();
    for (const method of ['BREW', 'get', 'PROPFIND\r\n']) http.route(method, undefined).record(404, 1, '1.1');
    expect(durations(metrics)).toHaveLength(1);
    expect(durations(metrics)[0]).toMatchObject({ count: 3, attributes: { 'http.request.method': '_OTHER' } });
    expect(durations(metrics)[0].attributes).not.toHaveProperty('http.route');
  });

  test('keep all statuses apart', () => {
    const { metrics, http } = make();
    const route = http.route('GET', '/');
    for (let round = 0; round < 2; round++) {
      for (let status = 200; status < 600; status += 50)
        for (const protocol of ['1.1', '2.0'] as const) route.record(status, 1, protocol);
    }
    expect(durations(metrics)).toHaveLength(16);
    expect(durations(metrics).every((series) => series.count === 2)).toBe(true);
  });

  test('count cancellations by reason, and work that went on', () => {
    const { metrics, http } = make();
    const route = http.route('GET', '/slow');
    route.cancelled('client');
    route.cancelled('client');
    route.cancelled('deadline');
    route.workedAfterCancel();
    expect(counts(metrics, 'request.cancellations')).toEqual([
      { attributes: { reason: 'client', route: '/slow' }, value: 2 },
      { attributes: { reason: 'deadline', route: '/slow' }, value: 1 },
    ]);
    expect(counts(metrics, 'request.work_after_cancel')).toEqual([{ attributes: { route: '/slow' }, value: 1 }]);
  });
});

test('active requests are read when metrics are, until closed', () => {
  let active = 2;
  const { metrics, http } = make(() => active);
  expect(counts(metrics, 'http.server.active_requests')).toEqual([{ attributes: { 'url.scheme': 'https' }, value: 2 }]);
  active = 0;
  expect(counts(metrics, 'http.server.active_requests')[0].value).toBe(0);
  http.close();
  expect(counts(metrics, 'http.server.active_requests')).toEqual([]);
});
