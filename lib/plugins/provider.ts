import type { ConcreteClass } from '../metadata/slot';
import { type InjectionKey, isClass, isInjectionKey } from './service-token';

/** How long one instance lasts: as long as its module, or one request. */
export type Scope = 'singleton' | 'request';

/** One argument of a factory: a key, or a key that may be missing (`undefined` then). */
export type InjectEntry = InjectionKey | { readonly token: InjectionKey; readonly optional?: boolean };

/** Makes the class for the key. With `inject` the class needs no decorator: its arguments are named here. */
export interface ClassProvider<T = unknown> {
  readonly provide: InjectionKey<T>;
  readonly useClass: ConcreteClass<T>;
  readonly inject?: readonly InjectEntry[];
  readonly scope?: Scope;
}

/** Gives the value as it is, `undefined` and `null` included. */
export interface ValueProvider<T = unknown> {
  readonly provide: InjectionKey<T>;
  readonly useValue: T;
}

/** Calls the function with what `inject` names. It may return a promise, unless its scope is `request`. */
export interface FactoryProvider<T = unknown> {
  readonly provide: InjectionKey<T>;
  /** `never` as argument type takes a function of any arguments. */
  readonly useFactory: (...args: never[]) => T | Promise<T>;
  readonly inject?: readonly InjectEntry[];
  readonly scope?: Scope;
}

/** Another name for what is provided under `useExisting`: one instance, two keys. */
export interface ExistingProvider<T = unknown> {
  readonly provide: InjectionKey<T>;
  readonly useExisting: InjectionKey<T>;
}

/** How something injectable comes to be: a class stands for itself, an object says how. */
export type Provider<T = unknown> =
  ConcreteClass<T> | ClassProvider<T> | ValueProvider<T> | FactoryProvider<T> | ExistingProvider<T>;

/** What is done to get the instance. */
export type Recipe =
  | { readonly kind: 'class'; readonly class: ConcreteClass; readonly inject: readonly unknown[] | undefined }
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'factory'; readonly factory: (...args: unknown[]) => unknown; readonly inject: readonly unknown[] }
  | { readonly kind: 'existing'; readonly key: InjectionKey };

export interface ParsedProvider {
  readonly key: InjectionKey;
  readonly recipe: Recipe;
  /** Undefined: as the class says. */
  readonly scope: Scope | undefined;
}

const WAYS = ['useClass', 'useValue', 'useFactory', 'useExisting'] as const;

/** Reads an entry of `providers`, of whatever shape; a text says what is wrong with it. */
export function parseProvider(entry: unknown): ParsedProvider | string {
  if (isClass(entry)) return { key: entry, recipe: classRecipe(entry as ConcreteClass), scope: undefined };
  if (typeof entry !== 'object' || entry === null) return '';
  const object = entry as Record<string, unknown>;
  if (!isInjectionKey(object.provide)) return 'provide takes a class, a token, a string or a symbol.';
  const ways = WAYS.filter((way) => way in object);
  const [way] = ways;
  if (way === undefined || ways.length > 1)
    return `It has ${ways.length === 0 ? 'none' : 'more than one'} of ${WAYS.join(', ')}.`;
  const recipe = parseRecipe(object, way);
  if (typeof recipe === 'string') return recipe;
  if (object.scope !== undefined && !isScope(object.scope)) return "scope is 'singleton' or 'request'.";
  return { key: object.provide, recipe, scope: object.scope };
}

/** Whether it is a scope that there is. */
export function isScope(value: unknown): value is Scope {
  return value === 'singleton' || value === 'request';
}

/** The recipe of a class that says itself what it needs. */
export function classRecipe(it: ConcreteClass): Recipe {
  return { kind: 'class', class: it, inject: undefined };
}

function parseRecipe(object: Record<string, unknown>, way: (typeof WAYS)[number]): Recipe | string {
  const { inject } = object;
  if (inject !== undefined && !Array.isArray(inject)) return 'inject takes an array of keys.';
  const given = object[way];
  switch (way) {
    case 'useValue':
      return { kind: 'value', value: given };
    case 'useClass':
      return isClass(given) ? { kind: 'class', class: given as ConcreteClass, inject } : 'useClass takes a class.';
    case 'useFactory':
      return typeof given === 'function'
        ? { kind: 'factory', factory: given as (...args: unknown[]) => unknown, inject: inject ?? [] }
        : 'useFactory takes a function.';
    case 'useExisting':
      return isInjectionKey(given)
        ? { kind: 'existing', key: given }
        : 'useExisting takes a class, a token, a string or a symbol.';
  }
}
