import type { FrameworkError } from '../errors/framework-error';
import type { Exchange } from '../http/exchange';
import { exchangeAround } from '../http/exchange-around';
import type { Clock } from '../lifetime/clock';
import { currentLifetime } from '../lifetime/current';
import type { Deadlines } from '../lifetime/deadline';
import type { Lifetime } from '../lifetime/lifetime';
import type { Breakers } from '../resilience/breakers';
import { rejectSoon } from '../resilience/uncut-call';
import { countsAs } from '../resilience/verdict';
import { nameOf, toCallUrl } from './call-url';
import {
  type CallOptions,
  checkClientOptions,
  checkLimits,
  DEFAULT_LIMITS,
  type HttpClientOptions,
  type UpstreamInterceptor,
  type UpstreamOptions,
} from './client-options';
import { upstreamErrors, untold } from './errors';
import { followRedirects } from './follow-redirects';
import { TIMEOUT_HEADER, timeForOther, traceOf } from './forwarded-headers';
import { Pools } from './pools';
import { type CallReport, UpstreamCall } from './upstream-call';
import { type BreakerOfRequest, findBreaker, UpstreamTicket } from './upstream-breaker';
import type { UpstreamRequest } from './upstream-request';
import type { UpstreamResponse } from './upstream-response';

/** What an application lends to its client. */
export interface UpstreamRooms {
  /** What calls outside of any request are a part of. */
  readonly lifetime: Lifetime;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly observe: (report: CallReport) => void;
  /** Told of a call that was not begun, since its request has no time left. */
  readonly outOfTime: () => void;
  /** Those of the application, for clients that name one. */
  readonly breakers: Breakers;
}

/** What all clients of an application share. */
interface Shared extends UpstreamRooms {
  readonly pools: Pools;
}

/** A method's options: `method` stands in the name. */
type Call = (url: string | URL, options?: CallOptions) => Promise<UpstreamResponse>;

/**
 * Calls other services over HTTP, on kept connections. Inject it.
 *
 * A call belongs to the request in which it is made, without being told: it is cut with it, what is left of its time and
 * its trace go along, and it is refused when no time is left. Outside of a request it belongs to the application.
 * A call that was cut rejects with a `CancelledError` and is nobody's failure.
 */
export class HttpClient {
  readonly #shared: Shared;
  readonly #defaults: HttpClientOptions;
  /** Those of all its calls, in lower case. */
  readonly #headers: Readonly<Record<string, string>>;
  readonly #breakerOf: BreakerOfRequest | undefined;

  /** @internal Inject it, or derive one by `with`. */
  constructor(shared: Shared, defaults: HttpClientOptions) {
    this.#shared = shared;
    this.#defaults = defaults;
    this.#headers = lowerCase(defaults.headers ?? {});
    this.#breakerOf = defaults.breaker === undefined ? undefined : findBreaker(defaults.breaker, shared.breakers);
  }

