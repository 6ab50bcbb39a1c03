import { cancellationIn } from '../lifetime/end-reason';
import type { BreakerSettings } from './breaker-settings';
import { CANCELLED, FAILURE, type Outcome, SLOW_CANCELLED, SLOW_FAILURE, SLOW_SUCCESS, SUCCESS, type Verdict } from './outcome';

/** What a call counts as that ended so, after so long. In: what it ended with, which may say whose time was over. */
export function outcomeOf(settings: BreakerSettings, verdict: Verdict, elapsedMs: number, told: unknown): Outcome {
  const { slowCallMs, slowDeadlineMs } = settings;
  if (verdict === SUCCESS) return elapsedMs >= slowCallMs ? SLOW_SUCCESS : SUCCESS;
  if (verdict === FAILURE) return elapsedMs >= slowCallMs ? SLOW_FAILURE : FAILURE;
  if (verdict !== CANCELLED) return verdict;
  return elapsedMs >= slowCallMs || (elapsedMs >= slowDeadlineMs && isDeadline(told)) ? SLOW_CANCELLED : CANCELLED;
}

/** Whether it was the caller's own time that ran out, or that of what it belongs to; who leaves says less. */
function isDeadline(told: unknown): boolean {
  let cancellation = cancellationIn(told);
  while (cancellation?.reason === 'parent') cancellation = cancellationIn(cancellation.cause);
  return cancellation?.reason === 'deadline';
}
