import type { CancelReason } from '../lifetime/end-reason';
import type { Lifetime } from '../lifetime/lifetime';

export type HttpProtocol = '1.1' | '2.0';

/** Where a route's numbers go; bound when the route is assembled. */
export interface RouteInstruments {
  record(status: number, durationMs: number, protocol: HttpProtocol): void;
  /** A request that was cut short, and why. */
  cancelled(reason: CancelReason): void;
  /** A request that was cut short a while ago, and whose work goes on. */
  workedAfterCancel(): void;
  /** The work of a request that was cut short has come to its end. In: so long after the cut. */
  woundUp(afterMs: number): void;
  /** A request whose caller's time was over before it was begun. */
  cameTooLate(): void;
  /** A connection that was closed because its client took requests back as fast as it made them. */
  flooded(): void;
}

/** Everything that is known about a route before a request comes. `X` is the exchange. */
export interface Target<X> {
  /** The method it was declared with; `*` for one that answers all. */
  readonly method: string;
  /** The template, e.g. `/users/:id`; empty for what matched no route. */
  readonly route: string;
  /** The plugin whose code runs: a handler's unsettled promise keeps it from closing. */
  readonly owner: Lifetime;
  /** Status of an answer that says none itself. */
  readonly status: number;
  /** Whether `status` was asked for (`@HttpCode`), so that an empty answer keeps it instead of becoming 204. */
  readonly statusDeclared: boolean;
  /** Response headers every answer of this route has, as name, value, name, value; names in lower case. */
  readonly fields: readonly string[];
  /** Whether the handler gets the body as an argument (`taken`), could ask for it later (`maybe`), or cannot (`none`: it is dropped). */
  readonly body: 'taken' | 'maybe' | 'none';
  /** Whether nothing is done for a request before its body was read whole: it may be run when that is there (`arrivedBody`). */
  readonly beginsWithBody?: boolean;
  /** What decorators wrote beside it, for guards and interceptors. */
  readonly metadata: ReadonlyMap<unknown, unknown>;
  /** The declaring method, e.g. `UsersController.one`; for messages. */
  readonly place: string;
  /** Milliseconds to answer in; 0: no limit. */
  readonly timeoutMs: number;
  /** Whether it also answers while the server is stopping (readiness must). */
  readonly answersWhileStopping: boolean;
  /** Whether it takes connections over: they leave HTTP at the end of the head, before anybody reads what is behind it. */
  readonly takesOver: boolean;
  readonly instruments: RouteInstruments;
  /** Runs the compiled route: a value, a promise or an Observable. May throw. */
  run(exchange: X): unknown;
}
