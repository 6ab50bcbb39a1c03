import type { OutgoingHttpHeaders } from 'node:http2';

/** How long a response is fresh, in milliseconds (RFC 9111 §4.2), as `Cache-Control` says; 0: it is not, or does not say. */
export function readMaxAgeMs(cacheControl: string): number {
  if (/\b(?:no-store|no-cache)\b/i.test(cacheControl)) return 0;
  const [, seconds = '0'] = /\bmax-age\s*=\s*"?(\d{1,10})/i.exec(cacheControl) ?? [];
  return Number(seconds) * 1_000;
}

/** For how long a client may use a response again for the same URL, whoever asks there then, in milliseconds; 0: not at all. */
export function freshForMs({ 'cache-control': cacheControl, vary, age = '0' }: OutgoingHttpHeaders): number {
  if (cacheControl === undefined || /\*|\bcookie\b|\bauthorization\b/i.test(String(vary))) return 0;
  return Math.max(0, readMaxAgeMs([cacheControl].flat().join(', ')) - (Number(age) || 0) * 1_000);
}
