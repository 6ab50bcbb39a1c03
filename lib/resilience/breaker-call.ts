// Hot: one is made for each call that is let in.
import { CANCELLED, FAILURE, IGNORED, type Verdict } from './outcome';

/** What a call is settled with: the circuit that let it in. */
export interface Settling {
  nowMs(): number;
  settleValue(call: BreakerCall, value: unknown): void;
  settleError(call: BreakerCall, error: unknown): void;
  settle(call: BreakerCall, verdict: Verdict, told?: unknown): void;
}

/**
 * A call that a breaker let in, settled by hand: for what is no function to be called, such as a stream or a session.
 *
 * Settle it once, by one of its methods; a second time is without effect, and so is the result of a call that began in an
 * earlier state of the breaker (it is counted as late). One that is never settled holds a trial's permit until `maxHalfOpenMs`.
 */
export class BreakerCall {
  /** Whether it was settled. */
  isSettled: boolean;
  /** How long it took until its answer began; below zero while that is not known. @internal */
  answeredAfterMs: number;

  /** @internal */
  constructor(
    private readonly circuit: Settling,
    /** The state it was let in by. @internal */
    readonly generation: number,
    /** @internal */
    public startMs: number,
  ) {
    this.isSettled = false;
    this.answeredAfterMs = -1;
  }

  /** It came back. In: its value, for predicates that ask about values. */
  succeed(value?: unknown): void {
    this.circuit.settleValue(this, value);
  }

  /** It failed. In: the error, which is judged as that of a `call` is: it may be a failure, a cancellation, ignored, or a success. */
  fail(error: unknown): void {
    this.circuit.settleError(this, error);
  }

  /** It took longer than it may: a failure, whatever predicates think. In: the error it fails with. */
  timeOut(error: unknown): void {
    this.circuit.settle(this, FAILURE, error);
  }

  /** Whoever waited for it does so no more: it counts as nothing, unless it was slow. In: why, as in `signal.reason`. */
  cancel(reason?: unknown): void {
    this.circuit.settle(this, CANCELLED, reason);
  }

  /** It tells nothing about what was called, however long it took. */
  ignore(): void {
    this.circuit.settle(this, IGNORED);
  }

  /** Its answer has begun: what follows may take as long as it takes, and the call is not slow for it. */
  answered(): void {
    if (this.answeredAfterMs < 0) this.answeredAfterMs = Math.max(0, this.circuit.nowMs() - this.startMs);
  }

  /** Its time begins now: what it did before was waiting, and not for what is called. */
  restart(): void {
    this.startMs = this.circuit.nowMs();
  }
}
