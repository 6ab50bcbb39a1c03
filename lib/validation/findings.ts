import type { InputIssue } from '../errors/framework-error';
import { MOST_ISSUES } from './issues';

/** Whether a validator's answer is still out. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function';
}

/** The rejection is met where the promise is awaited; until then it must not count as unhandled. */
export function meetLater(promise: PromiseLike<unknown>): void {
  const doNothing = (): void => {};
  promise.then(doNothing, doNothing);
}

/** What was found so far, in order; some of it may still be out. */
export class Findings {
  readonly #all: (InputIssue | PromiseLike<InputIssue | undefined>)[] = [];
  #known = 0;
  #pending = false;

  /** Enough is known to be wrong: what comes after would not be sent. */
  get full(): boolean {
    return this.#known >= MOST_ISSUES;
  }

  add(issue: InputIssue): void {
    this.#known++;
    this.#all.push(issue);
  }

  addLater(issue: PromiseLike<InputIssue | undefined>): void {
    this.#pending = true;
    meetLater(issue);
    this.#all.push(issue);
  }

  /** At once, unless something is still out. Rejects with what a validator rejected with. */
  settle(): readonly InputIssue[] | Promise<readonly InputIssue[]> {
    if (!this.#pending) return this.#all as readonly InputIssue[];
    return Promise.all(this.#all.map((issue) => Promise.resolve(issue))).then((issues) =>
      issues.filter((issue) => issue !== undefined),
    );
  }
}
