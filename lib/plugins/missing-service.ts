import type { FrameworkError } from '../errors/framework-error';
import { nearNames } from '../errors/near-names';
import { pluginErrors } from './errors';
import { listed } from './whereabouts';

/** Why a service is not there: in a few words for a log, and as the mistake it is where somebody cannot do without. */
export interface MissingService {
  readonly reason: string;
  explain(asks: string): FrameworkError;
}

/** In: the names of the plugins that are there; what to do when none of them is meant. */
export function notLoaded(plugin: string, names: Iterable<string>, otherwise: string): MissingService {
  const way = meant(plugin, names) || ` ${otherwise}`;
  return {
    reason: `no plugin ${plugin} is loaded`,
    explain: (asks) => pluginErrors.PLUGIN_NOT_LOADED({ asks, plugin, way }),
  };
}

/** In: the versions that are there, the newest first. */
export function notWithin(name: string, range: string, versions: readonly string[]): MissingService {
  const offered = listed(versions);
  return {
    reason: `${offered} ${versions.length === 1 ? 'is' : 'are'} there, not ${range}`,
    explain: (asks) => pluginErrors.SERVICE_VERSION_UNSATISFIED({ asks, service: name, offered }),
  };
}

/** In: the names of the services that are exported; what to do when none of them is meant. */
export function notExported(plugin: string, service: string, names: Iterable<string>, otherwise: string): MissingService {
  const known = [...new Set(names)];
  const exported = known.length === 0 ? 'no service' : `only ${listed(known.map(quoted))}`;
  const way = meant(service, known) || ` ${otherwise}`;
  return {
    reason: `${plugin} exports ${exported}`,
    explain: (asks) => pluginErrors.SERVICE_UNKNOWN({ asks, plugin, exported, way }),
  };
}

export function notReady(plugin: string, service: string): MissingService {
  const name = `${plugin}.${service}`;
  return {
    reason: `${plugin} is not initialised yet`,
    explain: (asks) => pluginErrors.SERVICE_NOT_READY({ asks, plugin, service: name }),
  };
}

const MOST_NEAR = 3;

/** The names that somebody probably meant, as a question; empty when nothing is near. */
function meant(wanted: string, names: Iterable<string>): string {
  const near = nearNames(wanted, new Set(names)).slice(0, MOST_NEAR);
  return near.length === 0 ? '' : ` Did you mean ${listed(near.map(quoted), 'or')}?`;
}

function quoted(name: string): string {
  return `"${name}"`;
}
