// Hot: walked for each request and each message that has steps around its handler.
import type { Call } from './call';
import { isPromise, refuseWhenOver, whenSettled } from './collect-arguments';
import type { AroundStep, BeforeStep } from './route-draft';

/** Runs steps one behind the other; goes on in the same tick as long as none returns a promise. */
export function runSteps<C extends Call>(
  steps: readonly BeforeStep<C>[],
  from: number,
  call: C,
  next: (call: C) => unknown,
): unknown {
  for (let i = from; i < steps.length; i++) {
    const waiting = steps[i](call);
    if (isPromise(waiting)) {
      return whenSettled(waiting).then(() => {
        refuseWhenOver(call);
        return runSteps(steps, i + 1, call, next);
      });
    }
  }
  return next(call);
}

/** Runs a handler inside of the steps around it, the first the outermost. */
export function runAround<C>(steps: readonly AroundStep<C>[], from: number, call: C, handler: () => unknown): unknown {
  const step = steps[from];
  return step === undefined ? handler() : step(call, () => runAround(steps, from + 1, call, handler));
}
