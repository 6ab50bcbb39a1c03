import type { Lifetime } from '../lifetime/lifetime';
import { Exchange } from './exchange';

/** The request that `lifetime` is, or is a part of; `undefined`: it is nobody's request. */
export function exchangeAround(lifetime: Lifetime | undefined): Exchange | undefined {
  for (let at = lifetime; at !== undefined; at = at.owner) if (at.subject instanceof Exchange) return at.subject;
  return undefined;
}
