import { type Class, type ConcreteClass, defineSlot } from '../metadata/slot';
import { type DeclaredAt, noteCaller } from './declared-at';
import type { Provider, Scope } from './provider';
import type { ServiceExport } from './service-export';
import type { ServiceRef } from './service-ref';
import type { InjectionKey } from './service-token';

/** A module with settings of its own, as a static method such as `forRoot` returns it. Each object is a module of its own. */
export interface DynamicModule extends ModuleOptions {
  /** The class with `@Module` or `@Plugin`; the lists here are added to those of its decorator. */
  readonly module: ConcreteClass;
}

/** A module to import; an arrow function where two files import each other. */
export type ModuleImport = ConcreteClass | DynamicModule | (() => ConcreteClass | DynamicModule);

/**
 * What the importers of a module see: keys it provides or imports, or modules it imports, as a whole. A plugin also offers
 * services to all others: `exportService(AUTH, Auth)`.
 */
export type ModuleExport = InjectionKey | ModuleImport | ServiceExport;

/** What a plugin asks for while it runs (`context.importService`): it is there, and initialised before. */
export type PluginDependency =
  /** A service that its plugin names in `exports`. */
  | ServiceRef
  /** The name of a plugin, the way for services that it exports while it is initialised; or of a service: `auth-plugin.auth`. */
  | string
  | { readonly service: ServiceRef; readonly version?: string; readonly optional?: boolean }
  | { readonly plugin: string; readonly version?: string; readonly optional?: boolean };

/** What a module is made of: the modules it imports, what it provides and controls, and what its importers see of that. */
export interface ModuleOptions {
  readonly imports?: readonly ModuleImport[];
  readonly controllers?: readonly ConcreteClass[];
  readonly providers?: readonly Provider[];
  readonly exports?: readonly ModuleExport[];
}

/** What a plugin calls itself. */
export interface PluginIdentity {
  /** Without spaces, e.g. `user-plugin`. */
  readonly name: string;
  /** A semantic version, e.g. `1.0.0`. */
  readonly version: string;
  readonly description?: string;
  readonly author?: string;
}

/** What a plugin is made of, and what it calls itself. */
export interface PluginOptions extends ModuleOptions, PluginIdentity {
  /**
   * A class with class-validator decorators: what the application configures the plugin with (`createApp(App, { config: {
   * 'user-plugin': { … } } })`) must fit it when it starts; initialisers are the defaults. The plugin injects it by its class.
   */
  readonly config?: ConcreteClass;
  /** What it imports while it runs. What `@ImportService` names need not be listed. */
  readonly dependencies?: readonly PluginDependency[];
}

/** What a decorator said of a module. */
export interface ModuleDefinition {
  readonly options: ModuleOptions;
  /** Undefined for what is only a module. */
  readonly plugin: PluginOptions | undefined;
  readonly at: DeclaredAt;
}

/** How long what is injectable lasts. */
export interface InjectableOptions {
  /** Default: `singleton`, one instance for each module that provides the class. */
  readonly scope?: Scope;
}

const definitions = defineSlot<ModuleDefinition>('module');
const injectables = defineSlot<InjectableOptions>('injectable');

/**
 * Makes a class a module: a set of providers and controllers that see each other and what the module imports.
 *
 * In: `imports` (modules), `providers`, `controllers`, `exports` (what importers see; all else is private).
 * Fails with: nothing here; what is wrong is found with everything else when the application is assembled.
 */
export function Module(options: ModuleOptions = {}): (target: ConcreteClass) => void {
  const at = noteCaller(Module);
  return (target) => definitions.set(target, { options, plugin: undefined, at });
}

/**
 * Makes a class a plugin: a module with a name and a version.
 *
 * In: what `@Module` takes, and `name`, `version`, `description`, `author`, `config`, `dependencies`. Two versions of a plugin
 * can run side by side. Its class may have the hooks `initialize`, `start`, `stop` and `shutdown`.
 * Fails with: nothing here; PLUGIN_NAME_INVALID, PLUGIN_VERSION_INVALID and the like when the application is assembled.
 * Ends: with the application, or when `app.plugins` replaces or removes it.
 */
export function Plugin(options: PluginOptions): (target: ConcreteClass) => void {
  const at = noteCaller(Plugin);
  return (target) => definitions.set(target, { options, plugin: options, at });
}

/**
 * Makes a class injectable: the types of its constructor's parameters say what it needs.
 *
 * In: `scope`: `singleton` (default) or `request` (a new instance for each request that needs one).
 */
export function Injectable(options: InjectableOptions = {}): (target: Class) => void {
  return (target) => injectables.set(target, { scope: options.scope ?? 'singleton' });
}

/** For decorators that make a class injectable besides what else they do (`@Controller`, `@Catch`): a scope already given stays. */
export function markInjectable(target: Class): void {
  if (injectables.getOwn(target) === undefined) injectables.set(target, {});
}

/** What `@Module` or `@Plugin` on this very class said. */
export function readModuleDefinition(target: object): ModuleDefinition | undefined {
  return definitions.getOwn(target);
}

/** The scope a class was given, by itself or the class it extends. */
export function readScope(target: object): Scope {
  return injectables.get(target)?.scope ?? 'singleton';
}

/** Whether this very class carries a decorator of the framework. */
export function isMarkedInjectable(target: object): boolean {
  return injectables.getOwn(target) !== undefined || definitions.getOwn(target) !== undefined;
}
