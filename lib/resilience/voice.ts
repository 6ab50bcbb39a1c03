import type { Observable } from 'rxjs';
import { epochMs } from '../lifetime/clock';
import type { BreakerSettings } from './breaker-settings';
import type { BreakerObserver, Transition } from './transition';
import { TransitionFeed } from './transition-feed';

/** What the breakers of one name in a registry share: who hears of changes, and who counts. */
export interface Shared {
  readonly feed: TransitionFeed;
  readonly observer: BreakerObserver | undefined;
}

/** Tells of a breaker's changes: those who listen to it, and those who listen to all of its registry. */
export class Voice {
  private own: TransitionFeed | undefined;

  constructor(
    private readonly settings: BreakerSettings,
    private readonly key: string | undefined,
    private readonly shared: TransitionFeed | undefined,
  ) {
    this.own = undefined;
  }

  /** Whether anybody is subscribed. */
  get isListened(): boolean {
    return this.own?.isListened === true || this.shared?.isListened === true;
  }

  /** Whether a transition is worth making. */
  get isHeard(): boolean {
    return this.own?.isHeard === true || this.shared?.isHeard === true;
  }

  /** In: told when the first listener comes and the last one goes. */
  observe(listenedChanged: () => void): Observable<Transition> {
    return (this.own ??= new TransitionFeed(listenedChanged)).observe();
  }

  /** Queues it; `publish` hands it out, when all that belongs to the change is done. */
  announce(change: Omit<Transition, 'name' | 'key' | 'at'>): void {
    const { name, clock } = this.settings;
    const key = this.key === undefined ? {} : { key: this.key };
    const transition = { name, ...key, ...change, at: new Date(epochMs(clock)).toISOString() };
    this.own?.push(transition);
    this.shared?.push(transition);
  }

  publish(): void {
    this.own?.drain();
    this.shared?.drain();
  }
}
