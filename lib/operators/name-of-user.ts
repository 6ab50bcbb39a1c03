/** What a user is called in the log: never all that is known of it, which could be a credential. */
export function nameOfUser(user: unknown): string {
  if (typeof user === 'string' || typeof user === 'number') return String(user);
  if (typeof user !== 'object' || user === null) return 'somebody';
  const { name, id, sub } = user as { readonly name?: unknown; readonly id?: unknown; readonly sub?: unknown };
  const known = [name, id, sub].find((one) => typeof one === 'string' || typeof one === 'number');
  return known === undefined ? 'somebody' : String(known);
}
