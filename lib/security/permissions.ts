/**
 * Whether a user may, by what it carries: a list `permissions`, or a text `scope` with spaces between (RFC 8693 §4.2).
 * `reports.read` and `reports:read` are one thing, `reports.*` every action on it, `*` everything.
 */
export function isPermittedByList(user: unknown, resource: string, action: string): boolean {
  const { permissions, scope } = (user ?? {}) as { readonly permissions?: unknown; readonly scope?: unknown };
  const names = [permissions, typeof scope === 'string' ? scope.split(' ') : []].flat();
  const enough = ['*', `${resource}.*`, `${resource}:*`, `${resource}.${action}`, `${resource}:${action}`];
  return names.some((name) => enough.includes(name as string));
}
