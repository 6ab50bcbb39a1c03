import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientConfig, PoolClient } from 'pg';
import type { Backend } from './backend';
import { EmbeddedStream } from './embedded-stream';

/** How long a query nobody waits for any more may go on before its thread is ended; most are done by then. */
const GRACE_MS = 250;

/** The first start creates the files of a database, which takes seconds. */
const CONNECT_TIMEOUT_MS = 60_000;

const FOLDER = 'rockstar-web-database-';

/**
 * PostgreSQL compiled to WebAssembly (PGlite), in a thread of this process. One query at a time, and none can be
 * interrupted: the thread is ended, and another goes on with the same files.
 */
export class EmbeddedBackend implements Backend {
  readonly connection: ClientConfig;
  readonly mostConnections = 1;
  readonly holdsCursors = true;
  readonly connectTimeoutMs = CONNECT_TIMEOUT_MS;
  readonly #isTemporary: boolean;
  #dataDir: string | undefined;
  #stream: EmbeddedStream | undefined;

  /** In: where its files are kept; `undefined`: in a temporary folder, until it is closed. */
  constructor(dataDir: string | undefined) {
    this.#isTemporary = dataDir === undefined;
    this.#dataDir = dataDir;
    const stream = (): EmbeddedStream => this.#open();
    // The driver's types know sockets only.
    this.connection = { stream: stream, user: 'postgres', database: 'postgres', ssl: false };
  }

  cancel(_client: PoolClient, toldForMs: number): Promise<void> {
    if (toldForMs >= GRACE_MS) this.#stream?.destroy(new Error('the query was cancelled, and its thread ended'));
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#stream?.destroy();
    await this.#stream?.gone();
    if (this.#isTemporary && this.#dataDir !== undefined) {
      process.off('exit', this.#removeFiles);
      this.#removeFiles();
    }
  }

  #open(): EmbeddedStream {
    const dataDir = (this.#dataDir ??= this.#makeFolder());
    mkdirSync(dataDir, { recursive: true });
    this.#stream = new EmbeddedStream({ module: require.resolve('@electric-sql/pglite'), dataDir });
    return this.#stream;
  }

  #makeFolder(): string {
    removeStale();
    process.once('exit', this.#removeFiles);
    return mkdtempSync(join(tmpdir(), `${FOLDER}${process.pid}-`));
  }

  readonly #removeFiles = (): void => {
    if (this.#dataDir !== undefined) rmSync(this.#dataDir, { recursive: true, force: true });
  };
}

/** Folders of processes that were killed. */
function removeStale(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(FOLDER) ? Number.parseInt(name.slice(FOLDER.length), 10) : Number.NaN;
    if (Number.isNaN(owner) || isAlive(owner)) continue;
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is one, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
