import type { ConcreteClass } from '../metadata/slot';
import type { Lifetime } from '../lifetime/lifetime';
import type { ModuleContainer } from './container';
import { callHook, hookOf, type HookLimits, type HookName, type Made } from './lifecycle';
import { pluginErrors } from './errors';
import type { PluginIdentity } from './plugin';
import { findInView, type PlannedModule, type PlannedProvider, type PluginPlan, type Reference } from './plugin-plan';
import type { RequestPlan, Supply } from './request-scope';
import { type InjectionKey, keyName } from './service-token';
import { explainMissing, explainRivals } from './whereabouts';

/** What instances of one build share. */
export interface Surroundings {
  readonly plan: PluginPlan;
  readonly requests: RequestPlan;
  /** What is had in the view of a module; not for what is made for each request. */
  valueOf(reference: Reference, module: PlannedModule): unknown;
}

/** `new`, until its last `initialize` is done; `stopped` once its last `shutdown` was called. */
export type InstanceState = 'new' | 'initialized' | 'started' | 'stopped';

/** Says in which order instances became ready, those of different builds too. */
let lastRank = 0;

/** A module that runs: what it made, what it sees, and the lifetime of all work its code does. */
export class PluginInstance {
  readonly module: PlannedModule;
  readonly imports: readonly PluginInstance[];
  readonly container: ModuleContainer;
  /** A scope of the application's: the requests its controllers serve, and whatever else it opens, are inside. */
  readonly lifetime: Lifetime;
  /** Handed to its hooks; set by who builds it. */
  context: unknown;
  state: InstanceState = 'new';
  /** When it was initialised, and started, relative to others; what failed half-way counts. */
  initializedRank = Infinity;
  startedRank = Infinity;

  readonly #surroundings: Surroundings;
  readonly #values = new Map<InjectionKey, unknown>();
  readonly #controllers = new Map<InjectionKey, unknown>();
  #self: unknown;
  readonly #made: Made[] = [];
  readonly #initialized = new Set<Made>();
  readonly #started = new Set<Made>();

