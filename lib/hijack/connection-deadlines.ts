import { type Clock, epochMs } from '../lifetime/clock';
import { Deadline, type Deadlines, type Expiring } from '../lifetime/deadline';
import { type ConnectionTimeoutError, connectionTimeout, type DeadlineKind } from './connection-timeout-error';
import { hijackErrors } from './errors';

/** A moment: milliseconds from now, or a point in time. `undefined`, 0 and `Infinity`: none. */
export type DeadlineTime = number | Date | undefined;

/** Told when a deadline passes. */
type Passed = (error: ConnectionTimeoutError) => void;

/** One deadline. It stays passed until it is set again. */
class OneDeadline implements Expiring {
  error: ConnectionTimeoutError | undefined;
  readonly #kind: DeadlineKind;
  readonly #passed: Passed;
  readonly #deadline: Deadline;

  constructor(kind: DeadlineKind, passed: Passed) {
    this.error = undefined;
    this.#kind = kind;
    this.#passed = passed;
    this.#deadline = new Deadline(this);
  }

  set(ms: number | undefined, deadlines: Deadlines, nowMs: number): void {
    this.error = undefined;
    if (ms === undefined) this.#deadline.disarm();
    else if (ms <= 0) this.deadlineReached();
    else deadlines.arm(this.#deadline, nowMs, ms);
  }

  disarm(): void {
    this.#deadline.disarm();
  }

  deadlineReached(): void {
    this.#deadline.disarm();
    this.error = connectionTimeout(this.#kind);
    this.#passed(this.error);
  }
}

/** The three deadlines of a connection: of the whole, of reading, and of writing. Each holds by itself. */
export class ConnectionDeadlines {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #whole: OneDeadline;
  readonly #read: OneDeadline;
  readonly #write: OneDeadline;

  constructor(rooms: { readonly clock: Clock; readonly deadlines: Deadlines }, passed: Passed) {
    this.#clock = rooms.clock;
    this.#deadlines = rooms.deadlines;
    this.#whole = new OneDeadline('connection', passed);
    this.#read = new OneDeadline('read', passed);
    this.#write = new OneDeadline('write', passed);
  }

  /** Why nothing is read any more, while that is so. */
  get readError(): ConnectionTimeoutError | undefined {
    return this.#whole.error ?? this.#read.error;
  }

  /** Why nothing is written any more, while that is so. */
  get writeError(): ConnectionTimeoutError | undefined {
    return this.#whole.error ?? this.#write.error;
  }

  /** Of the whole; the other two are lifted, as whoever sets all wants it. */
  setWhole(when: DeadlineTime): void {
    const ms = this.#msUntil(when, 'setDeadline()');
    this.#read.set(undefined, this.#deadlines, 0);
    this.#write.set(undefined, this.#deadlines, 0);
    this.#whole.set(ms, this.#deadlines, this.#clock.now());
  }

  setRead(when: DeadlineTime): void {
    this.#read.set(this.#msUntil(when, 'setReadDeadline()'), this.#deadlines, this.#clock.now());
  }

  setWrite(when: DeadlineTime): void {
    this.#write.set(this.#msUntil(when, 'setWriteDeadline()'), this.#deadlines, this.#clock.now());
  }

  disarm(): void {
    this.#whole.disarm();
    this.#read.disarm();
    this.#write.disarm();
  }

  #msUntil(when: DeadlineTime, call: string): number | undefined {
    if (when === undefined || when === 0 || when === Infinity) return undefined;
    const ms = when instanceof Date ? when.getTime() - epochMs(this.#clock) : when;
    if (typeof ms !== 'number' || Number.isNaN(ms)) throw hijackErrors.HIJACK_DEADLINE_INVALID({ call, got: String(when) });
    return ms;
  }
}
