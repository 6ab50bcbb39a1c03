import type { Observable } from 'rxjs';
import { rx } from '../lifetime/observable';
import type { PluginInstance } from './plugin-instance';
import type { RunningService } from './running-services';
import { nameOf } from './service-import';

/** How a service is; `unknown`: it does not say, or was not asked yet. */
export type ServiceHealthStatus = 'up' | 'degraded' | 'down' | 'unknown';

/** A service as others may know it: never the thing itself. */
export interface ServiceDescriptor {
  readonly plugin: string;
  readonly service: string;
  readonly version: string;
  readonly description: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly health: ServiceHealthStatus;
}

/** A plugin as others may know it. */
export interface PluginDescriptor {
  readonly name: string;
  readonly version: string;
  readonly description: string | undefined;
  readonly author: string | undefined;
  readonly state: PluginInstance['state'];
  /** The services it uses, as `auth-plugin.auth`, and the plugins whose exports it is given otherwise, by name. */
  readonly dependencies: readonly string[];
}

/** A service that came or went. */
export interface ServiceChange {
  readonly kind: 'added' | 'removed';
  readonly service: ServiceDescriptor;
}

/** What the registry is lent. */
export interface RegistryRooms {
  /** All modules that run. */
  readonly instances: () => readonly PluginInstance[];
  /** Told before anybody else. */
  readonly changed: (added: readonly RunningService[], removed: readonly RunningService[]) => void;
  /** What a service last said of its health. */
  readonly lastHealth: (service: RunningService) => ServiceHealthStatus;
  /** Asks a service how it is, where the last answer is too old. */
  readonly askHealth: (service: RunningService) => Promise<ServiceHealthStatus>;
}

/** The services and plugins of an application, as descriptions: what there is, and what comes and goes. Always there to be injected. */
export class ServiceRegistry {
  readonly #rooms: RegistryRooms;
  readonly #listeners = new Set<(change: ServiceChange) => void>();
  #known = new Set<RunningService>();

  /** @internal */
  constructor(rooms: RegistryRooms) {
    this.#rooms = rooms;
  }

  /** Every service that is offered, plugin by plugin in the order they were started. */
  list(): ServiceDescriptor[] {
    return this.#running().map((service) => describe(service, this.#rooms.lastHealth(service)));
  }

  /** As `list`, with every service asked how it is; an answer is kept for a second. */
  async report(): Promise<ServiceDescriptor[]> {
    return Promise.all(this.#running().map(async (service) => describe(service, await this.#rooms.askHealth(service))));
  }

  /** The plugins in the order they were started. */
  plugins(): PluginDescriptor[] {
    return this.#started().flatMap((instance) => describePlugin(instance) ?? []);
  }

  /** Each service that comes or goes from now on: one exported while the application runs, or by a plugin that changes. */
  get changes$(): Observable<ServiceChange> {
    const { Observable: Source } = rx();
    return new Source<ServiceChange>((subscriber) => {
      const listener = (change: ServiceChange): void => subscriber.next(change);
      this.#listeners.add(listener);
      return () => void this.#listeners.delete(listener);
    });
  }

  /** Looks what came and what went. @internal */
  refresh(): void {
    const before = this.#known;
    const now = new Set(this.#running());
    const added = [...now].filter((it) => !before.has(it));
    const removed = [...before].filter((it) => !now.has(it));
    this.#known = now;
    this.#rooms.changed(added, removed);
    for (const service of removed) this.#tell('removed', service);
    for (const service of added) this.#tell('added', service);
  }

  #tell(kind: ServiceChange['kind'], service: RunningService): void {
    if (this.#listeners.size === 0) return;
    const change = { kind, service: describe(service, this.#rooms.lastHealth(service)) };
    for (const listener of [...this.#listeners]) listener(change);
  }

  #started(): PluginInstance[] {
    return [...this.#rooms.instances()].sort((one, other) => compareRanks(one, other));
  }

  #running(): RunningService[] {
    return this.#started().flatMap(({ offered }) => offered);
  }
}

/** What is not started yet comes as it was initialised. */
function compareRanks(one: PluginInstance, other: PluginInstance): number {
  if (one.startedRank !== other.startedRank) return one.startedRank - other.startedRank;
  return one.initializedRank === other.initializedRank ? 0 : one.initializedRank - other.initializedRank;
}

function describe(
  { plugin, service, version, description, timeoutMs }: RunningService,
  health: ServiceHealthStatus,
): ServiceDescriptor {
  return { plugin, service, version, description, timeoutMs, health };
}

function describePlugin(instance: PluginInstance): PluginDescriptor | undefined {
  const { definition, state } = instance;
  if (definition === undefined) return undefined;
  const { name, version, description, author } = definition;
  return { name, version, description, author, state, dependencies: dependenciesOf(instance) };
}

function dependenciesOf({ module, asked }: PluginInstance): string[] {
  const uses = module.uses.filter(({ offer }) => offer !== undefined);
  const services = uses.map(({ request: { ref } }) => nameOf({ ref, range: '*' }));
  const known = new Set(uses.map(({ offer }) => offer?.module));
  const plugins = [...module.dependsOn, ...[...asked].map((it) => it.module)].filter((it) => !known.has(it));
  return [...new Set([...services, ...plugins.flatMap(({ plugin }) => (plugin === undefined ? [] : [plugin.name]))])];
}
