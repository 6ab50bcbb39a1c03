import { type FrameworkError, isFrameworkError } from '../errors/framework-error';
import { currentLifetime, runInside } from '../lifetime/current';
import type { Lifetime } from '../lifetime/lifetime';
import { isObservable } from '../lifetime/observable';
import { type Class, defineSlot, readReturnType } from '../metadata/slot';
import type { Breaker } from '../resilience/breaker';
import type { Breakers } from '../resilience/breakers';
import type { NamedBreakerOptions } from '../resilience/named-configurations';
import { controllerErrors } from './errors';

type Given = string | (NamedBreakerOptions & { readonly name?: string });
type Method = (...args: unknown[]) => unknown;

const guards = defineSlot<ReadonlyMap<string | symbol, Given>>('guarded-methods');

/** Notes that a method is called through a breaker, if it turns out to be a provider's. */
export function guardMethod(target: object, member: string | symbol, breaker: Given): void {
  guards.update(target, (known) => new Map(known).set(member, breaker));
}

function guardedMethods(type: Class): Iterable<readonly [string | symbol, Given]> {
  return guards.get(type.prototype as object) ?? [];
}

/** What is wrong with the guarded methods of a provider's class. */
export function checkGuardedMethods(type: Class, breakers: Breakers): FrameworkError[] {
  return [...guardedMethods(type)].flatMap(([member, given]) => {
    const place = placeOf(type, member);
    const returned = readReturnType(type.prototype as object, member);
    if (!isAwaited(returned)) return [controllerErrors.BREAKER_METHOD_INVALID({ place, type: nameOf(returned) })];
    try {
      breakerFor(given, place, breakers);
      return [];
    } catch (error) {
      if (isFrameworkError(error)) return [error];
      throw error;
    }
  });
}

/** Puts the breakers of a provider's class around its methods; `this.method()` goes through them, too. */
export function guardInstance(instance: object, type: Class, breakers: Breakers): void {
  for (const [member, given] of guardedMethods(type)) {
    const breaker = breakerFor(given, placeOf(type, member), breakers);
    const method = (instance as Record<string | symbol, Method>)[member];
    const isStream = isObservableType(readReturnType(type.prototype as object, member));
    const value = isStream ? throughAsStream(breaker, method) : throughAsPromise(breaker, method);
    Object.defineProperty(instance, member, { value, configurable: true, writable: true, enumerable: false });
  }
}

function throughAsPromise(breaker: Breaker, method: Method): Method {
  return function guarded(this: unknown, ...args) {
    const parent = currentLifetime();
    const options = parent === undefined ? {} : { signal: parent.signal };
    return breaker.call((signal) => runBelow(parent, breaker, signal, () => method.apply(this, args)), options);
  };
}

function throughAsStream(breaker: Breaker, method: Method): Method {
  return function guarded(this: unknown, ...args) {
    const parent = currentLifetime();
    const options = parent === undefined ? {} : { signal: parent.signal };
    return breaker.call$((signal) => {
      const value = runBelow(parent, breaker, signal, () => method.apply(this, args));
      if (!isObservable(value)) throw new TypeError('A method that is declared to return an Observable returned something else.');
      return value;
    }, options);
  };
}

/** What is called inside ends with the breaker's call: with its time, and with the request around it. */
function runBelow<T>(parent: Lifetime | undefined, { timeoutMs }: Breaker, signal: AbortSignal, fn: () => T): T {
  if (parent === undefined || timeoutMs === 0 || parent.ended) return fn();
  const child = parent.open(parent.subject);
  const cut = (): void => child.end('deadline', signal.reason);
  signal.addEventListener('abort', cut, { once: true });
  const value = runInside(child, fn);
  const done = (): void => {
    signal.removeEventListener('abort', cut);
    child.end('finished');
  };
  if (typeof (value as Partial<PromiseLike<unknown>> | undefined)?.then === 'function') {
    (value as unknown as PromiseLike<unknown>).then(done, done);
  }
  return value;
}

function breakerFor(given: Given, place: string, breakers: Breakers): Breaker {
  if (typeof given === 'string') return breakers.get(given);
  const { name = place, ...options } = given;
  breakers.define(name, options);
  return breakers.get(name);
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
