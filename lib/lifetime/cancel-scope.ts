import { Deadline, type Deadlines } from './deadline';
import { type CancelReason, cancelledBecause } from './end-reason';
import type { Lifetime } from './lifetime';

/** A part of a request's work that can be cut by itself. Close it when the work is done; what is not closed ends with its parent. */
export interface CancelScope {
  readonly signal: AbortSignal;
  /** Cuts it with reason `manual`. */
  cancel(): void;
  /** The work is done: lets go of the timer, and the signal stays quiet. */
  close(): void;
  [Symbol.dispose](): void;
}

/** Opens a child of `parent`, cut after `ms` where given, or with its parent (reason `parent`, caused by the parent's). */
export function openCancelScope(parent: Lifetime, limit?: { readonly deadlines: Deadlines; readonly ms: number }): CancelScope {
  const controller = new AbortController();
  const child = parent.open(parent.subject);
  /** Why it was cut by itself; undefined when its parent is what ended. */
  let own: CancelReason | undefined;
  const cut = (reason: CancelReason): void => {
    own = reason;
    child.end(reason);
  };
  child.defer((reason) => {
    if (reason === 'finished') return;
    // A parent that came to its normal end is no cause.
    const cause = reason === 'parent' ? undefined : cancelledBecause(reason);
    controller.abort(own === undefined ? cancelledBecause('parent', cause) : cancelledBecause(own));
  });
  if (limit !== undefined && !child.ended) {
    const deadline = new Deadline({ deadlineReached: () => cut('deadline') });
    limit.deadlines.arm(deadline, parent.clock().now(), Math.max(0, limit.ms));
    child.defer(() => deadline.disarm());
  }
  const close = (): void => child.end('finished');
  return { signal: controller.signal, cancel: () => cut('manual'), close, [Symbol.dispose]: close };
}
