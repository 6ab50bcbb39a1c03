import type { Breaker } from '../resilience/breaker';
import type { Breakers } from '../resilience/breakers';
import type { Health } from './health';

/** What is not closed, and not switched off by an operator, works only now and then. */
function isSick({ state }: Breaker): boolean {
  return state === 'open' || state === 'half-open' || state === 'forced-open';
}

/** One sick key says little of what stands behind all of them. */
function isOutOfOrder(all: readonly Breaker[]): boolean {
  const plain = all.find(({ key }) => key === undefined);
  if (plain !== undefined && isSick(plain)) return true;
  const keyed = all.filter(({ key }) => key !== undefined);
  return keyed.length > 0 && keyed.filter(isSick).length * 2 >= keyed.length;
}

/**
 * Adds the indicator `circuit_breakers`: an open circuit of something required makes an application `degraded` and not `down`,
 * else all replicas would leave together. Its detail names them.
 */
export function watchBreakers(health: Health, breakers: Breakers): void {
  health.register(
    'circuit_breakers',
    () => {
      const open = breakers.names().filter((name) => breakers.isRequired(name) && isOutOfOrder(breakers.of(name)));
      return open.length === 0 ? 'up' : { status: 'degraded', detail: { open } };
    },
    { cacheMs: 0 },
  );
}
