import { type BreakerStateName } from '../../lib/resilience/breaker-state';
import { type BreakerStats } from '../../lib/resilience/outcome';

/** What the reference takes: every number said, no chance. Infinite: not looked at. */
export interface ReferenceOptions {
  readonly window: { kind: 'consecutive' } | { kind: 'count'; calls: number } | { kind: 'time'; durationMs: number };
  readonly maxFailures: number;
  readonly failureRatio: number;
  readonly slowRatio: number;
  readonly slowCallMs: number;
  readonly slowDeadlineMs: number;
  readonly minimumCalls: number;
  readonly resetTimeoutMs: number;
  readonly halfOpenMax: number;
  readonly maxHalfOpenMs: number;
  readonly backoff: { readonly factor: number; readonly maxMs: number };
  readonly maxRetryAfterMs: number;
}

/** `expired`: cancelled, by its caller's deadline; `told`: a failure that says when to come again. */
export type End = 'success' | 'failure' | 'told' | 'ignored' | 'cancelled' | 'expired';
type Kind = 'success' | 'failure' | 'ignored' | 'cancelled' | 'rejected' | 'late';

const KIND_OF = {
  success: 'success',
  failure: 'failure',
  told: 'failure',
  ignored: 'ignored',
  cancelled: 'cancelled',
  expired: 'cancelled',
} as const satisfies Record<End, Kind>;

/** When somebody who was told may come again. */
export const TOLD_MS = 170;

interface Entry {
  readonly atMs: number;
  readonly kind: Kind;
  readonly slow: boolean;
}

export interface ReferenceCall {
  readonly era: number;
  readonly startMs: number;
}

/** The breaker written for reading: it remembers every outcome, and counts anew whenever it is asked. */
export class ReferenceBreaker {
  kind: BreakerStateName = 'closed';
  era = 0;
  readonly changes: string[] = [];
  #nowMs = 0;
  #log: Entry[] = [];
  #untilMs = 0;
  #openings = 0;
  #trials: Entry[] = [];
  #running = 0;
  #busySinceMs = 0;

  constructor(readonly options: ReferenceOptions) {}

  /** Time passes; what it changes shows when somebody looks or calls. */
  advance(ms: number): void {
    this.#nowMs += ms;
  }

  get state(): BreakerStateName {
    return this.#foresee().kind;
  }

  get remainingOpenMs(): number {
    const { kind, untilMs } = this.#foresee();
    return kind === 'open' ? untilMs - this.#nowMs : 0;
  }

  get stats(): BreakerStats {
    const log = this.#remembered();
    const count = (fits: (entry: Entry) => boolean): number => log.filter(fits).length;
    const ended = (kind: Kind) => count((entry) => entry.kind === kind);
    const slowCancelled = count(({ kind, slow }) => kind === 'cancelled' && slow);
    return {
      calls: ended('success') + ended('failure') + slowCancelled,
      successes: ended('success'),
      failures: ended('failure'),
      slow: count(({ slow }) => slow),
      ignored: ended('ignored'),
      cancelled: ended('cancelled'),
      rejected: ended('rejected'),
      late: ended('late'),
    };
  }

