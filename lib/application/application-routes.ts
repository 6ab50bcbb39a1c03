import type { PluginContext } from '../context/plugin-context';
import type { RequestContext } from '../context/request-context';
import { filterErrors } from '../controllers/compile-filters';
import { compileController, type ControllerRooms, type ControllerSource } from '../controllers/compile-route';
import { readController } from '../controllers/controller';
import { controllerErrors } from '../controllers/errors';
import {
  type HookEntry,
  type HookLists,
  type HookReference,
  type PerExchange,
  ResolvedHook,
  type RouteFilter,
} from '../controllers/hooks';
import type { Call } from '../controllers/call';
import { isGuardedView } from '../controllers/guard-calls';
import { checkGuardedMethods, hasGuardedMethods } from '../controllers/guarded-methods';
import { insideCurrent } from '../controllers/inside-current';
import type { PageMaker, PagePusher } from '../controllers/route-draft';
import type { FrameworkError } from '../errors/framework-error';
import type { Exchange, RouteTarget } from '../http/exchange';
import type { Lifetime } from '../lifetime/lifetime';
import type { ConcreteClass } from '../metadata/slot';
import type { HttpInstruments } from '../metrics/http-instruments';
import type { BuiltPlugins } from '../plugins/build-instances';
import type { PluginInstance } from '../plugins/plugin-instance';
import { compileReach, type PlannedModule, type PlannedProvider, type PluginPlan, reaches } from '../plugins/plugin-plan';
import { RequestScope, type Supply } from '../plugins/request-scope';
import type { InjectionKey } from '../plugins/service-token';
import type { DeclaredBreakers } from '../resilience/declared-breakers';
import type { RouteEntry } from '../routing/route-entry';
import { RouteTable } from '../routing/route-table';
import type { Authentication } from '../security/auth';
import type { WebSockets } from '../websocket/web-sockets';
import { type ApplicationOptions, limitsOf } from './configuration';

/** What of an application its routes are made with. */
export interface RouteFoundation {
  readonly options: ApplicationOptions;
  readonly lifetime: Lifetime;
  readonly instruments: HttpInstruments;
  readonly auth: Authentication | undefined;
  readonly views: PageMaker | undefined;
  readonly pushes: PagePusher;
  readonly webSockets: WebSockets;
  readonly declaredBreakers: DeclaredBreakers;
  readonly contextOfCall: (call: Call) => unknown;
  readonly contextOf: (exchange: Exchange) => RequestContext;
  /** What works for the request it is used in: controllers that reach one of these by injection run inside their request. */
  readonly needCurrent: ReadonlySet<InjectionKey>;
}

/** The classes among the hooks that the application itself names. */
export function globalClasses({ guards, interceptors, filters, pipes }: ApplicationOptions): ConcreteClass[] {
  const isClass = (hook: unknown): hook is ConcreteClass => typeof hook === 'function';
  return [guards, interceptors, filters, pipes].flatMap((list: readonly unknown[] = []) => list.filter(isClass));
}

function globalsNeedCurrent(plan: PluginPlan, { options, needCurrent }: RouteFoundation): boolean {
  return globalClasses(options).some((hook) => reaches(plan, hook, (key) => needCurrent.has(key)));
}

/** Compiles every route over the bare prototypes, for the mistakes alone: no constructor has run yet. */
export function tryRoutes(plan: PluginPlan, foundation: RouteFoundation): FrameworkError[] {
  const mistakes: FrameworkError[] = [];
  const entries: RouteEntry<RouteTarget>[] = [];
  const shared = sharedRooms(foundation);
  for (const module of plan.modules) {
    for (const controller of module.controllers.keys()) {
      const isGateway = foundation.webSockets.declares(controller);
      if (!isGateway) mistakes.push(...foundation.webSockets.checkOther(controller));
      if (!isGateway && readController(controller) === undefined) {
        mistakes.push(controllerErrors.CONTROLLER_UNDECORATED({ controller: controller.name, module: module.label }));
        continue;
      }
      const rooms = roomsWith(shared, {
        owner: foundation.lifetime,
        // Compiled for its mistakes alone.
        needsCurrent: false,
        globalHooks: NO_HOOKS,
        source: { kind: 'singleton', value: controller.prototype as object },
        resolveHook: (entry) => () => (typeof entry === 'function' ? entry.prototype : entry) as never,
        injected: () => () => undefined,
      });
      entries.push(...compileClass(foundation, controller, rooms, mistakes));
    }
  }
  return [...mistakes, ...RouteTable.check(entries)];
}

/** What is wrong with methods, but for handlers, that are called through breakers. */
export function tryGuardedMethods({ modules }: PluginPlan, { declaredBreakers }: RouteFoundation): FrameworkError[] {
  const classes = modules.flatMap(({ order }) => order.flatMap(({ recipe }) => (recipe.kind === 'class' ? [recipe.class] : [])));
  return [...new Set(classes)].flatMap((it) => checkGuardedMethods(it, declaredBreakers));
}

