import type { Exchange } from '../http/exchange';

/** The links of the one 103 that a response may have in front of it: browsers heed the first, and no other. */
export class EarlyHints {
  readonly #exchange: Exchange;
  #links: string[] = [];
  #isSent = false;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  get isSent(): boolean {
    return this.#isSent;
  }

  /** It is sent when the tick is over, unless the head of the response goes before. */
  add(link: string): void {
    if (this.#links.length === 0) process.nextTick(() => this.send());
    this.#links.push(link);
  }

  send(): void {
    if (this.#links.length === 0 || this.#isSent) return;
    this.#isSent = true;
    this.#exchange.wire.hint(this.#links);
    this.#links = [];
  }
}
