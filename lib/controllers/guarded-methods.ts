import type { Observable } from 'rxjs';
import type { FrameworkError } from '../errors/framework-error';
import { currentLifetime, runInside } from '../lifetime/current';
import type { Lifetime } from '../lifetime/lifetime';
import { isObservable } from '../lifetime/observable';
import { type Class, defineSlot, readReturnType } from '../metadata/slot';
import type { Breaker } from '../resilience/breaker';
import type { DeclaredBreakers } from '../resilience/declared-breakers';
import { breakerOf, type GivenBreaker, toReference } from './breaker-reference';
import { isPromise } from './collect-arguments';
import { controllerErrors } from './errors';
import { hasHandlers, isHandler } from './handler-members';

type Method = (...args: unknown[]) => unknown;
type BreakerOf = (...args: unknown[]) => Breaker;

const guards = defineSlot<ReadonlyMap<string | symbol, GivenBreaker>>('guarded-methods');
const guardedClasses = defineSlot<true>('guarded-class');

/** Notes that a method is called through a breaker, if it turns out to be no handler. */
export function guardMethod(target: object, member: string | symbol, breaker: GivenBreaker): void {
  guards.update(target, (known) => new Map(known).set(member, breaker));
}

/** Notes that all handlers of a class are called through a breaker, if it turns out to have any. */
export function guardClass(target: object): void {
  guardedClasses.set(target, true);
}

const NONE: readonly [string | symbol, GivenBreaker][] = [];

/** Those that are no handlers: what goes around a handler is compiled into its route. */
function guardedMethods(type: Class): readonly [string | symbol, GivenBreaker][] {
  const prototype = type.prototype as object;
  const all = guards.get(prototype);
  return all === undefined ? NONE : [...all].filter(([member]) => !isHandler(prototype, member));
}

/** Whether methods of a class are called through breakers: what they call belongs to the current request. */
export function hasGuardedMethods(type: Class): boolean {
  return guardedMethods(type).length > 0;
}

/** What is wrong with the guarded methods of a class; which breakers they name is noted. */
export function checkGuardedMethods(type: Class, declared: DeclaredBreakers): FrameworkError[] {
  if (!isGuarded(type)) return [];
  return [
    ...misplacedGuards(type),
    ...guardedMethods(type).flatMap(([member, given]) => checkMethod(type, member, given, declared)),
  ];
}

/** Whether a breaker stands on the class or on any of its methods. */
function isGuarded(type: Class): boolean {
  return (
    guards.get(type.prototype as object) !== undefined || guards.get(type) !== undefined || guardedClasses.get(type) === true
  );
}

function checkMethod(type: Class, member: string | symbol, given: GivenBreaker, declared: DeclaredBreakers): FrameworkError[] {
  const place = placeOf(type, member);
  const prototype = type.prototype as object;
  if (typeof Object.getOwnPropertyDescriptor(holderOf(prototype, member), member)?.value !== 'function')
    return [misplaced(place, 'is no method. Write it as a method of the instance')];
  breakerOf(toReference(given, place), place, declared);
  const returned = readReturnType(prototype, member);
  return isAwaited(returned) ? [] : [controllerErrors.BREAKER_METHOD_INVALID({ place, type: nameOf(returned) })];
}

/** Decorators that would be without effect: on static methods, and on a class that handles nothing. */
function misplacedGuards(type: Class): FrameworkError[] {
  const statics = [...(guards.get(type)?.keys() ?? [])];
  const isStray = guardedClasses.get(type) === true && !hasHandlers(type);
  return [
    ...statics.map((member) => misplaced(placeOf(type, member), 'is static. Write it as a method of the instance')),
    ...(isStray ? [misplaced(type.name, 'has no handlers. Put @CircuitBreaker() on the methods that call elsewhere')] : []),
  ];
}

function misplaced(place: string, reason: string): FrameworkError {
  return controllerErrors.BREAKER_MISPLACED({ place, reason });
}

/** The prototype that has it. */
function holderOf(prototype: object, member: string | symbol): object {
  let holder: unknown = prototype;
  while (typeof holder === 'object' && holder !== null && !Object.hasOwn(holder, member)) holder = Object.getPrototypeOf(holder);
  return holder ?? prototype;
}

