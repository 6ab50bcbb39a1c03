// Hot: a call through a closed breaker is counted here, in a few dozen nanoseconds.
import { epochMs } from '../lifetime/clock';
import { cancellationIn } from '../lifetime/end-reason';
import { BreakerCall, type Settling } from './breaker-call';
import { type BreakerOpenError, openError } from './breaker-error';
import { type BreakerSettings, openMsOf } from './breaker-settings';
import {
  type BreakerState,
  type BreakerStateName,
  CLOSED,
  halfOpen,
  remainingOpenMs,
  stateAt,
  stuckAtMs,
  type Trials,
} from './breaker-state';
import { countTrial, findCause, isRefuted } from './judgement';
import {
  CANCELLED,
  type Counts,
  counts,
  FAILURE,
  IGNORED,
  LATE,
  type Outcome,
  REJECTED,
  SLOW_CANCELLED,
  SLOW_FAILURE,
  SLOW_SUCCESS,
  SUCCESS,
  type Verdict,
} from './outcome';
import type { OutcomeWindow } from './outcome-window';
import { readRetryAfterMs } from './retry-after';
import type { BreakerObserver, Transition, TransitionCause } from './transition';
import type { TransitionFeed } from './transition-feed';
import { openWindow } from './open-window';
import { verdictOfError, verdictOfValue } from './verdict';
import { type Sleeper, WakeUps } from './wake-ups';

/** What the breakers of a registry share. */
export interface Shared {
  readonly feed: TransitionFeed;
  readonly observer: BreakerObserver | undefined;
}

/**
 * What a breaker knows and how it changes: one state, one window, one number that tells a state from the one before.
 * It has no timer: what time alone changes shows on the next call, or on looking.
 */
export class Circuit implements Settling, Sleeper {
  current: BreakerState;
  /** Counts transitions: what began in an earlier one has an earlier number. */
  generation: number;
  inFlight: number;
  /** How often it opened since it was closed, and when it did first. */
  openings: number;
  openedAtMs: number;
  readonly window: OutcomeWindow;
  feed: TransitionFeed | undefined;
  private lastRejection: BreakerOpenError | undefined;
  private readonly isTimed: boolean;

  constructor(
    readonly settings: BreakerSettings,
    readonly key: string | undefined,
    private readonly shared: Shared | undefined,
  ) {
    this.current = CLOSED;
    this.generation = 0;
    this.inFlight = 0;
    this.openings = 0;
    this.openedAtMs = 0;
    this.window = openWindow(settings.window);
    this.feed = undefined;
    this.lastRejection = undefined;
    this.isTimed = settings.isTimed || shared?.observer !== undefined;
  }

  nowMs(): number {
    return this.settings.clock.now();
  }

  stateNow(): BreakerStateName {
    return stateAt(this.current, this.nowMs(), this.settings.maxHalfOpenMs);
  }

  remainingOpenMs(): number {
    return remainingOpenMs(this.current, this.nowMs(), this.settings.maxHalfOpenMs);
  }

  /** Lets a call in. Fails with: BREAKER_OPEN. */
  admit(): BreakerCall {
    const nowMs = this.nowMs();
    if (this.current.kind === 'closed') {
      this.inFlight++;
      return new BreakerCall(this, this.generation, nowMs);
    }
    const call = this.admitUnlessOpen(nowMs);
    this.publish();
    if (call === undefined) throw this.rejection(nowMs);
    return call;
  }

  settleValue(call: BreakerCall, value: unknown): void {
    const { isFailureValue, isIgnoredValue } = this.settings;
    const isPlain = isFailureValue === undefined && isIgnoredValue === undefined;
    this.settle(call, isPlain ? SUCCESS : verdictOfValue(this.settings, value), value);
  }

  settleError(call: BreakerCall, error: unknown): void {
    this.settle(call, this.isOwnRejection(error) ? IGNORED : verdictOfError(this.settings, error), error);
  }

  /** Counts the end of a call, once. In: the error or value, which may say when to come again. */
  settle(call: BreakerCall, verdict: Verdict, told?: unknown): void {
    if (call.isSettled) return;
    call.isSettled = true;
    this.inFlight--;
    const isTimed = this.isTimed || verdict !== SUCCESS || this.current.kind !== 'closed';
    const nowMs = isTimed ? this.nowMs() : 0;
    if (this.current.kind === 'half-open') this.catchUp(nowMs);
    const elapsedMs = call.answeredAfterMs >= 0 ? call.answeredAfterMs : nowMs - call.startMs;
    const isLate = call.generation !== this.generation;
    const outcome = isLate ? LATE : this.outcomeOf(verdict, elapsedMs, told);
    this.count(outcome, nowMs, elapsedMs);
    if (!isLate) this.react(outcome, nowMs, told);
    this.publish();
  }

