import type { RouteOutline } from '../controllers/outline-route';
import { readNotes } from '../controllers/route-notes';
import type { FrameworkError } from '../errors/framework-error';
import { readApiOperation } from './api-operation';
import { isHidden } from './api-property';
import type { JsonSchema } from './json-schema';
import type { OpenApiOptions } from './openapi-options';
import { type DocumentParameter, operationParameters } from './operation-parameters';
import { OperationIds } from './operation-ids';
import { type PathTemplate, pathTemplates, renamed } from './path-template';
import { type RequestBody, requestBody } from './request-body';
import { failureComponents, operationResponses, PROBLEM_SCHEMA } from './responses';
import { SchemaComponents } from './schema-components';
import { SecuritySchemes } from './security-schemes';

/** An OpenAPI document (3.1). Plain data: JSON keeps all of it. */
export interface OpenApiDocument extends JsonSchema {
  readonly openapi: '3.1.1';
  readonly info: { readonly title: string; readonly version: string } & JsonSchema;
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly responses: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes?: Readonly<Record<string, JsonSchema>>;
  };
}

/** What a document is made of. */
export interface DocumentSource {
  readonly outlines: readonly RouteOutline[];
  readonly options: OpenApiOptions;
  /** What the root module or plugin calls itself. */
  readonly name: string;
  readonly version: string | undefined;
  /** What 401 asks for, e.g. `Bearer`; `undefined`: the application does not know who is asking. */
  readonly challenge: string | undefined;
  /** Milliseconds a route may take, where it says none itself; 0: no limit. */
  readonly timeoutMs: number;
}

/** One method of one route, on its way into the document. */
interface Operation {
  readonly outline: RouteOutline;
  readonly method: string;
  readonly template: PathTemplate;
  readonly parameters: readonly DocumentParameter[];
  readonly body: RequestBody | undefined;
}

/** What a document has for a route that answers all methods. */
const ALL = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
/** Those that a path has a place for (§4.8.9). */
const KNOWN_METHODS: ReadonlySet<string> = new Set(['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE']);

/** Makes the document of an application's routes. Out: the document, and what is wrong with what decorators say for it. */
export function makeDocument(source: DocumentSource): {
  readonly document: OpenApiDocument;
  readonly mistakes: readonly FrameworkError[];
} {
  const { options } = source;
  const schemas = new SchemaComponents({ Problem: PROBLEM_SCHEMA });
  const operations = collect(source.outlines, schemas);
  const security = new SecuritySchemes(source.options.securitySchemes, source.challenge);
  const ids = new OperationIds();
  const failures = new Set<number>();
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const operation of operations) {
    const { method, template } = operation;
    const key = KNOWN_METHODS.has(method) ? method.toLowerCase() : `x-rockstar-${method.toLowerCase()}`;
    const statuses = failuresOf(operation, source, security);
    for (const status of statuses) failures.add(status);
    (paths[template.path] ??= {})[key] = describe(operation, { schemas, security, ids, statuses });
  }
  const { servers, tags, externalDocs } = options;
  const document: OpenApiDocument = {
    openapi: '3.1.1',
    info: infoOf(source),
    ...(servers === undefined ? {} : { servers }),
    paths,
    components: {
      schemas: schemas.schemas,
      responses: failureComponents(failures),
      ...(security.used === undefined ? {} : { securitySchemes: security.used }),
    },
    ...(tags === undefined ? {} : { tags }),
    ...(externalDocs === undefined ? {} : { externalDocs }),
  };
  return { document, mistakes: [...schemas.mistakes, ...ids.mistakes] };
}

function infoOf({ options, name, version }: DocumentSource): OpenApiDocument['info'] {
  const { title = name, version: own = version ?? '0.0.0', summary, description, termsOfService, contact, license } = options;
  const more = Object.entries({ summary, description, termsOfService, contact, license });
  return { title, version: own, ...Object.fromEntries(more.filter(([, value]) => value !== undefined)) };
}

/** Every operation with what it takes. What comes in is named before what goes out: a class that does both keeps its plain name for it. */
function collect(outlines: readonly RouteOutline[], schemas: SchemaComponents): Operation[] {
  const templates = new Map<string, PathTemplate>();
  const taken = new Set<string>();
  const operations: Operation[] = [];
  const isShown = ({ draft, member, takesOver }: RouteOutline): boolean =>
    !takesOver && !isHidden(draft.controller) && !isHidden(draft.controller.prototype as object, member);
  // A route that answers all methods stands back where another one answers one of them.
  const inOrder = [...outlines.filter(({ method }) => method !== '*'), ...outlines.filter(({ method }) => method === '*')];
  for (const outline of inOrder.filter(isShown)) {
    for (const own of pathTemplates(outline.draft.pattern)) {
      const first = templates.get(own.shape) ?? own;
      templates.set(own.shape, first);
      const template = renamed(own, first);
      for (const method of outline.method === '*' ? ALL : [outline.method]) {
        if (taken.has(`${method} ${template.path}`)) continue;
        taken.add(`${method} ${template.path}`);
        const said = readApiOperation(outline.draft).parameters ?? {};
        const takesBody = outline.method !== '*' || (method !== 'GET' && method !== 'DELETE');
        operations.push({
          outline,
          method,
          template,
          parameters: operationParameters(outline, template, said, schemas),
          body: takesBody ? requestBody(outline, schemas) : undefined,
        });
      }
    }
  }
  return operations;
}

interface OperationRooms {
  readonly schemas: SchemaComponents;
  readonly security: SecuritySchemes;
  readonly ids: OperationIds;
  readonly statuses: readonly number[];
}

function describe(operation: Operation, { schemas, security, ids, statuses }: OperationRooms): JsonSchema {
  const { outline, method, parameters, body } = operation;
  const { draft, member } = outline;
  const { summary, description, tags, deprecated, operationId } = readApiOperation(draft);
  const required = security.required(outline);
  return {
    operationId: ids.claim(operationId, `${draft.controller.name}_${String(member)}`, draft.place),
    tags: tags ?? [draft.controller.name.replace(/(?<=.)Controller$/, '')],
    ...(summary === undefined ? {} : { summary }),
    ...(description === undefined ? {} : { description }),
    ...(deprecated === true ? { deprecated } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { ...(body.isRequired ? { required: true } : {}), content: body.content } }),
    responses: operationResponses(outline, { method, failures: statuses }, schemas),
    ...(required === undefined ? {} : { security: required }),
    ...extensionsOf(outline),
  };
}

/** What other decorators noted of a route, and no standard has a word for. */
function extensionsOf({ draft }: RouteOutline): JsonSchema {
  // What must be permitted stands in `security`.
  const notes = Object.entries(readNotes(draft.metadata)).filter(([kind]) => kind !== 'authorize');
  return Object.fromEntries(notes.map(([kind, texts]) => [`x-rockstar-${kind}`, texts]));
}

function failuresOf(
  { outline, parameters, body }: Operation,
  { timeoutMs }: DocumentSource,
  security: SecuritySchemes,
): number[] {
  const { draft, reply } = outline;
  const isChecked = parameters.some(
    ({ required, schema }) => required === true || (schema as JsonSchema | undefined)?.type !== 'string',
  );
  return [
    ...(isChecked || body !== undefined ? [400] : []),
    ...(security.asks(outline) ? [401, 403] : []),
    ...(parameters.some((parameter) => parameter.in === 'path') ? [404] : []),
    ...(body?.isRead === true ? [408, 413, 415] : []),
    503,
    ...(reply === 'value' && (draft.timeoutMs ?? timeoutMs) > 0 ? [504] : []),
  ];
}
