/** Where an error or a result says for how long it is not to be asked again. */
interface Telling {
  readonly retryAfterMs?: unknown;
  readonly headers?: unknown;
  readonly response?: unknown;
}

/**
 * How long an upstream asks to be left alone, in milliseconds: what `retryAfterMs`, or a `retry-after` among `headers`, of an
 * error or a result says, or of the `response` it has; `undefined` when nothing sensible is said.
 *
 * In: the wall clock's time, which a date is compared with.
 */
export function readRetryAfterMs(told: unknown, wallClockMs: number): number | undefined {
  if (typeof told !== 'object' || told === null) return undefined;
  const { retryAfterMs, headers, response } = told as Telling;
  if (typeof retryAfterMs === 'number') return sensible(retryAfterMs);
  const ownHeaders = headers ?? (typeof response === 'object' && response !== null ? (response as Telling).headers : undefined);
  return parseRetryAfter(headerOf(ownHeaders), wallClockMs);
}

function headerOf(headers: unknown): unknown {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const { get } = headers as { get?: unknown };
  if (typeof get === 'function') return get.call(headers, 'retry-after') as unknown;
  const fields = headers as Record<string, unknown>;
  return fields['retry-after'] ?? fields['Retry-After'];
}

function sensible(ms: number): number | undefined {
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}

const DAY = '(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?';
const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const TIME = '\\d{2}:\\d{2}:\\d{2}';

/** `Sun, 06 Nov 1994 08:49:37 GMT`, and the two forms of old (RFC 9110 §5.6.7). */
const GMT_DATE = new RegExp(`^${DAY}, \\d{2}( ${MONTH} |-${MONTH}-)(\\d{4}|\\d{2}) ${TIME} GMT$`);
const ASCTIME_DATE = new RegExp(`^${DAY} ${MONTH} [ \\d]\\d ${TIME} \\d{4}$`);

/**
 * Reads a `Retry-After` (RFC 9110 §10.2.3): seconds, or a date. Out: milliseconds from now; `undefined` for anything else, a
 * date that has passed, and zero.
 */
export function parseRetryAfter(value: unknown, wallClockMs: number): number | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') return undefined;
  const trimmed = text.trim();
  if (/^\d+$/.test(trimmed)) return sensible(Math.min(Number(trimmed) * 1_000, Number.MAX_SAFE_INTEGER));
  if (GMT_DATE.test(trimmed)) return sensible(Date.parse(trimmed) - wallClockMs);
  return ASCTIME_DATE.test(trimmed) ? sensible(Date.parse(`${trimmed} GMT`) - wallClockMs) : undefined;
}
