import type { FrameworkError } from '../errors/framework-error';
import type { ConcreteClass } from '../metadata/slot';
import { fileOf } from './declared-at';
import { describe } from './describe';
import { pluginErrors } from './errors';
import { evaluate, sourceOf } from './module-entry';
import { unknownMembers } from './module-members';
import {
  isMarkedInjectable,
  type ModuleDefinition,
  type ModuleImport,
  type ModuleOptions,
  type PluginIdentity,
  readModuleDefinition,
} from './plugin';
import type { Offer, PlannedModule, PlannedProvider, Reference, ServiceUse } from './plugin-plan';
import type { Redirections } from './redirections';
import { type InjectionKey, isClass } from './service-token';
import { isVersion } from './version';

/** Takes a mistake down and goes on. */
export type Report = (mistake: FrameworkError) => void;

/** A module while it is planned; who plans fills it, step by step. */
export interface ModuleDraft extends PlannedModule {
  readonly imports: ModuleDraft[];
  readonly own: Map<InjectionKey, PlannedProvider>;
  readonly controllers: Map<ConcreteClass, PlannedProvider>;
  readonly exports: Map<InjectionKey, PlannedProvider>;
  readonly imported: Map<InjectionKey, Set<PlannedProvider>>;
  readonly order: PlannedProvider[];
  readonly services: Map<InjectionKey, Reference>;
  readonly offers: Offer[];
  readonly uses: ServiceUse[];
  dependsOn: ModuleDraft[];
  config: object | undefined;
}

/** Which modules there are besides what `root` imports, and which stand for others: what changed while an application ran. */
export interface TreeChanges {
  /** Beside the root, in the order they came. */
  readonly added: readonly ModuleImport[];
  readonly replaced: Redirections;
}

const LISTS = ['imports', 'controllers', 'providers', 'exports'] as const;

/** Finds every module that `root` reaches, each after those it imports, and reports what is no module and what imports itself. */
export class ModuleTree {
  /** Each after those it imports. */
  readonly modules: ModuleDraft[] = [];
  /** The module of `root`; undefined when that is no module. */
  readonly root: ModuleDraft | undefined;
  /** Whether some of them import each other. */
  isCyclic = false;
  readonly #report: Report;
  /** By class, or by the object of a dynamic module: identity is the reference, nothing is compared. */
  readonly #drafts = new Map<object, ModuleDraft>();
  readonly #labels = new Map<string, number>();
  readonly #path: ModuleDraft[] = [];
  readonly #replaced: Redirections | undefined;

