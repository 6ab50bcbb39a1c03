// Hot: from the head of a request to its exchange.
import type { RouteMatch } from '../routing/route-table';
import type { Connection } from './connection';
import { Exchange, type Host, type RouteTarget } from './exchange';
import type { Wire } from './wire';

/** What the doors of both protocols need of the server they belong to. */
export interface IntakeHost extends Host {
  /** Answers what no route matches. */
  readonly unmatched: RouteTarget;
  /** Its connections are being closed: none goes on behind its answer. */
  readonly isClosed: boolean;
  /** Sends an exchange, in which nothing is wrong by itself, on its way through its route. */
  walk(exchange: Exchange): void;
}

/** Where a connection is kept on what Node hands over with each event. */
const CONNECTION = Symbol('rockstar-web.connection');

interface Carrier {
  [CONNECTION]?: Connection | undefined;
}

/** Has a socket, or a session of HTTP/2, carry its connection. */
export function carry(carrier: object, connection: Connection | undefined): void {
  (carrier as Carrier)[CONNECTION] = connection;
}

/** The connection that a socket or session carries. */
export function connectionOf(carrier: object): Connection | undefined {
  return (carrier as Carrier)[CONNECTION];
}

/** Whether a table has found a route, and not only a path that is no URL. */
export function isFound(match: RouteMatch<RouteTarget> | null): match is Found {
  return match !== null && match.store !== null;
}

interface Found extends RouteMatch<RouteTarget> {
  readonly store: RouteTarget;
}

/** The exchange of a request. In: what the table found for it. */
export function openExchange(
  host: IntakeHost,
  connection: Connection,
  wire: Wire,
  match: RouteMatch<RouteTarget> | null,
): Exchange {
  return isFound(match)
    ? new Exchange(host, connection, wire, match.store, match.params, match.searchParams)
    : new Exchange(host, connection, wire, host.unmatched, NO_PARAMETERS, searchOf(wire.url));
}

/** The query of a target that no route matched, for whoever answers for that. */
function searchOf(url: string): string {
  const [target] = url.split('#', 1);
  const at = target.indexOf('?');
  return at < 0 ? '' : target.slice(at + 1);
}

const NO_PARAMETERS: Readonly<Record<string, string | undefined>> = Object.freeze({});
