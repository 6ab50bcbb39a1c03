import { Exchange } from '../http/exchange';
import { breakerOf, type CircuitBreakerOptions, type GivenBreaker, toReference } from './breaker-reference';
import { callThrough } from './breaker-step';
import type { Call } from './call';
import { guardClass, guardMethod } from './guarded-methods';
import { shapeRoute, type RouteDraft, type StepRooms } from './route-draft';
import { noteRoute } from './route-notes';

/** A decorator for a method, or a whole controller. */
export type CircuitBreakerDecorator = (target: object, member?: string | symbol) => void;

/** `@CircuitBreaker` for handlers that hold a `Context`. */
export interface CircuitBreakerFactory<Context> {
  (breaker: string | CircuitBreakerOptions<readonly [context: Context]>): CircuitBreakerDecorator;
  <Args extends readonly unknown[]>(breaker: CircuitBreakerOptions<Args>): CircuitBreakerDecorator;
}

/** What `@CircuitBreaker` is. */
export const circuitBreakerDecorator: CircuitBreakerFactory<never> = (breaker: GivenBreaker): CircuitBreakerDecorator => {
  const shape = shapeRoute((draft) => addStep(draft, breaker));
  return (target, member) => {
    shape(target, member);
    if (member === undefined) guardClass(target);
    else guardMethod(target, member, breaker);
  };
};

function addStep(draft: RouteDraft, given: GivenBreaker): void {
  const reference = toReference(given, draft.place);
  const { name, key } = reference;
  noteRoute(draft, 'breaker', name);
  const { breakers: declared, contextOf } = draft.rooms;
  if (declared === undefined) return;
  const ofContext = breakerOf<readonly unknown[]>(reference, draft.place, declared);
  const find = key === undefined ? ofContext : (call: Call) => ofContext(contextFor(call, contextOf));
  const isEvents = draft.sendsEvents;
  draft.wouldReject.push((exchange) => find(exchange).wouldReject);
  draft.around.push({
    phase: 'breaker',
    run: (call, next) => callThrough(find(call), call, next, isEvents && call instanceof Exchange),
  });
}

function contextFor(call: Call, contextOf: StepRooms['contextOf']): unknown {
  return contextOf?.(call);
}
