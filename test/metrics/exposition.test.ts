import fc from 'fast-check';
import type { Clock } from '../../lib/lifetime/clock';
import { exposition, EXPOSITION_CONTENT_TYPE, scrape } from '../../lib/metrics/exposition';
import { HttpInstruments } from '../../lib/metrics/http-instruments';
import { Metrics } from '../../lib/metrics/metrics';
import { ProcessInstruments } from '../../lib/metrics/process-instruments';
import { hasPromtool, lintPrometheusText, parsePrometheusText, runPromtool } from './prometheus-text';

function textOf(metrics: Metrics): string {
  return [...exposition(metrics)].join('');
}

/** Everything an application writes by itself, and some of what its users add. */
function fillEverything(): { metrics: Metrics; close: () => void } {
  const metrics = new Metrics();
  const http = new HttpInstruments(metrics, { scheme: 'https', activeRequests: () => 3 });
  const processInstruments = new ProcessInstruments(metrics, { gc: true });
  metrics.histogram('v8js.gc.duration').record(0.002, { 'v8js.gc.type': 'minor' });
  const users = http.route('GET', '/users/:id');
  for (const status of [200, 304, 404, 500, 503]) users.record(status, status / 7, status % 2 === 0 ? '1.1' : '2.0');
  users.cancelled('client');
  users.workedAfterCancel();
  http.route('BREW', undefined).record(404, 1, '1.1');
  metrics.observe('circuit_breaker.state', () => [{ value: 2, attributes: { name: 'database' } }]);
  metrics.counter('circuit_breaker.calls').add(1, { name: 'database', outcome: 'rejected' });
  metrics.histogram('circuit_breaker.open.duration', { unit: 's' }).record(30, { name: 'database' });
  metrics.counter('http.push.streams').add(4, { result: 'sent', arm: 'push' });
  metrics.increment('hijacked_connections', { route: '/raw', protocol: 'custom-protocol' });
  metrics.histogram('serviceCall.duration', { unit: 'ms' }).record(12.5, { serviceName: 'auth' });
  metrics.counter('bytes.sent', { unit: 'By' }).add(1e21);
  metrics.gauge('disk.usage', { unit: '%', description: 'Line one.\nBack\\slash.' }).set(75);
  metrics.gauge('share', { unit: '1' }).set(-0.25, { nasty: 'a"b\\c\nd\re\u0000f\u2028g😀' });
  return { metrics, close: () => [http, processInstruments, metrics].forEach((each) => each.close()) };
}

describe('Prometheus text', () => {
  test('writes each kind the way Prometheus wants it', () => {
    const metrics = new Metrics();
    metrics.counter('orders.placed', { description: 'Orders.' }).add(3, { kind: 'gift', big: true });
    metrics.upDownCounter('hijacked_connections').add(2);
    metrics.histogram('http.server.request.duration', { unit: 's', buckets: [0.1, 1] }).record(0.5, { 'http.route': '/a' });
    expect(textOf(metrics)).toBe(
      [
        '# HELP orders_placed_total Orders.',
        '# TYPE orders_placed_total counter',
        'orders_placed_total{big="true",kind="gift"} 3',
        '# HELP hijacked_connections Current count of hijacked_connections.',
        '# TYPE hijacked_connections gauge',
        'hijacked_connections 2',
        '# HELP http_server_request_duration_seconds Distribution of http.server.request.duration.',
        '# TYPE http_server_request_duration_seconds histogram',
        'http_server_request_duration_seconds_bucket{http_route="/a",le="0.1"} 0',
        'http_server_request_duration_seconds_bucket{http_route="/a",le="1"} 1',
        'http_server_request_duration_seconds_bucket{http_route="/a",le="+Inf"} 1',
        'http_server_request_duration_seconds_sum{http_route="/a"} 0.5',
        'http_server_request_duration_seconds_count{http_route="/a"} 1',
        '',
      ].join('\n'),
    );
    expect(EXPOSITION_CONTENT_TYPE).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  test.each([
    ['gauge', 'process.memory.usage', 'By', 'process_memory_usage_bytes'],
    ['counter', 'process.cpu.time', 's', 'process_cpu_time_seconds_total'],
    ['counter', 'requests_total', undefined, 'requests_total'],
    ['counter', 'sent.bytes', 'By', 'sent_bytes_total'],
    ['gauge', 'nodejs.eventloop.utilization', '1', 'nodejs_eventloop_utilization_ratio'],
    ['upDownCounter', 'share', '1', 'share'],
    ['gauge', 'uptime.seconds', 's', 'uptime_seconds'],
    ['upDownCounter', 'jobs', '{job}', 'jobs'],
    ['gauge', 'queueLength', undefined, 'queue_length'],
    ['gauge', 'disk-free', 'GiBy', 'disk_free_bytes'],
    ['gauge', 'a.HTTPServer.b', 'furlong', 'a_httpserver_b'],
  ] as const)('writes the %s %s in %s as %s', (kind, name, unit, written) => {
    const metrics = new Metrics();
    metrics[kind](name, { unit }).bind();
    expect(parsePrometheusText(textOf(metrics)).map((family) => family.name)).toEqual([written]);
  });

  test('converts to base units, in bounds and values', () => {
    const metrics = new Metrics();
    metrics.histogram('wait', { unit: 'ms', buckets: [0.3, 5, 75] }).record(300);
    metrics.gauge('load', { unit: '%' }).set(7);
    const [wait, load] = parsePrometheusText(textOf(metrics));
    expect(wait.samples.map((sample) => sample.labels.le)).toEqual(['0.0003', '0.005', '0.075', '+Inf', undefined, undefined]);
    expect(wait.samples.find((sample) => sample.name === 'wait_seconds_sum')!.value).toBe(0.3);
    expect(load).toMatchObject({ name: 'load_ratio', samples: [{ value: 0.07 }] });
  });

  test('leaves out what has no series yet', () => {
    const metrics = new Metrics();
    metrics.counter('a');
    metrics.observe('b', () => undefined);
    expect(textOf(metrics)).toBe('');
  });

  test('brings back any help, any attribute and any value through a parser', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((some) => some.replace(/\r/g, ''));
    const value = fc.string({ unit: 'binary', maxLength: 40 });
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(text, fc.uniqueArray(value, { minLength: 1, maxLength: 5 }), number, (description, names, told) => {
        const metrics = new Metrics();
        for (const name of names) metrics.gauge('g', { description }).set(told, { name, 'other.one': 'x' });
        const [family] = parsePrometheusText(textOf(metrics));
        const expected = names.map((name) => ({
          name: 'g',
          labels: { name: name.replace(/[\ud800-\udfff]/gu, '\ufffd'), other_one: 'x' },
          value: told,
        }));
        expect(family.samples.map((sample) => ({ ...sample, value: sample.value + 0 }))).toEqual(
          expected.map((sample) => ({ ...sample, value: sample.value + 0 })),
        );
        if (description.trim() !== '') expect(family.help).toBe(description);
      }),
    );
  });

  test('is written in chunks of moderate size that make up the whole', () => {
    const metrics = new Metrics();
    const histogram = metrics.histogram('h');
    for (let i = 0; i < 500; i++) histogram.record(i, { i });
    const chunks = [...exposition(metrics)];
    expect(chunks.length).toBeGreaterThan(10);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan(20_000);
    expect(parsePrometheusText(chunks.join(''))[0].samples).toHaveLength(500 * 17);
  });

  test('shows series that come while it is written only as wholes', () => {
    const metrics = new Metrics();
    const histogram = metrics.histogram('h');
    for (let i = 0; i < 100; i++) histogram.record(i, { i });
    let text = '';
    let turn = 0;
    for (const chunk of exposition(metrics)) {
      text += chunk;
      if (turn < 20) histogram.record(1, { later: turn });
      histogram.record(7, { i: 50 });
      metrics.counter(`late_${turn++}`).add(1);
    }
    // The parser refuses buckets that do not add up, and a family in two groups.
    const { samples } = parsePrometheusText(text)[0];
    expect(samples.length % 17).toBe(0);
    expect(samples.length).toBeGreaterThan(17 * 100);
  });
});

