import type { InputIssue } from '../errors/framework-error';
import type { Class } from '../metadata/slot';
import { type ClassPlan, readClassPlan } from './class-plan';
import { tooDeepIssue } from './free-value';
import { instantiate } from './instantiate';
import { type Checked, issueAt, refused } from './issues';
import { isPlainObject } from './plain-object';
import { compileQuickMaker, type QuickMaker } from './quick-maker';
import { convertByPlan, type ConvertedRecord, type UnknownNames } from './record';
import { validate } from './validate';

export interface SchemaOptions {
  /** How many levels of objects and lists an input may have. Default: 100. */
  readonly maxDepth?: number;
}

/** What input of one class must look like. */
export interface Schema<T = unknown> {
  readonly type: Class<T>;
  /**
   * Turns unknown input into an instance of `type`, or says what is wrong with it.
   *
   * Out: a promise only when a validator answered with one.
   * Fails with: whatever a validator, a transform or the class's constructor throws (or rejects with).
   */
  check(input: unknown): Checked<T> | Promise<Checked<T>>;
  /**
   * `check` for input that is all text (a query, a form): text is first converted to the declared types.
   *
   * In: `unknownNames`, `'ignore'` for what a client does not choose alone, like headers. Default: `'refuse'`.
   */
  checkRecord(input: unknown, unknownNames?: UnknownNames): Checked<T> | Promise<Checked<T>>;
}

const DEFAULT_MAX_DEPTH = 100;

function kindOf(input: unknown): string {
  if (input === undefined) return 'nothing';
  if (input === null) return 'null';
  return Array.isArray(input) ? 'an array' : `a ${typeof input}`;
}

class PlannedSchema<T> implements Schema<T> {
  readonly #plan: ClassPlan;
  readonly #maxDepth: number;
  readonly #quick: QuickMaker | undefined;

  constructor(
    readonly type: Class<T>,
    { maxDepth = DEFAULT_MAX_DEPTH }: SchemaOptions,
  ) {
    this.#plan = readClassPlan(type);
    this.#maxDepth = maxDepth;
    this.#quick = compileQuickMaker(this.#plan);
  }

  check(input: unknown): Checked<T> | Promise<Checked<T>> {
    // An instance is what the application itself made: only its values are asked about.
    if (input instanceof this.type) return this.#validate(input as object, []);
    const made = this.#quick?.(input, this.#maxDepth);
    if (made !== undefined) return { ok: true, value: made as T };
    if (!isPlainObject(input)) return refused([issueAt('', `an object is expected, got ${kindOf(input)}`, 'isObject')]);
    const tooDeep = tooDeepIssue(input, this.#maxDepth);
    if (tooDeep !== undefined) return refused([tooDeep]);
    const issues: InputIssue[] = [];
    return this.#validate(instantiate(this.#plan, input, issues), issues);
  }

  checkRecord(input: unknown, unknownNames: UnknownNames = 'refuse'): Checked<T> | Promise<Checked<T>> {
    if (!isPlainObject(input)) return this.check(input);
    const converted = convertByPlan(this.#plan, input, unknownNames);
    const checked = this.check(converted.record);
    if (converted.issues.length === 0) return checked;
    return checked instanceof Promise ? checked.then((later) => withIssues(converted, later)) : withIssues(converted, checked);
  }

  #validate(object: object, others: readonly InputIssue[]): Checked<T> | Promise<Checked<T>> {
    const found = validate(this.#plan, object, this.#maxDepth);
    const conclude = (issues: readonly InputIssue[]): Checked<T> =>
      issues.length + others.length === 0 ? { ok: true, value: object as T } : refused([...issues, ...others]);
    return found instanceof Promise ? found.then(conclude) : conclude(found);
  }
}

/** What could not be converted is not also told that it is no number. */
function withIssues(
  { issues, failed }: ConvertedRecord,
  checked: Checked,
): { readonly ok: false; readonly issues: readonly InputIssue[] } {
  if (checked.ok) return refused(issues);
  const isTold = (path: string): boolean => failed.some((told) => path === told || path.startsWith(`${told}.`));
  return refused([...issues, ...checked.issues.filter(({ path }) => !isTold(path))]);
}

/**
 * Prepares the check of input against a class with class-validator decorators. Unknown properties are always refused.
 *
 * A nested class is found by `@Type`, or by the declared type of the property; what is declared as such a class is checked
 * with or without `@ValidateNested` (but not with `@Allow`). Initialisers are the defaults.
 * Fails with: VALIDATION_CLASS_EMPTY, VALIDATION_TYPE_ERASED.
 */
export function compileSchema<T>(type: Class<T>, options: SchemaOptions = {}): Schema<T> {
  return new PlannedSchema(type, options);
}
