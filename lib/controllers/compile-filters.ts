import { answerWith } from '../http/dispatch';
import type { Exchange } from '../http/exchange';
import { beginFailure, toFailure } from '../http/failure-reply';
import { isStreamSource, StreamedReply } from '../http/reply-stream';
import { whenFailsToBegin } from '../http/stream-begin';
import { currentLifetime, runInside } from '../lifetime/current';
import { isObservable, rx } from '../lifetime/observable';
import { isPromise, whenSettled } from './collect-arguments';
import { type HookRooms, toObservable } from './compile-hooks';
import { readCaught, type RouteFilter } from './hooks';
import type { RouteDraft } from './route-draft';

type Run<C = Exchange> = (call: C) => unknown;

/** What filters ask of who is answered. */
export interface Answering<C> {
  /** Nobody is left to answer, or the answer is out. */
  isOver(call: C): boolean;
  /** Whether it was answered by hand. */
  isAnswered(call: C): boolean;
  /** Lays aside what was prepared for the answer that did not come. */
  beginAnew(call: C, error: unknown): void;
  /** Lets `caught` answer where a value that comes over time fails before anything of it was sent. */
  watch?(call: C, value: unknown, caught: (error: unknown) => unknown): void;
}

type Filters<C> = readonly ((call: C) => RouteFilter<never>)[];

/** Requests: the filter finds the status of the failure, and nothing of the answer that the handler had begun to prepare. */
const requests: Answering<Exchange> = {
  isOver: ({ replied, begun }) => replied || begun?.ended === true,
  isAnswered: ({ replied }) => replied,
  beginAnew(exchange, error) {
    const failure = toFailure(error);
    exchange.status = failure.status ?? 500;
    exchange.statusDeclared = true;
    exchange.answering = false;
    beginFailure(exchange, failure);
  },
  watch(exchange, value, caught) {
    const isStream = typeof value === 'object' && value !== null && (value instanceof StreamedReply || isStreamSource(value));
    // `answering`: by `ctx.stream()`.
    if (!isStream && !exchange.answering) return;
    const current = currentLifetime();
    const answer = (error: unknown): void => answerWith(exchange, () => caught(error));
    whenFailsToBegin(exchange, (error) => (current === undefined ? answer(error) : runInside(current, () => answer(error))));
  },
};

/** Puts the filters around everything of a route; the one nearest to the handler is asked first. */
export function compileFilters({ hooks }: RouteDraft, rooms: HookRooms<Exchange>, run: Run): Run {
  return filterErrors(resolveFilters({ hooks }, rooms), rooms, run);
}

/** The filters of a route, the one nearest to the handler first. */
export function resolveFilters<C>({ hooks }: Pick<RouteDraft, 'hooks'>, rooms: HookRooms<C>): Filters<C> {
  return [...hooks.filters].reverse().map((reference) => rooms.resolveHook<RouteFilter<never>>(reference));
}

/** Runs what filters stand around of a request. Without filters it is `run` itself. */
export function filterErrors(filters: Filters<Exchange>, rooms: Pick<HookRooms<Exchange>, 'contextOf'>, run: Run): Run {
  return filterCalls(filters, rooms, requests, run);
}

/** `filterErrors` for whatever is called, and answered by `answering`. */
export function filterCalls<C>(
  filters: Filters<C>,
  { contextOf }: Pick<HookRooms<C>, 'contextOf'>,
  answering: Answering<C>,
  run: Run<C>,
): Run<C> {
  if (filters.length === 0) return run;
  const asking = { filters, contextOf, answering };
  return (call) => {
    const caught = (error: unknown): unknown => askFilters(asking, 0, error, call);
    let value: unknown;
    try {
      value = run(call);
    } catch (error) {
      return caught(error);
    }
    const filter = (made: unknown): unknown => {
      if (isObservable(made)) return made.pipe(rx().catchError((error: unknown) => toObservable(caught(error))));
      answering.watch?.(call, made, caught);
      return made;
    };
    return isPromise(value) ? whenSettled(value).then(filter, caught) : filter(value);
  };
}

interface Asking<C> {
  readonly filters: Filters<C>;
  readonly contextOf: (call: C) => unknown;
  readonly answering: Answering<C>;
}

/** Asks the filters from the one at `from` outwards; an error that none answers for goes on. */
function askFilters<C>(asking: Asking<C>, from: number, error: unknown, call: C): unknown {
  const { filters, contextOf, answering } = asking;
  if (answering.isOver(call)) throw error;
  const at = filters.findIndex((filter, index) => index >= from && answersFor(filter(call), error));
  const filter = filters[at]?.(call);
  if (filter === undefined) throw error;
  answering.beginAnew(call, error);
  const goOn = (other: unknown): unknown => askFilters(asking, at + 1, other, call);
  let answer: unknown;
  try {
    answer = filter.catch(error, contextOf(call) as never);
  } catch (other) {
    return goOn(other);
  }
  const orElse = (value: unknown): unknown => (value === undefined && !answering.isAnswered(call) ? goOn(error) : value);
  return isPromise(answer) ? whenSettled(answer).then(orElse, goOn) : orElse(answer);
}

function answersFor(filter: RouteFilter<never>, error: unknown): boolean {
  const classes = readCaught(filter);
  return classes.length === 0 || classes.some((errorClass) => error instanceof errorClass);
}
