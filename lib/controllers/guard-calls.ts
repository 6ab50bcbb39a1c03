import type { Observable } from 'rxjs';
import { currentLifetime } from '../lifetime/current';
import { Breaker } from '../resilience/breaker';
import type { Policy } from '../resilience/policy';
import { controllerErrors } from './errors';
import { asObservable, runBelow, throughAsPromise, throughAsStream } from './guarded-methods';

/** What the calls of a method go through: a breaker or a policy, under `stream` where the method gives an Observable. */
export type CallGuard<Result> =
  Result extends Observable<infer Value>
    ? { readonly stream: Breaker | Policy<Value> }
    : Result extends PromiseLike<infer Value>
      ? Breaker | Policy<Value>
      : never;

/** By the names of methods, what their calls go through. */
export type CallGuards<T> = {
  readonly [
    Name in keyof T as NonNullable<T[Name]> extends (...args: never[]) => PromiseLike<unknown> | Observable<unknown>
      ? Name
      : never
  ]?: NonNullable<T[Name]> extends (...args: never[]) => infer Result ? CallGuard<Result> : never;
};

type Method = (...args: unknown[]) => unknown;
type GivenGuard = Breaker | Policy<unknown> | { readonly stream: Breaker | Policy<unknown> };

const views = new WeakSet();

/** What is called by the application and not by who has the service; the service itself gets these calls already. */
const NOT_PASSED_ON: readonly (string | symbol)[] = [
  'initialize',
  'start',
  'stop',
  'shutdown',
  Symbol.dispose,
  Symbol.asyncDispose,
];

/**
 * A service as it is seen through breakers: an object with all it has, whose named methods are called through a breaker or a
 * policy. The service stays as it is, for itself and for all others who have it.
 *
 * In: the service, e.g. one that is imported (`useFactory: (payments, breakers) => guardCalls(payments, { charge:
 * breakers.get('payments') }), inject: [importService(PAYMENTS), Breakers]`); by method a `Breaker` or a `Policy` for what gives a
 * promise, `{ stream: … }` of one for what gives an Observable. Out: an object that can be handed on in its place.
 * Its calls end with the request they are made in: a client that leaves counts neither as success nor as failure.
 * Fails with: BREAKER_METHOD_UNKNOWN; each guarded call as `Breaker.call`, `Breaker.call$`, `Policy.call` and `Policy.call$` do.
 */
export function guardCalls<T extends object>(service: T, guards: CallGuards<T>): T {
  const given = new Map(Object.entries(guards as Record<string, GivenGuard | undefined>));
  const view = Object.create(Object.getPrototypeOf(service) as object | null) as T;
  for (const [name, descriptor] of membersOf(service)) {
    const guard = given.get(name as string);
    Object.defineProperty(view, name, guard === undefined ? passedOn(service, name, descriptor) : through(service, name, guard));
  }
  for (const name of given.keys()) if (!Object.hasOwn(view, name)) throw unknownMethod(service, name);
  for (const name of NOT_PASSED_ON) if (name in view) Object.defineProperty(view, name, { value: undefined });
  views.add(view);
  return view;
}

/** Whether something is a service as it is seen through breakers: its calls belong to the current request. */
export function isGuardedView(value: unknown): boolean {
  return typeof value === 'object' && value !== null && views.has(value);
}

/** All that a service has, by itself and by its classes. */
function membersOf(service: object): Map<string | symbol, PropertyDescriptor> {
  const members = new Map<string | symbol, PropertyDescriptor>();
  for (let at: object | null = service; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null) {
    for (const name of Reflect.ownKeys(at)) {
      const descriptor = Object.getOwnPropertyDescriptor(at, name);
      if (descriptor !== undefined && name !== 'constructor' && !members.has(name)) members.set(name, descriptor);
    }
  }
  return members;
}

/** A method is that of the service, whose private members are its own; anything else is read and written there. */
function passedOn(service: object, name: string | symbol, { value, enumerable = false }: PropertyDescriptor): PropertyDescriptor {
  if (typeof value === 'function')
    return { value: (value as Method).bind(service), configurable: true, writable: true, enumerable };
  return {
    get: (): unknown => Reflect.get(service, name),
    set: (to) => void Reflect.set(service, name, to),
    configurable: true,
    enumerable,
  };
}

function through(service: object, name: string | symbol, guard: GivenGuard): PropertyDescriptor {
  const method: unknown = Reflect.get(service, name);
  if (typeof method !== 'function') throw unknownMethod(service, name);
  const own: Method = (...args) => (method as Method).apply(service, args);
  return { value: guarded(own, guard), configurable: true, writable: true };
}

function guarded(method: Method, guard: GivenGuard): Method {
  if (guard instanceof Breaker) return throughAsPromise(() => guard, method);
  if ('stream' in guard) {
    const { stream } = guard;
    return stream instanceof Breaker ? throughAsStream(() => stream, method) : streamThroughPolicy(stream, method);
  }
  return throughPolicy(guard, method);
}

function throughPolicy(policy: Policy<unknown>, method: Method): Method {
  return (...args) => {
    const parent = currentLifetime();
    const call = (signal: AbortSignal): unknown => runBelow(parent, signal, () => method(...args));
    return policy.call(call, parent === undefined ? undefined : { signal: parent.signal });
  };
}

function streamThroughPolicy(policy: Policy<unknown>, method: Method): Method {
  return (...args) => {
    const parent = currentLifetime();
    return policy.call$(
      (signal) => asObservable(runBelow(parent, signal, () => method(...args))),
      parent === undefined ? undefined : { signal: parent.signal },
    );
  };
}

function unknownMethod(service: object, name: string | symbol): Error {
  return controllerErrors.BREAKER_METHOD_UNKNOWN({ service: service.constructor.name, method: String(name) });
}
