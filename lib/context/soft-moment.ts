import type { Exchange } from '../http/exchange';
import { Deadline } from '../lifetime/deadline';
import { cancelledBecause } from '../lifetime/end-reason';

/** Of the time to answer, what is left at the soft moment. */
const SHARE_LEFT = 0.1;
const MOST_LEFT_MS = 1_000;

/**
 * A signal aborted shortly before a request is cut: when the application is asked to stop, or when a tenth of the time
 * to answer (a second at most) is left. The work goes on; what there is by then can still be sent.
 */
export function openSoftMoment(exchange: Exchange): AbortSignal {
  const controller = new AbortController();
  const { lifetime, host, limitMs, startedMs } = exchange;
  const { finishing } = lifetime;
  const tell = (): void => controller.abort(finishing.reason);
  if (finishing.aborted) tell();
  else finishing.addEventListener('abort', tell, { once: true });
  if (limitMs === 0) return controller.signal;
  // What has begun to be sent has no deadline any more.
  const isDue = (): boolean => !exchange.replied && !exchange.answering;
  const deadline = new Deadline({ deadlineReached: () => isDue() && controller.abort(cancelledBecause('deadline')) });
  host.deadlines.arm(deadline, startedMs, limitMs - Math.min(limitMs * SHARE_LEFT, MOST_LEFT_MS));
  lifetime.defer(() => deadline.disarm());
  return controller.signal;
}
