import { createLogger } from '../../lib/diagnostics/create-logger';
import { Metrics } from '../../lib/metrics/metrics';
import { SERIES_LIMIT } from '../../lib/metrics/series-table';
import type { HistogramSnapshot, NumberMetricSnapshot } from '../../lib/metrics/snapshot';

function makeMetrics(): { metrics: Metrics; log: Record<string, unknown>[] } {
  const log: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => log.push(JSON.parse(line) as Record<string, unknown>) };
  return { metrics: new Metrics({ logger: createLogger({ destination }) }), log };
}

function numbers(metrics: Metrics, name: string): { attributes: object; value: number }[] {
  return [...(metrics.snapshot()[name] as NumberMetricSnapshot).series];
}

function value(metrics: Metrics, name: string): number | undefined {
  return numbers(metrics, name)[0]?.value;
}

describe('instruments', () => {
  test('count, go up and down, are set, and spread values over buckets', () => {
    const { metrics } = makeMetrics();
    const orders = metrics.counter('orders.placed');
    orders.add();
    orders.add(2);
    orders.add(5, { kind: 'gift' });
    const open = metrics.upDownCounter('sockets.open');
    open.add(3);
    open.add(-1);
    metrics.gauge('queue.length').set(7);
    const sizes = metrics.histogram('upload.size', { buckets: [1, 10, 100] });
    for (const size of [0.5, 1, 2, 10, 11, 1_000]) sizes.record(size);

    expect(numbers(metrics, 'orders.placed')).toEqual([
      { attributes: {}, value: 3 },
      { attributes: { kind: 'gift' }, value: 5 },
    ]);
    expect(value(metrics, 'sockets.open')).toBe(2);
    expect(value(metrics, 'queue.length')).toBe(7);
    expect(metrics.snapshot()['upload.size']).toMatchObject({
      kind: 'histogram',
      bounds: [1, 10, 100],
      series: [{ attributes: {}, count: 6, sum: 1024.5, counts: [2, 2, 1, 1] }],
    });
  });

  test('are told apart by attributes in any order, and of any simple type', () => {
    const { metrics } = makeMetrics();
    const counter = metrics.counter('x');
    counter.add(1, { b: 1, a: true, c: undefined });
    counter.add(1, { a: 'true', b: '1' });
    counter.add(1, { a: 'true', b: '1', c: 'x' });
    expect(numbers(metrics, 'x')).toEqual([
      { attributes: { a: 'true', b: '1' }, value: 2 },
      { attributes: { a: 'true', b: '1', c: 'x' }, value: 1 },
    ]);
    expect(counter.bind({ a: true, b: 1 })).toBe(counter.bind({ b: '1', a: 'true' }));
  });

  test('keep values apart that look like several attributes', () => {
    const { metrics } = makeMetrics();
    const counter = metrics.counter('x');
    counter.add(1, { a: 'x', b: 'y' });
    for (const forged of ['xb:1:y', 'x,b=y', 'x\u0000b\u0000y', 'x",b="y']) counter.add(1, { a: forged });
    expect(numbers(metrics, 'x')).toHaveLength(5);
  });

  test('are bound to a series once and looked up no more', () => {
    const { metrics } = makeMetrics();
    const hits = metrics.counter('hits').bind({ route: '/a' });
    hits.add(1);
    hits.add();
    const duration = metrics.histogram('duration', { unit: 's' }).bind({ route: '/a' });
    duration.record(0.2);
    expect(numbers(metrics, 'hits')).toEqual([{ attributes: { route: '/a' }, value: 2 }]);
    expect(metrics.snapshot().duration).toMatchObject({ unit: 's', series: [{ count: 1, sum: 0.2 }] });
  });

  test('forget a series on request', () => {
    const { metrics } = makeMetrics();
    const gauge = metrics.gauge('g');
    gauge.set(1, { b: 'x', a: 'y' });
    gauge.set(1, { a: 'y', b: 'x' });
    gauge.set(2);
    expect(gauge.remove({ a: 'y', b: 'x' })).toBe(true);
    expect(gauge.remove({ a: 'y', b: 'x' })).toBe(false);
    expect(gauge.remove()).toBe(true);
    expect(numbers(metrics, 'g')).toEqual([]);
    gauge.set(3, { b: 'x', a: 'y' });
    gauge.set(4);
    expect(numbers(metrics, 'g').map((series) => series.value)).toEqual([3, 4]);
  });

  test('take the buckets of HTTP durations for seconds and wider ones for the rest', () => {
    const { metrics } = makeMetrics();
    expect(metrics.histogram('a', { unit: 's' }).bounds).toEqual([
      0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ]);
    expect(metrics.histogram('b').bounds).toEqual([5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000]);
  });
});

