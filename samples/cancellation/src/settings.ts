/** How long `/api/data` and `/api/batch-process` have to answer, in milliseconds. */
export const DEADLINE_MS = milliseconds('DEADLINE_MS', 5_000);

/** What `/api/proxy` asks; without it, an upstream of this sample's own. */
export const UPSTREAM_URL = url('UPSTREAM_URL');

function url(name: string): string | undefined {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  if (/^https?:\/\/[^/]/.test(text) && URL.canParse(text)) return text;
  throw new Error(`${name} must be an http or https URL, not "${text}".`);
}

function milliseconds(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`${name} must be a whole number of milliseconds, not "${text}".`);
}
