import { isUtf8 } from 'node:buffer';
import { parse as parseQuery } from 'node:querystring';
import type { Readable } from 'node:stream';
import { parse as parseJson } from 'secure-json-parse';
import type { FrameworkError } from '../errors/framework-error';
import { Deadline } from '../lifetime/deadline';
import { cancelledBecause } from '../lifetime/end-reason';
import { httpErrors } from './errors';
import type { Exchange } from './exchange';

/** How a body is wanted: by its content type (`any`), or as one kind. */
export type BodyKind = 'any' | 'json' | 'form' | 'structured' | 'text' | 'bytes';

type ReadKind = 'json' | 'form' | 'text' | 'bytes';

/** More fields than this in one urlencoded body are refused. */
const MOST_FORM_FIELDS = 1_000;

/**
 * Reads the whole body.
 *
 * Out: by kind: JSON value; form fields as an object without prototype (a repeated field is an array); string; Buffer.
 * `structured` takes JSON or a form. `any` decides by content type, and is `undefined` when there is no body.
 * Fails with: BODY_TOO_LARGE, BODY_TYPE_UNSUPPORTED, BODY_ENCODING_UNSUPPORTED, BODY_MALFORMED, BODY_TAKEN,
 * BODY_INCOMPLETE, REQUEST_TIMEOUT.
 */
export async function readBody(exchange: Exchange, kind: BodyKind): Promise<unknown> {
  const { wire } = exchange;
  if (kind === 'any' && !wire.hasBody && exchange.bodyTaken === undefined) return undefined;
  const readKind = chooseKind(exchange, kind);
  const bytes = await readBytes(exchange, readKind);
  return parseBody(readKind, bytes, charsetOf(wire.headers['content-type']));
}

/** Hands the body over as it comes. Ends with the request; the limit of the body's size does not apply. */
export function takeBodyStream(exchange: Exchange): Readable {
  take(exchange, 'a stream');
  void exchange.lifetime;
  exchange.wire.invite();
  return exchange.wire.input;
}

function ignore(): void {
  // The end of the exchange tells of it.
}

function take(exchange: Exchange, kind: string): void {
  if (exchange.bodyTaken !== undefined) throw httpErrors.BODY_TAKEN({ kind: exchange.bodyTaken });
  exchange.bodyTaken = kind;
}

const EXPECTED = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  structured: 'application/json or application/x-www-form-urlencoded',
} as const;

function chooseKind(exchange: Exchange, kind: BodyKind): ReadKind {
  if (kind === 'text' || kind === 'bytes') return kind;
  const sent = exchange.wire.headers['content-type'];
  const found = kindOfType(sent);
  if (kind === 'any') return found ?? 'bytes';
  if (found === kind || (kind === 'structured' && (found === 'json' || found === 'form'))) return found;
  throw httpErrors.BODY_TYPE_UNSUPPORTED({ expected: EXPECTED[kind], got: sent ?? 'not said' });
}

function kindOfType(contentType: string | undefined): ReadKind | undefined {
  // What nearly everybody sends needs no taking apart.
  if (contentType === 'application/json') return 'json';
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json' || (type.startsWith('application/') && type.endsWith('+json'))) return 'json';
  if (type === 'application/x-www-form-urlencoded') return 'form';
  return type.startsWith('text/') ? 'text' : undefined;
}

function charsetOf(contentType: string | undefined): string {
  if (contentType === undefined || !contentType.includes(';')) return 'utf-8';
  return /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1]?.toLowerCase() ?? 'utf-8';
}

function parseBody(kind: ReadKind, bytes: Buffer, charset: string): unknown {
  if (kind === 'bytes') return bytes;
  const text = decode(kind, bytes, charset);
  if (kind === 'text') return text;
  return kind === 'json' ? parseJsonText(text) : parseForm(text);
}

function decode(kind: ReadKind, bytes: Buffer, charset: string): string {
  if (charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii') {
    if (!isUtf8(bytes)) throw httpErrors.BODY_MALFORMED({ kind, reason: 'it is not UTF-8' });
    return bytes.toString('utf8');
  }
  // JSON between systems is UTF-8 (RFC 8259 §8.1).
  if (kind === 'json') throw httpErrors.BODY_TYPE_UNSUPPORTED({ expected: 'JSON in UTF-8', got: `charset ${charset}` });
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_ENCODING_NOT_SUPPORTED') {
      throw httpErrors.BODY_TYPE_UNSUPPORTED({ expected: 'a charset of the Encoding Standard', got: `charset ${charset}` });
    }
    throw httpErrors.BODY_MALFORMED({ kind, reason: `it is not ${charset}` });
  }
}

