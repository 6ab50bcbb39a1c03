import type { FrameworkError } from '../errors/framework-error';
import type { Class } from '../metadata/slot';
import { typeSchema } from './class-schema';
import type { JsonSchema } from './json-schema';
import { SchemaComponents } from './schema-components';

export type ScalarType = 'string' | 'number' | 'boolean';

/** An object of which the declared properties leave, and no other. */
export interface ObjectShape {
  readonly kind: 'object';
  readonly properties: ReadonlyMap<string, Shape>;
  /** Those that are meant to be there. */
  readonly required: ReadonlySet<string>;
}

/** What of a value leaves. `any`: nothing is known of it, and all of it does. */
export type Shape =
  | { readonly kind: 'any' }
  | { readonly kind: 'scalar'; readonly types: readonly ScalarType[] }
  | { readonly kind: 'list'; readonly items: Shape }
  | { readonly kind: 'record'; readonly values: Shape }
  | { readonly kind: 'choice'; readonly property: string; readonly shapes: ReadonlyMap<string, Shape> }
  | ObjectShape;

const ANY: Shape = { kind: 'any' };
const SCALARS: ReadonlySet<unknown> = new Set<ScalarType>(['string', 'number', 'boolean']);

/** Reads what of an answer leaves from its class. Out: the shape, and what is wrong with the classes in it. */
export function readAnswerShape(type: Class): {
  readonly shape: Shape;
  readonly mistakes: readonly FrameworkError[];
} {
  const components = new SchemaComponents({});
  const schema = typeSchema(type, 'output', components);
  return { shape: new ShapeReader(components.schemas).read(schema), mistakes: components.mistakes };
}

class ShapeReader {
  readonly #schemas: Readonly<Record<string, JsonSchema>>;
  readonly #known = new Map<string, Shape>();

  constructor(schemas: Readonly<Record<string, JsonSchema>>) {
    this.#schemas = schemas;
  }

  read(schema: JsonSchema): Shape {
    const { $ref, anyOf, discriminator } = schema;
    if (typeof $ref === 'string') return this.#readNamed($ref);
    if (discriminator !== undefined) return this.#readChoice(discriminator as Discriminator);
    if (Array.isArray(anyOf)) {
      const others = (anyOf as JsonSchema[]).filter(({ type }) => type !== 'null');
      return others.length === 1 ? this.read(others[0] ?? {}) : ANY;
    }
    return this.#readKind(schema);
  }

  /** It is known before it is read: it may hold itself. */
  #readNamed(ref: string): Shape {
    const known = this.#known.get(ref);
    if (known !== undefined) return known;
    const schema = this.#schemas[ref.slice(ref.lastIndexOf('/') + 1)];
    if (schema?.properties === undefined) return ANY;
    const properties = new Map<string, Shape>();
    const shape = objectShape(schema, properties);
    this.#known.set(ref, shape);
    this.#readProperties(schema, properties);
    return shape;
  }

  #readProperties({ properties }: JsonSchema, into: Map<string, Shape>): void {
    for (const [name, schema] of Object.entries(properties as Readonly<Record<string, JsonSchema>>)) {
      into.set(name, this.read(schema));
    }
  }

  #readChoice({ propertyName, mapping }: Discriminator): Shape {
    const shapes = new Map(Object.entries(mapping).map(([value, ref]) => [value, this.#readNamed(ref)]));
    return { kind: 'choice', property: propertyName, shapes };
  }

  #readKind(schema: JsonSchema): Shape {
    const types = typesOf(schema);
    if (types.length > 0 && types.every(isScalar)) return { kind: 'scalar', types };
    const [type, other] = types;
    if (other !== undefined) return ANY;
    if (type === 'array') return { kind: 'list', items: this.read((schema.items as JsonSchema | undefined) ?? {}) };
    return type === 'object' ? this.#readObject(schema) : ANY;
  }

  /** An object that is described where it is used. */
  #readObject(schema: JsonSchema): Shape {
    const { properties, additionalProperties: others = false } = schema;
    if (properties === undefined) {
      return typeof others === 'object' && others !== null ? { kind: 'record', values: this.read(others as JsonSchema) } : ANY;
    }
    if (others !== false) return ANY;
    const read = new Map<string, Shape>();
    this.#readProperties(schema, read);
    return objectShape(schema, read);
  }
}

interface Discriminator {
  readonly propertyName: string;
  readonly mapping: Readonly<Record<string, string>>;
}

function objectShape({ required = [], properties: declared }: JsonSchema, properties: ReadonlyMap<string, Shape>): ObjectShape {
  const isDeclared = (name: string): boolean => Object.hasOwn(declared as object, name);
  return { kind: 'object', properties, required: new Set((required as string[]).filter(isDeclared)) };
}

function isScalar(type: unknown): type is ScalarType {
  return SCALARS.has(type);
}

/** The kinds of value that a schema allows, but for null, which all may be. */
function typesOf({ type, enum: values, ...rest }: JsonSchema): unknown[] {
  const listed = (values as unknown[] | undefined) ?? ('const' in rest ? [rest.const] : []);
  const types = type === undefined ? listed.filter((value) => value !== null).map((value) => typeof value) : [type].flat();
  return [...new Set(types.filter((one) => one !== 'null').map((one) => (one === 'integer' ? 'number' : one)))];
}
