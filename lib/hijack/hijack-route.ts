import { noteRoute } from '../controllers/route-notes';
import { declareRoute, type MethodRoute } from '../controllers/route';
import { type RouteDraft, shapeRoute } from '../controllers/route-draft';
import type { Exchange, RouteTarget } from '../http/exchange';
import { parserHookFailure } from '../http/parser-hook';
import { asksFor, upgradeOf } from '../http/upgrade';
import type { RouteEntry } from '../routing/route-entry';
import { hijackErrors } from './errors';
import { HijackLimit, MOST_HIJACKED } from './hijack-limit';

/** How many connections a route may hold. */
interface HijackLimits {
  /** Connections at a time, beyond which clients get 503; 0: no limit. Default 100,000. */
  readonly maxConnections?: number;
}

/** How a route takes connections over. */
export interface HijackOptions extends HijackLimits {
  /**
   * The one protocol it speaks: clients ask for it by `Upgrade` (HTTP/1.1) or `:protocol` (HTTP/2), others get 426. Default:
   * it takes any request.
   */
  readonly protocol?: string;
  /** Default `GET`. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
}

/** A route of CONNECT (RFC 9110 §9.3.6), which asks for no path. */
export interface ConnectOptions extends HijackLimits {
  readonly method: 'CONNECT';
  /**
   * The `host:port` it answers, or several; a host may be `*.example.com` or `*`, a port `*`. The handler finds what was
   * asked for in the parameters `host` and `port`.
   */
  readonly authority: string | readonly string[];
}

const IS_HIJACK = Symbol('hijack');
const PROTOCOL = Symbol('hijack-protocol');
const LIMIT = Symbol('hijack-limit');

/** A protocol is a token (RFC 9110 §5.6.2), and may have a version. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+(\/[!#$%&'*+.^_`|~0-9a-z-]+)?$/i;

/**
 * Declares that a route takes its connection over: what the client sends behind its request is read by the handler, and by
 * nobody else. Everything in front of the handler works as on other routes, and answers as there: middleware,
 * authentication, guards, pipes; a connection that is refused is closed behind its answer.
 *
 * The handler asks for a `HijackedConnection`, or calls `ctx.hijack()` when it is ready to. When it returns, the connection
 * is closed. In: the path below the controller's, and options; for CONNECT the options alone.
 */
export function Hijack(path?: string, options?: HijackOptions | ConnectOptions): MethodRoute;
export function Hijack(options: HijackOptions | ConnectOptions): MethodRoute;
export function Hijack(
  first: string | HijackOptions | ConnectOptions = '',
  second?: HijackOptions | ConnectOptions,
): MethodRoute {
  const path = typeof first === 'string' ? first : '';
  const options = typeof first === 'string' ? (second ?? {}) : first;
  const shape = shapeRoute((draft) => shapeHijack(draft, path, options));
  const declare = options.method === 'CONNECT' ? declareConnect(options) : [declareGet(path, options)];
  return (target, member) => {
    for (const one of declare) one(target, member);
    shape(target, member);
  };
}

function declareGet(path: string, { method = 'GET' }: HijackOptions): MethodRoute {
  return declareRoute({ method, path, reply: 'value', takesOver: true });
}

function declareConnect({ authority }: ConnectOptions): MethodRoute[] {
  return [authority]
    .flat()
    .map((one) => declareRoute({ method: 'CONNECT', path: '', reply: 'value', takesOver: true, authority: String(one) }));
}

function shapeHijack(draft: RouteDraft, path: string, options: HijackOptions | ConnectOptions): void {
  // A method may be several routes, each declared by itself.
  if (draft.method !== (options.method ?? 'GET')) return;
  draft.metadata.set(IS_HIJACK, true);
  const refuse = (reason: string): void => {
    draft.mistakes.push(hijackErrors.HIJACK_OPTION_INVALID({ place: draft.place, reason }));
  };
  const { maxConnections = MOST_HIJACKED } = options;
  if (!Number.isInteger(maxConnections) || maxConnections < 0)
    refuse(`takes maxConnections as a whole number, 0 or more, got ${String(maxConnections)}.`);
  draft.metadata.set(LIMIT, new HijackLimit(maxConnections));
  if (options.method === 'CONNECT') {
    if (path !== '') refuse('has a path, but CONNECT asks for a host and port. Give { method, authority } alone.');
    return;
  }
  const { protocol } = options;
  if ('authority' in options) refuse("has an authority, which only method: 'CONNECT' asks for.");
  noteRoute(draft, 'hijack', protocol ?? 'any');
  if (protocol === undefined) return;
  if (typeof protocol !== 'string' || !TOKEN.test(protocol))
    refuse(`takes a protocol as Upgrade names it, got ${String(protocol)}.`);
  draft.metadata.set(PROTOCOL, protocol);
  draft.before.push({ phase: 'upgrade', run: (exchange) => requireProtocol(exchange, protocol) });
}

/** Behind guards: who may not in is not told what is spoken here. */
function requireProtocol(exchange: Exchange, protocol: string): void {
  if (asksFor(exchange, protocol)) return;
  const asked = upgradeOf(exchange);
  if (exchange.connection.protocol === '2.0') {
    if (asked !== undefined) throw hijackErrors.HIJACK_PROTOCOL_UNKNOWN({ protocol, asked });
    throw hijackErrors.HIJACK_UPGRADE_REQUIRED({ protocol });
  }
  const headers = { upgrade: protocol, connection: 'Upgrade, close' };
  throw hijackErrors.HIJACK_UPGRADE_REQUIRED({ protocol }, { headers });
}

/** The one protocol a route was declared with, if it was. */
export function declaredProtocol(metadata: ReadonlyMap<unknown, unknown>): string | undefined {
  return metadata.get(PROTOCOL) as string | undefined;
}

/** The limit of a route that was declared to take connections over. */
export function declaredLimit(metadata: ReadonlyMap<unknown, unknown>): HijackLimit | undefined {
  return metadata.get(LIMIT) as HijackLimit | undefined;
}

/**
 * Shows the routes that hijack before the first connection comes. Fails with: HIJACK_UNSUPPORTED, where any route takes
 * connections over (those of WebSockets as well) and this version of Node does not let it.
 */
export function declareHijacks(entries: readonly RouteEntry<RouteTarget>[], numbers: { declare(route: string): void }): void {
  const unsupported = entries.some(({ target }) => target.takesOver) ? parserHookFailure() : undefined;
  if (unsupported !== undefined) throw unsupported;
  for (const { pattern, target } of entries) if (target.metadata.has(IS_HIJACK)) numbers.declare(pattern);
}
