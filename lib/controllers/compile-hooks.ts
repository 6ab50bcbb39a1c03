import type { Observable, Subscriber } from 'rxjs';
import type { Exchange } from '../http/exchange';
import { roomForEvents } from '../http/reply-writer';
import { isObservable, rx } from '../lifetime/observable';
import { observeEnd } from '../lifetime/observe-lifetime';
import type { ArgumentRooms } from './compile-arguments';
import { isPromise, whenSettled } from './collect-arguments';
import { controllerErrors } from './errors';
import type { RouteGuard, RouteInterceptor } from './hooks';
import type { AroundStep, BeforeStep, RouteDraft } from './route-draft';

/** Guards as steps, in order; the first that refuses decides. */
export function compileGuards(draft: RouteDraft, rooms: ArgumentRooms): BeforeStep[] {
  return draft.hooks.guards.map((reference) => {
    const guard = rooms.resolveHook<RouteGuard<never>>(reference);
    return (exchange) => {
      const answer: unknown = guard(exchange).canActivate(rooms.contextOf(exchange) as never);
      if (isPromise(answer)) return whenSettled(answer).then(refuseUnlessTrue);
      if (isObservable(answer)) return firstWithin(exchange, answer).then(refuseUnlessTrue);
      refuseUnlessTrue(answer);
      return undefined;
    };
  });
}

/** The first value, `false` when there is none; the end of the request unsubscribes. */
function firstWithin(exchange: Exchange, source: Observable<unknown>): Promise<unknown> {
  const { firstValueFrom, takeUntil } = rx();
  return firstValueFrom(source.pipe(takeUntil(observeEnd(exchange.lifetime))), { defaultValue: false });
}

/** Only `true` lets in: a guard that forgets to answer refuses. */
function refuseUnlessTrue(answer: unknown): void {
  if (answer !== true) throw controllerErrors.GUARD_REFUSED();
}

/** Interceptors as steps around the handler, the first the outermost. With `isEvents` they see each value of a generator. */
export function compileInterceptors(draft: RouteDraft, rooms: ArgumentRooms, isEvents: boolean): AroundStep[] {
  const spread = (value: unknown, exchange: Exchange): Observable<unknown> => {
    const values = toObservable(value);
    return isEvents ? values.pipe(rx().concatMap((one) => eachOf(one, exchange))) : values;
  };
  return draft.hooks.interceptors.map((reference) => {
    const interceptor = rooms.resolveHook<RouteInterceptor<never>>(reference);
    return (exchange: Exchange, next: () => unknown) => {
      const handle = (): Observable<unknown> => rx().defer(() => spread(next(), exchange));
      return interceptor(exchange).intercept(rooms.contextOf(exchange) as never, { handle });
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
function eachOf(value: unknown, exchange: Exchange): Observable<unknown> {
  if (!isAsyncIterable(value)) return rx().of(value);
  return new (rx().Observable)((subscriber) => {
    const iterator = value[Symbol.asyncIterator]();
    subscriber.add(() => void Promise.resolve(iterator.return?.()).catch(() => undefined));
    void pull(iterator, subscriber, exchange);
  });
}

async function pull(iterator: AsyncIterator<unknown>, subscriber: Subscriber<unknown>, exchange: Exchange): Promise<void> {
  try {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      if (subscriber.closed) return;
      subscriber.next(next.value);
      // An Observable cannot be told to wait, but where it comes from can.
      const room = roomForEvents(exchange);
      if (room !== undefined) await room;
    }
    subscriber.complete();
  } catch (error) {
    subscriber.error(error);
  }
}
