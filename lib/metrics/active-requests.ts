import { Exchange } from '../http/exchange';
import { exchangeAround } from '../http/exchange-around';
import { currentLifetime } from '../lifetime/current';
import type { CancelReason } from '../lifetime/end-reason';
import type { Lifetime } from '../lifetime/lifetime';
import { waitIn } from '../lifetime/waits-for';
import type { HttpInstruments } from './http-instruments';

/** A request whose work is still running. */
export interface ActiveRequest {
  readonly method: string;
  /** The route's template, e.g. `/users/:id`; empty where no route matched. */
  readonly route: string;
  /** Milliseconds since it began. */
  readonly ageMs: number;
  /**
   * `handler` (its code is at work), `client` (to send its body, or to read), `connection` (it took that over), or what a
   * room says: `query`, `upstream`, …
   */
  readonly waitsFor: string;
  /** Why it was cut; its work goes on all the same. */
  readonly cancelled?: CancelReason;
}

/** How often requests of a route were cut for a reason. */
export interface CancellationCount {
  readonly route: string;
  readonly reason: CancelReason;
  /** Since the application started. */
  readonly count: number;
  /** Of those, how many whose work has not come to its end. */
  readonly stillRunning: number;
}

/**
 * The requests whose work is running: those that wait for their answer, and those that are over but whose code goes on.
 * Inject it, or take `app.requests`. A request answered in the tick it began is never in it.
 */
export class ActiveRequests {
  readonly #lifetime: Lifetime;
  readonly #instruments: HttpInstruments;

  /** @internal */
  constructor(lifetime: Lifetime, instruments: HttpInstruments) {
    this.#lifetime = lifetime;
    this.#instruments = instruments;
  }

  /** All of them but the one that asks, the oldest first. */
  list(): ActiveRequest[] {
    const asking = exchangeAround(currentLifetime());
    return [...requestsIn(this.#lifetime)]
      .filter(({ exchange }) => exchange !== asking)
      .map(describe)
      .sort((one, other) => other.ageMs - one.ageMs);
  }

  /** Requests that were cut short, by route and reason, those of one route together. */
  cancellations(): CancellationCount[] {
    const running = new Map<string, number>();
    for (const { reason, exchange } of requestsIn(this.#lifetime)) {
      if (reason === undefined) continue;
      const key = keyOf(exchange.target.route, reason);
      running.set(key, (running.get(key) ?? 0) + 1);
    }
    return this.#instruments.cancellations().map(({ route, reason, count }) => {
      return { route, reason, count, stillRunning: running.get(keyOf(route, reason)) ?? 0 };
    });
  }
}

interface Running {
  readonly exchange: Exchange;
  readonly lifetime: Lifetime;
  readonly reason: CancelReason | undefined;
}

/** What is inside and not closed; what a request opened is its part. */
function* requestsIn(lifetime: Lifetime): Generator<Running> {
  for (const inside of lifetime.inside()) {
    const { subject, reason } = inside;
    if (!(subject instanceof Exchange)) yield* requestsIn(inside);
    else yield { exchange: subject, lifetime: inside, reason: reason === 'finished' ? undefined : reason };
  }
}

/** How many requests wait for their answer. */
export function countRequests(lifetime: Lifetime): number {
  let count = 0;
  // Whose connection was taken over, waits for no answer.
  for (const running of requestsIn(lifetime)) if (!running.lifetime.ended && running.exchange.taken?.done === undefined) count++;
  return count;
}

function describe({ exchange, lifetime, reason }: Running): ActiveRequest {
  const { wire, target, host, startedMs } = exchange;
  const waitsFor =
    exchange.taken?.done !== undefined && !lifetime.ended
      ? 'connection'
      : (waitIn(lifetime) ?? (!lifetime.ended && exchange.waitsForClient ? 'client' : 'handler'));
  const ageMs = Math.round(host.clock.now() - startedMs);
  const request = { method: wire.method, route: target.route, ageMs, waitsFor };
  return reason === undefined ? request : { ...request, cancelled: reason };
}

function keyOf(route: string, reason: CancelReason): string {
  return `${reason} ${route}`;
}
