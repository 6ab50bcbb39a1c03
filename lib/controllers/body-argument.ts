import { Readable } from 'node:stream';
import type { FrameworkError } from '../errors/framework-error';
import type { Exchange } from '../http/exchange';
import { type BodyKind, readBody, readBodySoon, takeBodyStream } from '../http/request-body';
import { readUploads, type UploadOptions, whyNoUploadOptions } from '../http/uploads';
import { isValidatedClass } from '../validation/class-plan';
import { controllerErrors } from './errors';

type BodyReader = (exchange: Exchange) => unknown;

/** Compiles how a body, or one property of it, is read for an argument of the declared type. Out: a mistake when that type is none of what is consumed. */
export function readBodyArgument(
  { type, place }: { readonly type: unknown; readonly place: string },
  name: string | undefined,
  consumes: unknown,
): BodyReader | FrameworkError {
  if (name !== undefined) return readProperty(name);
  if (consumes !== undefined) return readConsumed(type, place, consumes);
  if (type === Readable) return takeBodyStream;
  const kind = kindOf(type);
  return (exchange) => readBodySoon(exchange, kind);
}

function readConsumed(type: unknown, place: string, consumes: unknown): BodyReader | FrameworkError {
  if (consumes !== 'json' && consumes !== 'form') return mistake('consumes', place, "'json' or 'form' is expected");
  const isRaw = type === Readable || kindOf(type) === 'text' || kindOf(type) === 'bytes';
  if (isRaw)
    return mistake('consumes', place, 'a text, bytes or a stream is not parsed at all; declare a class, an object or an array');
  return (exchange) => readBodySoon(exchange, consumes);
}

/** Compiles how a multipart form with files is read. Out: a mistake when nothing can hold both, or the limits are none. */
export function readFormArgument(
  type: unknown,
  place: string,
  options: UploadOptions,
  consumes: unknown,
): BodyReader | FrameworkError {
  if (consumes !== undefined) return mistake('consumes', place, 'with files, a multipart form is taken');
  const reason = whyNoUploadOptions(options) ?? (isForm(type) ? undefined : 'an object or a class holds the form, nothing else');
  return reason === undefined ? (exchange) => readUploads(exchange, options) : mistake('files', place, reason);
}

function mistake(option: 'files' | 'consumes', place: string, reason: string): FrameworkError {
  return controllerErrors.ROUTE_OPTION_INVALID({ decorator: `@Body({ ${option} })`, place, reason: `is wrong: ${reason}.` });
}

function isForm(type: unknown): boolean {
  return type === Object || (kindOf(type) !== 'text' && kindOf(type) !== 'bytes' && type !== Readable && type !== Array);
}

function kindOf(type: unknown): BodyKind {
  if (type === String) return 'text';
  if (type === Buffer || type === Uint8Array) return 'bytes';
  if (isValidatedClass(type)) return 'structured';
  return type === Array ? 'json' : 'any';
}

/** Bodies of which one property at a time is asked for; they are read once all the same. */
const read = new WeakMap<Exchange, Promise<unknown>>();

function readProperty(name: string): BodyReader {
  return async (exchange) => {
    let reading = read.get(exchange);
    if (reading === undefined) {
      reading = readBody(exchange, 'structured');
      read.set(exchange, reading);
    }
    const body = await reading;
    if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return undefined;
    return (body as Record<string, unknown>)[name];
  };
}