describe('a name', () => {
  test('gives the same instrument each time', () => {
    const { metrics } = makeMetrics();
    expect(metrics.counter('a')).toBe(metrics.counter('a', { description: 'told later' }));
    const histogram = metrics.histogram('b', { unit: 's', buckets: [1, 2] });
    expect(metrics.histogram('b')).toBe(histogram);
    expect(metrics.histogram('b', { unit: 's', buckets: [1, 2] })).toBe(histogram);
  });

  test('of another kind, unit or buckets is refused, and both are named', () => {
    const { metrics } = makeMetrics();
    metrics.counter('a');
    metrics.histogram('b', { unit: 's', buckets: [1, 2] });
    metrics.observe('c', () => 1);
    expect(() => metrics.gauge('a')).toThrow(
      'METRIC_CONFLICT: the metric a is registered as a counter; now a gauge asks for it.',
    );
    expect(() => metrics.counter('a', { unit: 'By' })).toThrow('now a counter in By asks for it');
    expect(() => metrics.histogram('b', { unit: 'ms' })).toThrow(
      'a histogram in s with the buckets 1, 2; now a histogram in ms asks',
    );
    expect(() => metrics.histogram('b', { buckets: [1, 3] })).toThrow('METRIC_CONFLICT');
    expect(() => metrics.gauge('c')).toThrow('registered as a gauge that is observed');
  });

  test('that would be written like another one is refused', () => {
    const { metrics } = makeMetrics();
    metrics.counter('http.requests');
    metrics.histogram('load');
    metrics.gauge('memory.bytes');
    expect(() => metrics.gauge('http_requests_total')).toThrow(
      'METRIC_OUTPUT_CONFLICT: the metric http_requests_total would be written as `http_requests_total`, which is already written for the metric http.requests.',
    );
    expect(() => metrics.gauge('load.count')).toThrow('METRIC_OUTPUT_CONFLICT');
    expect(() => metrics.gauge('memory', { unit: 'By' })).toThrow('METRIC_OUTPUT_CONFLICT');
    expect(Object.keys(metrics.snapshot())).toEqual(['http.requests', 'load', 'memory.bytes']);
  });

  test('are read alone when they are named: no other is asked', () => {
    const { metrics } = makeMetrics();
    let asked = 0;
    metrics.observe('queue.length', () => ++asked);
    metrics.counter('orders.placed').add(2);
    const some = metrics.snapshot(['orders.placed', 'nobody.registered']);
    expect(some).toEqual({ 'orders.placed': { kind: 'counter', series: [{ attributes: {}, value: 2 }] } });
    expect(asked).toBe(0);
    expect(Object.keys(metrics.snapshot(['queue.length']))).toEqual(['queue.length']);
    expect(asked).toBe(1);
  });

  test.each(['', '1a', 'a b', 'ä', 'a{b}', '.a', `a${'b'.repeat(150)}`, 'a\nb', 7, undefined])(
    'is refused when it is %j',
    (name) => {
      expect(() => makeMetrics().metrics.counter(name as string)).toThrow(
        expect.objectContaining({ code: 'METRIC_NAME_INVALID' }),
      );
    },
  );

  test.each([[[]], [[2, 1]], [[1, 1]], [[NaN]], [[1, Infinity]], [Array.from({ length: 101 }, (_, i) => i)]])(
    'is refused with the buckets %j, and stays free',
    (buckets) => {
      const { metrics } = makeMetrics();
      expect(() => metrics.histogram('a', { buckets })).toThrow(expect.objectContaining({ code: 'METRIC_BUCKETS_INVALID' }));
      expect(metrics.counter('a')).toBeDefined();
    },
  );
});

