import type { RouteDescription } from '../controllers/describe-routes';
import type { ModuleImport } from '../plugins/plugin';
import { type PlannedModule, referencesOf } from '../plugins/plugin-plan';
import { keyName } from '../plugins/service-token';
import { type KnownApplication, planApplication } from './assemble';
import type { ApplicationOptions } from './configuration';
import { importedServices, offeredServices, type ReportedImport, type ReportedService } from './reported-services';

/** Something wrong with how an application is put together. */
export interface ReportedMistake {
  readonly code: string;
  readonly message: string;
}

/** A module or plugin, and what it shares. All are names, as messages call them. */
export interface ReportedModule {
  readonly name: string;
  /** What a plugin calls itself; `undefined` for what is only a module. */
  readonly plugin: { readonly name: string; readonly version: string; readonly description?: string } | undefined;
  readonly imports: readonly string[];
  readonly controllers: readonly string[];
  readonly providers: readonly string[];
  /** What its importers see. */
  readonly exports: readonly string[];
  /** What it really asks the modules it imports for. */
  readonly uses: readonly { readonly module: string; readonly key: string }[];
  /** The services it offers to all plugins. */
  readonly services: readonly ReportedService[];
  /** The services of others that it imports. */
  readonly importedServices: readonly ReportedImport[];
  /** What is initialised and started before it: its imports, and what it needs otherwise. */
  readonly dependsOn: readonly string[];
}

/** A route, and the module its controller belongs to. */
export interface ReportedRoute extends RouteDescription {
  readonly module: string;
  /** `name@version`, where that module is a plugin. */
  readonly plugin: string | undefined;
}

/** Everything that is known of an application before it is made. Plain data: JSON keeps all of it. */
export interface ApplicationReport {
  /** The name of the root module; `undefined` when what was given is none. */
  readonly root: string | undefined;
  /** Each after those it imports; incomplete when there are mistakes. */
  readonly modules: readonly ReportedModule[];
  /** Those of controllers, module by module; not those that the application adds itself (`/health`, `/metrics`). */
  readonly routes: readonly ReportedRoute[];
  readonly mistakes: readonly ReportedMistake[];
}

/**
 * Looks at an application without making it: its modules, who uses what of whom, its routes, and every mistake that
 * `createApp` would refuse it for. No constructor runs and nothing is opened.
 *
 * In: what `createApp` takes. Out: a report, mistakes included; they are not thrown.
 */
export async function inspectApplication(module: ModuleImport, options: ApplicationOptions = {}): Promise<ApplicationReport> {
  return toReport(await planApplication(module, options));
}

function toReport({ plan, routes, mistakes }: KnownApplication): ApplicationReport {
  return {
    root: plan?.root.label,
    modules: (plan?.modules ?? []).map(describeModule),
    routes: routes.map(({ module, ...route }) => ({
      ...route,
      module: module.label,
      plugin: module.plugin === undefined ? undefined : module.title,
    })),
    mistakes: mistakes.map(({ code, message }) => ({ code, message })),
  };
}

function describeModule(module: PlannedModule): ReportedModule {
  const { label, plugin, imports, own, controllers, exports, dependsOn } = module;
  return {
    name: label,
    plugin: plugin === undefined ? undefined : identityOf(plugin),
    imports: imports.map((it) => it.label),
    controllers: [...controllers.keys()].map((it) => it.name),
    providers: [...own.keys()].map(keyName),
    exports: [...exports.keys()].map(keyName),
    uses: usesOf(module),
    services: offeredServices(module),
    importedServices: importedServices(module),
    dependsOn: dependsOn.map((it) => it.label),
  };
}

function identityOf({ name, version, description }: NonNullable<PlannedModule['plugin']>): ReportedModule['plugin'] {
  return { name, version, ...(description === undefined ? {} : { description }) };
}

function usesOf(module: PlannedModule): { module: string; key: string }[] {
  const found = new Map<string, { module: string; key: string }>();
  for (const provider of module.order) {
    for (const reference of referencesOf(provider)) {
      if (reference.kind !== 'provider' || reference.provider.module === module) continue;
      if (module.services.has(reference.key)) continue;
      const use = { module: reference.provider.module.label, key: keyName(reference.key) };
      found.set(`${use.module} ${use.key}`, use);
    }
  }
  return [...found.values()];
}
