import { type Logger, silentLogger } from '../diagnostics/logger';
import { type Clock, systemClock } from '../lifetime/clock';
import { metricsErrors } from './errors';
import { type CheckOptions, HealthCheck, type HealthIndicator, type HealthStatus, type IndicatorReport } from './health-check';

/** What a whole application is: what its indicators say, or that it is not there yet or no more. */
export type HealthState = 'starting' | HealthStatus | 'stopping';

export interface HealthOptions {
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Told when an indicator changes. */
  readonly logger?: Logger;
  /** How long an indicator may take; then it is down. Default 2,000. */
  readonly timeoutMs?: number;
  /** How long its answer is kept: many may ask. Default 1,000. */
  readonly cacheMs?: number;
}

export interface IndicatorOptions {
  /** Whether nothing can be answered without it. When `false`, its being down is a degraded state. Default: `true`. */
  readonly required?: boolean;
  /** Default: that of the registry. */
  readonly timeoutMs?: number;
  /** Default: that of the registry. */
  readonly cacheMs?: number;
}

/** The state and what each indicator says: for operators. */
export interface HealthReport {
  readonly status: HealthState;
  readonly indicators: Readonly<Record<string, IndicatorReport>>;
}

/** What to answer: a status of HTTP and a body. */
export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly body: { readonly status: HealthState } | HealthReport;
}

interface Registered {
  readonly check: HealthCheck;
  readonly required: boolean;
}

const DEFAULT_TIMEOUT_MS = 2_000;
const DEFAULT_CACHE_MS = 1_000;

function toAnswer(report: HealthReport, details: boolean): HealthAnswer {
  const well = report.status === 'up' || report.status === 'degraded';
  return { status: well ? 200 : 503, body: details ? report : { status: report.status } };
}

/**
 * How an application is: `starting`, then `up`, `degraded` or `down` as its indicators say, then `stopping`.
 *
 * Ends: with `close`, which cuts the checks under way.
 */
export class Health {
  readonly #options: Required<HealthOptions>;
  readonly #indicators = new Map<string, Registered>();
  #phase: 'starting' | 'running' | 'stopping' = 'starting';

  constructor(options: HealthOptions = {}) {
    this.#options = {
      clock: options.clock ?? systemClock,
      logger: options.logger ?? silentLogger,
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      cacheMs: options.cacheMs ?? DEFAULT_CACHE_MS,
    };
  }

  /**
   * Adds an indicator. An open circuit is a reason to be `degraded`, not `down`: else all replicas leave together.
   *
   * In: a name of its own; a function that answers `up`, `degraded`, `down` or with a detail, at once or later; its
   * signal is aborted when its time is up. What throws is down. Out: takes it away again.
   * Fails with: HEALTH_INDICATOR_CONFLICT.
   */
  register(name: string, indicator: HealthIndicator, options: IndicatorOptions = {}): () => void {
    if (this.#indicators.has(name)) throw metricsErrors.HEALTH_INDICATOR_CONFLICT({ name });
    const { clock, logger } = this.#options;
    const checkOptions: CheckOptions = {
      name,
      clock,
      logger,
      timeoutMs: options.timeoutMs ?? this.#options.timeoutMs,
      cacheMs: options.cacheMs ?? this.#options.cacheMs,
    };
    const registered = { check: new HealthCheck(indicator, checkOptions), required: options.required ?? true };
    this.#indicators.set(name, registered);
    return () => {
      if (this.#indicators.get(name) === registered) this.#indicators.delete(name);
      registered.check.close();
    };
  }

  /** The application takes requests now. */
  started(): void {
    if (this.#phase === 'starting') this.#phase = 'running';
  }

  /** The application takes no more requests; there is no way back. */
  stopping(): void {
    this.#phase = 'stopping';
  }

  /** Whether the process answers at all: it does. */
  live(): HealthAnswer {
    return { status: 200, body: { status: 'up' } };
  }

  /** Whether requests should be sent here. In: `details` adds what each indicator says, for operators alone. */
  async ready(options: { readonly details?: boolean } = {}): Promise<HealthAnswer> {
    return toAnswer(await this.report(), options.details ?? false);
  }

  /** The state, and what each indicator says. While starting or stopping, nobody is asked. */
  async report(): Promise<HealthReport> {
    const indicators: Record<string, IndicatorReport> = {};
    if (this.#phase !== 'running') return { status: this.#phase, indicators };
    const asked = [...this.#indicators];
    const reports = await Promise.all(asked.map(async ([, { check }]) => check.read()));
    let status: HealthStatus = 'up';
    for (const [at, [name, { required }]] of asked.entries()) {
      const report = reports[at];
      indicators[name] = report;
      if (report.status === 'down' && required) status = 'down';
      else if (report.status !== 'up' && status === 'up') status = 'degraded';
    }
    return { status: this.#phase === 'running' ? status : this.#phase, indicators };
  }

  /** Forgets all indicators and cuts the checks under way. */
  close(): void {
    for (const { check } of this.#indicators.values()) check.close();
    this.#indicators.clear();
  }
}
