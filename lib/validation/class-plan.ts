import { type Class, type ConcreteClass, readPropertyType } from '../metadata/slot';
import {
  hasRules,
  type PropertyConversion,
  type PropertyRules,
  readConversion,
  readRules,
  type Transform,
} from './class-validator-door';
import { validationErrors } from './errors';

/** What stands around the values of a property. `any`: one or a list, the declaration does not say. */
export type Holder = 'one' | 'list' | 'set' | 'map' | 'any';

/** Which class an object becomes. */
export type Choice =
  | { readonly by: 'declaration'; readonly plan: ClassPlan }
  | {
      readonly by: 'property';
      readonly property: string;
      readonly keepProperty: boolean;
      readonly plans: ReadonlyMap<string, ClassPlan>;
    };

/** How the raw value of a property becomes its value: as it came, converted by `@Type`, or as an instance of a checked class. */
export type Shape =
  | { readonly kind: 'free' }
  | { readonly kind: 'converted'; readonly holder: Holder; readonly type: unknown }
  | { readonly kind: 'nested'; readonly holder: Holder; readonly choice: Choice; readonly message: unknown };

export interface PropertyPlan {
  /** On the class. */
  readonly name: string;
  /** In the input, and in the paths of issues. */
  readonly inputName: string;
  /** What TypeScript emitted: `Object` for whatever it erases. */
  readonly declaredType: unknown;
  readonly rules: PropertyRules;
  readonly shape: Shape;
  readonly transforms: readonly Transform[];
  /** Whether the transforms run without a value in the input, too. */
  readonly transformsMissing: boolean;
  /** An initialiser stands in for null as it does for nothing: the declared type has no room for null. */
  readonly nullIsMissing: boolean;
}

/** All that is known of a class, read once. */
export interface ClassPlan {
  readonly type: ConcreteClass;
  /** The checked properties, in their order. */
  readonly properties: readonly PropertyPlan[];
  /** The properties that an input may have, by the name they have there. */
  readonly inputs: ReadonlyMap<string, PropertyPlan>;
}

interface OpenPlan extends ClassPlan {
  readonly properties: PropertyPlan[];
  readonly inputs: Map<string, PropertyPlan>;
}

const finished = new WeakMap<Class, ClassPlan>();

/** Whether `type` is one of the language's own classes, or of Node's. */
function isBuiltIn(type: { readonly name: string }): boolean {
  return (globalThis as Record<string, unknown>)[type.name] === type;
}

/**
 * Whether a declared type is a class with class-validator decorators, so that input can be checked against it.
 *
 * class-validator is not loaded by this unless one of its decorators has run.
 */
export function isValidatedClass(type: unknown): type is Class {
  if (typeof type !== 'function' || typeof type.prototype !== 'object' || isBuiltIn(type)) return false;
  return hasRules(type as unknown as Class);
}

/** Whether the input can give the property: not what has a getter alone, or is a method. */
function isSettable(type: Class, name: string): boolean {
  for (let at: unknown = type.prototype; typeof at === 'object' && at !== null; at = Object.getPrototypeOf(at)) {
    const descriptor = Object.getOwnPropertyDescriptor(at, name);
    if (descriptor !== undefined) return descriptor.set !== undefined;
  }
  return true;
}

/** Reads classes into plans. Plans become common property only when all they lead to could be read. */
class PlanReader {
  readonly #open = new Map<Class, OpenPlan>();

  read(type: Class, where: string): ClassPlan {
    const known = finished.get(type) ?? this.#open.get(type);
    if (known !== undefined) return known;
    if (!isValidatedClass(type)) throw validationErrors.VALIDATION_CLASS_EMPTY({ name: nameOf(type), where });
    const plan: OpenPlan = { type: type as ConcreteClass, properties: [], inputs: new Map() };
    this.#open.set(type, plan);
    for (const rules of readRules(type)) this.#addProperty(plan, rules);
    return plan;
  }

  finish(): void {
    for (const [type, plan] of this.#open) finished.set(type, plan);
  }

  #addProperty(plan: OpenPlan, rules: PropertyRules): void {
    // Setting it would change what an instance is.
    if (rules.name === '__proto__') return;
    const { type } = plan;
    const declaredType = readPropertyType(type.prototype as object, rules.name);
    const conversion = readConversion(type, rules.name);
    const property: PropertyPlan = {
      name: rules.name,
      inputName: conversion.inputName ?? rules.name,
      declaredType,
      rules,
      shape: this.#readShape(type, declaredType, rules, conversion),
      transforms: conversion.transforms,
      transformsMissing: conversion.exposed && conversion.transforms.length > 0,
      nullIsMissing: rules.isOptional && declaredType !== Object && declaredType !== undefined,
    };
    plan.properties.push(property);
    if (conversion.inputName !== undefined && isSettable(type, rules.name)) plan.inputs.set(conversion.inputName, property);
  }

  #readShape(type: Class, declaredType: unknown, rules: PropertyRules, conversion: PropertyConversion): Shape {
    const where = `${type.name}.${rules.name}`;
    const held = conversion.hasType ? conversion.type : declaredType;
    if (conversion.hasType && held === undefined) throw validationErrors.VALIDATION_TYPE_ERASED({ where, found: 'undefined' });
    const holder = holderOf(declaredType, rules.nested?.each === true);
    const { discriminator } = conversion;
    if (rules.nested === undefined && (rules.allowed || !(discriminator || isValidatedClass(held)))) {
      return conversion.hasType && held !== Object ? { kind: 'converted', holder, type: held } : { kind: 'free' };
    }
    if (discriminator !== undefined) {
      const plans = new Map(discriminator.subTypes.map(({ name, value }) => [name, this.read(value as Class, where)]));
      const choice: Choice = {
        by: 'property',
        property: discriminator.property,
        keepProperty: discriminator.keepProperty,
        plans,
      };
      return { kind: 'nested', holder, choice, message: rules.nested?.message };
    }
    if (typeof held !== 'function' || isBuiltIn(held)) {
      throw validationErrors.VALIDATION_TYPE_ERASED({ where, found: nameOf(held) });
    }
    const choice: Choice = { by: 'declaration', plan: this.read(held as unknown as Class, where) };
    return { kind: 'nested', holder, choice, message: rules.nested?.message };
  }
}

function nameOf(type: unknown): string {
  return typeof type === 'function' ? type.name : String(type);
}

function holderOf(declaredType: unknown, each: boolean): Holder {
  if (declaredType === Array) return 'list';
  if (declaredType === Set) return 'set';
  if (declaredType === Map) return 'map';
  if (each) return 'list';
  return declaredType === Object || declaredType === undefined ? 'any' : 'one';
}

/**
 * Reads a class, and the classes nested in it, from what the decorators wrote.
 *
 * Fails with: VALIDATION_CLASS_EMPTY, VALIDATION_TYPE_ERASED.
 */
export function readClassPlan(type: Class): ClassPlan {
  const known = finished.get(type);
  if (known !== undefined) return known;
  const reader = new PlanReader();
  const plan = reader.read(type, 'as the type of an input');
  reader.finish();
  return plan;
}
