import type { RouteTarget } from '../http/exchange';
import type { RouteMatch, RouteTable } from '../routing/route-table';
import { freshForMs, readMaxAgeMs } from './cache-lifetime';

/** What is known of a static file before anybody asks for it. */
export interface KnownFile {
  /** Its content type. */
  readonly type: string;
  readonly bytes: number;
  readonly etag: string;
  /** Whether a client may use it again without asking. */
  readonly cacheable: boolean;
}

/** The file behind a match of the route table; `undefined`: a route answers. */
export type FileOf = (match: RouteMatch<RouteTarget>) => KnownFile | undefined;

/** What is known of what answers at a path, before it is asked. */
export interface KnownResource {
  readonly file: KnownFile | undefined;
  readonly type: string | undefined;
  readonly cacheable: boolean;
  /** How long what a route answers may be used again, as far as the route says so of all its answers. */
  readonly freshMs: number;
}

/** Looks up what answers at a path; `undefined`: nothing does, or it would take the connection over. */
export function findResource(
  routes: RouteTable<RouteTarget>,
  fileOf: FileOf,
  method: string,
  path: string,
): KnownResource | undefined {
  const match = routes.find(method, path);
  const target = match?.store;
  if (match === null || target === null || target === undefined || target.takesOver) return undefined;
  const file = fileOf(match);
  if (file !== undefined) return { file, type: file.type, cacheable: file.cacheable, freshMs: 0 };
  const cacheControl = fieldOf(target, 'cache-control');
  const cacheable = cacheControl !== undefined && readMaxAgeMs(cacheControl) > 0;
  const freshMs = freshForMs({ 'cache-control': cacheControl, vary: fieldOf(target, 'vary') });
  return { file: undefined, type: fieldOf(target, 'content-type'), cacheable, freshMs };
}

/** What a route says of all its answers. */
function fieldOf({ fields }: RouteTarget, name: string): string | undefined {
  for (let at = 0; at < fields.length; at += 2) if (fields[at] === name) return fields[at + 1];
  return undefined;
}
