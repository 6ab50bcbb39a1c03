import { describe } from './describe';
import { pluginErrors } from './errors';
import { type GuardRooms, guardService } from './guard-service';
import type { Report } from './module-tree';
import type { Offer } from './plugin-plan';
import { missingMethods, readContract, type ReadContract } from './service-contract';
import { checkOptions, methodsOf, refuseStrange } from './service-offers';
import type { ServiceHealthAnswer, ServiceOptions } from './service-export';
import type { RunningService, ServiceOwner } from './running-services';
import { isName, isServiceRef, type ServiceRef } from './service-ref';
import { keyName } from './service-token';

/** How a service is offered, wherever that is said. */
interface Offering {
  readonly service: string;
  readonly version: string;
  readonly contract: ReadContract;
  readonly options: ServiceOptions<never>;
  readonly instance: unknown;
  /** How messages call what is offered. */
  readonly key: string;
}

/** What one plugin offers to the others. */
export class PluginServices {
  readonly #owner: ServiceOwner;
  readonly #rooms: GuardRooms;
  readonly #offered: RunningService[] = [];

  constructor(owner: ServiceOwner, rooms: GuardRooms) {
    this.#owner = owner;
    this.#rooms = rooms;
  }

  get all(): readonly RunningService[] {
    return this.#offered;
  }

  /** Offers what its decorator says, now that it is made. Fails with: SERVICE_OPTION_INVALID, SERVICE_CONTRACT_BROKEN, SERVICE_FROZEN. */
  offer({ service, version, contract, options, provider }: Offer, instance: unknown): RunningService {
    return this.#add({ service, version, contract, options, instance, key: keyName(provider.key) });
  }

  /**
   * Offers something while it runs.
   *
   * Fails with: SERVICE_NAME_INVALID, SERVICE_HOMELESS, SERVICE_FOREIGN, SERVICE_OPTION_INVALID, SERVICE_DUPLICATE,
   * SERVICE_CONTRACT_INVALID, SERVICE_CONTRACT_BROKEN, SERVICE_FROZEN.
   */
  export(given: ServiceRef | string, instance: unknown, options: ServiceOptions<never>): RunningService {
    const { label, plugin } = this.#owner.module;
    const name: unknown = isServiceRef(given) ? given.service : given;
    if (!isName(name)) throw pluginErrors.SERVICE_NAME_INVALID({ got: describe(name) });
    if (plugin === undefined) throw pluginErrors.SERVICE_HOMELESS({ module: label, service: name });
    if (isServiceRef(given) && given.plugin !== plugin.name) {
      throw pluginErrors.SERVICE_FOREIGN({ module: label, service: given.name, plugin: plugin.name, owner: given.plugin, name });
    }
    const service = `${plugin.name}.${name}`;
    const report: Report = (mistake) => {
      throw mistake;
    };
    const version = checkOptions(options, { label, service, otherwise: plugin.version, report });
    if (this.#offered.some((it) => it.service === name && it.version === version))
      throw pluginErrors.SERVICE_DUPLICATE({ module: label, service, version });
    const contract = readContract(isServiceRef(given) ? given.contract : undefined);
    if (typeof contract === 'string') throw pluginErrors.SERVICE_CONTRACT_INVALID({ service, reason: contract });
    refuseStrange(contract, { service, compile: this.#rooms.compile, report });
    return this.#add({ service: name, version, contract, options, instance, key: describe(instance) });
  }

  clear(): void {
    this.#offered.length = 0;
  }

  #add({ service, version, contract, options, instance, key }: Offering): RunningService {
    const { label, plugin } = this.#owner.module;
    const name = `${plugin?.name}.${service}`;
    // Nothing is what is imported where there is no service.
    if (instance === undefined || instance === null) {
      const expected = 'what offers it';
      throw pluginErrors.SERVICE_OPTION_INVALID({
        module: label,
        service: name,
        option: 'instance',
        got: describe(instance),
        expected,
      });
    }
    const missing = missingMethods(contract, instance);
    if (missing.length > 0) {
      throw pluginErrors.SERVICE_CONTRACT_BROKEN({ module: label, key, service: name, missing: methodsOf(missing) });
    }
    guardService(instance, { name, contract, timeoutMs: options.timeoutMs, isMeasured: options.measured ?? false }, this.#rooms);
    const running: RunningService = {
      owner: this.#owner,
      plugin: plugin?.name ?? '',
      pluginVersion: plugin?.version ?? '',
      service,
      version,
      description: options.description,
      timeoutMs: options.timeoutMs,
      required: options.required ?? false,
      health: healthOf(instance, options.health),
      instance,
    };
    this.#offered.push(running);
    return running;
  }
}

function healthOf(instance: unknown, health: ServiceOptions<never>['health'] | string): RunningService['health'] {
  if (health === undefined) return undefined;
  if (typeof health === 'function') return (signal) => health(instance as never, signal);
  return (signal) => (instance as Record<string, (signal: AbortSignal) => ServiceHealthAnswer>)[health](signal);
}
