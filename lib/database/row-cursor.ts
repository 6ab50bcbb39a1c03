import type { Lifetime } from '../lifetime/lifetime';
import { Session, type SessionRooms } from './session';

/** A row by the names of its columns. */
export type Row = Record<string, unknown>;

/** Rows, a batch at a time. */
export interface RowCursor {
  /** The next rows; none: there are no more. */
  next(): Promise<Row[]>;
  /** Lets go of the cursor. Never rejects. */
  close(): Promise<void>;
}

interface RowQuery {
  readonly text: string;
  readonly params: readonly unknown[];
  readonly batchRows: number;
}

/** Opens a cursor of the database over a SELECT (the manual's DECLARE). */
export function readRows(rooms: SessionRooms, work: Lifetime, query: RowQuery): RowCursor {
  const batchRows = Math.max(1, Math.trunc(query.batchRows));
  return rooms.backend.holdsCursors
    ? new HeldCursor(rooms, work, { ...query, batchRows })
    : new TransactionCursor(rooms, work, { ...query, batchRows });
}

/** Keeps its connection, in a transaction, until it is closed. */
class TransactionCursor implements RowCursor {
  readonly #rooms: SessionRooms;
  readonly #work: Lifetime;
  readonly #query: RowQuery;
  #session: Session | undefined;

  constructor(rooms: SessionRooms, work: Lifetime, query: RowQuery) {
    this.#rooms = rooms;
    this.#work = work;
    this.#query = query;
  }

  async next(): Promise<Row[]> {
    const { batchRows } = this.#query;
    const session = (this.#session ??= await this.#open());
    return (await session.query(`FETCH ${batchRows} FROM rows`)).rows as Row[];
  }

  async close(): Promise<void> {
    await this.#session?.close();
  }

  async #open(): Promise<Session> {
    const { text, params } = this.#query;
    const session = await Session.open(this.#rooms, this.#work);
    try {
      await session.begin();
      await session.query(`DECLARE rows NO SCROLL CURSOR FOR ${text}`, params);
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }
}

let made = 0;

/** Borrows the one connection for each batch anew: others ask between. Its rows are put aside by the database before the first. */
class HeldCursor implements RowCursor {
  readonly #rooms: SessionRooms;
  readonly #work: Lifetime;
  readonly #query: RowQuery;
  readonly #name = `rows_${++made}`;
  #isOpen = false;

  constructor(rooms: SessionRooms, work: Lifetime, query: RowQuery) {
    this.#rooms = rooms;
    this.#work = work;
    this.#query = query;
    work.defer(() => void this.close());
  }

  next(): Promise<Row[]> {
    return this.#borrow(this.#work, async (session) => {
      if (!this.#isOpen) {
        await session.query(`DECLARE ${this.#name} NO SCROLL CURSOR WITH HOLD FOR ${this.#query.text}`, this.#query.params);
        this.#isOpen = true;
      }
      return (await session.query(`FETCH ${this.#query.batchRows} FROM ${this.#name}`)).rows as Row[];
    });
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // Its own work may be over. It is gone with its connection when that was ended.
    await this.#borrow(this.#rooms.owner, (session) => session.query(`CLOSE ${this.#name}`)).catch(() => undefined);
  }

  async #borrow<T>(work: Lifetime, use: (session: Session) => Promise<T>): Promise<T> {
    const session = await Session.open(this.#rooms, work);
    try {
      return await use(session);
    } finally {
      await session.close();
    }
  }
}
