import { CurrentRequest } from '../context/current-request';
import { PluginContext } from '../context/plugin-context';
import { type ContextRooms, makeContextOf, makeContextOfMessage, type RequestContext } from '../context/request-context';
import { hookClassesOf } from '../controllers/hook-classes';
import type { HookLists } from '../controllers/hooks';
import { Database } from '../database/database';
import { checkDatabaseOptions } from '../database/database-options';
import { Databases } from '../database/databases';
import type { Call } from '../controllers/call';
import { methodGuards } from '../controllers/guarded-methods';
import { createLogger } from '../diagnostics/create-logger';
import { Logger } from '../diagnostics/logger';
import { toLogger } from '../diagnostics/to-logger';
import type { FrameworkError } from '../errors/framework-error';
import { BodyParsers } from '../http/content-type-parsers';
import { Exchange, type RouteTarget } from '../http/exchange';
import { declareHijacks } from '../hijack/hijack-route';
import { HttpServer } from '../http/server';
import { parsePeerTimeout } from '../http/peer-timeout';
import { answerUnmatched } from '../http/unmatched';
import { type Clock, stayAwake, systemClock } from '../lifetime/clock';
import { Deadlines } from '../lifetime/deadline';
import { Lifetime } from '../lifetime/lifetime';
import { EXPOSITION_CONTENT_TYPE, scrape } from '../metrics/exposition';
import { watchBreakers } from '../metrics/breaker-health';
import { Health } from '../metrics/health';
import { BreakerInstruments, observeBreakerStates } from '../metrics/breaker-instruments';
import { ActiveRequests, countRequests } from '../metrics/active-requests';
import { DatabaseInstruments } from '../metrics/database-instruments';
import { type HijackRecorder, recordHijacks } from '../metrics/hijack-instruments';
import { recordClientCalls } from '../metrics/http-client-instruments';
import { exhaustedDeadlines, HttpInstruments } from '../metrics/http-instruments';
import { Metrics } from '../metrics/metrics';
import { recordPushes } from '../metrics/push-instruments';
import { ProcessInstruments } from '../metrics/process-instruments';
import { recordServiceCalls } from '../metrics/service-instruments';
import { webSocketInstruments } from '../metrics/web-socket-instruments';
import type * as OpenApiRoutes from '../openapi/openapi-routes';
import type * as OpenApi from '../openapi/document';
import { checkOpenApi } from '../openapi/openapi-options';
import { buildInstances, type BuildOptions, type BuiltPlugins } from '../plugins/build-instances';
import { CLOCK } from '../plugins/clock-token';
import type { ModuleImport } from '../plugins/plugin';
import { PluginConfigs } from '../plugins/plugin-config';
import { planPlugins, type PlanOptions } from '../plugins/plugin-graph';
import type { PluginInstance } from '../plugins/plugin-instance';
import type { PluginPlan } from '../plugins/plugin-plan';
import type { Provider } from '../plugins/provider';
import { startInstances, stopInstances } from '../plugins/run-instances';
import { ServiceRegistry } from '../plugins/service-registry';
import type { InjectionKey } from '../plugins/service-token';
import { WiringError } from '../plugins/wiring-error';
import { PushReport } from '../push/push-report';
import { checkPush, toPushSettings } from '../push/push-settings';
import { Pushes } from '../push/pushes';
import { Breakers } from '../resilience/breakers';
import { DeclaredBreakers } from '../resilience/declared-breakers';
import { checkConfigurations } from '../resilience/check-configurations';
import type { RouteEntry } from '../routing/route-entry';
import { RouteTable } from '../routing/route-table';
import { Authentication } from '../security/auth';
import { compileOrigin } from '../security/origin-behind-proxies';
import { checkTrust, compileTrust, toTrustOptions } from '../security/trust-proxy';
import { checkClientOptions } from '../upstream/client-options';
import { HttpClient, openHttpClient } from '../upstream/http-client';
import { StaticIndex } from '../views/static-index';
import { checkStatic, toStaticSettings } from '../views/static-options';
import { StaticServer } from '../views/static-server';
import { Templates } from '../views/templates';
import { checkViews, toViewSettings } from '../views/view-options';
import { checkWebSocketOptions } from '../websocket/check-options';
import type { Message } from '../websocket/message';
import { compileValueCheck } from '../validation/value-check';
import { WebSocketRooms } from '../websocket/web-socket-rooms';
import { messageHookClassesOf, WebSockets } from '../websocket/web-sockets';
import {
  compileRoutes,
  failureAnswer,
  globalClasses,
  resolveGlobalHooks,
  type RouteFoundation,
  tryGuardedMethods,
  tryRoutes,
  staticTarget,
  unmatchedTarget,
} from './application-routes';
import { type ApplicationOptions, checkOptions, cookieSecretsOf, limitsOf } from './configuration';
import { checkLoadSheddingOption, LoadShedding } from './load-shedding';
import { MiddlewareFront } from './middleware-front';
import { operatorRoutes } from './operator-routes';
import { documentSource } from './planned-document';
import { describePlannedRoutes, type PlannedRoute } from './planned-routes';
import { PluginChanges } from './plugin-changes';
import { checkConfig } from './plugin-checks';
import { Plugins } from './plugins';
import { ServiceHealth } from './service-health';

