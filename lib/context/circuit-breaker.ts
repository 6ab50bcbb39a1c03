import { circuitBreakerDecorator, type CircuitBreakerFactory } from '../controllers/circuit-breaker';
import type { RequestContext } from './request-context';

/**
 * Calls a handler, or a method of a provider, through a breaker of the application: on a route, a message handler, a whole
 * controller, or a provider's method that is declared to return a Promise or an Observable. See docs/circuit-breakers.md.
 *
 * In: a breaker's name, configured by the option `breakers` or with the defaults; or options, which may say a name and a `key`.
 * Out: while it is open, a route answers 503 with `Retry-After` and `state: "circuit_breaker_open"`, and a method rejects.
 * Fails with: BREAKER_OPEN (503), BREAKER_TIMEOUT (504, where `timeoutMs` is said); BREAKER_OPTION_INVALID, BREAKER_EXISTS,
 * BREAKER_NAME_UNKNOWN and BREAKER_METHOD_INVALID at start.
 */
export const CircuitBreaker: CircuitBreakerFactory<RequestContext> = circuitBreakerDecorator;
