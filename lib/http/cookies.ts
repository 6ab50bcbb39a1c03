import { parseCookie, type SerializeOptions, stringifySetCookie } from 'cookie';
import { readSignedValue, signValue } from './cookie-signature';
import { httpErrors } from './errors';
import type { Exchange } from './exchange';
import { originOf } from './read-origin';

/** Cookies of a request, by name. Without a prototype. */
export type Cookies = Readonly<Record<string, string | undefined>>;

/** Attributes of a cookie (RFC 6265 §4.1.2). `maxAge` in seconds. */
export interface CookieOptions extends SerializeOptions {
  /**
   * Whether it carries a signature by the first of `cookieSecrets`, so that nobody else can make or change it (all can
   * read it). What is signed is the value alone: let the value say what it is good for.
   */
  readonly signed?: boolean;
}

/** The cookies the request came with; parsed once. */
export function cookiesOf(exchange: Exchange): Cookies {
  exchange.cookies ??= parseCookie(exchange.wire.headers.cookie ?? '');
  return exchange.cookies;
}

/**
 * The value of a cookie that was sent with `signed: true`; `undefined` when it is missing or its signature is by none of
 * the secrets.
 *
 * Fails with: COOKIE_SECRETS_MISSING.
 */
export function signedCookieOf(exchange: Exchange, name: string): string | undefined {
  const secrets = secretsOf(exchange, name);
  const cookie = cookiesOf(exchange)[name];
  return cookie === undefined ? undefined : readSignedValue(cookie, secrets);
}

/**
 * Sends a cookie along. Default: for the whole site, not readable by scripts, `SameSite=Lax`, and `Secure` where the client
 * speaks https.
 *
 * Fails with: COOKIE_SECRETS_MISSING.
 */
export function setCookie(
  exchange: Exchange,
  name: string,
  value: string,
  { signed = false, ...options }: CookieOptions = {},
): void {
  const sent = signed ? signValue(value, secretsOf(exchange, name)[0]) : value;
  const secure = options.secure ?? originOf(exchange).protocol === 'https';
  const defaults: SerializeOptions = { path: '/', httpOnly: true, sameSite: 'lax' };
  exchange.addField('set-cookie', stringifySetCookie({ name, value: sent, ...defaults, ...options, secure }));
}

function secretsOf({ host }: Exchange, name: string): readonly string[] {
  if (host.cookieSecrets.length > 0) return host.cookieSecrets;
  throw httpErrors.COOKIE_SECRETS_MISSING({ name }, { detail: 'Something is not set up here. It was logged.' });
}