function compileClass(
  { webSockets }: RouteFoundation,
  controller: ConcreteClass,
  rooms: ControllerRooms,
  mistakes: FrameworkError[],
): RouteEntry<RouteTarget>[] {
  if (webSockets.declares(controller)) return [webSockets.compile(controller, rooms, mistakes)];
  return compileController(controller, rooms, mistakes);
}

const NO_HOOKS: HookLists = { guards: [], pipes: [], interceptors: [], filters: [] };

/** What is the same for the routes of all controllers. */
type SharedRooms = Pick<ControllerRooms, 'contextOf' | 'prefix' | 'authentication' | 'steps' | 'timeoutMs' | 'instrumentsFor'>;

function sharedRooms(foundation: RouteFoundation): SharedRooms {
  const { options, auth, contextOf, instruments } = foundation;
  return {
    contextOf,
    prefix: options.prefix ?? '',
    authentication: auth?.options.authenticate === undefined ? undefined : auth.identify,
    steps: {
      challenge: auth?.options.challenge,
      permits: auth?.options.permits === undefined ? undefined : auth.permits.bind(auth),
      views: foundation.views,
      push: foundation.pushes,
      breakers: foundation.declaredBreakers,
      contextOf: foundation.contextOfCall,
    },
    timeoutMs: limitsOf(options).handlerTimeoutMs,
    instrumentsFor: (method: string, route: string) => instruments.route(method, route),
  };
}

/** Written out: to spread one object into another takes 2 KB for each controller while nothing is compiled yet. */
function roomsWith(
  { contextOf, prefix, authentication, steps, timeoutMs, instrumentsFor }: SharedRooms,
  { owner, needsCurrent, globalHooks, source, resolveHook, injected }: Omit<ControllerRooms, keyof SharedRooms>,
): ControllerRooms {
  return {
    contextOf,
    prefix,
    authentication,
    steps,
    timeoutMs,
    instrumentsFor,
    owner,
    needsCurrent,
    globalHooks,
    source,
    resolveHook,
    injected,
  };
}

/** Whether something of what a controller calls belongs to the current request, so that its routes run inside of theirs. */
type Belonging = (controller: ConcreteClass, module: PlannedModule) => boolean;

/** Of what has been made, it is known as well what became a view through breakers. */
function belongingOf({ plan, instances }: BuiltPlugins, foundation: RouteFoundation): Belonging {
  if (globalsNeedCurrent(plan, foundation)) return () => true;
  const byModule = new Map(instances.map((it) => [it.module, it]));
  const isView = (it: PlannedProvider): boolean =>
    it.recipe.kind !== 'class' && it.scope === 'singleton' && isGuardedView(byModule.get(it.module)?.valueOf(it));
  const reachesCurrent = compileReach(
    (key) => foundation.needCurrent.has(key),
    (provider) => isGuarded(provider) || isView(provider),
  );
  return (controller, module) => {
    const made = module.controllers.get(controller);
    return (made !== undefined && reachesCurrent(made)) || asksWhileRunning(module, reachesCurrent);
  };
}

/** Whether a module has services by its context that belong to the current request, or may: what is exported while running nobody knows. */
function asksWhileRunning(
  { uses, imports, dependsOn }: PlannedModule,
  reachesCurrent: (provider: PlannedProvider) => boolean,
): boolean {
  const offering = new Set(uses.map(({ offer }) => offer?.module));
  if (dependsOn.some((it) => !imports.includes(it) && !offering.has(it))) return true;
  return uses.some(({ isInjected, offer }) => !isInjected && offer !== undefined && reachesCurrent(offer.provider));
}

/** A call through a breaker ends with the request it is made in, and one of a service that has a time limit does. */
function isGuarded(provider: PlannedProvider): boolean {
  const { recipe, module } = provider;
  if (module.offers.some((offer) => offer.provider === provider && offer.options.timeoutMs !== undefined)) return true;
  return recipe.kind === 'class' && hasGuardedMethods(recipe.class);
}

export function compileRoutes(
  plugins: BuiltPlugins,
  foundation: RouteFoundation,
  globalHooks: HookLists,
  mistakes: FrameworkError[],
): RouteEntry<RouteTarget>[] {
  const belongs = belongingOf(plugins, foundation);
  const shared = sharedRooms(foundation);
  return plugins.instances.flatMap((instance) => [
    ...[...instance.module.controllers.keys()].flatMap((controller) => {
      const needsCurrent = belongs(controller, instance.module);
      return compileClass(foundation, controller, roomsOf(instance, controller, shared, { needsCurrent, globalHooks }), []);
    }),
    ...compileRouter(instance, shared, globalHooks, mistakes),
  ]);
}

/** Apart from the rest, so that a route keeps nothing of the build it was compiled in but its instance. */
function roomsOf(
  instance: PluginInstance,
  controller: ConcreteClass,
  shared: SharedRooms,
  { needsCurrent, globalHooks }: Pick<ControllerRooms, 'needsCurrent' | 'globalHooks'>,
): ControllerRooms {
  return roomsWith(shared, {
    owner: instance.lifetime,
    needsCurrent,
    globalHooks,
    source: sourceOf(instance.supplyController(controller)),
    resolveHook: (entry) => resolveHook(instance, entry),
    injected: (member, index) => {
      const supply = instance.supplyParameters(controller, member).get(index);
      return supply?.kind === 'request' ? (exchange) => supply.make(scopeOf(exchange)) : () => supply?.value;
    },
  });
}

