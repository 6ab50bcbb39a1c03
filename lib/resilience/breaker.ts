// Hot: a call through a closed breaker is counted in a few dozen nanoseconds.
import type { Observable } from 'rxjs';
import { isCancellation } from '../lifetime/end-reason';
import { type BreakerOpenError, openError } from './breaker-error';
import { type BreakerOptions, type BreakerSettings, compileSettings, openMsOf } from './breaker-settings';
import {
  type BreakerState,
  type BreakerStateName,
  CLOSED,
  DISABLED,
  FORCED_OPEN,
  halfOpen,
  METRICS_ONLY,
  remainingOpenMs,
  stateAt,
  stuckAtMs,
  type Trials,
} from './breaker-state';
import {
  type BreakerStats,
  CANCELLED,
  FAILURE,
  IGNORED,
  LATE,
  type Outcome,
  REJECTED,
  SLOW_CANCELLED,
  SLOW_FAILURE,
  SLOW_SUCCESS,
  SUCCESS,
  toStats,
} from './outcome';
import { observeCall } from './observed-call';
import { openWindow, type OutcomeWindow } from './outcome-window';
import { readRetryAfterMs } from './retry-after';
import { restoreState, type SavedBreaker, saveState } from './saved-breaker';
import { type Transition, type TransitionCause, TransitionFeed } from './transition';
import { type Sleeper, WakeUps } from './wake-ups';
import { callWatched } from './watched-call';

/** How one call came to its end, as far as whoever made it can tell; whether it was slow the breaker finds itself. */
export type Verdict = typeof SUCCESS | typeof FAILURE | typeof CANCELLED | typeof IGNORED;

/** A call that was let in. It is settled once; a ticket of an earlier state moves nothing. */
export class Ticket {
  isSettled = false;

  constructor(
    readonly generation: number,
    readonly startMs: number,
  ) {}
}

/** What a registry shares among the breakers of a name. */
export interface BreakerObserver {
  readonly feed: TransitionFeed;
  /** Told of each call; `elapsedMs` is not known (NaN) for one that was rejected. */
  counted(outcome: Outcome, elapsedMs: number): void;
}

/** What one call may say. */
export interface CallOptions {
  /** Whoever waits for the call: when it aborts, the call is cancelled, and counts as nothing unless it was slow. */
  readonly signal?: AbortSignal | undefined;
}

/** Nobody aborts it; for functions that do not take one. */
const QUIET = new AbortController().signal;

/**
 * A circuit breaker: passes calls on while they work, rejects them at once while they do not, and tries again.
 *
 * In: options, each with a default; the shortest are `{ maxFailures: 5, resetTimeoutMs: 30_000 }`. It has no timer of its own:
 * what time changes shows on the next call, or on reading.
 * Fails with: BREAKER_OPTION_INVALID.
 */
export class Breaker implements Sleeper {
  /** Which of the breakers of its name; `undefined` for one that is alone. */
  readonly key: string | undefined;
  private readonly settings: BreakerSettings;
  private readonly window: OutcomeWindow;
  private current: BreakerState;
  /** Counts transitions: what began in an earlier one has an earlier number. */
  private generation: number;
  private inFlight: number;
  /** How often it opened since it was closed, and when it did first. */
  private openings: number;
  private openedAtMs: number;
  private feed: TransitionFeed | undefined;
  private lastRejection: BreakerOpenError | undefined;
  private readonly observer: BreakerObserver | undefined;

  constructor(options: BreakerOptions | BreakerSettings, key?: string, observer?: BreakerObserver) {
    this.settings = 'isTimed' in options ? options : compileSettings(options);
    this.key = key;
    this.window = openWindow(this.settings.window);
    this.current = CLOSED;
    this.generation = 0;
    this.inFlight = 0;
    this.openings = 0;
    this.openedAtMs = 0;
    this.feed = undefined;
    this.lastRejection = undefined;
    this.observer = observer;
  }

  get name(): string {
    return this.settings.name;
  }

  /** As of now. Reading changes nothing and publishes nothing. */
  get state(): BreakerStateName {
    return stateAt(this.current, this.nowMs(), this.settings.maxHalfOpenMs);
  }

