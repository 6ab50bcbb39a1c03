import type { Exchange } from '../http/exchange';
import { Deadline } from '../lifetime/deadline';
import { cancelledBecause } from '../lifetime/end-reason';
import { type Lifetime, outermost } from '../lifetime/lifetime';

/** Of the time to answer, what is left at the soft moment. */
const SHARE_LEFT = 0.1;
const MOST_LEFT_MS = 1_000;

/**
 * A signal aborted shortly before a request is cut: when the application is asked to stop, or when a tenth of the time
 * to answer (a second at most) is left. The work goes on; what there is by then can still be sent.
 *
 * Where its plugin alone is asked to stop, as another takes its place, a request that has a time to answer keeps all of it:
 * it is waited for. What has none (streams) is told.
 */
export function openSoftMoment(exchange: Exchange): AbortSignal {
  const controller = new AbortController();
  const { lifetime, host, limitMs, startedMs } = exchange;
  // What has begun to be sent has no deadline any more.
  const isDue = (): boolean => !exchange.replied && !exchange.answering;
  const application = outermost(lifetime);
  whenFinishing(lifetime, () => {
    const isWaitedFor = application.state === 'open' && limitMs > 0 && isDue();
    if (isWaitedFor) lifetime.defer(whenFinishing(application, () => controller.abort(application.finishing.reason)));
    else controller.abort(lifetime.finishing.reason);
  });
  if (limitMs === 0) return controller.signal;
  const deadline = new Deadline({ deadlineReached: () => isDue() && controller.abort(cancelledBecause('deadline')) });
  host.deadlines.arm(deadline, startedMs, limitMs - Math.min(limitMs * SHARE_LEFT, MOST_LEFT_MS));
  lifetime.defer(() => deadline.disarm());
  return controller.signal;
}

/** Out: takes it back, for what ends before. */
function whenFinishing({ finishing }: Lifetime, tell: () => void): () => void {
  if (finishing.aborted) tell();
  else finishing.addEventListener('abort', tell, { once: true });
  return () => finishing.removeEventListener('abort', tell);
}
