import { describe } from './describe';
import { pluginErrors } from './errors';
import type { ModuleDraft, Report } from './module-tree';
import type { Offer, PlannedModule, PlannedProvider } from './plugin-plan';
import {
  type CheckCompiler,
  missingMethods,
  readContract,
  type ReadContract,
  strangeSchemas,
  surelyMissingMethods,
} from './service-contract';
import { ServiceExport, type ServiceOptions } from './service-export';
import { isServiceRef } from './service-ref';
import { isInjectionKey, keyName } from './service-token';
import { isVersion } from './version';
import { listed } from './whereabouts';

/** Reads the services a module offers, and what is wrong with how it does. */
export function readOffers(module: ModuleDraft, compile: CheckCompiler | undefined, report: Report): void {
  for (const entry of module.options.exports ?? []) {
    if (!(entry instanceof ServiceExport)) continue;
    const offer = readOffer(module, entry, { compile, report });
    if (offer === undefined) continue;
    const twin = module.offers.find(({ service, version }) => service === offer.service && version === offer.version);
    if (twin === undefined) module.offers.push(offer);
    else
      report(
        pluginErrors.SERVICE_DUPLICATE({
          module: module.label,
          service: `${offer.plugin}.${offer.service}`,
          version: offer.version,
        }),
      );
  }
}

interface Surroundings {
  readonly compile: CheckCompiler | undefined;
  readonly report: Report;
}

function readOffer(
  module: ModuleDraft,
  { ref, key, options }: ServiceExport,
  { compile, report }: Surroundings,
): Offer | undefined {
  const { label, plugin } = module;
  if (!isServiceRef(ref)) {
    report(pluginErrors.SERVICE_REF_MISSING({ who: `${label} exports a service`, got: describe(ref) }));
    return undefined;
  }
  const service = `${ref.plugin}.${ref.service}`;
  if (plugin === undefined) {
    report(pluginErrors.SERVICE_HOMELESS({ module: label, service }));
    return undefined;
  }
  if (ref.plugin !== plugin.name) {
    report(pluginErrors.SERVICE_FOREIGN({ module: label, service, plugin: plugin.name, owner: ref.plugin, name: ref.service }));
    return undefined;
  }
  const provider = findProvided(module, key);
  if (provider === undefined) {
    const name = isInjectionKey(key) ? keyName(key) : describe(key);
    report(pluginErrors.SERVICE_UNPROVIDED({ module: label, service, key: name, way: wayToProvide(module, key) }));
    return undefined;
  }
  if (provider.scope === 'request')
    report(pluginErrors.SERVICE_PER_REQUEST({ module: label, service, key: keyName(provider.key) }));
  const contract = readOfferedContract(ref.contract, provider, { label, service, compile, report });
  const version = checkOptions(options, { label, service, otherwise: plugin.version, report });
  return { module, plugin: plugin.name, service: ref.service, version, contract, options, provider };
}

function findProvided(module: ModuleDraft, key: unknown): PlannedProvider | undefined {
  if (!isInjectionKey(key)) return undefined;
  const [imported] = module.imported.get(key) ?? [];
  return module.own.get(key) ?? imported;
}

function wayToProvide(module: PlannedModule, key: unknown): string {
  if (!isInjectionKey(key)) return 'Name the class or the token that it is provided under.';
  return `Add ${keyName(key)} to the providers of ${module.label}.`;
}

const KNOWN: readonly string[] = [
  'version',
  'description',
  'health',
  'required',
  'timeoutMs',
  'measured',
] satisfies (keyof ServiceOptions)[];

/** What is wrong with what a service says of itself. Out: its version. */
export function checkOptions(
  options: ServiceOptions<never>,
  { label, service, otherwise, report }: { label: string; service: string; otherwise: string; report: Report },
): string {
  const refuse = (option: string, got: unknown, expected: string): void =>
    report(pluginErrors.SERVICE_OPTION_INVALID({ module: label, service, option, got: describe(got), expected }));
  const { version = otherwise, description, health, timeoutMs } = options as ServiceOptions & { readonly health?: unknown };
  for (const [option, got] of Object.entries(options)) {
    if (!KNOWN.includes(option)) refuse(option, got, `one of ${listed(KNOWN)}`);
  }
  if (options.version !== undefined && !isVersion(version)) refuse('version', version, 'a semantic version, such as "1.0.0"');
  if (description !== undefined && typeof description !== 'string') refuse('description', description, 'a text');
  if (health !== undefined && typeof health !== 'function' && typeof health !== 'string')
    refuse('health', health, 'a function, or the name of a method');
  if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs > 0))
    refuse('timeoutMs', timeoutMs, 'a number of milliseconds above 0');
  return isVersion(version) ? version : otherwise;
}

function readOfferedContract(
  given: unknown,
  provider: PlannedProvider,
  { label, service, compile, report }: { label: string; service: string } & Surroundings,
): ReadContract {
  const contract = readContract(given);
  if (typeof contract === 'string') {
    report(pluginErrors.SERVICE_CONTRACT_INVALID({ service, reason: contract }));
    return new Map();
  }
  refuseStrange(contract, { service, compile, report });
  const missing = lacks(provider, contract);
  if (missing.length > 0) {
    report(
      pluginErrors.SERVICE_CONTRACT_BROKEN({ module: label, key: keyName(provider.key), service, missing: methodsOf(missing) }),
    );
  }
  return contract;
}

/** Reports the schemas of a contract that nobody understands. */
export function refuseStrange(contract: ReadContract, { service, compile, report }: { service: string } & Surroundings): void {
  const strange = compile === undefined ? [] : strangeSchemas(contract, compile);
  if (strange.length === 0) return;
  const reason = `${listed(strange)} ${strange.length === 1 ? 'is' : 'are'} no schema`;
  report(pluginErrors.SERVICE_CONTRACT_INVALID({ service, reason }));
}

/** What an offered provider surely lacks of what a contract asks for, before it is made. */
export function lacks({ recipe }: PlannedProvider, contract: ReadContract): string[] {
  if (recipe.kind === 'class') return surelyMissingMethods(contract, recipe.class);
  return recipe.kind === 'value' ? missingMethods(contract, recipe.value) : [];
}

/** `the methods verify and login` */
export function methodsOf(names: readonly string[]): string {
  return `the method${names.length === 1 ? '' : 's'} ${listed(names)}`;
}
