import type { BeforeStep, PagePusher, RouteDraft } from '../controllers/route-draft';
import type { Logger } from '../diagnostics/logger';
import type { Connection } from '../http/connection';
import type { Exchange, RouteTarget } from '../http/exchange';
import type { Clock } from '../lifetime/clock';
import type { RouteTable } from '../routing/route-table';
import { pushErrors } from './errors';
import type { PushArm } from './experiment';
import { type FileOf, findResource } from './known-resource';
import { PushConnection } from './push-connection';
import type { CheckedPush } from './push-declaration';
import { type PushOptions, parsePush, type PushRequest } from './push-options';
import { explain, type PushOutcome } from './push-outcome';
import { checkPath, isPath, type PathTemplate } from './push-path';
import { type PageRooms, PushPage } from './push-page';
import { type PushObserver, PushReport, type PushRow } from './push-report';
import type { CheckedSettings } from './push-settings';

/** What the room is lent by the application. */
export interface PushRooms {
  readonly logger: Logger;
  readonly clock: Clock;
  /** What a handler holds. */
  readonly contextOf: (exchange: Exchange) => unknown;
  /** Makes whoever keeps numbers beside the report, when there are any. */
  readonly observe?: (() => PushObserver) | undefined;
}

/** How often a route is warned of for the same. */
const WARN_EVERY_MS = 10_000;

/** All pushing of an application: what routes declare, what handlers ask for, and what became of it. */
export class Pushes implements PagePusher, PageRooms {
  readonly settings: CheckedSettings;
  readonly report: PushReport;
  readonly #rooms: PushRooms;
  readonly #pages = new WeakMap<Exchange, PushPage>();
  readonly #connections = new WeakMap<Connection, PushConnection>();
  readonly #warnedMs = new Map<string, number>();
  /** Paths, each with the place that declares it. */
  readonly #declared = new Map<string, string>();
  #fileOf: FileOf = () => undefined;
  #isUsed = false;

  constructor(settings: CheckedSettings, rooms: PushRooms) {
    this.settings = settings;
    this.report = new PushReport(rooms.observe);
    this.#rooms = rooms;
  }

  get logger(): Logger {
    return this.#rooms.logger;
  }

  get fileOf(): FileOf {
    return this.#fileOf;
  }

  /** The routes are there. What is declared and leads nowhere is told, since it may still come. */
  begin(routes: RouteTable<RouteTarget>, fileOf: FileOf): void {
    this.#fileOf = fileOf;
    for (const [path, place] of this.#declared) {
      if (findResource(routes, fileOf, 'GET', path) === undefined) {
        this.logger.warn('a route declares a push of what is not there', { place, path });
      }
    }
  }

  /** `ctx.push()`. Fails with: PUSH_PATH_INVALID, PUSH_OPTION_INVALID. */
  push(exchange: Exchange, path: string, options?: PushOptions): PushOutcome {
    const request = parsePush(path, options, exchange.target.place);
    if (!this.settings.isOn) return { kind: 'skipped', reason: 'off' };
    this.#isUsed = true;
    return this.#deliver(this.#pageOf(exchange), request);
  }

