import type { Logger } from '../diagnostics/logger';
import type { Health } from '../metrics/health';
import { serviceLookups } from '../metrics/service-instruments';
import type { Metrics } from '../metrics/metrics';
import type { PluginInstance } from '../plugins/plugin-instance';
import type { ServiceOptions } from '../plugins/service-export';
import { type ImportOptions, nameOf, type ServiceRequest, toRequest } from '../plugins/service-import';
import { ANY_VERSION } from '../plugins/version';
import { ServiceRef } from '../plugins/service-ref';
import type { ServiceRegistry } from '../plugins/service-registry';
import { PluginRouter } from './plugin-router';

/** What of the application a plugin is lent. */
export interface PluginRooms {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly services: ServiceRegistry;
}

/** What is exported while a plugin runs, and an instance of it. */
type Sure<T> = ImportOptions<T> &
  ({ readonly optional?: false } | { readonly fallback: NonNullable<ImportOptions<T>['fallback']> });

/**
 * What the lifecycle hooks of a plugin are given: `initialize(context)`, `start`, `stop`, `shutdown`. It can be injected, too.
 *
 * Ends: when the plugin is shut down. Whoever exports or imports with it then fails with PLUGIN_STOPPED.
 */
export class PluginContext<out Config = unknown> {
  /** The plugin's name, or the name of the module's class. */
  readonly name: string;
  /** Of a plugin; undefined for a plain module. */
  readonly version: string | undefined;
  /** Writes lines that carry the plugin's name. */
  readonly logger: Logger;
  /** What is observed by it ends with the plugin. */
  readonly metrics: Metrics;
  /** Indicators that are added by it go with the plugin. */
  readonly health: Health;
  /** What the plugin is configured with: an instance of the class that its decorator names. */
  readonly config: Config;
  /** Adds routes while the plugin is initialised; controllers are the other way. */
  readonly router: PluginRouter;
  /** The services that there are, as descriptions: `list()`, `changes$`. */
  readonly services: ServiceRegistry;
  readonly #instance: PluginInstance;
  readonly #warned = new Set<string>();

  /** @internal */
  constructor(instance: PluginInstance, { logger, metrics, health, services }: PluginRooms) {
    const { definition, name, module } = instance;
    this.name = definition?.name ?? name;
    this.version = definition?.version;
    this.logger = logger;
    this.metrics = metrics;
    this.health = health;
    this.config = module.config as Config;
    this.router = new PluginRouter(name);
    this.services = services;
    this.#instance = instance;
    for (const { request, missing, isInjected } of module.uses)
      if (isInjected && missing !== undefined) this.#warn(request, missing);
  }

  /**
   * Offers a service while the plugin runs; `exports: [exportService(…)]` is the way that is checked before the start.
   *
   * In: its name, or the name alone for a service of this plugin; the service; its version and the like.
   * Fails with: SERVICE_DUPLICATE, SERVICE_FOREIGN, SERVICE_HOMELESS, SERVICE_CONTRACT_BROKEN, SERVICE_OPTION_INVALID,
   * SERVICE_NAME_INVALID, PLUGIN_STOPPED. Ends: with the plugin.
   */
  exportService<T, Made extends T = T>(
    service: ServiceRef<T> | string,
    instance: Made,
    options: ServiceOptions<NoInfer<Made>> = {},
  ): void {
    this.#instance.exportService(service, instance, options as unknown as ServiceOptions<never>);
    this.services.refresh();
  }

  /**
   * Asks for a service while the plugin runs. What is found is remembered; this plugin is made anew when that of the service is
   * replaced. Name it in `dependencies` of `@Plugin`: then it is there, and initialised before.
   *
   * In: its name, or those of the plugin and the service; `version` (a range), `optional`, `fallback`. Out: the service itself;
   * the fallback or `undefined` where it may be missing, with one warning in the log.
   * Fails with: PLUGIN_NOT_LOADED, SERVICE_UNKNOWN, SERVICE_VERSION_UNSATISFIED, SERVICE_NOT_READY, SERVICE_LACKS,
   * SERVICE_IMPORT_INVALID, SERVICE_RANGE_INVALID, PLUGIN_STOPPED.
   */
  importService<T>(service: ServiceRef<T>, options?: Sure<NoInfer<T>>): T;
  importService<T>(service: ServiceRef<T>, options: ImportOptions<NoInfer<T>>): T | undefined;
  importService<T = unknown>(plugin: string, service: string, options?: Sure<NoInfer<T>>): T;
  importService<T = unknown>(plugin: string, service: string, options: ImportOptions<NoInfer<T>>): T | undefined;
  importService(...args: readonly unknown[]): unknown {
    const [first, second, third] = args;
    const byName = typeof first === 'string';
    const ref = byName ? new ServiceRef(first, String(second), undefined) : first;
    const request = toRequest(ref, (byName ? third : second) as ImportOptions | undefined);
    const found = this.#instance.importService(request);
    this.#count(request, 'missing' in found ? 'missing' : 'found');
    if (!('missing' in found)) return found.instance;
    this.#warn(request, found.missing.reason);
    return this.#instance.fallbackOf(request);
  }

  #count({ ref }: ServiceRequest, result: string): void {
    const counter = serviceLookups(this.metrics);
    counter.add(1, { service: nameOf({ ref, range: ANY_VERSION }), result });
  }

  /** Once for each, however often it is asked for. */
  #warn(request: ServiceRequest, reason: string): void {
    const service = nameOf(request);
    if (this.#warned.has(service)) return;
    this.#warned.add(service);
    this.logger.warn('an optional service is missing', { service, reason });
  }
}
