// Hot: what is made here runs once a request. What can be known before is thought of here; steps that are not there vanish.
import type { FrameworkError } from '../errors/framework-error';
import type { Exchange, RouteTarget } from '../http/exchange';
import { roomForEvents, StreamedReply } from '../http/reply-writer';
import type { RouteInstruments } from '../http/target';
import type { Lifetime } from '../lifetime/lifetime';
import { isObservable } from '../lifetime/observable';
import type { Class } from '../metadata/slot';
import type { RouteEntry } from '../routing/route-entry';
import { refuseArguments, then, withArguments } from './collect-arguments';
import { type ArgumentRooms, compileArguments, type CompiledArguments } from './compile-arguments';
import { compileInterceptors, isAsyncIterable } from './compile-hooks';
import { compileWalk, stepsOf, type WalkRooms } from './compile-walk';
import { controllerErrors } from './errors';
import { type DraftRooms, makeDraft, writesAnswer } from './make-draft';
import type { ArgumentReader } from './parameter';
import { readRouteMembers, readRoutes, type RouteDeclaration } from './route';
import type { RouteDraft } from './route-draft';
import { runAround, runSteps } from './run-steps';

/** How the instance behind a route comes about: one for all requests, or one for each. */
export type ControllerSource =
  | { readonly kind: 'singleton'; readonly value: object }
  | { readonly kind: 'request'; readonly make: (exchange: Exchange) => object };

/** What compiling a controller asks of the rooms above. */
export interface ControllerRooms extends ArgumentRooms, DraftRooms, WalkRooms {
  readonly owner: Lifetime;
  readonly source: ControllerSource;
  /** Milliseconds, where the route says none. */
  readonly timeoutMs: number;
  instrumentsFor(method: string, route: string): RouteInstruments;
}

type Run = (exchange: Exchange) => unknown;

/** Compiles every route of a controller into a line of the route table. Mistakes are added to `mistakes`. */
export function compileController(
  controller: Class,
  rooms: ControllerRooms,
  mistakes: FrameworkError[],
): RouteEntry<RouteTarget>[] {
  const prototype = controller.prototype as object;
  const members = readRouteMembers(prototype);
  const strays = strayRoutes(controller);
  mistakes.push(...strays);
  if (members.length + strays.length === 0) mistakes.push(controllerErrors.CONTROLLER_EMPTY({ controller: controller.name }));
  return members
    .filter((member) => isMethod(prototype, member))
    .flatMap((member) =>
      readRoutes(prototype, member).flatMap((declaration) => {
        const [first, ...rest] = declaration.method === '*' ? ALL_METHODS : [declaration.method];
        // What is wrong with a route that answers all methods is told once.
        return [
          compileRoute(controller, member, { ...declaration, method: first }, rooms, mistakes),
          ...rest.map((method) => compileRoute(controller, member, { ...declaration, method }, rooms, [])),
        ].map((entry) => (declaration.method === '*' ? { ...entry, yields: true } : entry));
      }),
    );
}

function isMethod(prototype: object, member: string | symbol): boolean {
  return typeof (prototype as Record<string | symbol, unknown>)[member] === 'function';
}

/** Routes on what is no method of the instances: a static one, or a property that holds a function. */
function strayRoutes(controller: Class): FrameworkError[] {
  const prototype = controller.prototype as object;
  const place = (member: string | symbol): string => `${controller.name}.${String(member)}`;
  const properties = readRouteMembers(prototype).filter((member) => !isMethod(prototype, member));
  return [
    ...readRouteMembers(controller).map((member) => controllerErrors.ROUTE_NOT_METHOD({ place: place(member), what: 'static' })),
    ...properties.map((member) => controllerErrors.ROUTE_NOT_METHOD({ place: place(member), what: 'a property' })),
  ];
}

/** What `@All` answers, where nothing else does. */
const ALL_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

function compileRoute(
  controller: Class,
  member: string | symbol,
  declaration: RouteDeclaration,
  rooms: ControllerRooms,
  mistakes: FrameworkError[],
): RouteEntry<RouteTarget> {
  const draft = makeDraft(controller, member, declaration, rooms);
  const compiled = compileArguments(
    { prototype: controller.prototype as object, member, place: draft.place, pattern: draft.pattern, pipes: draft.hooks.pipes },
    rooms,
    draft.mistakes,
  );
  if (compiled.taken !== undefined && declaration.takesOver !== true && writesAnswer(draft)) {
    const reason = 'says what is sent as JSON, but the handler takes the connection over. Take it away.';
    draft.mistakes.push(controllerErrors.ROUTE_OPTION_INVALID({ decorator: '@Returns', place: draft.place, reason }));
  }
  const run = compileRun(member, declaration, draft, compiled, rooms);
  mistakes.push(...draft.mistakes);
  const { method, pattern, place } = draft;
  const target: RouteTarget = {
    method,
    route: pattern,
    owner: rooms.owner,
    status: draft.status ?? (method === 'POST' ? 201 : 200),
    statusDeclared: draft.status !== undefined,
    fields: draft.fields,
    body: compiled.body === 'none' && isContextHeld(draft, rooms) ? 'maybe' : compiled.body,
    beginsWithBody: compiled.beginWithBody && !isWalkedBefore(draft, rooms),
    metadata: draft.metadata,
    place,
    timeoutMs: draft.timeoutMs ?? rooms.timeoutMs,
    answersWhileStopping: false,
    takesOver: declaration.takesOver === true || compiled.taken !== undefined,
    instruments: rooms.instrumentsFor(method, pattern),
    run,
  };
  return { method, pattern, place, target, withoutHead: target.takesOver };
}

