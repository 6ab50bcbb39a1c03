import type { ServerHttp2Session } from 'node:http2';
import type { Logger } from '../diagnostics/logger';
import type { Exchange } from '../http/exchange';
import { type HeadWatcher, watchHead } from '../http/head-watch';
import { isPromised } from '../http/http2-stream';
import type { NodeWire } from '../http/node-wire';
import { keyOf } from './digest';
import { EarlyHints } from './early-hints';
import type { PushArm } from './experiment';
import { GivenCookie } from './given-cookie';
import { type FileOf, findResource, type KnownResource } from './known-resource';
import { PagePromises } from './page-promises';
import { preloadLink } from './preload-link';
import { isSmall, makeRequest } from './promised-request';
import type { PushConnection } from './push-connection';
import type { PushRequest } from './push-options';
import type { NotHinted, NotPromised, PushOutcome, PushSkipped } from './push-outcome';
import type { PushRow } from './push-report';
import type { CheckedSettings } from './push-settings';

/** What a page's pushes share with those of all others. */
export interface PageRooms {
  readonly settings: CheckedSettings;
  readonly logger: Logger;
  readonly fileOf: FileOf;
  connectionOf(exchange: Exchange): PushConnection;
  row(arm: PushArm, route: string): PushRow;
  /** Something that whoever wrote the route wants to know; not each time. */
  warn(route: string, message: string, fields: object): void;
}

/** What one request pushes: the ladder from a promise down to a link, its limits, and the promises under way. */
export class PushPage implements HeadWatcher {
  readonly exchange: Exchange;
  readonly #connection: PushConnection;
  readonly #rooms: PageRooms;
  #arm: PushArm = 'push';
  #counted: PushRow | undefined;
  readonly #keys = new Set<string>();
  readonly #promises: PagePromises;
  readonly #hints: EarlyHints;
  readonly #given: GivenCookie | undefined;
  #isWatched = false;

  constructor(exchange: Exchange, rooms: PageRooms) {
    this.exchange = exchange;
    this.#connection = rooms.connectionOf(exchange);
    this.#rooms = rooms;
    this.#promises = new PagePromises(exchange, this.#connection, rooms.settings, (...told) => this.#warn(...told));
    this.#hints = new EarlyHints(exchange);
    this.#given = rooms.settings.cookie ? new GivenCookie(exchange) : undefined;
  }

  /** An experiment puts its client into an arm, whatever was delivered before. */
  enter(arm: PushArm): void {
    this.#arm = arm;
    this.#counted = undefined;
  }

