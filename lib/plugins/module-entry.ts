import type { ConcreteClass } from '../metadata/slot';
import { type ModuleImport, type PluginOptions, readModuleDefinition } from './plugin';
import { isClass } from './service-token';

/** Whether an entry names a module: its class, a dynamic module, or an arrow function to one. */
export function namesModule(entry: unknown): boolean {
  const source = sourceOf(evaluate(entry));
  return source !== undefined && readModuleDefinition(source) !== undefined;
}

/** What a module is known by: its class, or the object of a dynamic module. */
export function entryOf(module: ModuleImport): object {
  return evaluate(module) as object;
}

/** What an entry calls itself, if it names a plugin. */
export function pluginOf(entry: unknown): PluginOptions | undefined {
  const source = sourceOf(evaluate(entry));
  return source === undefined ? undefined : readModuleDefinition(source)?.plugin;
}

const evaluated = new WeakMap<object, unknown>();

/** An arrow function stands for what it returns; it is asked until it returns something, and then never again. */
export function evaluate(entry: unknown): unknown {
  if (typeof entry !== 'function' || isClass(entry)) return entry;
  const named = evaluated.get(entry) ?? (entry as () => unknown)();
  evaluated.set(entry, named);
  return named;
}

/** The class of a module that is named. */
export function sourceOf(named: unknown): ConcreteClass | undefined {
  const source: unknown = typeof named === 'object' && named !== null && 'module' in named ? named.module : named;
  return isClass(source) ? (source as ConcreteClass) : undefined;
}
