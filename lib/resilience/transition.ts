import type { Observable, Observer } from 'rxjs';
import { rx } from '../lifetime/observable';
import type { BreakerStateName } from './breaker-state';

/**
 * Why a breaker changed: too many failures (`rate`), too many slow calls (`slow`), what a trial showed, or the time for one
 * (`probe`), an operator (`manual`), or as long as the upstream asked for (`retry_after`).
 */
export type TransitionCause = 'rate' | 'slow' | 'probe' | 'manual' | 'retry_after';

/** One change of one breaker. */
export interface Transition {
  readonly name: string;
  readonly key?: string;
  readonly from: BreakerStateName;
  readonly to: BreakerStateName;
  readonly cause: TransitionCause;
  /** The wall clock's time, as ISO 8601. */
  readonly at: string;
  /** On closing: milliseconds since it opened first. */
  readonly recoveryMs?: number;
  /** On closing: it opened, and every trial of the first round succeeded. */
  readonly falsePositive?: true;
}

type Listener = (transition: Transition) => void;

/**
 * Hands transitions to whoever listens: each once, in order, after the change. What a listener does (it may call or reset the
 * breaker) is queued behind, and what it throws becomes a warning of the process.
 */
export class TransitionFeed {
  readonly #listeners = new Set<Listener>();
  readonly #waiting: Transition[] = [];
  readonly #listenedChanged: () => void;
  #isDraining = false;

  /** In: told when the first listener comes and the last one goes. */
  constructor(listenedChanged: () => void) {
    this.#listenedChanged = listenedChanged;
  }

  get isListened(): boolean {
    return this.#listeners.size > 0;
  }

  /** Queues; `drain` hands out. */
  push(transition: Transition): void {
    if (this.#listeners.size > 0) this.#waiting.push(transition);
  }

  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        for (const listener of [...this.#listeners]) tell(listener, next);
      }
    } finally {
      this.#isDraining = false;
    }
  }

  /** Out: takes the listener away. */
  listen(listener: Listener): () => void {
    const entry: Listener = (transition) => listener(transition);
    this.#listeners.add(entry);
    if (this.#listeners.size === 1) this.#listenedChanged();
    return () => {
      if (this.#listeners.delete(entry) && this.#listeners.size === 0) this.#listenedChanged();
    };
  }

  observe(): Observable<Transition> {
    const source = new (rx().Observable)<Transition>((subscriber) => this.listen((transition) => subscriber.next(transition)));
    const subscribe = source.subscribe.bind(source) as (observer?: Partial<Observer<Transition>>) => ReturnType<typeof source.subscribe>;
    // RxJS raises what an observer throws where nobody can catch it, which ends the process: here it is a warning.
    const guarded = (to?: Partial<Observer<Transition>> | Listener | null): ReturnType<typeof source.subscribe> => {
      const next = typeof to === 'function' ? to : to?.next?.bind(to);
      if (next === undefined || to instanceof rx().Subscriber) return subscribe(to as Partial<Observer<Transition>>);
      return subscribe({ ...(to as object), next: (transition) => tell(next, transition) });
    };
    return Object.assign(source, { subscribe: guarded });
  }
}

function tell(listener: Listener, transition: Transition): void {
  try {
    listener(transition);
  } catch (error) {
    const detail = error instanceof Error ? error.stack : String(error);
    process.emitWarning(`A listener to the transitions of breaker "${transition.name}" threw`, {
      type: 'BreakerListenerWarning',
      ...(detail === undefined ? {} : { detail }),
    });
  }
}
