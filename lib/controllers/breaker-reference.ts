import type { Breaker } from '../resilience/breaker';
import type { DeclaredBreakers } from '../resilience/declared-breakers';
import type { NamedBreakerOptions } from '../resilience/named-configurations';

/** Which of the breakers of a name a call goes through; `undefined`: the one for all. */
export type BreakerKey<Args extends readonly unknown[]> = (...args: Args) => string | number | undefined;

/** A breaker's options beside the decorator; without a name, the method's (`Users.find`) is its name. */
export interface CircuitBreakerOptions<Args extends readonly unknown[]> extends NamedBreakerOptions {
  readonly name?: string;
  /**
   * A breaker for each key: of the context, on a route or a message handler; of the arguments, on a method of a provider.
   * Default: one for all.
   */
  readonly key?: BreakerKey<Args>;
}

/** What stands beside the decorator. */
export type GivenBreaker = string | CircuitBreakerOptions<never>;

/** What a decorator, or a middleware, says of its breaker. */
export interface BreakerReference {
  readonly name: string;
  readonly key: BreakerKey<readonly unknown[]> | undefined;
  /** How it judges, where that is said. */
  readonly options: NamedBreakerOptions | undefined;
}

/** In: the name of one that has none of its own. */
export function toReference(given: GivenBreaker, place: string): BreakerReference {
  if (typeof given === 'string') return { name: given, key: undefined, options: undefined };
  const { name = place, key: own, ...options } = given;
  const key = own as BreakerKey<readonly unknown[]> | undefined;
  const isConfigured = Object.values(options).some((value) => value !== undefined);
  // Without a name of its own it is none that somebody else could have meant.
  return { name, key, options: isConfigured || given.name === undefined ? options : undefined };
}

/** Notes that a place uses a breaker. Out: the breaker of a call, by what its key is made of; made when it is first asked for. */
export function breakerOf<Args extends readonly unknown[]>(
  { name, key, options }: BreakerReference,
  place: string,
  declared: DeclaredBreakers,
): (...args: Args) => Breaker {
  declared.declare({ place, name, options, isKeyed: key !== undefined });
  const { registry } = declared;
  const plain = (): Breaker => registry.get(name);
  if (key === undefined) {
    let breaker: Breaker | undefined;
    return () => (breaker ??= plain());
  }
  return (...args) => {
    const one = key(...args);
    return one === undefined ? plain() : registry.get(name, String(one));
  };
}
