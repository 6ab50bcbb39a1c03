import type { BearerToken } from 'rockstar-web';

/** How long `/hijack-safe` waits for a line, and how long its connections last at most, in milliseconds. */
export const READ_TIMEOUT_MS = milliseconds('HIJACK_READ_TIMEOUT_MS', 10_000);
export const DEADLINE_MS = milliseconds('HIJACK_DEADLINE_MS', 30_000);

/** Where `/proxy/:target` leads, by name: `PROXY_TARGETS=db=127.0.0.1:5432,cache=10.0.0.2:6379`. Nowhere else. */
export const PROXY_TARGETS: ReadonlyMap<string, string> = new Map(
  entries('PROXY_TARGETS').map((entry) => {
    const [, name, target] = /^([^=]+)=(.+:\d+)$/.exec(entry) ?? [];
    if (name === undefined || target === undefined || portOf(target) > 65_535)
      throw new Error(`PROXY_TARGETS is name=host:port,…, not "${entry}".`);
    return [name, target];
  }),
);

export interface TokenUser {
  readonly name: string;
  readonly permissions: readonly string[];
}

/** Who may come in: `TOKENS=token:user:permission+permission,…`. */
export const TOKENS: readonly BearerToken<TokenUser>[] = entries('TOKENS').map((entry) => {
  const [token, name, permissions] = entry.split(':');
  if (!token || !name) throw new Error(`TOKENS is token:user:permission+permission,…, not "${entry}".`);
  return { token, user: { name, permissions: permissions ? permissions.split('+') : [] } };
});

function portOf(target: string): number {
  return Number(target.slice(target.lastIndexOf(':') + 1));
}

function entries(name: string): string[] {
  return (process.env[name] ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function milliseconds(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`${name} must be a whole number of milliseconds, not "${text}".`);
}
