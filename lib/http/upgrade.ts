import type { Exchange } from './exchange';
import type { Http2Request } from './http2-shapes';
import type { NodeWire } from './node-wire';
import { StreamWire } from './stream-wire';

/**
 * What the client asks to speak from here on: the `Upgrade` of HTTP/1.1 as it was sent (RFC 9110 §7.8; it may list several),
 * or the `:protocol` of an extended CONNECT over HTTP/2 (RFC 8441 §4). `undefined`: it goes on with HTTP.
 */
export function upgradeOf({ connection, wire }: Exchange): string | undefined {
  if (connection.protocol === '2.0') {
    if (wire instanceof StreamWire) return wire.headers[':protocol'];
    return ((wire as NodeWire).request as unknown as Http2Request).askedProtocol;
  }
  const { upgrade, connection: options } = wire.headers;
  // A client of HTTP/1.0 cannot mean it, and one that does not name it in Connection was relayed by somebody who did not (RFC 9110 §7.6.1).
  if (upgrade === undefined || (wire as NodeWire).request.httpVersionMinor === 0) return undefined;
  return options !== undefined && listOf(options).includes('upgrade') ? upgrade : undefined;
}

/** Whether a protocol is among those the client asks for. In: its name; letter case does not matter. */
export function asksFor(exchange: Exchange, protocol: string): boolean {
  const upgrade = upgradeOf(exchange);
  return upgrade !== undefined && listOf(upgrade).includes(protocol.toLowerCase());
}

function listOf(field: string): string[] {
  return field.split(',').map((item) => item.trim().toLowerCase());
}
