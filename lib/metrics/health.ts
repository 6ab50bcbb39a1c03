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

/** Who adds indicators, and takes them along when it goes: a plugin. */
export interface IndicatorOwner {
  defer(cleanup: () => void): void;
}

interface Registered {
  readonly check: HealthCheck;
  readonly required: boolean;
  /** `undefined`: the application itself. */
  readonly owner: IndicatorOwner | undefined;
}

/** What all views of one application's health have in common. */
interface Shared {
  /** Of several under one name, which are there while one takes the place of another, the last counts. */
  readonly indicators: Map<string, readonly Registered[]>;
  phase: 'starting' | 'running' | 'stopping';
}

/** Whose indicators are added. */
interface View {
  readonly shared: Shared;
  readonly owner: IndicatorOwner;
  /** Whether somebody is about to go, so that his names are free. */
  readonly supersedes: (owner: IndicatorOwner) => boolean;
}

const DEFAULT_TIMEOUT_MS = 2_000;
const DEFAULT_CACHE_MS = 1_000;

/** Asked anew behind each `await`. */
function phaseOf({ phase }: Shared): Shared['phase'] {
  return phase;
}

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
  readonly #shared: Shared;
  readonly #view: View | undefined;

  constructor(options: HealthOptions = {}, view?: View) {
    this.#shared = view?.shared ?? { indicators: new Map(), phase: 'starting' };
    this.#view = view;
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
    const { indicators } = this.#shared;
    const owner = this.#view?.owner;
    const others = indicators.get(name) ?? [];
    if (!others.every((it) => this.#isGoing(it))) throw metricsErrors.HEALTH_INDICATOR_CONFLICT({ name });
    const { clock, logger } = this.#options;
    const checkOptions: CheckOptions = {
      name,
      clock,
      logger,
      timeoutMs: options.timeoutMs ?? this.#options.timeoutMs,
      cacheMs: options.cacheMs ?? this.#options.cacheMs,
    };
    const registered = { check: new HealthCheck(indicator, checkOptions), required: options.required ?? true, owner };
    indicators.set(name, [...others, registered]);
    const takeAway = (): void => {
      const rest = (indicators.get(name) ?? []).filter((it) => it !== registered);
      if (rest.length === 0) indicators.delete(name);
      else indicators.set(name, rest);
      registered.check.close();
    };
    owner?.defer(takeAway);
    return takeAway;
  }

  /** The same health, for one who adds indicators and takes them along when it goes. @internal */
  within(owner: IndicatorOwner, supersedes: View['supersedes'] = () => false): Health {
    return new Health(this.#options, { shared: this.#shared, owner, supersedes });
  }

  /** What one indicator says, as fresh as for everybody; `undefined` where there is none. */
  async check(name: string): Promise<IndicatorReport | undefined> {
    return this.#shared.indicators.get(name)?.at(-1)?.check.read();
  }

  /** What one indicator last said; `undefined` where it was not asked yet. */
  last(name: string): IndicatorReport | undefined {
    return this.#shared.indicators.get(name)?.at(-1)?.check.last;
  }

  #isGoing({ owner }: Registered): boolean {
    return owner !== undefined && this.#view?.supersedes(owner) === true;
  }

  /** The application takes requests now. */
  started(): void {
    if (this.#shared.phase === 'starting') this.#shared.phase = 'running';
  }

  /** The application takes no more requests; there is no way back. */
  stopping(): void {
    this.#shared.phase = 'stopping';
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
    const shared = this.#shared;
    if (shared.phase !== 'running') return { status: shared.phase, indicators };
    const asked = [...shared.indicators].flatMap(([name, all]) => all.slice(-1).map((it) => [name, it] as const));
    const reports = await Promise.all(asked.map(async ([, { check }]) => check.read()));
    let status: HealthStatus = 'up';
    for (const [at, [name, { required }]] of asked.entries()) {
      const report = reports[at];
      indicators[name] = report;
      if (report.status === 'down' && required) status = 'down';
      else if (report.status !== 'up' && status === 'up') status = 'degraded';
    }
    const after = phaseOf(shared);
    return { status: after === 'running' ? status : after, indicators };
  }

  /** Forgets all indicators and cuts the checks under way. */
  close(): void {
    for (const { check } of [...this.#shared.indicators.values()].flat()) check.close();
    this.#shared.indicators.clear();
  }
}