/** An application, put together and started; it does not listen yet. */
export interface Assembly {
  readonly options: ApplicationOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lifetime: Lifetime;
  readonly deadlines: Deadlines;
  readonly metrics: Metrics;
  readonly requests: ActiveRequests;
  readonly health: Health;
  readonly breakers: Breakers;
  readonly plugins: PluginChanges<CompiledRoutes>;
  /** What users change plugins by. */
  readonly pluginsForUsers: Plugins;
  readonly server: HttpServer;
  /** What stands in front of all routes. */
  readonly middleware: MiddlewareFront;
  /** Lets go of what the rooms keep open: samplers, observers, pools. Never rejects. */
  close(): Promise<void>;
}

/** What of an application exists before its plugins do. */
class Foundation implements RouteFoundation {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lifetime: Lifetime;
  readonly deadlines: Deadlines;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly instruments: HttpInstruments;
  readonly requests: ActiveRequests;
  readonly hijacks: HijackRecorder;
  readonly contextOf: (exchange: Exchange) => RequestContext;
  readonly auth: Authentication | undefined;
  readonly views: Templates | undefined;
  readonly webSockets: WebSockets;
  readonly breakers: Breakers;
  /** Those that plugins name; exchanged with them. */
  declaredBreakers: DeclaredBreakers;
  /** Those that middleware in front of all routes names. */
  readonly frontBreakers: DeclaredBreakers;
  readonly registry: ServiceRegistry;
  readonly plugins: Plugins;
  /** Once the plugins are started. */
  changes: PluginChanges<CompiledRoutes> | undefined;
  readonly contextOfCall: (call: Call) => unknown;
  /** The files that are sent as they are, known beforehand; `undefined` when there are none. */
  readonly statics: StaticIndex | undefined;
  readonly pushes: Pushes;
  readonly needCurrent: ReadonlySet<InjectionKey> = new Set<InjectionKey>([CurrentRequest, HttpClient, Database, Databases]);
  readonly #ambient: ReadonlyMap<InjectionKey, (instance: PluginInstance) => unknown>;
  readonly shedding: LoadShedding | undefined;
  readonly #stopping: AbortSignal;
  readonly #process: ProcessInstruments;
  #http: HttpClient | undefined;
  #databases: Databases | undefined;
  /** Of rooms that take a while to close: pools of connections. */
  readonly #closers: (() => Promise<void>)[] = [];

