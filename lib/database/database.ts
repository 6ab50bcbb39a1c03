import type { Observable } from 'rxjs';
import { currentLifetime } from '../lifetime/current';
import type { Lifetime } from '../lifetime/lifetime';
import type { Connections } from './connections';
import { isDatabaseError } from './database-error';
import { checkAsked } from './database-options';
import { observeRows } from './observe-rows';
import type { Row } from './row-cursor';
import { RowReader } from './row-reader';
import { Session } from './session';
import { type Isolation, type Transaction, transact } from './transaction';
import type { Work } from './work';

/** How one query is asked. */
export interface QueryOptions {
  /** Stops the query when it is aborted, besides the end of the request. */
  readonly signal?: AbortSignal;
  /** How long it may take, in milliseconds (DATABASE_TIMEOUT); 0: no limit. Default: that of the database, 60,000. */
  readonly timeoutMs?: number;
  /** Asked for the application and not for the current request: it is not cut with it. Default `false`. */
  readonly detached?: boolean;
}

/** How rows are read. `timeoutMs` is for each of them. */
export interface StreamOptions extends QueryOptions {
  /** How many rows are fetched at a time. Default 500. */
  readonly batchRows?: number;
}

/** What kind of transaction it is. `timeoutMs` is for all of it. */
export interface TransactionOptions extends QueryOptions {
  /** Default: the server's, as a rule `read committed`. */
  readonly isolation?: Isolation;
  /** Default `false`. */
  readonly readOnly?: boolean;
}

/**
 * PostgreSQL. Inject it, or take `ctx.db`: a query ends with the request it was asked in, in the database too, and then
 * rejects with a `CancelledError`. Outside of a request queries end with the application.
 *
 * Values go in as parameters (`$1`) and never as text. All methods fail with: DatabaseError (what the server says),
 * DATABASE_UNAVAILABLE, DATABASE_BUSY, DATABASE_TIMEOUT, DATABASE_CLOSED, DATABASE_QUERY_INVALID, DATABASE_OPTION_INVALID.
 */
export class Database {
  readonly #connections: Connections;
  readonly #owner: Lifetime | undefined;

  /** @internal */
  constructor(connections: Connections, owner?: Lifetime) {
    this.#connections = connections;
    this.#owner = owner;
  }

  /** The same database, whose queries end with `owner`. @internal */
  within(owner: Lifetime): Database {
    return new Database(this.#connections, owner);
  }

  /** Asks, and waits for all rows. In: text with `$1`, `$2`, … for the parameters. Out: the rows by the names of their columns. */
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
   * The rows of a SELECT as they are read, a batch at a time: what nobody reads is not fetched. A handler that returns it
   * answers with lines of JSON.
   *
   * Ends: with the last row, when the loop is left (`return()`), with the request.
   */
  stream<T = Row>(text: string, params: readonly unknown[] = [], options: StreamOptions = {}): AsyncIterableIterator<T> {
    const owner = this.#ownerNow(options);
    const { batchRows = 500 } = options;
    checkAsked(options);
    return new RowReader<T>(() => {
      const work = this.#connections.begin(owner, options);
      return { work, cursor: this.#connections.openCursor(work, { text, params, batchRows }), isAll: true };
    });
  }

  /** The same as an Observable, which does not wait for who reads it; unsubscribing stops the query. */
  stream$<T = Row>(text: string, params: readonly unknown[] = [], options: StreamOptions = {}): Observable<T> {
    return observeRows(() => this.stream<T>(text, params, options));
  }

  /**
   * Runs `work` in a transaction: committed when it succeeds, taken back when it fails or the request ends. What is being
   * committed already is not stopped, and its outcome is told.
   *
   * Fails with: DATABASE_TRANSACTION_FAILED when a query in it failed and `work` went on as if it had not;
   * DATABASE_COMMIT_UNKNOWN when the connection was lost in its last step.
   */
  async transaction<T>(work: (transaction: Transaction) => T | Promise<T>, options: TransactionOptions = {}): Promise<T> {
    return this.#once(options, async (session, all) => {
      // What the caller runs is a part of the request until it is over, also when the transaction was cut.
      all.lifetime.keep();
      try {
        return await transact(session, all, work, options);
      } finally {
        all.lifetime.letGo();
      }
    });
  }

  async #once<T>(options: QueryOptions, ask: (session: Session, work: Work) => Promise<T>): Promise<T> {
    checkAsked(options);
    const work = this.#connections.begin(this.#ownerNow(options), options);
    let opened: Session | undefined;
    const run = async (): Promise<T> => {
      const session = (opened = await Session.open(this.#connections.rooms, work));
      try {
        return await ask(session, work);
      } finally {
        await session.close();
      }
    };
    try {
      return await work.untilCut(run(), () => opened?.isCommitting === true);
    } catch (error) {
      // From here the stack leads to who asked.
      if (isDatabaseError(error)) Error.captureStackTrace(error);
      throw error;
    } finally {
      work.done();
    }
  }

  /** Whose work it is that asks now; `undefined`: the application's. */
  #ownerNow({ detached = false }: QueryOptions): Lifetime | undefined {
    return detached ? undefined : (this.#owner ?? currentLifetime());
  }
}
