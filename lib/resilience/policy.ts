import type { Observable } from 'rxjs';
import { type Clock, systemClock } from '../lifetime/clock';
import { isCancellation } from '../lifetime/end-reason';
import { Breaker } from './breaker';
import { timeoutError } from './breaker-error';
import type { BreakerOptions } from './breaker-options';
import { Bulkhead, type BulkheadOptions } from './bulkhead';
import { checkOptions, CLOCK, COUNT, DURATION_OR_NONE, FUNCTION, isObject, type Rules } from './check-options';
import { cutCall, type Limits, UNHEARD } from './cut-call';
import { ObservedTries, observeTry } from './observed-policy';
import { Retry } from './retry';
import type { RetryBudgetOptions, RetryOptions } from './retry-options';
import { quietSignal } from './uncut-call';
import { countsAs } from './verdict';

/** What goes around a call; all of it may be left out. */
export interface PolicyOptions<F = unknown> {
  /** Answers instead where all else failed: a function of the error, or a value. Never for a call that was cancelled. */
  readonly fallback?: ((error: unknown) => F | PromiseLike<F>) | F;
  readonly retry?: RetryOptions;
  /** A breaker, e.g. `breakers.get('users')`, or the options of one of its own. */
  readonly breaker?: Breaker | BreakerOptions;
  /** A bulkhead, which may be shared, or the options of one of its own. */
  readonly bulkhead?: Bulkhead | BulkheadOptions;
  /** How long each try may take, without its waiting in the bulkhead: then it fails with BREAKER_TIMEOUT. Default 0: no limit. */
  readonly timeoutMs?: number;
  /** Where the time comes from. Default: the machine's monotonic clock. */
  readonly clock?: Clock;
}

/** What one call through a policy may say. */
export interface PolicyCallOptions {
  /** Whoever waits for the call: when it aborts, all of it ends, waiting included, and nothing is tried any more. */
  readonly signal?: AbortSignal | undefined;
  /** How long there is for all of it, e.g. `ctx.remainingMs`: nothing is tried again that would begin later. */
  readonly remainingMs?: number | undefined;
  /** Whether making it twice does no more than making it once: then failed connections are tried again by default. */
  readonly idempotent?: boolean;
}

/** What an Observable gets of a fallback. */
export type Given<F> = F extends Observable<infer U> ? U : F;

/** What a policy did so far. */
export interface PolicyStats {
  readonly calls: number;
  readonly retries: number;
  /** Retries that there was no budget for. */
  readonly budgetExhausted: number;
  readonly fallbacks: number;
}

const RULES: Rules<PolicyOptions> = {
  fallback: { expected: 'a function of the error, or a value', accepts: () => true },
  retry: { expected: '{ attempts?, … }', accepts: isObject },
  breaker: { expected: 'a Breaker, or the options of one', accepts: isObject },
  bulkhead: { expected: 'a Bulkhead, or the options of one', accepts: isObject },
  timeoutMs: DURATION_OR_NONE,
  clock: CLOCK,
};

const RETRY_RULES: Rules<RetryOptions> = {
  attempts: COUNT,
  baseDelayMs: DURATION_OR_NONE,
  maxDelayMs: DURATION_OR_NONE,
  isRetryable: FUNCTION,
  budget: { expected: '{ ratio?, perSecond?, burst? }', accepts: isObject },
  maxRetryAfterMs: DURATION_OR_NONE,
  random: FUNCTION,
};

const BUDGET_RULES: Rules<RetryBudgetOptions> = {
  ratio: { least: 0, most: 10, expected: 'a number from 0 to 10' },
  perSecond: { least: 0, most: 1_000_000, expected: 'a number from 0 to 1,000,000' },
  burst: { least: 0, most: 1_000_000, expected: 'a number from 0 to 1,000,000' },
};

/** Whatever goes around calls, composed by `policy`. */
export class Policy<F = never> {
  readonly breaker: Breaker | undefined;
  readonly bulkhead: Bulkhead | undefined;
  readonly #clock: Clock;
  readonly #retry: Retry | undefined;
  readonly #timeoutMs: number;
  readonly #fallback: ((error: unknown) => F | PromiseLike<F>) | undefined;
  #calls = 0;
  #fallbacks = 0;

  /** @internal */
  constructor(options: PolicyOptions<F>) {
    const { clock = systemClock, retry, breaker, bulkhead, timeoutMs = 0, fallback } = options;
    this.#clock = clock;
    this.#retry = retry === undefined ? undefined : new Retry(clock, retry);
    this.breaker = breaker === undefined || breaker instanceof Breaker ? breaker : new Breaker({ clock, ...breaker });
    this.bulkhead = bulkhead === undefined || bulkhead instanceof Bulkhead ? bulkhead : new Bulkhead({ clock, ...bulkhead });
    this.#timeoutMs = timeoutMs;
    const isFunction = typeof fallback === 'function' || fallback === undefined;
    this.#fallback = (isFunction ? fallback : () => fallback) as ((error: unknown) => F | PromiseLike<F>) | undefined;
  }