  /** In: `givenUp`, aborted when it is told to stop before it has started. */
  constructor(
    readonly options: ApplicationOptions,
    givenUp?: AbortSignal,
  ) {
    this.clock = options.clock ?? systemClock;
    this.logger = options.logger === undefined ? createLogger() : toLogger(options.logger);
    const report = (error: unknown): void => this.logger.error('a teardown failed', { err: error });
    this.lifetime = Lifetime.root({ clock: this.clock, report });
    const { finishing } = this.lifetime;
    this.#stopping = givenUp === undefined ? finishing : AbortSignal.any([finishing, givenUp]);
    this.deadlines = new Deadlines(this.clock);
    this.metrics = new Metrics({ logger: this.logger });
    this.health = new Health({ clock: this.clock, logger: this.logger });
    const scheme = options.tls !== undefined || options.http2 === true ? 'https' : 'http';
    this.instruments = new HttpInstruments(this.metrics, { scheme, activeRequests: () => countRequests(this.lifetime) });
    this.requests = new ActiveRequests(this.lifetime, this.instruments);
    this.#process = new ProcessInstruments(this.metrics, { clock: this.clock });
    this.shedding = options.loadShedding && new LoadShedding(options.loadShedding, this);
    this.views = options.views === undefined ? undefined : new Templates(toViewSettings(options.views));
    this.statics = options.static === undefined ? undefined : new StaticIndex(toStaticSettings(options.static), this.clock);
    this.pushes = new Pushes(toPushSettings(options.push), {
      ...{ logger: this.logger, clock: this.clock, observe: () => recordPushes(this.metrics) },
      contextOf: (exchange) => this.contextOf(exchange),
    });
    this.hijacks = recordHijacks(this.metrics);
    const breakerInstruments = new BreakerInstruments(this.metrics);
    this.breakers = new Breakers({
      clock: this.clock,
      configurations: options.breakers,
      observe: (name) => breakerInstruments.observerOf(name),
    });
    observeBreakerStates(this.metrics, this.breakers);
    this.declaredBreakers = new DeclaredBreakers(this.breakers);
    this.frontBreakers = new DeclaredBreakers(this.breakers);
    const serviceHealth = new ServiceHealth(this.health);
    this.registry = new ServiceRegistry({
      instances: () => this.changes?.current.instances ?? [],
      changed: (added, removed) => serviceHealth.update(added, removed),
      lastHealth: (service) => serviceHealth.last(service),
      askHealth: (service) => serviceHealth.ask(service),
    });
    this.plugins = new Plugins(this.registry, () => this.changes);
    watchBreakers(this.health, this.breakers);
    const rooms: ContextRooms = {
      logger: this.logger,
      metrics: this.metrics,
      hijacks: this.hijacks,
      pushes: this.pushes,
      permits: (call, resource, action) => this.auth?.permits(call, resource, action) ?? false,
      views: this.views,
      database: () => this.databases.main,
    };
    this.contextOf = makeContextOf(rooms);
    this.auth = options.auth === undefined ? undefined : new Authentication(options.auth, this.contextOf);
    const contextOfMessage = makeContextOfMessage(rooms);
    this.contextOfCall = (call) => (call instanceof Exchange ? this.contextOf(call) : contextOfMessage(call as Message));
    const current = new CurrentRequest({ contextOf: this.contextOf, contextOfMessage });
    this.webSockets = new WebSockets({
      options: options.websocket,
      clock: this.clock,
      deadlines: this.deadlines,
      logger: this.logger,
      instrumentsFor: webSocketInstruments(this.metrics),
      contextOf: contextOfMessage,
    });
    this.#ambient = new Map<InjectionKey, (instance: PluginInstance) => unknown>([
      [CLOCK, () => this.clock],
      [Logger, ({ name }) => this.logger.child({ plugin: name })],
      [Metrics, (instance) => this.metrics.within(instance)],
      [Health, (instance) => this.health.within(instance, (other) => this.changes?.isGoing(other) ?? false)],
      [PluginContext, ({ context }) => context],
      [ServiceRegistry, () => this.registry],
      [Plugins, () => this.plugins],
      [Breakers, () => this.breakers],
      [CurrentRequest, () => current],
      [WebSocketRooms, () => this.webSockets.rooms],
      [ActiveRequests, () => this.requests],
      [PushReport, () => this.pushes.report],
      [HttpClient, () => this.http],
      [Database, () => this.databases.main],
      [Databases, () => this.databases],
    ]);
  }

  /** Calls other services; made when somebody injects it. */
  get http(): HttpClient {
    this.#http ??= this.#openHttp();
    return this.#http;
  }

  /** Made when somebody asks for one. */
  get databases(): Databases {
    this.#databases ??= this.#openDatabases();
    return this.#databases;
  }

  #openDatabases(): Databases {
    const { lifetime: owner, clock, deadlines, logger, metrics, health } = this;
    const databases = new Databases(this.options.database ?? {}, {
      ...{ owner, stopping: this.#stopping, clock, deadlines, logger },
      observe: (name, numbers) => new DatabaseInstruments(metrics, name, numbers),
      watch: (name, probe, required) => void health.register(name, () => probe().then(() => 'up'), { required }),
    });
    this.#closers.push(() => databases.close());
    return databases;
  }

  #openHttp(): HttpClient {
    const { lifetime, clock, deadlines, metrics, breakers } = this;
    const exhausted = exhaustedDeadlines(metrics).bind({ direction: 'out' });
    const outOfTime = (): void => exhausted.add(1);
    const rooms = { lifetime, clock, deadlines, breakers, observe: recordClientCalls(metrics), outOfTime };
    const opened = openHttpClient(this.options.httpClient ?? {}, rooms);
    this.#closers.push(() => opened.close());
    return opened.client;
  }

  get ambientKeys(): Iterable<InjectionKey> {
    return this.#ambient.keys();
  }

  ambient(key: InjectionKey, instance: PluginInstance): unknown {
    return this.#ambient.get(key)?.(instance);
  }

  async close(): Promise<void> {
    this.health.close();
    this.breakers.close();
    this.instruments.close();
    this.#process.close();
    this.shedding?.close();
    this.lifetime.end('finished');
    for (const result of await Promise.allSettled(this.#closers.map((close) => close()))) {
      if (result.status === 'rejected') this.logger.error('something could not be closed', { err: result.reason as unknown });
    }
    this.deadlines.close();
  }
}

