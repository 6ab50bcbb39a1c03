import type { ConcreteClass } from '../metadata/slot';
import type { Lifetime } from '../lifetime/lifetime';
import type { Release } from '../lifetime/lifetime';
import type { ModuleContainer } from './container';
import { pluginErrors } from './errors';
import type { GuardRooms } from './guard-service';
import { callHook, hookOf, type HookLimits, type HookName, type Made } from './lifecycle';
import type { MissingService } from './missing-service';
import { readClassNeeds } from './needs';
import type { PluginIdentity } from './plugin';
import { findInView, type PlannedModule, type PlannedProvider, type PluginPlan, type Reference } from './plugin-plan';
import { PluginServices } from './plugin-services';
import type { RequestPlan, Supply } from './request-scope';
import type { RunningService, RunningServices, ServiceOwner } from './running-services';
import { missingMethods, readContract } from './service-contract';
import { nameOf as requestName, type ServiceRequest } from './service-import';
import { methodsOf } from './service-offers';
import type { ServiceOptions } from './service-export';
import type { ServiceRef } from './service-ref';
import { type InjectionKey, isClass, keyName } from './service-token';
import { explainMissing, explainRivals } from './whereabouts';

/** What instances of one build share. */
export interface Surroundings {
  readonly plan: PluginPlan;
  readonly requests: RequestPlan;
  readonly services: RunningServices;
  readonly guards: GuardRooms;
  /** What is had in the view of a module; not for what is made for each request. */
  valueOf(reference: Reference, module: PlannedModule): unknown;
}

/** What an instance runs by: its part of a plan, and what that was built of. */
export interface InstanceParts {
  readonly module: PlannedModule;
  readonly imports: readonly PluginInstance[];
  /** Those that are initialised and started before it, and stopped behind it. */
  readonly dependencies: readonly PluginInstance[];
  readonly surroundings: Surroundings;
  readonly openContainer: (supply: (key: InjectionKey) => unknown) => ModuleContainer;
}

/** `new`, until its last `initialize` is done; `stopped` once its last `shutdown` was called. */
export type InstanceState = 'new' | 'initialized' | 'started' | 'stopped';

/** Says in which order instances became ready, those of different builds too. */
let lastRank = 0;

/** A module that runs: what it made, what it sees, and the lifetime of all work its code does. */
export class PluginInstance implements ServiceOwner {
  /** A scope of the application's: the requests its controllers serve, and whatever else it opens, are inside. */
  readonly lifetime: Lifetime;
  /** Handed to its hooks; set by who builds it. */
  context: unknown;
  state: InstanceState = 'new';
  /** When it was initialised, and started, relative to others; what failed half-way counts. */
  initializedRank = Infinity;
  startedRank = Infinity;

  #parts: InstanceParts;
  #container: ModuleContainer;
  /** What it depends on must be there until it is stopped itself, also where that has nothing left to do. */
  readonly #held = new Map<ServiceOwner, Release>();
  /** What it asked for while it runs. */
  readonly #asked = new Set<ServiceOwner>();
  readonly #services: PluginServices;
  readonly #values = new Map<InjectionKey, unknown>();
  readonly #controllers = new Map<InjectionKey, unknown>();
  #self: unknown;
  readonly #made: Made[] = [];
  readonly #initialized = new Set<Made>();
  readonly #started = new Set<Made>();
  readonly #cleanups: (() => void)[] = [];

  constructor(parts: InstanceParts, owner: Lifetime) {
    this.#parts = parts;
    this.#container = parts.openContainer((key) => this.#see(key));
    this.#services = new PluginServices(this, parts.surroundings.guards);
    this.lifetime = owner.openScope(this);
    for (const needed of parts.dependencies) this.#hold(needed);
  }

  get module(): PlannedModule {
    return this.#parts.module;
  }

  get imports(): readonly PluginInstance[] {
    return this.#parts.imports;
  }

  get container(): ModuleContainer {
    return this.#container;
  }

  /** Whose lifetimes it holds: what it imports, and whose services it uses. */
  get dependencies(): Iterable<ServiceOwner> {
    return this.#held.keys();
  }

  /** Whose services it asked for while it runs, beside what its plan says. */
  get asked(): ReadonlySet<ServiceOwner> {
    return this.#asked;
  }

  /** The services it offers. */
  get offered(): readonly RunningService[] {
    return this.#services.all;
  }

