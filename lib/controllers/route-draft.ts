import type { FrameworkError } from '../errors/framework-error';
import type { ConnectErrorMiddleware, ConnectMiddleware } from '../http/connect-middleware';
import type { Exchange } from '../http/exchange';
import { type Class, defineSlot } from '../metadata/slot';
import type { DeclaredBreakers } from '../resilience/declared-breakers';
import type { Call } from './call';
import type { HookLists } from './hooks';

/** Runs before the handler; throws to refuse. A promise is awaited. */
export type BeforeStep<C = Exchange> = (call: C) => unknown;

/** Runs around what is inside of it; calls `next` once, or answers itself. */
export type AroundStep<C = Exchange> = (call: C, next: () => unknown) => unknown;

/** When a step before the handler runs; the order is fixed, whatever the order of the decorators. Guards run for messages of a WebSocket too. */
type BeforeEntry =
  | { readonly phase: 'guards'; readonly run: BeforeStep<Call> }
  | { readonly phase: 'authentication' | 'upgrade' | 'push'; readonly run: BeforeStep };

/** When a step around the handler runs, the outer (`answer`, `page`) first. All but these stand around messages of a WebSocket too. */
type AroundEntry =
  | { readonly phase: 'breaker' | 'interceptors'; readonly run: AroundStep<Call> }
  | { readonly phase: 'answer' | 'page'; readonly run: AroundStep };

/** Makes pages of views. */
export interface PageMaker {
  /** What is wrong with a view that `place` makes pages of. */
  check(view: string, place: string): FrameworkError[];
  /** A page of a view and what it shows. */
  render(view: string, data: unknown, place: string): string;
}

/** Delivers what a page will need, before it is asked for. */
export interface PagePusher {
  /** The step of a route that does what `declared`, the room's own, says; none where it is switched off. */
  compile(declared: object, draft: RouteDraft): BeforeStep | undefined;
}

/** What the application lends to decorators that add a step. */
export interface StepRooms {
  /** Whether who is asking may do `action` to `resource`; `undefined` when the application has no `auth`. */
  readonly permits: ((call: Pick<Call, 'user'>, resource: string, action: string) => boolean | Promise<boolean>) | undefined;
  /** What 401 asks for. Default `Bearer`. */
  readonly challenge?: string | undefined;
  /** Absent when the application has no `views`. */
  readonly views?: PageMaker | undefined;
  /** The application's breakers, and who names them. */
  readonly breakers?: DeclaredBreakers | undefined;
  /** What a handler holds of a request, or of a message. */
  readonly contextOf?: ((call: Call) => unknown) | undefined;
  readonly push?: PagePusher | undefined;
}

/** A route while it is put together. Each decorator around a route changes it; then it is compiled. */
export interface RouteDraft {
  /** `UsersController.one`, for messages. */
  readonly place: string;
  readonly method: string;
  readonly pattern: string;
  readonly controller: Class;
  /** Whether what its handler gives is sent as server-sent events. */
  readonly sendsEvents: boolean;
  readonly rooms: StepRooms;
  status: number | undefined;
  /** Response headers of every answer: name, value, name, value. */
  readonly fields: string[];
  /** Milliseconds; `undefined`: the application's, 0: none. */
  timeoutMs: number | undefined;
  readonly metadata: Map<unknown, unknown>;
  readonly hooks: HookLists;
  /** Connect middleware in front of everything else, in the order in which it runs. */
  readonly middleware: (ConnectMiddleware | ConnectErrorMiddleware)[];
  readonly before: BeforeEntry[];
  /** Who knows beforehand that the handler will not be called, as a breaker that is open does: nothing is pushed then. */
  readonly wouldReject: ((exchange: Exchange) => boolean)[];
  readonly around: AroundEntry[];
  /** Wiring mistakes found on the way; they are reported with all others. */
  readonly mistakes: FrameworkError[];
}

/** Changes a draft. Those of the class come first, so that the method's have the last word. */
export type RouteShaper = (draft: RouteDraft) => void;

const shapers = defineSlot<readonly RouteShaper[]>('route-shapers');

/** A decorator for a method or a whole controller. */
export type RouteDecorator = (target: object, member?: string | symbol) => void;

/**
 * Makes a decorator that has a say in a route, on a method or for all of a controller. This is the one way in which a
 * decorator adds a step to a compiled route.
 */
export function shapeRoute(shaper: RouteShaper): RouteDecorator {
  return (target, member) => {
    const own = shapers.getOwn(target, member) ?? [];
    // Decorators are applied from the bottom up; people read them from the top down.
    shapers.set(target, [shaper, ...own], member);
  };
}

/** The shapers of a class, and of what it extends first. */
export function readShapers(target: object, member?: string | symbol): readonly RouteShaper[] {
  const parent: unknown = Object.getPrototypeOf(target);
  const inherited = typeof parent === 'object' || typeof parent === 'function' ? parent : null;
  const own = shapers.getOwn(target, member) ?? [];
  if (inherited === null || inherited === Object.prototype || inherited === Function.prototype) return own;
  return [...readShapers(inherited, member), ...own];
}