/** Whoever is trusted about the client is also believed how long it waits. */
function compilePeerTimeout({
  trustProxy = false,
  readDeadlines = true,
}: ApplicationOptions): ((exchange: Exchange) => number | undefined) | undefined {
  const trusts = readDeadlines ? compileTrust(toTrustOptions(trustProxy).proxies) : undefined;
  if (trusts === undefined) return undefined;
  return ({ connection, wire }) =>
    trusts(connection.remoteAddress || '127.0.0.1', 0) ? parsePeerTimeout(wire.headers) : undefined;
}

function checkHttpClient({ httpClient }: ApplicationOptions): FrameworkError[] {
  return httpClient === undefined ? [] : checkClientOptions(httpClient as Readonly<Record<string, unknown>>);
}

/** Everything that is wrong with the options, also what only the room knows that uses them. */
function mistakesIn(options: ApplicationOptions): FrameworkError[] {
  const mistakes = checkOptions(options as Readonly<Record<string, unknown>>);
  mistakes.push(
    ...checkOpenApi(options.openapi),
    ...checkViews(options.views),
    ...checkConfigurations(options.breakers),
    ...checkStatic(options.static),
    ...checkPush(options.push),
    ...checkWebSocketOptions(options.websocket, 'the option websocket'),
    ...checkHttpClient(options),
    ...checkLoadSheddingOption(options.loadShedding),
    ...checkDatabaseOptions(options.database),
  );
  return mistakes.length > 0 ? mistakes : checkTrust(options.trustProxy ?? false);
}

/**
 * Puts an application together: checks everything first, then makes the plugins, compiles their routes, and starts them.
 *
 * Fails with: a `WiringError` that lists every mistake, before any constructor runs; what a provider or a hook fails with.
 */
