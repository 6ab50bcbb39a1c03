import { pluginErrors } from './errors';
import { type ModuleDraft, pathOf, type Report, withFile } from './module-tree';
import { referencesOf } from './plugin-plan';

/** Notes what each module depends on: what it imports, and those whose services it uses. */
export function readDependencies(modules: readonly ModuleDraft[]): void {
  for (const module of modules) {
    const theirs = module.order.flatMap((provider) =>
      referencesOf(provider).flatMap((it) => (it.kind === 'provider' ? [it.provider.module as ModuleDraft] : [])),
    );
    const promised = module.uses.flatMap(({ offer }) => (offer === undefined ? [] : [offer.module as ModuleDraft]));
    module.dependsOn = [...new Set([...module.imports, ...module.dependsOn, ...promised, ...theirs])].filter(
      (it) => it !== module,
    );
  }
}

/** Each module after those it depends on, else as they were. Those that need each other by way of services are reported. */
export function orderModules(modules: readonly ModuleDraft[], report: Report): ModuleDraft[] {
  const ordered: ModuleDraft[] = [];
  const done = new Set<ModuleDraft>();
  const path: ModuleDraft[] = [];
  const visit = (module: ModuleDraft): void => {
    if (done.has(module)) return;
    const at = path.indexOf(module);
    if (at !== -1) {
      reportCycle([...path.slice(at), module], report);
      return;
    }
    path.push(module);
    for (const needed of module.dependsOn) visit(needed);
    path.pop();
    done.add(module);
    ordered.push(module);
  };
  for (const module of modules) visit(module);
  return ordered;
}

/** Imports that form a circle were reported when they were followed. */
function reportCycle(cycle: readonly ModuleDraft[], report: Report): void {
  const isOfImports = cycle.slice(1).every((needed, at) => cycle[at]?.imports.includes(needed));
  if (!isOfImports) report(pluginErrors.PLUGIN_CYCLE({ path: pathOf(cycle.map(withFile)) }));
}
