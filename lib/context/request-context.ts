import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http';
import { Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import type { Call } from '../controllers/call';
import { fillByType } from '../controllers/parameter';
import type { PageMaker } from '../controllers/route-draft';
import type { Database } from '../database/database';
import type { Logger } from '../diagnostics/logger';
import { type CookieOptions, type Cookies, cookiesOf, setCookie, signedCookieOf } from '../http/cookies';
import { httpErrors } from '../http/errors';
import { type Exchange, routeOf, type RouteTarget } from '../http/exchange';
import { readMultipart } from '../http/multipart';
import type { MultipartPart } from '../http/multipart-file';
import type { MultipartOptions } from '../http/multipart-limits';
import { toLocation } from '../http/location';
import { type Query, queryOf } from '../http/query';
import { originOf } from '../http/read-origin';
import { replyJson, replyStream, sendWhole, type StreamSource } from '../http/reply-writer';
import { readBody } from '../http/request-body';
import { send } from '../http/send';
import type { HttpProtocol } from '../http/target';
import { upgradeOf } from '../http/upgrade';
import { hijack, type HijackInstruments } from '../hijack/hijack';
import type { HijackedConnection } from '../hijack/hijacked-connection';
import type { Clock } from '../lifetime/clock';
import type { CancelReason } from '../lifetime/end-reason';
import { type CancelScope, openCancelScope } from '../lifetime/cancel-scope';
import type { Undo } from '../lifetime/lifetime';
import { observeEnd, observeFinish } from '../lifetime/observe-lifetime';
import type { Metrics } from '../metrics/metrics';
import type { PushOptions } from '../push/push-options';
import type { PushOutcome } from '../push/push-outcome';
import type { Pushes } from '../push/pushes';
import {
  type Aggregate,
  type AggregateOptions,
  type AggregateRooms,
  aggregateWithin,
  type Branches,
} from '../upstream/aggregate';
import { makePage } from '../views/render';
import type { Message } from '../websocket/message';
import { contextErrors } from './errors';
import { openSoftMoment, softReasonOf, whenSoftMoment } from './soft-moment';

/** In front of the path in a target of the absolute form (RFC 9112 §3.2.2). */
const ORIGIN = /^[a-z]+:\/\/[^/?#]*/i;

/** What the application lends to every context. */
export interface ContextRooms {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly hijacks: HijackInstruments;
  permits(call: Pick<Call, 'user'>, resource: string, action: string): boolean | Promise<boolean>;
  /** The application's database. */
  database(): Database;
  /** Absent when the application has no `views`. */
  readonly views?: PageMaker | undefined;
  readonly pushes: Pushes;
}

/** What a context is of: a request, or a message on the WebSocket that a request became. */
export interface ContextCall extends Call {
  user: unknown;
  readonly target: Pick<RouteTarget, 'route' | 'place' | 'metadata'>;
  readonly remainingMs: number | undefined;
}

/** The route a request matched. */
export interface MatchedRoute {
  /** The template, e.g. `/users/:id`. */
  readonly pattern: string;
  /** The declaring method, e.g. `UsersController.one`. */
  readonly handler: string;
}

/**
 * What a handler, a guard, an interceptor or a filter holds of one request.
 *
 * Ends with the request: `signal` is aborted when the client leaves, time runs out or the application stops.
 */
export class RequestContext {
  readonly #exchange: Exchange;
  readonly #rooms: ContextRooms;
  readonly #call: ContextCall;
  #values: Map<unknown, unknown> | undefined;
  #logger: Logger | undefined;
  #id: string | undefined;
  #finishing: AbortSignal | undefined;

  /** @internal */
  constructor(exchange: Exchange, rooms: ContextRooms, call: ContextCall = exchange) {
    this.#exchange = exchange;
    this.#rooms = rooms;
    this.#call = call;
  }

  /** Node's request, for the ecosystem; over HTTP/2 made on first use. */
  get request(): IncomingMessage {
    return this.#exchange.toNode().request;
  }

  /** Node's response, for the ecosystem; what ends it has answered. Over HTTP/2 made on first use. */
  get response(): ServerResponse {
    return this.#exchange.toNode().response;
  }

  get method(): string {
    return this.#exchange.wire.method;
  }

  /** The path as it was sent, without the query (and the origin, if a proxy sent that along). */
  get path(): string {
    const { url } = this.#exchange.wire;
    const path = url.startsWith('/') || url === '*' ? url : url.replace(ORIGIN, '');
    const end = path.search(/[?#]/);
    return (end < 0 ? path : path.slice(0, end)) || '/';
  }

  get httpVersion(): HttpProtocol {
    return this.#exchange.connection.protocol;
  }

  get route(): MatchedRoute {
    const { route, place } = this.#call.target;
    return { pattern: route, handler: place };
  }

  /** A parameter of the path, decoded. */
  param(name: string): string | undefined {
    return this.#exchange.params[name];
  }

  /** The query by name; a name that came more than once has a list. */
  get query(): Query {
    return queryOf(this.#exchange);
  }

  /** A request header; letter case does not matter. One that came more than once is joined as Node joins it. */
  header(name: string): string | undefined {
    const value = this.#exchange.wire.headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  get cookies(): Cookies {
    return cookiesOf(this.#exchange);
  }

  /**
   * The value of a cookie sent with `signed: true`; `undefined` when it is missing, or was not signed here.
   *
   * Fails with: COOKIE_SECRETS_MISSING.
   */
  signedCookie(name: string): string | undefined {
    return signedCookieOf(this.#exchange, name);
  }

  /**
   * Sends a cookie along. Default attributes: `Path=/; HttpOnly; SameSite=Lax`, and `Secure` where `protocol` is https;
   * `signed: true` signs its value with the first of `cookieSecrets`.
   *
   * Fails with: COOKIE_SECRETS_MISSING.
   */
  setCookie(name: string, value: string, options?: CookieOptions): void {
    setCookie(this.#exchange, name, value, options);
  }

  /** The body by its content type: JSON value, form fields, text, bytes; `undefined` when there is none. Read once. */
  body(): Promise<unknown> {
    const body = readBody(this.#exchange, 'any');
    // Whoever looks at it later still meets the failure; that nobody looked yet does not end the process.
    body.catch(() => undefined);
    return body;
  }

  /**
   * The parts of a multipart body (RFC 7578), fields and files, as they come: `for await (const part of ctx.multipart())`.
   * A file is a `Readable`; read it before asking for the next part, else it is passed over.
   *
   * In: limits of its own; default: the application's `multipart` options, and their defaults.
   * Fails with: BODY_TAKEN, BODY_TYPE_UNSUPPORTED, BODY_ENCODING_UNSUPPORTED, BODY_MALFORMED, BODY_TOO_LARGE; the iteration
   * and the file being read also with BODY_INCOMPLETE, MULTIPART_TOO_MANY, MULTIPART_FILE_TOO_LARGE,
   * MULTIPART_FIELD_TOO_LARGE, MULTIPART_HEADERS_TOO_LARGE, REQUEST_TIMEOUT, a `CancelledError`.
   * Ends: with the request; parts still open are destroyed.
   */
  multipart(options?: MultipartOptions): AsyncIterableIterator<MultipartPart> {
    return readMultipart(this.#exchange, options);
  }

  /**
   * The client's address: of the connection, or as the proxies of `trustProxy` tell it (they may also say `unknown`, or a
   * name that begins with `_`); empty for in-process requests.
   */
  get ip(): string {
    return originOf(this.#exchange).ip;
  }

  /** What the client speaks: of the connection, or as the proxies of `trustProxy` tell it. */
  get protocol(): 'http' | 'https' {
    return originOf(this.#exchange).protocol;
  }

  /** Host and port the client asked, as it sent them (so it may say anything), or as the proxies of `trustProxy` tell it. */
  get host(): string {
    return originOf(this.#exchange).host;
  }

  /** `host` without its port. */
  get hostname(): string {
    return this.host.replace(/:\d*$/, '');
  }

  /** Where this application's time comes from. */
  get clock(): Clock {
    return this.#exchange.host.clock;
  }

  /** A name for this request in logs; made on first use. Messages have that of the request their WebSocket began as. */
  get id(): string {
    this.#id ??= this.#request?.id ?? randomUUID();
    return this.#id;
  }

  /** Who is asking, as `auth.authenticate` said; `undefined`: nobody known. */
  get user(): unknown {
    return this.#call.user;
  }

  set user(user: unknown) {
    this.#call.user = user === null || user === false ? undefined : user;
  }

  /** A value that an earlier step kept with this request; of a message, also one that was kept with the request before it. */
  get(key: unknown): unknown {
    return this.#values?.has(key) === true ? this.#values.get(key) : this.#request?.get(key);
  }

  /** Keeps a value with this request. */
  set(key: unknown, value: unknown): void {
    (this.#values ??= new Map()).set(key, value);
  }

  /** What `@SetMetadata(key, …)` wrote beside the route or its controller. */
  metadata(key: unknown): unknown {
    return this.#call.target.metadata.get(key);
  }

  /** The status of the answer to come. */
  get status(): number {
    return this.#exchange.status;
  }

  set status(status: number) {
    this.#exchange.status = this.#valid(status, 200, 'ctx.status');
    this.#exchange.statusDeclared = true;
  }

  /** Sets a response header; one set before under that name is replaced. */
  setHeader(name: string, value: string | number | readonly string[]): void {
    const key = name.toLowerCase();
    const values = (Array.isArray(value) ? value : [value]).map(String);
    try {
      validateHeaderName(name);
      for (const one of values) validateHeaderValue(name, one);
    } catch (error) {
      throw contextErrors.CONTEXT_HEADER_INVALID({ name, reason: error instanceof Error ? error.message : String(error) });
    }
    this.#exchange.removeField(key);
    for (const one of values) this.#exchange.addField(key, one);
  }

  /** Answers with JSON, at once. */
  json(status: number, data: unknown): void {
    if (this.#begin('ctx.json()', status)) replyJson(this.#exchange, data);
  }

  /** Answers with text, at once. */
  text(status: number, text: string): void {
    if (this.#begin('ctx.text()', status)) sendWhole(this.#exchange, 'text/plain; charset=utf-8', text);
  }

  /**
   * Answers with a page. In: the view, by its path below the folder of the option `views` (`users/list.html`); what it sees
   * as `it`. Out: settles when the page was handed over; wait for it, or return it.
   *
   * Fails with: VIEWS_NOT_CONFIGURED, VIEW_UNKNOWN, VIEW_INVALID, VIEW_FAILED, VIEW_DATA_INVALID.
   */
  html(status: number, view: string, data?: object): Promise<void> {
    const sent = this.#html(status, view, data);
    // Nobody waits for it: that is the handler's mistake, and no reason to end the process.
    sent.catch((error: unknown) => this.#exchange.host.logger.debug('a page was not made', { err: error }));
    return sent;
  }

  async #html(status: number, view: string, data: object | undefined): Promise<void> {
    if (!this.#begin('ctx.html()', status)) return;
    try {
      sendWhole(this.#exchange, 'text/html; charset=utf-8', makePage(this.#rooms.views, view, data, this.route.handler));
    } catch (error) {
      // What a handler that does not wait for it answers with.
      this.#exchange.status = 500;
      throw error;
    }
  }

  /** Sends the client elsewhere, at once. In: a path or an absolute URL; `status` 300 to 399, default 302. */
  redirect(url: string, status = 302): void {
    if (!Number.isInteger(status) || status < 300 || status > 399) throw contextErrors.CONTEXT_REDIRECT_INVALID({ status });
    if (!this.#begin('ctx.redirect()', status)) return;
    this.setHeader('location', toLocation(url));
    send(this.#exchange, status, undefined, '');
  }

  /**
   * Answers with what comes, as it comes: bytes and text as they are, objects as lines of JSON. Has no deadline;
   * the source is destroyed, unsubscribed or returned when the client leaves.
   */
  stream(source: StreamSource): void {
    if (!this.#begin('ctx.stream()', this.#exchange.status)) {
      if (source instanceof Readable) source.destroy();
      return;
    }
    this.#exchange.answering = true;
    replyStream(this.#exchange, source, 'plain');
  }

  /**
   * What the client asks to speak from here on: the `Upgrade` of HTTP/1.1 as it was sent, the `:protocol` of an extended
   * CONNECT over HTTP/2; `undefined`: it goes on with HTTP.
   */
  get upgrade(): string | undefined {
    return upgradeOf(this.#exchange);
  }

  /**
   * Takes the connection over: what the client sent behind this request (and its body, which is read first) is read from it,
   * byte by byte as it was sent, and nobody else reads or answers anything on it. Earlier answers of the connection go out
   * before. The deadline is lifted; `signal` is the connection's from here on, and the handler's end closes it.
   *
   * On a route that is not declared with `@Hijack`, call it before the first `await` of the handler, and of any guard or
   * middleware in front of it. Over HTTP/2 only a CONNECT can be taken over, its stream in place of the connection.
   * Fails with: HIJACK_TOO_LATE, HIJACK_ALREADY_TAKEN, HIJACK_AFTER_ANSWER, HIJACK_HTTP2_REFUSED, HIJACK_UNSUPPORTED,
   * BODY_TOO_LARGE, REQUEST_MALFORMED, REQUEST_TIMEOUT; a `CancelledError` when the request is cut meanwhile. The request
   * can still be answered then.
   */
  hijack(): Promise<HijackedConnection> {
    const taken = hijack(this.#exchange, this.#rooms.hijacks);
    // That nobody waits for it is the handler's mistake, and no reason to end the process.
    taken.catch((error: unknown) => this.#exchange.host.logger.debug('a connection was not taken over', { err: error }));
    return taken;
  }

  /**
   * Delivers what the answer will need before it is asked for (RFC 9113 §8.4), as this user, by the best way the client takes;
   * call it before the answer, and before what takes long. What is pushed is answered by the application itself, behind the
   * head of this answer.
   *
   * In: `path` of this application, percent-encoded; `headers` and `method` (GET, HEAD) of the promised request, and what a
   * link says (`as`, `type`, `crossorigin`, `cacheable`).
   * Out: `promised`, `hinted` (103, RFC 8297; calls in one tick share one), `linked` (`Link: rel=preload`), with the reason why
   * nothing better was, or `skipped` with its reason (`cached`, `limit`, `late`, `nested`, …). All are normal, and so is a
   * later reset by the client: none throws.
   * Fails with: PUSH_PATH_INVALID, PUSH_OPTION_INVALID.
   * Ends: when its bytes are sent; cancelled (CANCEL, 0x8) with the connection, or when this request ends in any way but a
   * normal one.
   */
  push(path: string, options?: PushOptions): PushOutcome {
    return this.#rooms.pushes.push(this.#exchange, path, options);
  }

  /** Aborted with a `CancelledError` when the request is cut; quiet when it ends normally. Made on first read. */
  get signal(): AbortSignal {
    return this.#call.lifetime.signal;
  }

  /** Emits the reason once when the request is cut, and completes; completes without a value when it ends normally. */
  get cancelled$(): Observable<CancelReason> {
    return observeEnd(this.#call.lifetime);
  }

  /**
   * Aborted at the soft moment: the application is asked to stop, or a tenth of the time to answer (a second at most) is
   * left. The request goes on; what there is by then can still be sent. A stream is told, too, when its plugin is replaced; a
   * request that has a time to answer is waited for. Made on first read.
   */
  get finishing(): AbortSignal {
    const isRequest = this.#call === this.#exchange;
    this.#finishing ??= isRequest ? openSoftMoment(this.#exchange) : this.#call.lifetime.finishing;
    return this.#finishing;
  }

  /** Emits once at the soft moment, and completes. */
  get finishing$(): Observable<void> {
    return observeFinish(this.#call.lifetime, () => this.finishing);
  }

  /** Milliseconds until the deadline; `undefined`: there is none. */
  get remainingMs(): number | undefined {
    return this.#call.remainingMs;
  }

  /** A child that is cut after `ms` (reason `deadline`), or with the request (`parent`). Close it; `using` works. */
  withTimeout(ms: number): CancelScope {
    if (Number.isNaN(Number(ms))) throw contextErrors.CONTEXT_TIMEOUT_INVALID({ ms: String(ms) });
    return openCancelScope(this.#call.lifetime, { deadlines: this.#exchange.host.deadlines, ms });
  }

  /** A child that can be cancelled by itself (`manual`), or is cut with the request (`parent`). Close it; `using` works. */
  withCancel(): CancelScope {
    return openCancelScope(this.#call.lifetime);
  }

  /**
   * Does several things side by side, each cut when it is no longer needed, and gives what came of them: also when some
   * failed, and what there is at the soft moment before the deadline or a stop. `Server-Timing` tells what each took.
   *
   * In: functions by name (`{ user: (signal) => … }`), or `{ call, required: true }` where there is no answer without it.
   * Out: `data` by name, `null` for what is missing; `errors` that are safe to send; `partial`.
   * Fails with: AGGREGATE_FAILED (502), AGGREGATE_UNAVAILABLE (503), AGGREGATE_TIMEOUT (504) when nothing came, or
   * something required did not; AGGREGATE_INVALID; a `CancelledError` when the request was cut.
   */
  async aggregate<const B extends Branches>(branches: B, options?: AggregateOptions): Promise<Aggregate<B>> {
    const { lifetime } = this.#call;
    const { host } = this.#exchange;
    const report = (service: string, error: unknown): void =>
      this.logger.error('a part of an answer failed', { service, err: error });
    const whenFinishing: AggregateRooms['whenFinishing'] = (tell) => this.#whenFinishing(tell);
    const rooms = { lifetime, deadlines: host.deadlines, whenFinishing, report };
    const result = await aggregateWithin(rooms, branches, options);
    if (!this.#exchange.replied) this.#exchange.addField('server-timing', result.serverTiming);
    return result;
  }

  /** As `finishing`, without a signal; where one was made, it has said whether the moment is past. */
  #whenFinishing(tell: (reason: 'deadline' | 'shutdown') => void): Undo {
    if (this.#finishing?.aborted === true) tell(softReasonOf(this.#finishing));
    if (this.#call === this.#exchange) return whenSoftMoment(this.#exchange, tell);
    return this.#call.lifetime.whenFinishing(() => tell('shutdown'));
  }

  /** Writes lines that carry the request's id and route. */
  get logger(): Logger {
    this.#logger ??= this.#rooms.logger.child({ requestId: this.id, route: this.#call.target.route });
    return this.#logger;
  }

  /**
   * The application's database, whose queries end with this request. Fails with: DATABASE_URL_INVALID when `DATABASE_URL` is
   * none.
   */
  get db(): Database {
    return this.#rooms.database().within(this.#call.lifetime);
  }

  get metrics(): Metrics {
    return this.#rooms.metrics;
  }

  /** Whether somebody known is asking. */
  isAuthenticated(): boolean {
    return this.#call.user !== undefined;
  }

  /** Whether who is asking may do `action` to `resource`. Where `permits` is asynchronous, use `@Authorize`: here it counts as no. */
  isAuthorized(resource: string, action: string): boolean {
    const answer = this.#rooms.permits(this.#call, resource, action);
    // Nobody waits for it here: that it fails is no more than a no.
    if (typeof answer === 'object') Promise.resolve(answer).catch(() => undefined);
    return answer === true;
  }

  /** The request that the WebSocket of a message began as; `undefined`: this is of a request itself. */
  get #request(): RequestContext | undefined {
    return this.#call === this.#exchange ? undefined : contextOf(this.#exchange, this.#rooms);
  }

  /** Out: whether there is somebody to answer. A cancelled request has nobody, and that is no mistake of the handler's. */
  #begin(call: string, status: number): boolean {
    const exchange = this.#exchange;
    if (exchange.taken !== undefined) throw httpErrors.HIJACK_ALREADY_TAKEN({ route: routeOf(exchange), call });
    const over = exchange.begun?.reason;
    if (over !== undefined && over !== 'finished') return false;
    if (exchange.replied || exchange.answering || exchange.wire.headSent) {
      throw contextErrors.CONTEXT_ALREADY_ANSWERED({ route: `${exchange.wire.method} ${exchange.target.route}`, call });
    }
    exchange.status = this.#valid(status, 200, call);
    exchange.statusDeclared = true;
    return true;
  }

  #valid(status: number, from: number, call: string): number {
    if (Number.isInteger(status) && status >= from && status <= 599) return status;
    throw contextErrors.CONTEXT_STATUS_INVALID({ call, from, status: String(status) });
  }
}

/** The context of an exchange; made on first use. */
export function makeContextOf(rooms: ContextRooms): (exchange: Exchange) => RequestContext {
  return (exchange) => contextOf(exchange, rooms);
}

function contextOf(exchange: Exchange, rooms: ContextRooms): RequestContext {
  return (exchange.context ??= new RequestContext(exchange, rooms)) as RequestContext;
}

/** The context of a message; made on first use. */
export function makeContextOfMessage(rooms: ContextRooms): (message: Message) => RequestContext {
  return (message) => (message.context ??= new RequestContext(message.exchange, rooms, message)) as RequestContext;
}

fillByType(RequestContext, (rooms) => rooms.contextOf, true);
