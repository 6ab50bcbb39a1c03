import { compileParameter } from '../controllers/compile-arguments';
import type { HookRooms } from '../controllers/compile-hooks';
import type { ControllerRooms } from '../controllers/compile-route';
import {
  type ArgumentReader,
  type ParameterDeclaration,
  type ParameterPlace,
  readFiller,
  readParameters,
} from '../controllers/parameter';
import type { RouteDraft } from '../controllers/route-draft';
import { type FrameworkError, isFrameworkError } from '../errors/framework-error';
import { readParameterTypes } from '../metadata/slot';
import { readInjectionMarks } from '../plugins/service-token';
import { websocketErrors } from './errors';
import type { Message } from './message';
import { WebSocketSession } from './web-socket-session';

/** Reads one argument of a handler; a promise is awaited. */
export type MessageArgument = (message: Message) => unknown;

/** Where one argument of a handler comes from. */
export type MessageParameter =
  /** The message itself. */
  | { readonly from: 'message'; readonly index: number; readonly type: unknown }
  /** The request that the session began as. */
  | { readonly from: 'request'; readonly read: ArgumentReader }
  /** The call of the handler, or its session. */
  | { readonly from: 'call'; readonly read: MessageArgument; readonly needsRequest: boolean };

/** What compiling the handlers of messages asks of the rooms above. */
export interface MessageHandlerRooms extends ControllerRooms {
  /** What a handler holds of a message. */
  contextOfMessage(message: Message): unknown;
}

/** Hooks and contexts for messages: hooks are had as for the request that their session began as. */
export function messageHooks(rooms: MessageHandlerRooms): HookRooms<Message> {
  return {
    contextOf: (message) => rooms.contextOfMessage(message),
    resolveHook(entry) {
      const hookOf = rooms.resolveHook(entry);
      return (message) => hookOf(message.exchange);
    },
  };
}

/** Where the arguments of a method come from. Mistakes are added to the draft's. */
export function readMessageParameters(
  prototype: object,
  member: string | symbol,
  draft: RouteDraft,
  rooms: MessageHandlerRooms,
): MessageParameter[] {
  const types = readParameterTypes(prototype, member);
  const declared = readParameters(prototype, member);
  const marks = readInjectionMarks(prototype, member);
  const { length } = (prototype as Record<string | symbol, { readonly length: number }>)[member];
  const arity = Math.max(types?.length ?? length, ...[...declared.keys(), ...marks.keys()].map((index) => index + 1));
  const found: MessageParameter[] = [];
  for (let index = 0; index < arity; index++) {
    const at: ParameterPlace = { place: draft.place, index, pattern: draft.pattern, type: types?.[index] };
    const parameter = marks.has(index)
      ? { from: 'request' as const, read: rooms.injected(member, index) }
      : readParameter(declared.get(index), at, types === undefined, draft, rooms);
    if (isFrameworkError(parameter)) draft.mistakes.push(parameter);
    else found.push(parameter);
  }
  return found;
}

function readParameter(
  declaration: ParameterDeclaration | undefined,
  at: ParameterPlace,
  isUntyped: boolean,
  { hooks }: RouteDraft,
  rooms: MessageHandlerRooms,
): MessageParameter | FrameworkError {
  if (declaration === undefined) {
    return isUntyped ? invalid(at, 'the compiler emitted no types, so that nobody knows what it is') : byType(at, rooms);
  }
  if (declaration.source === 'body') return invalid(at, 'a WebSocket has no body. Leave the decorator out: it is the message');
  if (declaration.ofCall !== true) {
    const read = compileParameter(declaration, at, hooks.pipes, rooms);
    return isFrameworkError(read) ? read : { from: 'request', read };
  }
  // What it reads of is any call: a message as well as a request.
  const ofCall = messageHooks(rooms) as unknown as ControllerRooms;
  const read = compileParameter(declaration, at, hooks.pipes, ofCall);
  return isFrameworkError(read) ? read : { from: 'call', read: read as unknown as MessageArgument, needsRequest: true };
}

function byType(at: ParameterPlace, rooms: MessageHandlerRooms): MessageParameter | FrameworkError {
  const { type, index } = at;
  if (type === WebSocketSession) return { from: 'call', read: ({ session }) => session.facade, needsRequest: false };
  const filler = readFiller(type);
  if (filler === undefined) return { from: 'message', index, type };
  if (!filler.ofCall) return invalid(at, `a ${nameOf(type)} is of a request, and none is being handled here`);
  const read = filler.fill(messageHooks(rooms) as unknown as ControllerRooms) as unknown as MessageArgument;
  return { from: 'call', read, needsRequest: type !== AbortSignal };
}

/** The mistake of a parameter that cannot be filled. */
export function invalid({ place, index }: Pick<ParameterPlace, 'place' | 'index'>, reason: string): FrameworkError {
  return websocketErrors.MESSAGE_PARAMETER_INVALID({ place, index, reason });
}

/** A declared type as people know it. */
export function nameOf(type: unknown): string {
  return typeof type === 'function' ? type.name : String(type);
}
