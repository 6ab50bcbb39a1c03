import { Breaker } from '../resilience/breaker';
import type { BreakerCall } from '../resilience/breaker-call';
import type { Breakers } from '../resilience/breakers';
import { isCancellation } from '../lifetime/end-reason';
import type { UpstreamRequest } from './upstream-request';

/**
 * The breaker that calls of a client go through: its name among those of the application, or itself; or a name and a `key`, for
 * one of each origin (`'origin'`) or of whatever a function says of a request.
 */
export type UpstreamBreaker =
  string | Breaker | { readonly name: string; readonly key: 'origin' | ((request: UpstreamRequest) => string | undefined) };

/** The breaker of a request. */
export type BreakerOfRequest = (request: UpstreamRequest) => Breaker;

/** Fails with: BREAKER_NAME_UNKNOWN for a name that is a slip of another. */
export function findBreaker(given: UpstreamBreaker, breakers: Breakers): BreakerOfRequest {
  if (given instanceof Breaker) return () => given;
  const { name, key } = typeof given === 'string' ? { name: given, key: undefined } : given;
  const [mistake] = breakers.slipOf(name, 'HttpClient');
  if (mistake !== undefined) throw mistake;
  if (key === undefined) return () => breakers.get(name);
  return (request) => breakers.get(name, key === 'origin' ? request.url.origin : key(request));
}

export function isUpstreamBreaker(value: unknown): boolean {
  if (value instanceof Breaker) return true;
  if (typeof value === 'string') return value !== '';
  if (typeof value !== 'object' || value === null) return false;
  const { name, key } = value as { readonly name?: unknown; readonly key?: unknown };
  return typeof name === 'string' && name !== '' && (key === 'origin' || typeof key === 'function');
}

/** What becomes of a call to another service, as its breaker counts it. */
export class UpstreamTicket {
  readonly breaker: Breaker;
  readonly #ticket: BreakerCall;

  /** Lets the call in. Fails with: BREAKER_OPEN. */
  constructor(breaker: Breaker) {
    this.breaker = breaker;
    this.#ticket = breaker.begin();
  }

  /** A head is there: 500 to 599 is a failure, and 400 to 499 none, whatever follows; what follows any other decides. */
  answered(status: number, headers: unknown): void {
    this.#ticket.answered();
    if (status >= 500) this.#ticket.fail({ status, headers });
    else if (status === 429) this.#ticket.ignore();
    else if (status >= 400) this.#ticket.succeed();
  }

  /** The whole answer came. */
  ended(): void {
    this.#ticket.succeed();
  }

  timedOut(error: unknown): void {
    this.#ticket.timeOut(error);
  }

  /** It failed, or was cut; whoever stops reading is no failure of the other side. */
  failed(error: unknown): void {
    if (isCancellation(error)) this.#ticket.cancel(error);
    else this.#ticket.fail(error);
  }
}
