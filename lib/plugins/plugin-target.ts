import { nearNames } from '../errors/near-names';
import { pluginErrors } from './errors';
import type { PlannedModule } from './plugin-plan';
import { newestFirst } from './version';
import { listed } from './whereabouts';

/** Which plugin is meant, of those that run. */
export interface PluginTarget {
  readonly name: string;
  /** Needed where several versions of it run. */
  readonly version?: string | undefined;
}

/** The plugin that is meant. Fails with: PLUGIN_NOT_RUNNING, PLUGIN_VERSION_NEEDED. */
export function meantPlugin(modules: readonly PlannedModule[], { name, version }: PluginTarget): PlannedModule {
  const named = modules.filter(({ plugin }) => plugin?.name === name);
  const meant = version === undefined ? named : named.filter(({ plugin }) => plugin?.version === version);
  const [only, ...others] = meant;
  const versions = listed(named.map(({ plugin }) => plugin?.version ?? '').sort(newestFirst));
  if (only === undefined) throw notRunning(modules, { name, version }, versions);
  if (others.length > 0) throw pluginErrors.PLUGIN_VERSION_NEEDED({ plugin: name, versions });
  return only;
}

function notRunning(modules: readonly PlannedModule[], { name, version }: PluginTarget, versions: string): Error {
  if (versions !== '') {
    return pluginErrors.PLUGIN_NOT_RUNNING({ plugin: `${name} ${version}`, way: `There is ${versions}.` });
  }
  const near = nearNames(name, new Set(modules.flatMap(({ plugin }) => (plugin === undefined ? [] : [plugin.name]))));
  const way = near.length === 0 ? 'app.plugins.list() tells which do.' : `Did you mean ${listed(near.slice(0, 3), 'or')}?`;
  return pluginErrors.PLUGIN_NOT_RUNNING({ plugin: name, way });
}
