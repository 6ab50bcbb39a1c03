import type { Circuit } from './circuit';
import { CANCELLED, FAILURE, IGNORED, SUCCESS, type Verdict } from './outcome';
import { verdictOfError, verdictOfValue } from './verdict';

/**
 * A call that a breaker let in, settled by hand: for what is no function to be called, such as a stream or a session.
 *
 * Settle it once, by one of its methods; a second time is without effect, and so is the result of a call that began in an
 * earlier state of the breaker (it is counted as late). One that is never settled holds a trial's permit until `maxHalfOpenMs`.
 */
export class BreakerCall {
  readonly #circuit: Circuit;
  /** The state it was let in by. */
  readonly #generation: number;
  #startMs: number;
  /** How long it took until its answer began; undefined while that is not known. */
  #answeredAfterMs: number | undefined = undefined;
  #isSettled = false;

  /** Lets it in. Fails with: BREAKER_OPEN. @internal */
  constructor(circuit: Circuit) {
    const startMs = circuit.nowMs();
    const generation = circuit.enter(startMs);
    if (generation < 0) throw circuit.rejection(startMs);
    this.#circuit = circuit;
    this.#generation = generation;
    this.#startMs = startMs;
  }

  /** Whether it was settled. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** It came back. In: its value, for predicates that ask about values. */
  succeed(value?: unknown): void {
    if (!this.#isSettled) this.#settle(verdictOfValue(this.#circuit.settings, value), value);
  }

  /** It came back, and nobody is asked about it. @internal */
  confirm(): void {
    this.#settle(SUCCESS, undefined);
  }

  /** It failed. In: the error, which is judged as that of a `call` is: it may be a failure, a cancellation, ignored, or a success. */
  fail(error: unknown): void {
    if (!this.#isSettled) this.#settle(verdictOfError(this.#circuit, error), error);
  }

  /** It took longer than it may: a failure, whatever predicates think. In: the error it fails with. */
  timeOut(error?: unknown): void {
    this.#settle(FAILURE, error);
  }

  /** Whoever waited for it does so no more: it counts as nothing, unless it was slow. In: why, as in `signal.reason`. */
  cancel(reason?: unknown): void {
    this.#settle(CANCELLED, reason);
  }

  /** It tells nothing about what was called, however long it took. */
  ignore(): void {
    this.#settle(IGNORED, undefined);
  }

  /**
   * Its answer has begun: what follows may take as long as it takes, and the call is not slow for it. In: when that was, by the
   * breaker's clock. Default: now.
   */
  answered(atMs = this.#circuit.nowMs()): void {
    this.#answeredAfterMs ??= Math.max(0, atMs - this.#startMs);
  }

  /** Its time begins now: what it did before was waiting, and not for what is called. */
  restart(): void {
    this.#startMs = this.#circuit.nowMs();
  }

  #settle(verdict: Verdict, told: unknown): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    const nowMs = this.#circuit.nowMs();
    this.#circuit.leave({
      generation: this.#generation,
      elapsedMs: this.#answeredAfterMs ?? nowMs - this.#startMs,
      nowMs,
      verdict,
      told,
    });
  }
}
