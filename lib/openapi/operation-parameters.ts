import type { ParameterOutline, RouteOutline } from '../controllers/outline-route';
import { isValidatedClass } from '../validation/class-plan';
import { type ClassReferences, propertiesOf, typeSchema } from './class-schema';
import type { JsonSchema } from './json-schema';
import type { PathTemplate } from './path-template';
import { pipedInput } from './pipe-input';

/** A parameter of an operation (OpenAPI 3.1 §4.8.12). */
export interface DocumentParameter extends JsonSchema {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'cookie';
}

const PLACES = { param: 'path', query: 'query', headers: 'header', cookies: 'cookie' } as const;
type TextSource = keyof typeof PLACES;

/** A document has other words for these (§4.8.12.1). */
const NOT_LISTED: ReadonlySet<string> = new Set(['accept', 'content-type', 'authorization']);

/** The parameters of a route: those it asks for, and those of its path that it does not. */
export function operationParameters(
  { parameters }: RouteOutline,
  template: PathTemplate,
  said: Readonly<Record<string, JsonSchema>>,
  references: ClassReferences,
): DocumentParameter[] {
  const found = new Map<string, DocumentParameter>();
  const add = (parameter: DocumentParameter): void => {
    const key = `${parameter.in} ${parameter.in === 'header' ? parameter.name.toLowerCase() : parameter.name}`;
    if (!found.has(key)) found.set(key, parameter);
  };
  const asked = parameters.flatMap((outline) => describe(outline, references));
  for (const { name, documentName, pattern } of template.parameters) {
    const parameter = asked.find((one) => one.in === 'path' && one.name === name);
    const schema = {
      ...((parameter?.schema as JsonSchema | undefined) ?? { type: 'string' }),
      ...(pattern === undefined ? {} : patternOf(pattern)),
    };
    add({
      ...parameter,
      name: documentName,
      in: 'path',
      required: true,
      schema,
      ...(name === '*' ? { description: 'The rest of the path, slashes included.', 'x-rockstar-rest': true } : {}),
    });
  }
  asked.filter((one) => one.in !== 'path').forEach(add);
  return [...found.values()].map((parameter) => ({ ...parameter, ...own(said, originalName(parameter, template)) }));
}

/** Names that begin with `x-` may be told in any case. */
function own(said: Readonly<Record<string, JsonSchema>>, name: string): JsonSchema {
  return Object.hasOwn(said, name) ? said[name] : {};
}

function originalName({ name, in: place }: DocumentParameter, { parameters }: PathTemplate): string {
  if (place !== 'path') return name;
  return parameters.find(({ documentName }) => documentName === name)?.name ?? name;
}

function patternOf(pattern: string): JsonSchema {
  return { pattern: pattern.startsWith('^') ? pattern : `^(?:${pattern})$` };
}

function describe(outline: ParameterOutline, references: ClassReferences): DocumentParameter[] {
  const { source, name } = outline.declaration;
  if (source === 'body' || source === 'custom') return [];
  if (name === undefined) return describeAll(outline, source, references);
  if (source === 'headers' && NOT_LISTED.has(name.toLowerCase())) return [];
  const { schema, isRequired, defaultValue, separator } = pipedInput(outline.pipes, references);
  const value = schema ?? textSchema(outline.type, references);
  const whole = defaultValue === undefined ? value : { ...value, default: defaultValue };
  const required = source === 'param' || isRequired === true;
  return [{ name, in: PLACES[source], ...(required ? { required } : {}), ...styled(whole, source, separator) }];
}

/** What text is converted to. A list of what nobody named is one of text. */
function textSchema(type: unknown, references: ClassReferences): JsonSchema {
  if (type === Array) return { type: 'array', items: { type: 'string' } };
  const schema = typeSchema(type, 'input', references);
  return 'type' in schema ? schema : { type: 'string' };
}

/** A list in one text needs its separator told; those without a word for it stay text. */
function styled(schema: JsonSchema, source: TextSource, separator: string | undefined): JsonSchema {
  if (separator === undefined || schema.type !== 'array') return { schema };
  if (separator === ',') return source === 'query' ? { explode: false, schema } : { schema };
  if (source === 'query' && separator === '|') return { style: 'pipeDelimited', explode: false, schema };
  if (source === 'query' && separator === ' ') return { style: 'spaceDelimited', explode: false, schema };
  return { schema: { type: 'string', description: `A list, with ${JSON.stringify(separator)} between its items.` } };
}

/** A class for all of a query, the headers, the cookies or the path has one parameter for each of its properties. */
function describeAll({ type }: ParameterOutline, source: TextSource, references: ClassReferences): DocumentParameter[] {
  if (!isValidatedClass(type)) return [];
  return propertiesOf(type, 'input', references)
    .filter(({ name }) => source !== 'headers' || !NOT_LISTED.has(name.toLowerCase()))
    .map(({ name, schema, isRequired }) => {
      const { description, deprecated, ...rest } = withoutNull(schema);
      return {
        name,
        in: PLACES[source],
        ...(description === undefined ? {} : { description }),
        ...(deprecated === undefined ? {} : { deprecated }),
        ...(isRequired || source === 'param' ? { required: true } : {}),
        schema: rest,
      };
    });
}

/** Text has no null: what may be null may be left out. */
function withoutNull({ type, ...rest }: JsonSchema): JsonSchema {
  if (!Array.isArray(type) || !type.includes('null')) return type === undefined ? rest : { type, ...rest };
  const others = type.filter((one) => one !== 'null');
  const values = Array.isArray(rest.enum) ? { enum: rest.enum.filter((value) => value !== null) } : {};
  return { type: others.length === 1 ? (others[0] as unknown) : others, ...rest, ...values };
}
