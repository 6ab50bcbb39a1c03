import type { InputIssue } from '../errors/framework-error';
import type { Class } from '../metadata/slot';
import { type ClassPlan, type PropertyPlan, readClassPlan } from './class-plan';
import type { PropertyRules } from './class-validator-door';
import { compileConverter, compileListConverter, type Converter, type RawText } from './conversion';

/** A record whose text has become values, as far as it could. */
export interface ConvertedRecord {
  readonly record: Readonly<Record<string, unknown>>;
  /** What could not be converted; it stays text in `record`. */
  readonly issues: readonly InputIssue[];
}

const converters = new WeakMap<PropertyPlan, Converter>();

function converterOf(property: PropertyPlan): Converter {
  let converter = converters.get(property);
  if (converter === undefined) {
    converter = compilePropertyConverter(property);
    converters.set(property, converter);
  }
  return converter;
}

const keepText: Converter = (raw) => ({ ok: true, value: raw });

const TYPE_OF_CONSTRAINT: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['isInt', Number],
  ['isNumber', Number],
  ['isBoolean', Boolean],
  ['isDate', Date],
  ['isArray', Array],
]);

/** What a validator asks for says the type where TypeScript does not (`page = 1` is emitted as Object, like any union). */
function typeAskedFor({ constraints }: PropertyRules, ofEach: boolean): unknown {
  return constraints
    .map(({ code, each }) => (each === ofEach ? TYPE_OF_CONSTRAINT.get(code) : undefined))
    .find((type) => type !== undefined);
}

function compilePropertyConverter({ declaredType, shape, transforms, rules }: PropertyPlan): Converter {
  // A transform is written for the text that comes; what is nested cannot come as text.
  if (transforms.length > 0 || shape.kind === 'nested') return keepText;
  const named = shape.kind === 'converted' ? shape.type : undefined;
  const isErased = declaredType === Object || declaredType === undefined;
  const type = isErased ? (typeAskedFor(rules, false) ?? named) : declaredType;
  return type === Array || type === Set ? compileListConverter(named ?? typeAskedFor(rules, true)) : compileConverter(type);
}

function isRawText(value: unknown): value is RawText {
  return typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
}

/** What becomes of names that the class does not have. */
export type UnknownNames = 'refuse' | 'ignore';

/** Converts what the plan knows; the rest is left for the check to refuse, or left out. */
export function convertByPlan(
  plan: ClassPlan,
  input: Readonly<Record<string, unknown>>,
  unknownNames: UnknownNames,
): ConvertedRecord {
  const record = Object.create(null) as Record<string, unknown>;
  const issues: InputIssue[] = [];
  for (const [name, raw] of Object.entries(input)) {
    const property = plan.inputs.get(name);
    if (property === undefined && unknownNames === 'ignore') continue;
    record[name] = raw;
    if (property === undefined || !isRawText(raw)) continue;
    const converted = converterOf(property)(raw, name);
    if (converted.ok) record[name] = converted.value;
    else issues.push(...converted.issues);
  }
  return { record, issues };
}

/**
 * Converts a record of text (a query, a form) by the declared types of a class's properties: numbers, booleans, dates,
 * and lists where one value came. A property with a `@Transform` gets its text as it is.
 *
 * In: the record; it may be without a prototype. Keys that the class does not have are left as they are.
 * Fails with: VALIDATION_CLASS_EMPTY, VALIDATION_TYPE_ERASED.
 */
export function convertRecord(type: Class, input: Readonly<Record<string, unknown>>): ConvertedRecord {
  return convertByPlan(readClassPlan(type), input, 'refuse');
}
