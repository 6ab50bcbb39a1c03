import { markHandler } from '../controllers/handler-members';
import { defineSlot } from '../metadata/slot';

/** What a method handles: messages of a type, whatever no type takes (`undefined`), the beginning or the end of a session. */
export type Handles =
  { readonly what: 'message'; readonly type: string | undefined } | { readonly what: 'open' } | { readonly what: 'close' };

const handled = defineSlot<readonly Handles[]>('web-socket-handles');
const members = defineSlot<readonly (string | symbol)[]>('web-socket-members');

/** Marks a method of a class with `@WebSocket`. */
type MethodHook = (target: object, member: string | symbol) => void;

function declareHandler(handles: Handles): MethodHook {
  return (target, member) => {
    handled.set(target, [handles, ...(handled.getOwn(target, member) ?? [])], member);
    members.update(target, (known = []) => (known.includes(member) ? known : [...known, member]));
    markHandler(target, member);
  };
}

/**
 * Handles messages of a type: text frames of JSON, objects whose `type` is it. Without a type: whatever no other method
 * takes, as it came.
 *
 * The message is the first parameter without a decorator that is no `WebSocketSession`, `RequestContext` or `AbortSignal`. By
 * its declared type: a class with class-validator decorators is made and checked (`type` is left out unless it is
 * declared); with a type, anything else is the object as it was sent; without one, `string` is text, `Buffer` bytes, a class
 * is read as JSON, and anything else gets text as a string and bytes as a Buffer.
 *
 * What the method returns is sent: text and bytes as they are, anything else as JSON, nothing for `undefined`; each
 * value of an Observable or async iterable as it comes, until the client goes. What it throws becomes an error frame
 * `{ type: 'error', code, detail, errors }`, and the socket stays. Messages of one session are handled one at a time, in
 * their order: the next when the promise of the last has settled; streams go on beside.
 */
export function OnMessage(type?: string): MethodHook {
  return declareHandler({ what: 'message', type });
}

/**
 * Runs when a session has begun; messages wait until its promise has settled. What it returns is sent.
 *
 * Parameters with `@Query`, `@Param`, `@Headers` and the like are read and checked before the upgrade, so that a bad one is
 * answered with 400. When it throws, the client gets an error frame and the session is closed: 1008 for an error with a
 * status below 500; 1013 for one that says when to come again (503 with `retry-after`, as of a breaker that is open, of a
 * full bulkhead, of a server that has too much to do); else 1011.
 */
export function OnOpen(): MethodHook {
  return declareHandler({ what: 'open' });
}

/** Runs once when a session is over; `socket.closeCode` and `socket.closeReason` tell how. Nothing it returns is sent. */
export function OnClose(): MethodHook {
  return declareHandler({ what: 'close' });
}

/** What a method handles, as the decorators said it. */
export function readHandles(prototype: object, member: string | symbol): readonly Handles[] {
  return handled.get(prototype, member) ?? [];
}

/** The methods of a class that handle something, inherited ones first. */
export function readHandlers(prototype: object): readonly (string | symbol)[] {
  return members.get(prototype) ?? [];
}

/** The decorator behind what a method handles, for messages. */
export function decoratorOf({ what }: Handles): string {
  return what === 'message' ? '@OnMessage()' : what === 'open' ? '@OnOpen()' : '@OnClose()';
}