export async function assemble(
  root: ModuleImport,
  options: ApplicationOptions,
  overrides?: ReadonlyMap<InjectionKey, Provider>,
  givenUp?: AbortSignal,
): Promise<Assembly> {
  const wrongOptions = mistakesIn(options);
  if (wrongOptions.length > 0) throw new WiringError(wrongOptions);
  const foundation = new Foundation(options, givenUp);
  const release = stayAwake();
  try {
    const configs = configsOf(options);
    const { known: plan, mistakes } = planAll(root, foundation, { overrides, configs });
    if (plan === undefined || mistakes.length > 0) throw new WiringError(mistakes);
    const startTimeoutMs = options.startTimeoutMs ?? 30_000;
    const plugins = await buildInstances(plan, buildOptionsOf(foundation));
    const { server, middleware } = await orStop(plugins, foundation, () => makeServer(plugins, foundation));
    foundation.declaredBreakers.open();
    await startInstances(plugins.instances, { clock: foundation.clock, startTimeoutMs });
    const changes = new PluginChanges(root, plugins, configs, changeRooms(foundation, { server, middleware }, overrides));
    foundation.changes = changes;
    foundation.registry.refresh();
    foundation.health.started();
    const { clock, logger, lifetime, deadlines, metrics, requests, health, breakers } = foundation;
    const rooms = { clock, logger, lifetime, deadlines, metrics, requests, health, breakers };
    const pluginsForUsers = foundation.plugins;
    return { options, ...rooms, plugins: changes, pluginsForUsers, server, middleware, close: () => foundation.close() };
  } catch (error) {
    await foundation.close();
    throw error;
  } finally {
    release();
  }
}

/** What was initialised is shut down when the next step fails. */
async function orStop<T>({ instances }: BuiltPlugins, { clock, logger }: Foundation, step: () => T): Promise<T> {
  try {
    return step();
  } catch (error) {
    await stopInstances(instances, { clock, drainMs: 0 }).catch((failure: unknown) => {
      logger.error('not everything came to its end', { err: failure });
    });
    throw error;
  }
}

function configsOf({ config }: ApplicationOptions): PluginConfigs {
  return new PluginConfigs(config ?? {}, checkConfig);
}

function buildOptionsOf(foundation: Foundation, declared = foundation.declaredBreakers): BuildOptions {
  const { lifetime: owner, clock, options, metrics } = foundation;
  return {
    owner,
    clock,
    ambient: (key, instance) => foundation.ambient(key, instance),
    contextFor: (instance) => contextFor(instance, foundation),
    initializeTimeoutMs: options.startTimeoutMs ?? 30_000,
    made: methodGuards(declared),
    guards: { compile: compileValueCheck, record: recordServiceCalls(metrics) },
  };
}

function contextFor(instance: PluginInstance, foundation: Foundation): PluginContext {
  const logger = foundation.logger.child({ plugin: instance.name });
  const metrics = foundation.ambient(Metrics, instance) as Metrics;
  const health = foundation.ambient(Health, instance) as Health;
  return new PluginContext(instance, { logger, metrics, health, services: foundation.registry });
}

/** How plugins are exchanged while the application runs. */
function changeRooms(
  foundation: Foundation,
  { server, middleware }: Pick<Assembly, 'server' | 'middleware'>,
  overrides: ReadonlyMap<InjectionKey, Provider> | undefined,
): ConstructorParameters<typeof PluginChanges<CompiledRoutes>>[3] {
  const { clock, logger, options } = foundation;
  let declared = foundation.declaredBreakers;
  return {
    ...{ clock, logger, startTimeoutMs: options.startTimeoutMs ?? 30_000 },
    planOptions: (configs) => planOptionsOf(foundation, { overrides, configs }),
    mistakesOf: (plan) => {
      declared = new DeclaredBreakers(foundation.breakers, foundation.declaredBreakers);
      return mistakesOfPlan(plan, foundation, declared);
    },
    build: (plan, running, carry) => buildInstances(plan, { ...buildOptionsOf(foundation, declared), running, carry }),
    compile: (plugins) => makeRoutes(plugins, foundation, declared),
    publish: (routes, { plan }) => {
      server.routes = routes.table;
      server.unmatched = unmatchedOf(foundation, plan, routes, server);
      middleware.fail = failureAnswer(foundation, routes.globalHooks);
      foundation.pushes.begin(routes.table, (match) => routes.files?.fileOf(match));
      declared.settle(foundation.frontBreakers);
      foundation.declaredBreakers = declared;
      foundation.registry.refresh();
    },
  };
}

