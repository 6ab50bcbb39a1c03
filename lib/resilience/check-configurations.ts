import { failuresOf } from '../errors/failures-of';
import type { FrameworkError } from '../errors/framework-error';
import { Breakers } from './breakers';
import { resilienceErrors } from './errors';
import type { NamedBreakerOptions } from './named-configurations';

/** What is wrong with configurations by name, the first of each name. */
export function checkConfigurations(given: unknown): FrameworkError[] {
  if (given === undefined) return [];
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const got = Array.isArray(given) ? 'an array' : typeof given;
    return [
      resilienceErrors.BREAKER_OPTION_INVALID({
        of: 'The application',
        option: 'breakers',
        got,
        expected: 'an object of options by name',
      }),
    ];
  }
  const breakers = new Breakers();
  return Object.entries(given).flatMap(([name, options]) =>
    failuresOf(() => breakers.checkDefinition(name, options as NamedBreakerOptions)),
  );
}
