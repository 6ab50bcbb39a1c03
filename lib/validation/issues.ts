import type { FrameworkError, InputIssue } from '../errors/framework-error';
import { validationErrors } from './errors';

/** What a check found: the typed value, or at least one issue. */
export type Checked<T = unknown> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly issues: readonly InputIssue[] };

/** More than this nobody reads, and a hostile input could have thousands. */
export const MOST_ISSUES = 100;
const LONGEST_MESSAGE = 300;
const LONGEST_PATH = 200;
const LONGEST_NAME = 80;

/** Shortens text that a client may have made long. */
export function cut(text: string, longest = LONGEST_NAME): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** The dotted path of `key` inside what is at `path`. */
export function pathTo(path: string, key: string | number): string {
  return path === '' ? String(key) : `${path}.${key}`;
}

/** An issue that is safe to send: path and message are cut, and neither target nor value go along. */
export function issueAt(path: string, message: string, code: string): InputIssue {
  return { path: cut(path, LONGEST_PATH), message: cut(message, LONGEST_MESSAGE), code };
}

/** The same issues, seen from outside: everything is found inside `path`. */
export function issuesInside(path: string, issues: readonly InputIssue[]): readonly InputIssue[] {
  if (path === '') return issues;
  return issues.map((issue) => ({ ...issue, path: issue.path === '' ? path : cut(pathTo(path, issue.path), LONGEST_PATH) }));
}

/** A check that found something. */
export function refused(issues: readonly InputIssue[]): { readonly ok: false; readonly issues: readonly InputIssue[] } {
  return { ok: false, issues: issues.length > MOST_ISSUES ? issues.slice(0, MOST_ISSUES) : issues };
}

function problemOf(issues: readonly InputIssue[]): string {
  const [first] = issues;
  if (first === undefined) return 'nothing more is known';
  return issues.length === 1 ? first.message : `${first.message} (and ${issues.length - 1} more)`;
}

/**
 * Makes the failure a client gets for faulty input: 400, with one entry per issue.
 *
 * In: the issues; only the first 100 are sent.
 * Out: `VALIDATION_FAILED`, to be thrown.
 */
export function inputInvalid(issues: readonly InputIssue[]): FrameworkError {
  return validationErrors.VALIDATION_FAILED({ problem: problemOf(issues) }, { errors: issues.slice(0, MOST_ISSUES) });
}
