import { parseCookie, type SerializeOptions, stringifySetCookie } from 'cookie';
import type { Exchange } from './exchange';

/** Cookies of a request, by name. Without a prototype. */
export type Cookies = Readonly<Record<string, string | undefined>>;

/** Attributes of a cookie (RFC 6265 §4.1.2). `maxAge` in seconds. */
export type CookieOptions = SerializeOptions;

/** The cookies the request came with; parsed once. */
export function cookiesOf(exchange: Exchange): Cookies {
  exchange.cookies ??= parseCookie(exchange.wire.headers.cookie ?? '');
  return exchange.cookies;
}

/**
 * Sends a cookie along. Default: for the whole site, not readable by scripts, `SameSite=Lax`, and `Secure` on encrypted connections.
 */
export function setCookie(exchange: Exchange, name: string, value: string, options: CookieOptions = {}): void {
  const defaults: CookieOptions = { path: '/', httpOnly: true, sameSite: 'lax', secure: exchange.connection.encrypted };
  exchange.addField('set-cookie', stringifySetCookie({ name, value, ...defaults, ...options }));
}
