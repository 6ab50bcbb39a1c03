import type { Exchange } from '../http/exchange';
import { exchangeAround } from '../http/exchange-around';
import { currentLifetime } from '../lifetime/current';
import { contextErrors } from './errors';
import type { RequestContext } from './request-context';

/**
 * The request whose work is running, for providers that are not handed a context. Inject it; controllers whose
 * injection reaches it run inside an AsyncLocalStorage, all others do not pay for it.
 */
export class CurrentRequest {
  readonly #contextOf: (exchange: Exchange) => RequestContext;

  /** @internal */
  constructor(contextOf: (exchange: Exchange) => RequestContext) {
    this.#contextOf = contextOf;
  }

  /** The current context. Fails with: CONTEXT_NONE_CURRENT outside of a request. */
  get context(): RequestContext {
    const context = this.peek();
    if (context === undefined) throw contextErrors.CONTEXT_NONE_CURRENT();
    return context;
  }

  /** The signal of the innermost work that is running. Fails with: CONTEXT_NONE_CURRENT. */
  get signal(): AbortSignal {
    const lifetime = currentLifetime();
    if (lifetime === undefined) throw contextErrors.CONTEXT_NONE_CURRENT();
    return lifetime.signal;
  }

  /** The current context, `undefined` outside of a request. */
  peek(): RequestContext | undefined {
    const exchange = exchangeAround(currentLifetime());
    return exchange === undefined ? undefined : this.#contextOf(exchange);
  }
}