  constructor(
    module: PlannedModule,
    parts: {
      imports: readonly PluginInstance[];
      owner: Lifetime;
      openContainer: (supply: (key: InjectionKey) => unknown) => ModuleContainer;
    },
    surroundings: Surroundings,
  ) {
    this.module = module;
    this.imports = parts.imports;
    this.#surroundings = surroundings;
    this.container = parts.openContainer((key) => this.#see(key));
    this.lifetime = parts.owner.openScope(this);
  }

  /** `name@version` of a plugin, the class of a module. */
  get name(): string {
    return this.module.title;
  }

  /** What it calls itself; undefined for what is only a module. */
  get definition(): PluginIdentity | undefined {
    return this.module.plugin;
  }

  /** The instance of the module's own class. */
  get self(): unknown {
    return this.#self;
  }

  /** What importers see; without what is made for each request. */
  get exports(): ReadonlyMap<InjectionKey, unknown> {
    const exported = new Map<InjectionKey, unknown>();
    for (const [key, provider] of this.module.exports) {
      if (provider.scope === 'singleton') exported.set(key, this.#valueOf({ kind: 'provider', key, provider }));
    }
    return exported;
  }

  /** What was made for a provider of this module. */
  valueOf({ role, key }: PlannedProvider): unknown {
    if (role === 'module') return this.#self;
    return role === 'controller' ? this.#controllers.get(key) : this.#values.get(key);
  }

  /** Keeps what was made; `hooked` says whose hooks are called already, under whatever key. */
  keep(provider: PlannedProvider, value: unknown, hooked: WeakSet<object>): void {
    const { role, key } = provider;
    if (role === 'module') this.#self = value;
    else if (role === 'controller') this.#controllers.set(key, value);
    else this.#values.set(key, value);
    if (typeof value !== 'object' || value === null || hooked.has(value)) return;
    hooked.add(value);
    this.#made.push({ name: nameOf(provider), value });
  }

  /** How the module has a key while it serves a request. Fails as `container.resolve` does. */
  supply<T>(key: InjectionKey<T>): Supply<T> {
    return this.#surroundings.requests.supply(this.#find(key), this.module) as Supply<T>;
  }

  /** How a controller of this module is had while a request is served: made once, or for each request because of what it needs. */
  supplyController<T>(controller: ConcreteClass<T>): Supply<T> {
    const provider = this.module.controllers.get(controller);
    if (provider === undefined) throw new TypeError(`${controller.name} is no controller of ${this.module.label}`);
    return this.#surroundings.requests.supply({ kind: 'provider', key: controller, provider }, this.module) as Supply<T>;
  }

  /** What `@Inject` beside the parameters of a controller's method asks for, by index. */
  supplyParameters(controller: ConcreteClass, member: string | symbol): ReadonlyMap<number, Supply> {
    const supplies = new Map<number, Supply>();
    for (const [at, reference] of this.module.controllers.get(controller)?.methods.get(member) ?? []) {
      supplies.set(at, this.#surroundings.requests.supply(reference, this.module));
    }
    return supplies;
  }

  /** Calls `initialize` of everything made, in the order it was made. */
  async initialize(limits: HookLimits): Promise<void> {
    try {
      await this.#callAll('initialize', this.#initialized, limits);
      this.state = 'initialized';
    } finally {
      this.initializedRank = ++lastRank;
    }
  }

  /** Calls `start` of everything made, in the order it was made. */
  async start(limits: HookLimits): Promise<void> {
    try {
      await this.#callAll('start', this.#started, limits);
      this.state = 'started';
    } finally {
      this.startedRank = ++lastRank;
    }
  }

  /** Calls `stop` of what was started, the last first, all of them. */
  async stop(limits: HookLimits, failed: (error: unknown) => void): Promise<void> {
    for (const made of [...this.#made].reverse()) {
      if (this.#started.delete(made)) await this.#tryCall(made, 'stop', { limits, failed });
    }
  }

  /** Calls `shutdown` of what was initialised or had nothing to initialise, the last first, all of them. */
  async shutdown(limits: HookLimits, failed: (error: unknown) => void): Promise<void> {
    for (const made of this.#made.splice(0).reverse()) {
      const isReady = this.#initialized.delete(made) || hookOf(made, 'initialize') === undefined;
      if (isReady) await this.#tryCall(made, 'shutdown', { limits, failed });
    }
    this.state = 'stopped';
  }

  /** Notes in `done` what is through; synchronous hooks follow each other without a turn in between. */
  async #callAll(hook: HookName, done: Set<Made>, limits: HookLimits): Promise<void> {
    for (const made of this.#made) {
      const work = callHook(this, made, hook, limits);
      if (work !== undefined) await work;
      done.add(made);
    }
  }

  async #tryCall(
    made: Made,
    hook: HookName,
    { limits, failed }: { limits: HookLimits; failed: (error: unknown) => void },
  ): Promise<void> {
    try {
      await callHook(this, made, hook, limits);
    } catch (error) {
      failed(error);
    }
  }

  #see(key: InjectionKey): unknown {
    const found = this.#find(key);
    if (found.kind !== 'provider' || found.provider.scope === 'singleton') return this.#valueOf(found);
    throw pluginErrors.PROVIDER_PER_REQUEST({ asks: this.#asks(key) });
  }

  #find(key: InjectionKey): Reference {
    const { plan } = this.#surroundings;
    const found = findInView(this.module, key, plan.ambient);
    if (found === undefined) throw explainMissing(plan, this.module, key, this.#asks(key));
    if ('kind' in found) return found;
    throw explainRivals(this.module, found, key, this.#asks(key));
  }

  #valueOf(reference: Reference): unknown {
    return this.#surroundings.valueOf(reference, this.module);
  }

  #asks(key: InjectionKey): string {
    return `${this.module.label} asks for ${keyName(key)}`;
  }
}

function nameOf({ key, recipe }: PlannedProvider): string {
  return keyName(recipe.kind === 'class' ? recipe.class : key);
}
