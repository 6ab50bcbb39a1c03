import {
  constants,
  type EventLoopUtilization,
  monitorEventLoopDelay,
  type NodeGCPerformanceDetail,
  performance,
  PerformanceObserver,
} from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';
import { type Clock, systemClock } from '../lifetime/clock';
import type { Metrics, ObserveOptions } from './metrics';
import type { ObserveCallback } from './observed';

export interface ProcessInstrumentsOptions {
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Measures garbage collection too (`v8js.gc.duration`). Default: no. */
  readonly gc?: boolean;
}

/** Two readers within this time, as the metrics of one scrape are, see the same window of the event loop. */
const SHORTEST_WINDOW_MS = 1_000;
const DELAY_RESOLUTION_MS = 20;
const NS_PER_S = 1e9;

const GC_KINDS: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
};

interface EventLoopWindow {
  /** In seconds. */
  readonly delay: Readonly<Record<'min' | 'max' | 'mean' | 'stddev' | 'p50' | 'p90' | 'p99', number>>;
  /** 0 to 1. */
  readonly utilization: number;
}

const NO_DELAY: EventLoopWindow['delay'] = { min: 0, max: 0, mean: 0, stddev: 0, p50: 0, p90: 0, p99: 0 };

/** The event loop between two readings: a longest delay of last month helps nobody. */
class EventLoopWatch {
  readonly #clock: Clock;
  readonly #delays = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  #since: EventLoopUtilization = performance.eventLoopUtilization();
  #readAtMs = -Infinity;
  #window: EventLoopWindow = { delay: NO_DELAY, utilization: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#delays.enable();
  }

  read(): EventLoopWindow {
    const nowMs = this.#clock.now();
    if (nowMs - this.#readAtMs < SHORTEST_WINDOW_MS) return this.#window;
    this.#readAtMs = nowMs;
    const until = performance.eventLoopUtilization();
    this.#window = { delay: this.#readDelays(), utilization: performance.eventLoopUtilization(until, this.#since).utilization };
    this.#since = until;
    return this.#window;
  }

  close(): void {
    this.#delays.disable();
  }

  #readDelays(): EventLoopWindow['delay'] {
    const delays = this.#delays;
    // Without a single reading, node's histogram answers with its largest number and NaN.
    if (delays.count === 0) return NO_DELAY;
    const delay = {
      min: delays.min / NS_PER_S,
      max: delays.max / NS_PER_S,
      mean: delays.mean / NS_PER_S,
      stddev: delays.stddev / NS_PER_S,
      p50: delays.percentile(50) / NS_PER_S,
      p90: delays.percentile(90) / NS_PER_S,
      p99: delays.percentile(99) / NS_PER_S,
    };
    delays.reset();
    return delay;
  }
}

/** How the process itself is: CPU, memory, event loop, heap. Read when metrics are; nothing runs on a timer of ours. */
export class ProcessInstruments {
  readonly #metrics: Metrics;
  readonly #loop: EventLoopWatch;
  readonly #closings: (() => void)[] = [];

  /** Fails with: METRIC_CONFLICT if somebody took the names. */
  constructor(metrics: Metrics, options: ProcessInstrumentsOptions = {}) {
    this.#metrics = metrics;
    this.#loop = new EventLoopWatch(options.clock ?? systemClock);
    this.#closings.push(() => this.#loop.close());
    this.#observeProcess();
    this.#observeEventLoop();
    this.#observeHeap();
    if (options.gc === true) this.#recordGc();
  }

  /** Stops everything that is measured. */
  close(): void {
    for (const close of this.#closings.splice(0)) close();
  }

  #observe(name: string, callback: ObserveCallback, options: ObserveOptions): void {
    this.#closings.push(this.#metrics.observe(name, callback, options));
  }

  #observeProcess(): void {
    const cpu: ObserveCallback = () => {
      const { user, system } = process.cpuUsage();
      return [
        { value: user / 1e6, attributes: { 'cpu.mode': 'user' } },
        { value: system / 1e6, attributes: { 'cpu.mode': 'system' } },
      ];
    };
    this.#observe('process.cpu.time', cpu, { kind: 'counter', unit: 's', description: 'CPU time used by the process.' });
    this.#observe('process.memory.usage', () => process.memoryUsage.rss(), {
      kind: 'upDownCounter',
      unit: 'By',
      description: 'Resident memory of the process.',
    });
    this.#observe('process.uptime', () => process.uptime(), { unit: 's', description: 'How long the process has been running.' });
    const startedAtS = performance.timeOrigin / 1_000;
    this.#observe('process.start_time', () => startedAtS, { unit: 's', description: 'When the process started, since 1970.' });
    this.#observe('nodejs.version.info', () => [{ value: 1, attributes: { version: process.version } }], {
      description: 'The version of Node.js; always 1.',
    });
  }

  #observeEventLoop(): void {
    for (const part of Object.keys(NO_DELAY) as (keyof EventLoopWindow['delay'])[]) {
      const description = `Event loop delay since the last reading: ${part}.`;
      this.#observe(`nodejs.eventloop.delay.${part}`, () => this.#loop.read().delay[part], { unit: 's', description });
    }
    this.#observe('nodejs.eventloop.utilization', () => this.#loop.read().utilization, {
      unit: '1',
      description: 'Part of the time the event loop was busy since the last reading.',
    });
    const time: ObserveCallback = () => {
      const { active, idle } = performance.eventLoopUtilization();
      return [
        { value: active / 1_000, attributes: { 'nodejs.eventloop.state': 'active' } },
        { value: idle / 1_000, attributes: { 'nodejs.eventloop.state': 'idle' } },
      ];
    };
    this.#observe('nodejs.eventloop.time', time, {
      kind: 'counter',
      unit: 's',
      description: 'Time the event loop was busy and idle.',
    });
  }

  #observeHeap(): void {
    const ofSpaces =
      (part: 'space_used_size' | 'space_size'): ObserveCallback =>
      () =>
        getHeapSpaceStatistics().map((space) => ({
          value: space[part],
          attributes: { 'v8js.heap.space.name': space.space_name },
        }));
    const kind = 'upDownCounter';
    this.#observe('v8js.memory.heap.used', ofSpaces('space_used_size'), { kind, unit: 'By', description: 'Heap memory in use.' });
    this.#observe('v8js.memory.heap.limit', ofSpaces('space_size'), { kind, unit: 'By', description: 'Heap memory set aside.' });
  }

  #recordGc(): void {
    const duration = this.#metrics.histogram('v8js.gc.duration', {
      unit: 's',
      description: 'Duration of garbage collections.',
      buckets: [0.001, 0.01, 0.1, 1, 10],
    });
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { detail } = entry as { detail?: NodeGCPerformanceDetail };
        duration.record(entry.duration / 1_000, { 'v8js.gc.type': GC_KINDS[detail?.kind ?? 0] ?? 'other' });
      }
    });
    observer.observe({ entryTypes: ['gc'] });
    this.#closings.push(() => observer.disconnect());
  }
}
