import { describe } from '../plugins/describe';
import { pluginOf } from '../plugins/module-entry';
import type { ModuleImport } from '../plugins/plugin';
import type { PluginDescriptor, ServiceRegistry } from '../plugins/service-registry';
import { applicationErrors } from './errors';
import type { ChangeReport, WantedChange } from './plugin-changes';

/** How a plugin is added to a running application, or takes the place of another. */
export interface AddPluginOptions {
  /** What it is configured with. Default: what the option `config` of `createApp` says. */
  readonly config?: object;
  /** How long what the old ones have begun may go on before it is cut, in milliseconds. Default 30,000. */
  readonly drainMs?: number;
}

/** Which plugin is removed. */
export interface RemovePluginOptions {
  /** Needed where several versions of it run. */
  readonly version?: string;
  /** As in `AddPluginOptions`. */
  readonly drainMs?: number;
}

/** Which plugin is replaced, and by which. */
export interface ReplacePluginOptions extends AddPluginOptions, RemovePluginOptions {}

/** Who carries changes out, once the application has started. */
interface Changer {
  make(wanted: WantedChange): Promise<ChangeReport>;
}

const DEFAULT_DRAIN_MS = 30_000;

/**
 * The plugins of a running application: `app.plugins`, or injected. They are exchanged while requests run, and none fails.
 *
 * A change is assembly again: the plugin, and those that are really given something of it, are made anew (and lose what they hold
 * in memory) while the old ones still answer; then the routes are exchanged at once. A request keeps the instances it began with;
 * the old ones stop when it has ended, importers first. When something fails before that, everything is as it was.
 */
export class Plugins {
  readonly #registry: ServiceRegistry;
  readonly #changer: () => Changer | undefined;

  /** @internal */
  constructor(registry: ServiceRegistry, changer: () => Changer | undefined) {
    this.#registry = registry;
    this.#changer = changer;
  }

  /** What runs, in the order it was started. */
  list(): PluginDescriptor[] {
    return this.#registry.plugins();
  }

  /**
   * Adds a plugin, beside the root module. Whoever imports a service of it optionally gets it, and is made anew for that.
   *
   * In: a class with `@Plugin`, or a dynamic module of one. Out: what was made anew, once it answers.
   * Fails with: OPTION_INVALID, PLUGIN_INVALID, PLUGIN_RUNS_ALREADY, PLUGIN_CHANGE_REFUSED (every mistake is told), PLUGIN_CHANGE_FAILED,
   * APP_STARTING, APP_CLOSED.
   */
  add(plugin: ModuleImport, { config, drainMs = DEFAULT_DRAIN_MS }: AddPluginOptions = {}): Promise<ChangeReport> {
    const title = titleOf(plugin);
    return this.#make({ change: { kind: 'add', plugin }, what: `Adding ${title}`, config: configOf(title, config), drainMs });
  }

  /**
   * Lets another plugin of the same name, of whatever version, take a plugin's place; the same class starts it anew.
   *
   * In: its name; a class with `@Plugin`; `version` where several run. Out: what was made anew, once it answers.
   * Fails with: OPTION_INVALID, PLUGIN_NOT_RUNNING, PLUGIN_VERSION_NEEDED, PLUGIN_INVALID, PLUGIN_RENAMED, PLUGIN_RUNS_ALREADY,
   * PLUGIN_CHANGE_REFUSED, PLUGIN_CHANGE_FAILED (the old one goes on), APP_STARTING, APP_CLOSED.
   */
  replace(name: string, plugin: ModuleImport, options: ReplacePluginOptions = {}): Promise<ChangeReport> {
    const { version, config, drainMs = DEFAULT_DRAIN_MS } = options;
    const title = titleOf(plugin);
    const what = `Replacing ${name}${version === undefined ? '' : `@${version}`} by ${title}`;
    return this.#make({
      change: { kind: 'replace', target: { name, version }, plugin },
      what,
      config: configOf(title, config),
      drainMs,
    });
  }

  /**
   * Removes a plugin. Whoever imports it optionally goes on with its fallback; who needs it keeps it from going.
   *
   * In: its name; `version` where several run. Out: what was made anew.
   * Fails with: OPTION_INVALID, PLUGIN_NOT_RUNNING, PLUGIN_VERSION_NEEDED, PLUGIN_IS_ROOT, PLUGIN_CHANGE_REFUSED (a list of who needs it),
   * PLUGIN_CHANGE_FAILED, APP_STARTING, APP_CLOSED.
   */
  remove(name: string, { version, drainMs = DEFAULT_DRAIN_MS }: RemovePluginOptions = {}): Promise<ChangeReport> {
    const what = `Removing ${name}${version === undefined ? '' : `@${version}`}`;
    return this.#make({ change: { kind: 'remove', target: { name, version } }, what, drainMs });
  }

  async #make(wanted: WantedChange): Promise<ChangeReport> {
    const { drainMs } = wanted;
    if (!isDuration(drainMs))
      throw applicationErrors.OPTION_INVALID({ name: 'drainMs', expected: 'milliseconds, 0 or more', got: describe(drainMs) });
    const changer = this.#changer();
    if (changer === undefined) throw applicationErrors.APP_STARTING({ what: wanted.what });
    return changer.make(wanted);
  }
}

/** What is none would be taken for 0, and cut what is under way. */
function isDuration(value: unknown): boolean {
  return typeof value === 'number' && value >= 0;
}

function titleOf(plugin: ModuleImport): string {
  const definition = pluginOf(plugin);
  return definition === undefined ? 'what is no plugin' : `${definition.name}@${definition.version}`;
}

function configOf(title: string, value: object | undefined): WantedChange['config'] {
  return value === undefined ? undefined : { title, value };
}
