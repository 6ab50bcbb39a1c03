import { isValidatedClass } from './class-plan';
import { valueRuleOf } from './conversion';
import { validationErrors } from './errors';
import { type Checked, inputInvalid, issueAt, issuesInside, refused } from './issues';
import { isNothing, valueByRule } from './parse-pipes';
import type { ArgumentMetadata, PipeInput, PipeOptions, PipeTransform } from './pipe';
import { compileSchema } from './schema';

/** What the items of a list are, and what stands between them in one text. */
export interface ParseArrayOptions extends PipeOptions {
  /** `String`, `Number`, `Boolean`, `BigInt`, `Date` or a class with class-validator decorators. Default: items stay as they come. */
  readonly items?: unknown;
  /** Default: a comma. */
  readonly separator?: string;
}

type ItemCheck = (item: unknown) => Checked | Promise<Checked>;

function compileItemCheck(items: unknown): ItemCheck {
  if (items === undefined) return (item) => ({ ok: true, value: item });
  if (isValidatedClass(items)) {
    const schema = compileSchema(items);
    return (item) => schema.check(item);
  }
  const rule = valueRuleOf(items);
  if (rule === undefined) {
    const name = typeof items === 'function' ? items.name : typeof items;
    throw validationErrors.VALIDATION_CLASS_EMPTY({ name, where: 'the items of a ParseArrayPipe' });
  }
  return (item) => {
    const value = valueByRule(rule, item);
    return value === undefined ? refused([issueAt('', `each item must be ${rule.expected}`, rule.code)]) : { ok: true, value };
  };
}

/**
 * A list, or text with a separator between the items (empty text is an empty list); anything else is a 400.
 *
 * Out: the list; a promise when the items are of a class with an asynchronous validator.
 * Fails with: VALIDATION_FAILED; when made, VALIDATION_CLASS_EMPTY and VALIDATION_TYPE_ERASED.
 */
export class ParseArrayPipe implements PipeTransform<unknown, unknown[] | undefined> {
  readonly #checkItem: ItemCheck;

  constructor(private readonly options: ParseArrayOptions = {}) {
    this.#checkItem = compileItemCheck(options.items);
  }

  transform(value: unknown, { name = '' }: ArgumentMetadata): unknown[] | undefined | Promise<unknown[]> {
    if (this.options.optional === true && isNothing(value)) return undefined;
    const items = this.#itemsOf(value);
    if (items === undefined) throw inputInvalid([issueAt(name, `${name || 'the value'} must be an array`, 'isArray')]);
    const checked = items.map((item) => this.#checkItem(item));
    return checked.some((one) => one instanceof Promise)
      ? Promise.all(checked.map((one) => Promise.resolve(one))).then((all) => join(all, name))
      : join(checked as readonly Checked[], name);
  }

  describeInput(): PipeInput {
    const { items, separator = ',', optional } = this.options;
    return { items: items ?? Object, separator, isOptional: optional === true };
  }

  #itemsOf(value: unknown): readonly unknown[] | undefined {
    if (Array.isArray(value)) return value as readonly unknown[];
    if (typeof value !== 'string') return undefined;
    return value === '' ? [] : value.split(this.options.separator ?? ',');
  }
}

function join(checked: readonly Checked[], name: string): unknown[] {
  const values: unknown[] = [];
  const issues = checked.flatMap((one, index) => {
    if (!one.ok) return issuesInside(String(index), one.issues);
    values.push(one.value);
    return [];
  });
  if (issues.length > 0) throw inputInvalid(issuesInside(name, issues));
  return values;
}
