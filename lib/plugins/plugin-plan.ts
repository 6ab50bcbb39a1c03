import type { ConcreteClass } from '../metadata/slot';
import type { DeclaredAt } from './declared-at';
import type { ModuleOptions, PluginOptions } from './plugin';
import type { Recipe, Scope } from './provider';
import type { ServiceOptions } from './service-export';
import type { ReadContract } from './service-contract';
import type { ServiceRequest } from './service-import';
import { type InjectionKey, keyName } from './service-token';

/** Where one argument comes from. */
export type Reference =
  | { readonly kind: 'provider'; readonly key: InjectionKey; readonly provider: PlannedProvider }
  /** Given by the application to every module. */
  | { readonly kind: 'ambient'; readonly key: InjectionKey }
  /** What an import takes instead of a service that is missing. */
  | { readonly kind: 'value'; readonly key: InjectionKey; readonly value: unknown }
  /** `undefined` is passed: nothing is there for an optional key (or the parameter keeps its default, without a key). */
  | { readonly kind: 'absent'; readonly key: InjectionKey | undefined };

/** What is made in a module, with everything it needs found. */
export interface PlannedProvider {
  readonly module: PlannedModule;
  readonly key: InjectionKey;
  /** `module`: the module's own class, which gets hooks and dependencies but is not injected anywhere. */
  readonly role: 'provider' | 'controller' | 'module';
  readonly recipe: Recipe;
  /** A controller's is `request` when it needs something that is. */
  readonly scope: Scope;
  /** In the order of the arguments. */
  readonly dependencies: readonly Reference[];
  /** What `@Inject` beside the parameters of a controller's methods asks for. */
  readonly methods: ReadonlyMap<string | symbol, ReadonlyMap<number, Reference>>;
  /** The guards, pipes and the like that a controller names, as they are found in its module. */
  readonly companions: readonly Reference[];
}

/** A service that a plugin offers to all others. */
export interface Offer {
  readonly module: PlannedModule;
  /** Of the plugin. */
  readonly plugin: string;
  readonly service: string;
  readonly version: string;
  readonly contract: ReadContract;
  readonly options: ServiceOptions<never>;
  readonly provider: PlannedProvider;
}

/** A service that a module imports, or says that it will. */
export interface ServiceUse {
  readonly request: ServiceRequest;
  /** `undefined`: there is none, and it can do without. */
  readonly offer: Offer | undefined;
  /** Why there is none, in a few words. */
  readonly missing: string | undefined;
  /** Whether it is injected; else it is asked for while it runs. */
  readonly isInjected: boolean;
}

/** A module as it will be built. */
export interface PlannedModule {
  /** What it is imported as, and known by: its class, or the object of a dynamic module. */
  readonly entry: object;
  /** Where its decorator stands. */
  readonly at: DeclaredAt;
  readonly source: ConcreteClass;
  /** How messages about wiring call it: its class, with more where two classes have one name. */
  readonly label: string;
  /** How messages about running call it: `name@version` of a plugin, else the label. */
  readonly title: string;
  readonly plugin: PluginOptions | undefined;
  /** What its decorator and a dynamic module said, together. */
  readonly options: ModuleOptions;
  readonly imports: readonly PlannedModule[];
  readonly own: ReadonlyMap<InjectionKey, PlannedProvider>;
  readonly controllers: ReadonlyMap<ConcreteClass, PlannedProvider>;
  readonly exports: ReadonlyMap<InjectionKey, PlannedProvider>;
  /** What the direct imports export; more than one provider for a key is a mistake of who asks for it. */
  readonly imported: ReadonlyMap<InjectionKey, ReadonlySet<PlannedProvider>>;
  /** What its imports of services mean. */
  readonly services: ReadonlyMap<InjectionKey, Reference>;
  /** The services it offers. */
  readonly offers: readonly Offer[];
  /** The services it imports, and those it says it will. */
  readonly uses: readonly ServiceUse[];
  /** The modules that are initialised and started before it: its imports, and those whose services it uses. */
  readonly dependsOn: readonly PlannedModule[];
  /** What a plugin is configured with. */
  readonly config: object | undefined;
  /** All that is made here, in the order it is made: providers, controllers, the module's own class. */
  readonly order: readonly PlannedProvider[];
}

/** All of an application, decided before anything of it exists. */
export interface PluginPlan {
  readonly root: PlannedModule;
  /** Each after those it depends on. */
  readonly modules: readonly PlannedModule[];
  /** The keys the application gives to every module. */
  readonly ambient: ReadonlySet<InjectionKey>;
  /** Values that overrides put in the place of ambient ones. */
  readonly ambientOverrides: ReadonlyMap<InjectionKey, unknown>;
}

/** What a module sees under a key: one reference, several rivals, or nothing. Its own come first, then imports, then the ambient. */
export function findInView(
  module: PlannedModule,
  key: InjectionKey,
  ambient: ReadonlySet<InjectionKey>,
): Reference | readonly PlannedProvider[] | undefined {
  const own = module.own.get(key);
  if (own !== undefined) return { kind: 'provider', key, provider: own };
  const imported = module.imported.get(key);
  if (imported !== undefined) {
    const [first, ...rivals] = imported;
    if (first !== undefined) return rivals.length === 0 ? { kind: 'provider', key, provider: first } : [first, ...rivals];
  }
  return module.services.get(key) ?? (ambient.has(key) ? { kind: 'ambient', key } : undefined);
}

/** All that something made is given, in whatever way. */
export function referencesOf({ dependencies, methods, companions }: PlannedProvider): readonly Reference[] {
  if (companions.length === 0 && methods.size === 0) return dependencies;
  return [...dependencies, ...companions, ...[...methods.values()].flatMap((at) => [...at.values()])];
}

/** How messages call what is made: `Users in UserModule`, `the factory of "config" in ConfigModule`. */
export function whoIs({ role, key, recipe, module }: PlannedProvider): string {
  if (role === 'module') return module.label;
  const where = `in ${module.label}`;
  if (recipe.kind === 'factory') return `The factory of ${keyName(key)} ${where}`;
  if (recipe.kind !== 'class' || recipe.class === key) return `${keyName(key)} ${where}`;
  return `${keyName(recipe.class)} (provided as ${keyName(key)}) ${where}`;
}

/**
 * Prepares asking whether something made reaches an ambient key that satisfies `wanted`: by its own arguments, those of its
 * dependencies, of its methods' injected parameters, or of the guards and the like it names. What was found is remembered.
 *
 * In: besides, which providers are wanted themselves.
 */
export function compileReach(
  wanted: (ambient: InjectionKey) => boolean,
  wantedToo: (provider: PlannedProvider) => boolean = () => false,
): (provider: PlannedProvider) => boolean {
  const known = new Map<PlannedProvider, boolean>();
  const follow = (reference: Reference): boolean => {
    if (reference.kind === 'ambient') return wanted(reference.key);
    return reference.kind === 'provider' && visit(reference.provider);
  };
  const visit = (provider: PlannedProvider): boolean => {
    const before = known.get(provider);
    if (before !== undefined) return before;
    known.set(provider, false);
    const found = wantedToo(provider) || referencesOf(provider).some(follow);
    known.set(provider, found);
    return found;
  };
  return visit;
}

/** Whether what is made under `key`, in whatever module, reaches an ambient key that satisfies `wanted`. */
export function reaches(plan: PluginPlan, key: InjectionKey, wanted: (ambient: InjectionKey) => boolean): boolean {
  return plan.modules.flatMap(({ order }) => order.filter((made) => made.key === key)).some(compileReach(wanted));
}
