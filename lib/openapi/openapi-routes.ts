import { createHash } from 'node:crypto';
import type { Exchange, RouteTarget } from '../http/exchange';
import type { RouteInstruments } from '../http/target';
import type { Lifetime } from '../lifetime/lifetime';
import type { RouteEntry } from '../routing/route-entry';
import type { OpenApiDocument } from './document';
import type { OpenApiOptions } from './openapi-options';
import { contentPolicy, PAGE_FILES, pageHtml, readPageFile } from './page-html';

interface ServingRooms {
  readonly owner: Lifetime;
  readonly instrumentsFor: (method: string, route: string) => RouteInstruments;
}

/** Something that is always the same until the application is made anew. */
interface Fixed {
  readonly type: string;
  readonly bytes: Buffer;
  readonly fields?: readonly string[];
}

/** The routes that serve a document and its page. All bytes are made here, once. */
export function openapiRoutes(
  document: OpenApiDocument,
  options: OpenApiOptions,
  rooms: ServingRooms,
): RouteEntry<RouteTarget>[] {
  const path = trimmed(options.path ?? '/openapi.json');
  const json = fixedRoute(path, { type: 'application/json', bytes: Buffer.from(JSON.stringify(document)) }, rooms);
  const page = options.page ?? '/docs';
  return page === false ? [json] : [json, ...pageRoutes(trimmed(page), path, document, rooms)];
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, '') || '/';
}

function pageRoutes(page: string, path: string, document: OpenApiDocument, rooms: ServingRooms): RouteEntry<RouteTarget>[] {
  const fields = [
    ...['content-security-policy', contentPolicy(document)],
    ...['x-content-type-options', 'nosniff', 'x-frame-options', 'DENY', 'referrer-policy', 'no-referrer'],
  ];
  const html = (slashed: boolean): Buffer =>
    Buffer.from(pageHtml(document.info.title, { page, document: path, slashed: slashed && page !== '/' }));
  const [plain, slashed] = [html(false), html(true)];
  const below = page === '/' ? '' : page;
  return [
    fixedRoute(page, { type: 'text/html; charset=utf-8', bytes: plain, fields }, rooms, ({ wire }) =>
      /^[^?#]*\/(?:[?#]|$)/.test(wire.url) ? slashed : plain,
    ),
    fixedRoute(
      `${below}/${PAGE_FILES.script}`,
      { type: 'text/javascript; charset=utf-8', bytes: readPageFile(PAGE_FILES.script) },
      rooms,
    ),
    fixedRoute(`${below}/${PAGE_FILES.style}`, { type: 'text/css; charset=utf-8', bytes: readPageFile(PAGE_FILES.style) }, rooms),
  ];
}

/** Asked for again, it is asked whether it changed (RFC 9110 §8.8.3). */
function fixedRoute(
  pattern: string,
  { type, bytes, fields = [] }: Fixed,
  { owner, instrumentsFor }: ServingRooms,
  choose: (exchange: Exchange) => Buffer = () => bytes,
): RouteEntry<RouteTarget> {
  const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  const place = 'the OpenAPI document';
  const target: RouteTarget = {
    method: 'GET',
    route: pattern,
    owner,
    status: 200,
    statusDeclared: true,
    fields: ['content-type', type, 'etag', tag, 'cache-control', 'no-cache', ...fields],
    body: 'none',
    metadata: new Map(),
    place,
    timeoutMs: 10_000,
    answersWhileStopping: false,
    takesOver: false,
    instruments: instrumentsFor('GET', pattern),
    run: choose,
  };
  return { method: 'GET', pattern, place, target };
}
