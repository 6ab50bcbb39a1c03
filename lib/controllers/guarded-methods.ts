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

type Method = (...args: unknown[]) => unknown;
type BreakerOf = (...args: unknown[]) => Breaker;

const guards = defineSlot<ReadonlyMap<string | symbol, GivenBreaker>>('guarded-methods');

/** Notes that a method is called through a breaker, if it turns out to be a provider's. */
export function guardMethod(target: object, member: string | symbol, breaker: GivenBreaker): void {
  guards.update(target, (known) => new Map(known).set(member, breaker));
}

function guardedMethods(type: Class): ReadonlyMap<string | symbol, GivenBreaker> {
  return guards.get(type.prototype as object) ?? new Map();
}

/** Whether methods of a class are called through breakers: what they call belongs to the current request. */
export function hasGuardedMethods(type: Class): boolean {
  return guardedMethods(type).size > 0;
}

/** What is wrong with the guarded methods of a provider's class; which breakers they name is noted. */
export function checkGuardedMethods(type: Class, declared: DeclaredBreakers): FrameworkError[] {
  return [...guardedMethods(type)].flatMap(([member, given]) => {
    const place = placeOf(type, member);
    breakerOf(toReference(given, place), place, declared);
    const returned = readReturnType(type.prototype as object, member);
    return isAwaited(returned) ? [] : [controllerErrors.BREAKER_METHOD_INVALID({ place, type: nameOf(returned) })];
  });
}

/** Puts the breakers of a provider's class around its methods; `this.method()` goes through them, too. */
export function guardInstance(instance: object, type: Class, declared: DeclaredBreakers): void {
  for (const [member, given] of guardedMethods(type)) {
    const place = placeOf(type, member);
    const breaker = breakerOf<unknown[]>(toReference(given, place), place, declared);
    const method = (instance as Record<string | symbol, Method>)[member];
    const isStream = isObservableType(readReturnType(type.prototype as object, member));
    const value = isStream ? throughAsStream(breaker, method) : throughAsPromise(breaker, method);
    Object.defineProperty(instance, member, { value, configurable: true, writable: true, enumerable: false });
  }
}

/** A method that gives a promise, called through a breaker; it rejects while that is open. */
export function throughAsPromise(breakerFor: BreakerOf, method: Method): Method {
  return function guarded(this: unknown, ...args) {
    const parent = currentLifetime();
    const breaker = breakerFor(...args);
    const call = (signal: AbortSignal): unknown => runBelow(parent, breaker, signal, () => method.apply(this, args));
    return breaker.call(call, parent === undefined ? undefined : { signal: parent.signal });
  };
}

/** A method that gives an Observable, called through a breaker with each subscription. */
export function throughAsStream(breakerFor: BreakerOf, method: Method): Method {
  return function guarded(this: unknown, ...args) {
    const parent = currentLifetime();
    const breaker = breakerFor(...args);
    return breaker.call$(
      (signal) => {
        const value = runBelow(parent, breaker, signal, () => method.apply(this, args));
        if (!isObservable(value))
          throw new TypeError('A method that is declared to return an Observable returned something else.');
        return value;
      },
      parent === undefined ? undefined : { signal: parent.signal },
    );
  };
}

/** What is called inside ends with the breaker's call: with its time, and with the request around it. */
function runBelow<T>(parent: Lifetime | undefined, { timeoutMs }: Breaker, signal: AbortSignal, fn: () => T): T {
  if (parent === undefined || timeoutMs === 0 || parent.ended) return fn();
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
