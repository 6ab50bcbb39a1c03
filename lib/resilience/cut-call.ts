import { type CancelTimer, type Clock, setAwaitedTimer } from '../lifetime/clock';

/** What cuts a call short. */
export interface Limits {
  readonly clock: Clock;
  /** 0: no limit. */
  readonly timeoutMs: number;
  readonly timeoutError: () => Error;
  /** Whoever waits for the call. */
  readonly signal: AbortSignal | undefined;
}

/** Told how a call ended before anybody else is; each call ends in one of these ways, once. */
export interface EndOfCall {
  succeed(value: unknown): void;
  fail(error: unknown): void;
  /** Its time was up. */
  timeOut(error: Error): void;
  cancel(reason: unknown): void;
}

const nothing = (): void => undefined;

/** Who need not hear of it. */
export const UNHEARD: EndOfCall = { succeed: nothing, fail: nothing, timeOut: nothing, cancel: nothing };

/** What is called: with a signal, unless nothing can cut it. */
type Cuttable<T> = (signal: AbortSignal | undefined) => T | PromiseLike<T>;

/**
 * Calls a function with a signal: the call ends when the function does, when its time is up, or when the outer signal aborts,
 * whichever is first. What comes of the function after that is nobody's.
 */
export function cutCall<T>(fn: Cuttable<T>, limits: Limits, end: EndOfCall): Promise<T> {
  return new Promise<T>((resolve, reject) => new CutCall(limits, end, resolve, reject).begin(fn));
}

class CutCall<T> {
  readonly #limits: Limits;
  readonly #end: EndOfCall;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;
  /** Only for a time limit: without one the outer signal says all there is to say. */
  readonly #controller: AbortController | undefined;
  #cancelTimer: CancelTimer | undefined;
  #isOver = false;

  constructor(limits: Limits, end: EndOfCall, resolve: (value: T) => void, reject: (error: unknown) => void) {
    this.#limits = limits;
    this.#end = end;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#controller = limits.timeoutMs > 0 ? new AbortController() : undefined;
  }

  begin(fn: Cuttable<T>): void {
    const { clock, timeoutMs, signal } = this.#limits;
    if (timeoutMs > 0) this.#cancelTimer = setAwaitedTimer(clock, this.#timeOut, timeoutMs);
    signal?.addEventListener('abort', this.#abort, { once: true });
    try {
      const made = fn(this.#controller?.signal ?? signal);
      if (isThenable(made)) made.then(this.#succeed, this.#fail);
      else this.#succeed(made);
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #succeed = (value: T): void => {
    if (!this.#finish()) return;
    this.#end.succeed(value);
    this.#resolve(value);
  };

  readonly #fail = (error: unknown): void => {
    if (!this.#finish()) return;
    this.#end.fail(error);
    this.#reject(error);
  };

  readonly #timeOut = (): void => {
    if (!this.#finish()) return;
    const error = this.#limits.timeoutError();
    this.#end.timeOut(error);
    this.#controller?.abort(error);
    this.#reject(error);
  };

  readonly #abort = (): void => {
    if (!this.#finish()) return;
    const reason: unknown = this.#limits.signal?.reason;
    this.#end.cancel(reason);
    this.#controller?.abort(reason);
    this.#reject(reason);
  };

  /** Out: false where it ended before. */
  #finish(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#cancelTimer?.();
    this.#limits.signal?.removeEventListener('abort', this.#abort);
    return true;
  }
}

export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<T>).then === 'function';
}
