// Hot: one per request.
import {
  constants,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders as Http2Headers,
  type ServerHttp2Stream,
} from 'node:http2';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Readable, Writable } from 'node:stream';

/** Response header fields as name, value, name, value; names in lower case, a name may come twice. */
export type Fields = string[];

/** Who is told that the client left. */
export interface Watcher {
  clientGone(): void;
}

/** The two ways an exchange meets the network: Node's request and response, or a bare HTTP/2 stream. */
export interface Wire {
  readonly method: string;
  /** The request target as it was sent: path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The body as it comes. */
  readonly input: Readable;
  /** Whether a body follows the head. */
  readonly hasBody: boolean;
  /** Whether the client may still be sending its body. */
  readonly bodyPending: boolean;
  /** Whether the head of a final response went out. */
  readonly headSent: boolean;
  /** Whether the whole of a response was handed over. */
  readonly complete: boolean;
  /** How much of the response waits for the client to read. */
  readonly unsentBytes: number;
  /** Head and whole body at once. `body` undefined: none. */
  respond(status: number, fields: Fields, body: string | Buffer | undefined): void;
  /**
   * Like `respond`, to a client that is still sending a body nobody wants: the answer reaches it first, then what it
   * sends is dropped, within limits, and the connection (over HTTP/2 the stream) is closed. Out: ends the dropping.
   */
  refuse(status: number, fields: Fields, body: string | Buffer | undefined): (() => void) | undefined;
  /** The head; the body is then written to what comes back, which ends the response. */
  open(status: number, fields: Fields): Writable;
  /** Asks a client that waits for it to send its body (`100 Continue`). */
  invite(): void;
  /** Ends it without a proper response: what was begun is broken off. Whoever still reads the body fails with `cause`. */
  cut(cause?: Error): void;
  /** Tells when the client left, if nobody else does; it may tell twice. */
  watch(whom: Watcher): void;
}

/** Hop-by-hop fields do not exist in HTTP/2 (RFC 9113 §8.2.2). */
const HOP_BY_HOP: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

export class NodeWire implements Wire {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Whether user code had the response in its hands: from then on headers are set one by one, as middleware expects. */
  touched: boolean;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
    this.touched = false;
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
    return this.request;
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
    return this.response.writableEnded;
  }

  get unsentBytes(): number {
    return this.response.writableLength;
  }

  respond(status: number, fields: Fields, body: string | Buffer | undefined): void {
    this.#writeHead(status, fields);
    if (body === undefined) this.response.end();
    else this.response.end(body);
  }

  refuse(status: number, fields: Fields, body: string | Buffer | undefined): (() => void) | undefined {
    const stream = streamOf(this.response);
    if (stream !== undefined) {
      closeBehindAnswer(stream);
      this.respond(status, fields, body);
      return undefined;
    }
    this.#writeHead(status, fields.includes('connection') ? fields : [...fields, 'connection', 'close']);
    if (body !== undefined) this.response.write(body);
    return dropRest(this.request, () => this.response.end());
  }

  open(status: number, fields: Fields): Writable {
    this.#writeHead(status, fields);
    // Written to after the client left, it would raise what nobody asked for.
    this.response.on('error', ignore);
    return this.response;
  }

  invite(): void {
    // Node marks a request that waits for it; the compat response of HTTP/2 has no such mark and needs no such message.
    const response = this.response as ServerResponse & { _expect_continue?: boolean; _sent100?: boolean };
    if (response._expect_continue === true && response._sent100 !== true) response.writeContinue();
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

  #writeHead(status: number, fields: Fields): void {
    if (!this.touched) {
      this.response.writeHead(status, fields);
      return;
    }
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
    this.response.writeHead(status);
  }

  /** Replaces what was there, but for cookies: those of middleware stay. */
  #setField(name: string, values: readonly string[]): void {
    const before = name === 'set-cookie' ? this.response.getHeader(name) : undefined;
    const all = before === undefined ? values : [...[before].flat().map(String), ...values];
    this.response.setHeader(name, all.length === 1 ? all[0] : all);
  }
}

export class StreamWire implements Wire {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly #rawHeaders: string[];

  constructor(stream: ServerHttp2Stream, headers: Http2Headers, rawHeaders: string[]) {
    this.stream = stream;
    this.headers = headers;
    this.#rawHeaders = rawHeaders;
  }

  get method(): string {
    return (this.headers as Http2Headers)[':method'] ?? 'GET';
  }

  get url(): string {
    return (this.headers as Http2Headers)[':path'] ?? '/';
  }

