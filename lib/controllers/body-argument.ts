import { Readable } from 'node:stream';
import type { Exchange } from '../http/exchange';
import { type BodyKind, readBody, takeBodyStream } from '../http/request-body';
import { isValidatedClass } from '../validation/class-plan';

type BodyReader = (exchange: Exchange) => unknown;

/** Compiles how a body, or one property of it, is read for an argument of the declared type. */
export function readBodyArgument(type: unknown, name: string | undefined): BodyReader {
  if (name !== undefined) return readProperty(name);
  if (type === Readable) return takeBodyStream;
  const kind = kindOf(type);
  return (exchange) => readBody(exchange, kind);
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
