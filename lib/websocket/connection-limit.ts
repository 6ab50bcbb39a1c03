import { websocketErrors } from './errors';

/** What is given back when a session is over. */
export type Place = () => void;

/** How many sessions of a class there may be: of all, and from one address. */
export class ConnectionLimit {
  readonly #most: number;
  readonly #mostPerAddress: number;
  readonly #byAddress = new Map<string, number>();
  #open = 0;

  /** In: 0 is no limit. */
  constructor(most: number, mostPerAddress: number) {
    this.#most = most;
    this.#mostPerAddress = mostPerAddress;
  }

  /** Whether it matters where a client comes from. */
  get countsAddresses(): boolean {
    return this.#mostPerAddress > 0;
  }

  /** Takes a place; give it back once. Fails with: WEBSOCKET_LIMIT (503), WEBSOCKET_ADDRESS_LIMIT (429). */
  take(address: string): Place {
    if (this.#most > 0 && this.#open >= this.#most)
      throw websocketErrors.WEBSOCKET_LIMIT({}, { headers: { 'retry-after': '5' } });
    if (!this.countsAddresses) {
      this.#open++;
      return this.#giveBack;
    }
    const open = this.#byAddress.get(address) ?? 0;
    if (open >= this.#mostPerAddress) throw websocketErrors.WEBSOCKET_ADDRESS_LIMIT({ limit: this.#mostPerAddress });
    this.#open++;
    this.#byAddress.set(address, open + 1);
    return () => {
      this.#open--;
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#byAddress.delete(address);
      else this.#byAddress.set(address, left);
    };
  }

  readonly #giveBack = (): void => {
    this.#open--;
  };
}