/** An application before anything of it is made: what is known of its modules (all of it when there are no mistakes). */
export interface KnownApplication {
  readonly plan: PluginPlan | undefined;
  readonly routes: readonly PlannedRoute[];
  readonly mistakes: readonly FrameworkError[];
}

/** Decides and checks everything that can be known before anything is made, and makes nothing of it. */
export async function planApplication(root: ModuleImport, options: ApplicationOptions): Promise<KnownApplication> {
  const mistakes = mistakesIn(options);
  if (mistakes.length > 0) return { plan: undefined, routes: [], mistakes };
  const foundation = new Foundation(options);
  const { known, mistakes: found } = planAll(root, foundation, { configs: configsOf(options) });
  await foundation.close();
  return { plan: known, routes: known === undefined ? [] : describePlannedRoutes(known, foundation), mistakes: found };
}

/** What an application is planned with. */
interface Planned {
  readonly overrides?: ReadonlyMap<InjectionKey, Provider> | undefined;
  readonly configs: PluginConfigs;
}

function planOptionsOf(foundation: Foundation, { overrides, configs }: Planned): PlanOptions {
  return {
    ambient: foundation.ambientKeys,
    extraClassesOf: (controller) => [...hookClassesOf(controller), ...messageHookClassesOf(controller)],
    rootClasses: globalClasses(foundation.options),
    ...(overrides === undefined ? {} : { overrides }),
    configs,
    compileCheck: compileValueCheck,
  };
}

function planAll(
  root: ModuleImport,
  foundation: Foundation,
  planned: Planned,
): { readonly known: PluginPlan | undefined; readonly mistakes: readonly FrameworkError[] } {
  const result = planPlugins(root, planOptionsOf(foundation, planned));
  const known = result.plan ?? result.incomplete;
  const mistakes = [...(result.mistakes ?? [])];
  if (known === undefined) return { known, mistakes: [...mistakes, ...foundation.declaredBreakers.mistakes()] };
  return { known, mistakes: mistakesOfPlan(known, foundation, foundation.declaredBreakers, mistakes) };
}

/** What is wrong with a plan besides the plan itself: routes, guarded methods, breakers, and if all is well the document. */
function mistakesOfPlan(
  plan: PluginPlan,
  foundation: Foundation,
  declared: DeclaredBreakers,
  earlier: readonly FrameworkError[] = [],
): FrameworkError[] {
  const routed = routeFoundation(foundation, declared);
  const mistakes = [...earlier, ...tryRoutes(plan, routed), ...tryGuardedMethods(plan, routed), ...declared.mistakes()];
  if (mistakes.length > 0 || !hasDocument(foundation.options)) return mistakes;
  return [...describePlan(plan, foundation).mistakes];
}

function routeFoundation(foundation: Foundation, declaredBreakers: DeclaredBreakers): RouteFoundation {
  const { options, lifetime, instruments, auth, views, pushes, webSockets, contextOfCall, contextOf, needCurrent } = foundation;
  return {
    options,
    lifetime,
    instruments,
    auth,
    views,
    pushes,
    webSockets,
    contextOfCall,
    contextOf,
    needCurrent,
    declaredBreakers,
  };
}

function hasDocument({ openapi }: ApplicationOptions): boolean {
  return openapi !== undefined && openapi !== false;
}

/** Loaded by those alone who want a document. */
function describePlan(plan: PluginPlan, foundation: Foundation): ReturnType<typeof OpenApi.makeDocument> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  const { makeDocument } = require('../openapi/document') as typeof OpenApi;
  return makeDocument(documentSource(plan, foundation));
}

function documentRoutes(plan: PluginPlan, foundation: Foundation): RouteEntry<RouteTarget>[] {
  const { options, lifetime, instruments } = foundation;
  if (!hasDocument(options)) return [];
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  const { openapiRoutes } = require('../openapi/openapi-routes') as typeof OpenApiRoutes;
  const { document } = describePlan(plan, foundation);
  return openapiRoutes(document, typeof options.openapi === 'object' ? options.openapi : {}, {
    owner: lifetime,
    instrumentsFor: (method, route) => instruments.route(method, route),
  });
}

