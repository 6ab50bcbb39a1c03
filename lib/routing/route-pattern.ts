import { AUTHORITY_PARAMETERS } from './authority-table';

/** Joins the parts of a path (`prefix`, controller, route) with single slashes: `('/api', 'users/', ':id')` is `/api/users/:id`. */
export function joinPaths(...parts: readonly string[]): string {
  let joined = '';
  for (const part of parts) {
    const inner = withoutSlashes(part);
    if (inner !== '') joined += `/${inner}`;
  }
  return joined === '' ? '/' : joined;
}

/** Without slashes at both ends. */
function withoutSlashes(part: string): string {
  let start = 0;
  let end = part.length;
  while (start < end && part[start] === '/') start++;
  while (end > start && part[end - 1] === '/') end--;
  return part.slice(start, end);
}

/** The parameter names of a pattern: `/users/:id/files/*` has `id` and `*`; one of CONNECT, which is no path, `host` and `port`. */
export function parameterNames(pattern: string): string[] {
  if (!pattern.startsWith('/')) return [...AUTHORITY_PARAMETERS];
  const names = [...pattern.matchAll(/:([A-Za-z_]\w*)/g)].map((match) => match[1] ?? '');
  return pattern.includes('*') ? [...names, '*'] : names;
}

/** Whole segments of plain text or one parameter each, and at most a rest. */
const PLAIN = /^(\/([\w.~-]*|:[A-Za-z_]\w*))*(\/\*)?$/;

/** Whether nothing can be wrong with a pattern by itself: it has no expressions, no optional parts and no escapes, and each name once. */
export function isPlainPattern(pattern: string): boolean {
  return pattern.startsWith('/') && PLAIN.test(pattern) && nameTwice(pattern) === undefined;
}

/** What cannot be meant by a pattern, though it could be added: a name twice, none, a `?` in the middle. */
export function whyNotMeant(pattern: string): string | undefined {
  // Expressions have colons and question marks of their own, and `::` is a colon as it is.
  if (pattern.includes('(')) return undefined;
  const twice = nameTwice(pattern.replaceAll('::', ''));
  if (twice !== undefined) return `it has two parameters called ${twice}`;
  if (/(?<!:):(?:\/|$)/.test(pattern)) return 'it has a parameter without a name';
  return /\?./.test(pattern) ? 'a ? stands at its end alone, behind a parameter that may be missing' : undefined;
}

function nameTwice(pattern: string): string | undefined {
  if (pattern.indexOf(':') === pattern.lastIndexOf(':')) return undefined;
  const names = parameterNames(pattern);
  return names.find((name, at) => names.indexOf(name) !== at);
}
