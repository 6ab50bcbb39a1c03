// Hot: where a value becomes bytes, and the only place where it does.
import { httpErrors } from './errors';
import { type Exchange, routeOf } from './exchange';
import { replyFailure } from './failure-reply';
import { evaluatePreconditions } from './preconditions';
import { isStreamSource, replyStream, StreamedReply } from './reply-stream';
import { send } from './send';

const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';
const BYTES_TYPE = 'application/octet-stream';

export { replyStream, roomForEvents, StreamedReply, type StreamSource } from './reply-stream';

/** Answers with a value that is there: neither a promise nor an Observable. */
export function reply(exchange: Exchange, value: unknown): void {
  if (typeof value === 'object' && value !== null) replyObject(exchange, value);
  else if (typeof value === 'string') sendWhole(exchange, TEXT_TYPE, value);
  else if (value === undefined) replyNothing(exchange);
  else replyJson(exchange, value);
}

function replyNothing(exchange: Exchange): void {
  if (!exchange.statusDeclared) exchange.status = 204;
  send(exchange, exchange.status, undefined, exchange.status === 204 ? undefined : '');
}

function replyObject(exchange: Exchange, value: object): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if ((prototype === Object.prototype && !(Symbol.asyncIterator in value)) || Array.isArray(value)) replyJson(exchange, value);
  else if (value instanceof Uint8Array) sendWhole(exchange, BYTES_TYPE, toBuffer(value));
  else if (value instanceof StreamedReply) replyStream(exchange, value.source, value.format);
  else if (isStreamSource(value)) replyStream(exchange, value, 'plain');
  else replyJson(exchange, value);
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Answers with JSON, whatever the value is. */
export function replyJson(exchange: Exchange, value: unknown): void {
  let body: string | undefined;
  try {
    body = JSON.stringify(value);
  } catch (error) {
    replyFailure(exchange, notSerializable(exchange, error));
    return;
  }
  if (body === undefined) replyFailure(exchange, notSerializable(exchange, new TypeError(`a ${typeof value} is no JSON value`)));
  else replyJsonText(exchange, body);
}

/** Answers with JSON that was written already. */
export function replyJsonText(exchange: Exchange, json: string): void {
  sendWhole(exchange, JSON_TYPE, json);
}

/** What the failure to write a value is told as: its reason in the log, and not to the client. */
export function notSerializable(exchange: Exchange, error: unknown): Error {
  const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'unknown';
  return httpErrors.REPLY_NOT_SERIALIZABLE(
    { route: routeOf(exchange), reason },
    { cause: error, detail: 'The answer could not be written.' },
  );
}

/** Sends a whole body, or 304 or 412 where the request's conditions say so. */
export function sendWhole(exchange: Exchange, type: string, body: string | Buffer): void {
  if ((exchange.fields !== undefined || exchange.target.fields.length > 0) && settledByConditions(exchange)) return;
  send(exchange, exchange.status, type, body);
}

/** Answers with 304 or 412 where the request's conditions say so of the response whose fields are set. Out: whether it did. */
export function settledByConditions(exchange: Exchange): boolean {
  if (!isConditional(exchange)) return false;
  const verdict = evaluatePreconditions(exchange);
  if (verdict === 'not-modified') send(exchange, 304, undefined, undefined);
  else if (verdict === 'failed') replyFailure(exchange, httpErrors.PRECONDITION_FAILED());
  return verdict !== 'send';
}

function isConditional(exchange: Exchange): boolean {
  if (exchange.status !== 200 || (exchange.wire.method !== 'GET' && exchange.wire.method !== 'HEAD')) return false;
  return exchange.field('etag') !== undefined || exchange.field('last-modified') !== undefined;
}
