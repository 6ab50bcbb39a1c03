import type { InputIssue } from '../../lib/errors/framework-error';
import type { Checked } from '../../lib/validation/issues';

/** The value of a check that must be ready and fine. */
export function valueOf<T>(checked: Checked<T> | Promise<Checked<T>>): T {
  if (checked instanceof Promise) throw new Error('the check answered with a promise');
  if (!checked.ok) throw new Error(`not fine: ${JSON.stringify(checked.issues)}`);
  return checked.value;
}

/** The issues of a check that must be ready; none when it is fine. */
export function issuesOf(checked: Checked | Promise<Checked>): readonly InputIssue[] {
  if (checked instanceof Promise) throw new Error('the check answered with a promise');
  return checked.ok ? [] : checked.issues;
}

/** `path code` of each issue. */
export function found(checked: Checked | Promise<Checked>): readonly string[] {
  return issuesOf(checked).map(({ path, code }) => `${path} ${code}`);
}

/** What a function throws. */
export function thrownBy(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
