import { STATUS_CODES } from 'node:http';
import type { RouteOutline } from '../controllers/outline-route';
import { readNotes } from '../controllers/route-notes';
import { isBodiless, PROBLEM_TYPE } from '../http/send';
import { type ApiResponseOptions, readApiResponses } from './api-operation';
import { type ClassReferences, isDescribed, typeSchema } from './class-schema';
import type { JsonSchema } from './json-schema';
import { readReturns } from './returns';

/** What the responses of a route depend on, beside what it was declared to return. */
export interface ResponseFacts {
  readonly method: string;
  /** Statuses of failures that the route can answer with by what stands around the handler. */
  readonly failures: readonly number[];
}

const PROBLEM = { $ref: '#/components/schemas/Problem' };

/** The responses of an operation, by status. */
export function operationResponses(
  outline: RouteOutline,
  { method, failures }: ResponseFacts,
  references: ClassReferences,
): JsonSchema {
  const said = readApiResponses(outline.draft);
  const responses = new Map<string, JsonSchema>();
  const succeeds = [...said.keys()].some((status) => /^[1-3]/.test(status));
  const status = String(outline.draft.status ?? (method === 'POST' ? 201 : 200));
  if (!succeeds) responses.set(status, success(outline, status, method, {}, references));
  for (const [code, options] of said) {
    const isFailure = code === 'default' || Number(code) >= 400;
    responses.set(code, isFailure ? failure(code, options, references) : success(outline, code, method, options, references));
  }
  for (const code of failures) {
    if (!responses.has(String(code))) responses.set(String(code), { $ref: `#/components/responses/${failureName(code)}` });
  }
  if (!responses.has('default')) responses.set('default', { $ref: '#/components/responses/Failure' });
  return Object.fromEntries(responses);
}

function success(
  outline: RouteOutline,
  status: string,
  method: string,
  options: ApiResponseOptions,
  references: ClassReferences,
): JsonSchema {
  const { headers, example } = options;
  const description = options.description ?? STATUS_CODES[Number(status)] ?? `Status ${status}`;
  const content = method === 'HEAD' || isBodiless(Number(status)) ? undefined : successContent(outline, options, references);
  const [type] = Object.keys(content ?? {});
  const exampled =
    example === undefined || type === undefined ? content : { [type]: { ...(content?.[type] as JsonSchema), example } };
  return { description, ...(headers === undefined ? {} : { headers }), ...(exampled === undefined ? {} : { content: exampled }) };
}

function successContent(outline: RouteOutline, options: ApiResponseOptions, references: ClassReferences): JsonSchema {
  const schema = declaredSchema(options, references);
  if (outline.reply === 'events') {
    // What one event holds: 3.1 has no word for it.
    return {
      'text/event-stream': { schema: { type: 'string' }, ...(schema === undefined ? {} : { 'x-rockstar-event': schema }) },
    };
  }
  const { returnType, draft } = outline;
  const said = options.contentType ?? fieldOf(draft.fields, 'content-type');
  // What a page is made of is nobody's business.
  if (readNotes(draft.metadata).view !== undefined) return { [said ?? 'text/html']: { schema: { type: 'string' } } };
  const returns = schema === undefined ? readReturns(draft) : undefined;
  const declared = returns === undefined ? schema : typeSchema(returns, 'output', references);
  const known = declared ?? returnedSchema(returnType, references);
  const type = said ?? (declared === undefined ? TYPES.get(returnType) : undefined) ?? 'application/json';
  return { [type]: known === undefined ? {} : { schema: known } };
}

/** What is sent as anything else than JSON. */
const TYPES: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [String, 'text/plain'],
  [Buffer, 'application/octet-stream'],
  [Uint8Array, 'application/octet-stream'],
]);

function declaredSchema({ type, isArray }: ApiResponseOptions, references: ClassReferences): JsonSchema | undefined {
  if (type === undefined) return undefined;
  const schema = typeSchema(type, 'output', references);
  return isArray === true ? { type: 'array', items: schema } : schema;
}

const KNOWN_RETURNS: ReadonlySet<unknown> = new Set([String, Number, Boolean, Array]);

function returnedSchema(type: unknown, references: ClassReferences): JsonSchema | undefined {
  return KNOWN_RETURNS.has(type) || isDescribed(type) ? typeSchema(type, 'output', references) : undefined;
}

function fieldOf(fields: readonly string[], name: string): string | undefined {
  const at = fields.findIndex((field, index) => index % 2 === 0 && field === name);
  return at < 0 ? undefined : fields[at + 1]?.split(';')[0];
}

function failure(status: string, options: ApiResponseOptions, references: ClassReferences): JsonSchema {
  const { description = STATUS_CODES[Number(status)] ?? 'A failure', headers, contentType = PROBLEM_TYPE, example } = options;
  const schema = declaredSchema(options, references) ?? PROBLEM;
  return {
    description,
    ...(headers === undefined ? {} : { headers }),
    content: { [contentType]: { schema, ...(example === undefined ? {} : { example }) } },
  };
}

/** What the framework itself answers with, and when. */
const FAILURES: ReadonlyMap<number, string> = new Map([
  [400, 'The input is not valid; errors has an entry for each faulty property.'],
  [401, 'Nobody known is asking: a valid credential is needed.'],
  [403, 'The one who asks may not.'],
  [404, 'There is nothing here.'],
  [408, 'The body did not arrive in time.'],
  [413, 'The body is larger than is taken here.'],
  [415, 'The body is of a type that is not taken here.'],
  [503, 'Not now: the server is stopping, or something behind it is not available.'],
  [504, 'The answer took too long.'],
]);

function failureName(status: number): string {
  return (STATUS_CODES[status] ?? `Status${status}`).replace(/[^A-Za-z]/g, '');
}

/** The shared responses that operations refer to. */
export function failureComponents(statuses: Iterable<number>): Readonly<Record<string, JsonSchema>> {
  const content = { [PROBLEM_TYPE]: { schema: PROBLEM } };
  const named = [...new Set(statuses)]
    .sort()
    .map((status): [string, JsonSchema] => [
      failureName(status),
      { description: FAILURES.get(status) ?? STATUS_CODES[status] ?? '', ...failureHeaders(status), content },
    ]);
  return { ...Object.fromEntries<JsonSchema>(named), Failure: { description: 'Any other failure.', content } };
}

function failureHeaders(status: number): JsonSchema {
  if (status === 401)
    return { headers: { 'WWW-Authenticate': { description: 'Which credentials are taken.', schema: { type: 'string' } } } };
  if (status !== 503) return {};
  return {
    headers: {
      'Retry-After': { description: 'Seconds until it is worth trying again, where that is known.', schema: { type: 'integer' } },
    },
  };
}

/** Every failure (RFC 9457). */
export const PROBLEM_SCHEMA: JsonSchema = {
  type: 'object',
  description: 'A failure (RFC 9457). Tell failures apart by `code`: it never changes its meaning.',
  properties: {
    type: { type: 'string', format: 'uri-reference', default: 'about:blank' },
    title: { type: 'string', description: 'The phrase of the status.' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string', description: 'What went wrong this time.' },
    code: { type: 'string', description: 'Stable, for example `VALIDATION_FAILED`.' },
    errors: {
      type: 'array',
      description: 'One entry for each faulty property.',
      items: {
        type: 'object',
        properties: {
          path: { type: 'string', description: 'Dotted, for example `address.city`; empty for the whole.' },
          message: { type: 'string' },
          code: { type: 'string' },
        },
        required: ['path', 'message'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'code'],
};
