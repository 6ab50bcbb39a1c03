// Hot: one per request over HTTP/2.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Readable, Writable } from 'node:stream';
import type * as Shapes from './http2-shapes';
import { breakOff, closeBehindAnswer, hint, unwatchStream, watchStream } from './http2-stream';
import { NodeWire } from './node-wire';
import { type Fields, HOP_BY_HOP, type Watcher, type Wire } from './wire';

/** A bare stream of HTTP/2. */
export class StreamWire implements Wire {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly #rawHeaders: string[];

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: string[]) {
    this.stream = stream;
    this.headers = headers;
    this.#rawHeaders = rawHeaders;
  }

  get method(): string {
    return this.headers[':method'] ?? 'GET';
  }

  get url(): string {
    return this.headers[':path'] ?? '/';
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

  get headOnly(): boolean {
    return this.headers[':method'] === 'HEAD';
  }

  get unsentBytes(): number {
    return this.stream.writableLength;
  }

  respond(status: number, fields: Fields, body: string | Buffer | undefined): boolean {
    const { stream } = this;
    if (stream.destroyed) return false;
    const hasBody = body !== undefined && this.method !== 'HEAD';
    if (!hasBody) {
      stream.respond(toHeaders(status, fields), { endStream: true });
      return false;
    }
    stream.respond(toHeaders(status, fields));
    stream.end(body);
    return false;
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

  hint(links: readonly string[]): void {
    hint(this.stream, links);
  }

  cut(cause?: Error): void {
    breakOff(this.stream, cause);
  }

  watch(whom: Watcher): void {
    watchStream(this.stream, whom);
  }

  unwatch(takenBack: (() => void) | undefined): void {
    unwatchStream(this.stream, takenBack);
  }

  /** Node's request and response over the same stream, for code that wants those. */
  toNode(): NodeWire {
    const { Http2Request, Http2Response } = shapes();
    const request = new Http2Request(this.stream, this.headers, this.#rawHeaders);
    const response = new Http2Response(this.stream);
    return new NodeWire(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  }
}

let loaded: typeof Shapes | undefined;

/** Loaded, with `node:http2`, when the first of them is made. */
function shapes(): typeof Shapes {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  loaded ??= require('./http2-shapes') as typeof Shapes;
  return loaded;
}

type Http2Fields = Record<string, string | number | string[]>;

function toHeaders(status: number, fields: Fields): Http2Fields {
  // The usual head: a literal, whose shape is known beforehand, costs Node less to copy and to read (0.5 µs a request).
  if (fields[0] === 'content-type' && fields[2] === 'content-length') {
    const [, type, , length] = fields;
    if (fields.length === 4) return { ':status': status, 'content-type': type, 'content-length': length };
    if (fields.length === 6 && fields[4] === 'x-content-type-options') {
      return { ':status': status, 'content-type': type, 'content-length': length, 'x-content-type-options': fields[5] };
    }
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
