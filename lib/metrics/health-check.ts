import type { Logger } from '../diagnostics/logger';
import type { Clock } from '../lifetime/clock';
import { metricsErrors } from './errors';

/** How one thing is: well; working with less; not working. */
export type HealthStatus = 'up' | 'degraded' | 'down';

/** What an indicator says. `detail` is for operators and never part of a public answer. */
export interface IndicatorReport {
  readonly status: HealthStatus;
  readonly detail?: unknown;
}

/** Says how something is, at once or within its time; `signal` is aborted when that is up. */
export type HealthIndicator = (signal: AbortSignal) => HealthStatus | IndicatorReport | Promise<HealthStatus | IndicatorReport>;

export interface CheckOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timeoutMs: number;
  readonly cacheMs: number;
}

const STATUSES: ReadonlySet<unknown> = new Set(['up', 'degraded', 'down'] satisfies HealthStatus[]);

function isStatus(value: unknown): value is HealthStatus {
  return STATUSES.has(value);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** One indicator with its time limit and its last answer: however many ask, it runs once at a time. */
export class HealthCheck {
  readonly #indicator: HealthIndicator;
  readonly #options: CheckOptions;
  #last: { readonly report: IndicatorReport; readonly atMs: number } | undefined;
  /** What those who ask now wait for: an answer, or that its time is up. */
  #answer: Promise<IndicatorReport> | undefined;
  /** Cuts the run under way. One that ignores its time stays here, and no second one is started beside it. */
  #cut: ((why: string) => void) | undefined;
  #isClosed = false;

  constructor(indicator: HealthIndicator, options: CheckOptions) {
    this.#indicator = indicator;
    this.#options = options;
  }

  /** The last answer, however old. */
  get last(): IndicatorReport | undefined {
    return this.#last?.report;
  }

  /** The last answer while it is fresh, else a new one. Never rejects. */
  read(): IndicatorReport | Promise<IndicatorReport> {
    const { clock, cacheMs } = this.#options;
    if (this.#last !== undefined && clock.now() - this.#last.atMs < cacheMs) return this.#last.report;
    if (this.#answer !== undefined) return this.#answer;
    if (this.#last !== undefined && this.#cut !== undefined) return this.#last.report;
    return this.#run();
  }

  /** Cuts the run under way; who waits for it hears `down`. */
  close(): void {
    this.#isClosed = true;
    this.#cut?.('it was closed');
  }

  #run(): IndicatorReport | Promise<IndicatorReport> {
    const controller = new AbortController();
    try {
      const said: unknown = this.#indicator(controller.signal);
      return isThenable(said) ? this.#await(said, controller) : this.#keep(this.#toReport(said));
    } catch (error) {
      return this.#keep(this.#failed('it threw', error));
    }
  }

  #await(said: PromiseLike<unknown>, controller: AbortController): Promise<IndicatorReport> {
    const { clock, timeoutMs } = this.#options;
    this.#answer = new Promise((resolve) => {
      const tell = (report: IndicatorReport): void => {
        cancelTimer();
        this.#answer = undefined;
        resolve(this.#keep(report));
      };
      const cut = (why: string): void => {
        controller.abort();
        tell(this.#failed(why));
      };
      const cancelTimer = clock.setTimer(() => cut(`no answer within ${timeoutMs} ms`), timeoutMs);
      const settle = (report: IndicatorReport): void => {
        this.#cut = undefined;
        tell(report);
      };
      this.#cut = cut;
      said.then(
        (value) => settle(this.#toReport(value)),
        (error: unknown) => settle(this.#failed('it was rejected', error)),
      );
    });
    return this.#answer;
  }

  #toReport(said: unknown): IndicatorReport {
    if (isStatus(said)) return { status: said };
    const { status, detail } = (said ?? {}) as { status?: unknown; detail?: unknown };
    if (isStatus(status)) return detail === undefined ? { status } : { status, detail };
    return this.#failed('its answer is none of up, degraded and down');
  }

  #failed(why: string, cause?: unknown): IndicatorReport {
    const err = metricsErrors.HEALTH_CHECK_FAILED({ name: this.#options.name, why }, { cause });
    if (!this.#isClosed && this.#last?.report.detail !== why)
      this.#options.logger.warn(err.message, { code: err.code, err: cause });
    return { status: 'down', detail: why };
  }

  #keep(report: IndicatorReport): IndicatorReport {
    const before = this.#last?.report.status ?? 'up';
    this.#last = { report, atMs: this.#options.clock.now() };
    if (before !== report.status && !this.#isClosed) {
      const { name, logger } = this.#options;
      logger.info('health indicator changed', { indicator: name, from: before, to: report.status });
    }
    return report;
  }
}
