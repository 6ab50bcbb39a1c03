import { checkAsked } from './database-options';
import { databaseErrors } from './errors';
import { type Row, SessionCursor } from './row-cursor';
import { RowReader } from './row-reader';
import type { Session } from './session';
import type { Work } from './work';

/** How much a transaction sees of others (the manual's 13.2). */
export type Isolation = 'read committed' | 'repeatable read' | 'serializable';

/**
 * The inside of a transaction; of no use when it has ended. All methods fail with: DatabaseError, DATABASE_TRANSACTION_OVER,
 * DATABASE_UNAVAILABLE, DATABASE_QUERY_INVALID; a `CancelledError`.
 */
export class Transaction {
  readonly #session: Session;
  readonly #work: Work;

  /** @internal */
  constructor(session: Session, work: Work) {
    this.#session = session;
    this.#work = work;
  }

  /** Asks, and waits for all rows. */
  async query<T = Row>(text: string, params: readonly unknown[] = []): Promise<T[]> {
    const { rows } = await this.#session.query(text, params);
    return rows as T[];
  }

  /** Runs a statement. Out: how many rows it concerned. */
  async execute(text: string, params: readonly unknown[] = []): Promise<number> {
    const { rowCount } = await this.#session.query(text, params);
    return rowCount ?? 0;
  }

  /** The rows of a SELECT as they are read, as `Database.stream`; others may be asked between. */
  stream<T = Row>(
    text: string,
    params: readonly unknown[] = [],
    { batchRows = 500 }: { readonly batchRows?: number } = {},
  ): AsyncIterableIterator<T> {
    checkAsked({ batchRows });
    const cursor = new SessionCursor(this.#session, { text, params, batchRows });
    return new RowReader<T>(() => ({ work: this.#work, cursor, isAll: false }));
  }
}

export interface TransactionKind {
  readonly isolation?: Isolation;
  readonly readOnly?: boolean;
}

/** Begins, works and commits; what is not committed is taken back when the session closes. */
export async function transact<T>(
  session: Session,
  work: Work,
  run: (transaction: Transaction) => T | Promise<T>,
  { isolation, readOnly }: TransactionKind,
): Promise<T> {
  const level = isolation === undefined ? '' : `ISOLATION LEVEL ${LEVELS[isolation]}`;
  await session.begin(`${level} ${readOnly === true ? 'READ ONLY' : ''}`.trim());
  const result = await run(new Transaction(session, work));
  if (!(await session.commit())) throw databaseErrors.DATABASE_TRANSACTION_FAILED();
  return result;
}

const LEVELS = {
  'read committed': 'READ COMMITTED',
  'repeatable read': 'REPEATABLE READ',
  serializable: 'SERIALIZABLE',
} as const satisfies Record<Isolation, string>;
