// Hot: one per request over HTTP/1.1.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Readable, Writable } from 'node:stream';
import { dropRest } from './drop-rest';
import { breakOff, closeBehindAnswer, watchStream } from './http2-stream';
import { type Fields, HOP_BY_HOP, type Watcher, type Wire } from './wire';

/** Node's request and response: always over HTTP/1.1, over HTTP/2 from the moment somebody asks for them. */
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

/** Node drops a rest this short behind the answer itself. */
const SHORT_REST_BYTES = 64 * 1024;

/** The stream under a compat response of HTTP/2. */
function streamOf(response: ServerResponse): ServerHttp2Stream | undefined {
  return (response as { stream?: ServerHttp2Stream }).stream;
}

function ignore(): void {
  // See where it is attached.
}
