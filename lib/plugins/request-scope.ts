// Hot: walked for each request whose controller, or a guard of it, needs something request-scoped.
import type { Lifetime } from '../lifetime/lifetime';
import type { ConcreteClass } from '../metadata/slot';
import { pluginErrors } from './errors';
import { type PlannedModule, type PlannedProvider, type Reference, whoIs } from './plugin-plan';
import type { Recipe } from './provider';
import { isPromiseLike } from './time-limit';

/** What was made for one request. Made by whoever serves it, when first needed. */
export class RequestScope {
  readonly made = new Map<PlannedProvider, unknown>();
  /** The request, of which only the lifetime counts; it is read when something is made that must be disposed of. */
  readonly owner: { readonly lifetime: Lifetime };

  constructor(owner: { readonly lifetime: Lifetime }) {
    this.owner = owner;
  }
}

/** Gives what a request has, making it when it is the first to ask. */
export type MakeInScope<T = unknown> = (scope: RequestScope) => T;

/** How something is had while a request is served. */
export type Supply<T = unknown> =
  { readonly kind: 'singleton'; readonly value: T } | { readonly kind: 'request'; make(scope: RequestScope): T };

/** Compiles what is made for each request into plain functions: no container is asked while one is served. */
export class RequestPlan {
  readonly #valueOf: (reference: Reference, module: PlannedModule) => unknown;
  readonly #compiled = new Map<PlannedProvider, MakeInScope>();
  readonly #made: Made | undefined;

  /** In: how to get what is no request's, for a module; who is told of each instance of a class. */
  constructor(valueOf: (reference: Reference, module: PlannedModule) => unknown, made?: Made) {
    this.#valueOf = valueOf;
    this.#made = made;
  }

  /** How `module` has what a reference names. */
  supply(reference: Reference, module: PlannedModule): Supply {
    if (reference.kind === 'provider' && reference.provider.scope === 'request') {
      return { kind: 'request', make: this.compile(reference.provider) };
    }
    return { kind: 'singleton', value: this.#valueOf(reference, module) };
  }

  /** The function that makes a request-scoped provider, once for each request. */
  compile(provider: PlannedProvider): MakeInScope {
    let make = this.#compiled.get(provider);
    if (make === undefined) {
      make = this.#compileNew(provider);
      this.#compiled.set(provider, make);
    }
    return make;
  }

  #compileNew(provider: PlannedProvider): MakeInScope {
    const { recipe } = provider;
    const supplies = provider.dependencies.map((it) => this.supply(it, provider.module));
    if (recipe.kind === 'existing') return (scope) => supplied(supplies[0], scope);
    const build = builderOf(recipe, provider, this.#made);
    return (scope) => {
      const known = scope.made.get(provider);
      if (known !== undefined || scope.made.has(provider)) return known;
      const args: unknown[] = [];
      for (const supply of supplies) args.push(supplied(supply, scope));
      const value = build(args);
      scope.made.set(provider, value);
      disposeWith(scope, value);
      return value;
    };
  }
}

function supplied(supply: Supply | undefined, scope: RequestScope): unknown {
  return supply?.kind === 'request' ? supply.make(scope) : supply?.value;
}

type Made = (instance: object, type: ConcreteClass) => void;

function builderOf(
  recipe: Exclude<Recipe, { kind: 'existing' }>,
  provider: PlannedProvider,
  made: Made | undefined,
): (args: unknown[]) => unknown {
  switch (recipe.kind) {
    case 'class':
      return (args) => {
        const instance = new recipe.class(...args) as object;
        made?.(instance, recipe.class);
        return instance;
      };
    case 'factory':
      return (args) => {
        const value = recipe.factory(...args);
        if (isPromiseLike(value)) throw pluginErrors.SCOPE_FACTORY_ASYNC({ who: whoIs(provider) });
        return value;
      };
    case 'value':
      return () => recipe.value;
  }
}

/** What can be disposed of is, at the end of the request that it was made for. */
function disposeWith(scope: RequestScope, value: unknown): void {
  const dispose = disposerOf(value);
  if (dispose === undefined) return;
  const { lifetime } = scope.owner;
  lifetime.defer(() => {
    const done = dispose.call(value);
    if (!isPromiseLike(done)) return;
    const release = lifetime.hold();
    done.then(release, (error: unknown) => {
      // Thrown by a teardown it is reported like any other; after the end one runs at once.
      lifetime.defer(() => {
        throw error;
      });
      release();
    });
  });
}

function disposerOf(value: unknown): (() => unknown) | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { [Symbol.dispose]: standard, dispose } = value as { [Symbol.dispose]?: unknown; dispose?: unknown };
  if (typeof standard === 'function') return standard as () => unknown;
  return typeof dispose === 'function' ? (dispose as () => unknown) : undefined;
}
