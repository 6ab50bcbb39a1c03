import { cancelledBecause } from '../lifetime/end-reason';
import type { Lifetime } from '../lifetime/lifetime';

/** What work that was cut fails with. */
export function failureOf(work: Lifetime): unknown {
  return work.reason === undefined || work.reason === 'finished' ? undefined : cancelledBecause(work.reason);
}

/**
 * What `going` comes to, or the cancellation of `work` as soon as that is cut; `going` then comes to its end unseen, and
 * holds `work` until it has.
 */
export function untilEnd<T>(work: Lifetime, going: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    work.keep();
    const undo = work.defer(() => reject(failureOf(work)));
    going.then(resolve, reject).finally(() => {
      undo();
      work.letGo();
    });
  });
}