describe('attributes', () => {
  test.each([
    ['a name that cannot be written', { 'a b': 1 }],
    ['a name that is empty', { '': 1 }],
    ['a name kept for buckets', { le: '1' }],
    ['the mark of the overflow', { otel_metric_overflow: 'true' }],
    ['two names that would be written alike', { 'a.b': 1, a_b: 2 }],
    ['a name without end', { ['a'.repeat(101)]: 1 }],
  ])('are refused with %s', (_what, attributes) => {
    const counter = makeMetrics().metrics.counter('c');
    expect(() => counter.add(1, attributes as Record<string, string>)).toThrow(
      expect.objectContaining({ code: 'METRIC_ATTRIBUTE_INVALID' }),
    );
    expect(counter.series.size).toBe(0);
  });

  test('that are written alike mean the same series', () => {
    const { metrics } = makeMetrics();
    const counter = metrics.counter('c');
    for (const attributes of [{ 'user.kind': 'a' }, { user_kind: 'a' }, { userKind: 'a' }]) counter.add(1, attributes);
    expect(numbers(metrics, 'c')).toEqual([{ attributes: { 'user.kind': 'a' }, value: 3 }]);
  });

  test('have values of at most 200 characters', () => {
    const { metrics } = makeMetrics();
    const counter = metrics.counter('c');
    counter.add(1, { path: 'p'.repeat(200) });
    counter.add(1, { path: 'p'.repeat(1_000_000) });
    expect(numbers(metrics, 'c')).toEqual([{ attributes: { path: 'p'.repeat(200) }, value: 2 }]);
  });

  test('with broken halves of characters become one series, as they would on the wire', () => {
    const { metrics } = makeMetrics();
    const counter = metrics.counter('c');
    counter.add(1, { name: 'a\ud800' });
    counter.add(1, { name: 'a\udc00' });
    counter.add(1, { name: '😀' });
    expect(numbers(metrics, 'c').map((series) => series.attributes)).toEqual([{ name: 'a\ufffd' }, { name: '😀' }]);
  });

  test(`make at most ${SERIES_LIMIT} series, and what comes later is counted in one of them`, () => {
    const { metrics, log } = makeMetrics();
    const counter = metrics.counter('c');
    for (let user = 0; user < 5_000; user++) counter.add(1, { user });
    counter.add(1, { user: 0 });
    const series = numbers(metrics, 'c');
    expect(series).toHaveLength(SERIES_LIMIT);
    expect(series[0]).toEqual({ attributes: { user: '0' }, value: 2 });
    expect(series.at(-1)).toEqual({ attributes: { otel_metric_overflow: 'true' }, value: 5_000 - (SERIES_LIMIT - 1) });
    expect(log).toHaveLength(1);
    expect(log[0]).toMatchObject({ level: 'warn', code: 'METRIC_SERIES_LIMIT', metric: 'c' });
  });

  test('of observed metrics are limited the same way', () => {
    const { metrics } = makeMetrics();
    const many = Array.from({ length: 3_000 }, (_, user) => ({ value: 1, attributes: { user } }));
    metrics.observe('c', () => many, { kind: 'upDownCounter' });
    expect(numbers(metrics, 'c')).toHaveLength(SERIES_LIMIT);
    expect(numbers(metrics, 'c').at(-1)).toEqual({
      attributes: { otel_metric_overflow: 'true' },
      value: 3_000 - (SERIES_LIMIT - 1),
    });
  });
});

describe('a value that cannot be recorded', () => {
  test('is left out, and one warning says so', () => {
    const { metrics, log } = makeMetrics();
    const bad = [NaN, Infinity, -Infinity, 'x' as unknown as number];
    for (const wrong of [-1, ...bad]) metrics.counter('c').add(wrong);
    for (const wrong of bad) metrics.upDownCounter('u').add(wrong);
    for (const wrong of bad) metrics.gauge('g').set(wrong);
    for (const wrong of [-1, ...bad]) metrics.histogram('h').record(wrong);
    metrics.observe('o', () => NaN);
    metrics.counter('c').add(1);
    expect(['c', 'u', 'g'].map((name) => value(metrics, name))).toEqual([1, 0, 0]);
    expect((metrics.snapshot().h as HistogramSnapshot).series).toMatchObject([{ count: 0, sum: 0 }]);
    expect(numbers(metrics, 'o')).toEqual([]);
    expect(log.map((line) => [line.code, line.metric])).toEqual(
      ['c', 'u', 'g', 'h', 'o'].map((name) => ['METRIC_VALUE_INVALID', name]),
    );
    expect(log[0].msg).toBe(
      'METRIC_VALUE_INVALID: the metric c was given -1; expected a finite number of 0 or more. The value is left out.',
    );
  });
});

