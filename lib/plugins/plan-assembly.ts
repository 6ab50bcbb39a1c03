import type { FrameworkError } from '../errors/framework-error';
import { describe } from './describe';
import { pluginErrors } from './errors';
import { isSame } from './module-content';
import { entryOf, pluginOf } from './module-entry';
import type { TreeChanges } from './module-tree';
import type { ModuleImport } from './plugin';
import { type PlanOptions, planPlugins } from './plugin-graph';
import type { PlannedModule, PlannedProvider, PluginPlan, Reference } from './plugin-plan';
import { meantPlugin, type PluginTarget } from './plugin-target';

/** What is to change about the plugins of an application that runs. */
export type PluginChange =
  | { readonly kind: 'add'; readonly plugin: ModuleImport }
  | { readonly kind: 'replace'; readonly target: PluginTarget; readonly plugin: ModuleImport }
  | { readonly kind: 'remove'; readonly target: PluginTarget };

/** The plan an application runs by, and how it came to differ from what its root module says. */
export interface PlannedState {
  readonly root: ModuleImport;
  readonly plan: PluginPlan;
  readonly changes: TreeChanges;
  /** Whom modules asked while they run, beside what the plan says: by module, those whose services they have. */
  readonly asked: ReadonlyMap<PlannedModule, readonly PlannedModule[]>;
}

/** What becomes of an application by a change. */
export interface PlannedChange {
  readonly plan: PluginPlan;
  readonly changes: TreeChanges;
  /** What goes on as it is, by its module in the new plan: its module in the old one. */
  readonly carried: ReadonlyMap<PlannedModule, PlannedModule>;
}

export type ChangeResult =
  | { readonly planned: PlannedChange; readonly mistakes?: undefined }
  | { readonly planned?: undefined; readonly mistakes: readonly FrameworkError[] };

/**
 * Decides what a change makes of an application: which plugins are made anew (what is changed, and those that are really given
 * something of what is made anew) and which are carried over. Nothing is made, and nothing changed.
 *
 * In: what runs; the change; what its plan was made with. Out: the new plan, or everything that stands in its way.
 * Fails with: PLUGIN_NOT_RUNNING, PLUGIN_VERSION_NEEDED, PLUGIN_RUNS_ALREADY, PLUGIN_IS_ROOT, PLUGIN_RENAMED.
 */
export function planAssembly(previous: PlannedState, change: PluginChange, options: PlanOptions): ChangeResult {
  const changes = changesWith(previous, change);
  const { plan, mistakes } = planPlugins(previous.root, { ...options, changes });
  if (plan === undefined) return { mistakes };
  const fresh = change.kind === 'remove' ? undefined : entryOf(change.plugin);
  const comparison = new Comparison(previous, fresh);
  for (const module of plan.modules) comparison.compare(module);
  return { planned: { plan, changes, carried: comparison.carried } };
}

function changesWith({ plan, changes }: PlannedState, change: PluginChange): TreeChanges {
  if (change.kind === 'add') return withAdded(plan, changes, change.plugin);
  const { added, replaced } = changes;
  const target = meantPlugin(plan.modules, change.target);
  if (change.kind === 'replace') {
    refuseOtherName(target, change.plugin);
    if (entryOf(change.plugin) !== target.entry) refuseRunning(plan, change.plugin);
  } else if (target === plan.root) throw pluginErrors.PLUGIN_IS_ROOT({ plugin: target.title });
  const redirected = replaced.with(target.entry, change.kind === 'replace' ? change.plugin : undefined);
  return { added: added.flatMap((it) => redirected.meantBy(it) ?? []), replaced: redirected };
}

function withAdded(plan: PluginPlan, { added, replaced }: TreeChanges, plugin: ModuleImport): TreeChanges {
  const entry = entryOfPlugin(plugin);
  refuseRunning(plan, plugin);
  // What took its place stays, beside it.
  const successor = replaced.get(entry);
  return { added: [...added, ...(successor === undefined ? [] : [successor]), plugin], replaced: replaced.without(entry) };
}

