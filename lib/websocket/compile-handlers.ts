import type { FrameworkError } from '../errors/framework-error';
import { isFrameworkError } from '../errors/framework-error';
import type { Exchange } from '../http/exchange';
import type { Class } from '../metadata/slot';
import { compileHandler } from './compile-handler';
import type { GatewayHandlers } from './gateway';
import type { MessageHandler } from './message';
import { draftHandler } from './message-draft';
import {
  invalid,
  type MessageArgument,
  type MessageHandlerRooms,
  messageHooks,
  type MessageParameter,
  nameOf,
  readMessageParameters,
} from './message-parameters';
import { compileMessageValue, formOf, type MessageForm } from './message-value';
import type { Handles } from './on-message';
import { type DeclaredHandler, declaredHandlers } from './read-gateway';
import type { WebSocketInstruments } from './web-socket-instruments';
import type { RouteDraft } from '../controllers/route-draft';

/** What compiling the handlers of a class asks of the rooms above. */
export interface HandlersRooms extends MessageHandlerRooms {
  readonly instruments: WebSocketInstruments;
}

/** The compiled methods of a class. */
export interface CompiledHandlers extends GatewayHandlers {
  /** What `@OnOpen` asks of the request: read before the upgrade, in this order. */
  readonly beforeUpgrade: readonly ((exchange: Exchange) => unknown)[];
  /** Whether one of them asks for the request behind the upgrade. */
  readonly keepsRequest: boolean;
}

/** Compiles every handler of a class. Mistakes are added to `mistakes`. */
export function compileHandlers(
  gateway: Class,
  path: string,
  rooms: HandlersRooms,
  mistakes: FrameworkError[],
): CompiledHandlers {
  const byType = new Map<string, MessageHandler>();
  const one: { other?: CompiledHandlers['other']; open?: MessageHandler; close?: MessageHandler } = {};
  let beforeUpgrade: CompiledHandlers['beforeUpgrade'] = [];
  let keepsRequest = rooms.needsCurrent || rooms.source.kind === 'request';
  for (const declared of declaredHandlers(gateway)) {
    const compiled = compileOne(gateway, path, declared, rooms);
    const { handles } = declared;
    mistakes.push(...compiled.mistakes);
    keepsRequest ||= compiled.keepsRequest;
    if (handles.what === 'open') {
      one.open = compiled.handler;
      beforeUpgrade = compiled.beforeUpgrade;
    } else if (handles.what === 'close') one.close = compiled.handler;
    else if (handles.type === undefined) one.other = { handler: compiled.handler, form: compiled.form };
    else byType.set(handles.type, compiled.handler);
  }
  return { byType, other: one.other, open: one.open, close: one.close, beforeUpgrade, keepsRequest };
}

interface CompiledHandler {
  readonly handler: MessageHandler;
  readonly form: MessageForm;
  readonly beforeUpgrade: CompiledHandlers['beforeUpgrade'];
  readonly keepsRequest: boolean;
  readonly mistakes: readonly FrameworkError[];
}

function compileOne(gateway: Class, path: string, { member, handles }: DeclaredHandler, rooms: HandlersRooms): CompiledHandler {
  const draft = draftHandler(gateway, member, path, rooms);
  const parameters = readMessageParameters(gateway.prototype as object, member, draft, rooms);
  const message = theMessage(parameters, handles, draft);
  const { args, beforeUpgrade } = compileArguments(parameters, handles, draft, rooms);
  const run = compileHandler({ member, draft, args }, rooms);
  const { place, pattern: route, metadata } = draft;
  const timeoutMs = draft.timeoutMs ?? (handles.what === 'message' ? rooms.timeoutMs : 0);
  const durations = rooms.instruments.durations(handles.what === 'message' ? handles.type : `@${handles.what}`);
  return {
    handler: { place, route, metadata, timeoutMs, durations, run },
    form: message === undefined ? 'raw' : formOf(message.type, isTyped(handles)),
    beforeUpgrade,
    keepsRequest: hasSteps(draft) || parameters.some((one) => needsRequest(one, handles)),
    mistakes: draft.mistakes,
  };
}

type TheMessage = Extract<MessageParameter, { readonly from: 'message' }>;

/** The one parameter that is the message. Others that nothing fills are mistakes. */
function theMessage(parameters: readonly MessageParameter[], handles: Handles, draft: RouteDraft): TheMessage | undefined {
  const candidates = parameters.filter((one): one is TheMessage => one.from === 'message');
  const message = handles.what === 'message' ? candidates.shift() : undefined;
  for (const { index, type } of candidates) {
    const reason = `nothing fills a ${nameOf(type)} here. Say where it comes from (@Query, @Param, @Headers, @Cookies, @Ctx, @Signal, @Inject), or declare it as WebSocketSession, RequestContext or AbortSignal`;
    draft.mistakes.push(invalid({ place: draft.place, index }, reason));
  }
  return message;
}

function isTyped(handles: Handles): boolean {
  return handles.what === 'message' && handles.type !== undefined;
}

function compileArguments(
  parameters: readonly MessageParameter[],
  handles: Handles,
  draft: RouteDraft,
  rooms: HandlersRooms,
): { readonly args: MessageArgument[]; readonly beforeUpgrade: CompiledHandlers['beforeUpgrade'] } {
  const beforeUpgrade: ((exchange: Exchange) => unknown)[] = [];
  const args = parameters.map((parameter): MessageArgument => {
    if (parameter.from === 'call') return parameter.read;
    if (parameter.from === 'message') return compileMessage(parameter, handles, draft, rooms);
    const { read } = parameter;
    if (handles.what !== 'open') return ({ exchange }) => read(exchange);
    const at = beforeUpgrade.push(read) - 1;
    return ({ value }) => (value as readonly unknown[])[at];
  });
  return { args, beforeUpgrade };
}

function compileMessage({ index, type }: TheMessage, handles: Handles, draft: RouteDraft, rooms: HandlersRooms): MessageArgument {
  // It was told that nothing fills it.
  if (handles.what !== 'message') return () => undefined;
  const { place, hooks, mistakes } = draft;
  const read = compileMessageValue({ place, index, type }, isTyped(handles), hooks.pipes, messageHooks(rooms));
  if (!isFrameworkError(read)) return read;
  mistakes.push(read);
  return () => undefined;
}

function hasSteps({ hooks, before, around }: RouteDraft): boolean {
  const { guards, pipes, interceptors, filters } = hooks;
  return guards.length + pipes.length + interceptors.length + filters.length + before.length + around.length > 0;
}

function needsRequest(parameter: MessageParameter, { what }: Handles): boolean {
  if (parameter.from === 'request') return what !== 'open';
  return parameter.from === 'call' && parameter.needsRequest;
}
