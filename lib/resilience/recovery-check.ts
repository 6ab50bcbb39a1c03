import type { CancelTimer, Clock } from '../lifetime/clock';
import type { Breaker } from './breaker';
import { BreakerTimeoutError } from './breaker-error';
import { checkOptions, DURATION, type Rules } from './check-options';
import { cutCall, UNHEARD } from './cut-call';
import type { Transition } from './transition';

/**
 * Asks whether what stands behind a breaker works again: settles when it does; rejects, or gives `false`, when it does not. In:
 * a signal that is aborted when its time is up; the key, of a breaker that has one.
 */
export type RecoveryProbe = (signal: AbortSignal, key: string | undefined) => unknown;

/** How often and how long it is asked, in milliseconds. */
export interface RecoveryCheckOptions {
  /** Between two questions, while the breaker is open or half-open. Default 5,000. */
  readonly intervalMs?: number;
  /** How long one may take; then it says no. Default 2,000. */
  readonly timeoutMs?: number;
}

const RULES: Rules<RecoveryCheckOptions> = { intervalMs: DURATION, timeoutMs: DURATION };

interface CheckRooms {
  readonly name: string;
  readonly clock: Clock;
  readonly find: (key: string | undefined) => Breaker | undefined;
  /** Told when the answer is yes in the moment in which a breaker opened. */
  readonly falseAlarm: (key: string | undefined) => void;
}

/**
 * An active health check of what stands behind the breakers of a name. It asks from the moment in which one opens until it is
 * closed, and at no other time; one question at a time, whatever the number of keys.
 *
 * A yes lets trials in before the open time is over, and counts as one trial that succeeded; a no counts as nothing, so that it
 * can open no breaker. In the moment of the opening a yes only tells that it was a false alarm.
 */
export class RecoveryCheck {
  readonly #probe: RecoveryProbe;
  readonly #rooms: CheckRooms;
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  readonly #end = new AbortController();
  /** Those that are not closed, and whether they were asked about since they opened. */
  readonly #sick = new Map<string | undefined, { breaker: Breaker; wasAsked: boolean }>();
  #cancelTimer: CancelTimer | undefined;
  #isAsking = false;

  /** Fails with: BREAKER_OPTION_INVALID. */
  constructor(probe: RecoveryProbe, options: RecoveryCheckOptions, rooms: CheckRooms) {
    checkOptions(`The recovery check of breaker "${rooms.name}"`, options, RULES);
    const { intervalMs = 5_000, timeoutMs = 2_000 } = options;
    this.#probe = probe;
    this.#rooms = rooms;
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs;
  }

  /** Told of each change of a breaker of the name. */
  changed({ key, from, to }: Transition): void {
    if (to === 'half-open' || this.#end.signal.aborted) return;
    if (to !== 'open') {
      this.#sick.delete(key);
      return;
    }
    const breaker = this.#rooms.find(key);
    if (breaker === undefined) return;
    // Who opens again after its trials, or while others are asked about, is asked about in its turn.
    const isLater = from === 'half-open' || this.#isAsking;
    this.#sick.set(key, { breaker, wasAsked: isLater });
    if (isLater) this.#askLater();
    else void this.#askAll();
  }

  close(): void {
    this.#end.abort();
    this.#cancelTimer?.();
    this.#sick.clear();
  }

  #askLater(): void {
    if (this.#isAsking || this.#cancelTimer !== undefined || this.#sick.size === 0) return;
    this.#cancelTimer = this.#rooms.clock.setTimer(() => void this.#askAll(), this.#intervalMs);
  }

  /** One behind the other. Never rejects. */
  async #askAll(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#isAsking = true;
    for (const [key, entry] of [...this.#sick]) {
      if (this.#sick.get(key) !== entry) continue;
      if (!isSick(entry.breaker)) this.#sick.delete(key);
      else if (await this.#saysYes(key)) this.#heed(key, entry);
      entry.wasAsked = true;
    }
    this.#isAsking = false;
    this.#askLater();
  }

  #saysYes(key: string | undefined): Promise<boolean> {
    const { clock, name } = this.#rooms;
    const { signal } = this.#end;
    if (signal.aborted) return Promise.resolve(false);
    const timeoutError = () => new BreakerTimeoutError(name, this.#timeoutMs);
    const limits = { clock, timeoutMs: this.#timeoutMs, signal, timeoutError };
    return cutCall((inner) => this.#probe(inner ?? signal, key), limits, UNHEARD).then(
      (answer) => answer !== false,
      () => false,
    );
  }

  #heed(key: string | undefined, { breaker, wasAsked }: { readonly breaker: Breaker; readonly wasAsked: boolean }): void {
    if (this.#end.signal.aborted) return;
    if (!wasAsked) {
      this.#rooms.falseAlarm(key);
      return;
    }
    breaker.probeNow();
    breaker.confirm();
    if (!isSick(breaker)) this.#sick.delete(key);
  }
}

function isSick({ state }: Breaker): boolean {
  return state === 'open' || state === 'half-open';
}
