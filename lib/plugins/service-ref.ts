import { describe } from './describe';
import { pluginErrors } from './errors';
import type { ServiceContract } from './service-contract';

/** The typed name of a service: which plugin exports it, under which name. Made by `serviceRef`. */
export class ServiceRef<out T = unknown> {
  /** Never there at run time: it carries the type to the compiler, also through declaration files. */
  declare readonly type?: T;

  /** @internal Use `serviceRef`. */
  constructor(
    /** The name of the plugin that exports it. */
    readonly plugin: string,
    /** Its name among what that plugin exports. */
    readonly service: string,
    /** The methods it must have, if that was said. */
    readonly contract: object | undefined,
  ) {}

  /** `auth-plugin.auth` */
  get name(): string {
    return `${this.plugin}.${this.service}`;
  }

  toString(): string {
    return `ServiceRef(${this.name})`;
  }
}

/** What a name says of the service besides. */
export interface ServiceRefOptions<T> {
  /** What whoever exports it must have, checked when it is exported. Default: nothing is checked. */
  readonly contract?: ServiceContract<T>;
}

/**
 * Makes the typed name of a service, for whoever exports and whoever imports it. Two of the same names mean the same service,
 * so each side may write its own.
 *
 * In: the name of the plugin, the name of the service, both without spaces; `contract`, the methods it must have.
 * Out: `AUTH = serviceRef<AuthService>('auth-plugin', 'auth')`. Fails with: SERVICE_NAME_INVALID.
 */
export function serviceRef<T>(plugin: string, service: string, { contract }: ServiceRefOptions<T> = {}): ServiceRef<T> {
  for (const name of [plugin, service] as unknown[]) {
    if (!isName(name)) throw pluginErrors.SERVICE_NAME_INVALID({ got: describe(name) });
  }
  return new ServiceRef(plugin, service, contract);
}

/** Whether something can be called so. */
export function isName(name: unknown): name is string {
  return typeof name === 'string' && /^\S+$/.test(name);
}

/** Whether `value` names a service, whichever copy of the package made it. */
export function isServiceRef(value: unknown): value is ServiceRef {
  if (typeof value !== 'object' || value === null) return false;
  const { plugin, service } = value as Partial<ServiceRef>;
  return isName(plugin) && isName(service);
}
