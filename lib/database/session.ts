import type { PoolClient, QueryResult } from 'pg';
import { systemClock } from '../lifetime/clock';
import { WaitsFor } from '../lifetime/waits-for';
import type { Backend } from './backend';
import { DatabaseError, endsConnection, isServerError } from './database-error';
import { databaseErrors, reasonOf, unavailable, untold } from './errors';
import type { Leases } from './leases';
import type { Report } from './report';
import type { Work } from './work';

const QUERY = new WaitsFor('query');

/** Between one attempt to stop a query and the next. */
const FIRST_GAP_MS = 4;
const LONGEST_GAP_MS = 1_000;
/** Who does not stop a query, end a transaction or hear of it for so long is not listening: the connection is given up. */
const GIVE_UP_MS = 10_000;

// A server takes the time it takes, also where an application's clock is set by hand.
const clock = systemClock;

/** What sessions are opened with. */
export interface SessionRooms {
  readonly backend: Backend;
  readonly leases: Leases;
  readonly report: Report;
}

/** What the driver's types leave out. */
interface Connected {
  readonly connection: { readonly stream: { destroy(): void } };
}

/**
 * A connection, lent to one piece of work. When that ends, what runs on the connection is stopped, and it goes back only
 * when both the stopping and the query have settled: a stop that comes late would hit whoever has it next.
 */
export class Session {
  readonly #rooms: SessionRooms;
  readonly #client: PoolClient;
  readonly #work: Work;
  #keepsWork = true;
  #isRunning = false;
  #whenSettled: (() => void) | undefined;
  /** The last one that was asked: queries of one connection run one behind the other. */
  #last: Promise<unknown> | undefined;
  #isOpen = true;
  #inTransaction = false;
  #isCommitting = false;
  #isBroken = false;
  #closed: Promise<void> | undefined;

  private constructor(rooms: SessionRooms, client: PoolClient, work: Work) {
    this.#rooms = rooms;
    this.#client = client;
    this.#work = work;
    client.on('error', this.#broke);
    work.lifetime.keep();
  }

  /** Borrows a connection for `work`. Fails with: what lending fails with. */
  static async open(rooms: SessionRooms, work: Work): Promise<Session> {
    const session = new Session(rooms, await rooms.leases.lend(work), work);
    work.lifetime.defer(() => void session.close());
    return session;
  }

  /** Whether it is too late to stop what it does. */
  get isCommitting(): boolean {
    return this.#isCommitting;
  }

  /** Asks. Fails with: DatabaseError, DATABASE_UNAVAILABLE, DATABASE_QUERY_INVALID, DATABASE_TRANSACTION_OVER; what its work was cut with. */
  query(text: string, params: readonly unknown[] = []): Promise<QueryResult> {
    const before = this.#last;
    const asked = before === undefined ? this.#ask(text, params) : before.then(() => this.#ask(text, params));
    const last = asked
      .catch(() => undefined)
      .then(() => {
        if (this.#last === last) this.#last = undefined;
      });
    this.#last = last;
    return asked;
  }

  async begin(how = ''): Promise<void> {
    this.#inTransaction = true;
    await this.query(`BEGIN ${how}`.trim());
  }

  /**
   * Is never stopped: nobody could tell then whether it happened. Out: whether it did; `false` behind a failed query.
   * Fails with: DATABASE_COMMIT_UNKNOWN, and as `query`.
   */
  async commit(): Promise<boolean> {
    // Behind what was asked before, which may still be stopped.
    await this.#last;
    if (this.#isOpen) this.#isCommitting = true;
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
    if (this.#isRunning) {
      if (!this.#rooms.backend.interrupts) this.#letGo();
      await this.#stop();
    }
    if (this.#inTransaction && !this.#isBroken) await this.#rollBack();
    this.#client.off('error', this.#broke);
    this.#rooms.leases.takeBack(this.#client, this.#isBroken);
    this.#letGo();
  }

  async #ask(text: string, params: readonly unknown[]): Promise<QueryResult> {
    if (!this.#isOpen) throw this.#work.failure ?? databaseErrors.DATABASE_TRANSACTION_OVER();
    const asking = this.#work.lifetime.open(QUERY);
    try {
      return await this.#send(text, params);
    } finally {
      asking.end('finished');
    }
  }

  async #send(text: string, params: readonly unknown[]): Promise<QueryResult> {
    const told = this.#rooms.report.asks(text);
    this.#isRunning = true;
    try {
      const result = await this.#client.query(text, params as unknown[]);
      told(this.#work.failure);
      // Several statements at once have a result each.
      return Array.isArray(result) ? (result as QueryResult[])[result.length - 1] : result;
    } catch (error) {
      const failure = this.#toFailure(error, text);
      told(failure);
      throw failure;
    } finally {
      this.#isRunning = false;
      this.#whenSettled?.();
    }
  }

  #toFailure(error: unknown, text: string): Error {
    const fromServer = isServerError(error);
    if (fromServer && endsConnection(error)) this.#isBroken = true;
    if (this.#isBroken && this.#isCommitting) {
      const reason = reasonOf(error);
      return databaseErrors.DATABASE_COMMIT_UNKNOWN({ reason }, untold('DATABASE_COMMIT_UNKNOWN', error));
    }
    const { failure } = this.#work;
    if (failure !== undefined) return failure;
    if (this.#isBroken) return unavailable(error);
    return fromServer
      ? new DatabaseError(error, text)
      : databaseErrors.DATABASE_QUERY_INVALID({ reason: reasonOf(error) }, { cause: error });
  }

  async #rollBack(): Promise<void> {
    const done = this.#send('ROLLBACK', []).catch(() => undefined);
    if (this.#isRunning) await this.#settledWithin(GIVE_UP_MS);
    if (this.#isRunning) this.#giveUp();
    await done;
  }

  /** Told again and again: what is told while the query is still on its way to the server has no effect. */
  async #stop(): Promise<void> {
    const { backend } = this.#rooms;
    const startedMs = clock.now();
    for (let gapMs = FIRST_GAP_MS; this.#isRunning; gapMs = Math.min(gapMs * 2, LONGEST_GAP_MS)) {
      const toldForMs = clock.now() - startedMs;
      if (toldForMs > GIVE_UP_MS) this.#giveUp();
      else if (!this.#isCommitting) await this.#tell(backend.cancel(this.#client, toldForMs));
      await this.#settledWithin(gapMs);
    }
  }

  /** What could not be told in time might be told late: nobody else may have the connection then. */
  async #tell(told: Promise<void>): Promise<void> {
    const inTime = await settlesWithin(told, GIVE_UP_MS);
    if (!inTime) this.#isBroken = true;
  }

  /** Ends the connection: what runs on it fails. */
  #giveUp(): void {
    this.#isBroken = true;
    (this.#client as unknown as Connected).connection.stream.destroy();
  }

  #settledWithin(ms: number): Promise<void> {
    if (!this.#isRunning) return Promise.resolve();
    return new Promise((resolve) => {
      const over = (): void => {
        cancel();
        this.#whenSettled = undefined;
        resolve();
      };
      const cancel = clock.setTimer(over, ms);
      this.#whenSettled = over;
    });
  }

  #letGo(): void {
    if (!this.#keepsWork) return;
    this.#keepsWork = false;
    this.#work.lifetime.letGo();
  }

  readonly #broke = (): void => {
    this.#isBroken = true;
  };
}

/** Never rejects. */
function settlesWithin(going: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.setTimer(() => resolve(false), ms);
    const settled = (): void => {
      cancel();
      resolve(true);
    };
    going.then(settled, settled);
  });
}
