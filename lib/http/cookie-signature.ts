import { createHmac } from 'node:crypto';
import { timingSafeEqual } from './timing-safe-equal';

/** In front of a signed value: how cookie-parser, express-session and others tell it from a plain one. */
const MARK = 's:';

/** A value with its signature (HMAC-SHA256), as `s:value.signature`. */
export function signValue(value: string, secret: string): string {
  return `${MARK}${value}.${signatureOf(value, secret)}`;
}

/** The value that one of the secrets signed; `undefined` for what none of them did. Never throws. */
export function readSignedValue(signed: string, secrets: readonly string[]): string | undefined {
  const end = signed.lastIndexOf('.');
  if (!signed.startsWith(MARK) || end < MARK.length) return undefined;
  const value = signed.slice(MARK.length, end);
  const signature = signed.slice(end + 1);
  return secrets.some((secret) => timingSafeEqual(signatureOf(value, secret), signature)) ? value : undefined;
}

function signatureOf(value: string, secret: string): string {
  return createHmac('sha256', secret).update(value).digest('base64').replace(/=+$/, '');
}
