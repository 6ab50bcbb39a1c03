import type { IncomingHttpHeaders } from 'node:http';
import { isFrameworkError } from '../errors/framework-error';
import { httpErrors } from './errors';

/** Makes a value of a whole body. What it throws is a 400 to the client, unless it says a status itself (`HttpError`). */
export type ParseBody<Body> = (body: Body, headers: IncomingHttpHeaders) => unknown;

/**
 * How bodies of one content type are parsed: a function that gets the bytes, or an object that says more. `parseAs: 'string'`
 * gives the function text, decoded by the charset that the client names; `bodyLimitBytes` stands in for the application's.
 */
export type ContentTypeParser =
  | ParseBody<Buffer>
  | { readonly parseAs?: 'buffer'; readonly bodyLimitBytes?: number; readonly parse: ParseBody<Buffer> }
  | { readonly parseAs: 'string'; readonly bodyLimitBytes?: number; readonly parse: ParseBody<string> };

/** Parsers by media type: `application/xml`, or with a star: `text/*`, `application/*+xml`. */
export type ContentTypeParsers = Readonly<Record<string, ContentTypeParser>>;

/** A parser with nothing left to ask. */
export interface BodyParser {
  readonly isText: boolean;
  readonly bodyLimitBytes: number | undefined;
  /** Fails with: BODY_MALFORMED, and what the parser throws that says a status. */
  parse(body: Buffer | string, headers: IncomingHttpHeaders): unknown;
}

const MEDIA_TYPE = /^[\w!#$&^.+-]+\/(?:[\w!#$&^.-]+|\*)(?:\+[\w!#$&^.-]+)*$/;

/** Whether these are parsers by media type. */
export function areContentTypeParsers(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).every(([type, parser]) => MEDIA_TYPE.test(type) && isParser(parser));
}

function isParser(parser: unknown): boolean {
  if (typeof parser === 'function') return true;
  if (typeof parser !== 'object' || parser === null) return false;
  const { parse, parseAs = 'buffer', bodyLimitBytes: limit = 1 } = parser as Record<string, unknown>;
  return (
    typeof parse === 'function' && (parseAs === 'buffer' || parseAs === 'string') && Number.isInteger(limit) && Number(limit) > 0
  );
}

/** The parsers an application adds, found by media type: the exact ones first, then the one whose pattern says most. */
export class BodyParsers {
  readonly types: readonly string[];
  readonly #exact = new Map<string, BodyParser>();
  readonly #patterns: { readonly matches: RegExp; readonly parser: BodyParser }[] = [];

  constructor(parsers: ContentTypeParsers) {
    this.types = Object.keys(parsers).map((type) => type.toLowerCase());
    for (const [type, parser] of Object.entries(parsers).sort(([one], [other]) => other.length - one.length)) {
      const name = type.toLowerCase();
      const compiled = compileParser(name, parser);
      if (name.includes('*')) this.#patterns.push({ matches: toPattern(name), parser: compiled });
      else this.#exact.set(name, compiled);
    }
  }

  /** In: a media type in lower case, without parameters. */
  find(type: string): BodyParser | undefined {
    return this.#exact.get(type) ?? this.#patterns.find(({ matches }) => matches.test(type))?.parser;
  }
}

function toPattern(type: string): RegExp {
  return new RegExp(`^${type.replace(/[.+^$]/g, '\\$&').replace('*', '[^/]+')}$`);
}

function compileParser(type: string, given: ContentTypeParser): BodyParser {
  const { parseAs, bodyLimitBytes, parse } = typeof given === 'function' ? { parse: given } : { parseAs: undefined, ...given };
  return {
    isText: parseAs === 'string',
    bodyLimitBytes,
    parse: (body, headers) => {
      try {
        const value = (parse as ParseBody<Buffer | string>)(body, headers);
        return value instanceof Promise ? value.catch((error: unknown) => refuse(type, error)) : value;
      } catch (error) {
        return refuse(type, error);
      }
    },
  };
}

/** A parser that throws did not understand its input. */
function refuse(kind: string, error: unknown): never {
  if (isFrameworkError(error)) throw error;
  throw httpErrors.BODY_MALFORMED({ kind, reason: 'it does not parse' }, { cause: error });
}
