import type { Readable } from 'node:stream';
import type { FrameworkError } from '../errors/framework-error';
import { BodyFlow, type BodySink, refuseByHead, takeBody } from './body-flow';
import { captureBody } from './captured-body';
import { decodeText } from './charset';
import { charsetOf, mediaTypeOf } from './content-type';
import type { BodyParser } from './content-type-parsers';
import { httpErrors } from './errors';
import type { Exchange } from './exchange';
import { parseJson, whyNoJson } from './json-text';
import { parsedAs, parsedBody } from './parsed-body';
import { dropUnread } from './unread-body';
import { parseForm } from './urlencoded';

/** How a body is wanted: by its content type (`any`), or as one kind. */
export type BodyKind = 'any' | 'json' | 'form' | 'structured' | 'text' | 'bytes';

type ReadKind = 'json' | 'form' | 'text' | 'bytes';

/**
 * Reads the whole body, uncompressed.
 *
 * Out: by kind: JSON value; form fields as an object without prototype (a repeated field is an array); string; Buffer.
 * `structured` takes JSON or a form. `any` decides by content type, and is `undefined` when there is no body; for
 * `structured` that is an object without fields, unless the request has a content type. Where the
 * application has a parser for the content type, `any`, `json` and `structured` are what that makes of it. What middleware
 * has left at `request.body` is taken as it is.
 * Fails with: BODY_TOO_LARGE, BODY_TYPE_UNSUPPORTED, BODY_ENCODING_UNSUPPORTED, BODY_MALFORMED, BODY_TAKEN,
 * BODY_INCOMPLETE, REQUEST_TIMEOUT.
 */
export async function readBody(exchange: Exchange, kind: BodyKind): Promise<unknown> {
  const { wire, host } = exchange;
  const parsed = parsedBody(exchange);
  if (parsed !== undefined) return parsedAs(parsed, kind);
  if (!wire.hasBody && exchange.bodyTaken === undefined) {
    if (kind === 'any') return undefined;
    // Neither a body nor a type: nothing is of the wrong type (RFC 9110 §15.5.16), but properties may be missing.
    if (kind === 'structured' && wire.headers['content-type'] === undefined) return {};
  }
  if (host.parsers !== undefined && (kind === 'any' || kind === 'json' || kind === 'structured')) {
    const type = mediaTypeOf(wire.headers['content-type']);
    const parser = host.parsers.find(type);
    if (parser !== undefined) return readWith(parser, type, exchange);
  }
  const readKind = chooseKind(exchange, kind);
  const bytes = await readBytes(exchange, readKind, host.limits.bodyLimitBytes);
  return parseBody(readKind, bytes, charsetOf(wire.headers['content-type']));
}

/**
 * As `readBody`; at once where the body came with its head.
 *
 * Out: what `readBody` gives, or a promise of it. Fails as `readBody` does, by throwing or by its promise.
 */
export function readBodySoon(exchange: Exchange, kind: BodyKind): unknown {
  const { arrivedBody, host } = exchange;
  if (arrivedBody === undefined || host.parsers !== undefined) return readBody(exchange, kind);
  const readKind = chooseKind(exchange, kind);
  takeBody(exchange, readKind);
  if (arrivedBody instanceof Error) throw arrivedBody;
  return parseBody(readKind, arrivedBody, charsetOf(exchange.wire.headers['content-type']));
}

/** Hands the body over as it comes, compressed if it is. Ends with the request; the limit of the body's size does not apply. */
export function takeBodyStream(exchange: Exchange): Readable {
  takeBody(exchange, 'a stream');
  const { lifetime, wire } = exchange;
  const { input } = wire;
  lifetime.defer((reason) => {
    if (reason === 'finished') dropUnread(exchange, input);
  });
  wire.invite();
  return input;
}

async function readWith(parser: BodyParser, type: string, exchange: Exchange): Promise<unknown> {
  const { headers } = exchange.wire;
  const bytes = await readBytes(exchange, type, parser.bodyLimitBytes ?? exchange.host.limits.bodyLimitBytes);
  return parser.parse(parser.isText ? decodeText(type, bytes, charsetOf(headers['content-type'])) : bytes, headers);
}

const TAKEN = {
  json: ['application/json'],
  form: ['application/x-www-form-urlencoded'],
  structured: ['application/json', 'application/x-www-form-urlencoded'],
} as const;

function chooseKind(exchange: Exchange, kind: BodyKind): ReadKind {
  if (kind === 'text' || kind === 'bytes') return kind;
  const found = kindOfType(exchange.wire.headers['content-type']);
  if (kind === 'any') return found ?? 'bytes';
  if (found === kind || (kind === 'structured' && (found === 'json' || found === 'form'))) return found;
  throw refuseType(exchange, TAKEN[kind]);
}

/** The refusal of a content type; the client is told what would be taken (RFC 9110 §15.5.16). */
export function refuseType({ wire, host }: Exchange, taken: readonly string[]): FrameworkError {
  const types = [...taken, ...(host.parsers?.types ?? [])];
  const slots = { expected: types.join(' or '), got: wire.headers['content-type'] ?? 'not said' };
  return httpErrors.BODY_TYPE_UNSUPPORTED(slots, { headers: { accept: types.join(', ') } });
}

function kindOfType(contentType: string | undefined): ReadKind | undefined {
  // What nearly everybody sends needs no taking apart.
  if (contentType === 'application/json') return 'json';
  const type = mediaTypeOf(contentType);
  if (type === 'application/json' || (type.startsWith('application/') && type.endsWith('+json'))) return 'json';
  if (type === 'application/x-www-form-urlencoded') return 'form';
  return type.startsWith('text/') ? 'text' : undefined;
}

function parseBody(kind: ReadKind, bytes: Buffer, charset: string): unknown {
  if (kind === 'bytes') return bytes;
  if (kind === 'form') return parseForm(bytes, charset);
  // JSON between systems is UTF-8 (RFC 8259 §8.1).
  if (kind === 'json' && charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
    throw httpErrors.BODY_TYPE_UNSUPPORTED({ expected: 'JSON in UTF-8', got: `charset ${charset}` });
  }
  const text = decodeText(kind, bytes, charset);
  return kind === 'text' ? text : parseJsonBody(text);
}

function parseJsonBody(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw httpErrors.BODY_MALFORMED({ kind: 'JSON', reason: whyNoJson(text, error) });
  }
}

function readBytes(exchange: Exchange, kind: string, limitBytes: number): Promise<Buffer> {
  takeBody(exchange, kind);
  const { arrivedBody } = exchange;
  if (arrivedBody instanceof Error) return Promise.reject(arrivedBody);
  if (arrivedBody !== undefined) return Promise.resolve(arrivedBody);
  const refusal = refuseByHead(exchange, limitBytes);
  if (refusal !== undefined) return Promise.reject(refusal);
  return new Promise((resolve, reject) => {
    const collector = new Collector(resolve, reject);
    if (!captureBody(exchange, limitBytes, collector)) new BodyFlow(exchange, limitBytes, collector).start();
  });
}

/** Keeps a body until it is whole. */
class Collector implements BodySink {
  readonly #chunks: Buffer[] = [];

  constructor(
    readonly resolve: (bytes: Buffer) => void,
    readonly failed: (error: Error) => void,
  ) {}

  take(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  end(): void {
    this.resolve(this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks));
  }
}