  /** Milliseconds until it lets trials in; 0 when it is not open, or was forced open. */
  get remainingOpenMs(): number {
    return remainingOpenMs(this.current, this.nowMs(), this.settings.maxHalfOpenMs);
  }

  /** What its window holds, as of now. */
  get stats(): BreakerStats {
    this.window.forget(this.nowMs());
    return toStats(this.window.counts);
  }

  /** Whether what is counted would open it, were it closed: for `metrics-only`. */
  get wouldOpen(): boolean {
    this.window.forget(this.nowMs());
    return this.findCause(FAILURE) !== undefined;
  }

  /**
   * Whether it is idle and has nothing to remember that matters: closed without a call under way, or open and forgotten.
   *
   * @internal
   */
  get isForgettable(): boolean {
    const { current } = this;
    if (this.inFlight > 0) return false;
    return current.kind === 'closed' || (current.kind === 'open' && this.nowMs() > 2 * current.untilMs - current.sinceMs);
  }

  /** Every change from now on: each once, in order, after the change. What a listener throws never reaches a caller. */
  get transitions$(): Observable<Transition> {
    this.feed ??= new TransitionFeed(() => this.schedule());
    return this.feed.observe();
  }

  /**
   * Calls `fn`, unless the breaker is open.
   *
   * In: a function of a signal, which aborts when the call's time is up or `options.signal` aborts; it may return a value or a
   * promise. Out: what it gives; what it fails with is passed on as it is.
   * Fails with: `BreakerOpenError` (BREAKER_OPEN) at once; `BreakerTimeoutError` (BREAKER_TIMEOUT); the reason of `options.signal`.
   */
  call<T>(fn: (signal: AbortSignal) => T | PromiseLike<T>, options?: CallOptions): Promise<T> {
    let ticket: Ticket | undefined;
    let made: T | PromiseLike<T>;
    try {
      // Nobody pays for a signal that is not looked at: making one costs more than all the rest.
      if (this.settings.timeoutMs > 0 || options?.signal !== undefined || fn.length > 0) {
        return callWatched(this, this.settings, fn, options?.signal);
      }
      ticket = this.admit();
      made = fn(QUIET);
      if (isThenable(made)) return this.settleLater(ticket, made);
      this.settleValue(ticket, made);
      return Promise.resolve(made);
    } catch (error) {
      return this.refuse(ticket, error);
    }
  }

  /**
   * The same for an Observable: `factory` is called, and the call begins, with each subscription.
   *
   * It succeeds when it completes, or when nobody wants more after its first value; it is cancelled when nobody wants it before
   * that. How long it takes, and `timeoutMs`, is measured up to the first value.
   */
  call$<T>(factory: (signal: AbortSignal) => Observable<T>): Observable<T> {
    return observeCall(this, this.settings, factory);
  }

  /** Lets a call in. Fails with: BREAKER_OPEN. @internal */
  admit(): Ticket {
    const { settings } = this;
    if (this.current.kind === 'closed') {
      this.inFlight++;
      return new Ticket(this.generation, settings.isTimed || this.observer !== undefined ? settings.clock.now() : 0);
    }
    const ticket = this.admitUnlessOpen(settings.clock.now());
    this.publish();
    if (ticket === undefined) throw this.rejection();
    return ticket;
  }

  /** Those of one millisecond share it: making one costs more than rejecting with it, and they come in crowds. */
  private rejection(): BreakerOpenError {
    const retryAfterMs = Math.ceil(this.retryAfterMs());
    if (this.lastRejection?.retryAfterMs !== retryAfterMs) this.lastRejection = openError(this.name, retryAfterMs);
    return this.lastRejection;
  }

  /** The value of a call that came back. Fails with: what `isFailureResult` throws. @internal */
  settleValue(ticket: Ticket, value: unknown, endMs?: number): void {
    const { isFailureResult } = this.settings;
    if (isFailureResult === undefined) {
      this.settle(ticket, SUCCESS, value, endMs);
      return;
    }
    let verdict: Verdict = FAILURE;
    try {
      if (!isFailureResult(value as never)) verdict = SUCCESS;
    } finally {
      this.settle(ticket, verdict, value, endMs);
    }
  }