describe('observed metrics', () => {
  test('are read when metrics are, so they are right without traffic', () => {
    const { metrics } = makeMetrics();
    let open = 1;
    metrics.observe('sockets', () => open);
    expect(value(metrics, 'sockets')).toBe(1);
    open = 5;
    expect(value(metrics, 'sockets')).toBe(5);
  });

  test('may have several series and several observers, each of which may leave', () => {
    const { metrics } = makeMetrics();
    const leave = metrics.observe('state', () => [
      { value: 0, attributes: { name: 'a' } },
      { value: 2, attributes: { name: 'b' } },
    ]);
    metrics.observe('state', () => [{ value: 1, attributes: { name: 'b' } }]);
    expect(numbers(metrics, 'state').map((series) => series.value)).toEqual([0, 1]);
    leave();
    leave();
    expect(numbers(metrics, 'state')).toEqual([{ attributes: { name: 'b' }, value: 1 }]);
    metrics.close();
    expect(numbers(metrics, 'state')).toEqual([]);
  });

  test('add up where several count the same', () => {
    const { metrics } = makeMetrics();
    metrics.observe('jobs', () => 2, { kind: 'upDownCounter' });
    metrics.observe('jobs', () => 3, { kind: 'upDownCounter' });
    metrics.observe('jobs', () => undefined, { kind: 'upDownCounter' });
    expect(value(metrics, 'jobs')).toBe(5);
  });

  test('leave out an observer that throws, and log why once', () => {
    const { metrics, log } = makeMetrics();
    metrics.observe('a', () => {
      throw new Error('gone');
    });
    metrics.observe('a', () => 4);
    expect(value(metrics, 'a')).toBe(4);
    expect(value(metrics, 'a')).toBe(4);
    expect(log).toHaveLength(1);
    expect(log[0]).toMatchObject({ code: 'METRIC_CALLBACK_FAILED', err: { message: 'gone' } });
  });
});

describe('by name alone', () => {
  test('one counts up and down on the same metric', () => {
    const { metrics } = makeMetrics();
    metrics.increment('hijacked_connections');
    metrics.increment('hijacked_connections', { route: '/raw' }, 3);
    metrics.decrement('hijacked_connections');
    metrics.decrement('hijacked_connections', { route: '/raw' });
    expect(metrics.snapshot().hijacked_connections).toMatchObject({
      kind: 'upDownCounter',
      series: [
        { attributes: {}, value: 0 },
        { attributes: { route: '/raw' }, value: 2 },
      ],
    });
  });

  test('one counts up on a counter that was declared, and not down', () => {
    const { metrics } = makeMetrics();
    metrics.counter('orders');
    metrics.increment('orders');
    expect(metrics.snapshot().orders).toMatchObject({ kind: 'counter', series: [{ value: 1 }] });
    expect(() => metrics.decrement('orders')).toThrow(expect.objectContaining({ code: 'METRIC_CONFLICT' }));
  });

  test('one sets a gauge and records into a histogram', () => {
    const { metrics } = makeMetrics();
    metrics.set('temperature', 21.5, { room: 'a' });
    metrics.record('size', 12);
    expect(metrics.snapshot()).toMatchObject({
      temperature: { kind: 'gauge', series: [{ value: 21.5 }] },
      size: { kind: 'histogram', series: [{ count: 1, sum: 12 }] },
    });
  });
});

test('a snapshot is plain data that later values do not change', () => {
  const { metrics } = makeMetrics();
  const histogram = metrics.histogram('h', { unit: 's', description: 'What took time.' });
  histogram.record(1, { a: 'b' });
  const snapshot = metrics.snapshot();
  const before = JSON.stringify(snapshot);
  histogram.record(1, { a: 'b' });
  expect(JSON.stringify(snapshot)).toBe(before);
  expect(JSON.parse(before)).toMatchObject({ h: { kind: 'histogram', unit: 's', description: 'What took time.' } });
});