describe('a scrape', () => {
  test('is the same text', async () => {
    const { metrics, close } = fillEverything();
    close();
    expect((await scrape(metrics)).toString()).toBe(Buffer.from(textOf(metrics)).toString());
  });

  test('lets others have their turn when it takes long', async () => {
    const metrics = new Metrics();
    const histogram = metrics.histogram('h');
    for (let i = 0; i < 400; i++) histogram.record(i, { i });
    let nowMs = 0;
    const slowClock: Clock = { now: () => (nowMs += 3), setTimer: () => () => undefined };
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns++;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    const bytes = await scrape(metrics, slowClock);
    running = false;
    await new Promise((resolve) => setImmediate(resolve));
    expect(bytes.toString()).toBe(textOf(metrics));
    // A dozen chunks, each 3 ms by this clock: a slice of 2 ms ends after each of them.
    expect(turns).toBeGreaterThanOrEqual(5);
  });
});

describe('what an application writes', () => {
  test('is read by a strict parser and passes the rules that promtool has', () => {
    const { metrics, close } = fillEverything();
    const text = textOf(metrics);
    close();
    expect(lintPrometheusText(text)).toEqual([]);
    expect(parsePrometheusText(text).length).toBeGreaterThan(25);
  });

  if (hasPromtool) {
    test('passes promtool check metrics (the real one, found on this machine)', () => {
      const { metrics, close } = fillEverything();
      const text = textOf(metrics);
      close();
      expect(runPromtool(text)).toEqual({ status: 0, output: '' });
    });

    test('is checked by rules that find what the real promtool finds', () => {
      for (const bad of [
        '# HELP a x\n# TYPE a counter\na 1\n',
        '# HELP a_total x\n# TYPE a_total gauge\na_total 1\n',
        '# HELP a_ms x\n# TYPE a_ms gauge\na_ms 1\n',
        '# HELP aB x\n# TYPE aB gauge\naB 1\n',
        '# HELP a_count x\n# TYPE a_count gauge\na_count 1\n',
      ]) {
        expect(lintPrometheusText(bad)).toHaveLength(1);
        expect(runPromtool(bad).status).not.toBe(0);
      }
    });
  } else {
    test('promtool is NOT on this machine: the own rules find what is known to be wrong', () => {
      expect(lintPrometheusText('# HELP a x\n# TYPE a counter\na 1\n')).toHaveLength(1);
      expect(lintPrometheusText('# HELP a_ms x\n# TYPE a_ms gauge\na_ms 1\n')).toHaveLength(1);
    });
  }
});
