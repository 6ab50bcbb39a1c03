import { type RouteDecorator, type RouteDraft, shapeRoute } from '../controllers/route-draft';
import { openapiErrors } from './errors';
import type { JsonSchema } from './json-schema';

/** What `@ApiOperation` says of a route, or of all of a controller's. */
export interface ApiOperationOptions {
  /** A few words. */
  readonly summary?: string;
  readonly description?: string;
  /** The groups it stands in. Default: the controller's name without `Controller`. */
  readonly tags?: readonly string[];
  readonly deprecated?: boolean;
  /** What clients call it; no two may have the same. Default: `UsersController_one`. */
  readonly operationId?: string;
  /** Whether a credential is asked for, where guards do not mean it (`[]`), or schemes of its own. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  /** More of its parameters, by name: `{ id: { description: '…', example: 7 } }`. */
  readonly parameters?: Readonly<Record<string, JsonSchema>>;
}

/** What `@ApiResponse` says of one answer. */
export interface ApiResponseOptions {
  readonly description?: string;
  /** As in `@ApiProperty`. Default of a success: what the handler was declared to return. */
  readonly type?: unknown;
  readonly isArray?: boolean;
  /** Default: `application/json`; of a failure `application/problem+json`. */
  readonly contentType?: string;
  readonly example?: unknown;
  /** By name: header objects of OpenAPI. */
  readonly headers?: Readonly<Record<string, JsonSchema>>;
}

const OPERATION = Symbol('api-operation');
const RESPONSES = Symbol('api-responses');

export type ApiResponses = ReadonlyMap<string, ApiResponseOptions>;

/** Tells of a route, or of all of a controller's, what the code does not say by itself. */
export function ApiOperation(options: ApiOperationOptions): RouteDecorator {
  return shapeRoute((draft) => {
    draft.metadata.set(OPERATION, { ...readApiOperation(draft), ...options });
  });
}

interface ApiResponseDecorator {
  (status: number | 'default', options?: ApiResponseOptions): RouteDecorator;
  (options: ApiResponseOptions & { readonly status: number | 'default' }): RouteDecorator;
}

/** Tells of an answer of a route, or of all of a controller's: `@ApiResponse(200, { type: User })`. */
export const ApiResponse: ApiResponseDecorator = (
  first: number | 'default' | (ApiResponseOptions & { readonly status: number | 'default' }),
  options: ApiResponseOptions = {},
) => {
  const { status, ...said } = typeof first === 'object' ? first : { status: first, ...options };
  return shapeRoute((draft) => {
    if (status !== 'default' && !(Number.isInteger(status) && status >= 100 && status <= 599)) {
      const reason = `takes a status from 100 to 599, or 'default', got ${String(status)}.`;
      draft.mistakes.push(openapiErrors.OPENAPI_DECORATOR_INVALID({ decorator: '@ApiResponse', place: draft.place, reason }));
      return;
    }
    const before = readApiResponses(draft);
    draft.metadata.set(RESPONSES, new Map([...before, [String(status), { ...before.get(String(status)), ...said }]]));
  });
};

export function readApiOperation({ metadata }: RouteDraft): ApiOperationOptions {
  return (metadata.get(OPERATION) as ApiOperationOptions | undefined) ?? {};
}

export function readApiResponses({ metadata }: RouteDraft): ApiResponses {
  return (metadata.get(RESPONSES) as ApiResponses | undefined) ?? new Map();
}
