import { withArguments } from '../controllers/collect-arguments';
import type { ControllerRooms } from '../controllers/compile-route';
import { compileWalk } from '../controllers/compile-walk';
import type { RouteDraft } from '../controllers/route-draft';
import type { FrameworkError } from '../errors/framework-error';
import type { Exchange, RouteTarget } from '../http/exchange';
import { originOf } from '../http/read-origin';
import { parserHookFailure } from '../http/parser-hook';
import { takeOver } from '../http/takeover';
import { asksFor } from '../http/upgrade';
import type { Class } from '../metadata/slot';
import { RequestScope } from '../plugins/request-scope';
import type { RouteEntry } from '../routing/route-entry';
import { type CompiledHandlers, compileHandlers, type HandlersRooms } from './compile-handlers';
import { ConnectionLimit, type Place } from './connection-limit';
import { websocketErrors } from './errors';
import { Gateway, type GatewayRooms } from './gateway';
import { draftUpgrade } from './message-draft';
import { Session } from './session';
import { SessionThings } from './session-things';
import { type Handshake, loadWs, openSocket, readHandshake, spokenHere } from './upgrade';
import type { WebSocketSettings } from './web-socket-options';

/** What compiling a class with `@WebSocket` asks of the rooms above. */
export interface CompileRooms extends HandlersRooms, Omit<GatewayRooms, 'route'> {
  readonly settings: WebSocketSettings;
}

/** Compiles a class into the line of the route table that upgrades to it. Mistakes are added to `mistakes`. */
export function compileGateway(
  gateway: Class,
  path: string,
  rooms: CompileRooms,
  mistakes: FrameworkError[],
): RouteEntry<RouteTarget> {
  loadWs();
  const unsupported = parserHookFailure();
  if (unsupported !== undefined) mistakes.push(unsupported);
  const draft = draftUpgrade(gateway, path, rooms);
  const handlers = compileHandlers(gateway, path, rooms, mistakes);
  mistakes.push(...draft.mistakes);
  const upgrade = new Upgrade(draft, handlers, rooms);
  const run = compileWalk(draft, rooms, (exchange) => {
    const { protocol } = exchange.connection;
    if (!asksFor(exchange, 'websocket')) throw websocketErrors.WEBSOCKET_UPGRADE_REQUIRED({}, { headers: spokenHere(protocol) });
    const handshake = readHandshake(exchange.wire.headers, protocol, rooms.settings);
    return withArguments(handlers.beforeUpgrade, exchange, (args) => upgrade.open(exchange, handshake, args));
  });
  const { method, pattern, place } = draft;
  return { method, pattern, place, withoutHead: true, target: targetOf(draft, rooms, run) };
}

function targetOf(
  { method, pattern, place, fields, metadata, timeoutMs }: RouteDraft,
  rooms: ControllerRooms,
  run: RouteTarget['run'],
): RouteTarget {
  return {
    method,
    route: pattern,
    owner: rooms.owner,
    status: 200,
    statusDeclared: false,
    fields,
    body: 'none',
    metadata,
    place,
    timeoutMs: timeoutMs ?? rooms.timeoutMs,
    answersWhileStopping: false,
    takesOver: true,
    instruments: rooms.instrumentsFor(method, pattern),
    run,
  };
}

/** Makes sessions of requests. */
class Upgrade {
  readonly #draft: RouteDraft;
  readonly #handlers: CompiledHandlers;
  readonly #rooms: CompileRooms;
  readonly #limit: ConnectionLimit;
  #gateway: Gateway | undefined;

  constructor(draft: RouteDraft, handlers: CompiledHandlers, rooms: CompileRooms) {
    const { maxConnections, maxConnectionsPerAddress } = rooms.settings;
    this.#draft = draft;
    this.#handlers = handlers;
    this.#rooms = rooms;
    this.#limit = new ConnectionLimit(maxConnections, maxConnectionsPerAddress);
    this.#gateway = undefined;
  }

  /** Answers with the upgrade, and begins the session. */
  async open(exchange: Exchange, handshake: Handshake, args: readonly unknown[]): Promise<void> {
    const place = this.#limit.take(this.#limit.countsAddresses ? originOf(exchange).ip : '');
    try {
      await this.#begin(exchange, handshake, args, place);
    } catch (error) {
      place();
      throw error;
    }
  }

  async #begin(exchange: Exchange, handshake: Handshake, args: readonly unknown[], giveBack: Place): Promise<void> {
    const { settings } = this.#rooms;
    const takeover = await takeOver(exchange);
    takeover.accept(101, [...UPGRADED, ...handshake.fields, ...this.#draft.fields, ...(exchange.fields ?? [])]);
    const stream = takeover.leave();
    const socket = openSocket(stream, NOTHING, handshake, settings);
    const { user } = exchange;
    const gateway = this.#running();
    const kept = this.#handlers.keepsRequest ? exchange : undefined;
    const session = new Session({ stream, socket, user, exchange: kept, giveBack }, gateway);
    // What is made for the request from now on is made for the session.
    if (kept !== undefined) kept.scope = new RequestScope(new SessionThings(session, gateway.lifetime));
    gateway.opened(session, args);
  }

  /** Made when the first session comes: what is only compiled for its mistakes owns nothing. */
  #running(): Gateway {
    const rooms = this.#rooms;
    this.#gateway ??= new Gateway({ ...rooms, route: this.#draft.pattern }, rooms.settings, this.#handlers);
    return this.#gateway;
  }
}

const UPGRADED = ['upgrade', 'websocket', 'connection', 'Upgrade'];
const NOTHING = Buffer.alloc(0);
