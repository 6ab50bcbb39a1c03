import type { Readable } from 'node:stream';
import type { FrameworkError } from '../errors/framework-error';
import type { CallQuery } from './call-url';
import { upstreamErrors } from './errors';
import { isUpstreamBreaker, type UpstreamBreaker } from './upstream-breaker';
import type { CallLimits, UpstreamRequest } from './upstream-request';
import type { UpstreamResponse } from './upstream-response';

/** What goes around a call: a circuit breaker, a retry, a signature. Calls `next`, or answers or fails itself. */
export type UpstreamInterceptor = (
  request: UpstreamRequest,
  next: (request: UpstreamRequest) => Promise<UpstreamResponse>,
) => Promise<UpstreamResponse>;

/** What holds for all calls of a client. */
export interface HttpClientOptions extends Partial<CallLimits> {
  /** In front of the paths that calls name, which then cannot leave it. */
  readonly baseUrl?: string;
  /** Sent with each call. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Around each call, the first the outermost. Those of a derived client are inside. */
  readonly interceptors?: readonly UpstreamInterceptor[];
  /** The breaker that each call goes through, redirects one by one. Default: none. */
  readonly breaker?: UpstreamBreaker;
  /** Whether what is left of the request's time goes along (`x-request-timeout-ms`). Default `true`. */
  readonly forwardDeadline?: boolean;
  /** Whether `traceparent` and `tracestate` of the request go along (W3C Trace Context). Default `true`. */
  readonly forwardTrace?: boolean;
}

/** Options of the application's client, which all others share their connections with. */
export interface UpstreamOptions extends HttpClientOptions {
  /** Making a connection, TLS included, in milliseconds. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** Connections to one origin; calls beyond wait for one. Default: as many as calls. */
  readonly maxConnections?: number;
  /** How long an idle connection is kept, in milliseconds, where the other side says nothing. Default 4,000. */
  readonly keepAliveTimeoutMs?: number;
  /** Certificates that are trusted besides the machine's, as PEM. */
  readonly ca?: string | readonly string[];
}

/** One call, beside its URL. */
export interface CallOptions extends Partial<CallLimits> {
  readonly headers?: Readonly<Record<string, string>>;
  /** Added to the URL; `undefined` is left out, a list comes as often as it is long. */
  readonly query?: CallQuery;
  /** Text, bytes, or a stream that is sent as it comes. */
  readonly body?: string | Uint8Array | Readable;
  /** A body as JSON, with its content type. */
  readonly json?: unknown;
  /** Cuts the call, besides what cuts the request it is made in. */
  readonly signal?: AbortSignal;
  /** Made for the application and not for the current request: it is not cut with it. Default `false`. */
  readonly detached?: boolean;
}

export const DEFAULT_LIMITS: CallLimits = {
  timeoutMs: 30_000,
  firstByteTimeoutMs: 15_000,
  idleTimeoutMs: 15_000,
  maxResponseBytes: 10 * 1024 * 1024,
  maxRedirects: 0,
};

const LONGEST_MS = 2 ** 31 - 1;
const whole = (least: number, most: number) => (value: unknown) =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
const duration = (least: number) => ({
  expected: least === 0 ? 'milliseconds, 0 for no limit' : 'milliseconds, more than 0',
  accepts: (value: unknown) => typeof value === 'number' && value >= least && value <= LONGEST_MS,
});
const flag = { expected: 'true or false', accepts: (value: unknown) => typeof value === 'boolean' };

interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

const LIMIT_RULES: Readonly<Record<keyof CallLimits, Rule>> = {
  timeoutMs: duration(0),
  firstByteTimeoutMs: duration(0),
  idleTimeoutMs: duration(0),
  maxResponseBytes: { expected: 'a whole number of bytes, more than 0', accepts: whole(1, Number.MAX_SAFE_INTEGER) },
  maxRedirects: { expected: 'a whole number from 0 to 20', accepts: whole(0, 20) },
};

const LIMIT_NAMES = Object.keys(LIMIT_RULES) as readonly (keyof CallLimits)[];

const OPTION_RULES: Readonly<Record<keyof UpstreamOptions, Rule>> = {
  ...LIMIT_RULES,
  baseUrl: { expected: 'an http or https URL', accepts: (value) => typeof value === 'string' && /^https?:\/\/[^/]/i.test(value) },
  headers: { expected: 'an object of texts', accepts: isTexts },
  interceptors: {
    expected: 'an array of functions',
    accepts: (value) => Array.isArray(value) && value.every((one) => typeof one === 'function'),
  },
  breaker: { expected: "a breaker's name, a breaker, or { name, key }", accepts: isUpstreamBreaker },
  forwardDeadline: flag,
  forwardTrace: flag,
  connectTimeoutMs: duration(1),
  maxConnections: { expected: 'a whole number, more than 0', accepts: whole(1, LONGEST_MS) },
  keepAliveTimeoutMs: duration(1),
  ca: {
    expected: 'certificates as PEM text',
    accepts: (value) => [value].flat().every((one) => typeof one === 'string' && one.includes('-----BEGIN')),
  },
};

function isTexts(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'string');
}

/** What is wrong with the options of a client, one by one. */
export function checkClientOptions(options: Readonly<Record<string, unknown>>): FrameworkError[] {
  return check(options, OPTION_RULES);
}

/** What is wrong with the limits of one call. */
export function checkLimits(options: Readonly<Partial<CallLimits>>): FrameworkError[] {
  // Each call comes by here.
  if (LIMIT_NAMES.every((name) => options[name] === undefined || LIMIT_RULES[name].accepts(options[name]))) return [];
  const limits = Object.fromEntries(LIMIT_NAMES.map((name) => [name, options[name]]));
  return check(limits, LIMIT_RULES);
}

function check(options: Readonly<Record<string, unknown>>, rules: Readonly<Record<string, Rule>>): FrameworkError[] {
  return Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]) => {
      const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
      const expected = rule?.expected ?? `nothing (it knows ${Object.keys(rules).sort().join(', ')})`;
      // Never what was given: it could be a key.
      return rule?.accepts(value) === true
        ? []
        : [upstreamErrors.UPSTREAM_OPTION_INVALID({ name, expected, got: typeof value === 'number' ? value : typeof value })];
    });
}
