import { UploadedFile } from '../http/uploaded-file';
import { type Class, readPropertyType } from '../metadata/slot';
import {
  type Choice,
  type ClassPlan,
  isValidatedClass,
  type PropertyPlan,
  readClassPlan,
  type Shape,
} from '../validation/class-plan';
import type { Constraint } from '../validation/class-validator-door';
import { type ApiPropertyOptions, isHidden, readApiProperty, readApiPropertyNames } from './api-property';
import { constraintSchema, enumValues, FILE, isOfList } from './constraint-schema';
import { allOf, isJson, type JsonSchema, oneOfValues, orNull } from './json-schema';
import { makeSamples, presenceOf, runTransforms } from './value-presence';

/** Whether a schema describes what comes in (and is checked) or what goes out. */
export type Direction = 'input' | 'output';

/** The property by which input chooses among several classes, and its value for this one. */
export interface Discriminating {
  readonly property: string;
  readonly value: string;
}

/** Where classes become named schemas. */
export interface ClassReferences {
  refTo(type: Class, direction: Direction, discriminating?: Discriminating): JsonSchema;
}

/** Whether anything is known of a class that a schema could say. */
export function isDescribed(type: unknown): type is Class {
  if (isValidatedClass(type)) return true;
  return (
    typeof type === 'function' && typeof type.prototype === 'object' && readApiPropertyNames(type as unknown as Class).length > 0
  );
}

const PLAIN: ReadonlyMap<unknown, JsonSchema> = new Map<unknown, JsonSchema>([
  [String, { type: 'string' }],
  [Number, { type: 'number' }],
  [Boolean, { type: 'boolean' }],
  [BigInt, { type: 'integer' }],
  [Date, { type: 'string', format: 'date-time' }],
  [UploadedFile, FILE],
  [Array, { type: 'array', items: {} }],
  [Set, { type: 'array', items: {} }],
  [Map, { type: 'object' }],
]);

/** Describes whatever a type may be named by: a class, a list of one, a function that names it, the name of a JSON type. */
export function typeSchema(type: unknown, direction: Direction, references: ClassReferences): JsonSchema {
  const plain = PLAIN.get(type);
  if (plain !== undefined) return plain;
  if (typeof type === 'string') return { type };
  if (Array.isArray(type)) return { type: 'array', items: typeSchema(type[0], direction, references) };
  if (isDescribed(type)) return references.refTo(type, direction);
  if (typeof type === 'function' && type.prototype === undefined) {
    return typeSchema((type as () => unknown)(), direction, references);
  }
  return typeof type === 'object' && type !== null ? (type as JsonSchema) : {};
}

/** One described property of a class. */
export interface PropertySchema {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
}

/** The properties of a class, one by one: what validators and `@ApiProperty` say together. */
export function propertiesOf(type: Class, direction: Direction, references: ClassReferences): PropertySchema[] {
  const plan = isValidatedClass(type) ? readClassPlan(type) : undefined;
  const checked = plan === undefined ? [] : checkedProperties(plan, direction, references);
  const known = new Set(plan?.properties.map(({ name }) => name));
  const told = readApiPropertyNames(type)
    // What no validator knows of, input may not have.
    .filter(
      (name) => !known.has(name) && !isHidden(type.prototype as object, name) && (plan === undefined || direction === 'output'),
    )
    .map((name) => {
      const declared = typeSchema(readPropertyType(type.prototype as object, name), direction, references);
      return withOptions({ name, schema: declared, isRequired: true }, readApiProperty(type, name), direction, references);
    });
  return [...checked, ...told];
}

function checkedProperties(plan: ClassPlan, direction: Direction, references: ClassReferences): PropertySchema[] {
  const samples = makeSamples(plan);
  const named: readonly (readonly [string, PropertyPlan])[] =
    direction === 'input' ? [...plan.inputs] : plan.properties.map((property) => [property.name, property] as const);
  return named
    .filter(([, { name }]) => !isHidden(plan.type.prototype as object, name))
    .map(([name, property]) => {
      const { isRequired, isNullable, defaultValue } = presenceOf(property, samples);
      const value = valueSchema(property, direction, references);
      const schema = isNullable ? orNull(value) : value;
      const isInput = direction === 'input';
      const described: PropertySchema = {
        name,
        schema: isInput && defaultValue !== undefined ? { ...schema, default: defaultValue } : schema,
        // What has an initialiser goes out with it.
        isRequired: isRequired || (!isInput && !isNullable && samples[0]?.[property.name] !== undefined),
      };
      return withOptions(described, readApiProperty(plan.type, property.name), direction, references);
    });
}

/** The schema of an object of the class. */
export function classSchema(
  type: Class,
  direction: Direction,
  references: ClassReferences,
  discriminating?: Discriminating,
): JsonSchema {
  const all = propertiesOf(type, direction, references).filter(({ name }) => name !== discriminating?.property);
  const chosen = discriminating && { [discriminating.property]: { type: 'string', const: discriminating.value } };
  const required = [
    ...(discriminating ? [discriminating.property] : []),
    ...all.filter((it) => it.isRequired).map((it) => it.name),
  ];
  return {
    type: 'object',
    properties: { ...chosen, ...Object.fromEntries(all.map(({ name, schema }) => [name, schema])) },
    ...(required.length === 0 ? {} : { required }),
    ...(direction === 'input' && isValidatedClass(type) ? { additionalProperties: false } : {}),
  };
}

