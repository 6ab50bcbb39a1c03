import type { PoolClient, PoolConfig } from 'pg';
import type { Logger } from '../diagnostics/logger';
import type { Backend } from './backend';
import type { DatabaseOptions } from './database-options';
import { EmbeddedStream } from './embedded-stream';
import { TemporaryFolder } from './temporary-folder';

/** How long a query nobody waits for any more may go on before its thread is ended; most are done by then. */
const GRACE_MS = 250;

/** The first start creates the files of a database, which takes seconds. */
const CONNECT_TIMEOUT_MS = 60_000;

/**
 * PostgreSQL compiled to WebAssembly (PGlite), in a thread of this process. One query at a time, and none can be
 * interrupted: the thread is ended, and another goes on with the same files.
 */
export class EmbeddedBackend implements Backend {
  readonly kind = 'embedded';
  readonly connection: PoolConfig;
  readonly mostConnections = 1;
  readonly interrupts = false;
  readonly #temporary: TemporaryFolder | undefined;
  readonly #dataDir: string;
  readonly #logger: Logger;
  #stream: EmbeddedStream | undefined;
  #failure: Error | undefined;
  #hasStarted = false;

  constructor({ dataDir, connectTimeoutMs = CONNECT_TIMEOUT_MS }: DatabaseOptions, logger: Logger) {
    this.#temporary = dataDir === undefined ? new TemporaryFolder('rockstar-web-database') : undefined;
    this.#dataDir = dataDir ?? (this.#temporary as TemporaryFolder).path;
    this.#logger = logger;
    this.connection = {
      stream: () => this.#open(),
      user: 'postgres',
      database: 'postgres',
      ssl: false,
      connectionTimeoutMillis: connectTimeoutMs,
      // It would have to start anew; its thread does not keep the process alive.
      idleTimeoutMillis: 0,
      allowExitOnIdle: true,
    };
  }

  get starting(): 'first' | 'anew' | undefined {
    if (this.#stream?.isStarting !== true) return undefined;
    return this.#hasStarted ? 'anew' : 'first';
  }

  cancel(_client: PoolClient, toldForMs: number): Promise<void> {
    if (toldForMs >= GRACE_MS && this.#stream?.destroyed === false) {
      this.#logger.info('a query of the embedded database was cut, and its thread ended', { afterMs: Math.round(toldForMs) });
      this.#stream.destroy();
    }
    return Promise.resolve();
  }

  /** While it works on something it cannot be asked: what is known is how its last start went. */
  probe(): Promise<void> {
    return this.#failure === undefined ? Promise.resolve() : Promise.reject(this.#failure);
  }

  destroyConnections(): void {
    this.#stream?.destroy();
  }

  async close(): Promise<void> {
    await this.#stream?.gone;
    this.#temporary?.remove();
  }

  #open(): EmbeddedStream {
    const before = this.#stream?.gone ?? Promise.resolve();
    const stream = new EmbeddedStream({ dataDir: this.#dataDir, isKept: this.#temporary === undefined }, before);
    stream.once('connect', () => {
      this.#failure = undefined;
      this.#hasStarted = true;
    });
    stream.once('error', (error) => (this.#failure = error));
    this.#stream = stream;
    return stream;
  }
}
