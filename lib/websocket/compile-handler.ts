// Hot: what is made here runs once a message. What can be known before is thought of here; steps that are not there vanish.
import { isPromise, refuseArguments, withArguments } from '../controllers/collect-arguments';
import { type Answering, filterCalls, resolveFilters } from '../controllers/compile-filters';
import { compileGuards, compileInterceptors, type HookRooms } from '../controllers/compile-hooks';
import { insideCurrent } from '../controllers/inside-current';
import type { AroundStep, BeforeStep, RouteDraft } from '../controllers/route-draft';
import type { Call } from '../controllers/call';
import { runAround, runSteps } from '../controllers/run-steps';
import type { Message } from './message';
import { type MessageArgument, type MessageHandlerRooms, messageHooks } from './message-parameters';

type Run = (message: Message) => unknown;
type Method = (...args: unknown[]) => unknown;

/** A method to be called, and the arguments it takes. */
export interface MessageMethod {
  readonly member: string | symbol;
  readonly draft: RouteDraft;
  readonly args: readonly MessageArgument[];
}

/** A message is answered by frames, of which there may be any number: only a session that is over has nobody left. */
const messages: Answering<Message> = {
  isOver: ({ session }) => !session.isOpen,
  isAnswered: () => false,
  beginAnew: () => undefined,
};

/** The order is that of routes: guards → arguments (pipes, validation) → breaker → interceptors → method, filters around all. */
export function compileHandler(method: MessageMethod, rooms: MessageHandlerRooms): Run {
  const { draft } = method;
  const hooks = messageHooks(rooms);
  const before: BeforeStep<Message>[] = [...compileGuards(draft, hooks), ...guardStepsOf(draft)];
  const inner = compileMethod(method, rooms, hooks);
  const guarded = before.length === 0 ? inner : (message: Message) => runSteps(before, 0, message, inner);
  const filtered = filterCalls(resolveFilters(draft, hooks), hooks, messages, guarded);
  return rooms.needsCurrent ? insideCurrent(filtered) : filtered;
}

function guardStepsOf({ before }: RouteDraft): BeforeStep<Call>[] {
  return before.flatMap((step) => (step.phase === 'guards' ? [step.run] : []));
}

function breakerStepsOf({ around }: RouteDraft): AroundStep<Call>[] {
  return around.flatMap((step) => (step.phase === 'breaker' ? [step.run] : []));
}

function compileMethod({ member, draft, args }: MessageMethod, rooms: MessageHandlerRooms, hooks: HookRooms<Message>): Run {
  const around = [...breakerStepsOf(draft), ...compileInterceptors(draft, hooks, ({ session }) => session.room)];
  const { source } = rooms;
  if (around.length === 0 && source.kind === 'singleton') return compileCall(source.value, member, args);
  const call = (message: Message, values: readonly unknown[]): unknown => {
    const instance = source.kind === 'singleton' ? source.value : source.make(message.exchange);
    const result = (instance as Record<string | symbol, Method>)[member](...values);
    // What stands around it answers in its place, and does not say when it is through.
    if (isPromise(result)) message.pending = result;
    return result;
  };
  return (message) => withArguments(args, message, (values) => runAround(around, 0, message, () => call(message, values)));
}

/** The shortest way from the message to the method, by the number of its arguments. */
function compileCall(instance: object, member: string | symbol, args: readonly MessageArgument[]): Run {
  const method = (instance as Record<string | symbol, Method>)[member];
  const withAll = (all: readonly MessageArgument[], message: Message): unknown =>
    withArguments(all, message, (values) => method.apply(instance, values));
  const [first, second] = args as [MessageArgument, MessageArgument];
  if (args.length === 0) return () => method.call(instance);
  if (args.length > 2) return (message) => withAll(args, message);
  if (args.length === 1) {
    return (message) => {
      const one = first(message);
      return isPromise(one) ? withAll([() => one], message) : method.call(instance, one);
    };
  }
  return (message) => {
    let one: unknown;
    try {
      one = first(message);
    } catch (error) {
      return refuseArguments(args, message, [], error);
    }
    const two = second(message);
    if (isPromise(one) || isPromise(two)) return withAll([() => one, () => two], message);
    return method.call(instance, one, two);
  };
}
