import type { IncomingMessage } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Readable } from 'node:stream';
import { closeLingering } from './close-softly';
import type { Connection } from './connection';
import { httpErrors } from './errors';
import type { Exchange } from './exchange';
import { replyFailure } from './failure-reply';
import { closeBehindAnswer } from './http2-stream';

/**
 * Keeps an unread body from hiding that the client left: behind more bytes than the socket's buffers hold, neither its
 * end nor its reset is seen (about 64 KiB on Node 20). Over HTTP/2 a reset is seen in any case.
 */
export function unreadBody(exchange: Exchange): void {
  if (exchange.connection.protocol === '2.0') return;
  if (exchange.target.body === 'none') dropBody(exchange);
  else readAhead(exchange);
}

/** Reads and drops a body that nobody can take, within the limit. */
function dropBody(exchange: Exchange): void {
  exchange.bodyTaken = 'nothing';
  dropRestOf(exchange, exchange.wire.input);
}

/**
 * Reads and drops what still comes of a body that was given up, behind the answer: unread, it would keep the next request
 * of the connection from being seen. Over HTTP/2 nobody waits behind it: the client is asked to stop (RFC 9113 §8.1).
 */
export function dropUnread(exchange: Exchange, input: Readable): void {
  const { connection } = exchange;
  if (input.readableEnded || connection.stopDropping !== undefined) return;
  if (connection.protocol === '1.1') {
    if (!input.destroyed) dropRestOf(exchange, input);
    else if (!(input as IncomingMessage).complete) closeBehind(connection);
    return;
  }
  if (input.destroyed) return;
  input.resume();
  closeBehindAnswer((input as { stream?: ServerHttp2Stream }).stream ?? (input as ServerHttp2Stream));
}

/** Node's parser stands still before the rest of a body whose stream was destroyed (`for await` does that when it is left). */
function closeBehind(connection: Connection): void {
  connection.whenAnswered(() => closeLingering(connection.socket));
}

function dropRestOf(exchange: Exchange, input: Readable): void {
  const { bodyLimitBytes } = exchange.host.limits;
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes <= bodyLimitBytes) return;
    input.off('data', count);
    input.pause();
    const { connection } = exchange;
    // The answer is not taken back for what comes behind it.
    if (exchange.lifetime.ended) closeBehind(connection);
    else replyFailure(exchange, httpErrors.BODY_TOO_LARGE({ limit: bodyLimitBytes }));
  };
  input.on('error', ignore);
  input.on('data', count);
  input.resume();
}

/** Lets the stream fill its own buffer, up to the limit, without taking anything from whoever reads it later. */
function readAhead(exchange: Exchange): void {
  const { input } = exchange.wire;
  const state = (input as Readable & { _readableState: { highWaterMark: number } })._readableState;
  state.highWaterMark = Math.max(state.highWaterMark, exchange.host.limits.bodyLimitBytes);
  input.on('error', ignore);
  input.read(0);
  exchange.lifetime.defer(() => {
    if (exchange.bodyTaken === undefined && !input.destroyed) input.resume();
  });
}

function ignore(): void {
  // The end of the exchange tells of it.
}