  /** A call that its caller gave up before it was asked for: nothing was called. */
  countUnbegun(): void {
    this.count(CANCELLED, this.nowMs(), 0);
  }

  /** An operator's change. */
  turn(state: BreakerState): void {
    this.become(state, 'manual', this.nowMs());
    this.publish();
  }

  /** Trials are let in at once, where it is open. */
  probeNow(): void {
    const nowMs = this.nowMs();
    this.catchUp(nowMs);
    if (this.current.kind === 'open') this.become(halfOpen(openMsOf(this.settings, this.openings + 1)), 'probe', nowMs);
    this.publish();
  }

  /** What its window holds. */
  countsNow(): Counts {
    this.window.forget(this.nowMs());
    return this.window.counts;
  }

  /** `none`: closed, and nobody calls; `some`: closed, or open so long ago that it matters no more; `open`: it has to be kept. */
  use(): 'none' | 'some' | 'open' {
    const { current } = this;
    if (current.kind === 'closed') return this.inFlight === 0 ? 'none' : 'some';
    if (current.kind !== 'open') return 'open';
    const isForgotten = this.inFlight === 0 && this.nowMs() > 2 * current.untilMs - current.sinceMs;
    return isForgotten ? 'some' : 'open';
  }

  /** What time alone has changed: open long enough, or trials that do not end. */
  catchUp(nowMs: number): void {
    for (;;) {
      const { current, settings } = this;
      if (current.kind === 'open' && nowMs >= current.untilMs) {
        this.become(halfOpen(openMsOf(settings, this.openings + 1)), 'probe', nowMs);
      } else if (current.kind === 'half-open' && nowMs >= stuckAtMs(current.trials, settings.maxHalfOpenMs)) {
        const sinceMs = stuckAtMs(current.trials, settings.maxHalfOpenMs);
        this.openings++;
        this.become({ kind: 'open', sinceMs, untilMs: sinceMs + current.nextOpenMs }, 'probe', nowMs);
      } else return;
    }
  }

