/** Where an error or a result says for how long it is not to be asked again. */
interface Telling {
  readonly retryAfterMs?: unknown;
  readonly headers?: unknown;
}

/**
 * How long an upstream asks to be left alone, in milliseconds: what `retryAfterMs`, or a `retry-after` among `headers`, of an
 * error or a result says; `undefined` when nothing sensible is said.
 */
export function readRetryAfterMs(told: unknown): number | undefined {
  if (typeof told !== 'object' || told === null) return undefined;
  const { retryAfterMs, headers } = told as Telling;
  if (typeof retryAfterMs === 'number') return isSensible(retryAfterMs) ? retryAfterMs : undefined;
  return parseRetryAfter(headerOf(headers));
}

function headerOf(headers: unknown): unknown {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const { get } = headers as { get?: unknown };
  if (typeof get === 'function') return get.call(headers, 'retry-after') as unknown;
  const fields = headers as Record<string, unknown>;
  return fields['retry-after'] ?? fields['Retry-After'];
}

function isSensible(ms: number): boolean {
  return Number.isFinite(ms) && ms > 0;
}

/** `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that is sent (RFC 9110 §5.6.7). */
const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Reads a `Retry-After` (RFC 9110 §10.2.3): seconds, or a date. Out: milliseconds from now; `undefined` for anything else, a
 * date that has passed, and zero.
 */
export function parseRetryAfter(value: unknown, wallClockMs: () => number = Date.now): number | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  let ms: number | undefined;
  if (/^\d{1,15}$/.test(text)) ms = Number(text) * 1_000;
  else if (HTTP_DATE.test(text)) ms = Date.parse(text) - wallClockMs();
  return ms !== undefined && isSensible(ms) ? ms : undefined;
}
