import type { ConcreteClass } from '../metadata/slot';
import { describe } from './describe';
import { pluginErrors } from './errors';
import type { ModuleDraft, Report } from './module-tree';
import { findInView, type Reference } from './plugin-plan';
import { nameOf, type ServiceRequest, toRequest } from './service-import';
import type { ServiceIndex } from './service-index';
import { isName, isServiceRef, type ServiceRef, serviceRef } from './service-ref';
import { type InjectionKey, isClass } from './service-token';
import { ANY_VERSION, isRange } from './version';

export interface ImportFinderOptions {
  readonly ambient: ReadonlySet<InjectionKey>;
  /** Has a module provide a class that one of its imports falls back on. */
  readonly provide: (module: ModuleDraft, fallback: ConcreteClass) => void;
}

/** Finds what the imports of services mean. */
export class ImportFinder {
  readonly #services: ServiceIndex;
  readonly #options: ImportFinderOptions;
  readonly #report: Report;

  constructor(services: ServiceIndex, options: ImportFinderOptions, report: Report) {
    this.#services = services;
    this.#options = options;
    this.#report = report;
  }

  /** What is injected in a module for an import: the service, what is taken instead, or nothing. */
  find(module: ModuleDraft, key: InjectionKey, request: ServiceRequest, asks: string): Reference {
    const found = this.#services.find(request);
    const use = { request, isInjected: true };
    let reference: Reference = { kind: 'absent', key };
    if ('mistake' in found) this.#report(found.mistake(asks));
    else if ('offer' in found) {
      module.uses.push({ ...use, offer: found.offer, missing: undefined });
      reference = { kind: 'provider', key, provider: found.offer.provider };
    } else if (request.isOptional) {
      module.uses.push({ ...use, offer: undefined, missing: found.missing.reason });
      reference = this.#instead(module, key, request);
    } else this.#report(found.missing.explain(asks));
    module.services.set(key, reference);
    return reference;
  }

  /** Reads what a plugin says that it imports while it runs. */
  readDependencies(module: ModuleDraft): void {
    const { label, plugin } = module;
    const list: unknown = plugin?.dependencies ?? [];
    if (!Array.isArray(list)) {
      this.#report(pluginErrors.MODULE_LIST_INVALID({ module: label, list: 'dependencies', got: describe(list) }));
      return;
    }
    for (const [at, entry] of (list as unknown[]).entries()) {
      const dependency = parseDependency(entry);
      if (dependency === undefined) {
        this.#report(pluginErrors.DEPENDENCY_INVALID({ where: `${label}: dependencies[${at}]`, got: describe(entry) }));
      } else if ('plugin' in dependency) this.#dependOnPlugin(module, dependency, `dependencies[${at}]`);
      else this.#dependOnService(module, dependency.request, `dependencies[${at}]`);
    }
  }

  #dependOnService(module: ModuleDraft, request: ServiceRequest, place: string): void {
    const asks = `${module.label} needs ${nameOf(request)} as ${place}`;
    const found = this.#services.find(request);
    if ('mistake' in found) this.#report(found.mistake(asks));
    else if ('offer' in found) module.uses.push({ request, offer: found.offer, missing: undefined, isInjected: false });
    else if (!request.isOptional) this.#report(found.missing.explain(asks));
  }

  #dependOnPlugin(module: ModuleDraft, { plugin, range, isOptional }: PluginWanted, place: string): void {
    const asks = `${module.label} needs ${plugin}${range === ANY_VERSION ? '' : ` ${range}`} as ${place}`;
    if (!isRange(range)) {
      this.#report(pluginErrors.SERVICE_RANGE_INVALID({ asks, got: describe(range) }));
      return;
    }
    const service = this.#services.plugins(plugin, ANY_VERSION).length === 0 ? serviceNamed(plugin) : undefined;
    if (service !== undefined) {
      this.#dependOnService(module, toRequest(service, { version: range, optional: isOptional }), place);
      return;
    }
    const [found] = this.#services.plugins(plugin, range);
    if (found !== undefined) module.dependsOn.push(found as ModuleDraft);
    else if (!isOptional) this.#report(this.#services.missingPlugin(plugin, range).explain(asks));
  }

  #instead(module: ModuleDraft, key: InjectionKey, { fallback }: ServiceRequest): Reference {
    if (fallback === undefined) return { kind: 'absent', key };
    if (!isClass(fallback)) return { kind: 'value', key, value: fallback };
    this.#options.provide(module, fallback as ConcreteClass);
    const provider = findInView(module, fallback, this.#options.ambient);
    return provider !== undefined && 'kind' in provider ? { ...provider, key } : { kind: 'absent', key };
  }
}

interface PluginWanted {
  readonly plugin: string;
  readonly range: string;
  readonly isOptional: boolean;
}

/** `auth-plugin.auth`: the service of a plugin. */
function serviceNamed(name: string): ServiceRef | undefined {
  const [, plugin, service] = /^(.+)\.([^.]+)$/.exec(name) ?? [];
  return plugin === undefined || service === undefined ? undefined : serviceRef(plugin, service);
}

function parseDependency(entry: unknown): PluginWanted | { readonly request: ServiceRequest } | undefined {
  if (isName(entry)) return { plugin: entry, range: ANY_VERSION, isOptional: false };
  if (isServiceRef(entry)) return { request: toRequest(entry) };
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { service, plugin, version = ANY_VERSION, optional = false } = entry as Record<string, unknown>;
  const options = { version: version as string, optional: optional === true };
  if (isServiceRef(service)) return { request: toRequest(service, options) };
  return isName(plugin) ? { plugin, range: options.version, isOptional: options.optional } : undefined;
}
