import type { Auth, Filter, Guard, Interceptor } from '../context/hooks';
import type { DatabaseOptions } from '../database/database-options';
import { type HookReference, isHook } from '../controllers/hooks';
import type { UserLogger } from '../diagnostics/to-logger';
import type { FrameworkError } from '../errors/framework-error';
import { nearNames } from '../errors/near-names';
import { areContentTypeParsers, type ContentTypeParsers } from '../http/content-type-parsers';
import { defaultLimits, type HttpLimits } from '../http/limits';
import { type MultipartOptions, whyNoMultipartOptions } from '../http/multipart-limits';
import type { TlsOptions } from '../http/tls-door';
import type { Clock } from '../lifetime/clock';
import type { OpenApiOption } from '../openapi/openapi-options';
import type { PushOption } from '../push/push-settings';
import type { LoadSheddingOptions } from '../resilience/load-shedder';
import type { NamedBreakerOptions } from '../resilience/named-configurations';
import type { TrustedProxies, TrustProxyOptions } from '../security/trust-proxy';
import type { UpstreamOptions } from '../upstream/client-options';
import type { PipeTransform } from '../validation/pipe';
import type { StaticOption } from '../views/static-options';
import type { ViewOption } from '../views/view-options';
import type { WebSocketOptions } from '../websocket/web-socket-options';
import { applicationErrors } from './errors';

/** The options of `createApp`; all have a default. Durations in milliseconds, sizes in bytes. */
export interface ApplicationOptions extends Partial<HttpLimits> {
  /** HTTP/2: `true` beside HTTP/1.1 on one TLS port; `'h2c'` without TLS, by prior knowledge. Default `false`. */
  readonly http2?: boolean | 'h2c';
  /** `{ key, cert }` as PEM, or `'self-signed'` for development. Default: none; with `http2: true`, self-signed. */
  readonly tls?: TlsOptions;
  /** In front of the paths of all controllers, e.g. `/api`. */
  readonly prefix?: string;
  /** How long requests under way may go on when the application is closed. Default 5,000. */
  readonly shutdownGraceMs?: number;
  /** How long one asynchronous factory, `initialize` or `start` of a plugin may take. Default 30,000. */
  readonly startTimeoutMs?: number;
  /** How bodies of more content types are parsed, by media type (`application/xml`, `text/*`). Default: JSON, forms and text. */
  readonly contentTypeParsers?: ContentTypeParsers;
  /** Limits of multipart bodies, where a route says none of its own; each has a default. */
  readonly multipart?: MultipartOptions;
  /** A logger of your own (pino, console or the like); `false`: none. Default: structured lines on stderr. */
  readonly logger?: UserLogger;
  /** Where the time comes from. Default: the machine's clock. */
  readonly clock?: Clock;
  /** Who is asking, and may they. */
  readonly auth?: Auth;
  /**
   * Whose `X-Forwarded-*` or `Forwarded` is believed about `ctx.ip`, `ctx.protocol` and `ctx.host`: `false` nobody's
   * (default), `true` everybody's, so many hops, addresses and subnets, or a function; see `TrustProxyOptions`.
   */
  readonly trustProxy?: TrustedProxies | TrustProxyOptions;
  /** What signed cookies are signed with: the first signs, all verify, so that secrets can be exchanged. Default: none. */
  readonly cookieSecrets?: string | readonly string[];
  /** Whether every answer has `X-Content-Type-Options: nosniff`. Default `true`. */
  readonly securityHeaders?: boolean;
  /** The folder of the views that `@Render` and `ctx.html` make pages of, or `{ root, watch }`. Default: none. */
  readonly views?: ViewOption;
  /** Of all WebSockets, where their `@WebSocket` says nothing else: limits, `pingIntervalMs`, `allowedOrigins`, … */
  readonly websocket?: WebSocketOptions;
  /** A folder whose files are sent as they are, `{ root, prefix, maxAgeMs, … }`, or several of them. Default: none. */
  readonly static?: StaticOption;
  /**
   * How what pages need is delivered beforehand (`@Push`, `ctx.push`), and its limits; `false`: not at all. Default: promises to
   * clients that take them, early hints and links to others.
   */
  readonly push?: PushOption;
  /** What plugins are configured with, by name, or by `name@version` for one version of several. Default: nothing. */
  readonly config?: Readonly<Record<string, object>>;
  /** How the circuit breakers of these names judge. Built in: `external_api`, `database`, `cache`. */
  readonly breakers?: Readonly<Record<string, NamedBreakerOptions>>;
  /** Around every route, outside of what controllers name. */
  readonly guards?: readonly HookReference<Guard>[];
  readonly interceptors?: readonly HookReference<Interceptor>[];
  readonly filters?: readonly HookReference<Filter>[];
  readonly pipes?: readonly HookReference<PipeTransform>[];
  /**
   * Whether `x-request-timeout-ms`, `x-envoy-expected-rq-timeout-ms` and `grpc-timeout` shorten the time to answer, where
   * `trustProxy` trusts who sends them. Default `true`.
   */
  readonly readDeadlines?: boolean;
  /**
   * When requests are refused because there is too much to do (503, `Retry-After`): how late the event loop may be, how many
   * may be under way. Health and metrics are answered all the same. Default: none is.
   */
  readonly loadShedding?: LoadSheddingOptions;
  /** Of the `HttpClient` that is injected: time-outs, `interceptors` around each call, `baseUrl`, … */
  readonly httpClient?: UpstreamOptions;
  /** Where the database is that is injected as `Database`, and its limits. Default: `DATABASE_URL`, else an embedded one. */
  readonly database?: DatabaseOptions;
  /** An OpenAPI document of the routes at `/openapi.json` and a page over it at `/docs`: `true`, or what it says besides. Default: none. */
  readonly openapi?: OpenApiOption;
  /** Whether `/health/live` and `/health/ready` are answered. Default `true`. */
  readonly health?: boolean;
  /** Whether `/metrics` is answered, as Prometheus text. Default `true`. */
  readonly metrics?: boolean;
}

interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

const LONGEST_MS = 2 ** 31 - 1;

const flag: Rule = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' };
/** Its room tells what is wrong with it. */
const checkedByRoom: Rule = { expected: 'what its room takes', accepts: () => true };
const milliseconds: Rule = { expected: 'milliseconds, more than 0', accepts: (value) => isNumber(value, 1, LONGEST_MS) };
const millisecondsOrNone: Rule = { expected: 'milliseconds, 0 for no limit', accepts: (value) => isNumber(value, 0, LONGEST_MS) };
const bytes: Rule = {
  expected: 'a whole number of bytes, more than 0',
  accepts: (value) => isNumber(value, 1, Number.MAX_SAFE_INTEGER) && Number.isInteger(value),
};

function isNumber(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most;
}

function hooks(method: string): Rule {
  return {
    expected: `an array of classes or instances with ${method}()`,
    accepts: (value) => Array.isArray(value) && value.every((hook) => isHook(hook, method)),
  };
}

function isObjectWith(value: unknown, ...methods: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function');
}

/** One that is empty, or has a member misspelt, would let everybody be nobody. */
function isAuth(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { authenticate, permits, challenge } = value as Record<string, unknown>;
  const given = [authenticate, permits].filter((method) => method !== undefined);
  const isPlain = Object.getPrototypeOf(value) === Object.prototype;
  const strays = isPlain ? Object.keys(value).filter((name) => !['authenticate', 'permits', 'challenge'].includes(name)) : [];
  const isChallenge = challenge === undefined || (typeof challenge === 'string' && challenge !== '');
  return given.length > 0 && given.every((method) => typeof method === 'function') && strays.length === 0 && isChallenge;
}

function isTls(value: unknown): boolean {
  if (value === 'self-signed') return true;
  if (typeof value !== 'object' || value === null) return false;
  const { key, cert } = value as Record<string, unknown>;
  return [key, cert].every((pem) => typeof pem === 'string' || Buffer.isBuffer(pem));
}

function isSecrets(value: unknown): boolean {
  const secrets: readonly unknown[] = [value].flat();
  return secrets.length > 0 && secrets.every((secret) => typeof secret === 'string' && secret !== '');
}

function isTrustProxy(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return isTrusted(value);
  const { proxies, headers = 'either', ...strays } = value as Record<string, unknown>;
  const isKnown = headers === 'either' || headers === 'x-forwarded' || headers === 'forwarded';
  return isTrusted(proxies) && isKnown && Object.keys(strays).length === 0;
}

function isTrusted(value: unknown): boolean {
  if (typeof value === 'boolean' || typeof value === 'function') return true;
  if (typeof value === 'number') return isNumber(value, 0, 100) && Number.isInteger(value);
  return isTexts(value);
}

function isTexts(value: unknown): boolean {
  return [value].flat().every((text: unknown) => typeof text === 'string');
}