  call(): ReferenceCall | undefined {
    this.#catchUp();
    const { kind } = this;
    const isFull = this.#running + this.#trials.length >= this.options.halfOpenMax;
    if (kind === 'open' || kind === 'forced-open' || (kind === 'half-open' && isFull)) {
      this.#note('rejected', false);
      return undefined;
    }
    if (kind === 'half-open') {
      if (this.#running === 0) this.#busySinceMs = this.#nowMs;
      this.#running++;
    }
    return { era: this.era, startMs: this.#nowMs };
  }

  /** A call whose caller was gone before it was made. */
  giveUp(): void {
    this.#note('cancelled', false);
  }

  settle(call: ReferenceCall, end: End): void {
    if (this.kind === 'half-open') this.#catchUp();
    if (call.era !== this.era) {
      this.#note('late', false);
      return;
    }
    const limitMs = end === 'expired' ? this.options.slowDeadlineMs : this.options.slowCallMs;
    const entry = this.#note(KIND_OF[end], end !== 'ignored' && this.#nowMs - call.startMs >= limitMs);
    if (this.kind === 'half-open') {
      this.#running--;
      if (isCounting(entry)) this.#judgeTrials(entry, end);
    } else if (this.kind === 'closed' && isCounting(entry) && this.#isTripped()) this.#open(this.#nowMs, end);
  }

  /** An operator's. */
  turn(kind: 'closed' | 'forced-open' | 'disabled' | 'metrics-only'): void {
    if (kind === this.kind && kind !== 'closed') return;
    this.#become(kind);
  }

  /** A health check's. */
  probe(): void {
    this.#catchUp();
    if (this.kind === 'open') this.#become('half-open');
  }

  /** Saved and restored: calls under way are nobody's any more. */
  restart(): void {
    const { kind, untilMs } = this.#foresee();
    this.kind = kind;
    this.#untilMs = untilMs;
    this.era++;
    this.#trials = [];
    this.#running = 0;
  }

  #note(kind: Kind, slow: boolean): Entry {
    const entry = { atMs: this.#nowMs, kind, slow };
    if (this.kind !== 'disabled') this.#log.push(entry);
    return entry;
  }

  #remembered(): Entry[] {
    const { window } = this.options;
    if (window.kind === 'time') return this.#within(window.durationMs);
    if (window.kind === 'consecutive') return this.#log;
    const counting = this.#log.filter(isCounting).slice(-window.calls);
    return this.#log.filter((entry) => !isCounting(entry) || counting.includes(entry));
  }

  /** What comes within a hundredth of the window after another, which is taken with none before it, is taken as one with it. */
  #within(durationMs: number): Entry[] {
    let asOfMs = -Infinity;
    return this.#log.filter(({ atMs }) => {
      if (atMs >= asOfMs + durationMs / 100) asOfMs = atMs;
      return asOfMs > this.#nowMs - durationMs;
    });
  }

  #isTripped(): boolean {
    const { window, maxFailures, failureRatio, slowRatio, minimumCalls } = this.options;
    const counting = this.#remembered().filter(isCounting);
    if (window.kind === 'consecutive') {
      const lastGood = counting.findLastIndex(({ kind, slow }) => kind === 'success' && !slow);
      return counting.length - 1 - lastGood >= maxFailures;
    }
    const failures = counting.filter(({ kind }) => kind === 'failure').length;
    const judged = counting.filter(({ kind }) => kind !== 'cancelled').length;
    const slow = counting.filter((entry) => entry.slow).length;
    if (failures >= maxFailures) return true;
    if (judged >= minimumCalls && failures / judged >= failureRatio) return true;
    return counting.length >= minimumCalls && slow / counting.length >= slowRatio;
  }

  #judgeTrials(entry: Entry, end: End): void {
    const { window, halfOpenMax, failureRatio, slowRatio } = this.options;
    this.#trials.push(entry);
    const failures = this.#trials.filter(({ kind }) => kind === 'failure').length;
    const slow = this.#trials.filter((trial) => trial.slow).length;
    const judged = this.#trials.filter(({ kind }) => kind !== 'cancelled').length;
    const isOver = this.#trials.length === halfOpenMax;
    const refuted =
      window.kind === 'consecutive'
        ? failures + slow > 0
        : (failureRatio === Infinity ? failures > 0 : failures / halfOpenMax >= failureRatio) ||
          slow / halfOpenMax >= slowRatio ||
          (isOver && judged > 0 && failures / judged >= failureRatio);
    if (refuted) this.#open(this.#nowMs, end);
    else if (isOver) this.#become('closed');
  }

  get #nextOpenMs(): number {
    const { resetTimeoutMs, backoff } = this.options;
    return Math.min(backoff.maxMs, resetTimeoutMs * backoff.factor ** this.#openings);
  }

  #open(sinceMs: number, end?: End): void {
    const askedMs = end === 'told' ? Math.min(TOLD_MS, this.options.maxRetryAfterMs) : 0;
    this.#untilMs = sinceMs + Math.max(this.#nextOpenMs, askedMs);
    this.#openings++;
    this.#become('open');
  }

  #become(kind: BreakerStateName): void {
    if (kind !== this.kind) this.changes.push(`${this.kind} → ${kind}`);
    this.kind = kind;
    this.era++;
    this.#trials = [];
    this.#running = 0;
    if (kind !== 'closed' && kind !== 'metrics-only') return;
    this.#log = [];
    this.#openings = 0;
  }

  get #stuckMs(): number {
    return this.#running === 0 ? Infinity : this.#busySinceMs + this.options.maxHalfOpenMs;
  }

  #catchUp(): void {
    for (;;) {
      if (this.kind === 'open' && this.#nowMs >= this.#untilMs) this.#become('half-open');
      else if (this.kind === 'half-open' && this.#nowMs >= this.#stuckMs) this.#open(this.#stuckMs);
      else return;
    }
  }

  #foresee(): { readonly kind: BreakerStateName; readonly untilMs: number } {
    const isStuck = this.kind === 'half-open' && this.#nowMs >= this.#stuckMs;
    const untilMs = isStuck ? this.#stuckMs + this.#nextOpenMs : this.#untilMs;
    const kind = isStuck ? 'open' : this.kind;
    return { kind: kind === 'open' && this.#nowMs >= untilMs ? 'half-open' : kind, untilMs };
  }
}

function isCounting({ kind, slow }: Entry): boolean {
  return kind === 'success' || kind === 'failure' || (kind === 'cancelled' && slow);
}