  /** The step of a route that pushes what its decorator declares; it never fails. */
  compile(declared: object, draft: RouteDraft): BeforeStep | undefined {
    if (!this.settings.isOn) return undefined;
    const push = declared as CheckedPush;
    this.#isUsed = true;
    this.#declare(draft, push);
    const { options, experiment } = push;
    const read = readerOf(push, this.#rooms.contextOf);
    return (exchange) => {
      const page = this.#pageOf(exchange);
      if (experiment !== undefined) page.enter(experiment.enter(exchange));
      const isRejected = isHopeless(exchange, draft);
      for (const path of this.#read(exchange, read)) {
        if (isRejected) this.#told(page, { path, options }, page.skip('breaker'));
        else this.#deliver(page, { path, options });
      }
    };
  }

  connectionOf({ connection }: Exchange): PushConnection {
    let known = this.#connections.get(connection);
    if (known === undefined) {
      known = new PushConnection(this.settings);
      this.#connections.set(connection, known);
      connection.promises = known;
    }
    return known;
  }

  row(arm: PushArm, route: string): PushRow {
    return this.report.row(arm, route);
  }

  warn(route: string, message: string, fields: object): void {
    const key = `${route} ${message}`;
    const nowMs = this.#rooms.clock.now();
    const isNews = nowMs - (this.#warnedMs.get(key) ?? -Infinity) >= WARN_EVERY_MS;
    if (isNews) this.#warnedMs.set(key, nowMs);
    this.logger[isNews ? 'warn' : 'debug'](message, { route, ...fields });
  }

  /** Answers with a file, and notes that its client has it. */
  noting(answer: (exchange: Exchange) => unknown): (exchange: Exchange) => unknown {
    return (exchange) => {
      if (this.#isUsed) this.#note(exchange);
      return answer(exchange);
    };
  }

  #note(exchange: Exchange): void {
    const { target, params, search, wire } = exchange;
    if (wire.stream === undefined || wire.method !== 'GET' || search !== '') return;
    const file = this.#fileOf({ store: target, params, searchParams: search });
    if (file === undefined) return;
    const { digest } = this.connectionOf(exchange);
    if (digest.get(wire.url)?.etag !== file.etag) digest.add(wire.url, { etag: file.etag, freshUntilMs: 0, row: undefined });
  }

  #pageOf(exchange: Exchange): PushPage {
    let page = this.#pages.get(exchange);
    if (page === undefined) {
      page = new PushPage(exchange, this);
      this.#pages.set(exchange, page);
    }
    return page;
  }

  #deliver(page: PushPage, request: PushRequest): PushOutcome {
    return this.#told(page, request, page.deliver(request));
  }

  #told({ exchange }: PushPage, { path }: PushRequest, outcome: PushOutcome): PushOutcome {
    if (this.logger.isLevelEnabled('debug')) {
      const { route } = exchange.target;
      this.logger.debug('push', { route, path, ...outcome, because: explain(outcome) });
    }
    return outcome;
  }

  /** Which paths a request pushes; that this fails is the route's mistake, and nothing its client has to know. */
  #read(exchange: Exchange, read: (exchange: Exchange) => readonly string[]): readonly string[] {
    try {
      return read(exchange);
    } catch (error) {
      this.warn(exchange.target.route, 'what a route pushes could not be told', { err: error });
      return [];
    }
  }

  #declare({ place }: RouteDraft, { paths }: CheckedPush): void {
    if (typeof paths === 'function') return;
    for (const { text, names } of paths) if (names.length === 0) this.#declared.set(text, place);
  }
}

/** Whether the handler will not be called, as far as somebody knows; who fails to say so will fail at its own place. */
function isHopeless(exchange: Exchange, { wouldReject }: RouteDraft): boolean {
  try {
    return wouldReject.some((ask) => ask(exchange));
  } catch {
    return true;
  }
}

function readerOf({ paths }: CheckedPush, contextOf: (exchange: Exchange) => unknown): (exchange: Exchange) => readonly string[] {
  if (typeof paths !== 'function') return fillerOf(paths);
  return (exchange) => {
    const given: unknown = paths(contextOf(exchange) as never);
    const { place } = exchange.target;
    if (!Array.isArray(given)) throw pushErrors.PUSH_PATHS_INVALID({ place, got: typeof given });
    for (const path of given) checkPath(path, place);
    return given as string[];
  };
}

function fillerOf(templates: readonly PathTemplate[]): (exchange: Exchange) => readonly string[] {
  const plain = templates.map(({ text }) => text);
  if (templates.every(({ names }) => names.length === 0)) return () => plain;
  // What a client sends as a parameter may be a dot segment, or too long.
  return ({ params }) => templates.map((template) => template.fill(params)).filter(isPath);
}
