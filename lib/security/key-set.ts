import type { Clock } from '../lifetime/clock';
import { securityErrors } from './errors';
import { fetchJson } from './fetch-json';

export interface KeySetOptions<Keys> {
  readonly url: URL;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly cacheMs: number;
  readonly cooldownMs: number;
  /** Throws for what is no key set. */
  readonly parse: (document: unknown) => Keys;
}

/** One fetch that all wait for who need it. */
interface Flight<Keys> {
  readonly keys: Promise<Keys>;
  readonly controller: AbortController;
  waiting: number;
}

/** After a failure, how long it is not tried again. */
const PAUSE_MS = 1_000;

/**
 * Keys that are published elsewhere: fetched when first needed and when they are old, once for all who wait. Whoever's
 * request ends stops waiting; when nobody waits any more, the fetch is given up.
 */
export class KeySet<Keys> {
  readonly #options: KeySetOptions<Keys>;
  #known: { readonly keys: Keys; readonly atMs: number } | undefined;
  #failed: { readonly cause: unknown; readonly atMs: number } | undefined;
  #flight: Flight<Keys> | undefined;

  constructor(options: KeySetOptions<Keys>) {
    this.#options = options;
  }

  /** The keys. Fails with: TOKEN_KEYS_UNAVAILABLE, the signal's reason. */
  async current(signal: AbortSignal | undefined): Promise<Keys> {
    const known = this.#known;
    if (known !== undefined && this.#age(known) < this.#options.cacheMs) return known.keys;
    return this.#fetched(signal);
  }

  /** Newer keys than those; `undefined` when they were fetched just now. Fails as `current`. */
  async renewed(than: Keys, signal: AbortSignal | undefined): Promise<Keys | undefined> {
    const known = this.#known;
    if (known !== undefined && known.keys !== than) return known.keys;
    if (known !== undefined && this.#age(known) < this.#options.cooldownMs) return undefined;
    return this.#fetched(signal);
  }

  #age({ atMs }: { readonly atMs: number }): number {
    return this.#options.clock.now() - atMs;
  }

  async #fetched(signal: AbortSignal | undefined): Promise<Keys> {
    signal?.throwIfAborted();
    const failed = this.#failed;
    if (failed !== undefined && this.#age(failed) < PAUSE_MS) throw unavailable(failed.cause);
    const flight = (this.#flight ??= this.#takeOff());
    flight.waiting++;
    try {
      return await unlessAborted(flight.keys, signal);
    } finally {
      flight.waiting--;
      if (flight.waiting === 0 && this.#flight === flight) {
        this.#flight = undefined;
        flight.controller.abort();
      }
    }
  }

  #takeOff(): Flight<Keys> {
    const controller = new AbortController();
    const flight = { keys: this.#fetch(controller), controller, waiting: 0 };
    const landed = (): void => {
      if (this.#flight === flight) this.#flight = undefined;
    };
    flight.keys.then(landed, landed);
    return flight;
  }

  async #fetch(controller: AbortController): Promise<Keys> {
    const { url, clock, timeoutMs, parse } = this.#options;
    let isLate = false;
    const cancelTimer = clock.setTimer(() => {
      isLate = true;
      controller.abort();
    }, timeoutMs);
    try {
      const keys = parse(await fetchJson(url, controller.signal));
      this.#known = { keys, atMs: clock.now() };
      this.#failed = undefined;
      return keys;
    } catch (error) {
      const cause = isLate ? new Error(`${url.origin} took longer than ${timeoutMs} ms`, { cause: error }) : error;
      // That nobody waited any more says nothing about the keys.
      if (isLate || !controller.signal.aborted) this.#failed = { cause, atMs: clock.now() };
      throw unavailable(cause);
    } finally {
      cancelTimer();
    }
  }
}

function unavailable(cause: unknown): Error {
  return securityErrors.TOKEN_KEYS_UNAVAILABLE({}, { cause, headers: { 'retry-after': String(PAUSE_MS / 1_000) } });
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
