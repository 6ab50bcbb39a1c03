import type { ClientOrigin } from '../http/client-origin';
import type { Exchange } from '../http/exchange';
import { isInProcess, readDirectOrigin } from '../http/read-origin';
import { type ForwardedElement, parseClient, parseHost, parseProtocol, readForwarded, splitFromEnd } from './forwarded';
import { compileTrust, toTrustOptions, type TrustProxy, type TrustProxyOptions, type TrustedProxies } from './trust-proxy';

/** A chain longer than this is nobody's: what is behind it is not looked at. */
const MOST_HOPS = 32;

/**
 * Compiles `trustProxy` into how the origin of a request is found; `undefined`: by its connection.
 *
 * Fails with: TRUST_PROXY_INVALID.
 */
export function compileOrigin(option: TrustedProxies | TrustProxyOptions): ((exchange: Exchange) => ClientOrigin) | undefined {
  const { proxies, headers = 'either' } = toTrustOptions(option);
  const trust = compileTrust(proxies);
  if (trust === undefined) return undefined;
  return (exchange) => {
    const direct = readDirectOrigin(exchange);
    const peer = isInProcess(exchange) ? '127.0.0.1' : direct.ip;
    return follow(direct, peer, trust, elementsOf(exchange.wire.headers, headers));
  };
}

/** From the connection outwards, as long as who speaks is trusted: the last one named is the client. */
function follow(direct: ClientOrigin, peer: string, trust: TrustProxy, elements: Iterable<ForwardedElement>): ClientOrigin {
  let origin = direct;
  let speaker = peer;
  let hop = 0;
  for (const { client, protocol, host } of elements) {
    if (hop === MOST_HOPS || !trust(speaker, hop)) break;
    // The outermost one that is trusted spoke with the client; what it does not say, the next one may know.
    origin = { ip: client ?? origin.ip, protocol: protocol ?? origin.protocol, host: host ?? origin.host };
    speaker = client ?? '';
    hop++;
  }
  return origin;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

function elementsOf(all: Headers, which: 'either' | 'x-forwarded' | 'forwarded'): Iterable<ForwardedElement> {
  const field = (name: string): string | undefined => [all[name]].flat().join(', ') || undefined;
  const [client, protocol, host] = ['for', 'proto', 'host'].map((name) => field(`x-forwarded-${name}`));
  const hasOld = client !== undefined || protocol !== undefined || host !== undefined;
  if (which === 'forwarded' || (which === 'either' && !hasOld)) return readForwarded(field('forwarded') ?? '');
  return oldElements(client, protocol, host);
}

/** `X-Forwarded-*` as elements. Where a list is shorter than the chain, some proxies passed it on as it was. */
function* oldElements(
  client: string | undefined,
  protocol: string | undefined,
  host: string | undefined,
): Generator<ForwardedElement> {
  const protocols = splitFromEnd(protocol ?? '');
  const hosts = splitFromEnd(host ?? '');
  for (const text of client === undefined ? [undefined] : splitFromEnd(client)) {
    yield {
      client: text === undefined ? undefined : parseClient(text),
      protocol: parseProtocol(nextOf(protocols)),
      host: parseHost(nextOf(hosts)),
    };
  }
}

function nextOf(list: Iterator<string, void>): string | undefined {
  return list.next().value ?? undefined;
}
