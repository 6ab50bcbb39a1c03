import type { FrameworkErrorOptions } from '../errors/framework-error';
import type { Clock } from '../lifetime/clock';

/** What finding a bearer token asks of a context. */
export interface BearerContext {
  header(name: string): string | undefined;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** The token of `Authorization: Bearer …` (RFC 6750 §2.1), empty where it is missing; `undefined`: another scheme, or nothing. */
export function readBearer(authorization: string | undefined): string | undefined {
  const match = /^Bearer(?:[ \t]+(.*))?$/i.exec(authorization ?? '');
  return match === null ? undefined : (match[1]?.trim() ?? '');
}

/** What 401 asks for. */
export function bearerChallenge(realm: string | undefined): string {
  return realm === undefined ? 'Bearer' : `Bearer realm="${realm}"`;
}

/** Whether it can stand between quotes in a header (RFC 9110 §5.6.4). */
export function isRealm(realm: unknown): boolean {
  return typeof realm === 'string' && /^[\x20-\x7e]*$/.test(realm) && !/["\\]/.test(realm);
}

/** What 401 says to a token that is of no use (RFC 6750 §3.1). */
export function invalidToken(challenge: string, description?: string): FrameworkErrorOptions {
  const told = description === undefined ? '' : `, error_description="${description}"`;
  const separator = challenge.includes('=') ? ',' : '';
  return { headers: { 'www-authenticate': `${challenge}${separator} error="invalid_token"${told}` } };
}
