import type { Socket } from 'node:net';
import type { ClientOrigin } from './client-origin';
import type { Exchange } from './exchange';

/** Where a request comes from; found out once, when somebody asks. */
export function originOf(exchange: Exchange): ClientOrigin {
  exchange.origin ??= exchange.host.readOrigin(exchange);
  return exchange.origin;
}

/** What the connection itself says: right where no proxy stands in between. */
export function readDirectOrigin({ connection, wire }: Exchange): ClientOrigin {
  return {
    ip: plainAddress(connection.remoteAddress),
    protocol: connection.encrypted ? 'https' : 'http',
    host: authorityIn(wire.url) ?? authorityOf(wire.headers) ?? '',
  };
}

/** Whether a connection never left the process: it has no address, where a socket that was closed has lost its own. */
export function isInProcess({ connection }: Exchange): boolean {
  return !('remoteAddress' in (connection.socket as Partial<Socket>));
}

/** IPv4 as people write it, also where a socket for both families told it (RFC 4291 §2.5.5.2). */
export function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address;
}

/** A target of the absolute form counts before the host field (RFC 9112 §3.2.2). */
function authorityIn(url: string): string | undefined {
  return url.startsWith('/') ? undefined : /^[a-z][a-z\d+.-]*:\/\/(?:[^/?#@]*@)?([^/?#]*)/i.exec(url)?.[1];
}

function authorityOf(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  return (headers[':authority'] ?? headers.host) as string | undefined;
}
