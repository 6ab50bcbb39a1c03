import type { FrameworkError } from '../errors/framework-error';
import { nearNames } from '../errors/near-names';
import { openapiErrors } from './errors';
import type { JsonSchema } from './json-schema';

/** What a document says that no route does, and where it is served. */
export interface OpenApiOptions {
  /** Default: the name of the root plugin or module. */
  readonly title?: string;
  /** Of the API. Default: that of the root plugin, else `0.0.0`. */
  readonly version?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly termsOfService?: string;
  readonly contact?: { readonly name?: string; readonly url?: string; readonly email?: string };
  readonly license?: { readonly name: string; readonly identifier?: string; readonly url?: string };
  /** Where the document is served. Default `/openapi.json`. */
  readonly path?: string;
  /** Where the page is served; `false`: nowhere. Default `/docs`. */
  readonly page?: string | false;
  /** Where the API is reached. Default: where the document comes from. */
  readonly servers?: readonly { readonly url: string; readonly description?: string }[];
  /** By name; one of them is asked for where a route has `@Authorize` or a guard. Default: what the `challenge` of `auth` names, `bearer`. */
  readonly securitySchemes?: Readonly<Record<string, JsonSchema>>;
  /** What groups of operations are about. */
  readonly tags?: readonly { readonly name: string; readonly description?: string }[];
  readonly externalDocs?: { readonly url: string; readonly description?: string };
}

/** The option `openapi` of `createApp`: `true` for all defaults. */
export type OpenApiOption = boolean | OpenApiOptions;

interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

const text: Rule = { expected: 'a text', accepts: (value) => typeof value === 'string' };
const object: Rule = { expected: 'an object', accepts: isObject };
const listOf = (member: string): Rule => ({
  expected: `a list of objects with ${member}`,
  accepts: (value) => Array.isArray(value) && value.every((one) => isObject(one) && typeof one[member] === 'string'),
});
const isPath = (value: unknown): boolean => typeof value === 'string' && /^\/[^:*?#\s]*$/.test(value);

const RULES: Readonly<Record<keyof OpenApiOptions, Rule>> = {
  title: text,
  version: text,
  summary: text,
  description: text,
  termsOfService: text,
  contact: object,
  license: { expected: 'an object with name', accepts: (value) => isObject(value) && typeof value.name === 'string' },
  path: { expected: 'a path that starts with a slash', accepts: isPath },
  page: { expected: 'a path that starts with a slash, or false', accepts: (value) => value === false || isPath(value) },
  servers: listOf('url'),
  securitySchemes: {
    expected: 'an object of security schemes by name, each with its type',
    accepts: (value) => isObject(value) && Object.entries(value).every(isScheme),
  },
  tags: listOf('name'),
  externalDocs: { expected: 'an object with url', accepts: (value) => isObject(value) && typeof value.url === 'string' },
};

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const SCHEMES: ReadonlySet<unknown> = new Set(['apiKey', 'http', 'mutualTLS', 'oauth2', 'openIdConnect']);

function isScheme([name, scheme]: [string, unknown]): boolean {
  return /^[\w.-]+$/.test(name) && isObject(scheme) && SCHEMES.has(scheme.type);
}

/** Everything that is wrong inside of the option `openapi`. */
export function checkOpenApi(option: unknown): FrameworkError[] {
  if (!isObject(option)) return [];
  return Object.entries(option).flatMap(([name, value]) => (value === undefined ? [] : wrong(name, value)));
}

function wrong(name: string, value: unknown): FrameworkError[] {
  const rule = Object.hasOwn(RULES, name) ? RULES[name as keyof OpenApiOptions] : undefined;
  if (rule?.accepts(value) === true) return [];
  const [near] = nearNames(name, Object.keys(RULES));
  const wayOut = near === undefined || rule !== undefined ? '' : ` Did you mean ${near}?`;
  const expected = rule?.expected ?? 'nothing: there is no such option';
  return [openapiErrors.OPENAPI_OPTION_INVALID({ name: `openapi.${name}`, expected, wayOut })];
}
