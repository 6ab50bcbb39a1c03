import { Logger, type LogLevel } from '../../lib/diagnostics/logger';
import type { Exchange, RouteTarget } from '../../lib/http/exchange';
import { defaultLimits, type HttpLimits } from '../../lib/http/limits';
import { HttpServer } from '../../lib/http/server';
import type { HttpProtocol, RouteInstruments } from '../../lib/http/target';
import type { TlsOptions } from '../../lib/http/tls-door';
import { answerUnmatched } from '../../lib/http/unmatched';
import { type Clock, systemClock } from '../../lib/lifetime/clock';
import { Deadlines } from '../../lib/lifetime/deadline';
import { Lifetime } from '../../lib/lifetime/lifetime';
import { RouteTable } from '../../lib/routing/route-table';
import { expectNothingLeft } from './expect-nothing-left';
import { soon } from './soon';

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Keeps what it is told. */
export class RecordingLogger extends Logger {
  readonly lines: LogLine[] = [];

  trace(message: string, fields?: object): void {
    this.#keep('trace', message, fields);
  }
  debug(message: string, fields?: object): void {
    this.#keep('debug', message, fields);
  }
  info(message: string, fields?: object): void {
    this.#keep('info', message, fields);
  }
  warn(message: string, fields?: object): void {
    this.#keep('warn', message, fields);
  }
  error(message: string, fields?: object): void {
    this.#keep('error', message, fields);
  }
  fatal(message: string, fields?: object): void {
    this.#keep('fatal', message, fields);
  }

  child(): Logger {
    return this;
  }

  /** The lines at debug level or above. */
  get told(): LogLine[] {
    return this.lines.filter((line) => line.level !== 'trace');
  }

  #keep(level: LogLevel, message: string, fields: object = {}): void {
    this.lines.push({ level, message, fields: { ...fields } });
  }
}

/** Keeps the numbers of one route, or of all. */
export class RecordingInstruments implements RouteInstruments {
  readonly records: { readonly status: number; readonly durationMs: number; readonly protocol: HttpProtocol }[] = [];
  readonly cancellations: string[] = [];
  readonly windings: number[] = [];
  workAfterCancel = 0;
  tooLate = 0;
  floods = 0;

  record(status: number, durationMs: number, protocol: HttpProtocol): void {
    this.records.push({ status, durationMs, protocol });
  }

  cancelled(reason: string): void {
    this.cancellations.push(reason);
  }

  workedAfterCancel(): void {
    this.workAfterCancel++;
  }

  woundUp(afterMs: number): void {
    this.windings.push(afterMs);
  }

  cameTooLate(): void {
    this.tooLate++;
  }

  flooded(): void {
    this.floods++;
  }

  get statuses(): number[] {
    return this.records.map((record) => record.status);
  }
}

export type Run = (exchange: Exchange) => unknown;
export type RouteSpec = Run | (Partial<RouteTarget> & { readonly run: Run });
/** Routes by `METHOD /pattern`. */
export type Routes = Readonly<Record<string, RouteSpec>>;

export interface KernelOptions {
  readonly http2?: boolean | 'h2c';
  readonly tls?: TlsOptions;
  readonly limits?: Partial<HttpLimits>;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Default: a free port of 127.0.0.1. `false`: none. */
  readonly listen?: boolean;
}

/** The HTTP kernel with hand-made routes and nothing above it. */
export class Kernel {
  readonly log = new RecordingLogger();
  readonly instruments = new RecordingInstruments();
  readonly root: Lifetime;
  /** What routes belong to, as to a plugin. */
  readonly owner: Lifetime;
  readonly server: HttpServer;
  readonly deadlines: Deadlines;
  url = new URL('http://127.0.0.1');

  private constructor(routes: Routes, options: KernelOptions) {
    const clock = options.clock ?? systemClock;
    this.root = Lifetime.root({ clock });
    this.owner = this.root.openScope('the plugin');
    this.deadlines = new Deadlines(clock);
    this.server = new HttpServer({
      http2: options.http2 ?? false,
      tls: options.tls,
      limits: { ...defaultLimits, ...options.limits },
      clock,
      deadlines: this.deadlines,
      logger: options.logger ?? this.log,
      routes: this.table(routes),
      unmatched: this.target('', '', (exchange) => answerUnmatched(exchange, this.server.routes)),
    });
  }

  static async open(routes: Routes, options: KernelOptions = {}): Promise<Kernel> {
    const kernel = new Kernel(routes, options);
    if (options.listen !== false) kernel.url = await kernel.server.listen(0, '127.0.0.1');
    return kernel;
  }

  /** How many requests are not closed yet. A number, since a failed expectation would print all that hangs on them. */
  get underWay(): number {
    return [...this.owner.inside()].length;
  }

  /** Exchanges the table, while requests run. */
  use(routes: Routes): void {
    this.server.routes = this.table(routes);
  }

  table(routes: Routes): RouteTable<RouteTarget> {
    const entries = Object.entries(routes).map(([key, spec]) => {
      const [method = '', pattern = ''] = key.split(' ');
      return { method, pattern, place: key, target: this.target(method, pattern, spec) };
    });
    const { table, mistakes } = RouteTable.compile(entries);
    if (mistakes.length > 0) throw mistakes[0] as Error;
    return table;
  }

  /** Cuts what is open, and fails when a lifetime is left. */
  async close(): Promise<void> {
    this.server.drain();
    this.server.destroyConnections();
    await this.server.closeConnections();
    try {
      await soon(() => expectNothingLeft(this.owner));
    } finally {
      this.root.end('shutdown');
      this.deadlines.close();
    }
  }

  private target(method: string, route: string, spec: RouteSpec): RouteTarget {
    return {
      method,
      route,
      owner: this.owner,
      status: 200,
      statusDeclared: false,
      fields: [],
      body: 'maybe',
      metadata: new Map(),
      place: `${method} ${route}`,
      timeoutMs: 30_000,
      answersWhileStopping: false,
      takesOver: false,
      instruments: this.instruments,
      ...(typeof spec === 'function' ? { run: spec } : spec),
    };
  }
}
