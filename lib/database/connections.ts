import type { Pool } from 'pg';
import type { Logger } from '../diagnostics/logger';
import { type Clock, systemClock } from '../lifetime/clock';
import type { Deadlines } from '../lifetime/deadline';
import { cancelledBecause } from '../lifetime/end-reason';
import type { Lifetime } from '../lifetime/lifetime';
import type { Backend } from './backend';
import { type DatabaseOptions, EMBEDDED, urlOf } from './database-options';
import { driver } from './driver';
import { EmbeddedBackend } from './embedded-backend';
import { databaseErrors, untold } from './errors';
import { Leases } from './leases';
import { type DatabaseObserver, Report } from './report';
import { HeldCursor, type RowCursor, type RowQuery, TransactionCursor } from './row-cursor';
import { ServerBackend } from './server-backend';
import type { SessionRooms } from './session';
import { Work } from './work';

/** What an application lends to its databases. */
export interface DatabaseRooms {
  /** What queries outside of any request are a part of. */
  readonly owner: Lifetime;
  /** Aborted when the application is told to stop: then a database is not started any further for those who wait for it. */
  readonly stopping: AbortSignal;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly logger: Logger;
}

/** How its connections are used. */
export interface ConnectionNumbers {
  readonly used: number;
  readonly idle: number;
  readonly most: number;
  readonly waiting: number;
}

interface Opened extends SessionRooms {
  readonly pool: Pool;
  readonly most: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_CONNECTIONS = 10;

/** How long what was cut has to come to its end when the database is closed. */
const CLOSE_MS = 1_000;

/** The connections of an application to one database: none before something is asked. */
export class Connections {
  readonly #url: string;
  readonly #options: DatabaseOptions;
  readonly #rooms: DatabaseRooms;
  readonly #observer: DatabaseObserver;
  #opened: Opened | undefined;
  #closed: Promise<void> | undefined;

  /** Fails with: DATABASE_URL_INVALID. */
  constructor(options: DatabaseOptions, rooms: DatabaseRooms, observer: DatabaseObserver) {
    this.#url = urlOf(options, process.env);
    this.#options = options;
    this.#rooms = rooms;
    this.#observer = observer;
  }

  /** What sessions are opened with. Fails with: DATABASE_CLOSED. */
  get rooms(): SessionRooms {
    return this.#open();
  }

  get numbers(): ConnectionNumbers {
    if (this.#opened === undefined) return { used: 0, idle: 0, most: this.#most(undefined), waiting: 0 };
    const { pool, leases, most } = this.#opened;
    return { used: leases.lent, idle: pool.idleCount, most, waiting: leases.waiting };
  }

  /** Something is asked. In: whose work it is; `undefined`: the application's. Fails with: DATABASE_CLOSED, and as `Work`. */
  begin(owner: Lifetime | undefined, asked: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {}): Work {
    if (this.#closed !== undefined) throw databaseErrors.DATABASE_CLOSED({}, untold('DATABASE_CLOSED'));
    const { timeoutMs = this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS, signal } = asked;
    return new Work(owner ?? this.#rooms.owner, { signal, timeoutMs, deadlines: this.#rooms.deadlines });
  }

  openCursor(work: Work, query: RowQuery): RowCursor {
    const rooms = this.#open();
    return rooms.backend.mostConnections === 1
      ? new HeldCursor(rooms, work, () => this.begin(undefined), query)
      : new TransactionCursor(rooms, work, query);
  }

  /** Whether it can be asked. Fails with: what is in the way. */
  async probe(): Promise<void> {
    await this.#open().backend.probe();
  }

  /** Waits a moment for what was cut, and closes every connection. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#opened === undefined) return;
    const { pool, backend, leases } = this.#opened;
    leases.refuseAll(databaseErrors.DATABASE_CLOSED({}, untold('DATABASE_CLOSED')));
    // Nothing runs on it yet that could come to its end.
    if (backend.starting !== undefined) backend.destroyConnections();
    const cancel = systemClock.setTimer(() => backend.destroyConnections(), CLOSE_MS);
    await pool.end();
    await backend.close();
    cancel();
  }

  #open(): Opened {
    if (this.#closed !== undefined) throw databaseErrors.DATABASE_CLOSED({}, untold('DATABASE_CLOSED'));
    this.#opened ??= this.#connect();
    return this.#opened;
  }

  #connect(): Opened {
    const { acquireTimeoutMs } = this.#options;
    const { clock, deadlines, stopping } = this.#rooms;
    const backend = this.#backend();
    const most = this.#most(backend);
    const pool = this.#makePool(backend, most);
    const leases = new Leases(pool, {
      clock,
      deadlines,
      most,
      acquireTimeoutMs: acquireTimeoutMs ?? (backend.kind === 'embedded' ? 20_000 : 10_000),
      waited: (ms, inVain) => this.#observer.waited(ms, inVain),
    });
    stopping.addEventListener('abort', () => this.#giveUpStart(), { once: true });
    return { backend, pool, leases, most, report: new Report(this.#observer, clock) };
  }

  /** What had started once goes on for those who are asking. */
  #giveUpStart(): void {
    if (this.#opened?.backend.starting !== 'first') return;
    const { leases, backend } = this.#opened;
    leases.refuseAll(cancelledBecause('shutdown'));
    backend.destroyConnections();
    this.#rooms.logger.info('the start of the embedded database was given up');
  }

  #makePool(backend: Backend, max: number): Pool {
    const { Pool: DriverPool } = driver();
    const pool: Pool = new DriverPool({ ...backend.connection, max });
    const { logger } = this.#rooms;
    pool.on('error', (error) => logger.warn('an idle connection to the database broke', { err: error }));
    return pool;
  }

  #most(backend: Backend | undefined): number {
    const isEmbedded = backend === undefined ? this.#url === EMBEDDED : backend.kind === 'embedded';
    return isEmbedded ? 1 : (this.#options.maxConnections ?? DEFAULT_CONNECTIONS);
  }

  #backend(): Backend {
    const { logger } = this.#rooms;
    return this.#url === EMBEDDED ? new EmbeddedBackend(this.#options, logger) : new ServerBackend(this.#url, this.#options);
  }
}
