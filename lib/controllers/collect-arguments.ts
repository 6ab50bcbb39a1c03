// Hot: runs once a request.
import { type FrameworkError, type InputIssue, isFrameworkError } from '../errors/framework-error';
import { cancelledBecause } from '../lifetime/end-reason';
import { inputInvalid } from '../validation/issues';
import type { Call } from './call';

/** Reads one argument of a handler; a promise is awaited. */
type Reader<C> = (call: C) => unknown;

/** Goes on with a value now, or with a promise's when it is there. */
export function then(value: unknown, next: (value: unknown) => unknown): unknown {
  return isPromise(value) ? whenSettled(value).then(next) : next(value);
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
}

/** A promise as it is; of anything else with a `then` one that goes on as promises do: not all of those give one back. */
export function whenSettled(value: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(value);
}

/** While a step was waited for, the request may have been cut: nothing more begins for it. */
export function refuseWhenOver({ begun }: Call): void {
  const reason = begun?.reason;
  if (reason !== undefined && reason !== 'finished') throw cancelledBecause(reason);
}

/** Reads all arguments, side by side, and goes on with them. The issues of several parameters are told together. */
export function withArguments<C extends Call>(
  readers: readonly Reader<C>[],
  call: C,
  use: (values: unknown[]) => unknown,
): unknown {
  const values: unknown[] = new Array<unknown>(readers.length);
  let waiting = 0;
  let last = 0;
  for (let i = 0; i < readers.length; i++) {
    try {
      const value = readers[i](call);
      values[i] = value;
      if (isPromise(value)) {
        waiting++;
        last = i;
      }
    } catch (error) {
      return refuseArguments(readers, call, values.slice(0, i), error);
    }
  }
  if (waiting === 0) return use(values);
  const goOn = (ready: unknown[]): unknown => {
    refuseWhenOver(call);
    return use(ready);
  };
  if (waiting > 1) return Promise.all(values).then(goOn, (error: unknown) => refuseTogether(values, error));
  // Mostly a body and nothing else: its failure is the only one.
  return then(values[last], (value) => {
    values[last] = value;
    return goOn(values);
  });
}

/**
 * One faulty parameter is known: asks those behind it for theirs, so that the client learns of all at once.
 *
 * In: what those before it gave.
 */
export function refuseArguments<C>(readers: readonly Reader<C>[], call: C, before: readonly unknown[], error: unknown): unknown {
  const outcomes: unknown[] = [...before, Promise.reject(error)];
  if (isInvalidInput(error)) {
    for (const read of readers.slice(outcomes.length)) outcomes.push(attempt(read, call));
  }
  if (outcomes.filter(isPromise).length > 1) return refuseTogether(outcomes, error);
  void Promise.allSettled(outcomes);
  throw error;
}

function attempt<C>(read: Reader<C>, call: C): unknown {
  try {
    return read(call);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Fails with the issues of all, in the order of the parameters, or with `error` itself when it tells of no issues. */
async function refuseTogether(outcomes: readonly unknown[], error: unknown): Promise<never> {
  const all = Promise.allSettled(outcomes);
  if (!isInvalidInput(error)) throw error;
  const issues: InputIssue[] = [];
  for (const outcome of await all) {
    if (outcome.status === 'rejected' && isInvalidInput(outcome.reason)) issues.push(...(outcome.reason.errors ?? []));
  }
  throw issues.length === error.errors?.length ? error : inputInvalid(issues);
}

function isInvalidInput(error: unknown): error is FrameworkError {
  return isFrameworkError(error) && error.code === 'VALIDATION_FAILED';
}