  get input(): Readable {
    return this.stream;
  }

  get hasBody(): boolean {
    return !this.stream.endAfterHeaders;
  }

  get bodyPending(): boolean {
    return this.hasBody && !this.stream.readableEnded;
  }

  get headSent(): boolean {
    return this.stream.headersSent;
  }

  get complete(): boolean {
    return this.stream.writableEnded;
  }

  get unsentBytes(): number {
    return this.stream.writableLength;
  }

  respond(status: number, fields: Fields, body: string | Buffer | undefined): void {
    const { stream } = this;
    if (stream.destroyed) return;
    const hasBody = body !== undefined && this.method !== 'HEAD';
    if (!hasBody) {
      stream.respond(toHeaders(status, fields), { endStream: true });
      return;
    }
    stream.respond(toHeaders(status, fields));
    stream.end(body);
  }

  refuse(status: number, fields: Fields, body: string | Buffer | undefined): (() => void) | undefined {
    closeBehindAnswer(this.stream);
    this.respond(status, fields, body);
    return undefined;
  }

  open(status: number, fields: Fields): Writable {
    if (!this.stream.destroyed) this.stream.respond(toHeaders(status, fields));
    return this.stream;
  }

  invite(): void {
    if (this.headers.expect === undefined || this.stream.headersSent || this.stream.destroyed) return;
    this.stream.additionalHeaders({ ':status': 100 });
  }

  cut(cause?: Error): void {
    breakOff(this.stream, cause);
  }

  watch(whom: Watcher): void {
    watchStream(this.stream, whom);
  }

  /** Node's request and response over the same stream, for code that wants those. */
  toNode(): NodeWire {
    const request = new Http2ServerRequest(this.stream, this.headers, {}, this.#rawHeaders);
    const response = new Http2ServerResponse(this.stream);
    return new NodeWire(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  }
}

const SHORT_REST_BYTES = 64 * 1024;

/** What is read and dropped behind a refusal before the connection is closed: enough for the answer to be seen. */
const DROPPED_BYTES = 4 * 1024 * 1024;
const DROPPING_MS = 2_000;

function dropRest(input: Readable, done: () => void): () => void {
  let left = DROPPED_BYTES;
  const finish = (): void => {
    clearTimeout(timer);
    input.off('data', count).off('end', finish).off('close', finish);
    done();
  };
  const count = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left < 0) finish();
  };
  const timer = setTimeout(finish, DROPPING_MS);
  timer.unref();
  input.on('error', ignore);
  input.on('data', count).once('end', finish).once('close', finish);
  input.resume();
  return finish;
}

/** The stream under a compat response of HTTP/2. */
function streamOf(response: ServerResponse): ServerHttp2Stream | undefined {
  return (response as { stream?: ServerHttp2Stream }).stream;
}

/** A reset is told at once by `aborted`, with `error` and `close` behind it; once the whole answer is written, by `close` alone. */
function watchStream(stream: ServerHttp2Stream, whom: Watcher): void {
  if (stream.aborted || stream.destroyed) {
    whom.clientGone();
    return;
  }
  const gone = (): void => whom.clientGone();
  stream.on('aborted', gone).on('close', gone);
}

/**
 * Resets with INTERNAL_ERROR, so that nobody takes the part for the whole (RFC 9113 §8.1). `stream.close(code)` would not do:
 * it sends the end of the stream first.
 */
function breakOff(stream: ServerHttp2Stream, cause: Error = new Error('The response was broken off.')): void {
  if (!stream.destroyed) stream.destroy(cause);
}

/** NO_ERROR asks the client to stop sending without taking the answer back (RFC 9113 §8.1). */
function closeBehindAnswer(stream: ServerHttp2Stream): void {
  stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR));
}

function ignore(): void {
  // See where it is attached.
}

type Http2Fields = Record<string, string | number | string[]>;

function toHeaders(status: number, fields: Fields): Http2Fields {
  // The usual head: a literal, whose shape is known beforehand, costs Node less to copy and to read (0.5 µs a request).
  if (fields.length === 4 && fields[0] === 'content-type' && fields[2] === 'content-length') {
    return { ':status': status, 'content-type': fields[1], 'content-length': fields[3] };
  }
  const headers = { __proto__: null, ':status': status } as unknown as Http2Fields;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i];
    const value = fields[i + 1];
    if (HOP_BY_HOP.has(name)) continue;
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else headers[name] = [...[before].flat().map(String), value];
  }
  return headers;
}
