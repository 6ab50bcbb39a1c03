import type { ControllerRooms } from '../controllers/compile-route';
import type { RouteDescription } from '../controllers/describe-routes';
import { hookClassesOf } from '../controllers/hook-classes';
import type { DraftRooms } from '../controllers/make-draft';
import { readNotes } from '../controllers/route-notes';
import type { Logger } from '../diagnostics/logger';
import type { FrameworkError } from '../errors/framework-error';
import type { RouteTarget } from '../http/exchange';
import type { Clock } from '../lifetime/clock';
import type { Deadlines } from '../lifetime/deadline';
import type { Class, ConcreteClass } from '../metadata/slot';
import type { RouteEntry } from '../routing/route-entry';
import { checkWebSocketOptions } from './check-options';
import type * as CompileGateway from './compile-gateway';
import type { Message } from './message';
import { draftUpgrade } from './message-draft';
import { readHandlers } from './on-message';
import { checkGateway, checkNoGateway, declaredHandlers } from './read-gateway';
import { readWebSocket } from './web-socket';
import type { WebSocketInstruments } from './web-socket-instruments';
import { toWebSocketSettings, type WebSocketOptions } from './web-socket-options';
import { WebSocketRooms } from './web-socket-rooms';

/** What an application lends to its WebSockets. */
export interface WebSocketsRooms {
  /** For all classes, where they say nothing else. */
  readonly options: WebSocketOptions | undefined;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  readonly instrumentsFor: (route: string) => WebSocketInstruments;
  /** What a handler holds of a message. */
  readonly contextOf: (message: Message) => unknown;
}

/** The WebSockets of an application: compiles classes with `@WebSocket`, and knows their rooms. */
export class WebSockets {
  readonly rooms = new WebSocketRooms();
  readonly #application: WebSocketsRooms;

  constructor(application: WebSocketsRooms) {
    this.#application = application;
  }

  /** Whether a class has `@WebSocket`. */
  declares(controller: Class): boolean {
    return readWebSocket(controller) !== undefined;
  }

  /** What is wrong with a class that has none. */
  checkOther(controller: Class): FrameworkError[] {
    return checkNoGateway(controller);
  }

  /** Compiles a class that has one. Mistakes are added to `mistakes`. */
  compile(gateway: Class, rooms: ControllerRooms, mistakes: FrameworkError[]): RouteEntry<RouteTarget> {
    const { options: defaults, clock, deadlines, logger, contextOf, instrumentsFor } = this.#application;
    const { path, options } = readDeclaration(gateway);
    mistakes.push(...checkGateway(gateway), ...checkWebSocketOptions(options, `@WebSocket() of ${gateway.name}`));
    const all = {
      ...rooms,
      clock,
      deadlines,
      logger,
      settings: toWebSocketSettings(options, defaults),
      contextOfMessage: contextOf,
      rooms: this.rooms.allOf(gateway),
      instruments: instrumentsFor(draftUpgrade(gateway, path, rooms).pattern),
    };
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
    const { compileGateway } = require('./compile-gateway') as typeof CompileGateway;
    return compileGateway(gateway, path, all, mistakes);
  }

  /** What can be said of such a class before anything of it is made. */
  describe(gateway: Class, rooms: DraftRooms & { readonly timeoutMs: number }): RouteDescription {
    const { pattern, place, hooks, metadata, timeoutMs } = draftUpgrade(gateway, readDeclaration(gateway).path, rooms);
    const guards = hooks.guards.map((hook) => (typeof hook === 'function' ? hook.name : (hook as object).constructor.name));
    const notes = { ...readNotes(metadata), websocket: declaredHandlers(gateway).flatMap(({ handles }) => wordsFor(handles)) };
    return { method: 'GET', path: pattern, place, guards, timeoutMs: timeoutMs ?? rooms.timeoutMs, notes };
  }
}

function wordsFor(handles: ReturnType<typeof declaredHandlers>[number]['handles']): string[] {
  return handles.what === 'message' ? [handles.type ?? '(any)'] : [];
}

function readDeclaration(gateway: Class) {
  return readWebSocket(gateway) ?? { path: '', options: {} };
}

/** The classes of hooks that the handlers of messages of a class name, for its module to make. */
export function messageHookClassesOf(controller: Class): ConcreteClass[] {
  return hookClassesOf(controller, readHandlers(controller.prototype as object));
}
