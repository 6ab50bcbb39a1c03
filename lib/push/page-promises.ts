import type { Exchange } from '../http/exchange';
import type { EndReason } from '../lifetime/end-reason';
import { type PromisedResource, PromisedStream, type PromisingPage } from './promised-stream';
import type { PushConnection } from './push-connection';
import type { CheckedSettings } from './push-settings';

/** Told of what whoever wrote a route wants to know, and its clients need not. */
export type Warn = (message: string, fields: object) => void;

/** What one page has promised. It ends with the page's cancel, and not with its normal end. */
export class PagePromises implements PromisingPage {
  readonly exchange: Exchange;
  readonly connection: PushConnection;
  readonly #settings: CheckedSettings;
  readonly #warn: Warn;
  readonly #promised: PromisedStream[] = [];
  #bytes = 0;
  #isHeadGone: boolean;
  #isPouring = false;

  constructor(exchange: Exchange, connection: PushConnection, settings: CheckedSettings, warn: Warn) {
    this.exchange = exchange;
    this.connection = connection;
    this.#settings = settings;
    this.#warn = warn;
    this.#isHeadGone = exchange.wire.headSent;
  }

  /** Fails as Node does, when the client takes none any more. */
  add(resource: PromisedResource): void {
    const promised = new PromisedStream(this, resource);
    // In the list before anybody is told of the end, which may have come already.
    if (this.#promised.push(promised) === 1) this.exchange.lifetime.defer((reason) => this.#over(reason));
  }

  /** Whether so much more may be pushed. */
  hasRoomFor(bytes: number): boolean {
    const { maxPageBytes, maxConnectionBytes } = this.#settings;
    return this.#bytes + bytes <= maxPageBytes && this.connection.bytes + bytes <= maxConnectionBytes;
  }

  spend(bytes: number): boolean {
    this.#bytes += bytes;
    return this.hasRoomFor(0);
  }

  afterHead(): void {
    this.#isHeadGone = true;
    this.#pourSoon();
  }

  opened(): void {
    if (this.#isHeadGone) this.#pourSoon();
  }

  failed(path: string, reason: string): void {
    this.#warn('a push failed', { path, reason });
  }

  /** Behind what the page itself writes in the tick its head goes out. */
  #pourSoon(): void {
    if (this.#isPouring || this.#promised.length === 0) return;
    this.#isPouring = true;
    setImmediate(() => {
      this.#isPouring = false;
      for (const promised of this.#promised) promised.pour();
    });
  }

  /** A page that ends without a head was cut, whatever it says. */
  #over(reason: EndReason): void {
    if (reason === 'finished' && this.#isHeadGone) return;
    for (const promised of this.#promised) promised.takeBack();
  }
}
