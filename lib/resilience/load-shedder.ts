import { type FrameworkError, withoutStack } from '../errors/framework-error';
import { type Clock, systemClock } from '../lifetime/clock';
import { retryAfterHeaders } from './breaker-error';
import { checkOptions, COUNT_OR_NONE, DURATION, DURATION_OR_NONE, type Rules } from './check-options';
import { resilienceErrors } from './errors';
import { type DelaySampler, EventLoopDelay } from './event-loop-delay';

/** When a process has too much to do to take more. */
export interface LoadSheddingOptions {
  /** How late the event loop may be, in milliseconds; 0: it is not looked at. Default 1,000. */
  readonly maxEventLoopDelayMs?: number;
  /** How much may be under way at once; 0: it is not looked at. Default 0. */
  readonly maxInFlight?: number;
  /** When those who are refused are told to come again, in milliseconds. Default 10,000. */
  readonly retryAfterMs?: number;
}

/** What there is too much of. */
export type Overload = 'event_loop_delay' | 'in_flight';

const RULES: Rules<LoadSheddingOptions> = {
  maxEventLoopDelayMs: DURATION_OR_NONE,
  maxInFlight: COUNT_OR_NONE,
  retryAfterMs: DURATION,
};

/** Fails with: BREAKER_OPTION_INVALID. */
export function checkLoadShedding(options: unknown): void {
  checkOptions('Load shedding', options, RULES);
}

/**
 * Decides whether one more piece of work is taken on: what comes above the limits is refused at once, so that what was taken
 * on is done in time. Close it when no more is to be decided: it has a timer where it looks at the event loop.
 */
export class LoadShedder {
  readonly #maxDelayMs: number;
  readonly #maxInFlight: number;
  readonly #retryAfterMs: number;
  readonly #sampler: DelaySampler | undefined;
  readonly #refused: Record<Overload, number> = { event_loop_delay: 0, in_flight: 0 };
  #inFlight = 0;

  /** In: the limits; where the time comes from; who knows how late the event loop is, by default a timer of the clock. */
  constructor(options: LoadSheddingOptions, clock: Clock = systemClock, sampler?: DelaySampler) {
    checkLoadShedding(options);
    const { maxEventLoopDelayMs = 1_000, maxInFlight = 0, retryAfterMs = 10_000 } = options;
    this.#maxDelayMs = maxEventLoopDelayMs;
    this.#maxInFlight = maxInFlight === 0 ? Infinity : maxInFlight;
    this.#retryAfterMs = retryAfterMs;
    this.#sampler = maxEventLoopDelayMs === 0 ? undefined : (sampler ?? new EventLoopDelay(clock));
  }

  /** Whether anybody looks at how many are under way. */
  get countsInFlight(): boolean {
    return this.#maxInFlight < Infinity;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** How many were refused so far, and why. */
  get refused(): Readonly<Record<Overload, number>> {
    return this.#refused;
  }

  /** What there is too much of now; reading it counts nothing. */
  get overload(): Overload | undefined {
    if (this.#inFlight >= this.#maxInFlight) return 'in_flight';
    return this.#sampler !== undefined && this.#sampler.delayMs >= this.#maxDelayMs ? 'event_loop_delay' : undefined;
  }

  /** Out: why one more is refused (SERVER_OVERLOADED: 503 with `Retry-After`), and counted as such; `undefined`: it is not. */
  refusal(): FrameworkError | undefined {
    const { overload } = this;
    if (overload === undefined) return undefined;
    this.#refused[overload]++;
    const options = { headers: retryAfterHeaders(this.#retryAfterMs), detail: 'The server has too much to do; try again later.' };
    return withoutStack(() => resilienceErrors.SERVER_OVERLOADED({ reason: overload }, options));
  }

  /** One more is under way, until `leave`. */
  enter(): void {
    this.#inFlight++;
  }

  leave(): void {
    this.#inFlight--;
  }

  close(): void {
    this.#sampler?.close();
  }
}
