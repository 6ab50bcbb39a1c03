import type * as ClassTransformer from 'class-transformer';
import type { TransformationType } from 'class-transformer';
import type { MetadataStorage as TransformStorage } from 'class-transformer/types/MetadataStorage';
import type * as ClassValidator from 'class-validator';
import type { MetadataStorage as RuleStorage } from 'class-validator';
import type { Class } from '../metadata/slot';

// The one file that knows class-validator and class-transformer: it reads what their decorators wrote. Neither library's
// run time is used (but for classes without validators): at 11 µs a call and with nested null, arrays and forgotten
// promises passing as valid, the checks are made by `validate.ts` from what is read here.

/** What class-validator hands to a validator and to a message. */
export interface ConstraintArguments {
  readonly targetName: string;
  readonly property: string;
  readonly object: object;
  readonly value: unknown;
  readonly constraints: readonly unknown[];
}

/** One thing a property must be. */
export interface Constraint {
  /** Its name in class-validator: `isString`, `maxLength`. */
  readonly code: string;
  /** Whether it is about each value of a list. */
  readonly each: boolean;
  /** Whether it was registered as one that answers later: `validateSync` does not ask it. */
  readonly isAsync: boolean;
  readonly parameters: readonly unknown[];
  /** Asked first, where the decorator has a `validateIf`. */
  readonly appliesTo: ((object: object, value: unknown) => boolean) | undefined;
  /** Something true when the value is fine, or a promise of it. */
  readonly validate: (value: unknown, args: ConstraintArguments) => unknown;
  /** A text with slots (`$property`), or a function that makes it of the arguments. */
  readonly message: (args: ConstraintArguments) => unknown;
  /** The same, where the decorator was given no message. */
  readonly ownMessage: (args: ConstraintArguments) => unknown;
}

/** Everything class-validator knows of one property. */
export interface PropertyRules {
  readonly name: string;
  /** All must hold, or the property is not looked at (`@IsOptional`, `@ValidateIf`). */
  readonly conditions: readonly ((object: object, value: unknown) => boolean)[];
  readonly isOptional: boolean;
  /** In the order they are written above the property. */
  readonly constraints: readonly Constraint[];
  readonly nested: { readonly each: boolean; readonly message: unknown } | undefined;
  /** `@Allow`: anything may come. */
  readonly allowed: boolean;
}

/** What `@Transform` runs. */
export type Transform = (value: unknown, key: string, source: object) => unknown;

/** Which class an object becomes, by one of its properties. */
export interface Discriminator {
  readonly property: string;
  readonly keepProperty: boolean;
  readonly subTypes: readonly { readonly name: string; readonly value: unknown }[];
}

/** Everything class-transformer knows of one property. */
export interface PropertyConversion {
  /** The property's name in the input (`@Expose({ name })`); undefined when it does not come from the input (`@Exclude`). */
  readonly inputName: string | undefined;
  /** Exposed properties are transformed even when the input has none. */
  readonly exposed: boolean;
  readonly hasType: boolean;
  /** What `@Type(() => …)` names. */
  readonly type: unknown;
  readonly discriminator: Discriminator | undefined;
  readonly transforms: readonly Transform[];
}

// The member of an enum that exists only at run time, in a library that is not to be loaded for it.
const PLAIN_TO_CLASS = 0 as TransformationType.PLAIN_TO_CLASS;

/**
 * class-validator's storage, or undefined when nobody has used a decorator of it: then it is not loaded either
 * (170 to 490 ms). Its copies share one storage, so a decorator of another copy is found as well.
 */
function ruleStorage(): RuleStorage | undefined {
  if (!('classValidatorMetadataStorage' in globalThis)) return undefined;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  return (require('class-validator') as typeof ClassValidator).getMetadataStorage();
}

function transformStorage(): TransformStorage {
  // Only the storage: the package's index would load all the rest.
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  return (require('class-transformer/cjs/storage') as { defaultMetadataStorage: TransformStorage }).defaultMetadataStorage;
}

type RuleMetadata = ReturnType<RuleStorage['getTargetValidationMetadatas']>[number];

function rulesOf(storage: RuleStorage, type: Class): readonly RuleMetadata[] {
  return storage.getTargetValidationMetadatas(type, '', false, false);
}

