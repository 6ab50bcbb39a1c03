import type { Lifetime } from '../lifetime/lifetime';

/**
 * How long what is made for a session is there: until nothing of the session runs any more, so that `@OnClose` and handlers
 * that outlive their client still have it.
 */
export class SessionThings {
  readonly #session: { readonly lifetime: Lifetime };
  readonly #owner: Lifetime;
  #lifetime: Lifetime | undefined;

  /** In: the session; what it is inside of. */
  constructor(session: { readonly lifetime: Lifetime }, owner: Lifetime) {
    this.#session = session;
    this.#owner = owner;
    this.#lifetime = undefined;
  }

  /** Made when something is to be disposed of. */
  get lifetime(): Lifetime {
    this.#lifetime ??= this.#open();
    return this.#lifetime;
  }

  #open(): Lifetime {
    const lifetime = this.#owner.open(this);
    void this.#session.lifetime.closed.then(() => lifetime.end('finished'));
    return lifetime;
  }
}
