import type { InputIssue } from '../errors/framework-error';
import type { Class } from '../metadata/slot';
import { type ClassPlan, type PropertyPlan, readClassPlan, type Shape } from './class-plan';
import type { PropertyRules } from './class-validator-door';
import { compileConverter, compileListConverter, type Converter, type RawText } from './conversion';
import { issuesInside, pathTo } from './issues';
import { isPlainObject } from './plain-object';

/** A record whose text has become values, as far as it could. */
export interface ConvertedRecord {
  readonly record: Readonly<Record<string, unknown>>;
  /** What could not be converted; it stays text in `record`. */
  readonly issues: readonly InputIssue[];
  /** The paths of the properties that could not be converted. */
  readonly failed: readonly string[];
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
  const conversion = new RecordConversion();
  const record = conversion.convert(plan, input, unknownNames, '');
  return { record, issues: conversion.issues, failed: conversion.failed };
}

class RecordConversion {
  readonly issues: InputIssue[] = [];
  readonly failed: string[] = [];

  convert(
    plan: ClassPlan,
    input: Readonly<Record<string, unknown>>,
    unknownNames: UnknownNames,
    path: string,
  ): Readonly<Record<string, unknown>> {
    const record = Object.create(null) as Record<string, unknown>;
    for (const [name, raw] of Object.entries(input)) {
      const property = plan.inputs.get(name);
      if (property === undefined && unknownNames === 'ignore') continue;
      record[name] = property === undefined ? raw : this.#convertProperty(property, raw, name, path);
    }
    return record;
  }

  #convertProperty(property: PropertyPlan, raw: unknown, name: string, path: string): unknown {
    const { shape, declaredType } = property;
    if (isRawText(raw)) {
      const converted = converterOf(property)(raw, name);
      if (converted.ok) return converted.value;
      this.issues.push(...issuesInside(path, converted.issues));
      this.failed.push(pathTo(path, name));
      return raw;
    }
    // A form says `address[city]`; what is nested so is text, too.
    if (shape.kind === 'nested' && property.transforms.length === 0) return this.#convertNested(shape, raw, pathTo(path, name));
    // One that came where several may (a file) is a list of one.
    return declaredType === Array && isInstance(raw) ? [raw] : raw;
  }

  #convertNested(shape: Shape & { kind: 'nested' }, raw: unknown, path: string): unknown {
    if (Array.isArray(raw)) return raw.map((item: unknown, index) => this.#convertNested(shape, item, pathTo(path, index)));
    if (!isPlainObject(raw) || shape.holder === 'map') return raw;
    const { choice } = shape;
    if (choice.by === 'declaration') return this.convert(choice.plan, raw, 'refuse', path);
    const name = Object.hasOwn(raw, choice.property) ? raw[choice.property] : undefined;
    const plan = typeof name === 'string' ? choice.plans.get(name) : undefined;
    return plan === undefined ? raw : this.convert(plan, raw, 'refuse', path);
  }
}

function isInstance(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isPlainObject(value);
}

/**
 * Converts a record of text (a query, a form) by the declared types of a class's properties: numbers, booleans, dates,
 * and lists where one value came, nested ones included. A property with a `@Transform` gets its text as it is.
 *
 * In: the record; it may be without a prototype. Keys that the class does not have are left as they are.
 * Fails with: VALIDATION_CLASS_EMPTY, VALIDATION_TYPE_ERASED.
 */
export function convertRecord(type: Class, input: Readonly<Record<string, unknown>>): ConvertedRecord {
  return convertByPlan(readClassPlan(type), input, 'refuse');
}
