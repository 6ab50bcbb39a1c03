import { join } from 'node:path';

const COPIES = Symbol.for('rockstar-web.copies');

/** The folders that copies of this package were loaded from, in this process; this one is the last to have signed in. */
function copies(): Set<string> {
  const shared = globalThis as { [COPIES]?: Set<string> };
  shared[COPIES] ??= new Set();
  return shared[COPIES];
}

/** Where this copy was loaded from. */
export const packageFolder = join(__dirname, '..');

copies().add(packageFolder);

/** Where copies of this package were loaded from; more than one and they do not know each other's classes. */
export function packageCopies(): readonly string[] {
  return [...copies()];
}