  constructor(root: unknown, report: Report, changes?: TreeChanges) {
    this.#report = report;
    this.#replaced = changes?.replaced;
    changes?.added.forEach((added, at) => this.#visit(added, `Added plugin ${at + 1}`));
    this.root = this.#visit(root, 'The root module');
    this.#refuseTwins();
  }

  /** The imports of `module` that an entry of its exports names. */
  importsNamed(module: ModuleDraft, entry: unknown): ModuleDraft[] {
    const named = this.#meant(entry);
    return module.imports.filter(
      (it) => it.source === named || (named !== null && typeof named === 'object' && this.#drafts.get(named) === it),
    );
  }

  /** Whether an entry names what was there, and is no more. */
  isRemoved(entry: unknown): boolean {
    return this.#meant(entry) === REMOVED;
  }

  #meant(entry: unknown): unknown {
    const named = evaluate(entry);
    if (named === null || (typeof named !== 'object' && typeof named !== 'function')) return named;
    if (this.#replaced?.has(named) !== true) return named;
    const instead = this.#replaced.get(named);
    return instead === undefined ? REMOVED : evaluate(instead);
  }

  #visit(entry: unknown, where: string): ModuleDraft | undefined {
    const named = this.#meant(entry);
    if (named === REMOVED) return undefined;
    const source = sourceOf(named);
    const definition = source === undefined ? undefined : readModuleDefinition(source);
    if (source === undefined || definition === undefined) {
      this.#report(notAModule(named, where));
      return undefined;
    }
    const known = this.#drafts.get(named as object);
    if (known !== undefined) return this.#meetAgain(known);
    const draft = this.#open(named as object, source, definition);
    this.#drafts.set(named as object, draft);
    this.#followImports(draft);
    this.modules.push(draft);
    return draft;
  }

  #followImports(draft: ModuleDraft): void {
    this.#path.push(draft);
    listOf(draft, 'imports', this.#report).forEach((entry, at) => {
      const imported = this.#visit(entry, `${draft.label}: imports[${at}]`);
      if (imported !== undefined && !draft.imports.includes(imported)) draft.imports.push(imported);
    });
    this.#path.pop();
  }

  #meetAgain(draft: ModuleDraft): ModuleDraft {
    const at = this.#path.indexOf(draft);
    if (at === -1) return draft;
    this.isCyclic = true;
    this.#report(pluginErrors.PLUGIN_CYCLE({ path: pathOf([...this.#path.slice(at), draft].map(withFile)) }));
    return draft;
  }

  #open(entry: object, source: ConcreteClass, { plugin, options: declared, at }: ModuleDefinition): ModuleDraft {
    const options = merge(declared, entry === source ? {} : entry);
    const label = this.#labelFor(source, plugin);
    if (plugin !== undefined) this.#checkIdentity(label, plugin);
    unknownMembers(label, plugin === undefined ? '@Module' : '@Plugin', declared).forEach(this.#report);
    if (entry !== source) unknownMembers(label, 'a dynamic module', entry).forEach(this.#report);
    const title = plugin === undefined ? label : `${plugin.name}@${plugin.version}`;
    const maps = { own: new Map(), controllers: new Map(), exports: new Map(), imported: new Map(), services: new Map() };
    const lists = { imports: [], order: [], offers: [], uses: [], dependsOn: [] };
    return { entry, source, label, title, plugin, options, at, config: undefined, ...maps, ...lists };
  }

  #labelFor(source: ConcreteClass, plugin: PluginIdentity | undefined): string {
    const name = source.name === '' ? '(a module without a name)' : source.name;
    const count = (this.#labels.get(name) ?? 0) + 1;
    this.#labels.set(name, count);
    if (count === 1) return name;
    const label = plugin === undefined ? `${name} (${count})` : `${name} (${plugin.name}@${plugin.version})`;
    return this.#labels.has(label) ? `${name} (${count})` : label;
  }

  #checkIdentity(module: string, plugin: PluginIdentity): void {
    const { name, version } = plugin as { readonly name: unknown; readonly version: unknown };
    const isNamed = typeof name === 'string' && /^\S+$/.test(name);
    if (!isNamed) this.#report(pluginErrors.PLUGIN_NAME_INVALID({ module, got: describe(name) }));
    const called = isNamed ? name : 'the plugin';
    if (!isVersion(version)) {
      this.#report(pluginErrors.PLUGIN_VERSION_INVALID({ module, name: called, got: describe(version) }));
    }
    for (const field of ['description', 'author'] as const) {
      const text: unknown = plugin[field];
      if (text !== undefined && typeof text !== 'string') {
        this.#report(pluginErrors.PLUGIN_TEXT_INVALID({ module, field, name: called, got: describe(text) }));
      }
    }
  }

  #refuseTwins(): void {
    const first = new Map<string, ModuleDraft>();
    for (const module of this.modules) {
      if (module.plugin === undefined) continue;
      const twin = first.get(module.title);
      if (twin === undefined) first.set(module.title, module);
      else this.#report(pluginErrors.PLUGIN_DUPLICATE({ first: twin.label, second: module.label, plugin: module.title }));
    }
  }
}

/** A list of a module; what is no array is reported and taken for empty. */
export function listOf(module: PlannedModule, list: (typeof LISTS)[number], report: Report): readonly unknown[] {
  const given: unknown = module.options[list];
  if (given === undefined || Array.isArray(given)) return (given as unknown[] | undefined) ?? [];
  report(pluginErrors.MODULE_LIST_INVALID({ module: module.label, list, got: describe(given) }));
  return [];
}

/** `First (src/first.ts)` */
export function withFile({ label, at }: PlannedModule): string {
  const file = fileOf(at);
  return file === undefined ? label : `${label} (${file})`;
}

/** `A → B → A`, on lines of its own when it is long. */
export function pathOf(names: readonly string[]): string {
  const path = names.join(' → ');
  return path.length <= 200 ? path : names.join('\n    → ');
}

/** Stands for a module that was removed. */
const REMOVED = Symbol('removed');

function merge(declared: ModuleOptions, added: ModuleOptions): ModuleOptions {
  const merged: Record<string, unknown> = { ...declared };
  for (const list of LISTS) {
    const more: unknown = added[list];
    if (more === undefined) continue;
    const base: unknown = declared[list] ?? [];
    merged[list] = Array.isArray(base) && Array.isArray(more) ? [...(base as unknown[]), ...(more as unknown[])] : more;
  }
  return merged;
}

function notAModule(named: unknown, where: string): FrameworkError {
  if (named === undefined) return pluginErrors.MODULE_UNDEFINED({ where });
  return pluginErrors.MODULE_INVALID({ where, got: describe(named), way: wayToModule(named) });
}

function wayToModule(named: unknown): string {
  if (named instanceof Promise) return 'Load it first, and import what the promise gives.';
  if (!isClass(named)) return 'A dynamic module is an object whose member module is such a class.';
  if (isMarkedInjectable(named)) return `${named.name} is a provider or a controller: list it there instead.`;
  return `Put @Module({...}) or @Plugin({...}) on ${named.name}, or list it under providers if it is one.`;
}