/** Whether class-validator knows anything about `type` or a class it extends. */
export function hasRules(type: Class): boolean {
  const storage = ruleStorage();
  return storage !== undefined && rulesOf(storage, type).length > 0;
}

/** class-validator's own throws for an object without `hasOwnProperty`, or with one of its own: a client could send it. */
function isNotEmptyObject(value: unknown, args: ConstraintArguments): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const nullable = (args.constraints[0] as { nullable?: boolean } | undefined)?.nullable !== false;
  return Object.values(value).some((one) => nullable || (one !== null && one !== undefined));
}

function readConstraints(storage: RuleStorage, rule: RuleMetadata): readonly Constraint[] {
  return storage.getTargetValidatorConstraints(rule.constraintCls).map((constraint) => {
    const ownMessage = (args: ConstraintArguments): unknown =>
      constraint.instance.defaultMessage?.(args as ClassValidator.ValidationArguments);
    return {
      code: constraint.name || rule.type,
      each: rule.each,
      isAsync: constraint.async,
      parameters: (rule.constraints as readonly unknown[] | undefined) ?? [],
      appliesTo: rule.validateIf,
      validate:
        constraint.name === 'isNotEmptyObject'
          ? isNotEmptyObject
          : (value, args) => constraint.instance.validate(value, args as ClassValidator.ValidationArguments),
      message: (args) => rule.message || ownMessage(args),
      ownMessage,
    };
  });
}

/** Whether class-validator has a constraint of that name: all of its own answer at once, and to the value alone. */
export function isNamedByLibrary(code: string): boolean {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  ownNames ??= new Set(Object.values(require('class-validator') as object).filter((one) => typeof one === 'string'));
  return ownNames.has(code);
}

let ownNames: ReadonlySet<unknown> | undefined;

function readNested(rule: RuleMetadata): PropertyRules['nested'] {
  const message = rule.message as unknown;
  const itsOwn = typeof message === 'string' && message.endsWith('nested property $property must be either object or array');
  return { each: rule.each, message: itsOwn ? undefined : message };
}

function readPropertyRules(storage: RuleStorage, name: string, rules: readonly RuleMetadata[]): PropertyRules {
  const conditional = rules.filter((rule) => rule.type === 'conditionalValidation');
  const nested = rules.find((rule) => rule.type === 'nestedValidation');
  // Decorators run from the bottom up: reversed, they stand as they are read.
  const checks = rules.filter((rule) => rule.type === 'customValidation' || rule.type === 'isDefined').reverse();
  return {
    name,
    conditions: conditional.map((rule) => rule.constraints[0] as (object: object, value: unknown) => boolean),
    isOptional: conditional.some((rule) => rule.name === 'isOptional'),
    constraints: checks.flatMap((rule) => readConstraints(storage, rule)),
    nested: nested === undefined ? undefined : readNested(nested),
    allowed: rules.some((rule) => rule.type === 'whitelistValidation'),
  };
}

/** Reads what class-validator's decorators wrote about the properties of `type`, in the order of the properties. */
export function readRules(type: Class): readonly PropertyRules[] {
  const storage = ruleStorage();
  return storage === undefined ? [] : readProperties(storage, rulesOf(storage, type));
}

function readProperties(storage: RuleStorage, all: readonly RuleMetadata[]): readonly PropertyRules[] {
  const byName = new Map<string, RuleMetadata[]>();
  for (const rule of all) {
    // class-validator does not look at these either.
    if (typeof rule.propertyName === 'symbol') continue;
    const known = byName.get(rule.propertyName);
    if (known === undefined) byName.set(rule.propertyName, [rule]);
    else known.push(rule);
  }
  return [...byName].map(([name, rules]) => readPropertyRules(storage, name, rules));
}

/** Which of the rules are asked, as class-validator's options of the same names say. */
export interface RuleChoice {
  readonly groups: readonly string[] | undefined;
  readonly always: boolean;
  readonly strictGroups: boolean;
}

/** The rules of a class as they were read, and whether they still are what the decorators say. */
export interface ChosenRules {
  readonly properties: readonly PropertyRules[];
  isCurrent(): boolean;
}

