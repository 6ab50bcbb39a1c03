import type { Exchange } from '../http/exchange';
import { beginFailure, toFailure } from '../http/failure-reply';
import { isObservable, rx } from '../lifetime/observable';
import { isPromise, whenSettled } from './collect-arguments';
import type { ArgumentRooms } from './compile-arguments';
import { toObservable } from './compile-hooks';
import { type PerExchange, readCaught, type RouteFilter } from './hooks';
import type { RouteDraft } from './route-draft';

type Run = (exchange: Exchange) => unknown;

/** Puts the filters around everything of a route; the one nearest to the handler is asked first. */
export function compileFilters(draft: RouteDraft, rooms: ArgumentRooms, run: Run): Run {
  if (draft.hooks.filters.length === 0) return run;
  const filters = [...draft.hooks.filters].reverse().map((reference) => rooms.resolveHook<RouteFilter<never>>(reference));
  return filterErrors(filters, rooms, run);
}

export function filterErrors(
  filters: readonly PerExchange<RouteFilter<never>>[],
  rooms: Pick<ArgumentRooms, 'contextOf'>,
  run: Run,
): Run {
  return (exchange) => {
    const caught = (error: unknown): unknown => askFilters(filters, 0, error, exchange, rooms);
    let value: unknown;
    try {
      value = run(exchange);
    } catch (error) {
      return caught(error);
    }
    if (isPromise(value)) return whenSettled(value).then((later) => filterObservable(later, caught), caught);
    return filterObservable(value, caught);
  };
}

function filterObservable(value: unknown, caught: (error: unknown) => unknown): unknown {
  return isObservable(value) ? value.pipe(rx().catchError((error: unknown) => toObservable(caught(error)))) : value;
}

/** Asks the filters from the one at `from` outwards; an error that none answers for goes on. */
function askFilters(
  filters: readonly PerExchange<RouteFilter<never>>[],
  from: number,
  error: unknown,
  exchange: Exchange,
  rooms: Pick<ArgumentRooms, 'contextOf'>,
): unknown {
  // Nobody is left to answer: the request was cut, or its answer began.
  if (exchange.replied || exchange.begun?.ended === true) throw error;
  const at = filters.findIndex((filter, index) => index >= from && answersFor(filter(exchange), error));
  const filter = filters[at]?.(exchange);
  if (filter === undefined) throw error;
  beginAnew(exchange, error);
  const goOn = (other: unknown): unknown => askFilters(filters, at + 1, other, exchange, rooms);
  let answer: unknown;
  try {
    answer = filter.catch(error, rooms.contextOf(exchange) as never);
  } catch (other) {
    return goOn(other);
  }
  const orElse = (value: unknown): unknown => (value === undefined && !exchange.replied ? goOn(error) : value);
  return isPromise(answer) ? whenSettled(answer).then(orElse, goOn) : orElse(answer);
}

/** A filter finds the status of the failure, and nothing of the answer that the handler had begun to prepare. */
function beginAnew(exchange: Exchange, error: unknown): void {
  const failure = toFailure(error);
  exchange.status = failure.status ?? 500;
  exchange.statusDeclared = true;
  exchange.answering = false;
  beginFailure(exchange, failure);
}

function answersFor(filter: RouteFilter<never>, error: unknown): boolean {
  const classes = readCaught(filter);
  return classes.length === 0 || classes.some((errorClass) => error instanceof errorClass);
}
