import { STATUS_CODES } from 'node:http';
import { type FrameworkError, type InputIssue, isFrameworkError } from '../errors/framework-error';
import { cancellationIn, isCancelledError } from '../lifetime/end-reason';
import { httpErrors } from './errors';
import type { Exchange } from './exchange';
import { failureOfMiddleware } from './middleware-failure';
import { NodeWire } from './node-wire';
import { PROBLEM_TYPE, record, send } from './send';
import { handlerDone } from './takeover';
import type { Fields } from './wire';

/** A failure as a client sees it (RFC 9457). Never a stack, a cause or another server's text. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Stable; see docs/errors.md. */
  readonly code: string;
  readonly errors?: readonly InputIssue[];
}

/** The failure to answer with: the error itself if it says a status, else INTERNAL_ERROR caused by it. */
export function toFailure(error: unknown): FrameworkError {
  const failure = statedFailure(error) ?? failureOfMiddleware(error) ?? httpErrors.INTERNAL_ERROR({}, { cause: error });
  // Whatever was stopped first, a query or the request itself: all who wait are told the same.
  return isCancelledError(failure) && failure.reason === 'shutdown' ? httpErrors.SERVER_STOPPING() : failure;
}

function statedFailure(error: unknown): FrameworkError | undefined {
  if (isFrameworkError(error) && isFailure(error.status)) return error;
  // Node's own functions wrap the reason of a signal: a deadline of the handler's making is a 504 whoever tells of it.
  const cancelled = cancellationIn(error);
  return cancelled !== undefined && isFailure(cancelled.status) ? cancelled : undefined;
}

/** 499 is recorded where nothing can be sent; no client gets it. */
function isFailure(status: number | undefined): boolean {
  return Number.isInteger(status) && (status as number) >= 400 && (status as number) <= 599 && status !== 499;
}

/** The body to send for a failure. */
export function toProblem(failure: FrameworkError): Problem {
  const status = failure.status ?? 500;
  const title = STATUS_CODES[status] ?? 'Error';
  const problem = { type: 'about:blank', title, status, detail: failure.detail ?? title, code: failure.code };
  const whole = failure.errors === undefined ? problem : { ...problem, errors: failure.errors };
  return failure.members === undefined ? whole : { ...failure.members, ...whole };
}

/** Answers with a failure, unless an answer was begun already; logs what is the server's own fault. Never throws. */
export function replyFailure(exchange: Exchange, error: unknown): void {
  if (exchange.taken?.done !== undefined && handlerDone(exchange, error)) return;
  const failure = toFailure(error);
  exchange.failure = error;
  logFailure(exchange, failure);
  if (exchange.replied || exchange.wire.headSent) {
    // Whole, and on its way through Node's response: it is recorded as what it is when it is through.
    if (exchange.wire.complete && exchange.begun?.ended === false) return;
    if (!exchange.replied) record(exchange, failure.status ?? 500);
    exchange.replied = true;
    exchange.begun?.end('finished');
    // A part may not be taken for the whole; a whole answer is the client's, whatever fails behind it.
    if (!exchange.wire.complete) exchange.wire.cut();
    return;
  }
  try {
    beginFailure(exchange, failure);
    exchange.setField('cache-control', 'no-store');
    // What the route says of its own content is not true of a failure.
    exchange.setField('content-type', PROBLEM_TYPE);
    send(exchange, failure.status ?? 500, PROBLEM_TYPE, JSON.stringify(toProblem(failure)));
  } catch (unsendable) {
    giveUp(exchange, unsendable);
  }
}

/** Of what was set for the answer that did not come, a failure keeps what is about the client and not about the content. */
const KEPT = /^(access-control-.*|vary|set-cookie)$/;

/** Lays aside what was prepared for the answer that did not come, and takes up what the failure says. */
export function beginFailure(exchange: Exchange, { headers }: FrameworkError): void {
  exchange.fields = keepForFailure(exchange.fields);
  if (exchange.wire instanceof NodeWire) exchange.wire.forgetContent();
  if (headers === undefined) return;
  for (const [name, value] of Object.entries(headers)) exchange.setField(name.toLowerCase(), value);
}

function keepForFailure(fields: Fields | undefined): Fields | undefined {
  const kept = fields?.filter((_, at, all) => KEPT.test(all[at - (at % 2)]));
  return kept === undefined || kept.length === 0 ? undefined : kept;
}

/** Not even the failure can be sent as it is: a plain one, or nothing. */
function giveUp(exchange: Exchange, error: unknown): void {
  const { host, wire } = exchange;
  host.logger.error('a failure could not be sent', { route: exchange.target.route, err: error });
  exchange.fields = undefined;
  if (exchange.replied) {
    exchange.begun?.end('finished');
    wire.cut();
  } else {
    send(exchange, 500, PROBLEM_TYPE, JSON.stringify(toProblem(httpErrors.INTERNAL_ERROR())));
  }
}

/** A failure's response head and body as bytes, for a connection whose request could not even be parsed. */
export function rawFailure(failure: FrameworkError): string {
  const problem = toProblem(failure);
  const body = JSON.stringify(problem);
  return (
    `HTTP/1.1 ${problem.status} ${problem.title}\r\ncontent-type: ${PROBLEM_TYPE}\r\n` +
    `content-length: ${Buffer.byteLength(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n${body}`
  );
}

function logFailure(exchange: Exchange, failure: FrameworkError): void {
  const { logger } = exchange.host;
  const status = failure.status ?? 500;
  const fields = { method: exchange.wire.method, route: exchange.target.route, status, code: failure.code };
  if (status >= 500 && !isRefusal(failure)) logger.error('request failed', { ...fields, err: failure.cause ?? failure });
  else logger.debug('request refused', { ...fields, reason: failure.detail });
}

/** Told to come again: by a breaker that is open, or by who has too much to do. There are many of them, and each is meant. */
export function isRefusal({ status, headers, cause }: FrameworkError): boolean {
  return status === 503 && cause === undefined && headers?.['retry-after'] !== undefined;
}
