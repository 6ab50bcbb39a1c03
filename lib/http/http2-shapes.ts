import type { OutgoingHttpHeader } from 'node:http';
import {
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { HOP_BY_HOP } from './wire';

/*
 * Node's compatibility objects of HTTP/2 differ from those of HTTP/1.1 in what middleware stumbles over: it was written
 * for the latter and is to run unchanged.
 */

/** Node's request over HTTP/2, with the headers that one over HTTP/1.1 has: a `host`, how long its body is, and no pseudo-headers. */
export class Http2Request extends Http2ServerRequest {
  /** What an extended CONNECT asks for (RFC 8441 §4). */
  readonly askedProtocol: string | undefined;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: string[]) {
    super(stream, headers, {}, rawHeaders);
    this.askedProtocol = headers[':protocol'];
    const plain = withoutPseudo(headers);
    // How those tell that a body follows who look at the headers alone, as body-parser and multer do (RFC 9112 §6.3).
    if (!stream.endAfterHeaders && plain['content-length'] === undefined) plain['transfer-encoding'] = 'chunked';
    const raw = rawWithoutPseudo(headers, rawHeaders);
    Object.defineProperties(this, {
      headers: { value: plain, writable: true, configurable: true },
      rawHeaders: { value: raw, writable: true, configurable: true },
    });
  }
}

function withoutPseudo(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const plain: IncomingHttpHeaders = {};
  for (const name of Object.keys(headers)) if (!name.startsWith(':')) plain[name] = headers[name];
  if (plain.host === undefined && headers[':authority'] !== undefined) plain.host = headers[':authority'];
  return plain;
}

function rawWithoutPseudo(headers: IncomingHttpHeaders, rawHeaders: readonly string[]): string[] {
  const { ':authority': authority, host } = headers;
  const raw = host === undefined && authority !== undefined ? ['host', authority] : [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!rawHeaders[i].startsWith(':')) raw.push(rawHeaders[i], rawHeaders[i + 1]);
  }
  return raw;
}

/** Node ends the stream with their head. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

type Written = (error?: Error | null) => void;

/**
 * Node's response over HTTP/2, as one over HTTP/1.1 behaves: fields that are not there in HTTP/2 are left out instead of
 * refused (RFC 9113 §8.2.2), a body that an answer cannot have is dropped instead of failing the stream, setters give
 * the response back, and `_implicitHeader`, which express-session calls, is there.
 */
export class Http2Response extends Http2ServerResponse {
  constructor(stream: ServerHttp2Stream) {
    super(stream);
    // There is none in HTTP/2; Node warns of it, once, in the name of the whole process.
    Object.defineProperty(this, 'statusMessage', { value: '', writable: true, configurable: true });
  }

  _implicitHeader(): void {
    if (!this.headersSent) this.writeHead(this.statusCode);
  }

  override setHeader(name: string, value: number | string | readonly string[]): this {
    if (!isOfConnection(name)) super.setHeader(name, value);
    return this;
  }

  override appendHeader(name: string, value: string | string[]): this {
    if (!isOfConnection(name)) super.appendHeader(name, value);
    return this;
  }

  setHeaders(headers: Iterable<[string, number | string | readonly string[]]>): this {
    for (const [name, value] of headers) this.setHeader(name, value);
    return this;
  }

  override writeHead(status: number, ...rest: unknown[]): this {
    const headers = rest.find((one) => typeof one === 'object' && one !== null);
    super.writeHead(status, headers === undefined ? undefined : allowedIn(headers));
    return this;
  }

  override write(chunk: string | Uint8Array, ...rest: unknown[]): boolean {
    this._implicitHeader();
    if (this.#hasBody()) return super.write(chunk, ...(rest as [BufferEncoding, Written]));
    const written = rest.find((one) => typeof one === 'function') as Written | undefined;
    if (written !== undefined) process.nextTick(written);
    return true;
  }

  #hasBody(): boolean {
    return (this.stream as ServerHttp2Stream & { headRequest?: boolean }).headRequest !== true && !BODILESS.has(this.statusCode);
  }
}

function isOfConnection(name: string): boolean {
  return typeof name === 'string' && HOP_BY_HOP.has(name.toLowerCase());
}

/** Headers as `writeHead` takes them: an object, pairs, or names and values in turn. */
function allowedIn(headers: object): OutgoingHttpHeaders {
  if (!Array.isArray(headers)) {
    return Object.fromEntries(Object.entries(headers).filter(([name]) => !isOfConnection(name)));
  }
  const list = headers as readonly unknown[];
  const pairs = Array.isArray(list[0])
    ? (list as readonly [string, OutgoingHttpHeader][])
    : list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1]] as [string, OutgoingHttpHeader]] : []));
  return pairs.filter(([name]) => !isOfConnection(name)).flat() as unknown as OutgoingHttpHeaders;
}
