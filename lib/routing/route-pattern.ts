import { AUTHORITY_PARAMETERS } from './authority-table';

/** Joins the parts of a path (`prefix`, controller, route) with single slashes: `('/api', 'users/', ':id')` is `/api/users/:id`. */
export function joinPaths(...parts: readonly string[]): string {
  const joined = parts
    .map((part) => part.replace(/^\/+|\/+$/g, ''))
    .filter((part) => part !== '')
    .join('/');
  return `/${joined}`;
}

/** The parameter names of a pattern: `/users/:id/files/*` has `id` and `*`; one of CONNECT, which is no path, `host` and `port`. */
export function parameterNames(pattern: string): string[] {
  if (!pattern.startsWith('/')) return [...AUTHORITY_PARAMETERS];
  const names = [...pattern.matchAll(/:([A-Za-z_]\w*)/g)].map((match) => match[1] ?? '');
  return pattern.includes('*') ? [...names, '*'] : names;
}

/** Whole segments of plain text or one parameter each, and at most a rest. */
const PLAIN = /^(\/([\w.~-]*|:[A-Za-z_]\w*))*(\/\*)?$/;

/** Whether nothing can be wrong with a pattern by itself: it has no expressions, no optional parts and no escapes. */
export function isPlainPattern(pattern: string): boolean {
  return pattern.startsWith('/') && PLAIN.test(pattern);
}
