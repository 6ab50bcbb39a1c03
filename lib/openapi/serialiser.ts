// Hot: what is made here writes the answers of routes with `@Returns`.
import type { ObjectShape, Shape } from './answer-shape';
import type { JsonSchema } from './json-schema';
import { pickDeclared } from './pick-declared';

/** Writes what is declared of a value as JSON. Fails with: a TypeError where the value is of another kind than declared. */
export type Serialiser = (value: unknown) => string;

/**
 * Makes the serialiser of a shape.
 *
 * What is plainly right is written in one pass, by a function that is compiled from the shape. Whatever is not (a property
 * that should be there is missing, an infinite number, an object with a `toJSON` for text, a value of another kind) is left
 * to picking and `JSON.stringify`, which write it as `JSON.stringify` does, or know where the mistake is.
 */
export function makeSerialiser(shape: Shape): Serialiser {
  const byPicking = (value: unknown): string => {
    const text = JSON.stringify(pickDeclared(shape, value)) as string | undefined;
    if (text === undefined) throw new TypeError('its toJSON() gives nothing');
    return text;
  };
  if (!isPlain(shape, new Set())) return byPicking;
  const write = compile(shape);
  return (value) => {
    try {
      return write(value);
    } catch {
      return byPicking(value);
    }
  };
}

/**
 * Whether the compiled function sees every mistake. An object without a property that must be there is written as `{}`
 * when it is none; choices, several kinds of scalar and names that nobody knows beforehand it would have to look up.
 */
function isPlain(shape: Shape, seen: Set<Shape>): boolean {
  if (seen.has(shape)) return true;
  seen.add(shape);
  if (shape.kind === 'list') return isPlain(shape.items, seen);
  if (shape.kind === 'object') return shape.required.size > 0 && [...shape.properties.values()].every((it) => isPlain(it, seen));
  return shape.kind === 'any' || (shape.kind === 'scalar' && shape.types.length === 1);
}

/** Says that something is not plainly right; what it is, nobody asks. Made once: a stack is dear. */
const DOUBT = new Error('not plainly right');

/** What is asked of fast-json-stringify: its code apart from the functions that write single values, which are given to it here. */
interface FastJson {
  (
    schema: JsonSchema,
    options: { readonly mode: 'debug' },
  ): {
    readonly code: string;
    readonly serializer: { asString(text: string): string };
  };
  restore(parts: { readonly code: string; readonly validator: null; readonly serializer: object }): Serialiser;
}

function compile(shape: Shape): Serialiser {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  const fastJson = require('fast-json-stringify') as FastJson;
  const { code, serializer } = fastJson(toSchema(shape), { mode: 'debug' });
  return fastJson.restore({ code, validator: null, serializer: strict((text) => serializer.asString(text)) });
}

/** What writes each kind of value. The formats of texts stand for kinds that JSON Schema has no word for. */
function strict(asString: (text: string) => string): object {
  const doubt = (): never => {
    throw DOUBT;
  };
  const asNumber = (value: unknown): string => {
    if (typeof value === 'number' && value - value === 0) return `${value}`;
    return value === null ? 'null' : doubt();
  };
  const asBoolean = (value: unknown): string => {
    if (value === true) return 'true';
    if (value === false) return 'false';
    return value === null ? 'null' : doubt();
  };
  const asAny = (value: unknown): string => JSON.stringify(value) ?? doubt();
  const asText = (value: unknown): string => {
    if (typeof value === 'string') return asString(value);
    return value === null || value instanceof Date ? asAny(value) : doubt();
  };
  return {
    asNumber,
    asBoolean,
    asString: asText,
    asDateTime: asText,
    asUnsafeString: asAny,
    // Not asked for by the schemas made here.
    asDate: doubt,
    asTime: doubt,
    asInteger: doubt,
    asPlainStringArray: doubt,
  };
}

const FORMATS = { text: 'date-time', any: 'unsafe' } as const;

function toSchema(shape: Shape): JsonSchema {
  const names = new Map<ObjectShape, string>();
  const definitions: Record<string, JsonSchema> = {};
  const describe = (one: Shape): JsonSchema => {
    if (one.kind === 'list') return { type: 'array', nullable: true, items: describe(one.items) };
    if (one.kind === 'object') return { $ref: `#/definitions/${nameOf(one)}` };
    if (one.kind !== 'scalar') return { type: 'string', format: FORMATS.any };
    return one.types[0] === 'string' ? { type: 'string', format: FORMATS.text } : { type: one.types[0] };
  };
  const nameOf = (one: ObjectShape): string => {
    const known = names.get(one);
    if (known !== undefined) return known;
    const name = `object${names.size}`;
    names.set(one, name);
    const properties = Object.fromEntries([...one.properties].map(([property, inner]) => [property, describe(inner)]));
    definitions[name] = { type: 'object', nullable: true, properties, required: [...one.required] };
    return name;
  };
  const { $ref, ...root } = describe(shape);
  // Beside a reference, `definitions` would have it copied.
  return { ...($ref === undefined ? root : definitions[nameOf(shape as ObjectShape)]), definitions };
}
