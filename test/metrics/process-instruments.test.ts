import { performance, PerformanceObserver } from 'node:perf_hooks';
import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { Metrics } from '../../lib/metrics/metrics';
import { ProcessInstruments } from '../../lib/metrics/process-instruments';
import type { HistogramSnapshot, NumberMetricSnapshot } from '../../lib/metrics/snapshot';
import { ManualClock } from '../../lib/testing/manual-clock';

let opened: ProcessInstruments | undefined;
afterEach(() => opened?.close());

function open(options: ConstructorParameters<typeof ProcessInstruments>[1] = {}): Metrics {
  const metrics = new Metrics();
  opened = new ProcessInstruments(metrics, options);
  return metrics;
}

function series(metrics: Metrics, name: string): NumberMetricSnapshot['series'] {
  return (metrics.snapshot()[name] as NumberMetricSnapshot).series;
}

function value(metrics: Metrics, name: string): number {
  return series(metrics, name)[0].value;
}

describe('the process', () => {
  test('shows its CPU time, memory, age and version', () => {
    const metrics = open();
    expect(series(metrics, 'process.cpu.time').map((each) => each.attributes)).toEqual([
      { 'cpu.mode': 'user' },
      { 'cpu.mode': 'system' },
    ]);
    expect(value(metrics, 'process.cpu.time')).toBeCloseTo(process.cpuUsage().user / 1e6, 0);
    expect(value(metrics, 'process.memory.usage')).toBeGreaterThan(10e6);
    expect(value(metrics, 'process.uptime')).toBeCloseTo(process.uptime(), 0);
    expect(value(metrics, 'process.start_time') + value(metrics, 'process.uptime')).toBeCloseTo(Date.now() / 1_000, -1);
    expect(series(metrics, 'nodejs.version.info')).toEqual([{ attributes: { version: process.version }, value: 1 }]);
  });

  test('shows its heap by space', () => {
    const metrics = open();
    const names = series(metrics, 'v8js.memory.heap.used').map((each) => each.attributes['v8js.heap.space.name']);
    expect(names).toEqual(expect.arrayContaining(['new_space', 'old_space']));
    expect(series(metrics, 'v8js.memory.heap.limit')).toHaveLength(names.length);
  });
});

describe('the event loop', () => {
  test('shows how long it was held up since the last reading, not ever', async () => {
    const clock = new ManualClock();
    const metrics = open({ clock });
    expect(value(metrics, 'nodejs.eventloop.delay.max')).toBe(0);
    const held = await readUntil(metrics, clock, (maxS) => maxS > 0.09, blockLoop);
    expect(value(metrics, 'nodejs.eventloop.delay.max')).toBe(held);
    expect(value(metrics, 'nodejs.eventloop.delay.p50')).toBeLessThanOrEqual(held);
    const utilization = value(metrics, 'nodejs.eventloop.utilization');
    expect(utilization).toBeGreaterThan(0);
    expect(utilization).toBeLessThanOrEqual(1);
    expect(
      await readUntil(
        metrics,
        clock,
        (maxS) => maxS < 0.09,
        () => undefined,
      ),
    ).toBeLessThan(0.09);
  });

  test('shows its busy and idle time', () => {
    const metrics = open();
    expect(series(metrics, 'nodejs.eventloop.time').map((each) => each.attributes['nodejs.eventloop.state'])).toEqual([
      'active',
      'idle',
    ]);
    expect(value(metrics, 'nodejs.eventloop.time')).toBeGreaterThan(0);
  });
});

test('garbage collections are recorded by kind when asked for', async () => {
  const metrics = open({ gc: true });
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const seen = new Promise<void>((resolve) => {
    const observer = new PerformanceObserver(() => {
      observer.disconnect();
      resolve();
    });
    observer.observe({ entryTypes: ['gc'] });
  });
  collect();
  await seen;
  const { series: kinds, unit } = metrics.snapshot()['v8js.gc.duration'] as HistogramSnapshot;
  expect(unit).toBe('s');
  expect(kinds.find((each) => each.attributes['v8js.gc.type'] === 'major')?.count).toBeGreaterThan(0);
});

test('nothing is measured any more once closed', () => {
  const metrics = open({ gc: true });
  opened!.close();
  opened!.close();
  for (const [name, metric] of Object.entries(metrics.snapshot())) expect([name, metric.series]).toEqual([name, []]);
});

/** Holds up the loop for 120 ms: its delay is measured by the machine's clock alone. */
function blockLoop(): void {
  const until = performance.now() + 120;
  while (performance.now() < until);
}

/** Reads one window of the longest delay after another, until one is as expected; a few turns of the loop are enough. */
async function readUntil(
  metrics: Metrics,
  clock: ManualClock,
  isExpected: (maxS: number) => boolean,
  before: () => void,
): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    before();
    await clock.advance(1_000);
    const maxS = value(metrics, 'nodejs.eventloop.delay.max');
    if (isExpected(maxS)) return maxS;
  }
  throw new Error('no window of the event loop was as expected');
}
