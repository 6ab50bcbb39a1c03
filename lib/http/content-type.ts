/** A header value with its parameters: `form-data; name="a"`, `multipart/form-data; boundary=x`. */
export interface ParameterizedValue {
  /** In front of the first semicolon, in lower case. */
  readonly value: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** The type of a `Content-Type` without its parameters, in lower case; empty when there is none. */
export function mediaTypeOf(contentType: string | undefined): string {
  return contentType?.split(';', 1)[0].trim().toLowerCase() ?? '';
}

/** The charset a `Content-Type` names, in lower case; UTF-8 when it names none. */
export function charsetOf(contentType: string | undefined): string {
  if (contentType === undefined || !contentType.includes(';')) return 'utf-8';
  return /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1]?.toLowerCase() ?? 'utf-8';
}

/** In quotes, a quotation mark behind a backslash ends the text only where nothing but the next parameter follows. */
const PARAMETER = /;[ \t]*(?:([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\"(?![ \t]*(?:;|$))|\\)*)"|([^;"]*))[ \t]*)?/y;

/**
 * Takes a header value with parameters apart (RFC 9110 §5.6.6).
 *
 * Out: `undefined` when it is malformed, or names a parameter twice. In quotes only `\"` is an escape, and not even that
 * where it has to be the end: browsers escape neither backslashes nor, with one, quotation marks.
 */
export function parseParameters(header: string): ParameterizedValue | undefined {
  const end = header.indexOf(';');
  if (end < 0) return { value: header.trim().toLowerCase(), parameters: new Map() };
  const parameters = new Map<string, string>();
  for (PARAMETER.lastIndex = end; PARAMETER.lastIndex < header.length;) {
    const found = PARAMETER.exec(header);
    if (found === null) return undefined;
    const [, name, quoted, plain] = found as (string | undefined)[];
    if (name === undefined) continue;
    const key = name.toLowerCase();
    if (parameters.has(key)) return undefined;
    parameters.set(key, quoted === undefined ? (plain ?? '').trim() : quoted.replaceAll('\\"', '"'));
  }
  return { value: header.slice(0, end).trim().toLowerCase(), parameters };
}
