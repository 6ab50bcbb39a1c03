import type { FrameworkError } from '../errors/framework-error';
import { slips } from '../errors/near-names';
import { describe } from './describe';
import { pluginErrors } from './errors';
import { type MissingService, notExported, notLoaded, notWithin } from './missing-service';
import type { Offer, PlannedModule } from './plugin-plan';
import { readContract } from './service-contract';
import type { ServiceRequest } from './service-import';
import { isServiceRef } from './service-ref';
import { lacks, methodsOf } from './service-offers';
import { keyName } from './service-token';
import { isRange, newestFirst, within } from './version';

/** What is asked for cannot be understood, or is not what it is thought to be: never a case for a fallback. */
export interface WrongRequest {
  readonly mistake: (asks: string) => FrameworkError;
}

export type FoundService = { readonly offer: Offer } | { readonly missing: MissingService } | WrongRequest;

/** All services that the plugins of an application offer. */
export class ServiceIndex {
  readonly #modules: readonly PlannedModule[];
  readonly #plugins = new Map<string, PlannedModule[]>();

  constructor(modules: readonly PlannedModule[]) {
    this.#modules = modules;
    for (const module of modules) {
      const { plugin } = module;
      if (plugin !== undefined) this.#plugins.set(plugin.name, [...(this.#plugins.get(plugin.name) ?? []), module]);
    }
  }

  /** The plugins of a name within a range of versions, the newest first. */
  plugins(name: string, range: string): readonly PlannedModule[] {
    const named = this.#plugins.get(name) ?? [];
    return within(named, versionOf, range).toSorted((one, other) => newestFirst(versionOf(one), versionOf(other)));
  }

  /** The newest service within the range that is wanted. */
  find({ ref, range, strange }: Pick<ServiceRequest, 'ref' | 'range' | 'strange'>): FoundService {
    if (!isServiceRef(ref)) return { mistake: (who) => pluginErrors.SERVICE_REF_MISSING({ who, got: describe(ref) }) };
    if (strange !== undefined)
      return { mistake: (asks) => pluginErrors.SERVICE_IMPORT_INVALID({ asks, got: describe(strange) }) };
    if (!isRange(range)) return { mistake: (asks) => pluginErrors.SERVICE_RANGE_INVALID({ asks, got: describe(range) }) };
    const offers = this.#offersOf(ref.plugin, ref.service);
    const [offer] = within(offers, ({ version }) => version, range);
    if (offer !== undefined) return checkedFor(ref.contract, offer);
    if (offers.length > 0)
      return {
        missing: notWithin(
          `${ref.plugin}.${ref.service}`,
          range,
          offers.map(({ version }) => version),
        ),
      };
    const plugins = this.#plugins.get(ref.plugin);
    return { missing: plugins === undefined ? this.#notLoaded(ref.plugin) : unknown(ref.plugin, ref.service, plugins) };
  }

  /** Why no plugin of a name is there, or none within the range. */
  missingPlugin(name: string, range: string): MissingService {
    const versions = (this.#plugins.get(name) ?? []).map(versionOf).sort(newestFirst);
    return versions.length === 0 ? this.#notLoaded(name) : notWithin(name, range, versions);
  }

  #offersOf(plugin: string, service: string): Offer[] {
    return (this.#plugins.get(plugin) ?? [])
      .flatMap(({ offers }) => offers.filter((it) => it.service === service))
      .sort(
        (one, other) => newestFirst(one.version, other.version) || newestFirst(versionOf(one.module), versionOf(other.module)),
      );
  }

  #notLoaded(plugin: string): MissingService {
    const isImported = (it: PlannedModule): boolean => this.#modules.some(({ imports }) => imports.includes(it));
    const root = this.#modules.find((it) => !isImported(it))?.label ?? 'the root module';
    return notLoaded(plugin, this.#plugins.keys(), `Add the plugin to the imports of ${root}.`);
  }
}

function versionOf({ plugin }: PlannedModule): string {
  return plugin?.version ?? '0.0.0';
}

/** The importer's own idea of a service is checked, too: its name may have been written down elsewhere. */
function checkedFor(given: object | undefined, offer: Offer): FoundService {
  const contract = readContract(given);
  if (typeof contract === 'string') {
    const service = `${offer.plugin}.${offer.service}`;
    return { mistake: () => pluginErrors.SERVICE_CONTRACT_INVALID({ service, reason: contract }) };
  }
  const missing = lacks(offer.provider, contract);
  if (missing.length === 0) return { offer };
  return { mistake: (asks) => pluginErrors.SERVICE_LACKS({ asks, missing: methodsOf(missing), offered: titleOf(offer) }) };
}

/** `auth-plugin.auth 2.0.0` */
function titleOf({ plugin, service, version }: Offer): string {
  return `${plugin}.${service} ${version}`;
}

function unknown(plugin: string, service: string, modules: readonly PlannedModule[]): MissingService {
  const names = modules.flatMap(({ offers }) => offers.map((it) => it.service));
  return notExported(plugin, service, names, wayToExport(service, modules));
}

/** What is provided under a like name was probably meant to be exported. */
function wayToExport(service: string, modules: readonly PlannedModule[]): string {
  const [module] = modules;
  const isLike = (name: string): boolean =>
    name.toLowerCase().startsWith(service.toLowerCase()) || slips(service, name) !== undefined;
  const key = [...module.own.keys()].find((it) => isLike(keyName(it).replaceAll('"', '')));
  if (key === undefined) return `Add exportService(…) to the exports of ${module.label}, or ask for another.`;
  return `${module.label} has ${keyName(key)} but does not export it: add exportService(…, ${keyName(key)}) to its exports.`;
}