/** The document of an application that is not made. Fails with: a `WiringError` that lists every mistake. */
export async function planDocument(root: ModuleImport, options: ApplicationOptions): Promise<OpenApi.OpenApiDocument> {
  const wrongOptions = mistakesIn(options);
  if (wrongOptions.length > 0) throw new WiringError(wrongOptions);
  const foundation = new Foundation(options);
  try {
    const { known, mistakes } = planAll(root, foundation, { configs: configsOf(options) });
    if (known === undefined || mistakes.length > 0) throw new WiringError(mistakes);
    const described = describePlan(known, foundation);
    if (described.mistakes.length > 0) throw new WiringError(described.mistakes);
    return described.document;
  } finally {
    await foundation.close();
  }
}

/** What plugins answer with, all of it together. */
interface CompiledRoutes {
  readonly table: RouteTable<RouteTarget>;
  readonly files: StaticServer | undefined;
  readonly globalHooks: HookLists;
}

function makeRoutes(plugins: BuiltPlugins, foundation: Foundation, declared = foundation.declaredBreakers): CompiledRoutes {
  const { options, clock, lifetime, instruments } = foundation;
  const globalHooks = resolveGlobalHooks(plugins.root, options);
  const mistakes: FrameworkError[] = [];
  const own = compileRoutes(plugins, routeFoundation(foundation, declared), globalHooks, mistakes);
  declareHijacks(own, foundation.hijacks);
  const added = operatorRoutes(
    {
      owner: lifetime,
      health: foundation.health,
      scrape: () => scrape(foundation.metrics, clock),
      metricsType: EXPOSITION_CONTENT_TYPE,
      instruments,
    },
    { health: options.health ?? true, metrics: options.metrics ?? true },
  );
  const operators = [...added, ...documentRoutes(plugins.plan, foundation)].filter(
    ({ pattern }) => !own.some((entry) => entry.pattern === pattern),
  );
  const files =
    foundation.statics &&
    new StaticServer(foundation.statics, (route, answer) =>
      staticTarget(foundation, plugins.plan, globalHooks, route, foundation.pushes.noting(answer)),
    );
  const { table, mistakes: clashes } = RouteTable.compile([...own, ...operators], files);
  // Those of controllers were found before anything was made; those that plugins add by themselves are only known now.
  if (mistakes.length + clashes.length > 0) throw new WiringError([...mistakes, ...clashes]);
  return { table, files, globalHooks };
}

function unmatchedOf(
  foundation: Foundation,
  plan: PluginPlan,
  { globalHooks }: CompiledRoutes,
  server: { readonly routes: RouteTable<RouteTarget> },
): RouteTarget {
  return unmatchedTarget(foundation, plan, globalHooks, (exchange) => answerUnmatched(exchange, server.routes));
}

function makeServer(plugins: BuiltPlugins, foundation: Foundation): Pick<Assembly, 'server' | 'middleware'> {
  const { options, clock, deadlines, logger, frontBreakers } = foundation;
  const routes = makeRoutes(plugins, foundation);
  foundation.pushes.begin(routes.table, (match) => routes.files?.fileOf(match));
  const server: HttpServer = new HttpServer({
    http2: options.http2 ?? false,
    tls: options.tls,
    limits: limitsOf(options),
    clock,
    deadlines,
    logger,
    parsers: options.contentTypeParsers === undefined ? undefined : new BodyParsers(options.contentTypeParsers),
    multipart: options.multipart,
    routes: routes.table,
    unmatched: unmatchedOf(foundation, plugins.plan, routes, {
      get routes() {
        return server.routes;
      },
    }),
    cookieSecrets: cookieSecretsOf(options),
    nosniff: options.securityHeaders ?? true,
    readOrigin: compileOrigin(options.trustProxy ?? false),
    readTimeout: compilePeerTimeout(options),
    admit: foundation.shedding?.admit,
  });
  return { server, middleware: new MiddlewareFront(server, failureAnswer(foundation, routes.globalHooks), frontBreakers) };
}
