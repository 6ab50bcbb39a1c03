import type { Clock } from '../lifetime/clock';
import type { Lifetime } from '../lifetime/lifetime';
import type { ConcreteClass } from '../metadata/slot';
import { AppContainer } from './container';
import { inDependencyOrder } from './dependency-order';
import { reasonOf } from './describe';
import { pluginErrors } from './errors';
import type { GuardRooms } from './guard-service';
import { type InstanceParts, PluginInstance, type Surroundings } from './plugin-instance';
import { type PlannedModule, type PlannedProvider, type PluginPlan, type Reference, whoIs } from './plugin-plan';
import { RequestPlan } from './request-scope';
import { failTogether, stopInstances } from './run-instances';
import { RunningServices } from './running-services';
import type { InjectionKey } from './service-token';
import { isPromiseLike, withinLimit } from './time-limit';

export interface BuildOptions {
  /** The application's lifetime: each instance opens a scope in it. */
  readonly owner: Lifetime;
  /** Default: the owner's. */
  readonly clock?: Clock;
  /** What the application gives a module under an ambient key; asked once for each module that needs it. */
  readonly ambient?: (key: InjectionKey, instance: PluginInstance) => unknown;
  /** What hooks are given; asked once for each instance, before anything of it is made. */
  readonly contextFor?: (instance: PluginInstance) => unknown;
  /** For each asynchronous factory and each `initialize`. Default: 30,000. */
  readonly initializeTimeoutMs?: number;
  /** For each `stop` and `shutdown`, when a failure makes it stop what it began. Default: 10,000. */
  readonly stopTimeoutMs?: number;
  /** Told of each instance of a class, before anybody has it. */
  readonly made?: (instance: object, type: ConcreteClass) => void;
  /** What may be put around services. Default: their time limits alone. */
  readonly guards?: Omit<GuardRooms, 'clock'>;
  /** An instance that runs already and stays, instead of a new one. */
  readonly carry?: (module: PlannedModule) => PluginInstance | undefined;
  /** All that run already: what they made and a new one is given as well has its hooks called once, by whoever has it last. */
  readonly running?: readonly PluginInstance[];
}

/** An application's modules, made and initialised. */
export interface BuiltPlugins {
  readonly plan: PluginPlan;
  /** Each after those it imports; the root is the last. */
  readonly instances: readonly PluginInstance[];
  readonly root: PluginInstance;
  readonly services: RunningServices;
  /** Lets those that were carried over go on in this build. Out: takes it back. */
  adopt(): () => void;
  /** Takes over the hooks of what others made and is now somebody else's. To be called once nothing can fail any more. */
  inherit(): void;
}

const DEFAULT_INITIALIZE_TIMEOUT_MS = 30_000;

/**
 * Makes and initialises what a plan says: each module once what it imports is initialised, independent ones side by side.
 *
 * Fails with: PROVIDER_FAILED, PROVIDER_TIMEOUT, PLUGIN_HOOK_FAILED, PLUGIN_HOOK_TIMEOUT; PLUGIN_START_FAILED when it is
 * more than one. What was initialised before is shut down then, in reverse.
 */
export async function buildInstances(plan: PluginPlan, options: BuildOptions): Promise<BuiltPlugins> {
  return new Build(plan, options).run();
}

class Build implements Surroundings {
  readonly plan: PluginPlan;
  readonly requests: RequestPlan;
  readonly services: RunningServices;
  readonly guards: GuardRooms;
  readonly #options: Omit<BuildOptions, 'carry' | 'running'>;
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #container = new AppContainer();
  readonly #instances = new Map<PlannedModule, PluginInstance>();
  readonly #begun: PluginInstance[] = [];
  /** What of others it was told of: let go of once all is handed over, or one build would keep the other for ever. */
  #carry: BuildOptions['carry'];
  #carried: PluginInstance[] = [];
  readonly #hooked = new WeakSet<object>();
  /** What runs already by the objects whose hooks it calls. */
  #callers: ReadonlyMap<unknown, PluginInstance>;
  readonly #handOvers: (() => void)[] = [];
  readonly #ambient = new Map<PlannedModule, Map<InjectionKey, unknown>>();

