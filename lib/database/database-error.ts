/** What a PostgreSQL server says of a query that failed, as far as code can act on it. */
interface ServerSays {
  readonly message: string;
  readonly code?: string;
  readonly detail?: string;
  readonly constraint?: string;
  readonly table?: string;
  readonly column?: string;
  readonly position?: string;
}

/**
 * A query failed in the database. `code` is the SQLSTATE (`23505` for a unique violation; PostgreSQL's Appendix A).
 * Clients of the application see a 500 without any of it.
 */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  /** SQLSTATE, five characters. */
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
    this.code = says.code ?? '';
    this.detail = says.detail;
    this.constraint = says.constraint;
    this.table = says.table;
    this.column = says.column;
    this.query = query;
  }
}

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Whether it was the server that refused the query, and not the way to it. */
export function isServerError(error: unknown): error is ServerSays & { readonly code: string } {
  if (!(error instanceof Error)) return false;
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && SQLSTATE.test(code) && severity !== undefined;
}