function parseJsonText(text: string): unknown {
  if (text.trim() === '') throw httpErrors.BODY_MALFORMED({ kind: 'JSON', reason: 'it is empty' });
  try {
    // A key that reaches a prototype when the value is copied is refused, wherever it stands.
    return parseJson(text, undefined, { protoAction: 'error', constructorAction: 'error' }) as unknown;
  } catch (error) {
    throw httpErrors.BODY_MALFORMED({ kind: 'JSON', reason: jsonReason(error) });
  }
}

/** V8 quotes the text around the mistake; a position says as much and repeats nothing. */
function jsonReason(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  if (message.includes('prototype property')) return 'it has a forbidden key (__proto__ or constructor)';
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return `there is a mistake at position ${position}`;
  return /end of JSON|Unterminated/i.test(message) ? 'it ends too early' : 'it does not parse';
}

function parseForm(text: string): unknown {
  let fields = 1;
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) fields++;
  if (fields > MOST_FORM_FIELDS) {
    throw httpErrors.BODY_MALFORMED({ kind: 'form', reason: `it has more than ${MOST_FORM_FIELDS} fields` });
  }
  return text === '' ? Object.create(null) : parseQuery(text, '&', '=', { maxKeys: 0 });
}

function readBytes(exchange: Exchange, kind: string): Promise<Buffer> {
  take(exchange, kind);
  const refusal = refuseByHead(exchange);
  if (refusal !== undefined) return Promise.reject(refusal);
  return new Promise((resolve, reject) => new BodyReader(exchange, resolve, reject).start());
}

function refuseByHead(exchange: Exchange): FrameworkError | undefined {
  const { headers } = exchange.wire;
  const { bodyLimitBytes } = exchange.host.limits;
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'identity') return httpErrors.BODY_ENCODING_UNSUPPORTED({ coding });
  const framing = headers['transfer-encoding'];
  if (framing !== undefined && framing.toLowerCase() !== 'chunked')
    return httpErrors.BODY_ENCODING_UNSUPPORTED({ coding: framing });
  if (Number(headers['content-length'] ?? 0) > bodyLimitBytes) return httpErrors.BODY_TOO_LARGE({ limit: bodyLimitBytes });
  return undefined;
}

/** Collects a body within its limit and its time; lets go of the input on every path. */
class BodyReader {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  readonly #deadline = new Deadline(this);
  #undo: () => void = ignore;

  constructor(
    readonly exchange: Exchange,
    readonly resolve: (bytes: Buffer) => void,
    readonly reject: (error: Error) => void,
  ) {}

  start(): void {
    const { host, wire, lifetime, startedMs } = this.exchange;
    if (lifetime.ended) {
      this.reject(cancelledBecause('client'));
      return;
    }
    const { input } = wire;
    input.on('data', this.#onData).once('end', this.#onEnd).once('close', this.#onClose).on('error', ignore);
    this.exchange.bodyReader = this;
    this.#undo = lifetime.defer((reason) => this.fail(cancelledBecause(reason === 'finished' ? 'parent' : reason)));
    host.deadlines.arm(this.#deadline, startedMs, host.limits.requestTimeoutMs);
    wire.invite();
  }

  deadlineReached(): void {
    this.fail(httpErrors.REQUEST_TIMEOUT());
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    this.#chunks.push(chunk);
    const { bodyLimitBytes } = this.exchange.host.limits;
    if (this.#bytes > bodyLimitBytes) this.fail(httpErrors.BODY_TOO_LARGE({ limit: bodyLimitBytes }));
  };

  readonly #onEnd = (): void => {
    this.#stop();
    this.resolve(this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks, this.#bytes));
  };

  readonly #onClose = (): void => this.fail(httpErrors.BODY_INCOMPLETE());

  fail(error: Error): void {
    this.#stop();
    this.exchange.wire.input.pause();
    this.reject(error);
  }

  #stop(): void {
    this.exchange.bodyReader = undefined;
    this.#undo();
    this.#deadline.disarm();
    this.exchange.wire.input.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
  }
}
