import { type Clock, setAwaitedTimer, systemClock } from '../lifetime/clock';
import { withoutStack } from '../errors/framework-error';
import { checkOptions, CLOCK, COUNT, COUNT_OR_NONE, DURATION, NAME, type Rules } from './check-options';
import { resilienceErrors } from './errors';
import { countsAs } from './verdict';

/** How many calls a bulkhead lets run at once, and how many may wait. */
export interface BulkheadOptions {
  /** For messages. Default `bulkhead`. */
  readonly name?: string;
  /** Calls under way at most. */
  readonly maxConcurrent: number;
  /** Calls that wait for one of them to end at most; more are refused at once. Default 0. */
  readonly maxQueued?: number;
  /** How long one waits at most, in milliseconds. Default 10,000. */
  readonly maxWaitMs?: number;
  /** Where the time comes from. Default: the machine's monotonic clock. */
  readonly clock?: Clock;
}

/** How full a bulkhead is, and how many calls it refused so far. */
export interface BulkheadStats {
  readonly running: number;
  readonly queued: number;
  readonly rejected: number;
}

const RULES: Rules<BulkheadOptions> = {
  name: NAME,
  maxConcurrent: COUNT,
  maxQueued: COUNT_OR_NONE,
  maxWaitMs: DURATION,
  clock: CLOCK,
};

const REQUIRED = { required: ['maxConcurrent'] };

/** One call that waits for its turn. */
interface Waiting {
  readonly enter: () => void;
}

/** Whoever comes later is told to come again so soon: places become free all the time. */
const RETRY_AFTER = { 'retry-after': '1' };

/**
 * Lets only so many calls run at once, so that one slow dependency does not take all there is. Those over it wait in order,
 * at most `maxQueued` and `maxWaitMs`.
 *
 * Fails with: BREAKER_OPTION_INVALID.
 */
export class Bulkhead {
  readonly name: string;
  readonly #maxConcurrent: number;
  readonly #maxQueued: number;
  readonly #maxWaitMs: number;
  readonly #clock: Clock;
  /** In order; a Set gives up one in the middle as fast as the first. */
  readonly #queue = new Set<Waiting>();
  #running = 0;
  #rejected = 0;

  constructor(options: BulkheadOptions) {
    const { name = 'bulkhead', maxConcurrent } = options;
    checkOptions(`Bulkhead "${name}"`, options, RULES, REQUIRED);
    this.name = name;
    this.#maxConcurrent = maxConcurrent;
    this.#maxQueued = options.maxQueued ?? 0;
    this.#maxWaitMs = options.maxWaitMs ?? 10_000;
    this.#clock = options.clock ?? systemClock;
  }

  get stats(): BulkheadStats {
    return { running: this.#running, queued: this.#queue.size, rejected: this.#rejected };
  }

  /**
   * Calls `fn` when there is room.
   *
   * In: `signal` ends the waiting; what runs is its own to end. Out: what `fn` gives.
   * Fails with: BULKHEAD_FULL at once, BULKHEAD_WAIT_TIMEOUT; the reason of `signal`.
   */
  async call<T>(fn: () => T | PromiseLike<T>, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<T> {
    signal?.throwIfAborted();
    if (this.#running < this.#maxConcurrent) this.#running++;
    else await this.#wait(signal);
    try {
      // It may have left in the very moment in which its turn came.
      signal?.throwIfAborted();
      return await fn();
    } finally {
      this.#leave();
    }
  }

  /** Settles with a place taken. */
  #wait(signal: AbortSignal | undefined): Promise<void> {
    if (this.#queue.size >= this.#maxQueued) throw this.#refuse('BULKHEAD_FULL');
    return new Promise((resolve, reject) => {
      const leaveQueue = (settle: () => void): void => {
        this.#queue.delete(waiting);
        cancelTimer();
        signal?.removeEventListener('abort', abort);
        settle();
      };
      const waiting: Waiting = { enter: () => leaveQueue(resolve) };
      const abort = (): void => leaveQueue(() => reject(signal?.reason));
      const refuse = (): void => leaveQueue(() => reject(this.#refuse('BULKHEAD_WAIT_TIMEOUT')));
      const cancelTimer = setAwaitedTimer(this.#clock, refuse, this.#maxWaitMs);
      this.#queue.add(waiting);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** The place goes to the first who waits. */
  #leave(): void {
    const [first] = this.#queue;
    if (first === undefined) this.#running--;
    else first.enter();
  }

  /** Nothing was called: to a breaker around it, it is as if nobody had. */
  #refuse(code: 'BULKHEAD_FULL' | 'BULKHEAD_WAIT_TIMEOUT'): Error {
    this.#rejected++;
    const options = { headers: RETRY_AFTER, detail: 'Too much is asked of this at once; try again later.' };
    const bulkhead = this.name;
    const error = withoutStack(() =>
      code === 'BULKHEAD_FULL'
        ? resilienceErrors.BULKHEAD_FULL({ bulkhead, running: this.#running, queued: this.#queue.size }, options)
        : resilienceErrors.BULKHEAD_WAIT_TIMEOUT({ bulkhead, waitMs: this.#maxWaitMs }, options),
    );
    return countsAs('ignored', error);
  }
}