/** Whether something is done for a request before its arguments are read: it may refuse, or look at, what has not sent its body yet. */
function isWalkedBefore({ middleware, hooks, before }: RouteDraft, rooms: ControllerRooms): boolean {
  return middleware.length + hooks.guards.length + before.length > 0 || rooms.authentication !== undefined;
}

/** Whoever holds the context could ask for the body. */
function isContextHeld({ hooks, middleware, before, around }: RouteDraft, rooms: ControllerRooms): boolean {
  // Middleware has the request itself.
  if (middleware.length > 0 || rooms.needsCurrent || rooms.authentication !== undefined) return true;
  return hooks.guards.length + hooks.interceptors.length + hooks.filters.length + before.length + around.length > 0;
}

/** A route as the decorators of its controller and its method have shaped it. */
function compileRun(
  member: string | symbol,
  declaration: RouteDeclaration,
  draft: RouteDraft,
  compiled: CompiledArguments,
  rooms: ControllerRooms,
): Run {
  const answer = compileAnswer(draft, compileHandler(member, declaration, draft, compiled, rooms));
  if (declaration.reply !== 'events') return compileWalk(draft, rooms, answer);
  // Inside of the filters, who are asked where it fails to begin; and outside, for what they give.
  return asEvents(compileWalk(draft, rooms, asEvents(answer)));
}

/** What writes the answer stands around all the rest, apart from it: the way to a handler without other steps stays the shortest. */
function compileAnswer({ around }: RouteDraft, inner: Run): Run {
  const answer = around.find((step) => step.phase === 'answer');
  return answer === undefined ? inner : (exchange) => answer.run(exchange, () => inner(exchange));
}

type Handler = (...args: unknown[]) => unknown;

function compileHandler(
  member: string | symbol,
  { reply }: RouteDeclaration,
  draft: RouteDraft,
  compiled: CompiledArguments,
  rooms: ControllerRooms,
): Run {
  const { source } = rooms;
  const push = stepsOf(draft, 'push');
  const around = [
    ...draft.around.filter((step) => step.phase === 'page').map((step) => step.run),
    ...draft.around.filter((step) => step.phase === 'breaker').map((step) => step.run),
    ...compileInterceptors(draft, rooms, reply === 'events' ? roomForEvents : undefined),
  ];
  if (push.length === 0 && around.length === 0 && source.kind === 'singleton' && compiled.taken === undefined) {
    const handler = (source.value as Record<string | symbol, Handler>)[member];
    return compileCall(source.value, handler, compiled);
  }
  const call = (exchange: Exchange, args: readonly unknown[]): unknown => {
    const instance = (source.kind === 'singleton' ? source.value : source.make(exchange)) as Record<string | symbol, Handler>;
    return instance[member](...args);
  };
  const { taken } = compiled;
  const callWith =
    taken === undefined
      ? call
      : (exchange: Exchange, args: unknown[]): unknown =>
          then(taken.take(exchange), (connection) => {
            for (const index of taken.indexes) args[index] = connection;
            return call(exchange, args);
          });
  return (exchange) =>
    withArguments(compiled.readers, exchange, (args) =>
      runSteps(push, 0, exchange, () => runAround(around, 0, exchange, () => callWith(exchange, args))),
    );
}

/** The shortest way from the exchange to the method, by the number of its arguments. */
function compileCall(instance: object, handler: Handler, compiled: CompiledArguments): Run {
  const { readers, wait } = compiled;
  const [first, second] = readers as [ArgumentReader, ArgumentReader];
  if (readers.length === 0) return () => handler.call(instance);
  if (wait || readers.length > 2) {
    return (exchange) => withArguments(readers, exchange, (args) => handler.apply(instance, args));
  }
  if (readers.length === 1) return (exchange) => handler.call(instance, first(exchange));
  return (exchange) => {
    let one: unknown;
    try {
      one = first(exchange);
    } catch (error) {
      return refuseArguments(readers, exchange, [], error);
    }
    return handler.call(instance, one, second(exchange));
  };
}

/** What the handler gives is sent event by event. */
function asEvents(run: Run): Run {
  const wrap = (value: unknown): unknown => {
    return isObservable(value) || isAsyncIterable(value) ? new StreamedReply(value, 'events') : value;
  };
  return (exchange) => then(run(exchange), wrap);
}
