import type { FrameworkError } from '../errors/framework-error';
import type { Lifetime } from '../lifetime/lifetime';

/** What the steps around a handler run for: a request (an `Exchange` is one), or a message of a WebSocket. */
export interface Call {
  /** Who is asking; `undefined`: nobody known. */
  readonly user: unknown;
  /** Its lifetime, if something needed one so far. */
  readonly begun: Lifetime | undefined;
  /** Made by the first that needs it. */
  readonly lifetime: Lifetime;
  /** Cuts it: its time, as somebody inside of it counts it, is up. In: what it is answered with. */
  timeOut(failure: FrameworkError): void;
}
