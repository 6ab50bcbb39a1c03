import { hijackErrors } from './errors';

/** The limit of a route that says none. */
export const MOST_HIJACKED = 100_000;

/** How many connections of one route may be taken over at a time. */
export class HijackLimit {
  readonly #most: number;
  #open: number;

  /** In: 0 is no limit. */
  constructor(most: number) {
    this.#most = most;
    this.#open = 0;
  }

  /** Takes a place. Out: gives it back; call it once. Fails with: HIJACK_LIMIT (503). */
  take(): () => void {
    if (this.#most > 0 && this.#open >= this.#most) throw hijackErrors.HIJACK_LIMIT({}, { headers: { 'retry-after': '5' } });
    this.#open++;
    return this.#giveBack;
  }

  readonly #giveBack = (): void => {
    this.#open--;
  };
}
