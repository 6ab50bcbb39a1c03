import type { Exchange } from '../http/exchange';
import { Deadline } from '../lifetime/deadline';
import { cancellationIn, cancelledBecause } from '../lifetime/end-reason';
import { outermost, type Undo } from '../lifetime/lifetime';

/** Of the time to answer, what is left at the soft moment. */
const SHARE_LEFT = 0.1;
const MOST_LEFT_MS = 1_000;

/**
 * Tells of the moment shortly before a request is cut: when the application is asked to stop, or when a tenth of the time
 * to answer (a second at most) is left. The work goes on; what there is by then can still be sent.
 *
 * Where its plugin alone is asked to stop, as another takes its place, a request that has a time to answer keeps all of it:
 * it is waited for. What has none (streams) is told.
 *
 * Out: takes it back; whoever asks calls it at the end.
 */
export function whenSoftMoment(exchange: Exchange, tell: (reason: 'deadline' | 'shutdown') => void): Undo {
  const { lifetime, host, limitMs, startedMs } = exchange;
  // What has begun to be sent has no deadline any more.
  const isDue = (): boolean => !exchange.replied && !exchange.answering;
  const application = outermost(lifetime);
  const stopping = (): void => tell('shutdown');
  let undoApplication: Undo | undefined;
  const undoOwn = lifetime.whenFinishing(() => {
    const isWaitedFor = application.state === 'open' && limitMs > 0 && isDue();
    if (isWaitedFor) undoApplication = application.whenFinishing(stopping);
    else stopping();
  });
  const deadline = new Deadline({ deadlineReached: () => isDue() && tell('deadline') });
  const softMs = limitMs - Math.min(limitMs * SHARE_LEFT, MOST_LEFT_MS);
  if (limitMs > 0) host.deadlines.arm(deadline, startedMs, softMs);
  return () => {
    undoOwn();
    undoApplication?.();
    deadline.disarm();
  };
}

/** The same as a signal, aborted then. */
export function openSoftMoment(exchange: Exchange): AbortSignal {
  const controller = new AbortController();
  exchange.lifetime.defer(whenSoftMoment(exchange, (reason) => controller.abort(cancelledBecause(reason))));
  return controller.signal;
}

/** Why a signal of the soft moment was aborted. */
export function softReasonOf(finishing: AbortSignal): 'deadline' | 'shutdown' {
  return cancellationIn(finishing.reason)?.reason === 'shutdown' ? 'shutdown' : 'deadline';
}
