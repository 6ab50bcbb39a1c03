/** How long `/api/data` and `/api/batch-process` have to answer, in milliseconds. */
export const DEADLINE_MS = milliseconds('DEADLINE_MS', 5_000);

/** What `/api/proxy` asks; without it, an upstream of this sample's own. */
export const UPSTREAM_URL = process.env.UPSTREAM_URL === '' ? undefined : process.env.UPSTREAM_URL;

function milliseconds(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`${name} must be a whole number of milliseconds, not "${text}".`);
}
