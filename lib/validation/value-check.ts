import type { InputIssue } from '../errors/framework-error';
import type { Class } from '../metadata/slot';
import { isValidatedClass } from './class-plan';
import { valueRuleOf } from './conversion';
import { issueAt, issuesInside } from './issues';
import { isPlainObject } from './plain-object';
import { compileSchema } from './schema';

/** What is wrong with a value that is given from one part of a program to another; a promise only where a validator answers with one. */
export type ValueCheck = (value: unknown) => readonly InputIssue[] | Promise<readonly InputIssue[]>;

const checks = new WeakMap<object, ValueCheck>();

/**
 * Prepares looking at values, which stay what they are.
 *
 * In: a class with class-validator decorators (objects that have what it says, of whatever class, and may have more), `String`,
 * `Number`, `Boolean`, `BigInt` or `Date`, a list of one of these (`[User]`), a standard schema (https://standardschema.dev).
 * Out: `undefined` for anything else. Fails with: VALIDATION_CLASS_EMPTY, VALIDATION_TYPE_ERASED.
 */
export function compileValueCheck(schema: unknown): ValueCheck | undefined {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null) return undefined;
  let check = checks.get(schema);
  if (check === undefined) {
    check = compile(schema);
    if (check !== undefined) checks.set(schema, check);
  }
  return check;
}

function compile(schema: object): ValueCheck | undefined {
  if (Array.isArray(schema)) return compileList(schema);
  if ('~standard' in schema) return compileStandard(schema['~standard']);
  if (isValidatedClass(schema)) return compileClass(schema);
  const rule = valueRuleOf(schema);
  if (rule === undefined) return undefined;
  const { code, expected, is } = rule;
  return (value) => (is(value) ? NONE : [issueAt('', `must be ${expected}`, code)]);
}

const NONE: readonly InputIssue[] = [];

function compileList(schema: readonly unknown[]): ValueCheck | undefined {
  const check = schema.length === 1 ? compileValueCheck(schema[0]) : undefined;
  if (check === undefined) return undefined;
  return (value) => {
    if (!Array.isArray(value)) return [issueAt('', 'must be an array', 'isArray')];
    const found = value.map((item: unknown, at) => inside(String(at), check(item)));
    const isLater = found.some((it) => it instanceof Promise);
    return isLater ? joined(found) : (found as (readonly InputIssue[])[]).flat();
  };
}

async function joined(found: readonly ReturnType<ValueCheck>[]): Promise<readonly InputIssue[]> {
  return (await Promise.all(found.map(async (it) => it))).flat();
}

function inside(path: string, found: ReturnType<ValueCheck>): ReturnType<ValueCheck> {
  return found instanceof Promise ? found.then((issues) => issuesInside(path, issues)) : issuesInside(path, found);
}

function compileClass(type: Class): ValueCheck {
  const schema = compileSchema(type);
  const issuesOf = (checked: { readonly ok: boolean; readonly issues?: readonly InputIssue[] }): readonly InputIssue[] =>
    // Whoever gives more than was agreed keeps to what was agreed.
    (checked.issues ?? NONE).filter(({ code }) => code !== 'whitelistValidation');
  return (value) => {
    const isForeign = typeof value === 'object' && value !== null && !(value instanceof type) && !isPlainObject(value);
    const checked = schema.check(isForeign && !Array.isArray(value) ? { ...value } : value);
    return checked instanceof Promise ? checked.then(issuesOf) : issuesOf(checked);
  };
}

/** What a standard schema answers: https://standardschema.dev */
interface StandardResult {
  readonly issues?: readonly { readonly message: string; readonly path?: readonly unknown[] }[];
}

function compileStandard(standard: unknown): ValueCheck | undefined {
  const { validate } = (standard ?? {}) as { validate?: (value: unknown) => StandardResult | Promise<StandardResult> };
  if (typeof validate !== 'function') return undefined;
  return (value) => {
    const result = validate(value);
    return result instanceof Promise ? result.then(standardIssues) : standardIssues(result);
  };
}

function standardIssues({ issues = [] }: StandardResult): InputIssue[] {
  return issues.map(({ message, path = [] }) => issueAt(path.map(keyOf).join('.'), message, 'standardSchema'));
}

function keyOf(part: unknown): string {
  return String(typeof part === 'object' && part !== null && 'key' in part ? part.key : part);
}
