import { defineErrors } from '../errors/define-error';

export const databaseErrors = defineErrors({
  DATABASE_URL_INVALID: {
    message: '{from} is no address of a PostgreSQL server. Write it as postgres://user:password@host:5432/name.',
  },
  DATABASE_UNAVAILABLE: {
    message: 'The database does not answer.',
    status: 503,
  },
  DATABASE_BUSY: {
    message:
      'No connection to the database came free within {waitedMs} ms: inside a transaction ask the transaction and not the database, else raise maxConnections or shorten queries.',
    status: 503,
  },
  DATABASE_CLOSED: {
    message: 'The database was asked after the application had closed it.',
    status: 503,
  },
  DATABASE_TRANSACTION_FAILED: {
    message:
      'A query of the transaction had failed, so nothing of it was committed. Let its error leave the transaction, or use a savepoint around it.',
  },
  DATABASE_TRANSACTION_OVER: {
    message: 'The transaction was asked after it had ended: wait for all its queries inside of it.',
  },
});
