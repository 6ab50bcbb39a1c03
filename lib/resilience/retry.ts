import { type Clock, epochMs, setAwaitedTimer } from '../lifetime/clock';
import { isCancellation } from '../lifetime/end-reason';
import { isConnectionFailure } from './connection-failure';
import { readRetryAfterMs } from './retry-after';
import { RetryBudget } from './retry-budget';
import type { RetryOptions } from './retry-options';

/** What one call says of being made again. */
export interface RetryScope {
  readonly signal: AbortSignal | undefined;
  /** When the time for all of it is over; infinite without a deadline. */
  readonly deadlineMs: number;
  readonly idempotent: boolean;
}

/** Makes calls again that failed, as far as it is safe, in time, and within a budget that all its calls share. */
export class Retry {
  readonly #clock: Clock;
  readonly #options: RetryOptions;
  readonly #budget: RetryBudget;
  retries = 0;
  /** Retries that there was no budget for. */
  budgetExhausted = 0;

  constructor(clock: Clock, options: RetryOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#budget = new RetryBudget(clock, options.budget ?? {});
  }

  async call<T>(fn: () => Promise<T>, scope: RetryScope): Promise<T> {
    const { attempts = 3 } = this.#options;
    this.#budget.payIn();
    for (let attempt = 1; ; attempt++) {
      try {
        return await fn();
      } catch (error) {
        if (attempt >= attempts || !this.#isRetryable(error, scope)) throw error;
        const delayMs = this.#delayMs(error, attempt);
        if (!this.#isInTime(delayMs, scope) || !this.#takeFromBudget()) throw error;
        await this.#wait(delayMs, scope.signal);
        this.retries++;
      }
    }
  }

  #isRetryable(error: unknown, { signal, idempotent }: RetryScope): boolean {
    if (signal?.aborted === true || isCancellation(error) || isRejection(error)) return false;
    const { isRetryable } = this.#options;
    return isRetryable === undefined ? idempotent && isConnectionFailure(error) : isRetryable(error);
  }

  /** Full jitter: anything up to the most, so that callers that failed together do not come back together; or as long as was asked for. */
  #delayMs(error: unknown, attempt: number): number {
    const { baseDelayMs = 100, maxDelayMs = 2_000, maxRetryAfterMs = 10_000, random = Math.random } = this.#options;
    const mostMs = Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1));
    const ownMs = mostMs * random();
    const askedMs = readRetryAfterMs(error, epochMs(this.#clock)) ?? 0;
    return askedMs > maxRetryAfterMs ? Infinity : Math.ceil(Math.max(ownMs, askedMs));
  }

  #isInTime(delayMs: number, { deadlineMs }: RetryScope): boolean {
    return delayMs < Infinity && this.#clock.now() + delayMs < deadlineMs;
  }

  #takeFromBudget(): boolean {
    if (this.#budget.take()) return true;
    this.budgetExhausted++;
    return false;
  }

  #wait(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        cancelTimer();
        reject(signal?.reason);
      };
      const cancelTimer = setAwaitedTimer(
        this.#clock,
        () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
        delayMs,
      );
      signal?.addEventListener('abort', abort, { once: true });
    });
  }
}

/** A breaker's no will be a no for some time. */
function isRejection(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as { code?: unknown }).code === 'BREAKER_OPEN';
}
