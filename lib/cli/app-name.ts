import { builtinModules } from 'node:module';
import { usageErrors } from './errors';

const LONGEST = 214;

/** What makes a text no name of a package; `undefined` when it is one. */
function flawOf(name: string): string | undefined {
  if (name.length > LONGEST) return `it is longer than ${LONGEST} characters`;
  if (/^[._]/.test(name)) return 'it begins with a dot or an underscore';
  if (name !== name.toLowerCase()) return 'it has capital letters';
  if (!/^[a-z0-9][a-z0-9._~-]*$/.test(name)) return 'it has characters other than letters, digits, - . _ ~';
  if (builtinModules.includes(name)) return 'a module of Node is called so';
  if (name === 'node_modules' || name === 'favicon.ico') return 'npm takes no package of that name';
  return undefined;
}

/** The nearest text that is a name; empty when there is none. */
export function toAppName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9._~-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '');
  return flawOf(name) === undefined ? name : '';
}

/**
 * Refuses what cannot be the name of an application: it becomes that of its package.
 *
 * In: the name, and those of the packages it will depend on. Fails with: USAGE_NAME_INVALID.
 */
export function checkAppName(name: string, dependencies: readonly string[]): void {
  const taken = dependencies.includes(name) ? 'it depends on a package of that name' : undefined;
  const reason = flawOf(name) ?? taken;
  if (reason === undefined) return;
  const near = taken === undefined ? toAppName(name) : `${name}-app`;
  const wayOut = near === '' ? 'Take another folder, e.g. my-app.' : `How about ${near}?`;
  throw usageErrors.USAGE_NAME_INVALID({ name, what: 'an application', reason, wayOut });
}
