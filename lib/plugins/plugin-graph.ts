import type { FrameworkError } from '../errors/framework-error';
import type { ConcreteClass } from '../metadata/slot';
import { checkClass } from './class-checks';
import { describe } from './describe';
import { pluginErrors } from './errors';
import { ImportFinder } from './import-finder';
import {
  addConfig,
  addImplicit,
  draftModuleClass,
  type ProviderDraft,
  readExportsOfAll,
  readProviders,
  type Replacements,
} from './module-content';
import { orderModules, readDependencies } from './module-order';
import { type ModuleDraft, ModuleTree, type Report, type TreeChanges } from './module-tree';
import { packageCopies } from './package-copies';
import type { ModuleImport } from './plugin';
import type { PluginConfigs } from './plugin-config';
import type { PluginPlan } from './plugin-plan';
import { type ParsedProvider, parseProvider, type Provider } from './provider';
import { orderProviders } from './provider-order';
import { ReferenceFinder } from './references';
import type { CheckCompiler } from './service-contract';
import { ServiceIndex } from './service-index';
import { readOffers } from './service-offers';
import { type InjectionKey, isInjectionKey, keyName } from './service-token';
import { listed, nearMiss, type Whereabouts } from './whereabouts';

export interface PlanOptions {
  /** The keys that the application gives to every module, e.g. `Logger`. */
  readonly ambient?: Iterable<InjectionKey>;
  /** What to use instead of what modules provide under a key, for tests. */
  readonly overrides?: ReadonlyMap<InjectionKey, Provider>;
  /** The guards, pipes, interceptors and filters a controller names: its module provides them privately, unless it sees them already. */
  readonly extraClassesOf?: (controller: ConcreteClass) => Iterable<ConcreteClass>;
  /** Classes of that kind that the application itself names: the root module's. */
  readonly rootClasses?: Iterable<ConcreteClass>;
  /** Keys that cannot be injected although they look so, with the sentence that says what to do instead. */
  readonly advice?: ReadonlyMap<InjectionKey, string>;
  /** What plugins are configured with. Default: nothing is, and none is asked what it takes. */
  readonly configs?: PluginConfigs;
  /** Understands the schemas of contracts. Default: none is looked at. */
  readonly compileCheck?: CheckCompiler;
  /** What changed since the application was first planned. */
  readonly changes?: TreeChanges;
}

/** A plan, or everything that stands in its way. */
export type PlanResult =
  | { readonly plan: PluginPlan; readonly mistakes?: undefined }
  | {
      readonly plan?: undefined;
      readonly mistakes: readonly FrameworkError[];
      /** What is known of the modules all the same, to look for mistakes of other kinds in; not to be built. */
      readonly incomplete: PluginPlan | undefined;
    };

/**
 * Decides what is built of the modules that `root` reaches: who makes what, in which order, and from what.
 *
 * A module sees what it provides and what its direct imports export. Nothing is constructed here and nothing changed.
 * Out: the plan, or all mistakes at once (to be thrown together with those of other rooms, as a `WiringError`).
 */
export function planPlugins(root: ModuleImport, options: PlanOptions = {}): PlanResult {
  const mistakes: FrameworkError[] = [];
  const report: Report = (mistake) => void mistakes.push(mistake);
  refuseCopies(report);
  const tree = new ModuleTree(root, report, options.changes);
  if (tree.root === undefined) return { mistakes, incomplete: undefined };
  const plan = new Planner(tree, tree.root, options, report).plan();
  return mistakes.length === 0 ? { plan } : { mistakes, incomplete: plan };
}

function refuseCopies(report: Report): void {
  const folders = packageCopies();
  if (folders.length > 1) report(pluginErrors.PACKAGE_DUPLICATED({ count: folders.length, folders: listed(folders) }));
}

/** The steps of planning, in their order. */
class Planner {
  readonly #tree: ModuleTree;
  readonly #root: ModuleDraft;
  readonly #options: PlanOptions;
  readonly #report: Report;
  readonly #ambient: ReadonlySet<InjectionKey>;
  readonly #replacements: Replacements;
  readonly #extras = new Map<ConcreteClass, readonly ConcreteClass[]>();
  /** Who asks: all of them, so that nothing is looked at twice. */
  readonly #drafts: ProviderDraft[] = [];

  constructor(tree: ModuleTree, root: ModuleDraft, options: PlanOptions, report: Report) {
    this.#tree = tree;
    this.#root = root;
    this.#options = options;
    this.#report = report;
    this.#ambient = new Set(options.ambient);
    this.#replacements = { by: parseOverrides(options.overrides ?? new Map(), report), used: new Set() };
  }

