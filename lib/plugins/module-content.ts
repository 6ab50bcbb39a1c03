import type { ConcreteClass } from '../metadata/slot';
import { describe } from './describe';
import { pluginErrors } from './errors';
import { namesModule } from './module-entry';
import { listOf, type ModuleDraft, type ModuleTree, type Report } from './module-tree';
import { readModuleDefinition, readScope } from './plugin';
import type { PlannedProvider, Reference } from './plugin-plan';
import { classRecipe, type ParsedProvider, parseProvider, type Recipe, type Scope } from './provider';
import { ServiceExport } from './service-export';
import { type InjectionKey, isClass, isInjectionKey, keyName } from './service-token';
import { explainRivals, nearMiss, type Whereabouts } from './whereabouts';

/** A provider while it is planned. */
export interface ProviderDraft extends PlannedProvider {
  readonly module: ModuleDraft;
  scope: Scope;
  readonly dependencies: Reference[];
  methods: ReadonlyMap<string | symbol, ReadonlyMap<number, Reference>>;
  readonly companions: Reference[];
}

/** What stands in the place of what modules provide, and which of it was used. */
export interface Replacements {
  readonly by: ReadonlyMap<InjectionKey, ParsedProvider>;
  readonly used: Set<InjectionKey>;
}

/** Reads what a module provides, and its controllers, into drafts. */
export function readProviders(module: ModuleDraft, replacements: Replacements, report: Report): void {
  listOf(module, 'providers', report).forEach((entry, at) => {
    const parsed = parseProvider(entry);
    if (typeof parsed === 'string' || namesModule(entry)) {
      const where = `${module.label}: providers[${at}]`;
      report(pluginErrors.PROVIDER_INVALID({ where, got: describe(entry), way: wayToProvider(entry, parsed) }));
    } else addProvider(module, parsed, { replacements, report });
  });
  listOf(module, 'controllers', report).forEach((entry, at) => addController(module, entry, { at, report }));
}

/** Lets a module provide a class privately, unless it sees one already. Out: what was added. */
export function addImplicit(module: ModuleDraft, it: ConcreteClass, replacements: Replacements): ProviderDraft | undefined {
  if (module.own.has(it) || module.imported.has(it)) return undefined;
  const draft = draftProvider(module, replaced({ key: it, recipe: classRecipe(it), scope: undefined }, replacements));
  module.own.set(it, draft);
  return draft;
}

/** Lets a plugin provide, to itself, what it is configured with. */
export function addConfig(module: ModuleDraft, config: object | undefined, replacements: Replacements): void {
  const key = module.plugin?.config as ConcreteClass;
  const made: ParsedProvider = { key, recipe: { kind: 'value', value: config }, scope: undefined };
  const draft = module.own.get(key) ?? draftProvider(module, replaced(made, replacements));
  module.own.set(key, draft);
  module.config = draft.recipe.kind === 'value' ? (draft.recipe.value as object | undefined) : config;
}

/** The draft of the module's own class. */
export function draftModuleClass(module: ModuleDraft): ProviderDraft {
  return draftProvider(module, { key: module.source, recipe: classRecipe(module.source), scope: 'singleton' }, 'module');
}

/** Finds out what each module sees of its imports and what it exports, which may be what it imports. */
export function readExportsOfAll(tree: ModuleTree, report: Report): void {
  // In the order of the modules one round is enough. Only where they import each other (reported already) it takes
  // more until nothing is added, so that the cycle does not look like exports that are missing.
  for (let known = -1, now = 0; tree.isCyclic && known !== now;) {
    known = now;
    for (const module of tree.modules) readExports(module, tree, () => undefined);
    now = tree.modules.reduce((sum, it) => sum + it.exports.size + it.imported.size, 0);
  }
  for (const module of tree.modules) readExports(module, tree, report);
}

function readExports(module: ModuleDraft, tree: ModuleTree, report: Report): void {
  readImported(module);
  for (const entry of listOf(module, 'exports', report)) {
    if (entry instanceof ServiceExport || tree.isRemoved(entry)) continue;
    const key = exportedKey(entry);
    const whole = tree.importsNamed(module, entry);
    const own = key === undefined ? undefined : module.own.get(key);
    const imported = key === undefined ? undefined : module.imported.get(key);
    if (key !== undefined && own !== undefined) pass(module, key, [own], report);
    else if (key !== undefined && imported !== undefined) pass(module, key, imported, report);
    else if (whole.length > 0)
      for (const it of whole) for (const [name, theirs] of it.exports) pass(module, name, [theirs], report);
    else
      report(
        pluginErrors.EXPORT_UNKNOWN({ module: module.label, key: exportName(entry, key), way: wayToExport(module, entry, tree) }),
      );
  }
}

/** Exports a provider under a key, for which there must be only one. */
function pass(module: ModuleDraft, key: InjectionKey, providers: Iterable<PlannedProvider>, report: Report): void {
  const earlier = module.exports.get(key);
  const rivals = new Set(earlier === undefined ? providers : [earlier, ...providers]);
  const [first] = rivals;
  if (first !== undefined) module.exports.set(key, first);
  if (rivals.size > 1) report(explainRivals(module, [...rivals], key, `${module.label} exports ${keyName(key)}`));
}

/** Notes what the imports of a module export. */
function readImported(module: ModuleDraft): void {
  for (const from of module.imports) {
    for (const [key, provider] of from.exports) {
      const rivals = module.imported.get(key) ?? new Set();
      module.imported.set(key, rivals.add(provider));
    }
  }
}