  /** Changes the state; whoever calls this publishes when all is done. */
  become(state: BreakerState, cause: TransitionCause, nowMs: number): void {
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

  publish(): void {
    this.feed?.drain();
    this.shared?.feed.drain();
  }

  /** The time for a trial has come. */
  wake(): void {
    this.catchUp(this.nowMs());
    this.schedule();
    this.publish();
  }

  /** Asks to be woken when it is open and somebody listens. */
  schedule(): void {
    const { current } = this;
    const isListened = this.feed?.isListened === true || this.shared?.feed.isListened === true;
    WakeUps.of(this.settings.clock).set(this, isListened && current.kind === 'open' ? current.untilMs : undefined);
  }

  private count(outcome: Outcome, nowMs: number, elapsedMs: number): void {
    if (this.current.kind === 'disabled') return;
    this.window.record(outcome, nowMs);
    this.shared?.observer?.counted(outcome, elapsedMs);
  }

  private outcomeOf(verdict: Verdict, elapsedMs: number, told: unknown): Outcome {
    const { slowCallMs, slowDeadlineMs } = this.settings;
    if (verdict === SUCCESS) return elapsedMs >= slowCallMs ? SLOW_SUCCESS : SUCCESS;
    if (verdict === FAILURE) return elapsedMs >= slowCallMs ? SLOW_FAILURE : FAILURE;
    if (verdict !== CANCELLED) return verdict;
    return elapsedMs >= slowCallMs || (elapsedMs >= slowDeadlineMs && isDeadline(told)) ? SLOW_CANCELLED : CANCELLED;
  }

  /** What an outcome of the present state does to it. */
  private react(outcome: Outcome, nowMs: number, told: unknown): void {
    const { current } = this;
    if (current.kind === 'half-open') this.judgeTrial(current.trials, outcome, current.nextOpenMs, nowMs, told);
    else if (current.kind === 'closed' && counts(outcome)) {
      const cause = findCause(this.settings, this.window, outcome);
      // Read now: where no call is timed, nobody has.
      if (cause !== undefined) this.open(cause, openMsOf(this.settings, 1), this.nowMs(), told);
    }
  }

  private judgeTrial(trials: Trials, outcome: Outcome, nextOpenMs: number, nowMs: number, told: unknown): void {
    trials.running--;
    if (!counts(outcome)) return;
    countTrial(trials, outcome);
    if (isRefuted(trials, this.settings)) this.open('probe', nextOpenMs, nowMs, told);
    else if (trials.settled >= this.settings.halfOpenMax) this.become(CLOSED, 'probe', nowMs);
  }

  private open(cause: TransitionCause, ownMs: number, nowMs: number, told: unknown): void {
    const askedMs = Math.min(readRetryAfterMs(told, epochMs(this.settings.clock)) ?? 0, this.settings.maxRetryAfterMs);
    const forMs = Math.max(ownMs, askedMs);
    if (this.openings === 0) this.openedAtMs = nowMs;
    this.openings++;
    this.become({ kind: 'open', sinceMs: nowMs, untilMs: nowMs + forMs }, askedMs > ownMs ? 'retry_after' : cause, nowMs);
  }

  private admitUnlessOpen(nowMs: number): BreakerCall | undefined {
    this.catchUp(nowMs);
    const { current } = this;
    const isLetIn = current.kind === 'half-open' ? this.takePermit(current.trials, nowMs) : !isOpen(current);
    if (isLetIn) {
      this.inFlight++;
      return new BreakerCall(this, this.generation, nowMs);
    }
    this.count(REJECTED, nowMs, NaN);
    return undefined;
  }

  private takePermit(trials: Trials, nowMs: number): boolean {
    if (trials.running + trials.settled >= this.settings.halfOpenMax) return false;
    if (trials.running === 0) trials.busySinceMs = nowMs;
    trials.running++;
    return true;
  }

  /** Those of one millisecond share it: making one costs more than rejecting with it, and they come in crowds. */
  private rejection(nowMs: number): BreakerOpenError {
    const retryAfterMs = Math.ceil(this.retryAfterMs(nowMs));
    if (this.lastRejection?.retryAfterMs !== retryAfterMs) {
      this.lastRejection = openError(this.settings.name, retryAfterMs, this.key);
    }
    return this.lastRejection;
  }

  private retryAfterMs(nowMs: number): number {
    if (this.current.kind === 'forced-open') return this.settings.resetTimeoutMs;
    return Math.max(1_000, remainingOpenMs(this.current, nowMs, this.settings.maxHalfOpenMs));
  }

  /** A call within a call that was rejected: the outer one learns nothing by it of what it called. */
  private isOwnRejection(error: unknown): boolean {
    if (typeof error !== 'object' || error === null) return false;
    const { code, breaker, key } = error as { code?: unknown; breaker?: unknown; key?: unknown };
    return code === 'BREAKER_OPEN' && breaker === this.settings.name && key === this.key;
  }

  private describeClosing(from: BreakerState, nowMs: number): Pick<Transition, 'recoveryMs' | 'falsePositive'> {
    if (this.openings === 0) return {};
    const recoveryMs = nowMs - this.openedAtMs;
    const isFalsePositive =
      from.kind === 'half-open' &&
      this.openings === 1 &&
      from.trials.successes === from.trials.settled &&
      from.trials.settled > 0;
    return isFalsePositive ? { recoveryMs, falsePositive: true } : { recoveryMs };
  }

  private announce(from: BreakerStateName, to: BreakerStateName, cause: TransitionCause, closing: object | undefined): void {
    const own = this.feed;
    const all = this.shared?.feed;
    if (own?.isHeard !== true && all?.isHeard !== true) return;
    const key = this.key === undefined ? {} : { key: this.key };
    const at = new Date(epochMs(this.settings.clock)).toISOString();
    const transition = { name: this.settings.name, ...key, from, to, cause, at, ...closing };
    own?.push(transition);
    all?.push(transition);
    this.schedule();
  }
}

function isOpen({ kind }: BreakerState): boolean {
  return kind === 'open' || kind === 'forced-open';
}

/** Whether it was the caller's own time that ran out, or that of what it belongs to; who leaves says less. */
function isDeadline(told: unknown): boolean {
  let cancellation = cancellationIn(told);
  while (cancellation?.reason === 'parent') cancellation = cancellationIn(cancellation.cause);
  return cancellation?.reason === 'deadline';
}
