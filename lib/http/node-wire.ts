// Hot: one per request over HTTP/1.1.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Readable, Writable } from 'node:stream';
import { dropRest } from './drop-rest';
import { Http1Request } from './http1-request';
import { breakOff, closeBehindAnswer, hint, unwatchStream, watchStream } from './http2-stream';
import { type Fields, HOP_BY_HOP, type Watcher, type Wire } from './wire';

/** What is known of a response that user code had in its hands. */
interface Hand {
  /** Whether the client asked with HEAD, whatever became of the method since. */
  readonly askedHead: boolean;
  /** Whether the whole of a response was handed over, though what was put around Node's may still keep its end. */
  isWhole: boolean;
  /** Over HTTP/2: whether the client was asked to go on with its body. */
  isInvited: boolean;
}

/** Node's request and response: always over HTTP/1.1, over HTTP/2 from the moment somebody asks for them. */
export class NodeWire implements Wire {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Set once user code had the response in its hands: from then on headers are set one by one, as middleware expects. */
  private hand: Hand | undefined;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
    this.hand = undefined;
  }

  get touched(): boolean {
    return this.hand !== undefined;
  }

  /** User code gets hold of the request and the response. In: told when a whole response has gone out. */
  touch(answered: () => void): void {
    this.#asStream();
    this.hand = { askedHead: this.method === 'HEAD', isWhole: false, isInvited: false };
    // A second end, or a write behind it, would end the process where nobody listens.
    this.response.on('error', ignore);
    // The compat response of HTTP/2 tells it behind the end of the stream only, when that counts as the client's leaving.
    (streamOf(this.response) ?? this.response).once('finish', answered);
  }

  get method(): string {
    return this.request.method ?? 'GET';
  }

  get url(): string {
    return this.request.url ?? '/';
  }

  get headers(): IncomingHttpHeaders {
    return this.request.headers;
  }

  get input(): Readable {
    return this.#asStream();
  }

  get stream(): ServerHttp2Stream | undefined {
    return streamOf(this.response);
  }

  get hasBody(): boolean {
    const stream = streamOf(this.response);
    if (stream !== undefined) return !stream.endAfterHeaders;
    const { headers } = this.request;
    return (
      headers['transfer-encoding'] !== undefined || (headers['content-length'] !== undefined && headers['content-length'] !== '0')
    );
  }

  get bodyPending(): boolean {
    if (this.request.complete || !this.hasBody) return false;
    if (streamOf(this.response) !== undefined) return true;
    // A short rest is read and dropped by Node behind the answer, and the connection is kept.
    return !(Number(this.request.headers['content-length']) <= SHORT_REST_BYTES);
  }

  get headSent(): boolean {
    return this.response.headersSent || this.response.writableEnded;
  }

  get complete(): boolean {
    return this.hand?.isWhole === true || this.response.writableEnded;
  }

  /** Whether the end of the response was written by whoever had it in hands. */
  get endedByHand(): boolean {
    return this.hand !== undefined && this.response.writableEnded;
  }

  /** Whether somebody who has the request in hands reads its body. */
  get isBeingRead(): boolean {
    return this.hand !== undefined && (this.request.readableDidRead || this.request.listenerCount('data') > 0);
  }

  get headOnly(): boolean {
    return this.hand === undefined ? this.request.method === 'HEAD' : this.hand.askedHead;
  }

  get unsentBytes(): number {
    return this.response.writableLength;
  }

  respond(status: number, fields: Fields, body: string | Buffer | undefined): boolean {
    this.#setHead(status, fields);
    if (body === undefined) this.response.end();
    else this.response.end(body);
    return this.hand !== undefined;
  }

  refuse(status: number, fields: Fields, body: string | Buffer | undefined): (() => void) | undefined {
    const stream = streamOf(this.response);
    if (stream !== undefined) {
      closeBehindAnswer(stream);
      this.respond(status, fields, body);
      return undefined;
    }
    const closing = fields.includes('connection') ? fields : [...fields, 'connection', 'close'];
    this.#setHead(status, closing);
    if (body !== undefined) this.response.write(body);
    return dropRest(this.request, () => this.response.end());
  }

  open(status: number, fields: Fields): Writable {
    if (this.hand === undefined) this.response.writeHead(status, fields);
    else {
      this.#prepareHead(status, fields);
      this.response.writeHead(status);
    }
    // Written to after the client left, it would raise what nobody asked for.
    this.response.on('error', ignore);
    return this.response;
  }

  invite(): void {
    const stream = streamOf(this.response);
    if (stream !== undefined) {
      const { hand } = this;
      if (this.request.headers.expect === undefined || hand === undefined || hand.isInvited) return;
      hand.isInvited = true;
      if (stream.headersSent || stream.destroyed) return;
      stream.additionalHeaders({ ':status': 100 });
      return;
    }
    // Node marks a request that waits for it.
    const response = this.response as ServerResponse & { _expect_continue?: boolean; _sent100?: boolean };
    if (response._expect_continue === true && response._sent100 !== true) response.writeContinue();
  }

  hint(links: readonly string[]): void {
    const stream = streamOf(this.response);
    if (stream !== undefined) hint(stream, links);
    // What came before HTTP/1.1 knows of no interim answers (RFC 9110 §15.2).
    else if (!this.headSent && this.request.httpVersionMinor > 0) this.response.writeEarlyHints({ link: [...links] });
  }

  cut(cause?: Error): void {
    const stream = streamOf(this.response);
    if (stream !== undefined) {
      breakOff(stream, cause);
      return;
    }
    this.response.destroy();
    this.request.destroy(cause);
  }

  watch(whom: Watcher): void {
    // Over HTTP/1.1 the connection tells.
    const stream = streamOf(this.response);
    if (stream !== undefined) watchStream(stream, whom);
  }

  unwatch(takenBack: (() => void) | undefined): void {
    const stream = streamOf(this.response);
    if (stream !== undefined) unwatchStream(stream, takenBack);
  }

  /** What middleware said of the content of an answer that does not come. */
  forgetContent(): void {
    if (this.hand === undefined || this.response.headersSent) return;
    for (const name of OF_CONTENT) this.response.removeHeader(name);
  }

  /** Sends what a compressing middleware holds back; without effect where there is none. */
  get flush(): (() => void) | undefined {
    const { response } = this as { response: ServerResponse & { flush?: () => void } };
    return Object.hasOwn(response, 'flush') ? () => response.flush?.() : undefined;
  }

  /** Asks a client that waits for it for its body as soon as somebody reads the request. */
  inviteWhenRead(): void {
    if (this.request.headers.expect === undefined) return;
    const look = (event: string): void => {
      if (event !== 'data' && event !== 'readable') return;
      this.request.off('newListener', look);
      this.invite();
    };
    this.request.on('newListener', look);
  }

  #asStream(): IncomingMessage {
    const { request } = this;
    return request instanceof Http1Request ? request.asStream() : request;
  }

  /** Of a response whose whole body follows at once. */
  #setHead(status: number, fields: Fields): void {
    if (this.hand === undefined) {
      this.response.writeHead(status, fields);
      return;
    }
    // What middleware put around `end` and `write` sees the answer before its head is out, as it is used to.
    this.hand.isWhole = true;
    this.#prepareHead(status, fields);
  }

  #prepareHead(status: number, fields: Fields): void {
    const isHttp2 = streamOf(this.response) !== undefined;
    this.response.statusCode = status;
    const lists = new Map<string, string[]>();
    for (let i = 0; i < fields.length; i += 2) {
      if (isHttp2 && HOP_BY_HOP.has(fields[i])) continue;
      const values = lists.get(fields[i]);
      if (values === undefined) lists.set(fields[i], [fields[i + 1]]);
      else values.push(fields[i + 1]);
    }
    for (const [name, values] of lists) this.#setField(name, values);
  }

  /** Replaces what was there, but for cookies: those of middleware stay. */
  #setField(name: string, values: readonly string[]): void {
    const before = name === 'set-cookie' ? this.response.getHeader(name) : undefined;
    const all = before === undefined ? values : [...[before].flat().map(String), ...values];
    this.response.setHeader(name, all.length === 1 ? all[0] : all);
  }
}

const OF_CONTENT = [
  'content-type',
  'content-length',
  'content-encoding',
  'content-language',
  'content-range',
  'content-disposition',
  'content-location',
  'accept-ranges',
  'cache-control',
  'etag',
  'expires',
  'last-modified',
] as const;

/** Node drops a rest this short behind the answer itself. */
const SHORT_REST_BYTES = 64 * 1024;

/** The stream under a compat response of HTTP/2. */
function streamOf(response: ServerResponse): ServerHttp2Stream | undefined {
  return (response as { stream?: ServerHttp2Stream }).stream;
}

function ignore(): void {
  // See where it is attached.
}