/** The routes a plugin added by itself: what they reach nobody knows, so that they run inside their request. */
function compileRouter(
  instance: PluginInstance,
  shared: SharedRooms,
  globalHooks: HookLists,
  mistakes: FrameworkError[],
): RouteEntry<RouteTarget>[] {
  const { router } = instance.context as PluginContext;
  const { controller } = router;
  router.close();
  if (controller === undefined) return [];
  const rooms = roomsWith(shared, {
    owner: instance.lifetime,
    needsCurrent: true,
    globalHooks,
    source: { kind: 'singleton', value: new controller() as object },
    resolveHook: (entry) => resolveHook(instance, entry),
    injected: () => () => undefined,
  });
  return compileController(controller, rooms, mistakes);
}

function sourceOf(supply: Supply): ControllerSource {
  if (supply.kind === 'singleton') return { kind: 'singleton', value: supply.value as object };
  return { kind: 'request', make: (exchange) => supply.make(scopeOf(exchange)) as object };
}

/** What was made for one request hangs on it. */
function scopeOf(exchange: Exchange): RequestScope {
  return (exchange.scope ??= new RequestScope(exchange)) as RequestScope;
}

/** A class is had as its module has it: made once, or for each request. */
function resolveHook<T>(instance: PluginInstance, entry: HookEntry<T>): PerExchange<T> {
  if (entry instanceof ResolvedHook) return entry.get;
  if (typeof entry !== 'function') return () => entry;
  // Hooks are objects with a method: one that is a function is a class.
  const supply = instance.supply(entry as ConcreteClass<T>);
  if (supply.kind === 'request') return (exchange) => supply.make(scopeOf(exchange));
  const { value } = supply;
  return () => value;
}

export function resolveGlobalHooks(root: PluginInstance, options: ApplicationOptions): HookLists {
  const resolveAll = (list: readonly unknown[] = []): ResolvedHook<never>[] =>
    list.map((hook) => new ResolvedHook(resolveHook(root, hook as HookReference<never>)));
  return {
    guards: resolveAll(options.guards),
    pipes: resolveAll(options.pipes),
    interceptors: resolveAll(options.interceptors),
    filters: resolveAll(options.filters),
  };
}

/** The application's own filters, the one nearest to the handler first. */
function filtersOf({ filters }: HookLists): PerExchange<RouteFilter<never>>[] {
  return [...filters].reverse().map((entry) => (entry as ResolvedHook<RouteFilter<never>>).get);
}

/** What answers for an error of middleware that no error handler answered for: the application's filters, else its failure. */
export function failureAnswer(
  { contextOf }: RouteFoundation,
  globalHooks: HookLists,
): (exchange: Exchange, error: unknown) => unknown {
  const filters = filtersOf(globalHooks);
  return (exchange, error) => {
    const fail = (): never => {
      throw error;
    };
    return filters.length === 0 ? fail() : filterErrors(filters, { contextOf }, fail)(exchange);
  };
}

/** What answers when no route does; the application's filters are asked here too. */
export function unmatchedTarget(
  foundation: RouteFoundation,
  plan: PluginPlan,
  globalHooks: HookLists,
  answer: (exchange: Exchange) => unknown,
): RouteTarget {
  return ownTarget(foundation, plan, globalHooks, { method: '*', route: '', place: 'no route', answer });
}

/** What sends the files of a folder; the application's filters are asked here too, its guards and interceptors are not. */
export function staticTarget(
  foundation: RouteFoundation,
  plan: PluginPlan,
  globalHooks: HookLists,
  route: string,
  answer: (exchange: Exchange) => unknown,
): RouteTarget {
  return ownTarget(foundation, plan, globalHooks, { method: 'GET', route, place: 'static files', answer });
}

interface OwnRoute {
  readonly method: string;
  /** Empty: none. */
  readonly route: string;
  readonly place: string;
  readonly answer: (exchange: Exchange) => unknown;
}

function ownTarget(
  foundation: RouteFoundation,
  plan: PluginPlan,
  globalHooks: HookLists,
  { method, route, place, answer }: OwnRoute,
): RouteTarget {
  const filters = filtersOf(globalHooks);
  const filtered = filters.length === 0 ? answer : filterErrors(filters, { contextOf: foundation.contextOf }, answer);
  const run = globalsNeedCurrent(plan, foundation) ? insideCurrent(filtered) : filtered;
  return {
    method,
    route,
    owner: foundation.lifetime,
    status: 200,
    statusDeclared: false,
    fields: [],
    body: 'none',
    metadata: new Map(),
    place,
    timeoutMs: limitsOf(foundation.options).handlerTimeoutMs,
    answersWhileStopping: false,
    takesOver: false,
    instruments: route === '' ? foundation.instruments.route('_OTHER', undefined) : foundation.instruments.route(method, route),
    run,
  };
}