const RULES: Readonly<Record<keyof ApplicationOptions, Rule>> = {
  http2: { expected: "true, false or 'h2c'", accepts: (value) => typeof value === 'boolean' || value === 'h2c' },
  tls: { expected: "{ key, cert } as PEM text, or 'self-signed'", accepts: isTls },
  prefix: { expected: 'a path that starts with a slash', accepts: (value) => typeof value === 'string' && value.startsWith('/') },
  bodyLimitBytes: bytes,
  urlLimitBytes: bytes,
  headerLimitBytes: bytes,
  bufferLimitBytes: bytes,
  requestTimeoutMs: milliseconds,
  headersTimeoutMs: milliseconds,
  handlerTimeoutMs: millisecondsOrNone,
  keepAliveTimeoutMs: milliseconds,
  handshakeTimeoutMs: milliseconds,
  sseHeartbeatMs: millisecondsOrNone,
  maxConcurrentStreams: {
    expected: 'a whole number from 1 to 2147483647',
    accepts: (value) => isNumber(value, 1, LONGEST_MS) && Number.isInteger(value),
  },
  shutdownGraceMs: { expected: 'milliseconds, 0 or more', accepts: (value) => isNumber(value, 0, LONGEST_MS) },
  startTimeoutMs: milliseconds,
  contentTypeParsers: {
    expected: "media types, each with a function or { parse, parseAs?: 'buffer' | 'string', bodyLimitBytes? }",
    accepts: areContentTypeParsers,
  },
  multipart: {
    expected: 'limits of multipart bodies, each a whole number: maxFiles, fileLimitBytes, …',
    accepts: (value) => whyNoMultipartOptions(value) === undefined,
  },
  logger: {
    expected: 'a logger with info(), warn() and error(), or false',
    accepts: (value) => value === false || isObjectWith(value),
  },
  clock: { expected: 'an object with now() and setTimer()', accepts: (value) => isObjectWith(value, 'now', 'setTimer') },
  auth: { expected: '{ authenticate(ctx), permits(user, resource, action) }, one of them or both', accepts: isAuth },
  trustProxy: {
    expected: 'true, false, a number of hops, addresses and subnets, a function, or { proxies, headers }',
    accepts: isTrustProxy,
  },
  cookieSecrets: { expected: 'a text, or an array of at least one text, none of them empty', accepts: isSecrets },
  securityHeaders: flag,
  views: checkedByRoom,
  static: checkedByRoom,
  push: checkedByRoom,
  websocket: checkedByRoom,
  config: { expected: 'an object of configurations by the name of their plugin', accepts: (value) => isObjectWith(value) },
  breakers: checkedByRoom,
  guards: hooks('canActivate'),
  interceptors: hooks('intercept'),
  filters: hooks('catch'),
  pipes: hooks('transform'),
  readDeadlines: flag,
  database: checkedByRoom,
  loadShedding: checkedByRoom,
  httpClient: { expected: 'an object', accepts: (value) => isObjectWith(value) },
  openapi: { expected: 'true, false or an object', accepts: (value) => typeof value === 'boolean' || isObjectWith(value) },
  health: flag,
  metrics: flag,
};

/** Everything that is wrong with the options of `createApp`. */
export function checkOptions(options: Readonly<Record<string, unknown>>): FrameworkError[] {
  const mistakes: FrameworkError[] = [];
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const rule = Object.hasOwn(RULES, name) ? RULES[name as keyof ApplicationOptions] : undefined;
    if (rule === undefined) mistakes.push(applicationErrors.OPTION_UNKNOWN({ name, wayOut: nearestOption(name) }));
    else if (!rule.accepts(value)) {
      mistakes.push(applicationErrors.OPTION_INVALID({ name, expected: rule.expected, got: describe(value) }));
    }
  }
  if (options.http2 === 'h2c' && options.tls !== undefined) {
    mistakes.push(applicationErrors.OPTION_INVALID({ name: 'tls', expected: "nothing beside http2: 'h2c'", got: 'both' }));
  }
  return mistakes;
}

/** What is said elsewhere, though many look for it here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  port: 'It is told to serve(App, { port }), or to app.listen(port).',
  host: 'It is told to app.listen(port, host); serve reads the environment variable HOST.',
  configure: 'serve() takes it; here, app.use(…) comes before app.listen().',
};

function nearestOption(name: string): string {
  if (Object.hasOwn(ELSEWHERE, name)) return ELSEWHERE[name] ?? '';
  const known = Object.keys(RULES).sort();
  // Units are what is left out most easily: bodyLimit for bodyLimitBytes.
  const longer = name.length > 3 ? known.find((one) => one.toLowerCase().startsWith(name.toLowerCase())) : undefined;
  const nearest = longer ?? nearNames(name, [...known, ...Object.keys(ELSEWHERE)])[0];
  return nearest === undefined ? `It knows:\n  ${known.join(', ')}.` : `Did you mean ${nearest}?`;
}

/** What a message may say of a value: never its contents, which could be a key. */
function describe(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  if (typeof value === 'string') return value.length > 40 ? 'a long string' : `"${value}"`;
  return Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The secrets of signed cookies, as a list. */
export function cookieSecretsOf({ cookieSecrets = [] }: ApplicationOptions): readonly string[] {
  return [cookieSecrets].flat();
}

/** The limits of the kernel, from the options. */
export function limitsOf(options: ApplicationOptions): HttpLimits {
  const limits: Record<string, number> = { ...defaultLimits };
  for (const name of Object.keys(defaultLimits)) {
    const value = options[name as keyof HttpLimits];
    if (value !== undefined) limits[name] = value;
  }
  return limits as unknown as HttpLimits;
}
