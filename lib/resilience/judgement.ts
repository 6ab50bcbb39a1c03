import type { Trials } from './breaker-state';
import type { BreakerSettings } from './breaker-settings';
import { type Counts, FAILURE, type Outcome, SLOW_CANCELLED, SLOW_FAILURE, SLOW_SUCCESS, SUCCESS } from './outcome';
import type { OutcomeWindow } from './outcome-window';
import type { TransitionCause } from './transition';

/** Why what the window holds opens a closed breaker, if it does. In: the outcome it holds last. */
export function findCause(settings: BreakerSettings, window: OutcomeWindow, last: Outcome): TransitionCause | undefined {
  if (settings.window.kind === 'consecutive') {
    if (window.inRow < settings.maxFailures) return undefined;
    return last === FAILURE || last === SLOW_FAILURE ? 'rate' : 'slow';
  }
  const { counts } = window;
  const failures = counts[FAILURE] + counts[SLOW_FAILURE];
  if (failures >= settings.maxFailures) return 'rate';
  const judged = failures + counts[SUCCESS] + counts[SLOW_SUCCESS];
  // Divided, not multiplied: 3 of 30 is 0.1, but 0.1 times 30 is more than 3.
  if (judged >= settings.minimumCalls && failures / judged >= settings.failureRatio) return 'rate';
  const calls = judged + counts[SLOW_CANCELLED];
  const slow = counts[SLOW_SUCCESS] + counts[SLOW_FAILURE] + counts[SLOW_CANCELLED];
  return calls >= settings.minimumCalls && slow / calls >= settings.slowRatio ? 'slow' : undefined;
}

/** Whether there is anything but quick successes: without, no ratio has to be looked at. */
export function hasTrouble(counts: Counts): boolean {
  return counts[FAILURE] + counts[SLOW_FAILURE] + counts[SLOW_SUCCESS] + counts[SLOW_CANCELLED] > 0;
}

/** Counts one more trial that ended, and counts. */
export function countTrial(trials: Trials, outcome: Outcome): void {
  trials.settled++;
  if (outcome === SUCCESS || outcome === SLOW_SUCCESS) trials.successes++;
  else if (outcome !== SLOW_CANCELLED) trials.failures++;
  if (outcome !== SUCCESS && outcome !== FAILURE) trials.slow++;
}

/** Whether the trials so far are enough to open it again: one failure, or as the ratios say of as many as there may be. */
export function isRefuted({ successes, failures, slow, settled }: Trials, settings: BreakerSettings): boolean {
  const { failureRatio, slowRatio, halfOpenMax } = settings;
  if (failureRatio === Infinity && failures > 0) return true;
  if (settings.window.kind === 'consecutive') return slow > 0;
  if (failures / halfOpenMax >= failureRatio || slow / halfOpenMax >= slowRatio) return true;
  // Those cut for their slowness say nothing of failures: the ratio is one of the others.
  const judged = successes + failures;
  return settled >= halfOpenMax && judged > 0 && failures / judged >= failureRatio;
}