  /**
   * A client with defaults of its own, on the same connections: `http.with({ baseUrl: 'http://users', timeoutMs: 500 })`.
   * Headers are added to those of this client, interceptors stand inside of its own.
   *
   * Fails with: UPSTREAM_OPTION_INVALID.
   */
  with(options: HttpClientOptions): HttpClient {
    throwFirst(checkClientOptions(options as Readonly<Record<string, unknown>>));
    const { headers, interceptors } = this.#defaults;
    return new HttpClient(this.#shared, {
      ...this.#defaults,
      ...options,
      headers: { ...headers, ...options.headers },
      interceptors: [...(interceptors ?? []), ...(options.interceptors ?? [])],
    });
  }

  /** GET; see `request`. */
  readonly get: Call = (url, options) => this.request('GET', url, options);
  /** HEAD; see `request`. */
  readonly head: Call = (url, options) => this.request('HEAD', url, options);
  /** POST; see `request`. */
  readonly post: Call = (url, options) => this.request('POST', url, options);
  /** PUT; see `request`. */
  readonly put: Call = (url, options) => this.request('PUT', url, options);
  /** PATCH; see `request`. */
  readonly patch: Call = (url, options) => this.request('PATCH', url, options);
  /** DELETE; see `request`. */
  readonly delete: Call = (url, options) => this.request('DELETE', url, options);

  /** GET, the status checked (200 to 299) and the body parsed. Fails with: as `request`, `expectOk` and `json` of the answer. */
  async getJson<T = unknown>(url: string | URL, options: CallOptions = {}): Promise<T> {
    const response = await this.get(url, acceptingJson(options));
    const value = await response.expectOk().json<T>();
    return value;
  }

  /** POST of a value as JSON, the status checked and the body parsed. Fails with: as `getJson`. */
  async postJson<T = unknown>(url: string | URL, json: unknown, options: CallOptions = {}): Promise<T> {
    const response = await this.post(url, { ...acceptingJson(options), json });
    const value = await response.expectOk().json<T>();
    return value;
  }

  /**
   * Makes a call.
   *
   * In: `url` absolute, or with a `baseUrl` a path below it. Out: the answer, whatever its status, once its head is there.
   * Fails with: UPSTREAM_UNREACHABLE, UPSTREAM_BROKEN, UPSTREAM_CONNECT_TIMEOUT, UPSTREAM_FIRST_BYTE_TIMEOUT,
   * UPSTREAM_TIMEOUT, UPSTREAM_NO_TIME_LEFT, UPSTREAM_REDIRECT_INVALID, UPSTREAM_CLOSED, UPSTREAM_URL_INVALID,
   * UPSTREAM_REQUEST_INVALID, UPSTREAM_OPTION_INVALID; BREAKER_OPEN and BREAKER_TIMEOUT of its `breaker`; a `CancelledError` when it was cut. Its body may also fail with
   * UPSTREAM_IDLE_TIMEOUT and UPSTREAM_TOO_LARGE.
   * Ends: with the last byte of the answer; with the request it is made in, `options.signal`, the application.
   */
  request(method: string, url: string | URL, options: CallOptions = {}): Promise<UpstreamResponse> {
    const { interceptors = [] } = this.#defaults;
    // No promise of its own: each costs a good deal where requests are known without being told.
    try {
      throwFirst(checkLimits(options));
      const request = this.#toRequest(method, url, options);
      return interceptors.length === 0 ? this.#follow(request) : around(interceptors, 0, request, (it) => this.#follow(it));
    } catch (error) {
      return rejectSoon(error);
    }
  }

  #follow(request: UpstreamRequest): Promise<UpstreamResponse> {
    return request.maxRedirects === 0 ? this.#send(request) : followRedirects(request, (one) => this.#send(one));
  }

  #toRequest(method: string, given: string | URL, options: CallOptions): UpstreamRequest {
    const defaults = this.#defaults;
    const url = toCallUrl(given, defaults.baseUrl, options.query);
    const headers = { ...this.#headers, ...(options.headers === undefined ? {} : lowerCase(options.headers)) };
    const hasJson = options.json !== undefined;
    if (hasJson && options.body !== undefined) {
      throw upstreamErrors.UPSTREAM_REQUEST_INVALID({ call: nameOf(method, url), reason: 'it has both json and body' });
    }
    if (hasJson) headers['content-type'] ??= 'application/json';
    const limit = (name: keyof typeof DEFAULT_LIMITS): number => options[name] ?? defaults[name] ?? DEFAULT_LIMITS[name];
    return {
      method,
      url,
      headers,
      body: hasJson ? JSON.stringify(options.json) : options.body,
      signal: options.signal,
      detached: options.detached ?? false,
      timeoutMs: limit('timeoutMs'),
      firstByteTimeoutMs: limit('firstByteTimeoutMs'),
      idleTimeoutMs: limit('idleTimeoutMs'),
      maxResponseBytes: limit('maxResponseBytes'),
      maxRedirects: limit('maxRedirects'),
      isLimited: options.maxResponseBytes !== undefined,
    };
  }

  #send(request: UpstreamRequest): Promise<UpstreamResponse> {
    const { lifetime, pools, deadlines, observe } = this.#shared;
    const parent = request.detached ? lifetime : (currentLifetime() ?? lifetime);
    if (lifetime.ended) {
      return Promise.reject(upstreamErrors.UPSTREAM_CLOSED({ call: nameOf(request.method, request.url) }, untold(503)));
    }
    const exchange = request.detached ? undefined : exchangeAround(parent);
    const told = exchange === undefined ? request : this.#bind(request, exchange);
    const ticket = this.#breakerOf === undefined ? undefined : new UpstreamTicket(this.#breakerOf(told));
    return new UpstreamCall(told, { parent, pools, deadlines, observe, ticket }).send();
  }

  /** What goes along with a call that is made in a request. Headers of the caller's own stay. */
  #bind(request: UpstreamRequest, exchange: Exchange): UpstreamRequest {
    const { forwardDeadline = true, forwardTrace = true } = this.#defaults;
    const headers = { ...(forwardTrace ? traceOf(exchange.wire.headers) : {}), ...request.headers };
    const { remainingMs } = exchange;
    if (remainingMs === undefined) return { ...request, headers };
    const leftMs = timeForOther(remainingMs);
    // Who is over already is told that it was cut, and why.
    if (leftMs === 0 && !exchange.lifetime.ended) {
      this.#shared.outOfTime();
      const slots = { call: nameOf(request.method, request.url), leftMs: Math.round(remainingMs) };
      throw countsAs('ignored', upstreamErrors.UPSTREAM_NO_TIME_LEFT(slots, untold(504)));
    }
    if (forwardDeadline)
      headers[TIMEOUT_HEADER] ??= String(request.timeoutMs === 0 ? leftMs : Math.min(leftMs, request.timeoutMs));
    return { ...request, headers };
  }
}

/** The client of an application, and how its connections are closed. Fails with: UPSTREAM_OPTION_INVALID. */
export function openHttpClient(
  options: UpstreamOptions,
  rooms: UpstreamRooms,
): { readonly client: HttpClient; close(): Promise<void> } {
  throwFirst(checkClientOptions(options as Readonly<Record<string, unknown>>));
  const pools = new Pools(options, rooms.clock);
  return { client: new HttpClient({ ...rooms, pools }, options), close: () => pools.close() };
}

async function around(
  interceptors: readonly UpstreamInterceptor[],
  from: number,
  request: UpstreamRequest,
  send: (request: UpstreamRequest) => Promise<UpstreamResponse>,
): Promise<UpstreamResponse> {
  const interceptor = interceptors[from];
  return interceptor === undefined ? send(request) : interceptor(request, (next) => around(interceptors, from + 1, next, send));
}

function throwFirst([first]: readonly FrameworkError[]): void {
  if (first !== undefined) throw first;
}

const ACCEPTING_JSON = { accept: 'application/json' };

function acceptingJson(options: CallOptions): CallOptions {
  if (options.headers === undefined) return { ...options, headers: ACCEPTING_JSON };
  return { ...options, headers: { accept: 'application/json', ...lowerCase(options.headers ?? {}) } };
}

function lowerCase(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (headers === ACCEPTING_JSON) return headers;
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
