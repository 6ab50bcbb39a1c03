/** Who may look; not set: everybody. */
export const VIEW_TOKEN = process.env.VIEW_TOKEN === '' ? undefined : process.env.VIEW_TOKEN;

/** Whether traffic is made, and a service fails now and then, so that there is something to see. */
export const DEMO = process.env.DEMO !== '0';

/** How long a circuit breaker stays open, in milliseconds. */
export const BREAKER_RESET_MS = milliseconds('BREAKER_RESET_MS', 10_000);

function milliseconds(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Error(`${name} must be a whole number of milliseconds, more than 0, not "${text}".`);
}
