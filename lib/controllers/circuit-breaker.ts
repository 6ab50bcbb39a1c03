import { isFrameworkError } from '../errors/framework-error';
import { Exchange } from '../http/exchange';
import type { NamedBreakerOptions } from '../resilience/named-configurations';
import { callThrough } from './breaker-step';
import { guardMethod } from './guarded-methods';
import { shapeRoute, type RouteDraft } from './route-draft';
import { noteRoute } from './route-notes';

/** A breaker's options beside the decorator; without a name, the method's is its name. */
export interface CircuitBreakerOptions extends NamedBreakerOptions {
  readonly name?: string;
}

/** A decorator for a method, or a whole controller. */
export type CircuitBreakerDecorator = (target: object, member?: string | symbol) => void;

/**
 * Calls a handler, or a method of a provider, through a breaker of the application: on a route, a message handler, a whole
 * controller, or a provider's method that is declared to return a Promise or an Observable.
 *
 * In: a breaker's name, configured by the option `breakers` or with the defaults; or options, which may say a name.
 * Out: while it is open, a route answers 503 with `Retry-After` and `state: "circuit_breaker_open"`, and a method rejects.
 * Fails with: BREAKER_OPEN (503), BREAKER_TIMEOUT (504, where `timeoutMs` is said); BREAKER_OPTION_INVALID, BREAKER_EXISTS and
 * BREAKER_METHOD_INVALID at start.
 */
export function CircuitBreaker(breaker: string | CircuitBreakerOptions): CircuitBreakerDecorator {
  const shape = shapeRoute((draft) => addStep(draft, breaker));
  return (target, member) => {
    shape(target, member);
    if (member !== undefined) guardMethod(target, member, breaker);
  };
}

function addStep(draft: RouteDraft, given: string | CircuitBreakerOptions): void {
  const { breakers } = draft.rooms;
  if (breakers === undefined) return;
  const { name = draft.place, ...options } = typeof given === 'string' ? { name: given } : given;
  noteRoute(draft, 'breaker', name);
  try {
    if (typeof given !== 'string') breakers.define(name, options);
  } catch (error) {
    if (!isFrameworkError(error)) throw error;
    draft.mistakes.push(error);
    return;
  }
  const breaker = breakers.get(name);
  draft.wouldReject.push(() => breaker.state === 'open' || breaker.state === 'forced-open');
  draft.around.push({
    phase: 'breaker',
    run: (call, next) => callThrough(breaker, call, next, call instanceof Exchange && draft.sendsEvents),
  });
}
