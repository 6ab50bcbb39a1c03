import { inspect } from 'node:util';
import { AuthorityTable } from '../routing/authority-table';
import { hijackErrors } from './errors';

/** Where a tunnel leads: `host:port` (an IPv6 address in brackets), or the two. */
export type TunnelTarget = string | { readonly host: string; readonly port: number };

/** Which targets a tunnel may lead to: `host:port`, where the host may be `*.example.com` or `*` and the port `*`; or what decides. */
export type TunnelAllowList = readonly string[] | ((host: string, port: number) => boolean);

/** A target that can be connected to. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A name with a NUL in it some versions of Node look up as what stands before that: who judges it by its end would be fooled. */
const NO_HOST = /[\s\p{Cc}/@?#[\]]/u;

const HOST_AND_PORT = /^(?:\[([0-9a-f:.]+)\]|([^\s:/@?#[\]]+)):(\d{1,5})$/i;

/** Fails with: TUNNEL_TARGET_INVALID. */
export function parseTarget(target: TunnelTarget): Endpoint {
  const endpoint = typeof target === 'string' ? fromText(target) : target;
  if (isHost(endpoint?.host) && isPort(endpoint?.port)) return endpoint as Endpoint;
  throw hijackErrors.TUNNEL_TARGET_INVALID({ got: typeof target === 'string' ? JSON.stringify(target) : inspect(target) });
}

function fromText(text: string): Endpoint | undefined {
  const [, address, name, port] = HOST_AND_PORT.exec(text) ?? [];
  return port === undefined ? undefined : { host: address ?? name, port: Number(port) };
}

function isHost(host: unknown): boolean {
  return typeof host === 'string' && host !== '' && !NO_HOST.test(host);
}

function isPort(port: unknown): boolean {
  return Number.isInteger(port) && (port as number) > 0 && (port as number) <= 65_535;
}

/** Fails with: TUNNEL_TARGET_REFUSED, TUNNEL_ALLOW_INVALID. */
export function checkAllowed({ host, port }: Endpoint, allow: TunnelAllowList | undefined): void {
  if (allow === undefined) return;
  // A promise is no yes.
  const isAllowed =
    typeof allow === 'function' ? allow(host, port) === true : tableOf(allow).find(toAuthority(host, port)) !== null;
  if (!isAllowed) throw hijackErrors.TUNNEL_TARGET_REFUSED();
}

function toAuthority(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function tableOf(allow: readonly string[]): AuthorityTable<true> {
  const table = new AuthorityTable<true>();
  for (const pattern of new Set(allow.map((one) => String(one).toLowerCase()))) {
    if (table.add({ pattern, place: 'tunnel()', target: true }) !== undefined)
      throw hijackErrors.TUNNEL_ALLOW_INVALID({ got: pattern });
  }
  return table;
}
