import type { Pool } from 'pg';
import type { Logger } from '../diagnostics/logger';
import type { Clock } from '../lifetime/clock';
import type { Lifetime } from '../lifetime/lifetime';
import type { Backend } from './backend';
import { driver } from './driver';
import { EmbeddedBackend } from './embedded-backend';
import { databaseErrors } from './errors';
import { ServerBackend } from './server-backend';
import type { SessionRooms } from './session';

/** Where the database is. All have a default. */
export interface DatabaseOptions {
  /** `postgres://user:password@host:5432/name`. Default: the environment's `DATABASE_URL`; without it, the embedded one. */
  readonly url?: string;
  /** Where the embedded one keeps its files. Default: a temporary folder, removed when the application is closed. */
  readonly dataDir?: string;
  /** Connections to a server at most. Default 10. */
  readonly maxConnections?: number;
  /** How long a query waits for a free connection, in milliseconds (DATABASE_BUSY). Default 10,000; embedded 60,000. */
  readonly acquireTimeoutMs?: number;
}

interface Around {
  readonly owner: Lifetime;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The connections of an application to its database: none before the first query. */
export class Pools {
  /** What queries belong to that nobody else owns. */
  readonly owner: Lifetime;
  readonly #options: DatabaseOptions;
  readonly #around: Around;
  #rooms: SessionRooms | undefined;
  #isClosed = false;

  constructor(options: DatabaseOptions, around: Around) {
    this.owner = around.owner;
    this.#options = options;
    this.#around = around;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Fails with: DATABASE_URL_INVALID. */
  open(): SessionRooms {
    this.#rooms ??= this.#open();
    return this.#rooms;
  }

  /** Waits for what is under way, and closes every connection. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#rooms === undefined) return;
    const { pool, backend } = this.#rooms;
    await pool.end();
    await backend.close();
  }

  #open(): SessionRooms {
    const { maxConnections = 10 } = this.#options;
    const { clock, logger } = this.#around;
    const backend = this.#backend();
    const { acquireTimeoutMs = Math.max(10_000, backend.connectTimeoutMs) } = this.#options;
    const { Pool: DriverPool } = driver();
    const pool: Pool = new DriverPool({
      ...backend.connection,
      max: backend.mostConnections ?? maxConnections,
      connectionTimeoutMillis: acquireTimeoutMs,
      // The embedded one would have to start anew; its thread does not keep the process alive.
      idleTimeoutMillis: backend.mostConnections === undefined ? 30_000 : 0,
      allowExitOnIdle: true,
    });
    pool.on('error', (error) => logger.warn('an idle connection to the database broke', { err: error }));
    return { backend, pool, owner: this.owner, clock, acquireTimeoutMs };
  }

  #backend(): Backend {
    const { url = process.env.DATABASE_URL, dataDir } = this.#options;
    if (url === undefined || url === '') return new EmbeddedBackend(dataDir);
    if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
      throw databaseErrors.DATABASE_URL_INVALID({ from: this.#options.url === undefined ? 'DATABASE_URL' : 'database.url' });
    }
    return new ServerBackend(url);
  }
}
