import type { Writable } from 'node:stream';
import { Deadline } from '../lifetime/deadline';
import type { Exchange } from './exchange';

/** How long more than the limit may wait without growing less. */
const PATIENCE_MS = 1_000;

/**
 * Watches over what waits for a client when the source cannot be told to wait. A burst, larger than the limit as it may be,
 * is the client's as long as it reads: only where as much or more waits after a while is it cut.
 */
export class OverflowWatch {
  readonly #exchange: Exchange;
  readonly #out: Writable;
  readonly #overflow: () => void;
  readonly #deadline = new Deadline({ deadlineReached: () => setImmediate(this.#look) });
  #waiting = 0;

  /** In: what is called when the source outruns the client. Ends with the exchange. */
  constructor(exchange: Exchange, out: Writable, overflow: () => void) {
    this.#exchange = exchange;
    this.#out = out;
    this.#overflow = overflow;
    exchange.lifetime.defer(() => this.#deadline.disarm());
  }

  /** Something was written that had no room. */
  wrote(): void {
    if (this.#waiting > 0 || this.#out.writableLength <= this.#limit) return;
    this.#wait();
  }

  get #limit(): number {
    return this.#exchange.host.limits.bufferLimitBytes;
  }

  #wait(): void {
    const { deadlines, clock } = this.#exchange.host;
    this.#waiting = this.#out.writableLength;
    deadlines.arm(this.#deadline, clock.now(), PATIENCE_MS);
  }

  /** In a turn of its own: after a time in which the process was busy, the socket had none to write. */
  readonly #look = (): void => {
    const before = this.#waiting;
    this.#waiting = 0;
    const now = this.#out.writableLength;
    if (this.#exchange.lifetime.ended || now <= this.#limit) return;
    if (now >= before) this.#overflow();
    else this.#wait();
  };
}
