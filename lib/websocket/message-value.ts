import { isPromise, whenSettled } from '../controllers/collect-arguments';
import type { HookRooms } from '../controllers/compile-hooks';
import type { HookEntry } from '../controllers/hooks';
import { type FrameworkError, isFrameworkError } from '../errors/framework-error';
import { isValidatedClass } from '../validation/class-plan';
import { explainErasedType } from '../validation/erased-type';
import type { PipeTransform } from '../validation/pipe';
import type { Message } from './message';
import { invalid, type MessageArgument, nameOf } from './message-parameters';
import { type CheckMessage, compileMessageCheck } from './read-message';

/** How a message is handed to its method: as it came, as text, as bytes, or as the value that its JSON says. */
export type MessageForm = 'raw' | 'text' | 'bytes' | 'json';

/** The form that messages are wanted in, by the declared type of the parameter. */
export function formOf(type: unknown, isTyped: boolean): MessageForm {
  if (isTyped) return 'json';
  if (type === String) return 'text';
  if (type === Buffer || type === Uint8Array) return 'bytes';
  return type === Object ? 'raw' : 'json';
}

/** What can hold a message: an object, and without a type of message also text or bytes. */
function whyNoMessage(type: unknown, isTyped: boolean): string | undefined {
  if (type === undefined || type === Function) return explainErasedType(type === Function ? Object : undefined);
  if (type === Object || isValidatedClass(type)) return undefined;
  const isPlainMessage = type === String || type === Buffer || type === Uint8Array;
  if (isPlainMessage && isTyped) return `a message of a type is an object, which no ${nameOf(type)} holds. Declare a class`;
  if (isPlainMessage || !isBuiltIn(type)) return undefined;
  return `a ${nameOf(type)} holds no message. Declare a class${isTyped ? '' : ', string or Buffer'}`;
}

function isBuiltIn(type: unknown): boolean {
  return (globalThis as Record<string, unknown>)[nameOf(type)] === type;
}

/** What stands between a message as it came and the argument that it becomes: pipes, then its class. */
export function compileMessageValue(
  at: { readonly place: string; readonly index: number; readonly type: unknown },
  isTyped: boolean,
  pipes: readonly HookEntry<PipeTransform>[],
  hooks: HookRooms<Message>,
): MessageArgument | FrameworkError {
  const reason = whyNoMessage(at.type, isTyped);
  if (reason !== undefined) return invalid(at, reason);
  try {
    const check = isValidatedClass(at.type) ? compileMessageCheck(at.type) : undefined;
    if (pipes.length > 0) return piped(at.type, pipes, hooks, check);
    return check === undefined ? ({ value }) => value : ({ value }) => check(value);
  } catch (error) {
    // A class that cannot be checked is one mistake among others.
    if (isFrameworkError(error)) return error;
    throw error;
  }
}

function piped(
  type: unknown,
  entries: readonly HookEntry<PipeTransform>[],
  hooks: HookRooms<Message>,
  check: CheckMessage = (value) => value,
): MessageArgument {
  const pipes = entries.map((entry) => hooks.resolveHook(entry));
  return (message) => {
    let value = message.value;
    for (const pipe of pipes) {
      const next = (ready: unknown): unknown => pipe(message).transform(ready, { source: 'message', type });
      value = isPromise(value) ? whenSettled(value).then(next) : next(value);
    }
    return isPromise(value) ? whenSettled(value).then(check) : check(value);
  };
}
