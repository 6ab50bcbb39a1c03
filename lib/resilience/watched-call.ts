import { timeoutError } from './breaker-error';
import type { Breaker } from './breaker';
import type { BreakerSettings } from './breaker-settings';
import { CANCELLED, FAILURE, type Outcome } from './outcome';

type Breaking = Pick<Breaker, 'admit' | 'settle' | 'settleValue' | 'settleError'>;

/**
 * A call with a signal: it ends when its function does, when its time is up, or when `outer` aborts, whichever is first.
 * The breaker knows of the end before anybody else does.
 */
export function callWatched<T>(
  breaker: Breaking,
  { name, clock, timeoutMs }: BreakerSettings,
  fn: (signal: AbortSignal) => T | PromiseLike<T>,
  outer: AbortSignal | undefined,
): Promise<T> {
  if (outer?.aborted === true) return Promise.reject(outer.reason);
  const ticket = breaker.admit();
  // Without a time limit the outer signal says all there is to say.
  const controller = timeoutMs > 0 || outer === undefined ? new AbortController() : undefined;
  return new Promise<T>((resolve, reject) => {
    const cut = (verdict: Outcome & (typeof CANCELLED | typeof FAILURE), reason: unknown): void => {
      if (ticket.isSettled) return;
      letGo();
      breaker.settle(ticket, verdict, reason);
      controller?.abort(reason);
      reject(reason);
    };
    const onAbort = (): void => cut(CANCELLED, outer?.reason);
    const cancelTimer = timeoutMs > 0 ? clock.setTimer(() => cut(FAILURE, timeoutError(name, timeoutMs)), timeoutMs) : undefined;
    outer?.addEventListener('abort', onAbort, { once: true });
    const letGo = (): void => {
      cancelTimer?.();
      outer?.removeEventListener('abort', onAbort);
    };
    const finish = (settle: () => void, pass: () => void): void => {
      // What was cut has been told already; what comes after that is nobody's.
      if (ticket.isSettled) return;
      letGo();
      try {
        settle();
        pass();
      } catch (error) {
        reject(error);
      }
    };
    const failed = (error: unknown): void => finish(() => breaker.settleError(ticket, error), () => reject(error));
    begin(fn, controller?.signal ?? (outer as AbortSignal), failed)?.then(
      (value) => finish(() => breaker.settleValue(ticket, value), () => resolve(value)),
      failed,
    );
  });
}

function begin<T>(
  fn: (signal: AbortSignal) => T | PromiseLike<T>,
  signal: AbortSignal,
  failed: (error: unknown) => void,
): Promise<T> | undefined {
  try {
    return Promise.resolve(fn(signal));
  } catch (error) {
    failed(error);
    return undefined;
  }
}