  /** The error of a call that failed. Fails with: what a predicate throws. @internal */
  settleError(ticket: Ticket, error: unknown, endMs?: number): void {
    const { isIgnored, isFailure } = this.settings;
    let verdict: Verdict = FAILURE;
    try {
      if (isIgnored?.(error) === true) verdict = IGNORED;
      else if (isCancellation(error)) verdict = CANCELLED;
      else if (!isFailure(error)) verdict = SUCCESS;
    } finally {
      this.settle(ticket, verdict, error, endMs);
    }
  }

  /**
   * Counts the end of a call, once. In: the error or value, which may say when to come again; when the call is known to have
   * ended, if that was before now.
   *
   * @internal
   */
  settle(ticket: Ticket, verdict: Verdict, told?: unknown, endMs?: number): void {
    if (ticket.isSettled) return;
    ticket.isSettled = true;
    this.inFlight--;
    const { settings, observer } = this;
    const isTimed = settings.isTimed || observer !== undefined || this.current.kind !== 'closed';
    const nowMs = isTimed ? settings.clock.now() : 0;
    if (this.current.kind === 'half-open') this.catchUp(nowMs);
    const isLate = ticket.generation !== this.generation;
    if (this.current.kind === 'disabled' && !isLate) return;
    const elapsedMs = (endMs ?? nowMs) - ticket.startMs;
    const outcome = isLate ? LATE : elapsedMs >= settings.slowCallMs ? whenSlow(verdict) : verdict;
    this.window.record(outcome, nowMs);
    observer?.counted(outcome, elapsedMs);
    if (!isLate) this.react(outcome, nowMs, told);
    this.publish();
  }

  /** Closes it and forgets everything. An operator's. */
  reset(): void {
    this.become(CLOSED, 'manual', this.nowMs());
    this.publish();
  }

  /** Rejects every call until `enable` or `reset`. An operator's. */
  forceOpen(): void {
    this.become(FORCED_OPEN, 'manual', this.nowMs());
    this.publish();
  }

  /** Passes every call on and counts nothing, until `enable` or `reset`. An operator's. */
  disable(): void {
    this.become(DISABLED, 'manual', this.nowMs());
    this.publish();
  }

  /** Passes every call on and counts, until `enable` or `reset`; `wouldOpen` says what it would do. An operator's. */
  observeOnly(): void {
    this.become(METRICS_ONLY, 'manual', this.nowMs());
    this.publish();
  }

  /** Takes `forceOpen`, `disable` or `observeOnly` back: it is closed and judges again. Without effect otherwise. */
  enable(): void {
    const { kind } = this.current;
    if (kind === 'forced-open' || kind === 'disabled' || kind === 'metrics-only') this.reset();
  }

  /** All that it knows as plain data, for `Breaker.restore` after a restart. Times are kept as what is left of them. */
  save(): SavedBreaker {
    const nowMs = this.nowMs();
    return saveState(this.current, nowMs, {
      stateNow: this.state,
      openings: this.openings,
      openForMs: nowMs - this.openedAtMs,
      window: this.window.save(nowMs),
      maxHalfOpenMs: this.settings.maxHalfOpenMs,
    });
  }

  /**
   * Makes a breaker that goes on where a saved one was. Trials that were under way then are forgotten; counts of another kind
   * of window are left out.
   *
   * Fails with: BREAKER_SNAPSHOT_INVALID, BREAKER_OPTION_INVALID.
   */
  static restore(saved: SavedBreaker, options: BreakerOptions): Breaker {
    const breaker = new Breaker(options);
    const nowMs = breaker.nowMs();
    const { settings } = breaker;
    const { state, openings, openedAtMs } = restoreState(saved, settings.name, nowMs, () => openMsOf(settings, saved.openings + 1));
    breaker.current = state;
    breaker.openings = openings;
    breaker.openedAtMs = openedAtMs;
    if (saved.window.kind === settings.window.kind) breaker.window.restore(saved.window, nowMs);
    return breaker;
  }

  /** The time for a trial has come. @internal */
  wake(): void {
    this.catchUp(this.nowMs());
    this.schedule();
    this.publish();
  }

  /** Asks to be woken when it is open and somebody listens. @internal */
  schedule(): void {
    const { current } = this;
    const isListened = this.feed?.isListened === true || this.observer?.feed.isListened === true;
    WakeUps.of(this.settings.clock).set(this, isListened && current.kind === 'open' ? current.untilMs : undefined);
  }

