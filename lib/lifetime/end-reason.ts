import { FrameworkError, withoutStack } from '../errors/framework-error';

/**
 * Why work was cut short: the client left, its time ran out, the application stops, what it belonged to ended,
 * or somebody asked for it.
 */
export type CancelReason = 'client' | 'deadline' | 'shutdown' | 'parent' | 'manual';

/** How a lifetime ended. `finished` is the normal end: no cancellation, and its signal stays quiet. */
export type EndReason = 'finished' | CancelReason;

/** The status recorded, and where somebody still listens sent, for each reason (499: nothing is sent). */
const STATUS_OF_REASON = { client: 499, deadline: 504, shutdown: 503, parent: 500, manual: 500 } as const satisfies Record<
  CancelReason,
  number
>;

const TEXT_OF_REASON = {
  client: 'the client left',
  deadline: 'the time for it ran out',
  shutdown: 'the application is stopping',
  parent: 'what it belonged to ended',
  manual: 'it was cancelled',
} as const satisfies Record<CancelReason, string>;

function rootStatus(reason: CancelReason, cause: unknown): number {
  if (reason === 'parent' && isCancelledError(cause)) return cause.status;
  return STATUS_OF_REASON[reason];
}

/**
 * What `signal.reason` holds, and what cancelled work rejects with.
 *
 * `status`: client 499, deadline 504, shutdown 503, manual 500; parent has that of its root (the `cause`).
 */
export class CancelledError extends FrameworkError {
  readonly reason: CancelReason;
  declare readonly status: number;

  constructor(reason: CancelReason, options: { readonly cause?: unknown } = {}) {
    super('REQUEST_CANCELLED', `REQUEST_CANCELLED: ${TEXT_OF_REASON[reason]}`, rootStatus(reason, options.cause), options);
    this.reason = reason;
  }
}

/** Makes a `CancelledError` without a stack: it tells of an event, not of a place in the code. */
export function cancelledBecause(reason: CancelReason, cause?: unknown): CancelledError {
  return withoutStack(() => new CancelledError(reason, { cause }));
}

/** What can be asked of something thrown, whichever copy of this package and whichever realm it comes from. */
interface Thrown {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
}

function isThrown(error: unknown): error is Thrown {
  return typeof error === 'object' && error !== null;
}

/** Whether it is a `CancelledError`, of whichever copy of this package. */
export function isCancelledError(error: unknown): error is CancelledError {
  return isThrown(error) && error.code === 'REQUEST_CANCELLED';
}

/** A chain of causes may be a circle. */
const DEEPEST_CAUSE = 8;

/** The `CancelledError` that an error is, or is caused by. */
export function cancellationIn(error: unknown): CancelledError | undefined {
  for (let at = error, depth = 0; isThrown(at) && depth < DEEPEST_CAUSE; at = at.cause, depth++) {
    if (isCancelledError(at)) return at;
  }
  return undefined;
}

/** Whether an error means that work was cut short, and not that it failed: a `CancelledError`, an `AbortError`, or one caused by them. */
export function isCancellation(error: unknown): boolean {
  for (let at = error, depth = 0; isThrown(at) && depth < DEEPEST_CAUSE; at = at.cause, depth++) {
    if (isCancelledError(at) || at.name === 'AbortError') return true;
  }
  return false;
}
