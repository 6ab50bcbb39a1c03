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
 * Any other rejection that nobody handles ends the process, as ever, unless somebody else listens for it, or Node was told
 * otherwise (`--unhandled-rejections`). Out: takes it back.
 */
export function outliveCancellations(logger: Logger): Undo {
  const log = { logger };
  logs.add(log);
  beginToListen();
  return () => {
    if (logs.delete(log) && logs.size === 0) process.off('unhandledRejection', listen);
  };
}

/** In front of who listens once, and is none of the listeners any more behind that. */
function beginToListen(): void {
  if (logs.size > 0 && !process.listeners('unhandledRejection').includes(listen)) {
    process.prependListener('unhandledRejection', listen);
  }
}

const listen = Object.assign(
  (reason: unknown): void => {
    const cancelled = cancellationIn(reason);
    if (cancelled !== undefined) tell(cancelled);
    else if (process.listeners('unhandledRejection').every((listener) => OURS in listener)) leaveToNode(reason);
  },
  { [OURS]: true },
);

/**
 * What becomes of a rejection that nobody listens for is Node's to say: it is rejected once more, with nobody who listens. Where
 * Node only warns, it warns of both.
 */
function leaveToNode(reason: unknown): void {
  process.off('unhandledRejection', listen);
  void Promise.reject(reason);
  setImmediate(beginToListen);
}

/** That its request came to its end before it may be meant by nobody. */
function tell({ reason, cause }: CancelledError): void {
  const isForgotten = reason === 'parent' && cause === undefined;
  const [log] = logs;
  log?.logger[isForgotten ? 'warn' : 'debug']('something was cut that nobody waited for', { reason });
}
