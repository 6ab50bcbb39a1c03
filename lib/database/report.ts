import { isFrameworkError } from '../errors/framework-error';
import type { Clock } from '../lifetime/clock';
import { isCancellation } from '../lifetime/end-reason';
import { isDatabaseError } from './database-error';

/** One thing the database was asked, when it has answered. */
export interface AskedQuery {
  /** `SELECT`, `INSERT`, …; `OTHER` for what is no usual first word. */
  readonly operation: string;
  readonly durationMs: number;
  /** The SQLSTATE or code of its failure, or `cancelled`; `undefined`: it succeeded. */
  readonly error: string | undefined;
}

/** Who is told what a database does. */
export interface DatabaseObserver {
  asked(query: AskedQuery): void;
  /** Somebody got a connection, or waited for one in vain. */
  waited(ms: number, inVain: boolean): void;
}

/** The first words that are told apart: a metric may not have a series for whatever comes. */
const OPERATIONS: ReadonlySet<string> = new Set(
  'SELECT INSERT UPDATE DELETE MERGE WITH VALUES CALL DO COPY LOCK SET SHOW EXPLAIN BEGIN COMMIT ROLLBACK SAVEPOINT RELEASE DECLARE FETCH CLOSE CREATE ALTER DROP TRUNCATE REFRESH NOTIFY LISTEN VACUUM ANALYZE'.split(
    ' ',
  ),
);

/** Tells the observer of each query. */
export class Report {
  constructor(
    readonly observer: DatabaseObserver,
    readonly clock: Clock,
  ) {}

  /** Something is asked. Out: to be called with its failure, or `undefined`. */
  asks(text: string): (failure: unknown) => void {
    const startedMs = this.clock.now();
    return (failure) => {
      const durationMs = this.clock.now() - startedMs;
      this.observer.asked({ operation: operationOf(text), durationMs, error: kindOf(failure) });
    };
  }
}

function operationOf(text: unknown): string {
  const word = /^\s*([a-z]+)/i.exec(String(text))?.[1]?.toUpperCase() ?? '';
  return OPERATIONS.has(word) ? word : 'OTHER';
}

function kindOf(failure: unknown): string | undefined {
  if (failure === undefined) return undefined;
  if (isCancellation(failure)) return 'cancelled';
  return isDatabaseError(failure) || isFrameworkError(failure) ? failure.code : '_OTHER';
}
