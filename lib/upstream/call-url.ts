import { countsAs } from '../resilience/verdict';
import { upstreamErrors } from './errors';

type QueryValue = string | number | boolean | undefined;

/** Parameters of a URL by name. */
export type CallQuery = Readonly<Record<string, QueryValue | readonly QueryValue[]>>;

/**
 * The URL of a call, with its query.
 *
 * In: `given` is absolute, or with `baseUrl` a path below it: whatever users put into such a path, it cannot name another
 * host, nor climb out.
 * Fails with: UPSTREAM_URL_INVALID.
 */
export function toCallUrl(given: string | URL, baseUrl: string | undefined, query: CallQuery | undefined): URL {
  const url = baseUrl === undefined ? parseAbsolute(String(given)) : parseBelow(String(given), baseUrl);
  // Setting it parses all of it again.
  if (url.href.includes('#')) url.hash = '';
  if (query === undefined) return url;
  for (const [name, value] of Object.entries(query)) {
    for (const one of listOf(value)) if (one !== undefined) url.searchParams.append(name, String(one));
  }
  return url;
}

function listOf(value: QueryValue | readonly QueryValue[]): readonly QueryValue[] {
  return typeof value === 'object' ? value : [value];
}

/** How a call is called in messages: never its query, which may hold a secret. */
export function nameOf(method: string, url: URL): string {
  return `${method} ${url.origin}${url.pathname}`;
}

/** Fails with: UPSTREAM_URL_INVALID. */
export function parseAbsolute(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw invalid(text, 'it is not absolute, and the client has no baseUrl', cause);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw invalid(text, `only http and https are spoken, not ${url.protocol}`);
  if (url.username !== '' || url.password !== '') throw invalid(text, 'credentials belong in a header, not in the URL');
  return url;
}

function parseBelow(path: string, baseUrl: string): URL {
  const base = parseAbsolute(baseUrl);
  const below = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`;
  // A backslash is a slash to URL parsers, a tab or a line break is nothing.
  if (/[\\\t\r\n]/.test(path)) throw invalid(path, 'a path has no backslashes and no line breaks');
  if (/^[a-z][a-z\d+.-]*:/i.test(path) || path.startsWith('//'))
    throw invalid(path, `with a baseUrl only paths below ${baseUrl} can be asked`);
  const url = new URL(`${base.origin}${below}${path.replace(/^\//, '')}`);
  if (path === '' || path.startsWith('?')) url.pathname = base.pathname;
  else if (!url.pathname.startsWith(below)) throw invalid(path, `it climbs out of ${baseUrl}`);
  return url;
}

/** It may be made of what a client sent, and tells nothing of the service that is not asked: it must not open its breaker. */
function invalid(url: string, reason: string, cause?: unknown): Error {
  return countsAs('ignored', upstreamErrors.UPSTREAM_URL_INVALID({ url: withoutSecrets(url), reason }, { cause }));
}

function withoutSecrets(url: string): string {
  return url.replace(/\?.*$/s, '?…').replace(/\/\/[^/@]*@/, '//…@');
}
