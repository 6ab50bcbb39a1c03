import {
  type BreakerSummary,
  type CancelReason,
  type PluginDescriptor,
  type ServiceDescriptor,
  serviceRef,
  type Transition,
} from 'rockstar-web';
import type { Observable } from 'rxjs';

/** What the application did in the second before `at`, and how it is: what each viewer is sent. */
export interface Frame {
  /** ISO 8601. */
  readonly at: string;
  readonly requests: {
    /** Answered since the start, and waiting for their answer now. */
    readonly total: number;
    readonly active: number;
    readonly perSecond: number;
    /** Of those, answered with 400 to 499 (not with 499, whose client left) and with 500 to 599. */
    readonly refusedPerSecond: number;
    readonly failedPerSecond: number;
  };
  /** Of the last `windowMs`; `null` without a request. */
  readonly latencyMs: {
    readonly windowMs: number;
    readonly p50: number | null;
    readonly p95: number | null;
    readonly p99: number | null;
  };
  /** The busiest of the last `latencyMs.windowMs`. */
  readonly routes: readonly RouteReading[];
  readonly breakers: readonly BreakerSummary[];
  /** Changes of breakers, the latest first. */
  readonly transitions: readonly Transition[];
  /** Since the start, by reason. */
  readonly cancellations: Readonly<Record<CancelReason, number>>;
  /** Since the start, by what became of them. */
  readonly pushes: {
    readonly promised: number;
    readonly hinted: number;
    readonly linked: number;
    readonly skipped: number;
    /** Of those that were promised. */
    readonly completed: number;
    readonly refused: number;
    readonly reset: number;
    readonly cancelled: number;
    readonly sentBytes: number;
  };
  /** Open now. */
  readonly connections: { readonly hijacked: number; readonly webSocket: number };
  /** In the order they were started. */
  readonly plugins: readonly PluginReading[];
  readonly process: { readonly uptimeMs: number; readonly memoryBytes: number; readonly cpu: number; readonly eventLoop: number };
}

export interface RouteReading {
  readonly method: string;
  readonly route: string;
  readonly perSecond: number;
  readonly p95Ms: number | null;
  /** How many of its answers were 500 to 599, 0 to 1. */
  readonly failureRatio: number;
}

export interface PluginReading extends PluginDescriptor {
  readonly services: readonly Pick<ServiceDescriptor, 'service' | 'version' | 'health'>[];
}

/** The last minutes as columns, the oldest first: what a chart begins with. */
export interface History {
  /** Seconds since 1970. */
  readonly at: readonly number[];
  readonly perSecond: readonly number[];
  readonly refusedPerSecond: readonly number[];
  readonly failedPerSecond: readonly number[];
  readonly p50: readonly (number | null)[];
  readonly p95: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
  readonly hijacked: readonly number[];
  readonly webSocket: readonly number[];
}

/** The numbers of the application, collected once a second. */
export interface MetricsService {
  readonly latest: Frame;
  readonly history: History;
  /** One a second, the same for all who subscribe. */
  readonly frames$: Observable<Frame>;
}

export const METRICS = serviceRef<MetricsService>('monitoring-plugin', 'metrics');