  constructor(plan: PluginPlan, { carry, running = [], ...options }: BuildOptions) {
    this.plan = plan;
    this.requests = new RequestPlan((reference, module) => this.valueOf(reference, module), options.made);
    this.#options = options;
    this.#carry = carry;
    this.#clock = options.clock ?? options.owner.clock();
    this.services = new RunningServices(plan.modules, () => this.#instances.values());
    this.#callers = new Map(running.flatMap((it) => [...it.hooked].map((value) => [value, it] as const)));
    this.guards = { clock: this.#clock, ...options.guards };
    this.#limitMs = options.initializeTimeoutMs ?? DEFAULT_INITIALIZE_TIMEOUT_MS;
  }

  async run(): Promise<BuiltPlugins> {
    const errors = await inDependencyOrder(
      this.plan.modules,
      (it) => it.dependsOn,
      (it) => this.#build(it),
    );
    if (errors.length > 0) {
      const { stopTimeoutMs } = this.#options;
      await stopInstances(this.#begun, { clock: this.#clock, stopTimeoutMs, drainMs: 0 }).catch(
        (error: unknown) => void errors.push(error),
      );
      throw failTogether(errors, pluginErrors.PLUGIN_START_FAILED);
    }
    const instances = this.plan.modules.map((it) => this.#instanceOf(it));
    const { plan, services } = this;
    return {
      ...{ plan, instances, root: this.#instanceOf(plan.root), services },
      adopt: () => this.#adopt(),
      inherit: () => {
        for (const handOver of this.#handOvers.splice(0)) handOver();
        this.#forget();
      },
    };
  }

  #adopt(): () => void {
    const adopted = this.plan.modules
      .map((module) => [module, this.#instanceOf(module)] as const)
      .filter(([, instance]) => this.#carried.includes(instance))
      .map(([module, instance]) => [instance, instance.adopt(this.#partsOf(module))] as const);
    return () => {
      for (const [instance, until] of adopted) instance.adopt(until);
    };
  }

  #forget(): void {
    this.#carry = undefined;
    this.#carried = [];
    this.#callers = new Map();
  }

  valueOf(reference: Reference, module: PlannedModule): unknown {
    switch (reference.kind) {
      case 'absent':
        return undefined;
      case 'provider':
        return this.#instanceOf(reference.provider.module).valueOf(reference.provider);
      case 'ambient':
        return this.#ambientValue(reference.key, module);
      case 'value':
        return reference.value;
    }
  }

  async #build(module: PlannedModule): Promise<void> {
    const carried = this.#carry?.(module);
    const instance = carried ?? new PluginInstance(this.#partsOf(module), this.#options.owner);
    this.#instances.set(module, instance);
    (carried === undefined ? this.#begun : this.#carried).push(instance);
    if (carried !== undefined) return;
    instance.context = this.#options.contextFor?.(instance);
    for (const provider of module.order) {
      if (provider.scope === 'request') continue;
      const made = this.#make(provider, instance);
      const value = isPromise(made, provider) ? await this.#waitFor(made, provider) : made;
      this.#inherit(value, instance);
      instance.keep(provider, value, this.#hooked);
    }
    instance.offerPlanned();
    await instance.initialize({ clock: this.#clock, limitMs: this.#limitMs });
  }

  /** What was there before, and is somebody else's now, begins nothing anew. */
  #inherit(value: unknown, heir: PluginInstance): void {
    const caller = this.#callers.get(value);
    if (caller === undefined || this.#hooked.has(value as object)) return;
    this.#hooked.add(value as object);
    const isCarried = (): boolean => this.plan.modules.some((it) => this.#instances.get(it) === caller);
    this.#handOvers.push(() => isCarried() || caller.handOver(value as object, heir));
  }

  #partsOf(module: PlannedModule): InstanceParts {
    const instancesOf = (modules: readonly PlannedModule[]): PluginInstance[] => modules.map((it) => this.#instanceOf(it));
    return {
      module,
      imports: instancesOf(module.imports),
      dependencies: instancesOf(module.dependsOn),
      surroundings: this,
      openContainer: this.#container.openModule.bind(this.#container),
    };
  }

  #instanceOf(module: PlannedModule): PluginInstance {
    const instance = this.#instances.get(module);
    if (instance === undefined) throw new TypeError(`${module.label} is asked for before it is built`);
    return instance;
  }

  #make(provider: PlannedProvider, instance: PluginInstance): unknown {
    const { recipe, dependencies } = provider;
    const args = (): unknown[] => dependencies.map((it) => this.valueOf(it, provider.module));
    try {
      if (recipe.kind === 'value') return recipe.value;
      if (recipe.kind === 'existing') return args()[0];
      if (recipe.kind === 'factory') return recipe.factory(...args());
      const made = instance.container.construct(recipe.class, args());
      this.#options.made?.(made as object, recipe.class);
      return made;
    } catch (error) {
      throw providerFailed(provider, error);
    }
  }

  #waitFor(made: PromiseLike<unknown>, provider: PlannedProvider): Promise<unknown> {
    const work = made.then(undefined, (error: unknown) => {
      throw providerFailed(provider, error);
    });
    return withinLimit(this.#clock, this.#limitMs, work, () => {
      throw pluginErrors.PROVIDER_TIMEOUT({ who: whoIs(provider), limitMs: this.#limitMs });
    });
  }

  #ambientValue(key: InjectionKey, module: PlannedModule): unknown {
    if (this.plan.ambientOverrides.has(key)) return this.plan.ambientOverrides.get(key);
    let values = this.#ambient.get(module);
    if (values === undefined) this.#ambient.set(module, (values = new Map<InjectionKey, unknown>()));
    if (!values.has(key)) values.set(key, this.#options.ambient?.(key, this.#instanceOf(module)));
    return values.get(key);
  }
}

/** Only factories are waited for: a value may be a promise, and a class may have a `then` of its own. */
function isPromise(made: unknown, { recipe }: PlannedProvider): made is PromiseLike<unknown> {
  return recipe.kind === 'factory' && isPromiseLike(made);
}

function providerFailed(provider: PlannedProvider, error: unknown): Error {
  return pluginErrors.PROVIDER_FAILED({ who: whoIs(provider), reason: reasonOf(error) }, { cause: error });
}
