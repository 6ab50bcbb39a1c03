import { readFile } from 'node:fs/promises';
import type { Exchange, RouteTarget } from '../http/exchange';
import { rangeApplies } from '../http/preconditions';
import { settledByConditions } from '../http/reply-writer';
import { send } from '../http/send';
import { routingErrors } from '../routing/errors';
import type { LateFinder, RouteMatch } from '../routing/route-table';
import { acceptedCoding } from './accepted-coding';
import { viewErrors } from './errors';
import type { Representation, Sendable, StaticFile } from './static-file';
import { findPart, type OpenPart, opened } from './static-files';
import type { StaticFolder } from './static-folder';
import type { StaticIndex } from './static-index';
import { pathOf } from './static-path';

/** Up to this size a file is read whole, and kept; beyond it is streamed. */
const WHOLE_BYTES = 64 * 1024;
/** What is kept of all files together. */
const KEPT_BYTES = 32 * 1024 * 1024;
/** How often what is being sent may turn out to have changed meanwhile. */
const ATTEMPTS = 3;

/** Makes the target of a route that is named for metrics and messages. */
export type MakeTarget = (route: string, run: (exchange: Exchange) => unknown) => RouteTarget;

/**
 * Sends static files: found when the request is sorted, so that a path without a file is an ordinary 404, and one with a file
 * 405 to other methods than GET and HEAD.
 *
 * A route wins over a file; but a file wins over a route that ends in `*` and is no more specific than the folder's prefix.
 */
export class StaticServer implements LateFinder<RouteTarget> {
  readonly methods = ['GET', 'HEAD'];
  readonly #index: StaticIndex;
  readonly #targets: ReadonlyMap<StaticFolder, RouteTarget>;
  #kept: Representation[] = [];
  #keptBytes = 0;

  constructor(index: StaticIndex, makeTarget: MakeTarget) {
    this.#index = index;
    const targetOf = (folder: StaticFolder): RouteTarget =>
      makeTarget(`${folder.settings.prefix}/*`, (exchange) => this.#answer(exchange, folder, ATTEMPTS));
    this.#targets = new Map(index.folders.map((folder) => [folder, targetOf(folder)]));
  }

  find(method: string, url: string, match: RouteMatch<RouteTarget> | null): RouteMatch<RouteTarget> | null {
    if (method !== 'GET' && method !== 'HEAD') return match;
    const rival = match?.store;
    if (rival === null || (rival !== undefined && !rival.route.endsWith('*'))) return match;
    const place = this.#index.place(
      pathOf(url),
      (folder) => rival === undefined || !isDeeper(rival.route, folder.settings.prefix),
    );
    if (place === undefined) return match;
    const store = this.#targets.get(place.folder) as RouteTarget;
    return { store, params: { '*': place.path }, searchParams: queryOf(url) };
  }

  /** The file behind a match of the route table; `undefined`: a route answers, or a folder is meant. */
  fileOf({ store, params }: RouteMatch<RouteTarget>): StaticFile | undefined {
    for (const [folder, target] of this.#targets) if (target === store) return folder.find(params['*'] as string);
    return undefined;
  }

  #answer(exchange: Exchange, folder: StaticFolder, attempts: number): unknown {
    const path = exchange.params['*'] as string;
    const file = folder.find(path);
    if (file !== undefined) return this.#send(exchange, folder, file, attempts);
    if (!folder.isFolder(path)) throw notFound(exchange);
    exchange.setField('location', `${pathOf(exchange.wire.url)}/${searchIn(exchange.wire.url)}`);
    send(exchange, 301, undefined, '');
    return undefined;
  }

