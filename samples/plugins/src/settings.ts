import { randomBytes } from 'node:crypto';

/** What tokens of users are signed with; without it, they are good until the next start. */
export const AUTH_SECRET = text('AUTH_SECRET') ?? randomBytes(32).toString('base64url');

/** Which mistake is built in, if any. */
export const BROKEN = text('BROKEN');

function text(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}