  get #row(): PushRow {
    this.#counted ??= this.#rooms.row(this.#arm, this.exchange.target.route);
    return this.#counted;
  }

  /** Delivers it by the best way there is. Out: by which, or why not; known at once. */
  deliver(request: PushRequest): PushOutcome {
    const reason = this.#whySkipped(request);
    if (reason !== undefined) return this.skip(reason);
    const outcome = this.#descend(request);
    this.#row.delivered(outcome);
    if (outcome.kind !== 'skipped') this.#keys.add(keyOf(request.options.method, request.path));
    return outcome;
  }

  /** Delivers nothing. */
  skip(reason: PushSkipped): PushOutcome {
    const outcome = { kind: 'skipped', reason } as const;
    this.#row.delivered(outcome);
    return outcome;
  }

  /** What says that nothing is to be delivered, whatever the resource is. */
  #whySkipped({ path, options }: PushRequest): PushSkipped | undefined {
    const { wire, begun, connection } = this.exchange;
    const { stream, method, headers } = wire;
    if (stream !== undefined && isPromised(stream)) return 'nested';
    if (method === 'HEAD' || method === 'CONNECT') return 'method';
    if (this.#arm === 'none') return 'arm';
    if (headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined) return 'conditional';
    if (begun?.reason === 'finished') return 'late';
    if (begun?.ended === true || connection.gone || stream?.aborted === true) return 'cancelled';
    if (wire.complete) return 'late';
    if (this.#keys.has(keyOf(options.method, path))) return 'duplicate';
    const { maxPerPage } = this.#rooms.settings;
    if (this.#keys.size < maxPerPage) return undefined;
    this.#warn('a page has reached its push limit (maxPerPage): the rest is skipped', { limit: maxPerPage });
    return 'limit';
  }

  /** From rung to rung, until one holds. */
  #descend(request: PushRequest): PushOutcome {
    const { host, wire, replied } = this.exchange;
    const { path, options } = request;
    const resource = findResource(host.routes, this.#rooms.fileOf, options.method ?? 'GET', path);
    if (resource === undefined) {
      this.#warn('a page pushes what is not there', { path });
      return { kind: 'skipped', reason: 'missing' };
    }
    const never = this.#whyNeverPromised();
    const { digest } = this.#connection;
    const key = keyOf(options.method, path);
    if (never === undefined && (digest.has(key, resource.file?.etag, host.clock.now()) || this.#given?.has(key, resource))) {
      return { kind: 'skipped', reason: 'cached' };
    }
    const reason = never ?? this.#whyNotNow(resource) ?? this.#promise(request, resource);
    if (reason === undefined) return { kind: 'promised' };
    if (options.method === 'HEAD') return { kind: 'skipped', reason: 'method' };
    if (replied || wire.headSent) return { kind: 'skipped', reason: 'late' };
    return this.#link(request, resource, reason);
  }

  /** What the client, its protocol and the application say, whatever the resource is. */
  #whyNeverPromised(): NotPromised | undefined {
    const { stream } = this.exchange.wire;
    const session = stream?.session;
    if (stream === undefined) return 'http1';
    if (!this.#rooms.settings.promises) return 'off';
    if (this.#arm === 'hints') return 'arm';
    if (session === undefined || session.closed || session.destroyed) return 'leaving';
    return session.remoteSettings.enablePush === false ? 'client' : undefined;
  }

  #whyNotNow({ file }: KnownResource): NotPromised | undefined {
    const { stream } = this.exchange.wire;
    if (stream?.pushAllowed !== true) return 'leaving';
    if (this.#connection.isRefusing) return 'refusing';
    if (!this.#connection.hasRoom(stream.session as ServerHttp2Session)) return 'concurrency';
    if (file !== undefined && file.bytes > this.#rooms.settings.maxFileBytes) return 'size';
    // What nobody knows the length of needs some room at least.
    return this.#promises.hasRoomFor(file?.bytes ?? 1) ? undefined : 'budget';
  }

  #promise(request: PushRequest, resource: KnownResource): NotPromised | undefined {
    const { file } = resource;
    const { wire } = this.exchange;
    const headers = makeRequest(wire, request);
    if (!isSmall(headers, wire.stream?.session?.remoteSettings.maxHeaderListSize)) return 'headers';
    try {
      this.#promises.add({ headers, file, row: this.#row });
      if (!wire.headSent) this.#given?.add(keyOf(request.options.method, request.path), resource);
      this.#watch();
      return undefined;
    } catch (error) {
      this.#rooms.logger.debug('a promise could not be made', { path: request.path, err: error });
      return 'leaving';
    }
  }

  #link({ path, options }: PushRequest, resource: KnownResource, reason: NotPromised): PushOutcome {
    const link = preloadLink(path, options, resource.type);
    this.exchange.addField('link', link);
    const notHinted = this.#whyNotHinted(options.cacheable ?? resource.cacheable);
    if (notHinted !== undefined) return { kind: 'linked', reason, notHinted };
    this.#watch();
    this.#hints.add(link);
    return { kind: 'hinted', reason };
  }

  #whyNotHinted(isCacheable: boolean): NotHinted | undefined {
    const { wire } = this.exchange;
    const { earlyHints } = this.#rooms.settings;
    if (earlyHints === false) return 'off';
    const isOld = wire.stream === undefined && (earlyHints === 'http2' || (wire as NodeWire).request.httpVersion === '1.0');
    if (isOld) return 'http1';
    if (!isCacheable) return 'uncacheable';
    return this.#hints.isSent ? 'sent' : undefined;
  }

  beforeHead(): void {
    this.#hints.send();
  }

  afterHead(): void {
    this.#promises.afterHead();
  }

  #watch(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    watchHead(this.exchange.wire, this);
  }

  #warn(message: string, fields: object): void {
    this.#rooms.warn(this.exchange.target.route, message, fields);
  }
}
