// The one front door to tsyringe. It constructs and hands out, nothing more: what may be seen was decided by the plan,
// every class is made once by the container of the module that provides it, and what is made is registered as it is.
// So its singletons, its disposal, its asynchronous factories and its resolving of whatever class it is asked for, none
// of which fit modules, are never used. Nor are its decorators: they write into a global container, and even `injectable()` keeps
// each class in a map for as long as the process runs, those of plugins that others have taken the place of as well.
import { container as globalContainer, type DependencyContainer, type InjectionToken } from 'tsyringe';
import type { ConcreteClass } from '../metadata/slot';
import { type InjectionKey, Token } from './service-token';

/** What a class is registered under while it is constructed: its own key may already mean something else. */
const UNDER_CONSTRUCTION = Symbol('under construction');

const symbols = new WeakMap<Token, symbol>();

/** The container of an application: the parent of its modules' containers. */
export class AppContainer {
  readonly #container = globalContainer.createChildContainer();
  #made: (() => unknown) | undefined;

  constructor() {
    this.#container.register(UNDER_CONSTRUCTION, { useFactory: () => this.#made?.() });
  }

  /** Opens the container of a module; `supply` gives what the module sees under a key, or throws who has it. */
  openModule(supply: (key: InjectionKey) => unknown): ModuleContainer {
    return new ModuleContainer(this, supply);
  }

  /** The container of a module, below this one: made when it is first asked. */
  openChild(): DependencyContainer {
    return this.#container.createChildContainer();
  }

  /** Constructs a class from what the plan found for its arguments. */
  construct(it: ConcreteClass, args: readonly unknown[]): unknown {
    this.#made = () => new it(...args);
    return this.#container.resolve<unknown>(UNDER_CONSTRUCTION);
  }
}

/** What one module sees, ready to be asked. */
export class ModuleContainer {
  readonly #app: AppContainer;
  #container: DependencyContainer | undefined;
  readonly #supply: (key: InjectionKey) => unknown;
  readonly #approved = new Set<InjectionKey>();

  /** To be called by `AppContainer.openModule`. */
  constructor(app: AppContainer, supply: (key: InjectionKey) => unknown) {
    this.#app = app;
    this.#supply = supply;
  }

  /**
   * What the module has under a key: its own, or what its imports export.
   *
   * Fails with: DEPENDENCY_UNKNOWN, PLUGIN_NOT_EXPORTED, PLUGIN_NOT_IMPORTED, DEPENDENCY_AMBIGUOUS, PROVIDER_PER_REQUEST.
   */
  resolve<T>(key: InjectionKey<T>): T {
    const container = (this.#container ??= this.#app.openChild());
    if (!this.#approved.has(key)) {
      const value = this.#supply(key);
      // A factory, since tsyringe does not take `undefined` and `null` for values.
      container.register(symbolOf(key), { useFactory: () => value });
      this.#approved.add(key);
    }
    return container.resolve<T>(symbolOf(key) as InjectionToken<T>);
  }

  /** Constructs a class from what the plan found for its arguments. */
  construct(it: ConcreteClass, args: readonly unknown[]): unknown {
    return this.#app.construct(it, args);
  }
}

/** What tsyringe knows a key by: it takes no objects. */
function symbolOf(key: InjectionKey): InjectionToken {
  if (!(key instanceof Token)) return key as InjectionToken;
  let symbol = symbols.get(key);
  if (symbol === undefined) {
    symbol = Symbol(key.name);
    symbols.set(key, symbol);
  }
  return symbol;
}
