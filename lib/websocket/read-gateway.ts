import { readController } from '../controllers/controller';
import { readRouteMembers } from '../controllers/route';
import type { FrameworkError } from '../errors/framework-error';
import type { Class } from '../metadata/slot';
import { websocketErrors } from './errors';
import { decoratorOf, type Handles, readHandlers, readHandles } from './on-message';

/** A method and one thing that it handles. */
export interface DeclaredHandler {
  readonly member: string | symbol;
  readonly handles: Handles;
}

/** What the methods of a class handle, in the order they are declared; what is wrong with them is told by `checkGateway`. */
export function declaredHandlers(gateway: Class): DeclaredHandler[] {
  const prototype = gateway.prototype as object;
  return readHandlers(prototype)
    .filter((member) => isMethod(prototype, member))
    .flatMap((member) => readHandles(prototype, member).map((handles) => ({ member, handles })));
}

function isMethod(prototype: object, member: string | symbol): boolean {
  return typeof (prototype as Record<string | symbol, unknown>)[member] === 'function';
}

/** Everything that is wrong with how a class with `@WebSocket` is declared, but for its parameters and options. */
export function checkGateway(gateway: Class): FrameworkError[] {
  const handlers = declaredHandlers(gateway);
  const strays = strayHandlers(gateway);
  const answers = handlers.some(({ handles }) => handles.what !== 'close');
  return [
    ...mixtures(gateway),
    ...strays,
    ...twice(gateway, handlers),
    ...undecoratedHooks(gateway, handlers),
    ...(answers || strays.length > 0 ? [] : [websocketErrors.WEBSOCKET_EMPTY({ gateway: gateway.name })]),
  ];
}

/** A class without `@WebSocket` whose methods would never be called. */
export function checkNoGateway(controller: Class): FrameworkError[] {
  return declaredHandlers(controller).map(({ member, handles }) =>
    websocketErrors.WEBSOCKET_MISSING({ place: placeOf(controller, member), decorator: decoratorOf(handles) }),
  );
}

function placeOf(gateway: Class, member: string | symbol): string {
  return `${gateway.name}.${String(member)}`;
}

function mixtures(gateway: Class): FrameworkError[] {
  const isMixed = {
    '@Controller()': readController(gateway) !== undefined,
    routes: readRouteMembers(gateway.prototype as object).length > 0,
  };
  return Object.entries(isMixed).flatMap(([what, is]) =>
    is ? [websocketErrors.WEBSOCKET_MIXED({ gateway: gateway.name, what })] : [],
  );
}

/** Decorators on what is no method of the instances: a static one, or a property that holds a function. */
function strayHandlers(gateway: Class): FrameworkError[] {
  const prototype = gateway.prototype as object;
  const stray = (member: string | symbol, of: object, what: string) =>
    websocketErrors.MESSAGE_NOT_METHOD({
      place: placeOf(gateway, member),
      what,
      decorator: readHandles(of, member).map(decoratorOf).join(' '),
    });
  return [
    ...readHandlers(gateway).map((member) => stray(member, gateway, 'static')),
    ...readHandlers(prototype)
      .filter((member) => !isMethod(prototype, member))
      .map((member) => stray(member, prototype, 'a property')),
  ];
}

function twice(gateway: Class, handlers: readonly DeclaredHandler[]): FrameworkError[] {
  const taken = new Map<string, string>();
  return handlers.flatMap(({ member, handles }) => {
    const what = whatOf(handles);
    const place = placeOf(gateway, member);
    const other = taken.get(what);
    taken.set(what, place);
    return other === undefined ? [] : [websocketErrors.MESSAGE_TYPE_TAKEN({ place, other, what })];
  });
}

function whatOf(handles: Handles): string {
  if (handles.what === 'open') return 'the beginning of a session';
  if (handles.what === 'close') return 'the end of a session';
  return handles.type === undefined ? 'messages of no type' : `messages of type "${handles.type}"`;
}

/** Methods named as hooks are elsewhere would silently never run. */
function undecoratedHooks(gateway: Class, handlers: readonly DeclaredHandler[]): FrameworkError[] {
  return Object.entries({ onOpen: '@OnOpen()', onClose: '@OnClose()', onMessage: '@OnMessage()' }).flatMap(
    ([member, decorator]) => {
      const isHandler = handlers.some((handler) => handler.member === member);
      if (isHandler || !isMethod(gateway.prototype as object, member)) return [];
      return [websocketErrors.WEBSOCKET_HOOK_UNDECORATED({ place: placeOf(gateway, member), decorator })];
    },
  );
}