  #send(exchange: Exchange, folder: StaticFolder, file: StaticFile, attempts: number): unknown {
    const { headers, method } = exchange.wire;
    const sendable = choose(file, headers['accept-encoding']);
    const { form } = sendable;
    addFields(exchange, sendable.fields);
    if (settledByConditions(exchange)) return undefined;
    addFields(exchange, sendable.contentFields);
    if (method === 'HEAD') {
      exchange.setField('content-length', String(form.bytes));
      send(exchange, 200, form.type, undefined);
      return undefined;
    }
    const range = rangeApplies(exchange) ? headers.range : undefined;
    if (range !== undefined || form.bytes > WHOLE_BYTES) return this.#sendPart(exchange, folder, form, range, attempts);
    if (form.contents === undefined) return this.#readAndSend(exchange, folder, form, attempts);
    send(exchange, 200, form.type, form.contents);
    return undefined;
  }

  async #readAndSend(exchange: Exchange, folder: StaticFolder, form: Representation, attempts: number): Promise<unknown> {
    const { lifetime } = exchange;
    const contents = await readFile(form.file, { signal: lifetime.signal }).catch(goneIsUndefined);
    if (lifetime.ended) return undefined;
    if (contents?.length !== form.bytes) return this.#again(exchange, folder, attempts);
    this.#keep(form, contents);
    send(exchange, 200, form.type, contents);
    return undefined;
  }

  /** When there is no more room, all are let go of: also those whose files have changed since, which nobody asks for. */
  #keep(form: Representation, contents: Buffer): void {
    if (form.contents !== undefined) return;
    if (this.#keptBytes + contents.length > KEPT_BYTES) {
      for (const one of this.#kept) one.contents = undefined;
      this.#kept = [];
      this.#keptBytes = 0;
    }
    this.#kept.push(form);
    this.#keptBytes += contents.length;
    form.contents = contents;
  }

  async #sendPart(
    exchange: Exchange,
    folder: StaticFolder,
    form: Representation,
    range: string | undefined,
    attempts: number,
  ): Promise<unknown> {
    const { lifetime } = exchange;
    const part = await findPart(form.file, range);
    if (part.kind === 'unsatisfiable') throw unsatisfiable(form);
    if (part.kind === 'gone') return this.#again(exchange, folder, attempts);
    const { stream } = part;
    // Whatever happens from here on, the file is closed.
    lifetime.defer(() => stream.destroy());
    const isOpen = await opened(stream).then(() => true, goneIsUndefined);
    if (lifetime.ended) return undefined;
    if (isOpen === undefined || !form.matches(part.stats)) {
      stream.destroy();
      return this.#again(exchange, folder, attempts);
    }
    return describePart(exchange, form, part);
  }

  /** It is not what it was when it was looked up. */
  #again(exchange: Exchange, folder: StaticFolder, attempts: number): unknown {
    if (exchange.lifetime.ended) return undefined;
    const path = exchange.params['*'] as string;
    exchange.fields = undefined;
    if (attempts === 0 || folder.renew(path) === undefined) throw notFound(exchange);
    return this.#answer(exchange, folder, attempts - 1);
  }
}

/** How many names stand in front of the star. */
function isDeeper(route: string, prefix: string): boolean {
  return route.slice(0, route.lastIndexOf('/')).split('/').length > prefix.split('/').length;
}

function choose(file: StaticFile, accepted: string | string[] | undefined): Sendable {
  if (accepted === undefined || file.coded.length === 0) return file.plain;
  return acceptedCoding(String(accepted), file.coded) ?? file.plain;
}

/** They were checked when the file was looked up. Never the shared list itself: whoever sets a field changes it. */
function addFields(exchange: Exchange, fields: readonly string[]): void {
  exchange.fields = exchange.fields === undefined ? fields.slice() : exchange.fields.concat(fields);
}

function describePart(exchange: Exchange, form: Representation, { stream, bytes, range }: OpenPart): unknown {
  exchange.setField('content-type', form.type);
  exchange.setField('content-length', String(bytes));
  if (range !== undefined) {
    exchange.status = 206;
    exchange.setField('content-range', range);
  }
  return stream;
}

function notFound(exchange: Exchange): Error {
  return routingErrors.ROUTE_NOT_FOUND({ path: pathOf(exchange.wire.url) });
}

function unsatisfiable({ bytes }: Representation): Error {
  return viewErrors.STATIC_RANGE_UNSATISFIABLE({ bytes }, { headers: { 'content-range': `bytes */${bytes}` } });
}

function goneIsUndefined(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ABORT_ERR') return undefined;
  throw error;
}

function searchIn(url: string): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at).split('#', 1)[0];
}

function queryOf(url: string): string {
  return searchIn(url).slice(1);
}
