import type { ServerHttp2Session } from 'node:http2';
import type { Logger } from '../diagnostics/logger';
import type { Exchange } from '../http/exchange';
import { type HeadWatcher, watchHead } from '../http/head-watch';
import { isPromised } from '../http/http2-stream';
import type { NodeWire } from '../http/node-wire';
import type { EndReason } from '../lifetime/end-reason';
import type { PushArm } from './experiment';
import { type FileOf, findResource, type KnownResource } from './known-resource';
import { preloadLink } from './preload-link';
import { PromisedStream, type PromisingPage } from './promised-stream';
import { makeRequest } from './promised-request';
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
export class PushPage implements HeadWatcher, PromisingPage {
  readonly exchange: Exchange;
  readonly connection: PushConnection;
  readonly row: PushRow;
  readonly #rooms: PageRooms;
  readonly #arm: PushArm;
  readonly #paths = new Set<string>();
  readonly #promised: PromisedStream[] = [];
  /** To be sent with the one 103. */
  #links: string[] = [];
  #bytes = 0;
  #isHinted = false;
  #isWatched = false;
  #isHeadGone: boolean;
  #isPouring = false;
  /** `undefined`: the client takes promises, as far as its protocol and its settings say. */
  readonly #neverPromised: NotPromised | undefined;

  constructor(exchange: Exchange, rooms: PageRooms, arm: PushArm) {
    this.exchange = exchange;
    this.connection = rooms.connectionOf(exchange);
    this.row = rooms.row(arm, exchange.target.route);
    this.#rooms = rooms;
    this.#arm = arm;
    this.#isHeadGone = exchange.wire.headSent;
    this.#neverPromised = this.#whyNeverPromised();
  }

  /** Delivers it by the best way there is. Out: by which, or why not; known at once. */
  deliver(request: PushRequest): PushOutcome {
    const reason = this.#whySkipped(request);
    if (reason !== undefined) return this.skip(reason);
    const outcome = this.#descend(request);
    this.row.delivered(outcome);
    if (outcome.kind !== 'skipped') this.#paths.add(request.path);
    return outcome;
  }

  /** Delivers nothing. */
  skip(reason: PushSkipped): PushOutcome {
    const outcome = { kind: 'skipped', reason } as const;
    this.row.delivered(outcome);
    return outcome;
  }

  /** What says that nothing is to be delivered, whatever the resource is. */
  #whySkipped({ path }: PushRequest): PushSkipped | undefined {
    const { wire, begun, connection } = this.exchange;
    const { stream, method, headers } = wire;
    if (stream !== undefined && isPromised(stream)) return 'nested';
    if (method === 'HEAD' || method === 'CONNECT') return 'method';
    if (this.#arm === 'none') return 'arm';
    if (headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined) return 'conditional';
    if (begun?.reason === 'finished') return 'late';
    if (begun?.ended === true || connection.gone || stream?.aborted === true) return 'cancelled';
    if (wire.complete) return 'late';
    if (this.#paths.has(path)) return 'duplicate';
    const { maxPerPage } = this.#rooms.settings;
    if (this.#paths.size < maxPerPage) return undefined;
    this.#warn('a page pushes more than maxPerPage allows: the rest is skipped', { maxPerPage });
    return 'limit';
  }

  /** From rung to rung, until one holds. */
  #descend(request: PushRequest): PushOutcome {
    const { host, wire } = this.exchange;
    const { path, options } = request;
    const resource = findResource(host.routes, this.#rooms.fileOf, options.method ?? 'GET', path);
    if (resource === undefined) {
      this.#warn('a page pushes what is not there', { path });
      return { kind: 'skipped', reason: 'missing' };
    }
    const isTaking = this.#neverPromised === undefined;
    const isGiven = isTaking && this.connection.digest.has(path, resource.file?.etag, host.clock.now());
    if (isGiven) return { kind: 'skipped', reason: 'cached' };
    const reason = this.#neverPromised ?? this.#whyNotNow(resource) ?? this.#promise(request, resource);
    if (reason === undefined) return { kind: 'promised' };
    if (options.method === 'HEAD') return { kind: 'skipped', reason: 'method' };
    if (wire.headSent) return { kind: 'skipped', reason: 'late' };
    return this.#link(request, resource, reason);
  }

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
    const { connection } = this;
    const { stream } = this.exchange.wire;
    const { maxFileBytes, maxPageBytes, maxConnectionBytes } = this.#rooms.settings;
    if (stream?.pushAllowed !== true) return 'leaving';
    if (connection.isRefusing) return 'refusing';
    if (!connection.hasRoom(stream.session as ServerHttp2Session)) return 'concurrency';
    const bytes = file?.bytes ?? 0;
    if (file !== undefined && bytes > maxFileBytes) return 'size';
    // What nobody knows the length of needs some room at least.
    const least = Math.max(1, bytes);
    return this.#bytes + least > maxPageBytes || connection.bytes + least > maxConnectionBytes ? 'budget' : undefined;
  }

  #promise(request: PushRequest, { file }: KnownResource): NotPromised | undefined {
    const { exchange } = this;
    try {
      const promised = new PromisedStream(this, { headers: makeRequest(exchange.wire, request), file });
      if (this.#promised.length === 0) exchange.lifetime.defer((reason) => this.#over(reason));
      this.#promised.push(promised);
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
    if (this.#links.length === 0) process.nextTick(() => this.beforeHead());
    this.#links.push(link);
    return { kind: 'hinted', reason };
  }

  #whyNotHinted(isCacheable: boolean): NotHinted | undefined {
    const { wire } = this.exchange;
    const { earlyHints } = this.#rooms.settings;
    if (earlyHints === false) return 'off';
    const isOld = wire.stream === undefined && (earlyHints === 'http2' || (wire as NodeWire).request.httpVersion === '1.0');
    if (isOld) return 'http1';
    if (!isCacheable) return 'uncacheable';
    return this.#isHinted ? 'sent' : undefined;
  }

  /** Sends the one 103, when the tick is over or the head is about to go: whichever comes first. */
  beforeHead(): void {
    if (this.#links.length === 0 || this.#isHinted) return;
    this.#isHinted = true;
    this.exchange.wire.hint(this.#links);
    this.#links = [];
  }

  afterHead(): void {
    this.#isHeadGone = true;
    this.#pourSoon();
  }

  opened(): void {
    if (this.#isHeadGone) this.#pourSoon();
  }

  spend(bytes: number): boolean {
    const { maxPageBytes, maxConnectionBytes } = this.#rooms.settings;
    this.#bytes += bytes;
    return this.#bytes <= maxPageBytes && this.connection.bytes <= maxConnectionBytes;
  }

  failed(path: string, reason: string): void {
    this.#warn('a push failed', { path, reason });
  }

  #watch(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    watchHead(this.exchange.wire, this);
  }

  /** Behind what the page itself writes in the tick its head goes out. */
  #pourSoon(): void {
    if (this.#isPouring || this.#promised.length === 0) return;
    this.#isPouring = true;
    setImmediate(() => {
      this.#isPouring = false;
      for (const promised of this.#promised) promised.pour();
    });
  }

  /** Its end in any way but the normal one ends what it promised; so does one that came to no head. */
  #over(reason: EndReason): void {
    if (reason === 'finished' && this.#isHeadGone) return;
    for (const promised of this.#promised) promised.takeBack();
  }

  #warn(message: string, fields: object): void {
    this.#rooms.warn(this.exchange.target.route, message, fields);
  }
}
