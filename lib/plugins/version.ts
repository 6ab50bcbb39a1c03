// The one front door to semver.
/* eslint-disable @typescript-eslint/no-require-imports -- a static import would load it at start, where no plugin has a version */

import type Compare from 'semver/functions/compare';
import type Satisfies from 'semver/functions/satisfies';
import type Valid from 'semver/functions/valid';
import type ValidRange from 'semver/ranges/valid';

/** Whether `value` is a semantic version as it is written: `1.0.0`, no `v` before it. */
export function isVersion(value: unknown): value is string {
  return (
    typeof value === 'string' && /^\d\S*$/.test(value) && (require('semver/functions/valid') as typeof Valid)(value) !== null
  );
}

/** Whether `value` says which versions are meant: `^2`, `>=1.2 <3`, `1.4.0`. */
export function isRange(value: unknown): value is string {
  return (
    typeof value === 'string' && value.trim() !== '' && (require('semver/ranges/valid') as typeof ValidRange)(value) !== null
  );
}

/** Whether a version is one of those meant; one before a release only where the range itself names such a one. */
function isWithin(version: string, range: string): boolean {
  return (require('semver/functions/satisfies') as typeof Satisfies)(version, range);
}

/** The range of all versions: what is meant where none is said. */
export const ANY_VERSION = '*';

/** Those within a range; of any version, what comes before a release where there is no release. */
export function within<T>(items: readonly T[], versionOf: (item: T) => string, range: string): readonly T[] {
  const found = items.filter((item) => isWithin(versionOf(item), range));
  return found.length === 0 && range === ANY_VERSION ? items : found;
}

/** The newest first. */
export function newestFirst(one: string, other: string): number {
  return (require('semver/functions/compare') as typeof Compare)(other, one);
}
