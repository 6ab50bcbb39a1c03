/** A JSON Schema (2020-12), as OpenAPI 3.1 takes it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

type Mutable = Record<string, unknown>;

/** Which of two limits holds when both do. */
const STRICTER: Readonly<Record<string, (one: number, other: number) => number>> = {
  minimum: Math.max,
  exclusiveMinimum: Math.max,
  minLength: Math.max,
  minItems: Math.max,
  minProperties: Math.max,
  maximum: Math.min,
  exclusiveMaximum: Math.min,
  maxLength: Math.min,
  maxItems: Math.min,
};

/** One schema that asks for what all of them ask for. */
export function allOf(schemas: readonly JsonSchema[]): JsonSchema {
  const whole: Mutable = {};
  const rest: JsonSchema[] = [];
  for (const schema of schemas) for (const [key, value] of Object.entries(schema)) add(whole, rest, key, value);
  return rest.length === 0 ? whole : { ...whole, allOf: rest };
}

function add(whole: Mutable, rest: JsonSchema[], key: string, value: unknown): void {
  const known = whole[key];
  if (known === undefined || JSON.stringify(known) === JSON.stringify(value)) whole[key] = value;
  else if (key === 'type') whole.type = commonType(known, value);
  else if (STRICTER[key] !== undefined) whole[key] = STRICTER[key](known as number, value as number);
  else rest.push({ [key]: value });
}

/** The types that both lists allow; those of the second when there is none: nothing would be no type at all. */
function commonType(one: unknown, other: unknown): unknown {
  const [left, right] = [[one].flat(), [other].flat()] as [unknown[], unknown[]];
  const allows = (types: unknown[], type: unknown): boolean =>
    types.includes(type) || (type === 'integer' && types.includes('number'));
  const common = [...new Set([...left.filter((type) => allows(right, type)), ...right.filter((type) => allows(left, type))])];
  if (common.length === 0) return other;
  return common.length === 1 ? common[0] : common;
}

/** The schema, or null. */
export function orNull(schema: JsonSchema): JsonSchema {
  if (Object.keys(schema).length === 0) return schema;
  if ('const' in schema || 'enum' in schema) {
    const { const: only, enum: values = [only], type, ...others } = schema;
    return {
      ...(type === undefined ? {} : { type: withNull(type) }),
      enum: [...new Set([...(values as unknown[]), null])],
      ...others,
    };
  }
  if ('type' in schema) return { ...schema, type: withNull(schema.type) };
  return { anyOf: [schema, { type: 'null' }] };
}

function withNull(type: unknown): unknown[] {
  return [...new Set([type, 'null'].flat())];
}

/** The values, and their type where they all have the same. */
export function oneOfValues(values: readonly unknown[]): JsonSchema {
  const types = [...new Set(values.map(typeOf))];
  return types.length === 1 && types[0] !== undefined ? { type: types[0], enum: values } : { enum: values };
}

function typeOf(value: unknown): string | undefined {
  if (value === null) return 'null';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'string' || typeof value === 'boolean' ? typeof value : undefined;
}

/** Whether JSON can say the value, and says the same when it is read again. */
export function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.every(isJson);
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJson);
}
