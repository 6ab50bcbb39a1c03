// The one front door to semver.
import compare from 'semver/functions/compare';
import satisfies from 'semver/functions/satisfies';
import valid from 'semver/functions/valid';
import validRange from 'semver/ranges/valid';

/** Whether `value` is a semantic version as it is written: `1.0.0`, no `v` before it. */
export function isVersion(value: unknown): value is string {
  return typeof value === 'string' && /^\d/.test(value) && valid(value) !== null;
}

/** Whether `value` says which versions are meant: `^2`, `>=1.2 <3`, `1.4.0`. */
export function isRange(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && validRange(value) !== null;
}

/** Whether a version is one of those meant; one before a release only where the range itself names such a one. */
export function isWithin(version: string, range: string): boolean {
  return satisfies(version, range);
}

/** The newest first. */
export function newestFirst(one: string, other: string): number {
  return compare(other, one);
}
