import type { Pool, PoolClient, QueryResult } from 'pg';
import type { Clock } from '../lifetime/clock';
import type { Lifetime, Undo } from '../lifetime/lifetime';
import type { Backend } from './backend';
import { DatabaseError, isServerError } from './database-error';
import { databaseErrors } from './errors';

/** Between one attempt to stop a query and the next. */
const FIRST_GAP_MS = 4;
const LONGEST_GAP_MS = 1_000;
/** A server that does not stop a query for so long is not listening: the connection is given up. */
const GIVE_UP_MS = 10_000;

/** What sessions are opened with. */
export interface SessionRooms {
  readonly backend: Backend;
  readonly pool: Pool;
  /** What outlives single pieces of work. */
  readonly owner: Lifetime;
  readonly clock: Clock;
  readonly acquireTimeoutMs: number;
}

/**
 * A connection, lent to one piece of work. When that ends, what runs on the connection is stopped, and it goes back to the
 * pool only when both the stopping and the query have settled: a stop that comes late would hit whoever has it next.
 */
export class Session {
  readonly #rooms: SessionRooms;
  readonly #client: PoolClient;
  readonly #work: Lifetime;
  readonly #undo: Undo;
  /** How many queries have not settled, and who waits for the last of them. */
  #running = 0;
  #whenIdle: (() => void) | undefined;
  #isOpen = true;
  #inTransaction = false;
  #isCommitting = false;
  #isBroken = false;
  #closed: Promise<void> | undefined;

  private constructor(rooms: SessionRooms, client: PoolClient, work: Lifetime) {
    this.#rooms = rooms;
    this.#client = client;
    this.#work = work;
    client.on('error', this.#broke);
    work.keep();
    this.#undo = work.defer(() => void this.close());
  }

  /** Borrows a connection for `work`. Fails with: DATABASE_BUSY, DATABASE_UNAVAILABLE. */
  static async open(rooms: SessionRooms, work: Lifetime): Promise<Session> {
    const client = await borrow(rooms);
    const session = new Session(rooms, client, work);
    if (work.ended) await session.close();
    return session;
  }

  /** Asks; several may be asked without waiting, and run one behind the other. Fails with: DATABASE_TRANSACTION_OVER. */
  async query(text: string, params: readonly unknown[] = []): Promise<QueryResult> {
    if (!this.#isOpen) throw databaseErrors.DATABASE_TRANSACTION_OVER();
    return await this.#ask(text, params);
  }

  async begin(how = ''): Promise<void> {
    this.#inTransaction = true;
    await this.query(`BEGIN ${how}`);
  }

  /** Is never stopped: nobody could tell then whether it happened. Out: whether it did; `false` behind a failed query. */
  async commit(): Promise<boolean> {
    this.#isCommitting = true;
    const { command } = await this.query('COMMIT');
    this.#inTransaction = false;
    return command === 'COMMIT';
  }

  /** Stops what runs, takes back what was not committed, and gives the connection back. Never rejects. */
  close(): Promise<void> {
    this.#isOpen = false;
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#running > 0) await this.#stop();
    if (this.#inTransaction && !this.#isBroken) await this.#ask('ROLLBACK', []).catch(() => (this.#isBroken = true));
    this.#undo();
    this.#client.off('error', this.#broke);
    this.#client.release(this.#isBroken);
    this.#work.letGo();
  }

  async #ask(text: string, params: readonly unknown[]): Promise<QueryResult> {
    this.#running++;
    try {
      const result = await this.#client.query(text, params as unknown[]);
      // Several statements at once have a result each.
      return Array.isArray(result) ? (result as QueryResult[])[result.length - 1] : result;
    } catch (error) {
      if (isServerError(error) && !error.code.startsWith('57P')) throw new DatabaseError(error, text);
      this.#isBroken = true;
      throw databaseErrors.DATABASE_UNAVAILABLE({}, { cause: error, detail: 'The database does not answer.' });
    } finally {
      this.#running--;
      if (this.#running === 0) this.#whenIdle?.();
    }
  }

  /** Told again and again: what is told while the query is still on its way to the server has no effect. */
  async #stop(): Promise<void> {
    const { backend, clock } = this.#rooms;
    const startedMs = clock.now();
    for (let gapMs = FIRST_GAP_MS; this.#running > 0; gapMs = Math.min(gapMs * 2, LONGEST_GAP_MS)) {
      const toldForMs = clock.now() - startedMs;
      if (!this.#isCommitting) await backend.cancel(this.#client, toldForMs).catch(() => undefined);
      if (this.#running > 0 && toldForMs > GIVE_UP_MS) this.#giveUp();
      await this.#idleWithin(gapMs);
    }
  }

  #giveUp(): void {
    this.#isBroken = true;
    (this.#client as PoolClient & { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  }

  #idleWithin(ms: number): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#rooms.clock.setTimer(resolve, ms);
      this.#whenIdle = () => {
        cancel();
        resolve();
      };
    });
  }

  readonly #broke = (): void => {
    this.#isBroken = true;
  };
}

async function borrow({ pool, acquireTimeoutMs }: SessionRooms): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    const isTaken = pool.totalCount >= pool.options.max;
    throw isTaken
      ? databaseErrors.DATABASE_BUSY({ waitedMs: acquireTimeoutMs }, { cause: error, detail: 'The database is busy.' })
      : databaseErrors.DATABASE_UNAVAILABLE({}, { cause: error });
  }
}
