import type { Clock } from '../lifetime/clock';

/**
 * Waits for `work`, but no longer than `limitMs`.
 *
 * Out: what it settles with; when the time is up, `late()` decides (it may throw). What comes after that is dropped.
 */
export function withinLimit<T>(clock: Clock, limitMs: number, work: PromiseLike<T>, late: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimer(() => {
      try {
        resolve(late());
      } catch (error) {
        reject(error);
      }
    }, limitMs);
    const settle =
      <V>(how: (value: V) => void) =>
      (value: V): void => {
        cancel();
        how(value);
      };
    work.then(settle(resolve), settle(reject));
  });
}

/** Whether `value` must be waited for. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}
