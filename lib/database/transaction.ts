import { databaseErrors } from './errors';
import type { Row } from './row-cursor';
import type { Session } from './session';

export type Isolation = 'read committed' | 'repeatable read' | 'serializable';

/** The inside of a transaction; of no use when it has ended. */
export class Transaction {
  readonly #session: Session;

  /** @internal */
  constructor(session: Session) {
    this.#session = session;
  }

  /** Asks, and waits for all rows. Fails with: DatabaseError, DATABASE_TRANSACTION_OVER, DATABASE_UNAVAILABLE. */
  async query<T = Row>(text: string, params: readonly unknown[] = []): Promise<T[]> {
    const { rows } = await this.#session.query(text, params);
    return rows as T[];
  }

  /** Runs a statement. Out: how many rows it concerned. Fails with the same. */
  async execute(text: string, params: readonly unknown[] = []): Promise<number> {
    const { rowCount } = await this.#session.query(text, params);
    return rowCount ?? 0;
  }
}

export interface TransactionKind {
  readonly isolation?: Isolation;
  readonly readOnly?: boolean;
}

/** Begins, works and commits; what is not committed is taken back when the session closes. */
export async function transact<T>(
  session: Session,
  work: (transaction: Transaction) => T | Promise<T>,
  { isolation, readOnly }: TransactionKind,
): Promise<T> {
  const level = isolation === undefined ? '' : `ISOLATION LEVEL ${LEVELS[isolation]}`;
  await session.begin(`${level} ${readOnly === true ? 'READ ONLY' : ''}`.trim());
  const result = await work(new Transaction(session));
  if (!(await session.commit())) throw databaseErrors.DATABASE_TRANSACTION_FAILED();
  return result;
}

const LEVELS = {
  'read committed': 'READ COMMITTED',
  'repeatable read': 'REPEATABLE READ',
  serializable: 'SERIALIZABLE',
} as const satisfies Record<Isolation, string>;
