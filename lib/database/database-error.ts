/** What a PostgreSQL server says of a query that failed, as far as code can act on it. */
interface ServerSays {
  readonly message: string;
  readonly code: string;
  readonly detail?: string;
  readonly constraint?: string;
  readonly table?: string;
  readonly column?: string;
}

/**
 * A query failed in the database. `code` is the SQLSTATE, five characters (`23505` for a unique violation; PostgreSQL's
 * Appendix A). Clients of the application see a 500 without any of it.
 */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly code: string;
  /** The database's own explanation, with the values concerned. */
  readonly detail: string | undefined;
  /** The constraint that was violated. */
  readonly constraint: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  /** The query's text, without its parameters. */
  readonly query: string;

  /** @internal */
  constructor(says: ServerSays, query: string) {
    super(says.message, { cause: says });
    this.code = says.code;
    this.detail = says.detail;
    this.constraint = says.constraint;
    this.table = says.table;
    this.column = says.column;
    this.query = query;
  }
}

/**
 * Whether a query failed in the database, of whichever copy of this package. In: the SQLSTATE it must be, or none.
 */
export function isDatabaseError(error: unknown, sqlState?: string): error is DatabaseError {
  if (!(error instanceof Error) || error.name !== 'DatabaseError') return false;
  return sqlState === undefined || (error as DatabaseError).code === sqlState;
}

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Whether it was the server that refused the query, and not the way to it. */
export function isServerError(error: unknown): error is ServerSays {
  if (!(error instanceof Error)) return false;
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && SQLSTATE.test(code) && severity !== undefined;
}

/** Whether the server says with it that this connection is at its end (class 57P: it is being shut down, or was told to). */
export function endsConnection({ code }: ServerSays): boolean {
  return code.startsWith('57P');
}
