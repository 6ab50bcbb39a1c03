import type { Http2Session, IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Unanswered } from '../http/connection';
import type { Exchange } from '../http/exchange';
import { HTTP2_CODES } from '../http/http2-codes';
import { promise, takeBack } from '../http/http2-stream';
import { freshForMs } from './cache-lifetime';
import { type Given, keyOf } from './digest';
import type { KnownFile } from './known-resource';
import type { PushConnection } from './push-connection';
import type { PushResult, PushRow } from './push-report';
import { type ResponseWatcher, watchResponse } from './response-watch';

/** What a promised stream needs of the page it was promised with. */
export interface PromisingPage {
  readonly exchange: Exchange;
  readonly connection: PushConnection;
  /** The stream is there, to be poured when the page's own head is out. */
  opened(): void;
  /** Counts bytes of a body that nobody knew the length of. Out: whether there was room for them. */
  spend(bytes: number): boolean;
  /** A pushed response is a failure, or was given up: people want to know, the page goes on. */
  failed(path: string, reason: string): void;
}

/** What is promised: how it is asked for, and the file it is, if it is one. */
export interface PromisedResource {
  readonly headers: IncomingHttpHeaders;
  readonly file: KnownFile | undefined;
  /** Where it is counted. */
  readonly row: PushRow;
}

const REFUSALS: ReadonlySet<number | undefined> = new Set([HTTP2_CODES.REFUSED_STREAM, HTTP2_CODES.ENHANCE_YOUR_CALM]);

/** One promise, from its frame to the end of its stream. On its connection's list it is seen when its client does not read. */
export class PromisedStream implements Unanswered, ResponseWatcher {
  older: Unanswered | undefined;
  newer: Unanswered | undefined;
  readonly #page: PromisingPage;
  readonly #resource: PromisedResource;
  readonly #given: Given;
  #stream: ServerHttp2Stream | undefined;
  #exchange: Exchange | undefined;
  /** Bytes it has on the connection's account. */
  #accounted: number;
  #isLengthKnown: boolean;
  #sent: number;
  #freshMs: number;
  #hasFailed: boolean;
  #isTakenBack: boolean;

  /** Sends the promise. Fails as Node does, when the client takes none any more. */
  constructor(page: PromisingPage, resource: PromisedResource) {
    const { exchange, connection } = page;
    const { file, row } = resource;
    this.older = undefined;
    this.newer = undefined;
    this.#page = page;
    this.#resource = resource;
    this.#given = { etag: file?.etag, freshUntilMs: Infinity, row };
    this.#stream = undefined;
    this.#exchange = undefined;
    this.#accounted = 0;
    this.#isLengthKnown = file !== undefined;
    this.#sent = 0;
    this.#freshMs = 0;
    this.#hasFailed = false;
    this.#isTakenBack = false;
    promise(exchange.wire.stream as ServerHttp2Stream, resource.headers, (error, stream) => this.#opened(error, stream));
    connection.underWay++;
    connection.digest.add(this.#key, this.#given);
    exchange.connection.add(this);
    if (file !== undefined) this.#spend(file.bytes);
  }

  get path(): string {
    return this.#resource.headers[':path'] as string;
  }

  get #isPageReset(): boolean {
    const { stream } = this.#page.exchange.wire;
    return stream !== undefined && stream.rstCode !== undefined && stream.rstCode !== HTTP2_CODES.NO_ERROR;
  }

  get #key(): string {
    return keyOf(this.#resource.headers[':method'], this.path);
  }

  get unsentBytes(): number {
    return this.#stream?.writableLength ?? 0;
  }

  /** The end of the stream tells. */
  clientGone(): void {}

  inputBroken(): boolean {
    return false;
  }

  /** Answers it, through the application, as if the client had asked. */
  pour(): void {
    const { exchange } = this.#page;
    const stream = this.#stream;
    if (stream === undefined || this.#exchange !== undefined || stream.destroyed || stream.closed) return;
    // Behind a GOAWAY of the client nothing that was promised can begin any more.
    if (exchange.host.stopping || stream.session?.closed === true) {
      this.takeBack();
      return;
    }
    watchResponse(stream, this);
    this.#exchange = exchange.host.answerPromised(exchange, stream, this.#resource.headers);
  }

  /** The page was cancelled, or this is more than it may push. */
  takeBack(): void {
    if (this.#isTakenBack) return;
    this.#isTakenBack = true;
    this.#exchange?.begun?.end('parent');
    if (this.#stream !== undefined) takeBack(this.#stream);
  }

  head(fields: OutgoingHttpHeaders): void {
    const status = Number(fields[':status'] ?? 200);
    this.#hasFailed = status >= 400;
    if (this.#hasFailed) this.#page.failed(this.path, `it was answered with ${status}`);
    else this.#freshMs = freshForMs(fields);
    const length = fields['content-length'];
    if (this.#isLengthKnown || length === undefined) return;
    this.#isLengthKnown = true;
    this.#spend(Number(length) || 0);
  }

  wrote(bytes: number): void {
    this.#sent += bytes;
    if (!this.#isLengthKnown) this.#spend(bytes);
  }

  #spend(bytes: number): void {
    this.#accounted += bytes;
    this.#page.connection.bytes += bytes;
    if (this.#page.spend(bytes) || this.#resource.file !== undefined || this.#isTakenBack) return;
    this.#page.failed(this.path, 'it is larger than what may still be pushed');
    // Whoever is writing it does not meet the end of the stream on the way.
    process.nextTick(() => this.takeBack());
  }

  #opened(error: Error | null, stream: ServerHttp2Stream | undefined): void {
    if (error !== null || stream === undefined) {
      this.#page.failed(this.path, `it could not be promised: ${error?.message ?? 'no stream'}`);
      this.#ended('cancelled');
      return;
    }
    this.#stream = stream;
    const { session } = stream;
    stream.once('close', () => this.#ended(this.#resultOf(stream, session)));
    if (this.#isTakenBack) takeBack(stream);
    else this.#page.opened();
  }

  #resultOf({ rstCode, writableFinished }: ServerHttp2Stream, session: Http2Session | undefined): PushResult {
    if (this.#isTakenBack) return 'cancelled';
    if (rstCode === HTTP2_CODES.NO_ERROR) return writableFinished ? 'completed' : 'cancelled';
    // What ends with its connection, behind its GOAWAY, or with a page that was taken back, was not taken back by itself.
    if (session === undefined || session.closed || session.destroyed) return 'cancelled';
    if (this.#exchange === undefined && this.#isPageReset) return 'cancelled';
    return REFUSALS.has(rstCode) ? 'refused' : 'reset';
  }

  #ended(result: PushResult): void {
    const { connection, exchange } = this.#page;
    exchange.connection.remove(this);
    connection.bytes -= this.#accounted;
    connection.ended(result);
    this.#resource.row.ended(result, this.#sent);
    const { digest } = connection;
    if (digest.get(this.#key) !== this.#given) return;
    // Who resets it with another code than a refusal mostly has it.
    if (result === 'cancelled' || result === 'refused' || this.#hasFailed) digest.delete(this.#key);
    else this.#given.freshUntilMs = exchange.host.clock.now() + this.#freshMs;
  }
}