/** What `@ApiProperty` says has the last word. */
function withOptions(
  property: PropertySchema,
  options: ApiPropertyOptions | undefined,
  direction: Direction,
  references: ClassReferences,
): PropertySchema {
  if (options === undefined) return property;
  const { type, isArray, enum: values, required, nullable, ...keywords } = options;
  const named = type === undefined ? property.schema : typeSchema(type, direction, references);
  const one = values === undefined ? named : oneOfValues(enumValues(values).filter(isJson));
  const isList = isArray ?? (values !== undefined && property.schema.type === 'array');
  const whole = isList && (one.type !== 'array' || values !== undefined) ? { type: 'array', items: one } : one;
  const schema = { ...(nullable === true ? orNull(whole) : whole), ...keywords };
  return { name: property.name, schema, isRequired: required ?? property.isRequired };
}

function valueSchema(property: PropertyPlan, direction: Direction, references: ClassReferences): JsonSchema {
  const { shape, transforms, name } = property;
  const schema =
    shape.kind === 'nested' ? nestedSchema(shape, property, direction, references) : freeSchema(property, direction, references);
  if (transforms.length === 0 || direction === 'output' || staysOfItsKind(schema, property)) return schema;
  return { description: `${name} is converted before it is checked.` };
}

/** Whether transforms leave a value of that schema what it is (a trimmed text is one): only then does the schema describe the input. */
function staysOfItsKind(schema: JsonSchema, { transforms, name }: PropertyPlan): boolean {
  const sample = sampleOf(schema);
  const made = runTransforms(transforms, sample, name);
  return typeof made === typeof sample && Array.isArray(made) === Array.isArray(sample) && made !== null;
}

const SAMPLES: Readonly<Record<string, unknown>> = { string: 'text', integer: 1, number: 1.5, boolean: true, array: [] };

function sampleOf({ type, enum: values }: JsonSchema): unknown {
  if (Array.isArray(values)) return values[0] as unknown;
  return SAMPLES[String([type].flat()[0])] ?? {};
}

function nestedSchema(
  shape: Shape & { readonly kind: 'nested' },
  { rules }: PropertyPlan,
  direction: Direction,
  references: ClassReferences,
): JsonSchema {
  const one = choiceSchema(shape.choice, direction, references);
  const around = rules.constraints.filter(({ each }) => !each).map(constraintSchema);
  const isList = shape.holder === 'list' || shape.holder === 'set' || rules.constraints.some(isOfList);
  if (isList) return allOf([{ type: 'array', items: one }, ...around]);
  if (shape.holder === 'map') return allOf([{ type: 'object', additionalProperties: one }, ...around]);
  // Whatever else is asked of an object that a class describes says nothing new.
  return one;
}

function choiceSchema(choice: Choice, direction: Direction, references: ClassReferences): JsonSchema {
  if (choice.by === 'declaration') return references.refTo(choice.plan.type, direction);
  const { property, plans } = choice;
  const refs = [...plans].map(([value, { type }]) => [value, references.refTo(type, direction, { property, value })] as const);
  return {
    oneOf: refs.map(([, ref]) => ref),
    discriminator: { propertyName: property, mapping: Object.fromEntries(refs.map(([value, ref]) => [value, ref.$ref])) },
  };
}

function freeSchema({ declaredType, rules, shape }: PropertyPlan, direction: Direction, references: ClassReferences): JsonSchema {
  const heldType = shape.kind === 'converted' ? shape.type : undefined;
  const own = rules.constraints.filter(({ each }) => !each);
  const ofEach = rules.constraints.filter(({ each }) => each);
  const isDeclaredList = declaredType === Array || declaredType === Set;
  const isList = isDeclaredList || own.some(isOfList) || (ofEach.length > 0 && !PLAIN.has(declaredType));
  /** What validators say; where they name no kind of value, the type does. */
  const described = (constraints: readonly Constraint[], type: unknown): JsonSchema => {
    const known = allOf(constraints.map(constraintSchema));
    const whole = saysKind(known) ? known : allOf([typeSchema(type, direction, references), known]);
    return constraints.some(({ code }) => code === 'isNotEmpty') ? notEmpty(whole) : whole;
  };
  if (declaredType === Map) return { type: 'object', additionalProperties: described(ofEach, heldType) };
  if (!isList) return described([...own, ...ofEach], heldType ?? declaredType);
  const items = described(ofEach, heldType);
  const { uniqueItems, ...list } = allOf([{ type: 'array', items }, ...own.map(constraintSchema)]);
  // Objects are told apart by what they are, not by what is in them.
  return uniqueItems === true && isPrimitive(items) ? { ...list, uniqueItems } : list;
}

/** `@IsNotEmpty` is about empty text; of nothing and null the kind of value tells, or nothing does. */
function notEmpty(schema: JsonSchema): JsonSchema {
  if (schema.type === 'string') return allOf([schema, { minLength: 1 }]);
  return 'type' in schema ? schema : allOf([schema, { not: { enum: ['', null] } }]);
}

function saysKind(schema: JsonSchema): boolean {
  return 'type' in schema || 'enum' in schema || 'const' in schema;
}

function isPrimitive({ type }: JsonSchema): boolean {
  return ['string', 'integer', 'number', 'boolean'].includes(String(type));
}
