import { Deadline, type Deadlines } from '../lifetime/deadline';
import { cancelledBecause } from '../lifetime/end-reason';
import type { Lifetime } from '../lifetime/lifetime';
import { databaseErrors, untold } from './errors';

/** What cuts one thing that is asked, besides the end of what it is a part of. */
export interface WorkLimits {
  readonly signal: AbortSignal | undefined;
  /** 0: none. */
  readonly timeoutMs: number;
  readonly deadlines: Deadlines;
}

/** One thing that is asked of the database: what cuts it, and what it fails with then. */
export class Work {
  readonly lifetime: Lifetime;
  readonly #limits: WorkLimits;
  readonly #deadline: Deadline | undefined;
  /** What its asker is told when its own signal or limit cut it. */
  #own: Error | undefined;
  #wentOn = false;

  /** Fails with: what `signal` was aborted with; a `CancelledError` when `owner` is over. */
  constructor(owner: Lifetime, limits: WorkLimits) {
    const { signal, timeoutMs } = limits;
    signal?.throwIfAborted();
    this.#limits = limits;
    this.lifetime = owner.open();
    const { failure } = this;
    if (failure !== undefined) throw failure;
    this.lifetime.defer(() => this.#letGo());
    signal?.addEventListener('abort', this.#aborted);
    this.#deadline = timeoutMs === 0 ? undefined : new Deadline({ deadlineReached: () => this.#timedOut() });
    this.renew();
  }

  /** What it was cut with; `undefined`: it was not. */
  get failure(): Error | undefined {
    const { reason } = this.lifetime;
    if (reason === undefined || reason === 'finished') return undefined;
    return this.#own ?? cancelledBecause(reason);
  }

  /** Its time begins anew. */
  renew(): void {
    const { deadlines, timeoutMs } = this.#limits;
    if (this.#deadline !== undefined) deadlines.arm(this.#deadline, this.lifetime.clock().now(), timeoutMs);
  }

  /** It is not stuck: when its time is up, it begins anew. */
  goesOn(): void {
    this.#wentOn = true;
  }

  /** What `going` comes to, or what this is cut with as soon as it is, unless it `isDecided` then: `going` ends unseen. */
  untilCut<T>(going: Promise<T>, isDecided: () => boolean = never): Promise<T> {
    return new Promise((resolve, reject) => {
      const undo = this.lifetime.defer(() => {
        if (!isDecided()) reject(this.failure);
      });
      going.then(resolve, reject).finally(undo);
    });
  }

  /** It is over. */
  done(): void {
    this.lifetime.end('finished');
  }

  /** Nobody wants it any more: what waits for it fails with `failure`. */
  cut(failure: Error): void {
    if (this.lifetime.ended) return;
    this.#own = failure;
    this.lifetime.end('manual');
  }

  #letGo(): void {
    this.#deadline?.disarm();
    this.#limits.signal?.removeEventListener('abort', this.#aborted);
  }

  #timedOut(): void {
    if (this.#wentOn) {
      this.#wentOn = false;
      this.renew();
      return;
    }
    this.cut(databaseErrors.DATABASE_TIMEOUT({ limit: this.#limits.timeoutMs }, untold('DATABASE_TIMEOUT')));
  }

  readonly #aborted = (): void => this.cut(this.#limits.signal?.reason as Error);
}

function never(): boolean {
  return false;
}
