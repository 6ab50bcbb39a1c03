import { Exchange } from '../http/exchange';
import { currentLifetime } from '../lifetime/current';
import { Message } from '../websocket/message';
import { contextErrors } from './errors';
import type { RequestContext } from './request-context';

/** Who makes contexts. */
interface CurrentRooms {
  contextOf(exchange: Exchange): RequestContext;
  contextOfMessage(message: Message): RequestContext;
}

/**
 * The request whose work is running, for providers that are not handed a context. Inject it; controllers whose
 * injection reaches it run inside an AsyncLocalStorage, all others do not pay for it.
 */
export class CurrentRequest {
  readonly #rooms: CurrentRooms;

  /** @internal */
  constructor(rooms: CurrentRooms) {
    this.#rooms = rooms;
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

  /** The current context, `undefined` outside of a request. In the handler of a message it is that of the message. */
  peek(): RequestContext | undefined {
    for (let at = currentLifetime(); at !== undefined; at = at.owner) {
      const { subject } = at;
      if (subject instanceof Exchange) return this.#rooms.contextOf(subject);
      if (subject instanceof Message) return this.#rooms.contextOfMessage(subject);
    }
    return undefined;
  }
}