  plan(): PluginPlan {
    const { modules } = this.#tree;
    for (const module of modules) readProviders(module, this.#replacements, this.#report);
    this.#configure();
    readExportsOfAll(this.#tree, this.#report);
    for (const module of modules) readOffers(module, this.#options.compileCheck, this.#report);
    for (const module of modules) this.#addExtras(module);
    for (const module of modules) this.#gather(module);
    for (const draft of this.#drafts) checkClass(draft, this.#report);
    const ambientOverrides = this.#replaceAmbient();
    this.#refer();
    orderProviders(this.#drafts, this.#report);
    readDependencies(modules);
    return { root: this.#root, modules: orderModules(modules, this.#report), ambient: this.#ambient, ambientOverrides };
  }

  #configure(): void {
    const { configs, changes } = this.#options;
    if (configs === undefined) return;
    for (const module of this.#tree.modules) {
      const { value, mistakes } = configs.read(module);
      for (const mistake of mistakes) this.#report(mistake);
      if (module.plugin?.config !== undefined) addConfig(module, value, this.#replacements);
    }
    // What is removed later takes nothing with it.
    if (changes === undefined) for (const mistake of configs.strangers(this.#tree.modules)) this.#report(mistake);
  }

  /** Finds what everything needs; classes that imports fall back on come in on the way. */
  #refer(): void {
    const { modules } = this.#tree;
    const ambient = this.#ambient;
    const provide = (module: ModuleDraft, fallback: ConcreteClass): void => {
      const added = addImplicit(module, fallback, this.#replacements);
      if (added !== undefined) this.#drafts.push(added);
    };
    const imports = new ImportFinder(new ServiceIndex(modules), { ambient, provide }, this.#report);
    const finder = new ReferenceFinder({ modules, ambient, advice: this.#options.advice }, imports, this.#report);
    for (const draft of this.#drafts)
      finder.find(draft, draft.role === 'controller' ? this.#extrasOf(draft.key as ConcreteClass) : []);
    for (const module of modules) imports.readDependencies(module);
  }

  #addExtras(module: ModuleDraft): void {
    const rooted = module === this.#root ? (this.#options.rootClasses ?? []) : [];
    for (const extra of rooted) addImplicit(module, extra, this.#replacements);
    for (const controller of module.controllers.keys()) {
      for (const extra of this.#extrasOf(controller)) addImplicit(module, extra, this.#replacements);
    }
  }

  #extrasOf(controller: ConcreteClass): readonly ConcreteClass[] {
    let extras = this.#extras.get(controller);
    if (extras === undefined) this.#extras.set(controller, (extras = [...(this.#options.extraClassesOf?.(controller) ?? [])]));
    return extras;
  }

  #gather(module: ModuleDraft): void {
    const made = [...module.own.values(), ...module.controllers.values()] as ProviderDraft[];
    this.#drafts.push(...made, draftModuleClass(module));
  }

  /** Overrides nobody used: they are for ambient keys, or for nothing at all. */
  #replaceAmbient(): Map<InjectionKey, unknown> {
    const values = new Map<InjectionKey, unknown>();
    for (const [key, { recipe }] of this.#replacements.by) {
      if (this.#replacements.used.has(key) && !this.#ambient.has(key)) continue;
      if (!this.#ambient.has(key)) this.#refuseOverride(key);
      else if (recipe.kind === 'value') values.set(key, recipe.value);
      else {
        const expected = 'useValue, as the application itself gives it to every module';
        this.#report(pluginErrors.OVERRIDE_INVALID({ key: keyName(key), got: `one with ${recipe.kind}`, expected }));
      }
    }
    return values;
  }

  #refuseOverride(key: InjectionKey): void {
    const all: Whereabouts = { modules: this.#tree.modules, ambient: this.#ambient };
    const way = nearMiss(all, key) || 'Look at what the modules provide, or leave it out.';
    this.#report(pluginErrors.OVERRIDE_UNKNOWN({ key: keyName(key), way }));
  }
}

function parseOverrides(overrides: ReadonlyMap<InjectionKey, Provider>, report: Report): Map<InjectionKey, ParsedProvider> {
  const all = new Map<InjectionKey, ParsedProvider>();
  for (const [key, provider] of overrides) {
    const parsed = parseProvider(provider);
    if (typeof parsed !== 'string') all.set(key, { ...parsed, key });
    else {
      const name = isInjectionKey(key) ? keyName(key) : describe(key);
      report(
        pluginErrors.OVERRIDE_INVALID({
          key: name,
          got: describe(provider),
          expected: parsed === '' ? 'a provider' : `a provider. ${parsed.replace(/\.$/, '')}`,
        }),
      );
    }
  }
  return all;
}
