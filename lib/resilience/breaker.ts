// Hot: a call through a closed breaker costs a few dozen nanoseconds more than without.
import type { Observable } from 'rxjs';
import { BreakerCall } from './breaker-call';
import { type BreakerTimeoutError, timeoutError } from './breaker-error';
import type { BreakerOptions } from './breaker-options';
import { type BreakerSettings, compileSettings, isCompiled } from './breaker-settings';
import { type BreakerStateName, CLOSED, DISABLED, FORCED_OPEN, METRICS_ONLY } from './breaker-state';
import { Circuit, type Use } from './circuit';
import { cutCall } from './cut-call';
import { findCause } from './judgement';
import { ObservedCall } from './observed-call';
import { type BreakerStats, FAILURE, toStats } from './outcome';
import { restoreInto, type SavedBreaker, saveCircuit } from './saved-breaker';
import type { Transition } from './transition';
import { callUncut, rejectSoon } from './uncut-call';
import type { Shared } from './voice';

/** What one call through a breaker may say. */
export interface BreakerCallOptions {
  /** Whoever waits for the call: when it aborts, the call is cancelled, and counts as nothing unless it was slow. */
  readonly signal?: AbortSignal | undefined;
}

/** A breaker in short, as `JSON.stringify` shows it. */
export interface BreakerSummary {
  readonly name: string;
  readonly key?: string;
  readonly state: BreakerStateName;
  readonly remainingOpenMs: number;
  readonly stats: BreakerStats;
}

/**
 * A circuit breaker: passes calls on while they work, rejects them at once while they do not, and tries again.
 *
 * In: options, each with a default; the shortest are `{ maxFailures: 5, resetTimeoutMs: 30_000 }`. It has no timer of its own:
 * what time changes shows on the next call, or on reading. Nothing has to be closed.
 * Fails with: BREAKER_OPTION_INVALID.
 */
export class Breaker {
  private readonly settings: BreakerSettings;
  private readonly circuit: Circuit;

  constructor(options: BreakerOptions);
  /** @internal */
  constructor(settings: BreakerSettings, key?: string, shared?: Shared);
  constructor(options: BreakerOptions | BreakerSettings, key?: string, shared?: Shared) {
    this.settings = isCompiled(options) ? options : compileSettings(options);
    this.circuit = new Circuit(this.settings, key, shared);
  }

  get name(): string {
    return this.settings.name;
  }

  /** Which of the breakers of its name; `undefined` for one that is alone. */
  get key(): string | undefined {
    return this.circuit.key;
  }

  /** As of now. Reading changes nothing and publishes nothing. */
  get state(): BreakerStateName {
    return this.circuit.stateNow();
  }

  /** Milliseconds until it lets trials in; 0 when it is not open, or was forced open. */
  get remainingOpenMs(): number {
    return this.circuit.remainingOpenMs();
  }

  /** What its window holds, as of now. */
  get stats(): BreakerStats {
    return toStats(this.circuit.countsNow());
  }

  /** Whether what is counted would open it, were it closed: for `metrics-only`. */
  get wouldOpen(): boolean {
    this.circuit.countsNow();
    return findCause(this.settings, this.circuit.window, FAILURE) !== undefined;
  }

  /** Whether a call made now would be rejected. Asking counts nothing, and takes no trial's place. */
  get wouldReject(): boolean {
    return this.circuit.wouldReject();
  }

  /** Every change from now on: each once, in order, after the change. What a listener throws never reaches a caller. */
  get transitions$(): Observable<Transition> {
    return this.circuit.voice.observe(() => this.circuit.schedule());
  }

  /**
   * Calls `fn`, unless the breaker is open.
   *
   * In: a function of a signal, which aborts when the call's time is up or `options.signal` aborts; it may return a value or a
   * promise. Out: what it gives; what it fails with is passed on as it is.
   * Fails with: `BreakerOpenError` (BREAKER_OPEN) at once; `BreakerTimeoutError` (BREAKER_TIMEOUT); the reason of `options.signal`.
   */
  call<T>(fn: (signal: AbortSignal) => T | PromiseLike<T>, options?: BreakerCallOptions): Promise<T> {
    const signal = options?.signal;
    if (signal === undefined && this.settings.timeoutMs === 0) return callUncut(this.circuit, fn);
    try {
      return this.callCut(fn as (signal: AbortSignal | undefined) => T | PromiseLike<T>, signal);
    } catch (error) {
      return rejectSoon(error);
    }
  }

  /**
   * The same for an Observable: `factory` is called, and the call begins, with each subscription.
   *
   * It succeeds when it completes, or when nobody wants more after its first value; it is cancelled when nobody wants it before
   * that, or when `options.signal` aborts, which is then its error. How long it takes, and `timeoutMs`, is measured up to the
   * first value.
   */
  call$<T>(factory: (signal: AbortSignal) => Observable<T>, options?: BreakerCallOptions): Observable<T> {
    return this.observeCall((signal) => factory(signal), options?.signal);
  }

