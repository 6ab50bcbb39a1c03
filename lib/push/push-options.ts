import { validateHeaderName, validateHeaderValue } from 'node:http';
import { HOP_BY_HOP } from '../http/wire';
import { pushErrors } from './errors';
import { checkPath } from './push-path';

export const PRELOAD_AS = ['audio', 'document', 'fetch', 'font', 'image', 'script', 'style', 'track', 'video', 'worker'] as const;
/** What a resource is used as (Fetch §2.2.5, *destination*). */
export type PreloadAs = (typeof PRELOAD_AS)[number];

/** How a path is pushed; all have a default. */
export interface PushOptions {
  /** Of the promised request. Default `GET`. */
  readonly method?: 'GET' | 'HEAD';
  /** Header fields of the promised request, beside the `cookie`, `authorization`, `user-agent`, `accept-language` and `accept-encoding` of the page's. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What a link says it is used as. Default: by its content type, or the ending of its path; else `fetch`. */
  readonly as?: PreloadAs;
  /** The content type a link says. Default: as the file, or the route's `Content-Type`, has it. */
  readonly type?: string;
  /** How it will be asked for: `true` is `anonymous`. Default: so for fonts and `fetch`, as browsers do, and not for others. */
  readonly crossorigin?: boolean | 'anonymous' | 'use-credentials';
  /** Whether it may be cached, so that an early hint is of use. Default: as the file, or the route's `Cache-Control`, says. */
  readonly cacheable?: boolean;
}

/** Something to be pushed, checked. */
export interface PushRequest {
  readonly path: string;
  readonly options: CheckedOptions;
}

/** Options with names of fields in lower case. */
export type CheckedOptions = Omit<PushOptions, 'headers'> & { readonly headers: readonly (readonly [string, string])[] };

/** Fields that a request without a body does not have, or that would change which response it gets (RFC 9113 §8.2.2, §8.4). */
const REFUSED = /^(?::.*|host|te|expect|trailer|range|if-.*|content-.*|proxy-.*)$/;

interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

const RULES: Readonly<Record<keyof PushOptions, Rule>> = {
  method: { expected: "'GET' or 'HEAD'", accepts: (value) => value === 'GET' || value === 'HEAD' },
  headers: { expected: 'an object of names and texts', accepts: isRecord },
  as: { expected: PRELOAD_AS.join(', '), accepts: (value) => PRELOAD_AS.includes(value as PreloadAs) },
  type: {
    expected: 'a content type',
    accepts: (value) => typeof value === 'string' && /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(value),
  },
  crossorigin: {
    expected: "true, false, 'anonymous' or 'use-credentials'",
    accepts: (value) => typeof value === 'boolean' || value === 'anonymous' || value === 'use-credentials',
  },
  cacheable: { expected: 'true or false', accepts: (value) => typeof value === 'boolean' },
};

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const NONE: CheckedOptions = { headers: [] };

/** A path and its options, checked. Fails with: PUSH_PATH_INVALID, PUSH_OPTION_INVALID. */
export function parsePush(path: unknown, options: PushOptions | undefined, place: string): PushRequest {
  checkPath(path, place);
  return { path, options: parseOptions(options, place) };
}

/** Fails with: PUSH_OPTION_INVALID. */
export function parseOptions(options: PushOptions | undefined, place: string): CheckedOptions {
  if (options === undefined) return NONE;
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(RULES, name) ? RULES[name as keyof PushOptions] : undefined;
    if (rule === undefined) throw invalid(place, name, `one of ${Object.keys(RULES).join(', ')}`, 'an option of another name');
    if (value !== undefined && !rule.accepts(value)) throw invalid(place, name, rule.expected, describe(value));
  }
  const headers = Object.entries(options.headers ?? {}).map(([name, value]) => parseField(name, value, place));
  return { ...options, headers };
}

function parseField(name: string, value: unknown, place: string): readonly [string, string] {
  const field = name.toLowerCase();
  if (REFUSED.test(field) || HOP_BY_HOP.has(field)) {
    throw invalid(
      place,
      `the header ${field}`,
      'fields of a request without a body, that is neither conditional nor for a part',
      'it',
    );
  }
  if (typeof value !== 'string') throw invalid(place, `the header ${field}`, 'a text', describe(value));
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    throw invalid(place, `the header ${JSON.stringify(field)}`, 'a valid name and a text', got);
  }
  return [field, value];
}

function invalid(place: string, name: string, expected: string, got: string): Error {
  return pushErrors.PUSH_OPTION_INVALID({ place, name, expected, got });
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 100));
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
}
