import { STATUS_CODES } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { cancelledBecause, type EndReason } from '../lifetime/end-reason';
import type { Lifetime } from '../lifetime/lifetime';
import { closeBehindWrites } from './close-softly';
import type { DivertedRequest } from './connection';
import { Diversion } from './diversion';
import { httpErrors } from './errors';
import { type Exchange, routeOf, type TakenConnection } from './exchange';
import { HTTP2_CODES } from './http2-codes';
import type { NodeWire } from './node-wire';
import { parserHookFailure } from './parser-hook';
import { record } from './send';
import type { HttpProtocol } from './target';
import { type Fields, HOP_BY_HOP } from './wire';

/** Who takes a connection over. */
export interface Taker {
  /**
   * The handler that took it returned (`failure` undefined), or failed; told once, and not when the connection ended before.
   * Absent: the connection outlives its handler.
   */
  handlerDone?(failure: unknown): void;
}

/**
 * A connection that belongs to whoever took it, and no longer to HTTP: no time-out, no parser and no answer of the
 * framework's touches it.
 *
 * Ends: with the exchange's lifetime. That ends when the stream is closed (`finished` when our side asked for it, or both
 * ended theirs; else `client`), and its end in any other way (`shutdown`, `manual`) destroys the stream.
 */
export class Takeover {
  readonly exchange: Exchange;
  readonly protocol: HttpProtocol;
  /**
   * The socket itself, or the stream of an extended CONNECT (RFC 8441), paused: what the client sent behind its request is
   * what is read first. It may have ended (`readableEnded`), where its client sent nothing but its end. It has an `error`
   * listener; `close` follows, and is what counts.
   */
  readonly stream: Duplex;
  readonly #taker: Taker;
  readonly #closed: () => void;
  #isDone: boolean;
  #reason: EndReason | undefined;