/** Reads the rules that are asked; `undefined` where there are none, or some that only class-validator itself understands. */
export function readChosenRules(type: Class, { groups, always, strictGroups }: RuleChoice): ChosenRules | undefined {
  const storage = ruleStorage();
  if (storage === undefined) return undefined;
  const rules = storage.getTargetValidationMetadatas(
    type,
    '',
    always,
    strictGroups,
    groups === undefined ? undefined : [...groups],
  );
  if (rules.length === 0 || rules.some((rule) => rule.type === 'promiseValidation')) return undefined;
  const known = (storage as unknown as { readonly validationMetadatas: ReadonlyMap<unknown, readonly unknown[]> })
    .validationMetadatas;
  const classes = classesAbove(type);
  const count = (): number => countRules(known, classes);
  const before = count();
  return { properties: readProperties(storage, rules), isCurrent: () => count() === before };
}

/** A class and those it extends. Their prototypes tell, as class-validator asks them: `util.inherits` links nothing else. */
function classesAbove(type: Class): readonly unknown[] {
  const classes: unknown[] = [];
  for (let at: unknown = type.prototype; at !== null; at = Object.getPrototypeOf(at)) {
    classes.push((at as { readonly constructor: unknown }).constructor);
  }
  return classes;
}

/** How many rules classes have, all groups together: decorators may run later, too. */
function countRules(known: ReadonlyMap<unknown, readonly unknown[]>, classes: readonly unknown[]): number {
  let count = 0;
  for (const type of classes) count += known.get(type)?.length ?? 0;
  return count;
}

/** class-validator itself. */
export function classValidator(): typeof ClassValidator {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  return require('class-validator') as typeof ClassValidator;
}

interface Direction {
  readonly toClassOnly?: boolean;
  readonly toPlainOnly?: boolean;
  readonly groups?: readonly string[];
}

function isForInput(options: Direction | undefined): boolean {
  return options?.toPlainOnly !== true || options.toClassOnly === true;
}

function readInputName(
  storage: TransformStorage,
  type: Class,
  name: string,
): { inputName: string | undefined; exposed: boolean } {
  const expose = storage.getExposedMetadatas(type).findLast((metadata) => metadata.propertyName === name);
  const exposed = expose !== undefined && isForInput(expose.options);
  const excluded = storage.getExcludedProperties(type, PLAIN_TO_CLASS).includes(name);
  const hidden = excluded || (storage.getStrategy(type) === 'excludeAll' && !exposed) || Boolean(expose?.options?.groups?.length);
  return { inputName: hidden ? undefined : ((exposed ? expose.options?.name : undefined) ?? name), exposed: exposed && !hidden };
}

function readTransforms(storage: TransformStorage, type: Class, name: string): readonly Transform[] {
  return storage
    .findTransformMetadatas(type, name, PLAIN_TO_CLASS)
    .filter((metadata) => !metadata.options?.groups?.length)
    .map(
      ({ transformFn }): Transform =>
        (value, key, obj) =>
          transformFn({ value, key, obj, type: PLAIN_TO_CLASS, options: {} }) as unknown,
    );
}

/** A function that wants to see the object cannot be asked before there is one: its type stays unknown. */
function readType(typed: ReturnType<TransformStorage['findTypeMetadata']>): unknown {
  const typeFunction = typed.typeFunction as (() => unknown) | undefined;
  if (typeFunction === undefined) return typed.reflectedType;
  return typeFunction.length > 0 ? undefined : typeFunction();
}

/** Reads what class-transformer's decorators wrote about one property of `type`. */
export function readConversion(type: Class, name: string): PropertyConversion {
  const storage = transformStorage();
  const typed = storage.findTypeMetadata(type, name) as ReturnType<TransformStorage['findTypeMetadata']> | undefined;
  const discriminator = typed?.options.discriminator;
  return {
    ...readInputName(storage, type, name),
    hasType: typed !== undefined,
    type: typed === undefined ? undefined : readType(typed),
    discriminator: discriminator && {
      property: discriminator.property,
      subTypes: discriminator.subTypes,
      keepProperty: typed?.options.keepDiscriminatorProperty === true,
    },
    transforms: readTransforms(storage, type, name),
  };
}

/** Makes an instance of a class that has no validators, as class-transformer does it. */
export function toUncheckedInstance(type: Class, plain: object): unknown {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  const { plainToInstance } = require('class-transformer') as typeof ClassTransformer;
  return plainToInstance(type as new () => unknown, plain);
}
