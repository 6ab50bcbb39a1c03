import type { Observable } from 'rxjs';
import type { Call } from '../controllers/call';
import { isPromise, whenSettled } from '../controllers/collect-arguments';
import type { Exchange } from '../http/exchange';
import { isObservable, rx } from '../lifetime/observable';
import { observeEnd } from '../lifetime/observe-lifetime';

/** Who is asking, and may they. `Context` is what a handler holds. */
export interface AuthOptions<Context> {
  /**
   * The user, or `undefined` (`null` and `false` are the same) when nobody is known to be asking. May be asynchronous;
   * settled before guards run. Throw to refuse.
   */
  authenticate?(context: Context): unknown;
  /** Whether this user may do `action` to `resource`. */
  permits?(user: unknown, resource: string, action: string): boolean | Promise<boolean>;
  /** What 401 asks for (`WWW-Authenticate`, RFC 9110 §11.6.1), e.g. `Basic realm="office"`. Default `Bearer`. */
  readonly challenge?: string;
}

/** `auth` of the application, over exchanges. */
export class Authentication {
  constructor(
    readonly options: AuthOptions<never>,
    readonly contextOf: (exchange: Exchange) => unknown,
  ) {}

  /** Settles who is asking; a step of every route. */
  readonly identify = (exchange: Exchange): unknown => {
    const user = this.options.authenticate?.(this.contextOf(exchange) as never);
    const known = isObservable(user) ? firstWithin(exchange, user) : user;
    // Whatever can be waited for is waited for: taken as it is, any promise would be a known user.
    if (isPromise(known)) return whenSettled(known).then((settled) => remember(exchange, settled));
    remember(exchange, known);
    return undefined;
  };

  permits({ user }: Pick<Call, 'user'>, resource: string, action: string): boolean | Promise<boolean> {
    if (user === undefined) return false;
    return this.options.permits?.(user, resource, action) ?? false;
  }
}

/** The first value, nobody when there is none; the end of the request unsubscribes. */
function firstWithin(exchange: Exchange, source: Observable<unknown>): Promise<unknown> {
  const { firstValueFrom, takeUntil } = rx();
  return firstValueFrom(source.pipe(takeUntil(observeEnd(exchange.lifetime))), { defaultValue: undefined });
}

function remember(exchange: Exchange, user: unknown): void {
  exchange.user = user === null || user === false ? undefined : user;
}
