import { FrameworkError, withoutStack } from '../errors/framework-error';
import { resilienceErrors } from './errors';

const { BREAKER_OPEN, BREAKER_TIMEOUT } = resilienceErrors;

/**
 * A call that a breaker did not let through: `code` BREAKER_OPEN, status 503 with `Retry-After`, and
 * `state: "circuit_breaker_open"` in the body. It has no stack: it tells of an event, not of a place in the code.
 */
export class BreakerOpenError extends FrameworkError {
  /** The breaker's name. */
  readonly breaker: string;
  /** Which of the breakers of its name. */
  readonly key: string | undefined;
  /** When to come again, in milliseconds, as far as is known; 1,000 while trials are under way. */
  readonly retryAfterMs: number;
  declare readonly status: number;

  constructor(breaker: string, retryAfterMs: number, key?: string) {
    super(BREAKER_OPEN.code, `BREAKER_OPEN: breaker "${breaker}" lets no call through`, 503, {
      detail: 'What this needs is out of order; try again later.',
      headers: retryAfterHeaders(retryAfterMs),
      members: OPEN_MEMBERS,
    });
    this.breaker = breaker;
    this.key = key;
    this.retryAfterMs = retryAfterMs;
  }
}

const OPEN_MEMBERS = { state: 'circuit_breaker_open' };

let lastHeaders: { readonly 'retry-after': string } = { 'retry-after': '1' };

/** Whole seconds, rounded up, at least 1: who comes earlier comes in vain. Rejections come in crowds with the same. */
export function retryAfterHeaders(retryAfterMs: number): Readonly<Record<string, string>> {
  const seconds = String(Math.max(1, Math.ceil(retryAfterMs / 1_000)));
  if (lastHeaders['retry-after'] !== seconds) lastHeaders = { 'retry-after': seconds };
  return lastHeaders;
}

/** A call that took longer than the `timeoutMs` of its breaker or policy: `code` BREAKER_TIMEOUT, status 504. It has no stack. */
export class BreakerTimeoutError extends FrameworkError {
  /** The name of the breaker, or of the policy's. */
  readonly breaker: string;
  readonly timeoutMs: number;
  declare readonly status: number;

  constructor(breaker: string, timeoutMs: number) {
    super(BREAKER_TIMEOUT.code, `BREAKER_TIMEOUT: a call through "${breaker}" took longer than ${timeoutMs} ms`, 504, {
      detail: 'What this needs did not answer in time.',
    });
    this.breaker = breaker;
    this.timeoutMs = timeoutMs;
  }
}

export function openError(breaker: string, retryAfterMs: number, key: string | undefined): BreakerOpenError {
  return withoutStack(() => new BreakerOpenError(breaker, retryAfterMs, key));
}

export function timeoutError(breaker: string, timeoutMs: number): BreakerTimeoutError {
  return withoutStack(() => new BreakerTimeoutError(breaker, timeoutMs));
}