  /** Goes on in another plan, in which nothing that it was given has changed. Out: its parts until now. */
  adopt(parts: InstanceParts): InstanceParts {
    const until = this.#parts;
    this.#parts = parts;
    this.#container = parts.openContainer((key) => this.#see(key));
    const before = [...this.#held];
    this.#held.clear();
    for (const needed of [...parts.dependencies, ...this.#asked]) this.#hold(needed);
    for (const [, release] of before) release();
    return until;
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

  /** Offers what the plan says, now that all of it is made. Fails with: SERVICE_CONTRACT_BROKEN, SERVICE_FROZEN. */
  offerPlanned(): void {
    for (const offer of this.module.offers)
      this.#services.offer(offer, this.#valueOf({ kind: 'provider', key: offer.provider.key, provider: offer.provider }));
    this.#surroundings.services.changed();
  }

  /** Offers something to the others while it runs. Fails with: PLUGIN_STOPPED, and as `PluginServices.export` does. */
  exportService(ref: ServiceRef | string, instance: unknown, options: ServiceOptions<never>): RunningService {
    this.#refuseStopped('exports a service');
    const exported = this.#services.export(ref, instance, options);
    this.#surroundings.services.changed();
    return exported;
  }

  /**
   * Asks for a service while it runs. Out: the service, or why it is missing where it may be.
   *
   * Fails with: PLUGIN_STOPPED, PLUGIN_NOT_LOADED, SERVICE_UNKNOWN, SERVICE_VERSION_UNSATISFIED, SERVICE_NOT_READY, SERVICE_LACKS,
   * SERVICE_REF_MISSING, SERVICE_RANGE_INVALID.
   */
  importService(request: ServiceRequest): { readonly instance: unknown } | { readonly missing: MissingService } {
    const asks = `${this.name} asks for ${requestName(request)}`;
    this.#refuseStopped(`asks for ${requestName(request)}`);
    const look = this.#surroundings.services.find(request, asks);
    if ('missing' in look) {
      if (request.isOptional) return look;
      throw look.missing.explain(asks);
    }
    const { owner, instance, version } = look.found;
    const lacking = lackingOf(request.ref, instance);
    if (lacking.length > 0)
      throw pluginErrors.SERVICE_LACKS({ asks, missing: methodsOf(lacking), offered: `${request.ref.name} ${version}` });
    if (owner !== this && !this.#held.has(owner)) this.#hold(owner);
    if (owner !== this) this.#asked.add(owner);
    return { instance };
  }

  /** What is taken instead of a service that is missing: a class is had from the module, or made where it needs nothing. */
  fallbackOf({ fallback }: ServiceRequest): unknown {
    if (!isClass(fallback)) return fallback;
    const { needs, fault } = readClassNeeds(fallback);
    const isProvided = findInView(this.module, fallback, this.#surroundings.plan.ambient) !== undefined;
    if (!isProvided && needs.length === 0 && fault === undefined) return new (fallback as ConcreteClass)();
    return this.container.resolve(fallback);
  }

  /** Has something done when it is gone: behind its `shutdown`. */
  defer(cleanup: () => void): void {
    if (this.state === 'stopped') cleanup();
    else this.#cleanups.push(cleanup);
  }

  /** The objects whose hooks it calls. */
  get hooked(): Iterable<object> {
    return this.#made.map(({ value }) => value);
  }

  /** Leaves the hooks of an object, and what was called of them, to another instance. */
  handOver(value: object, heir: PluginInstance): void {
    const at = this.#made.findIndex((made) => made.value === value);
    const [made] = at === -1 ? [] : this.#made.splice(at, 1);
    if (made === undefined) return;
    heir.#made.unshift(made);
    if (this.#initialized.delete(made)) heir.#initialized.add(made);
    if (this.#started.delete(made)) heir.#started.add(made);
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
    for (const release of this.#held.values()) release();
    this.#held.clear();
  }

  /** Calls `shutdown` of what was initialised or had nothing to initialise, the last first, all of them. */
  async shutdown(limits: HookLimits, failed: (error: unknown) => void): Promise<void> {
    for (const made of this.#made.splice(0).reverse()) {
      const isReady = this.#initialized.delete(made) || hookOf(made, 'initialize') === undefined;
      if (isReady) await this.#tryCall(made, 'shutdown', { limits, failed });
    }
    this.state = 'stopped';
    this.#services.clear();
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
  }

  get #surroundings(): Surroundings {
    return this.#parts.surroundings;
  }

  #hold(owner: ServiceOwner): void {
    if (!this.#held.has(owner)) this.#held.set(owner, owner.lifetime.hold());
  }

  #refuseStopped(what: string): void {
    if (this.state === 'stopped') throw pluginErrors.PLUGIN_STOPPED({ plugin: this.name, what });
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

/** What an importer's own idea of a service asks for, and it lacks. */
function lackingOf({ contract }: ServiceRef, instance: unknown): string[] {
  const read = contract === undefined ? undefined : readContract(contract);
  return read === undefined || typeof read === 'string' ? [] : missingMethods(read, instance);
}

function nameOf({ key, recipe }: PlannedProvider): string {
  return keyName(recipe.kind === 'class' ? recipe.class : key);
}
