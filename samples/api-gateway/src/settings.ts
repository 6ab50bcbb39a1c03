/** How long `/api/dashboard` has to answer, in milliseconds. */
export const DEADLINE_MS = milliseconds('DEADLINE_MS', 5_000);

/** How long one call to a service may take, in milliseconds. */
export const CLIENT_TIMEOUT_MS = milliseconds('CLIENT_TIMEOUT_MS', 3_000);

/** A call that takes most of the time there is counts as a failure: so what hangs is found out, however short the deadline. */
export const SLOW_CALL_MS = Math.ceil(0.8 * DEADLINE_MS);

/** How long a breaker stays open, in milliseconds. */
export const BREAKER_RESET_MS = milliseconds('BREAKER_RESET_MS', 30_000);

/** Where the services are; without a URL the sample plays them itself. */
export const USER_SERVICE_URL = url('USER_SERVICE_URL');
export const ORDER_SERVICE_URL = url('ORDER_SERVICE_URL');

function url(name: string): string | undefined {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  if (/^https?:\/\/[^/]/.test(text) && URL.canParse(text)) return text.replace(/\/$/, '');
  throw new Error(`${name} must be an http or https URL, not "${text}".`);
}

function milliseconds(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Error(`${name} must be a whole number of milliseconds, more than 0, not "${text}".`);
}
