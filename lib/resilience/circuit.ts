// Hot: a call through a closed breaker is counted here, in a few dozen nanoseconds.
import { epochMs } from '../lifetime/clock';
import { type BreakerOpenError, openError } from './breaker-error';
import { type BreakerSettings, openMsOf } from './breaker-settings';
import {
  type BreakerState,
  type BreakerStateName,
  CLOSED,
  forgottenAtMs,
  halfOpen,
  hasPermit,
  remainingOpenMs,
  stateAt,
  stuckAtMs,
  takePermit,
  type Trials,
} from './breaker-state';
import { countTrial, findCause, hasTrouble, isRefuted } from './judgement';
import { CANCELLED, type Counts, counts, LATE, type Outcome, REJECTED, SUCCESS, type Verdict } from './outcome';
import { outcomeOf } from './outcome-of';
import { openWindow } from './open-window';
import type { OutcomeWindow } from './outcome-window';
import { readRetryAfterMs } from './retry-after';
import { type BreakerObserver, describeClosing, type TransitionCause } from './transition';
import { verdictOfError, verdictOfValue } from './verdict';
import { type Shared, Voice } from './voice';
import { type Sleeper, WakeUps } from './wake-ups';

/** How a call that was let in ended. */
export interface End {
  /** The state it was let in by. */
  readonly generation: number;
  readonly elapsedMs: number;
  readonly nowMs: number;
  readonly verdict: Verdict;
  /** The error or value, which may say when to come again. */
  readonly told: unknown;
}

/** How badly it is needed. */
export type Use = 'none' | 'some' | 'all';

/**
 * What a breaker knows and how it changes: one state, one window, one number that tells a state from the one before.
 * It has no timer: what time alone changes shows on the next call, or on looking.
 */
export class Circuit implements Sleeper {
  current: BreakerState;
  /** Counts transitions: what began in an earlier one has an earlier number. */
  generation: number;
  inFlight: number;
  /** How often it opened since it was closed, and when it did first. */
  openings: number;
  openedAtMs: number;
  readonly window: OutcomeWindow;
  readonly voice: Voice;
  private readonly observer: BreakerObserver | undefined;
  /** Whether the end of a call that succeeds is needed in time. */
  private readonly isTimed: boolean;
  private readonly asksValues: boolean;
  private readonly judgesRatios: boolean;

