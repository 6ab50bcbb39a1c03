// Hot: most bodies over HTTP/1.1 are short, and come whole, in the packet of their head.
import { CapturedBody, capturable } from './captured-body';
import type { Awaiting } from './connection';
import type { Exchange } from './exchange';
import type { Http1Request } from './http1-request';

/**
 * Lets an exchange whose route begins with its body begin when that is there: with a short JSON body that comes in the packet
 * of its head, the route is run in the same tick and is answered as one without a body is. What has not come by the end of the
 * event loop's turn is waited for as any other body.
 *
 * In: `run` answers the exchange, whose `arrivedBody` is set; it never throws. Out: whether it will be called.
 */
export function awaitBody(exchange: Exchange, run: (exchange: Exchange) => void): boolean {
  const request = capturable(exchange);
  if (request === undefined || !isShortJson(request, exchange.host.limits.bodyLimitBytes)) return false;
  new BodyArrival(exchange, request, run).start();
  return true;
}

/** Longer bodies hardly ever come with their head. */
const SHORT_BYTES = 16 * 1024;

function isShortJson({ headers }: Http1Request, limitBytes: number): boolean {
  if (headers['content-type'] !== 'application/json') return false;
  const length = Number(headers['content-length']);
  return (
    length > 0 &&
    length <= SHORT_BYTES &&
    length <= limitBytes &&
    headers['transfer-encoding'] === undefined &&
    headers.expect === undefined
  );
}

class BodyArrival implements Awaiting {
  private readonly exchange: Exchange;
  private readonly request: Http1Request;
  private readonly run: (exchange: Exchange) => void;
  private chunk: Buffer | undefined;
  private rest: Buffer[] | undefined;

  constructor(exchange: Exchange, request: Http1Request, run: (exchange: Exchange) => void) {
    this.exchange = exchange;
    this.request = request;
    this.run = run;
    this.chunk = undefined;
    this.rest = undefined;
  }

  start(): void {
    this.exchange.connection.awaiting = this;
    this.request.receiver = (chunk) => {
      if (chunk === null) this.come();
      else this.take(chunk);
      return true;
    };
    lookLater(this);
  }

  take(chunk: Buffer): void {
    if (this.chunk === undefined) this.chunk = chunk;
    else (this.rest ??= []).push(chunk);
  }

  end(): void {
    const { chunk, rest } = this;
    this.runWith(rest === undefined ? (chunk as Buffer) : Buffer.concat([chunk as Buffer, ...rest]));
  }

  failed(error: Error): void {
    if (!this.exchange.lifetime.ended) this.runWith(error);
  }

  waitLonger(): void {
    const { exchange, request } = this;
    const { connection } = exchange;
    if (connection.awaiting !== this) return;
    connection.awaiting = undefined;
    exchange.bodyTaken = 'an argument';
    new CapturedBody(exchange, request, exchange.host.limits.bodyLimitBytes, this).start();
  }

  private runWith(body: Buffer | Error): void {
    const { exchange } = this;
    exchange.bodyTaken = undefined;
    exchange.arrivedBody = body;
    this.run(exchange);
  }

  private come(): void {
    const { request } = this;
    this.exchange.connection.awaiting = undefined;
    request.receiver = undefined;
    request.push(null);
    this.end();
  }
}

let arrivals: BodyArrival[] = [];

function lookLater(arrival: BodyArrival): void {
  if (arrivals.push(arrival) === 1) setImmediate(look);
}

function look(): void {
  const all = arrivals;
  arrivals = [];
  for (const arrival of all) arrival.waitLonger();
}
