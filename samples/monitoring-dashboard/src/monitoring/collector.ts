import {
  Breakers,
  type CancelTimer,
  type Clock,
  CLOCK,
  Inject,
  Injectable,
  Metrics,
  type MetricsSnapshot,
  type OnInitialize,
  type OnStart,
  type OnStop,
  ServiceRegistry,
  type Transition,
} from 'rockstar-web';
import { Subject, type Subscription } from 'rxjs';
import type { Frame, History, MetricsService, PluginReading } from './metrics.service';
import { ProcessWatch } from './process-watch';
import * as read from './readings';
import { Recent } from './recent';

const SECOND_MS = 1_000;
const WINDOW_S = 10;
const MOST_ROUTES = 8;
const MOST_TRANSITIONS = 12;

interface Reading {
  readonly snapshot: MetricsSnapshot;
  readonly durations: read.Durations;
  readonly atMs: number;
}

/** Reads the numbers once a second, whoever looks. */
@Injectable()
export class Collector implements MetricsService, OnInitialize, OnStart, OnStop {
  readonly frames$ = new Subject<Frame>();
  private readonly process = new ProcessWatch();
  private readonly recent = new Recent();
  /** Of each of the last seconds, the oldest first. */
  private readonly durations: read.Durations[] = [];
  private transitions: readonly Transition[] = [];
  private listening: Subscription | undefined;
  private cancelTimer: CancelTimer | undefined;
  private newest: Frame | undefined;
  private readAtMs: number;

  constructor(
    private readonly metrics: Metrics,
    private readonly breakers: Breakers,
    private readonly registry: ServiceRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.readAtMs = clock.now();
  }

  /** In the first second, as it is by now. */
  get latest(): Frame {
    return this.newest ?? this.frameOf(this.read());
  }

  get history(): History {
    return this.recent.history;
  }

  initialize(): void {
    this.listening = this.breakers.transitions$.subscribe((transition) => {
      this.transitions = [transition, ...this.transitions].slice(0, MOST_TRANSITIONS);
    });
  }

  start(): void {
    this.tickIn(SECOND_MS);
  }

  stop(): void {
    this.cancelTimer?.();
    this.listening?.unsubscribe();
    this.frames$.complete();
  }

  /** What a late tick lost, the next makes up for. */
  private tickIn(ms: number): void {
    const dueMs = this.clock.now() + ms;
    this.cancelTimer = this.clock.setTimer(() => {
      this.tick();
      const lateMs = this.clock.now() - dueMs;
      this.tickIn(lateMs < SECOND_MS ? SECOND_MS - lateMs : SECOND_MS);
    }, ms);
  }

  private tick(): void {
    const reading = this.read();
    this.newest = this.frameOf(reading);
    this.readAtMs = reading.atMs;
    this.durations.push(reading.durations);
    if (this.durations.length > WINDOW_S) this.durations.shift();
    this.recent.add(this.newest);
    this.frames$.next(this.newest);
  }

  private read(): Reading {
    const snapshot = this.metrics.snapshot(read.NAMES);
    return { snapshot, durations: read.durationsOf(snapshot), atMs: this.clock.now() };
  }

  private frameOf({ snapshot, durations, atMs }: Reading): Frame {
    const elapsedMs = Math.max(1, atMs - this.readAtMs);
    const lastSecond = read.since(this.durations.at(-1), durations);
    const window = read.since(this.durations[0], durations);
    const windowS = Math.max(1, this.durations.length);
    const perSecond = (count: number): number => read.round((count * SECOND_MS) / elapsedMs);
    return {
      at: new Date(this.clock.epochMs?.() ?? Date.now()).toISOString(),
      requests: {
        total: read.countOf(durations),
        active: read.activeOf(snapshot),
        perSecond: perSecond(read.countOf(lastSecond)),
        refusedPerSecond: perSecond(read.countOf(lastSecond, read.isRefusal)),
        failedPerSecond: perSecond(read.countOf(lastSecond, read.isFailure)),
      },
      latencyMs: {
        windowMs: WINDOW_S * SECOND_MS,
        p50: read.quantileMs(window, 0.5),
        p95: read.quantileMs(window, 0.95),
        p99: read.quantileMs(window, 0.99),
      },
      routes: read.routesOf(window, windowS, MOST_ROUTES),
      breakers: this.breakers.list().map((breaker) => breaker.toJSON()),
      transitions: this.transitions,
      cancellations: read.cancellationsOf(snapshot),
      pushes: read.pushesOf(snapshot),
      connections: read.connectionsOf(snapshot),
      plugins: this.plugins(),
      process: this.process.read(elapsedMs),
    };
  }

  private plugins(): PluginReading[] {
    const services = this.registry.list();
    return this.registry.plugins().map((plugin) => {
      const own = services.filter((service) => service.plugin === plugin.name);
      return { ...plugin, services: own.map(({ service, version, health }) => ({ service, version, health })) };
    });
  }
}