  /** The same, with the call in hand. @internal */
  observeCall<T>(
    factory: (signal: AbortSignal, call: BreakerCall) => Observable<T>,
    signal: AbortSignal | undefined,
  ): Observable<T> {
    const admit = (): BreakerCall => {
      this.refuseAborted(signal);
      return this.begin();
    };
    return ObservedCall.observe(factory, admit, this.limits(signal));
  }

  /**
   * Lets a call in that is no function: what it gives is settled by hand, once.
   *
   * Fails with: `BreakerOpenError` (BREAKER_OPEN), thrown.
   */
  begin(): BreakerCall {
    return new BreakerCall(this.circuit);
  }

  /** Closes it and forgets everything. An operator's. */
  reset(): void {
    this.circuit.turn(CLOSED);
  }

  /** Rejects every call until `enable` or `reset`. An operator's. */
  forceOpen(): void {
    this.circuit.turn(FORCED_OPEN);
  }

  /** Passes every call on and counts nothing, until `enable` or `reset`. An operator's. */
  disable(): void {
    this.circuit.turn(DISABLED);
  }

  /** Passes every call on and counts, until `enable` or `reset`; `wouldOpen` says what it would do. An operator's. */
  observeOnly(): void {
    this.circuit.turn(METRICS_ONLY);
  }

  /** Takes `forceOpen`, `disable` or `observeOnly` back: it is closed and judges again. Without effect otherwise. */
  enable(): void {
    const { kind } = this.circuit.current;
    if (kind === 'forced-open' || kind === 'disabled' || kind === 'metrics-only') this.reset();
  }

  /**
   * Lets trials in at once where it is open: for a health check which says that it works again. Trials have the last word, and
   * in any other state this is without effect, so that no health check can open or close a breaker.
   */
  probeNow(): void {
    this.circuit.probeNow();
  }

  /** Counts a trial that succeeded, where one may be made: what a health check saw, whatever predicates think. @internal */
  confirm(): void {
    if (this.circuit.stateNow() === 'half-open' && !this.wouldReject) this.begin().confirm();
  }

  /** All that it knows as plain data, for `Breaker.restore` after a restart. Times are kept as what is left of them. */
  save(): SavedBreaker {
    return saveCircuit(this.circuit);
  }

  /**
   * Makes a breaker that goes on where a saved one was. Trials that were under way then are forgotten; counts of another kind
   * of window are left out.
   *
   * Fails with: BREAKER_SNAPSHOT_INVALID, BREAKER_OPTION_INVALID.
   */
  static restore(saved: SavedBreaker, options: BreakerOptions): Breaker {
    const breaker = new Breaker(options);
    restoreInto(breaker.circuit, saved);
    return breaker;
  }

  /** What is worth telling of it, for JSON. */
  toJSON(): BreakerSummary {
    const { name, key, state, remainingOpenMs, stats } = this;
    return { name, ...(key === undefined ? {} : { key }), state, remainingOpenMs, stats };
  }

  /** Looks anew whether somebody listens who wants to hear of a half-open one in time. @internal */
  schedule(): void {
    this.circuit.schedule();
  }

  /** How well it can be done without. @internal */
  get use(): Use {
    return this.circuit.use();
  }

  /** How long a call may take, in milliseconds; 0: as long as it takes. @internal */
  get timeoutMs(): number {
    return this.settings.timeoutMs;
  }

  /** What a call fails with that took longer. @internal */
  timeoutError(): BreakerTimeoutError {
    return timeoutError(this.settings.name, this.settings.timeoutMs);
  }

  /** Counts a call of somebody who waits no more, and for whom nothing is called. @internal */
  countUnbegun(): void {
    this.circuit.countUnbegun();
  }

  /**
   * A call that may be cut, by its time or by who waits for it, and is in hand. In: `fn` gets no signal where nothing can cut it.
   * Fails with: BREAKER_OPEN, thrown.
   *
   * @internal
   */
  callCut<T>(
    fn: (signal: AbortSignal | undefined, call: BreakerCall) => T | PromiseLike<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    this.refuseAborted(signal);
    const call = this.begin();
    return cutCall((inner) => fn(inner, call), this.limits(signal), call);
  }

  /** Who does not wait any more is not called for. */
  private refuseAborted(signal: AbortSignal | undefined): void {
    if (signal?.aborted !== true) return;
    this.circuit.countUnbegun();
    throw signal.reason;
  }

  private limits(signal: AbortSignal | undefined) {
    const { name, clock, timeoutMs } = this.settings;
    return { clock, timeoutMs, signal, timeoutError: () => timeoutError(name, timeoutMs) };
  }
}
