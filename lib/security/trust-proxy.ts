import { isIP } from 'node:net';
import { type FrameworkError, isFrameworkError } from '../errors/framework-error';
import { securityErrors } from './errors';

/** Whether what an address says of those before it is believed. In: the address; how far away it is, 0 for the connection's. */
export type TrustProxy = (address: string, hop: number) => boolean;

/** Which proxies are believed. */
export type TrustedProxies = boolean | number | string | readonly string[] | TrustProxy;

/** Which proxies are believed, and what they write. */
export interface TrustProxyOptions {
  readonly proxies: TrustedProxies;
  /**
   * What is read: `x-forwarded` (`X-Forwarded-For`, `-Proto`, `-Host`) or `forwarded` (RFC 7239) alone; `either`, the
   * default, reads `Forwarded` where none of the others came. Proxies pass on what they do not write themselves, so name
   * the one that yours write.
   */
  readonly headers?: 'either' | 'x-forwarded' | 'forwarded';
}

/** The option as people write it, with its parts named. */
export function toTrustOptions(option: TrustedProxies | TrustProxyOptions): TrustProxyOptions {
  const isPlain = typeof option === 'object' && !Array.isArray(option);
  return isPlain ? (option as TrustProxyOptions) : { proxies: option as TrustedProxies };
}

/**
 * Who is believed, as a function; `undefined`: nobody.
 *
 * In: `true` all; a number so many hops; addresses, subnets (`10.0.0.0/8`) and the names `loopback`, `linklocal`,
 * `uniquelocal`, in a list or with commas between; a function.
 * Fails with: TRUST_PROXY_INVALID.
 */
export function compileTrust(proxies: TrustedProxies): TrustProxy | undefined {
  if (typeof proxies === 'function') return proxies;
  if (typeof proxies === 'boolean') return proxies ? () => true : undefined;
  if (typeof proxies === 'number') return proxies > 0 ? (_address, hop) => hop < proxies : undefined;
  const list = [proxies].flat().flatMap((text) => text.split(',').map((entry) => entry.trim()));
  if (list.length === 0) return undefined;
  const matches = compileList(list);
  return (address, hop) => isIP(address) !== 0 && matches(address, hop);
}

/** What is wrong with the option. */
export function checkTrust(option: TrustedProxies | TrustProxyOptions): FrameworkError[] {
  try {
    compileTrust(toTrustOptions(option).proxies);
    return [];
  } catch (error) {
    if (!isFrameworkError(error)) throw error;
    return [error];
  }
}

function compileList(list: readonly string[]): TrustProxy {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- only applications behind known proxies need it
  const { compile } = require('@fastify/proxy-addr') as typeof import('@fastify/proxy-addr');
  for (const entry of list) {
    try {
      compile(entry);
    } catch (error) {
      throw securityErrors.TRUST_PROXY_INVALID({ entry }, { cause: error });
    }
  }
  return compile([...list]);
}