  constructor(
    readonly settings: BreakerSettings,
    readonly key: string | undefined,
    shared: Shared | undefined,
  ) {
    this.current = CLOSED;
    this.generation = 0;
    this.inFlight = 0;
    this.openings = 0;
    this.openedAtMs = 0;
    this.window = openWindow(settings.window);
    this.voice = new Voice(settings, key, shared?.feed);
    this.observer = shared?.observer;
    this.isTimed = settings.isTimed || shared?.observer !== undefined;
    this.judgesRatios = settings.window.kind !== 'consecutive';
    this.asksValues = settings.isFailureValue !== undefined || settings.isIgnoredValue !== undefined;
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

  /** Lets a call in. Out: the generation it belongs to; -1 where it is not let in, and `rejection` says so. */
  enter(nowMs: number): number {
    if (this.current !== CLOSED) return this.enterUnlessOpen(nowMs);
    this.inFlight++;
    return this.generation;
  }

  /** What `enter` would say, without any of its effects. */
  wouldReject(): boolean {
    const nowMs = this.nowMs();
    const { current, settings } = this;
    const state = stateAt(current, nowMs, settings.maxHalfOpenMs);
    if (state !== 'half-open') return state === 'open' || state === 'forced-open';
    // One that has just become half-open, or was stuck and is again, has had no trial yet.
    if (current.kind !== 'half-open' || nowMs >= stuckAtMs(current.trials, settings.maxHalfOpenMs)) return false;
    return !hasPermit(current.trials, settings.halfOpenMax);
  }

  rejection(nowMs: number): BreakerOpenError {
    return openError(this.settings.name, Math.ceil(this.retryAfterMs(nowMs)), this.key);
  }

  /** A call of `generation` came back with a value. */
  endValue(generation: number, startMs: number, value: unknown): void {
    if (this.current === CLOSED && generation === this.generation && !this.asksValues) {
      const nowMs = this.isTimed ? this.nowMs() : startMs;
      const elapsedMs = nowMs - startMs;
      if (elapsedMs < this.settings.slowCallMs) {
        this.inFlight--;
        this.window.record(SUCCESS, nowMs);
        this.observer?.counted(SUCCESS, elapsedMs);
        // It may be the one that makes them enough to judge by.
        if (this.judgesRatios && hasTrouble(this.window.counts)) this.reactAndPublish(SUCCESS, nowMs, value);
        return;
      }
    }
    this.end(generation, startMs, verdictOfValue(this.settings, value), value);
  }

  /** A call of `generation` failed. */
  endError(generation: number, startMs: number, error: unknown): void {
    this.end(generation, startMs, verdictOfError(this, error), error);
  }

  /** Counts the end of a call that was let in, once. */
  leave({ generation, elapsedMs, nowMs, verdict, told }: End): void {
    this.inFlight--;
    if (this.current.kind === 'half-open') this.catchUp(nowMs);
    const isLate = generation !== this.generation;
    const outcome = isLate ? LATE : outcomeOf(this.settings, verdict, elapsedMs, told);
    this.count(outcome, nowMs, elapsedMs);
    if (isLate) this.voice.publish();
    else this.reactAndPublish(outcome, nowMs, told);
  }

  /** A call that its caller gave up before it was asked for: nothing was called. */
  countUnbegun(): void {
    this.count(CANCELLED, this.nowMs(), 0);
  }

  /** An operator's change. */
  turn(state: BreakerState): void {
    this.become(state, 'manual', this.nowMs());
    this.voice.publish();
  }

  /** Trials are let in at once, where it is open. */
  probeNow(): void {
    const nowMs = this.nowMs();
    this.catchUp(nowMs);
    if (this.current.kind === 'open') {
      this.become(halfOpen(nowMs, openMsOf(this.settings, this.openings + 1)), 'probe', nowMs);
    }
    this.voice.publish();
  }

  /** What its window holds. */
  countsNow(): Counts {
    this.window.forget(this.nowMs());
    return this.window.counts;
  }

  /** `none`: closed, and nobody calls; `some`: closed, or forgotten while it waited for a trial; `all`: it has to be kept. */
  use(): Use {
    const { current } = this;
    if (current.kind === 'closed') return this.inFlight === 0 ? 'none' : 'some';
    const isForgotten = this.inFlight === 0 && this.nowMs() > forgottenAtMs(current);
    return isForgotten ? 'some' : 'all';
  }

  /** What time alone has changed: open long enough, or trials that do not end. */
  catchUp(nowMs: number): void {
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

  /** Changes the state; whoever calls this publishes when all is done. */
  become(state: BreakerState, cause: TransitionCause, nowMs: number): void {
    const from = this.current;
    if (state.kind === from.kind && state.kind !== 'closed') return;
    const closing =
      state.kind === 'closed' && this.openings > 0 ? describeClosing(from, this.openings, nowMs - this.openedAtMs) : undefined;
    this.current = state;
    this.generation++;
    if (state.kind === 'closed' || state.kind === 'metrics-only') {
      this.window.clear();
      this.openings = 0;
    }
    if (state.kind === from.kind || !this.voice.isHeard) return;
    this.voice.announce({ from: from.kind, to: state.kind, cause, ...closing });
    this.schedule();
  }

  /** The time for a trial has come. */
  wake(): void {
    this.catchUp(this.nowMs());
    this.voice.publish();
    this.schedule();
  }

  /** Asks to be woken when it is open and somebody listens. */
  schedule(): void {
    const { current } = this;
    const atMs = this.voice.isListened && current.kind === 'open' ? current.untilMs : undefined;
    WakeUps.of(this.settings.clock).set(this, atMs);
  }

  private count(outcome: Outcome, nowMs: number, elapsedMs: number): void {
    if (this.current.kind === 'disabled') return;
    this.window.record(outcome, nowMs);
    this.observer?.counted(outcome, elapsedMs);
  }

  private reactAndPublish(outcome: Outcome, nowMs: number, told: unknown): void {
    this.react(outcome, nowMs, told);
    this.voice.publish();
  }

  /** What an outcome of the present state does to it. */
  private react(outcome: Outcome, nowMs: number, told: unknown): void {
    const { current } = this;
    if (current.kind === 'half-open') this.judgeTrial(current.trials, outcome, current.nextOpenMs, nowMs, told);
    else if (current.kind === 'closed' && counts(outcome)) {
      const cause = findCause(this.settings, this.window, outcome);
      if (cause !== undefined) this.open(cause, openMsOf(this.settings, 1), nowMs, told);
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

  private end(generation: number, startMs: number, verdict: Verdict, told: unknown): void {
    const nowMs = this.nowMs();
    this.leave({ generation, elapsedMs: nowMs - startMs, nowMs, verdict, told });
  }

  private enterUnlessOpen(nowMs: number): number {
    this.catchUp(nowMs);
    const { current } = this;
    const isLetIn =
      current.kind === 'half-open' ? takePermit(current.trials, this.settings.halfOpenMax, nowMs) : !isOpen(current);
    if (isLetIn) this.inFlight++;
    else this.count(REJECTED, nowMs, NaN);
    // Who listens may change the state before the call begins: it belongs to the one it was let in by.
    const generation = isLetIn ? this.generation : -1;
    this.voice.publish();
    return generation;
  }

  private retryAfterMs(nowMs: number): number {
    if (this.current.kind === 'forced-open') return this.settings.resetTimeoutMs;
    return Math.max(1_000, remainingOpenMs(this.current, nowMs, this.settings.maxHalfOpenMs));
  }
}

function isOpen({ kind }: BreakerState): boolean {
  return kind === 'open' || kind === 'forced-open';
}
