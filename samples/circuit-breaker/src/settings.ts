import { bearerTokens, environmentToken, type ApplicationOptions } from 'rockstar-web';

/** What the application asks; without it, an upstream of this sample's own. */
export const UPSTREAM_URL = url('UPSTREAM_URL');

/** How long a call to the upstream may take, in milliseconds. */
const TIMEOUT_MS = milliseconds('EXTERNAL_API_TIMEOUT_MS', 2_000);

/** The circuit breakers by name, and who may operate them. */
export const options = {
  breakers: {
    external_api: {
      maxFailures: 5,
      resetTimeoutMs: milliseconds('EXTERNAL_API_RESET_MS', 30_000),
      halfOpenMax: 3,
      timeoutMs: TIMEOUT_MS,
    },
    // These two are built in; here they get a time-out.
    database: { timeoutMs: TIMEOUT_MS },
    cache: { timeoutMs: TIMEOUT_MS },
  },
  auth: bearerTokens([{ token: environmentToken('ADMIN_TOKEN'), user: { name: 'admin', permissions: ['*'] } }]),
} satisfies ApplicationOptions;

function url(name: string): string | undefined {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  if (/^https?:\/\/[^/]/.test(text) && URL.canParse(text)) return text;
  throw new Error(`${name} must be an http or https URL, not "${text}".`);
}

function milliseconds(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Error(`${name} must be a whole number of milliseconds, more than 0, not "${text}".`);
}