function addProvider(
  module: ModuleDraft,
  parsed: ParsedProvider,
  { replacements, report }: { replacements: Replacements; report: Report },
): void {
  const earlier = module.own.get(parsed.key);
  if (earlier === undefined) {
    module.own.set(parsed.key, draftProvider(module, replaced(parsed, replacements)));
  } else if (!isSame(earlier.recipe, parsed.recipe) && !replacements.by.has(parsed.key)) {
    const [first, second] = [describeRecipe(earlier.recipe), describeRecipe(parsed.recipe)];
    report(pluginErrors.PROVIDER_DUPLICATE({ module: module.label, key: keyName(parsed.key), first, second }));
  }
}

function addController(module: ModuleDraft, entry: unknown, { at, report }: { at: number; report: Report }): void {
  if (!isClass(entry) || namesModule(entry)) {
    const way = isClass(entry) ? ` ${entry.name} is a module: list it under imports.` : wayFromUndefined(entry);
    report(pluginErrors.CONTROLLER_INVALID({ where: `${module.label}: controllers[${at}]`, got: describe(entry), way }));
    return;
  }
  const it = entry as ConcreteClass;
  const twin = module.own.get(it);
  if (twin !== undefined) {
    const [first, second] = [describeRecipe(twin.recipe), 'a controller'];
    report(pluginErrors.PROVIDER_DUPLICATE({ module: module.label, key: keyName(it), first, second }));
  }
  module.controllers.set(it, draftProvider(module, { key: it, recipe: classRecipe(it), scope: undefined }, 'controller'));
}

function draftProvider(
  module: ModuleDraft,
  { key, recipe, scope }: ParsedProvider,
  role: ProviderDraft['role'] = 'provider',
): ProviderDraft {
  const lasts = scope ?? (recipe.kind === 'class' ? readScope(recipe.class) : 'singleton');
  return { module, key, role, recipe, scope: lasts, dependencies: [], methods: NO_METHODS, companions: [] };
}

const NO_METHODS: ProviderDraft['methods'] = new Map();

function replaced(parsed: ParsedProvider, replacements: Replacements): ParsedProvider {
  const by = replacements.by.get(parsed.key);
  if (by === undefined) return parsed;
  replacements.used.add(parsed.key);
  return by;
}

/** Whether two recipes make the same. */
export function isSame(one: Recipe, other: Recipe): boolean {
  if (one.kind === 'class' && other.kind === 'class') return one.class === other.class && one.inject === other.inject;
  if (one.kind === 'value' && other.kind === 'value') return one.value === other.value;
  if (one.kind === 'existing' && other.kind === 'existing') return one.key === other.key;
  return one.kind === 'factory' && other.kind === 'factory' && one.factory === other.factory;
}

function describeRecipe(recipe: Recipe): string {
  switch (recipe.kind) {
    case 'class':
      return `the class ${keyName(recipe.class)}`;
    case 'value':
      return `a value (${describe(recipe.value)})`;
    case 'factory':
      return `what ${recipe.factory.name === 'useFactory' || recipe.factory.name === '' ? 'a factory' : recipe.factory.name} returns`;
    case 'existing':
      return `another name of ${keyName(recipe.key)}`;
  }
}

function wayToProvider(entry: unknown, wrong: ParsedProvider | string): string {
  if (typeof wrong !== 'string') return ` ${keyName(wrong.key)} is a module: list it under imports.`;
  return wrong === '' ? wayFromUndefined(entry) : ` ${wrong}`;
}

function wayFromUndefined(entry: unknown): string {
  return entry === undefined
    ? ' Its file exports nothing of that name (the type check says so), or two files import each other, and the class was not there yet: then move what both need into a third file.'
    : '';
}

/** A key, or the key of a whole `{ provide, … }` entry. */
function exportedKey(entry: unknown): InjectionKey | undefined {
  if (isInjectionKey(entry)) return entry;
  const provide: unknown = typeof entry === 'object' && entry !== null && 'provide' in entry ? entry.provide : undefined;
  return isInjectionKey(provide) ? provide : undefined;
}

function exportName(entry: unknown, key: InjectionKey | undefined): string {
  return key === undefined ? describe(entry) : keyName(key);
}

function wayToExport(module: ModuleDraft, entry: unknown, tree: ModuleTree): string {
  if (entry === undefined) return wayFromUndefined(entry).trimStart();
  if (isClass(entry) && readModuleDefinition(entry) !== undefined) return `To pass on what ${entry.name} exports, import it too.`;
  const key = exportedKey(entry);
  if (key === undefined) return 'Exports are classes and tokens that are provided here, and modules that are imported here.';
  const all: Whereabouts = { modules: tree.modules, ambient: [] };
  const owner = tree.modules.find((it) => it !== module && it.own.has(key));
  if (owner !== undefined) return `${owner.label} provides it: ${passOn(module, owner, key)}`;
  return [nearMiss(all, key), `Add it to the providers of ${module.label}, or take it out of its exports.`]
    .filter((it) => it !== '')
    .join(' ');
}

function passOn(module: ModuleDraft, owner: ModuleDraft, key: InjectionKey): string {
  const imported = module.imports.includes(owner) ? '' : `import ${owner.label} into ${module.label}`;
  const exported = owner.exports.has(key) ? '' : `add it to the exports of ${owner.label}`;
  return `${[imported, exported].filter((it) => it !== '').join(' and ')}.`;
}
