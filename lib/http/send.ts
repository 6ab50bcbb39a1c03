// Hot: the one place where a response leaves.
import type { Writable } from 'node:stream';
import { httpErrors } from './errors';
import type { Exchange } from './exchange';
import { NodeWire } from './node-wire';
import type { Fields } from './wire';

/** What every failure is sent as (RFC 9457). */
export const PROBLEM_TYPE = 'application/problem+json';

/** Whether a response of this status has no body by definition (RFC 9110 §15.3.5, §15.3.6, §15.4.5). */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/**
 * Sends head and whole body, records it, and ends the exchange. `type` undefined: no content type.
 *
 * Fails with: REPLY_STATUS_INVALID.
 */
export function send(exchange: Exchange, status: number, type: string | undefined, body: string | Buffer | undefined): void {
  const { wire } = exchange;
  const content = isBodiless(status) ? undefined : body;
  const fields = headAround(exchange, status, content === undefined && body !== undefined ? undefined : type, content);
  exchange.replied = true;
  if (status >= 400 && wire.bodyPending) exchange.connection.stopDropping = wire.refuse(status, fields, content);
  else if (wire.respond(status, fields, content) && exchange.begun?.ended === false) return;
  record(exchange, status);
  exchange.begun?.end('finished');
}

/** What a begun response needs until it is through. */
export interface Sending {
  readonly out: Writable;
  /** Sends what a compressing middleware holds back; `undefined` where there is none. */
  readonly flush: (() => void) | undefined;
  /** Nothing more follows. */
  readonly end: () => void;
  /** The source broke: the response is broken off, so that nobody takes a part for the whole. */
  readonly fail: (error: unknown) => void;
  readonly done: () => void;
}

/**
 * Sends the head; the body follows on `out`. From here on there is no deadline: what is streamed lasts as long as it lasts.
 *
 * In: `length` only where somebody checks that as much comes; without it no length is told.
 * Fails with: REPLY_STATUS_INVALID.
 */
export function startSending(exchange: Exchange, type: string, length?: number): Sending {
  const { host, target, wire, status } = exchange;
  const fields = headOf(exchange, status, type);
  if (length === undefined) dropField(fields, 'content-length');
  const { lifetime } = exchange;
  exchange.untimed();
  exchange.replied = true;
  exchange.headMs = host.clock.now();
  const out = wire.open(status, fields);
  const node = wire instanceof NodeWire && wire.touched ? wire : undefined;
  const done = (): void => {
    if (lifetime.ended) return;
    record(exchange, status);
    lifetime.end('finished');
  };
  return {
    out,
    flush: node?.flush,
    // Not everybody who puts something around `end` knows that it takes a callback; the host is told of this end anyway.
    end: () => void (node === undefined ? out.end(done) : out.end()),
    fail(error) {
      if (lifetime.ended) return;
      exchange.failure = error;
      host.logger.error('a streamed response broke off', { route: target.route, err: error });
      record(exchange, 500);
      lifetime.end('finished');
      wire.cut();
    },
    done,
  };
}

/** Writes the exchange into its route's numbers. */
export function record(exchange: Exchange, status: number): void {
  const { target, host } = exchange;
  target.instruments.record(status, host.clock.now() - exchange.startedMs, exchange.connection.protocol);
}

/** Head of a response whose whole body is known. */
function headAround(exchange: Exchange, status: number, type: string | undefined, content: string | Buffer | undefined): Fields {
  if (content === undefined) {
    const fields = headOf(exchange, status, type);
    // Only an answer to HEAD may tell the length of what it does not have (RFC 9110 §8.6).
    if (status === 204 || !exchange.wire.headOnly) dropField(fields, 'content-length');
    // Unlike the other two, it does not end with its head by definition (RFC 9112 §6.3).
    if (status === 205) setLength(fields, 0);
    return fields;
  }
  const length = typeof content === 'string' ? Buffer.byteLength(content) : content.length;
  if (type !== undefined && isUsual(exchange)) {
    checkStatus(status);
    // Written down at once: an array that grows field by field is made anew on the way (20 ns and 120 bytes a request).
    return exchange.host.nosniff
      ? ['content-type', type, 'content-length', String(length), 'x-content-type-options', 'nosniff']
      : ['content-type', type, 'content-length', String(length)];
  }
  const fields = headOf(exchange, status, type);
  const isStated = length === 0 && exchange.wire.headOnly && hasField(fields, 'content-length');
  if (!isStated) setLength(fields, length);
  return fields;
}

/** Whether nobody adds to the head but the body. */
function isUsual({ target, host, fields }: Exchange): boolean {
  return fields === undefined && target.fields.length === 0 && !host.stopping;
}

/** The route's fields, replaced by what was set for this response, and what the kernel adds. */
function headOf(exchange: Exchange, status: number, type: string | undefined): Fields {
  checkStatus(status);
  const { target, host, fields: own } = exchange;
  const fields = fieldsOfRoute(target.fields, type === PROBLEM_TYPE);
  if (own !== undefined) addOwn(fields, own);
  if (type !== undefined && (fields.length === 0 || !hasField(fields, 'content-type'))) fields.push('content-type', type);
  if (host.nosniff && !hasField(fields, 'x-content-type-options')) fields.push('x-content-type-options', 'nosniff');
  if (host.stopping && exchange.connection.protocol === '1.1' && !hasField(fields, 'connection'))
    fields.push('connection', 'close');
  return fields;
}

/** What a route says of its own content is not true of a failure. */
const OF_CONTENT = /^(content-.*|etag|last-modified)$/;

function fieldsOfRoute(fields: readonly string[], isFailure: boolean): Fields {
  if (fields.length === 0) return [];
  return isFailure ? fields.filter((_, at) => !OF_CONTENT.test(fields[at - (at % 2)])) : fields.slice();
}

function checkStatus(status: number): void {
  if (!(status >= 200 && status <= 599) || !Number.isInteger(status)) throw httpErrors.REPLY_STATUS_INVALID({ status });
}

function addOwn(fields: Fields, own: Fields): void {
  if (fields.length > 0) {
    for (let i = 0; i < own.length; i += 2) if (own[i] !== 'set-cookie') dropField(fields, own[i]);
  }
  for (let i = 0; i < own.length; i++) fields.push(own[i]);
}

function hasField(fields: Fields, name: string): boolean {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return true;
  return false;
}

function dropField(fields: Fields, name: string): void {
  for (let i = fields.length - 2; i >= 0; i -= 2) if (fields[i] === name) fields.splice(i, 2);
}

/** The length is what was counted, whatever was set: two lengths, or a wrong one, let others misread what follows (RFC 9112 §6.3). */
function setLength(fields: Fields, length: number): void {
  dropField(fields, 'content-length');
  fields.push('content-length', String(length));
}
