import { Readable } from 'node:stream';
import type { ParameterOutline, RouteOutline } from '../controllers/outline-route';
import { type ClassPlan, isValidatedClass, readClassPlan } from '../validation/class-plan';
import { type ClassReferences, typeSchema } from './class-schema';
import type { JsonSchema } from './json-schema';
import { pipedInput } from './pipe-input';

/** What a route takes as its body. */
export interface RequestBody {
  readonly content: JsonSchema;
  readonly isRequired: boolean;
  /** It is read whole, within the limits of size and time, before the handler runs. */
  readonly isRead: boolean;
}

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** The body a route asks for; `undefined`: none. */
export function requestBody({ parameters }: RouteOutline, references: ClassReferences): RequestBody | undefined {
  const bodies = parameters.filter(({ declaration }) => declaration.source === 'body');
  const [first] = bodies;
  if (first === undefined) return undefined;
  return first.declaration.name === undefined ? wholeBody(first, references) : namedBody(bodies, references);
}

function wholeBody({ declaration, type, pipes }: ParameterOutline, references: ClassReferences): RequestBody {
  if (declaration.files !== undefined) {
    const schema = isValidatedClass(type) ? references.refTo(type, 'input') : { type: 'object' };
    return { content: { 'multipart/form-data': { schema } }, isRequired: true, isRead: true };
  }
  if (type === Readable) return { content: { '*/*': {} }, isRequired: false, isRead: false };
  if (type === String) return { content: { 'text/plain': { schema: { type: 'string' } } }, isRequired: false, isRead: true };
  if (type === Buffer || type === Uint8Array)
    return { content: { 'application/octet-stream': {} }, isRequired: false, isRead: true };
  if (declaration.consumes !== undefined) {
    const schema = isValidatedClass(type) ? references.refTo(type, 'input') : typeSchema(type, 'input', references);
    const media = declaration.consumes === 'json' ? JSON_TYPE : FORM_TYPE;
    return { content: { [media]: { schema } }, isRequired: true, isRead: true };
  }
  if (isValidatedClass(type)) return { content: classContent(type, references), isRequired: true, isRead: true };
  const schema = pipedInput(pipes, references).schema ?? typeSchema(type, 'input', references);
  // Any other type is parsed by its content type, and may be missing.
  return { content: { [JSON_TYPE]: { schema } }, isRequired: type === Array, isRead: true };
}

function classContent(type: Parameters<typeof readClassPlan>[0], references: ClassReferences): JsonSchema {
  const media = { schema: references.refTo(type, 'input') };
  return isFlat(type) ? { [JSON_TYPE]: media, [FORM_TYPE]: media } : { [JSON_TYPE]: media };
}

/** A form has no objects in it. A class that cannot be read is told of elsewhere. */
function isFlat(type: Parameters<typeof readClassPlan>[0]): boolean {
  const hasNoObject = ({ properties }: ClassPlan): boolean => properties.every(({ shape }) => shape.kind !== 'nested');
  try {
    return hasNoObject(readClassPlan(type));
  } catch {
    return false;
  }
}

/** One property at a time: what nobody asks for is not looked at. */
function namedBody(bodies: readonly ParameterOutline[], references: ClassReferences): RequestBody {
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const { declaration, type, pipes } of bodies) {
    const name = declaration.name ?? '';
    const { schema, isRequired, defaultValue } = pipedInput(pipes, references);
    const value = schema ?? propertySchema(type, references);
    properties[name] = defaultValue === undefined ? value : { ...value, default: defaultValue };
    if (isRequired === true) required.push(name);
  }
  const schema = { type: 'object', properties, ...(required.length === 0 ? {} : { required }) };
  return { content: { [JSON_TYPE]: { schema }, [FORM_TYPE]: { schema } }, isRequired: true, isRead: true };
}

function propertySchema(type: unknown, references: ClassReferences): JsonSchema {
  // JSON cannot say one: it comes as text.
  if (type === BigInt) return { type: 'string', pattern: '^-?\\d+$' };
  return typeSchema(type, 'input', references);
}
