import { Deadline } from '../lifetime/deadline';
import type { Exchange } from './exchange';
import type { Sending } from './send';

/** A comment: no event to the client (WHATWG HTML §9.2.6), and a sign of life to whatever stands in between. */
const COMMENT = ':\n\n';

/** Sends a comment whenever a stream of events was silent for so long. Ends with the exchange. */
export class EventHeartbeat {
  readonly #exchange: Exchange;
  readonly #sending: Sending;
  readonly #deadline = new Deadline({ deadlineReached: () => this.#beat() });

  constructor(exchange: Exchange, sending: Sending) {
    this.#exchange = exchange;
    this.#sending = sending;
    exchange.lifetime.defer(() => this.#deadline.disarm());
    this.wrote();
  }

  /** Something was sent: the silence begins anew. */
  wrote(): void {
    const { deadlines, clock, limits } = this.#exchange.host;
    if (!this.#exchange.lifetime.ended) deadlines.arm(this.#deadline, clock.now(), limits.sseHeartbeatMs);
  }

  #beat(): void {
    const { out, flush } = this.#sending;
    if (out.writableEnded || out.destroyed) return;
    // Who does not read what waits for it is not helped by more.
    if (out.writableLength === 0) {
      out.write(COMMENT);
      flush?.();
    }
    this.wrote();
  }
}
