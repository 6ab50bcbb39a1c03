import type { Observable, Subscriber } from 'rxjs';
import { isObservable, rx } from '../lifetime/observable';
import { observeEnd } from '../lifetime/observe-lifetime';
import type { Call } from './call';
import { isPromise, whenSettled } from './collect-arguments';
import { controllerErrors } from './errors';
import type { HookEntry, RouteGuard, RouteInterceptor } from './hooks';
import type { AroundStep, BeforeStep, RouteDraft } from './route-draft';

/** How hooks, and the context they are given, are had for a call. */
export interface HookRooms<C> {
  contextOf(call: C): unknown;
  /** A hook: made by the container of the controller's module, or as it is given. */
  resolveHook<T>(entry: HookEntry<T>): (call: C) => T;
}

/** Guards as steps, in order; the first that refuses decides. */
export function compileGuards<C extends Call>({ hooks }: Pick<RouteDraft, 'hooks'>, rooms: HookRooms<C>): BeforeStep<C>[] {
  return hooks.guards.map((reference) => {
    const guard = rooms.resolveHook<RouteGuard<never>>(reference);
    return (call) => {
      const answer: unknown = guard(call).canActivate(rooms.contextOf(call) as never);
      if (isPromise(answer)) return whenSettled(answer).then(refuseUnlessTrue);
      if (isObservable(answer)) return firstWithin(call, answer).then(refuseUnlessTrue);
      refuseUnlessTrue(answer);
      return undefined;
    };
  });
}

/** The first value, `false` when there is none; the end of the request unsubscribes. */
function firstWithin({ lifetime }: Call, source: Observable<unknown>): Promise<unknown> {
  const { firstValueFrom, takeUntil } = rx();
  return firstValueFrom(source.pipe(takeUntil(observeEnd(lifetime))), { defaultValue: false });
}

/** Only `true` lets in: a guard that forgets to answer refuses. */
function refuseUnlessTrue(answer: unknown): void {
  if (answer !== true) throw controllerErrors.GUARD_REFUSED();
}

/** Says when there is room for one more value; `undefined`: now. */
type RoomFor<C> = (call: C) => PromiseLike<unknown> | undefined;

/**
 * Interceptors as steps around the handler, the first the outermost. With `roomFor` they see each value of a generator,
 * which is asked for no more than there is room for.
 */
export function compileInterceptors<C extends Call>(
  { hooks }: Pick<RouteDraft, 'hooks'>,
  rooms: HookRooms<C>,
  roomFor: RoomFor<C> | undefined,
): AroundStep<C>[] {
  const spread = (value: unknown, call: C): Observable<unknown> => {
    const values = toObservable(value);
    return roomFor === undefined ? values : values.pipe(rx().concatMap((one) => eachOf(one, () => roomFor(call))));
  };
  return hooks.interceptors.map((reference) => {
    const interceptor = rooms.resolveHook<RouteInterceptor<never>>(reference);
    return (call, next) => {
      const handle = (): Observable<unknown> => rx().defer(() => spread(next(), call));
      return interceptor(call).intercept(rooms.contextOf(call) as never, { handle });
    };
  });
}

/** A value once, a promise's value when it is there, an Observable as it is. */
export function toObservable(value: unknown): Observable<unknown> {
  if (isObservable(value)) return value;
  return isPromise(value) ? rx().from(value).pipe(rx().mergeMap(toObservable)) : rx().of(value);
}

/** Whether values come one by one, in a way that an Observable does not already have. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** What a generator yields, no faster than the client reads; anything else is one value. Unsubscribing returns the generator. */
function eachOf(value: unknown, roomFor: RoomFor<void>): Observable<unknown> {
  if (!isAsyncIterable(value)) return rx().of(value);
  return new (rx().Observable)((subscriber) => {
    const iterator = value[Symbol.asyncIterator]();
    subscriber.add(() => void Promise.resolve(iterator.return?.()).catch(() => undefined));
    void pull(iterator, subscriber, roomFor);
  });
}

async function pull(iterator: AsyncIterator<unknown>, subscriber: Subscriber<unknown>, roomFor: RoomFor<void>): Promise<void> {
  try {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      if (subscriber.closed) return;
      subscriber.next(next.value);
      // An Observable cannot be told to wait, but where it comes from can.
      const room = roomFor();
      if (room !== undefined) await room;
    }
    subscriber.complete();
  } catch (error) {
    subscriber.error(error);
  }
}
