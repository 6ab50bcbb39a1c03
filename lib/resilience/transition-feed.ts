import type { Observable, Observer, Subscription } from 'rxjs';
import { rx } from '../lifetime/observable';
import type { Transition } from './transition';

type Listener = (transition: Transition) => void;

/**
 * Hands transitions to whoever listens: each once, in order, after the change. What a listener does (it may call or reset the
 * breaker) is queued behind, and what it throws becomes a warning of the process.
 */
export class TransitionFeed {
  private readonly listeners: Set<Listener>;
  private readonly waiting: Transition[];
  private isDraining: boolean;

  /** In: told when the first listener comes and the last one goes; who hears all of it and does not count as a listener. */
  constructor(
    private readonly listenedChanged: () => void,
    private readonly witness?: Listener,
  ) {
    this.listeners = new Set();
    this.waiting = [];
    this.isDraining = false;
  }

  get isListened(): boolean {
    return this.listeners.size > 0;
  }

  /** Whether a transition is worth making. */
  get isHeard(): boolean {
    return this.witness !== undefined || this.isListened;
  }

  /** Queues; `drain` hands out. */
  push(transition: Transition): void {
    if (this.isHeard) this.waiting.push(transition);
  }

  drain(): void {
    if (this.isDraining || this.waiting.length === 0) return;
    this.isDraining = true;
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      if (this.witness !== undefined) tell(this.witness, next);
      for (const listener of [...this.listeners]) if (this.listeners.has(listener)) tell(listener, next);
    }
    this.isDraining = false;
  }

  /** Each subscriber is one listener. */
  observe(): Observable<Transition> {
    const { Observable, Subscriber } = rx();
    const open = (): Observable<Transition> =>
      new Observable<Transition>((subscriber) => this.listen((transition) => subscriber.next(transition)));
    const plain = open();
    // RxJS raises what an observer throws where nobody can catch it, which ends the process: here it is a warning.
    const subscribe = (to?: Partial<Observer<Transition>> | Listener): Subscription => {
      const next = to instanceof Subscriber ? undefined : nextOf(to);
      // It neither fails nor completes: there is nothing else to hear.
      if (next !== undefined) return plain.subscribe({ next: (transition) => tell(next, transition) });
      return plain.subscribe(to as Partial<Observer<Transition>>);
    };
    return Object.assign(open(), { subscribe });
  }

  private listen(listener: Listener): () => void {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.listenedChanged();
    return () => {
      if (this.listeners.delete(listener) && this.listeners.size === 0) this.listenedChanged();
    };
  }
}

function nextOf(to: unknown): Listener | undefined {
  if (typeof to === 'function') return to as Listener;
  const { next } = (to ?? {}) as { next?: unknown };
  return typeof next === 'function' ? (transition) => void next.call(to, transition) : undefined;
}

function tell(listener: Listener, transition: Transition): void {
  try {
    listener(transition);
  } catch (error) {
    const detail = error instanceof Error ? error.stack : undefined;
    process.emitWarning(`A listener to the transitions of breaker "${transition.name}" threw`, {
      type: 'BreakerListenerWarning',
      detail: detail ?? String(error),
    });
  }
}
