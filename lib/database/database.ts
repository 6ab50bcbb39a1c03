import { currentLifetime } from '../lifetime/current';
import type { Lifetime } from '../lifetime/lifetime';
import { WaitsFor } from '../lifetime/waits-for';
import { databaseErrors } from './errors';
import type { Pools } from './pools';
import { type Row, readRows } from './row-cursor';
import { Session } from './session';
import { type Isolation, type Transaction, transact } from './transaction';
import { failureOf, untilEnd } from './until-end';

/** How one query is asked. */
export interface QueryOptions {
  /** Stops the query when it is aborted, besides the end of the request. */
  readonly signal?: AbortSignal;
}

export interface StreamOptions extends QueryOptions {
  /** How many rows are fetched at a time. Default 200. */
  readonly batchRows?: number;
}

export interface TransactionOptions extends QueryOptions {
  /** Default: the server's, as a rule `read committed`. */
  readonly isolation?: Isolation;
  readonly readOnly?: boolean;
}

/**
 * PostgreSQL. Inject it, or take `ctx.db`: a query ends with the request it was asked in, in the database too, and then
 * rejects with a `CancelledError`. Outside of a request queries end with the application.
 *
 * Values go in as parameters (`$1`) and never as text. All methods fail with: DatabaseError (what the server says),
 * DATABASE_UNAVAILABLE, DATABASE_BUSY, DATABASE_CLOSED.
 */
export class Database {
  readonly #pools: Pools;
  readonly #bound: Lifetime | undefined;

  /** @internal */
  constructor(pools: Pools, bound?: Lifetime) {
    this.#pools = pools;
    this.#bound = bound;
  }

  /** The same database, whose queries end with `owner`. @internal */
  within(owner: Lifetime): Database {
    return new Database(this.#pools, owner);
  }

  /** Asks, and waits for all rows. */
  async query<T = Row>(text: string, params: readonly unknown[] = [], options: QueryOptions = {}): Promise<T[]> {
    const { rows } = await this.#once(options, (session) => session.query(text, params));
    return rows as T[];
  }

  /** Runs a statement. Out: how many rows it concerned. */
  async execute(text: string, params: readonly unknown[] = [], options: QueryOptions = {}): Promise<number> {
    const { rowCount } = await this.#once(options, (session) => session.query(text, params));
    return rowCount ?? 0;
  }

  /**
   * The rows of a SELECT as they are read, a batch at a time: what nobody reads is not fetched. Stopped by leaving the
   * loop, and by the end of the request.
   */
  async *stream<T = Row>(text: string, params: readonly unknown[] = [], options: StreamOptions = {}): AsyncGenerator<T> {
    const { signal, batchRows = 200 } = options;
    const work = this.#begin(signal);
    const rooms = this.#pools.open();
    const rows = readRows(rooms, work.lifetime, { text, params, batchRows });
    try {
      for (;;) {
        const batch = await untilEnd(work.lifetime, rows.next());
        if (batch.length === 0) return;
        yield* batch as T[];
        const failure = failureOf(work.lifetime);
        if (failure !== undefined) throw work.failure(failure);
      }
    } catch (error) {
      throw work.failure(error);
    } finally {
      void rows.close().finally(() => work.done());
    }
  }

  /**
   * Runs `work` in a transaction: committed when it succeeds, taken back when it fails or the request ends. What is being
   * committed already is not stopped.
   *
   * Fails with: DATABASE_TRANSACTION_FAILED when a query in it failed and `work` went on as if it had not.
   */
  transaction<T>(work: (transaction: Transaction) => T | Promise<T>, options: TransactionOptions = {}): Promise<T> {
    return this.#once(options, (session) => transact(session, work, options));
  }

  async #once<T>({ signal }: QueryOptions, ask: (session: Session) => Promise<T>): Promise<T> {
    const work = this.#begin(signal);
    const run = async (): Promise<T> => {
      const session = await Session.open(this.#pools.open(), work.lifetime);
      try {
        return await ask(session);
      } finally {
        await session.close();
      }
    };
    try {
      return await untilEnd(work.lifetime, run());
    } catch (error) {
      throw work.failure(error);
    } finally {
      work.done();
    }
  }

  #begin(signal: AbortSignal | undefined): Work {
    const owner = this.#bound ?? currentLifetime() ?? this.#pools.owner;
    if (this.#pools.isClosed) throw databaseErrors.DATABASE_CLOSED();
    return new Work(owner, signal);
  }
}

const QUERY = new WaitsFor('query');

/** One thing that was asked. */
class Work {
  readonly lifetime: Lifetime;
  readonly #signal: AbortSignal | undefined;

  constructor(owner: Lifetime, signal: AbortSignal | undefined) {
    signal?.throwIfAborted();
    this.lifetime = owner.open(QUERY);
    this.#signal = signal;
    const failure = failureOf(this.lifetime);
    if (failure !== undefined) throw failure as Error;
    signal?.addEventListener('abort', this.#abort);
  }

  /** What the caller is told: what it aborted with, if it was the caller who did. */
  failure(error: unknown): unknown {
    return this.#signal?.aborted === true && this.lifetime.reason === 'manual' ? this.#signal.reason : error;
  }

  done(): void {
    this.#signal?.removeEventListener('abort', this.#abort);
    this.lifetime.end('finished');
  }

  readonly #abort = (): void => this.lifetime.end('manual');
}