function refuseRunning({ modules }: PluginPlan, plugin: ModuleImport): void {
  const entry = entryOf(plugin);
  const known = modules.find((it) => it.entry === entry);
  if (known !== undefined) throw pluginErrors.PLUGIN_RUNS_ALREADY({ plugin: known.title });
}

function entryOfPlugin(plugin: ModuleImport): object {
  if (pluginOf(plugin) === undefined) throw pluginErrors.PLUGIN_INVALID({ got: describe(plugin) });
  return entryOf(plugin);
}

function refuseOtherName({ plugin: before, title }: PlannedModule, plugin: ModuleImport): void {
  entryOfPlugin(plugin);
  const name = pluginOf(plugin)?.name ?? '';
  if (name !== before?.name) throw pluginErrors.PLUGIN_RENAMED({ plugin: title, name });
}

/** Finds what is the same in two plans. */
class Comparison {
  readonly carried = new Map<PlannedModule, PlannedModule>();
  readonly #previous: PlannedState;
  readonly #fresh: object | undefined;
  readonly #old: ReadonlyMap<object, PlannedModule>;
  /** What is being compared: as it was, and as it will be. */
  #at: readonly [PlannedModule, PlannedModule] | undefined;

  constructor(previous: PlannedState, fresh: object | undefined) {
    this.#previous = previous;
    this.#fresh = fresh;
    this.#old = new Map(previous.plan.modules.map((it) => [it.entry, it]));
  }

  /** To be called for each module behind those it depends on. */
  compare(module: PlannedModule): void {
    const before = this.#old.get(module.entry);
    if (before === undefined || module.entry === this.#fresh) return;
    this.#at = [before, module];
    if (this.#isSame(before, module)) this.carried.set(module, before);
  }

  #isSame(before: PlannedModule, now: PlannedModule): boolean {
    if (before.order.length !== now.order.length || before.config !== now.config) return false;
    const asked = this.#previous.asked.get(before) ?? [];
    const stays = new Set(this.carried.values());
    return asked.every((it) => stays.has(it)) && now.order.every((provider) => this.#isMadeTheSame(before, provider));
  }

  #isMadeTheSame(before: PlannedModule, now: PlannedProvider): boolean {
    const was = madeFor(before, now);
    if (was === undefined || was.scope !== now.scope || !isSame(was.recipe, now.recipe)) return false;
    return (
      this.#areSame(was.dependencies, now.dependencies) &&
      this.#areSame(was.companions, now.companions) &&
      was.methods.size === now.methods.size &&
      [...now.methods].every(([member, at]) => this.#areSame([...(was.methods.get(member)?.values() ?? [])], [...at.values()]))
    );
  }

  #areSame(was: readonly Reference[], now: readonly Reference[]): boolean {
    return was.length === now.length && now.every((reference, at) => this.#isSameReference(was[at], reference));
  }

  #isSameReference(was: Reference, now: Reference): boolean {
    if (was.kind !== now.kind || was.key !== now.key) return false;
    if (was.kind === 'value' && now.kind === 'value') return was.value === now.value;
    if (was.kind !== 'provider' || now.kind !== 'provider') return true;
    return was.provider.key === now.provider.key && this.#isSameModule(was.provider.module, now.provider.module);
  }

  #isSameModule(was: PlannedModule, now: PlannedModule): boolean {
    const isItself = this.#at?.[0] === was && this.#at[1] === now;
    return isItself || this.carried.get(now) === was;
  }
}

function madeFor(module: PlannedModule, { role, key }: PlannedProvider): PlannedProvider | undefined {
  if (role === 'provider') return module.own.get(key);
  if (role === 'controller') return module.controllers.get(key as never);
  return module.order.find((it) => it.role === 'module');
}