  get stats(): PolicyStats {
    const { retries = 0, budgetExhausted = 0 } = this.#retry ?? {};
    return { calls: this.#calls, retries, budgetExhausted, fallbacks: this.#fallbacks };
  }

  /**
   * Calls `fn` through all of it.
   *
   * In: a function of a signal, which aborts when the try's time is up or `options.signal` aborts. Out: what it gives, or the
   * fallback does.
   * Fails with: what `fn` failed with last; BREAKER_OPEN, BULKHEAD_FULL, BULKHEAD_WAIT_TIMEOUT, BREAKER_TIMEOUT; the reason of
   * `options.signal`.
   */
  async call<T>(fn: (signal: AbortSignal) => T | PromiseLike<T>, options: PolicyCallOptions = {}): Promise<T | F> {
    const { signal, remainingMs = Infinity, idempotent = false } = options;
    this.#calls++;
    const attempt = (): Promise<T> => this.#throughBreaker(fn, signal);
    try {
      if (signal?.aborted === true) throw signal.reason;
      if (this.#retry === undefined) return await attempt();
      return await this.#retry.call(attempt, { signal, deadlineMs: this.#clock.now() + remainingMs, idempotent });
    } catch (error) {
      return this.#instead(error, signal);
    }
  }

  /**
   * The same for an Observable: `factory` is called with each try, and a call begins with each subscription.
   *
   * What has given a value is neither tried again nor answered instead; `timeoutMs` is the time until that. A place in the
   * bulkhead is held to the end. Out: what it gives; of a fallback its value, or what its promise or Observable gives.
   * Fails with: as `call`.
   */
  call$<T>(factory: (signal: AbortSignal) => Observable<T>, options: PolicyCallOptions = {}): Observable<T | Given<F>> {
    const { signal, remainingMs = Infinity, idempotent = false } = options;
    const { breaker, bulkhead } = this;
    const layers = { breaker, bulkhead, limits: (inner: AbortSignal) => this.#limits(inner) };
    return ObservedTries.observe<T, Given<F>>(() => {
      this.#calls++;
      const deadlineMs = this.#clock.now() + remainingMs;
      return {
        signal,
        attempt: (inner) => observeTry(layers, factory, inner),
        retry: (attempt, inner) => this.#retry?.call(attempt, { signal: inner, deadlineMs, idempotent }) ?? attempt(),
        instead: (error, inner) => this.#instead(error, inner),
      };
    });
  }

  async #throughBreaker<T>(fn: (signal: AbortSignal) => T | PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
    const { breaker } = this;
    if (breaker === undefined) return this.#throughBulkhead(fn, signal);
    return breaker.callCut((inner, call) => this.#throughBulkhead(fn, inner, () => call.restart()), signal);
  }

  /** In: told when the waiting is over, which is not the time of what is called. */
  #throughBulkhead<T>(
    fn: (signal: AbortSignal) => T | PromiseLike<T>,
    signal: AbortSignal | undefined,
    entered?: () => void,
  ): Promise<T> {
    const { bulkhead } = this;
    if (bulkhead === undefined) return this.#within(fn, signal);
    const enter = (): Promise<T> => {
      entered?.();
      return this.#within(fn, signal);
    };
    return bulkhead.call(enter, { signal });
  }

  /** Cut here as well as by the breaker around it: what does not listen to its signal is not to keep its place in the bulkhead. */
  #within<T>(fn: (signal: AbortSignal) => T | PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
    return cutCall((inner) => fn(inner ?? quietSignal(fn)), this.#limits(signal), UNHEARD);
  }

  #limits(signal: AbortSignal | undefined): Limits {
    const timeoutMs = this.#timeoutMs;
    const name = this.breaker?.name ?? 'policy';
    const error = (): Error => countsAs('failure', timeoutError(name, timeoutMs));
    return { clock: this.#clock, timeoutMs, signal, timeoutError: error };
  }

  /** Fails with the error where there is no fallback, and where nobody is there any more whom another answer would serve. */
  #instead(error: unknown, signal: AbortSignal | undefined): F | PromiseLike<F> {
    if (this.#fallback === undefined || signal?.aborted === true || isCancellation(error)) throw error;
    this.#fallbacks++;
    return this.#fallback(error);
  }
}

/**
 * Composes what goes around a call in one order, outside in: fallback, retry, breaker, bulkhead, timeout, call.
 *
 * So each try is one call to the breaker, one that waits in the bulkhead is neither slow nor late for it, a full bulkhead is
 * no failure of what is called, and the fallback has the last word.
 *
 * In: the parts, all of which may be left out. Make it once, beside what it guards: breaker, bulkhead and budget live in it.
 * Fails with: BREAKER_OPTION_INVALID.
 */
export function policy<F = never>(options: PolicyOptions<F>): Policy<F> {
  checkOptions('The policy', options, RULES);
  if (options.retry !== undefined) checkOptions('The policy', options.retry, RETRY_RULES, { prefix: 'retry.' });
  if (options.retry?.budget !== undefined)
    checkOptions('The policy', options.retry.budget, BUDGET_RULES, { prefix: 'retry.budget.' });
  return new Policy(options);
}
