import type { FrameworkError } from '../errors/framework-error';
import { slips } from '../errors/near-names';
import { pluginErrors } from './errors';
import { readModuleDefinition } from './plugin';
import type { PlannedModule, PlannedProvider } from './plugin-plan';
import { type InjectionKey, isClass, keyName } from './service-token';

/** All there is to look through when something is not found. */
export interface Whereabouts {
  readonly modules: readonly PlannedModule[];
  readonly ambient: Iterable<InjectionKey>;
  /** What cannot be injected although it looks so, and the sentence to say then. */
  readonly advice?: ReadonlyMap<InjectionKey, string>;
}

const MOST_NEAR = 3;

/** The error for a key that `module` does not see: who has it, who almost has it, and what to do. */
export function explainMissing(all: Whereabouts, module: PlannedModule, key: InjectionKey, asks: string): FrameworkError {
  const name = keyName(key);
  const advice = all.advice?.get(key);
  if (advice !== undefined) return pluginErrors.DEPENDENCY_UNKNOWN({ asks, way: advice });
  const exporter = all.modules.find((it) => it !== module && it.exports.has(key));
  if (exporter !== undefined) {
    const way = wayToImport(module, exporter);
    return pluginErrors.PLUGIN_NOT_IMPORTED({ asks, owner: exporter.label, module: module.label, way });
  }
  const owner = all.modules.find((it) => it !== module && it.own.has(key));
  if (owner !== undefined) {
    const more = module.imports.includes(owner) ? '' : ` ${wayToImport(module, owner)}`;
    return pluginErrors.PLUGIN_NOT_EXPORTED({
      asks,
      owner: owner.label,
      way: `Add ${name} to the exports of ${owner.label}.${more}`,
    });
  }
  return pluginErrors.DEPENDENCY_UNKNOWN({
    asks,
    way: [nearMiss(all, key), wayToProvide(module, key)].filter((it) => it !== '').join(' '),
  });
}

/** The error for a key that several imports of a module have something for. */
export function explainRivals(
  module: PlannedModule,
  rivals: readonly PlannedProvider[],
  key: InjectionKey,
  asks: string,
): FrameworkError {
  const owners = listed(rivals.map((it) => it.module.label));
  const way = `Import only one of them into ${module.label}, or let one provide ${keyName(key)} under a token of its own.`;
  return pluginErrors.DEPENDENCY_AMBIGUOUS({ asks, owners, way });
}

/** `Did you mean …?` with the nearest names, or that another thing of this very name exists; empty when nothing is near. */
export function nearMiss(all: Whereabouts, key: InjectionKey): string {
  const wanted = plainName(key);
  const near = [...candidates(all)]
    .flatMap(([candidate, where]) => {
      const steps = candidate === key ? undefined : slips(wanted, plainName(candidate));
      return steps === undefined ? [] : [{ candidate, where, steps }];
    })
    .sort((a, b) => a.steps - b.steps);
  const twin = near.find(({ candidate }) => plainName(candidate) === wanted);
  if (twin !== undefined) {
    return `${keyName(twin.candidate)}${twin.where} is another one of that name: keys are compared by reference, so declare it once and import it.`;
  }
  const names = near.slice(0, MOST_NEAR).map(({ candidate, where }) => `${keyName(candidate)}${where}`);
  return names.length === 0 ? '' : `Did you mean ${listed(names, 'or')}?`;
}

/** `A, B and C`. */
export function listed(names: readonly string[], conjunction = 'and'): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} ${conjunction} ${names[names.length - 1]}`;
}

/** Each key once, with the first place it is found in. */
function candidates(all: Whereabouts): Map<InjectionKey, string> {
  const found = new Map<InjectionKey, string>();
  for (const key of all.ambient) found.set(key, '');
  for (const module of all.modules) {
    for (const key of module.own.keys()) if (!found.has(key)) found.set(key, ` (of ${module.label})`);
  }
  return found;
}

function plainName(key: InjectionKey): string {
  if (typeof key === 'string') return key;
  return typeof key === 'symbol' ? (key.description ?? '') : key.name;
}

function wayToImport(module: PlannedModule, owner: PlannedModule): string {
  if (!importsFrom(owner, module)) return `Add ${owner.label} to the imports of ${module.label}.`;
  return `${owner.label} itself imports ${module.label}, so importing it back would close a cycle: move what both need into a module of its own.`;
}

function wayToProvide(module: PlannedModule, key: InjectionKey): string {
  const name = keyName(key);
  if (isClass(key) && readModuleDefinition(key) !== undefined)
    return `${name} is a module, not a provider: import it and ask for what it exports.`;
  return `Add ${name} to the providers of ${module.label}, or import a module that exports it.`;
}

function importsFrom(module: PlannedModule, wanted: PlannedModule, seen = new Set<PlannedModule>()): boolean {
  if (module === wanted) return true;
  if (seen.has(module)) return false;
  seen.add(module);
  return module.imports.some((it) => importsFrom(it, wanted, seen));
}