  /** A promise's own `then`, and not an async function: 30 ns less on Node 20. */
  private settleLater<T>(ticket: Ticket, made: PromiseLike<T>): Promise<T> {
    return (made instanceof Promise ? (made as Promise<T>) : Promise.resolve(made)).then(
      (value) => {
        this.settleValue(ticket, value);
        return value;
      },
      (error: unknown) => {
        this.settleError(ticket, error);
        throw error;
      },
    );
  }

  /** What was thrown at once: by a function that was let in, or because it was not. */
  private refuse(ticket: Ticket | undefined, error: unknown): Promise<never> {
    try {
      if (ticket !== undefined) this.settleError(ticket, error);
      return rejectSoon(error);
    } catch (thrown) {
      return rejectSoon(thrown);
    }
  }

  private nowMs(): number {
    return this.settings.clock.now();
  }

  private admitUnlessOpen(nowMs: number): Ticket | undefined {
    this.catchUp(nowMs);
    const { current } = this;
    const isLetIn = current.kind === 'half-open' ? this.takePermit(current.trials, nowMs) : !isOpen(current);
    if (isLetIn) {
      this.inFlight++;
      return new Ticket(this.generation, nowMs);
    }
    this.window.record(REJECTED, nowMs);
    this.observer?.counted(REJECTED, NaN);
    return undefined;
  }

  private takePermit(trials: Trials, nowMs: number): boolean {
    if (trials.running + trials.settled >= this.settings.halfOpenMax) return false;
    trials.running++;
    trials.lastAtMs = nowMs;
    return true;
  }

  private retryAfterMs(): number {
    if (this.current.kind === 'forced-open') return this.settings.resetTimeoutMs;
    return Math.max(1_000, this.remainingOpenMs);
  }

  /** What time alone has changed: open long enough, or trials that do not end. */
  private catchUp(nowMs: number): void {
    for (;;) {
      const { current, settings } = this;
      if (current.kind === 'open' && nowMs >= current.untilMs) {
        this.become(halfOpen(current.untilMs, openMsOf(settings, this.openings + 1)), 'probe', nowMs);
      } else if (current.kind === 'half-open' && nowMs >= stuckAtMs(current.trials, settings.maxHalfOpenMs)) {
        const sinceMs = stuckAtMs(current.trials, settings.maxHalfOpenMs);
        this.openings++;
        this.become({ kind: 'open', sinceMs, untilMs: sinceMs + current.nextOpenMs }, 'probe', nowMs);
      } else return;
    }
  }

  /** What an outcome of the present state does to it. */
  private react(outcome: Outcome, nowMs: number, told: unknown): void {
    const { current } = this;
    if (current.kind === 'half-open') this.judgeTrial(current.trials, outcome, current.nextOpenMs, nowMs, told);
    else if (current.kind === 'closed' && outcome <= SLOW_CANCELLED) {
      const cause = this.findCause(outcome);
      // Read now: where no call is timed, nobody has.
      if (cause !== undefined) this.open(cause, openMsOf(this.settings, 1), this.nowMs(), told);
    }
  }

  /** Why what the window holds opens the breaker, if it does. */
  private findCause(outcome: Outcome): TransitionCause | undefined {
    const { settings, window } = this;
    const { counts } = window;
    if (settings.window.kind === 'consecutive') {
      if (window.inRow < settings.maxFailures) return undefined;
      return outcome === FAILURE || outcome === SLOW_FAILURE ? 'rate' : 'slow';
    }
    const failures = counts[FAILURE] + counts[SLOW_FAILURE];
    if (failures >= settings.maxFailures) return 'rate';
    const judged = failures + counts[SUCCESS] + counts[SLOW_SUCCESS];
    // Divided, not multiplied: 3 of 30 is 0.1, but 0.1 times 30 is more than 3.
    if (judged >= settings.minimumCalls && failures / judged >= settings.failureRatio) return 'rate';
    const calls = judged + counts[SLOW_CANCELLED];
    const slow = counts[SLOW_SUCCESS] + counts[SLOW_FAILURE] + counts[SLOW_CANCELLED];
    return calls >= settings.minimumCalls && slow / calls >= settings.slowRatio ? 'slow' : undefined;
  }

