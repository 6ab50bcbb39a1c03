import { IncomingMessage, ServerResponse } from 'node:http';
import { parse } from 'node:querystring';
import { originOf } from './read-origin';
import type { Exchange } from './exchange';
import { toLocation } from './location';
import type { NodeWire } from './node-wire';

/*
 * Much middleware was written for Express and asks its request and response for a little more than Node's have:
 * express-rate-limit for `ip`, `app`, `status()` and `send()`, passport for `redirect()`, express-session for `secure`.
 * That little is here, on prototypes, so that a request pays for one change of its prototype and no more.
 */

const EXCHANGE = Symbol('rockstar-web.exchange');

interface ShapedRequest extends IncomingMessage {
  [EXCHANGE]?: Exchange;
  originalUrl?: string;
}

/** A response with the members of Express. */
interface ShapedResponse extends ServerResponse {
  json(value: unknown): this;
  send(body: unknown): this;
}

/** What depends on the request alone; what somebody assigns takes its place. */
function computed(name: string, read: (request: ShapedRequest, exchange: Exchange) => unknown): PropertyDescriptorMap {
  return {
    [name]: {
      configurable: true,
      get(this: ShapedRequest): unknown {
        const exchange = this[EXCHANGE];
        return exchange === undefined ? undefined : read(this, exchange);
      },
      set(this: ShapedRequest, value: unknown): void {
        Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true });
      },
    },
  };
}

function methods(members: Readonly<Record<string, (this: never, ...args: never[]) => unknown>>): PropertyDescriptorMap {
  const descriptors = Object.entries(members).map(([name, value]) => [name, { value, writable: true, configurable: true }]);
  return Object.fromEntries(descriptors) as PropertyDescriptorMap;
}

/** There are no settings of Express here; whoever asks is told that none is set. */
const NO_SETTINGS = Object.freeze({ get: (): undefined => undefined });

const requestMembers: PropertyDescriptorMap = {
  ...computed('ip', (_request, exchange) => originOf(exchange).ip || undefined),
  ...computed('protocol', (_request, exchange) => originOf(exchange).protocol),
  ...computed('secure', (_request, exchange) => originOf(exchange).protocol === 'https'),
  ...computed('query', ({ url = '' }) => parse(/\?([^#]*)/.exec(url)?.[1] ?? '')),
  ...computed('app', () => NO_SETTINGS),
};

const responseMembers = methods({
  status(this: ShapedResponse, status: number) {
    this.statusCode = status;
    return this;
  },
  append(this: ShapedResponse, name: string, value: string | readonly string[]) {
    return this.appendHeader(name, value);
  },
  send(this: ShapedResponse, body: unknown) {
    if (typeof body === 'object' && body !== null && !(body instanceof Uint8Array)) return this.json(body);
    const isText = !(body instanceof Uint8Array);
    return sendAs(this, isText ? 'text/html; charset=utf-8' : 'application/octet-stream', isText ? textOf(body) : body);
  },
  json(this: ShapedResponse, value: unknown) {
    return sendAs(this, 'application/json; charset=utf-8', JSON.stringify(value));
  },
  redirect(this: ShapedResponse, one: string | number, other: string | number = 302) {
    const [status, url] = typeof one === 'number' ? [one, String(other)] : [Number(other), one];
    this.statusCode = status;
    this.setHeader('Location', toLocation(url));
    this.setHeader('Content-Length', '0');
    this.end();
    return this;
  },
});

function textOf(body: unknown): string {
  return typeof body === 'string' ? body : body === undefined || body === null ? '' : JSON.stringify(body);
}

function sendAs<R extends ShapedResponse>(response: R, type: string, body: string | Uint8Array): R {
  if (!response.hasHeader('content-type')) response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
  return response;
}

const requestOverHttp1 = Object.create(IncomingMessage.prototype, requestMembers) as object;
const responseOverHttp1 = Object.create(ServerResponse.prototype, responseMembers) as object;

/** The exchange behind a request that middleware was given. */
export function exchangeOf(request: object): Exchange | undefined {
  return (request as ShapedRequest)[EXCHANGE];
}

/** Gives Node's request and response what middleware written for Express asks them for. */
export function shapeForMiddleware(exchange: Exchange, { request, response }: NodeWire): void {
  const shaped = request as ShapedRequest;
  if (shaped[EXCHANGE] !== undefined) return;
  shaped[EXCHANGE] = exchange;
  shaped.originalUrl ??= request.url ?? '/';
  if (request instanceof IncomingMessage) {
    Object.setPrototypeOf(request, requestOverHttp1);
    Object.setPrototypeOf(response, responseOverHttp1);
  } else if (!('ip' in request)) {
    // The first over HTTP/2 in this process: those have prototypes of ours (`http2-shapes.ts`).
    Object.defineProperties(Object.getPrototypeOf(request), requestMembers);
    Object.defineProperties(Object.getPrototypeOf(response), responseMembers);
  }
}
