import { FrameworkError, withoutStack } from '../errors/framework-error';
import { hijackErrors } from './errors';

/** Which of a connection's deadlines passed. */
export type DeadlineKind = 'connection' | 'read' | 'write';

const WHAT = {
  connection: 'the connection',
  read: 'reading from the connection',
  write: 'writing to the connection',
} as const satisfies Record<DeadlineKind, string>;

/**
 * A deadline of a hijacked connection passed: `code` CONNECTION_TIMEOUT, `deadline` says which; status 408, where the
 * client can still be answered. It has no stack: it tells of an event, not of a place in the code.
 */
export class ConnectionTimeoutError extends FrameworkError {
  readonly deadline: DeadlineKind;
  declare readonly status: number;

  constructor(deadline: DeadlineKind) {
    const { code, row } = hijackErrors.CONNECTION_TIMEOUT;
    const text = row.message.replace('{what}', WHAT[deadline]);
    super(code, `${code}: ${text}`, row.status, { detail: text });
    this.deadline = deadline;
  }
}

export function connectionTimeout(deadline: DeadlineKind): ConnectionTimeoutError {
  return withoutStack(() => new ConnectionTimeoutError(deadline));
}
