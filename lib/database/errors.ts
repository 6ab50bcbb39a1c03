import { defineErrors } from '../errors/define-error';
import type { FrameworkError, FrameworkErrorOptions } from '../errors/framework-error';

export const databaseErrors = defineErrors({
  DATABASE_UNAVAILABLE: {
    status: 503,
    message: 'The database does not answer: {reason}.',
  },
  DATABASE_BUSY: {
    status: 503,
    message:
      'No connection to the database came free within {limit} ms (acquireTimeoutMs). Inside of a transaction ask the transaction and not the database; else raise maxConnections, or shorten queries.',
  },
  DATABASE_TIMEOUT: {
    status: 504,
    message: 'The database was asked something that took longer than {limit} ms (timeoutMs).',
  },
  DATABASE_CLOSED: {
    status: 503,
    message: 'The database was asked after the application had closed it.',
  },
  DATABASE_COMMIT_UNKNOWN: {
    status: 500,
    message: 'The connection was lost while a transaction was being committed ({reason}): it may have been, or not.',
  },
  DATABASE_TRANSACTION_FAILED: {
    message:
      'A query of the transaction had failed, so nothing of it was committed. Let its error leave the transaction, or put a savepoint in front of the query.',
  },
  DATABASE_TRANSACTION_OVER: {
    message: 'The transaction was asked after it had ended: wait for all its queries inside of it.',
  },
  DATABASE_QUERY_INVALID: {
    message: 'The query was not sent: {reason}. It takes text, and parameters that are values of PostgreSQL or of JSON.',
  },
  DATABASE_URL_INVALID: {
    message: '{from} is no address of a PostgreSQL server. Write it as postgres://user:password@host:5432/name.',
  },
  DATABASE_OPTION_INVALID: { message: 'The database takes as {name} {expected}, got {got}.' },
});

/** What a client of the application is told: nothing of where the database is, or what it said. */
const DETAILS = {
  DATABASE_UNAVAILABLE: 'The database does not answer.',
  DATABASE_BUSY: 'The database is busy.',
  DATABASE_TIMEOUT: 'The database took too long.',
  DATABASE_CLOSED: 'The service is stopping.',
  DATABASE_COMMIT_UNKNOWN: 'It is not known whether this took effect.',
} as const;

/** The options of a failure that a client may meet. */
export function untold(code: keyof typeof DETAILS, cause?: unknown): FrameworkErrorOptions {
  return cause === undefined ? { detail: DETAILS[code] } : { detail: DETAILS[code], cause };
}

/** The way to the database failed. */
export function unavailable(cause: unknown): FrameworkError {
  return databaseErrors.DATABASE_UNAVAILABLE({ reason: reasonOf(cause) }, untold('DATABASE_UNAVAILABLE', cause));
}

/** In a few words. A connection that was tried at several addresses has no message of its own. */
export function reasonOf(error: unknown): string {
  const { message, code } = (error ?? {}) as { readonly message?: unknown; readonly code?: unknown };
  if (typeof message === 'string' && message !== '') return message.replace(/[.\s]+$/, '');
  return typeof code === 'string' ? code : String(error);
}