  private judgeTrial(trials: Trials, outcome: Outcome, nextOpenMs: number, nowMs: number, told: unknown): void {
    trials.running--;
    if (outcome > SLOW_CANCELLED) return;
    trials.settled++;
    if (outcome === SUCCESS || outcome === SLOW_SUCCESS) trials.successes++;
    else if (outcome !== SLOW_CANCELLED) trials.failures++;
    if (outcome !== SUCCESS && outcome !== FAILURE) trials.slow++;
    if (isRefuted(trials, this.settings)) this.open('probe', nextOpenMs, nowMs, told);
    else if (trials.settled >= this.settings.halfOpenMax) this.become(CLOSED, 'probe', nowMs);
  }

  private open(cause: TransitionCause, ownMs: number, nowMs: number, told: unknown): void {
    const askedMs = Math.min(readRetryAfterMs(told) ?? 0, this.settings.maxRetryAfterMs);
    const forMs = Math.max(ownMs, askedMs);
    if (this.openings === 0) this.openedAtMs = nowMs;
    this.openings++;
    this.become({ kind: 'open', sinceMs: nowMs, untilMs: nowMs + forMs }, askedMs > ownMs ? 'retry_after' : cause, nowMs);
  }

  /** Changes the state; whoever calls this publishes when all is done. */
  private become(state: BreakerState, cause: TransitionCause, nowMs: number): void {
    const from = this.current;
    if (state.kind === from.kind && state.kind !== 'closed') return;
    const closing = state.kind === 'closed' ? this.describeClosing(from, nowMs) : undefined;
    this.current = state;
    this.generation++;
    if (state.kind === 'closed' || state.kind === 'metrics-only') {
      this.window.clear();
      this.openings = 0;
    }
    if (state.kind !== from.kind) this.announce(from.kind, state.kind, cause, closing);
  }

  private describeClosing(from: BreakerState, nowMs: number): Pick<Transition, 'recoveryMs' | 'falsePositive'> {
    if (this.openings === 0) return {};
    const recoveryMs = nowMs - this.openedAtMs;
    const isFalsePositive =
      from.kind === 'half-open' && this.openings === 1 && from.trials.successes === from.trials.settled && from.trials.settled > 0;
    return isFalsePositive ? { recoveryMs, falsePositive: true } : { recoveryMs };
  }

  private announce(from: BreakerStateName, to: BreakerStateName, cause: TransitionCause, closing: object | undefined): void {
    const { feed, observer } = this;
    if (feed?.isListened !== true && observer?.feed.isListened !== true) return;
    const key = this.key === undefined ? {} : { key: this.key };
    const transition = { name: this.name, ...key, from, to, cause, at: new Date().toISOString(), ...closing };
    feed?.push(transition);
    observer?.feed.push(transition);
    this.schedule();
  }

  private publish(): void {
    this.feed?.drain();
    this.observer?.feed.drain();
  }
}

const SETTLED = Promise.resolve();

/** Rejects once whoever asked has its handler there: a promise that is born rejected costs Node a microsecond more. */
function rejectSoon(error: unknown): Promise<never> {
  return new Promise((_, reject) => void SETTLED.then(() => reject(error)));
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<T>).then === 'function';
}

function isOpen({ kind }: BreakerState): boolean {
  return kind === 'open' || kind === 'forced-open';
}

function whenSlow(verdict: Verdict): Outcome {
  switch (verdict) {
    case SUCCESS:
      return SLOW_SUCCESS;
    case FAILURE:
      return SLOW_FAILURE;
    case CANCELLED:
      return SLOW_CANCELLED;
    default:
      return verdict;
  }
}

/** Whether the trials so far are enough to open it again: one failure, or as the ratios say of as many as there may be. */
function isRefuted({ successes, failures, slow, settled }: Trials, settings: BreakerSettings): boolean {
  const { failureRatio, slowRatio, halfOpenMax, slowCallMs } = settings;
  if (failureRatio === Infinity && failures > 0) return true;
  if (settings.window.kind === 'consecutive') return slow > 0;
  if (failures / halfOpenMax >= failureRatio || (slow > 0 && slow / halfOpenMax >= slowRatio)) return true;
  const judged = successes + failures;
  return slowCallMs < Infinity && settled >= halfOpenMax && judged > 0 && failures / judged >= failureRatio;
}
