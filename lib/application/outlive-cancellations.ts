import { inspect } from 'node:util';
import type { Logger } from '../diagnostics/logger';
import { type CancelledError, cancellationIn } from '../lifetime/end-reason';
import type { Undo } from '../lifetime/lifetime';

/** On the listener of ours, of whichever copy of this package. */
const OURS = Symbol.for('rockstar-web.outlives-cancellations');

/** The logs of those who are to be outlived now, the first of which is told. */
const logs = new Set<{ readonly logger: Logger }>();

/**
 * Keeps the process alive when something is cut that nobody waits for. Whoever begins two calls and waits for the first hears
 * of that one alone when the client leaves: Node would end the process for the other.
 *
 * Any other rejection that nobody handles ends the process, as ever, unless somebody else listens for it. Out: takes it back.
 */
export function outliveCancellations(logger: Logger): Undo {
  const log = { logger };
  if (logs.size === 0) process.on('unhandledRejection', listen);
  logs.add(log);
  return () => {
    if (logs.delete(log) && logs.size === 0) process.off('unhandledRejection', listen);
  };
}

const listen = Object.assign(
  (reason: unknown): void => {
    const cancelled = cancellationIn(reason);
    if (cancelled !== undefined) tell(cancelled);
    else if (process.listeners('unhandledRejection').every((listener) => OURS in listener)) throw toError(reason);
  },
  { [OURS]: true },
);

/** That its request came to its end before it may be meant by nobody. */
function tell({ reason, cause }: CancelledError): void {
  const isForgotten = reason === 'parent' && cause === undefined;
  const [log] = logs;
  log?.logger[isForgotten ? 'warn' : 'debug']('something was cut that nobody waited for', { reason });
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(`A promise was rejected that nobody waited for: ${inspect(reason)}`);
}