/**
 * Puts the breakers of a class around its methods that are no handlers, for each instance; `this.method()` goes through them,
 * too. What there is to put is found once for each class: one may be made for each request.
 */
export function methodGuards(declared: DeclaredBreakers): (instance: object, type: Class) => void {
  const known = new Map<Class, PropertyDescriptorMap | undefined>();
  return (instance, type) => {
    if (!known.has(type)) known.set(type, guardsFor(type, declared));
    const properties = known.get(type);
    if (properties !== undefined) Object.defineProperties(instance, properties);
  };
}

/** `undefined`: there are none. */
function guardsFor(type: Class, declared: DeclaredBreakers): PropertyDescriptorMap | undefined {
  const prototype = type.prototype as Record<string | symbol, Method>;
  const properties: PropertyDescriptorMap = {};
  for (const [member, given] of guardedMethods(type)) {
    const place = placeOf(type, member);
    const breaker = breakerOf<unknown[]>(toReference(given, place), place, declared);
    const isStream = isObservableType(readReturnType(prototype, member));
    const value = isStream ? throughAsStream(breaker, prototype[member]) : throughAsPromise(breaker, prototype[member]);
    properties[member] = { value, configurable: true, writable: true, enumerable: false };
  }
  return Reflect.ownKeys(properties).length === 0 ? undefined : properties;
}

/** A method that gives a promise, called through a breaker; it rejects while that is open. */
export function throughAsPromise(breakerFor: BreakerOf, method: Method): Method {
  return function guarded(this: unknown, ...args) {
    const parent = currentLifetime();
    const breaker = breakerFor(...args);
    const call = (signal: AbortSignal): unknown => below(parent, breaker, signal, () => method.apply(this, args));
    return breaker.call(call, parent === undefined ? undefined : { signal: parent.signal });
  };
}

/** A method that gives an Observable, called through a breaker with each subscription. */
export function throughAsStream(breakerFor: BreakerOf, method: Method): Method {
  return function guarded(this: unknown, ...args) {
    const parent = currentLifetime();
    const breaker = breakerFor(...args);
    return breaker.call$(
      (signal) => asObservable(below(parent, breaker, signal, () => method.apply(this, args))),
      parent === undefined ? undefined : { signal: parent.signal },
    );
  };
}

/** What a method gives whose calls were to be Observables. */
export function asObservable(value: unknown): Observable<unknown> {
  if (isObservable(value)) return value;
  throw new TypeError('A method that is declared to return an Observable returned something else.');
}

function below<T>(parent: Lifetime | undefined, { timeoutMs }: Breaker, signal: AbortSignal, fn: () => T): T {
  return timeoutMs === 0 ? fn() : runBelow(parent, signal, fn);
}

/** What is called inside ends with the call through a breaker or a policy: with its time, and with the request around it. */
export function runBelow<T>(parent: Lifetime | undefined, signal: AbortSignal, fn: () => T): T {
  if (parent === undefined || parent.ended) return fn();
  const child = parent.open(parent.subject);
  const cut = (): void => child.end('deadline', signal.reason);
  signal.addEventListener('abort', cut, { once: true });
  child.defer(() => signal.removeEventListener('abort', cut));
  child.keep();
  const done = (): void => {
    child.end('finished');
    child.letGo();
  };
  let value: T;
  try {
    value = runInside(child, fn);
  } catch (error) {
    done();
    throw error;
  }
  // What an Observable does is over when nobody listens, and its signal says so.
  if (isPromise(value)) value.then(done, done);
  else child.letGo();
  return value;
}

function placeOf(type: Class, member: string | symbol): string {
  return `${type.name}.${String(member)}`;
}

function isAwaited(type: unknown): boolean {
  return type === Promise || isObservableType(type);
}

/** Of any copy of RxJS, without loading one. */
function isObservableType(type: unknown): boolean {
  return typeof type === 'function' && typeof (type.prototype as { subscribe?: unknown } | undefined)?.subscribe === 'function';
}

function nameOf(type: unknown): string {
  return typeof type === 'function' ? type.name : 'nothing that was emitted';
}
