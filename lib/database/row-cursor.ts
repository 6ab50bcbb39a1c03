import { isDatabaseError } from './database-error';
import { unavailable } from './errors';
import { Session, type SessionRooms } from './session';
import type { Work } from './work';

/** A row by the names of its columns. */
export type Row = Record<string, unknown>;

/** Rows, a batch at a time. */
export interface RowCursor {
  /** The next rows; none: there are no more. */
  next(): Promise<Row[]>;
  /** Lets go of the cursor. Never rejects. */
  close(): Promise<void>;
}

export interface RowQuery {
  readonly text: string;
  readonly params: readonly unknown[];
  readonly batchRows: number;
}

let made = 0;

function nextName(): string {
  made++;
  return `rockstar_rows_${made}`;
}

/** A cursor of the database over a SELECT (the manual's DECLARE), in the transaction of a session. */
export class SessionCursor implements RowCursor {
  readonly #session: Session;
  readonly #query: RowQuery;
  readonly #name = nextName();
  #isDeclared = false;

  constructor(session: Session, query: RowQuery) {
    this.#session = session;
    this.#query = query;
  }

  async next(): Promise<Row[]> {
    const { text, params, batchRows } = this.#query;
    if (!this.#isDeclared) await this.#session.query(`DECLARE ${this.#name} NO SCROLL CURSOR FOR ${text}`, params);
    this.#isDeclared = true;
    return (await this.#session.query(`FETCH ${batchRows} FROM ${this.#name}`)).rows as Row[];
  }

  async close(): Promise<void> {
    if (this.#isDeclared) await this.#session.query(`CLOSE ${this.#name}`).catch(() => undefined);
  }
}

/** Has a connection of its own, in a transaction, until it is closed. */
export class TransactionCursor implements RowCursor {
  readonly #rooms: SessionRooms;
  readonly #work: Work;
  readonly #query: RowQuery;
  #opened: { readonly session: Session; readonly cursor: SessionCursor } | undefined;

  constructor(rooms: SessionRooms, work: Work, query: RowQuery) {
    this.#rooms = rooms;
    this.#work = work;
    this.#query = query;
  }

  async next(): Promise<Row[]> {
    this.#opened ??= await this.#open();
    return this.#opened.cursor.next();
  }

  async close(): Promise<void> {
    await this.#opened?.session.close();
  }

  async #open(): Promise<{ readonly session: Session; readonly cursor: SessionCursor }> {
    const session = await Session.open(this.#rooms, this.#work);
    await session.begin();
    return { session, cursor: new SessionCursor(session, this.#query) };
  }
}

/**
 * Borrows the one connection of the embedded database for each batch anew, so that others can ask between. For that its
 * rows are put aside by the database, all of them before the first is read.
 */
export class HeldCursor implements RowCursor {
  readonly #rooms: SessionRooms;
  readonly #work: Work;
  /** What lets go of the cursor when the work itself is over. */
  readonly #after: () => Work;
  readonly #query: RowQuery;
  readonly #name = nextName();
  #isDeclared = false;

  constructor(rooms: SessionRooms, work: Work, after: () => Work, query: RowQuery) {
    this.#rooms = rooms;
    this.#work = work;
    this.#after = after;
    this.#query = query;
  }

  next(): Promise<Row[]> {
    return this.#borrow(this.#work, async (session) => {
      const { text, params, batchRows } = this.#query;
      if (!this.#isDeclared) {
        this.#isDeclared = true;
        await session.query(`DECLARE ${this.#name} NO SCROLL CURSOR WITH HOLD FOR ${text}`, params);
      }
      return (await session.query(`FETCH ${batchRows} FROM ${this.#name}`)).rows as Row[];
    });
  }

  async close(): Promise<void> {
    if (!this.#isDeclared) return;
    const work = this.#after();
    // It is gone with its connection when that was ended.
    await this.#borrow(work, (session) => session.query(`CLOSE ${this.#name}`)).catch(() => undefined);
    work.done();
  }

  async #borrow<T>(work: Work, use: (session: Session) => Promise<T>): Promise<T> {
    const session = await Session.open(this.#rooms, work);
    try {
      return await use(session);
    } catch (error) {
      // Its connection was ended to stop somebody else's query, and its rows are gone.
      throw isDatabaseError(error, NO_CURSOR) ? unavailable(error) : error;
    } finally {
      await session.close();
    }
  }
}

const NO_CURSOR = '34000';