  constructor(exchange: Exchange, stream: Duplex, taker: Taker) {
    this.exchange = exchange;
    this.protocol = exchange.connection.protocol;
    this.stream = stream;
    this.#taker = taker;
    this.#closed = () => this.streamClosed();
    this.#isDone = false;
    this.#reason = undefined;
    // Over HTTP/2 the wire tells.
    if (this.protocol === '1.1') stream.once('close', this.#closed);
    exchange.lifetime.defer((reason) => {
      if (reason !== 'finished') stream.destroy();
    });
  }

  get lifetime(): Lifetime {
    return this.exchange.lifetime;
  }

  /**
   * Says yes to the client: a status line and `fields`, or `:status` over HTTP/2, where 101 is 200 (RFC 8441 §5) and fields
   * of a connection are left out. Who writes bytes of its own instead need not call it over HTTP/1.1.
   */
  accept(status: number, fields: Fields, reason: string = STATUS_CODES[status] ?? ''): void {
    const { stream } = this;
    if (this.protocol === '2.0') {
      (stream as ServerHttp2Stream).respond(toHttp2(status === 101 ? 200 : status, fields));
      return;
    }
    let head = `HTTP/1.1 ${status} ${reason}\r\n`;
    for (let i = 0; i < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`;
    stream.write(`${head}\r\n`, 'latin1');
  }

  /**
   * Ends our side behind what was written, as long as the client reads it (`keepAliveTimeoutMs` without progress cuts it);
   * what still comes is dropped for a second, then it is closed. In: what stands on the stream and takes the writes, if
   * something does.
   */
  close(outer: Duplex = this.stream): void {
    const { stream, exchange } = this;
    this.#reason ??= 'finished';
    if (stream.destroyed) return;
    if (this.protocol === '2.0' && !(stream as ServerHttp2Stream).headersSent) {
      (stream as ServerHttp2Stream).close(HTTP2_CODES.CANCEL);
      return;
    }
    closeBehindWrites(outer, stream, exchange.host.limits.keepAliveTimeoutMs);
  }

  /**
   * Lets go of the request: its lifetime ends here, as finished, and nothing of it is kept. The stream is the caller's alone,
   * and its end is the caller's to see to.
   */
  leave(): Duplex {
    const { stream, exchange } = this;
    // Listeners are memory, too: each idle connection has those that are left for as long as it lasts.
    stream.off('close', this.#closed).off('close', exchange.connection.clientGone);
    exchange.lifetime.end('finished');
    // Both keep the whole of the request for as long as the connection lasts.
    exchange.connection.lastResponse = undefined;
    exchange.connection.arriving = undefined;
    if (this.protocol === '1.1') exchange.host.forget(exchange.connection);
    return stream;
  }

  /** Cuts it now. In: how that counts. */
  destroy(reason: EndReason = 'finished'): void {
    this.#reason ??= reason;
    this.stream.destroy();
  }

  /**
   * Cuts it now, so that the client can tell that from an end: by a reset, over TLS by a missing close_notify (RFC 8446 §6.1),
   * over HTTP/2 by CONNECT_ERROR (RFC 9113 §8.5).
   */
  abort(): void {
    const { stream } = this;
    this.#reason ??= 'finished';
    if (this.protocol === '2.0') (stream as ServerHttp2Stream).close(HTTP2_CODES.CONNECT_ERROR);
    // Node loses a socket that is reset while it is being shut down: it would never be closed.
    const isEnding = stream.writableEnded && !stream.writableFinished;
    if (stream instanceof Socket && !this.exchange.connection.encrypted && !isEnding) stream.resetAndDestroy();
    stream.destroy();
  }

  /** @internal Told by the wire, or the stream itself. */
  streamClosed(): void {
    const { stream } = this;
    const isMutual = stream.readableEnded && stream.writableFinished;
    this.lifetime.end(this.#reason ?? (isMutual ? 'finished' : 'client'));
  }

  /** @internal Told by whoever walks the exchange through its route. */
  handlerDone(failure?: unknown): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#taker.handlerDone?.(failure);
  }
}

/**
 * Takes the connection of an exchange over: over HTTP/1.1 the socket, on any route that `takesOver`, and on every other in
 * the tick its request came; over HTTP/2 the stream of a CONNECT (RFC 8441, RFC 9113 §8.5). Earlier answers of the
 * connection go out first, and the body of the request is read (it stays with the request, for who wants it).
 *
 * From the call on nobody can answer the request; when it fails, it can be answered as before.
 * Fails with: HIJACK_ALREADY_TAKEN, HIJACK_AFTER_ANSWER, HIJACK_TOO_LATE, HIJACK_HTTP2_REFUSED, HIJACK_UNSUPPORTED,
 * BODY_TOO_LARGE, BODY_INCOMPLETE, REQUEST_MALFORMED, REQUEST_TIMEOUT; a `CancelledError` when the request is cut meanwhile.
 */
export async function takeOver(exchange: Exchange, taker: Taker = {}): Promise<Takeover> {
  const refusal = refusalOf(exchange);
  if (refusal !== undefined) throw refusal;
  const pending: TakenConnection = { done: undefined, handler: undefined };
  exchange.taken = pending;
  exchange.answering = true;
  try {
    const stream = await streamOf(exchange);
    const takeover = handOver(exchange, stream, taker);
    pending.done = takeover;
    exchange.headMs = exchange.host.clock.now();
    const { handler } = pending;
    // Behind whoever waits for the connection.
    if (handler !== undefined) process.nextTick(() => takeover.handlerDone(handler.failure));
    return takeover;
  } catch (error) {
    exchange.taken = undefined;
    exchange.answering = false;
    throw error;
  }
}

/** The handler of an exchange whose connection was taken, or is about to be, returned or failed. Out: whether it was. */
export function handlerDone({ taken }: Exchange, failure?: unknown): boolean {
  if (taken === undefined) return false;
  if (taken.done !== undefined) taken.done.handlerDone(failure);
  else taken.handler = { failure };
  return true;
}

function refusalOf(exchange: Exchange): Error | undefined {
  const { connection, wire, begun } = exchange;
  const route = routeOf(exchange);
  if (exchange.taken !== undefined) return httpErrors.HIJACK_ALREADY_TAKEN({ route, call: 'a second take-over' }, SAFE);
  if (begun?.ended === true && begun.reason !== undefined && begun.reason !== 'finished') return cancelledBecause(begun.reason);
  if (exchange.replied || exchange.answering || wire.headSent) return httpErrors.HIJACK_AFTER_ANSWER({ route }, SAFE);
  if (connection.protocol === '2.0') {
    return wire.method === 'CONNECT' ? undefined : httpErrors.HIJACK_HTTP2_REFUSED();
  }
  const unsupported = parserHookFailure();
  if (unsupported !== undefined) return unsupported;
  const { request } = wire as NodeWire;
  if (connection.diversion?.request === request) return undefined;
  return connection.arriving === request ? undefined : httpErrors.HIJACK_TOO_LATE({ route }, SAFE);
}

const SAFE = { detail: 'The connection of this request cannot be taken over.' };

async function streamOf(exchange: Exchange): Promise<Duplex> {
  const { connection, wire } = exchange;
  if (wire.stream !== undefined) return wire.stream;
  const diversion = connection.diversion ?? divertNow(exchange, wire as NodeWire);
  await connectionBehind(exchange, diversion);
  return diversion.release();
}

/** In the tick the request came: the parser's hook hears of it when the handler comes back to it. */
function divertNow({ connection, host }: Exchange, { request, response }: NodeWire): Diversion {
  const diversion = new Diversion(host, connection, request, true);
  diversion.response = response;
  response.shouldKeepAlive = false;
  return diversion;
}

/** Settles when the connection can be had; fails when the request is cut before. */
function connectionBehind(exchange: Exchange, diversion: DivertedRequest): Promise<void> {
  const { lifetime, wire } = exchange;
  return new Promise((resolve, reject) => {
    const undo = lifetime.defer((reason) => {
      diversion.forget();
      reject(
        reason === 'finished' ? httpErrors.HIJACK_AFTER_ANSWER({ route: routeOf(exchange) }, SAFE) : cancelledBecause(reason),
      );
    });
    const isWaiting = diversion.ready({
      ready() {
        undo();
        resolve();
      },
      failed(failure) {
        undo();
        reject(failure);
      },
    });
    // Who waits to be asked for a body sends none before.
    if (isWaiting && !diversion.isWhole) wire.invite();
  });
}

function handOver(exchange: Exchange, stream: Duplex, taker: Taker): Takeover {
  const { connection } = exchange;
  if (exchange.lifetime.ended) {
    stream.destroy();
    throw cancelledBecause('client');
  }
  exchange.replied = true;
  exchange.untimed();
  connection.remove(exchange);
  if (connection.protocol === '1.1') connection.taken = true;
  record(exchange, connection.protocol === '1.1' ? 101 : 200);
  return new Takeover(exchange, stream, taker);
}

function toHttp2(status: number, fields: Fields): Record<string, string | number | string[]> {
  const headers: Record<string, string | number | string[]> = { ':status': status };
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i].toLowerCase();
    if (HOP_BY_HOP.has(name)) continue;
    const before = headers[name];
    headers[name] = before === undefined ? fields[i + 1] : [...[before].flat().map(String), fields[i + 1]];
  }
  return headers;
}
