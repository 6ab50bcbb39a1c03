import type { IncomingMessage } from 'node:http';
import type { FrameworkError } from '../errors/framework-error';
import type { ConnectErrorMiddleware, ConnectMiddleware, NextFunction } from '../http/connect-middleware';
import type { Exchange } from '../http/exchange';
import { exchangeOf } from '../http/express-members';
import { Breaker } from '../resilience/breaker';
import type { DeclaredBreakers } from '../resilience/declared-breakers';
import { breakerOf, type CircuitBreakerOptions, type GivenBreaker, toReference } from './breaker-reference';
import { watch } from './breaker-step';
import { controllerErrors } from './errors';

type BreakerOf = (request: IncomingMessage) => Breaker;
type Bind = (declared: DeclaredBreakers, place: string) => BreakerOf;

const BIND = Symbol.for('rockstar-web.bind-middleware');

/**
 * Connect middleware that lets requests through a breaker to whatever is behind it, middleware or routes: `@Use(circuitBreaker(
 * 'users'))`, `app.use('/users', circuitBreaker(app.breakers.get('users')))`. It counts by what is answered: 500 to 599, and an
 * answer that breaks off, is a failure; a client that leaves is none. `timeoutMs` is the time until the answer begins.
 *
 * In: a name or options as for `@CircuitBreaker`, where `key` is given Node's request; or a breaker.
 * Fails with: BREAKER_OPEN (503), BREAKER_TIMEOUT (504), to the error handlers and filters around; at start as the decorator.
 */
export function circuitBreaker(
  breaker: string | Breaker | CircuitBreakerOptions<readonly [request: IncomingMessage]>,
): ConnectMiddleware {
  const given = breaker instanceof Breaker ? undefined : (breaker as GivenBreaker);
  const own: BreakerOf | undefined = breaker instanceof Breaker ? () => breaker : undefined;
  const bind: Bind = (declared, place) =>
    own ?? breakerOf<readonly [IncomingMessage]>(toReference(given as GivenBreaker, place), place, declared);
  return Object.assign(middlewareOf(own), { [BIND]: bind });
}

function middlewareOf(find: BreakerOf | undefined): ConnectMiddleware {
  return (request, _response, next) => {
    const exchange = exchangeOf(request);
    if (exchange === undefined || find === undefined) throw controllerErrors.BREAKER_MIDDLEWARE_UNBOUND();
    guard(find(request), exchange, next);
  };
}

/** The answer settles it, and it is over with the request. */
function guard(breaker: Breaker, exchange: Exchange, next: NextFunction): void {
  watch(breaker, breaker.begin(), exchange);
  next();
}

/** Gives middleware that needs the breakers of its application what it needs; any other is as it was. */
export function bindMiddleware<M extends ConnectMiddleware | ConnectErrorMiddleware>(
  middleware: M,
  declared: DeclaredBreakers | undefined,
  place: string,
): M {
  const bind = (middleware as { [BIND]?: Bind })[BIND];
  return bind === undefined || declared === undefined ? middleware : (middlewareOf(bind(declared, place)) as M);
}

/** What is wrong with middleware that stands in front of the application. Fails with: BREAKER_NAME_UNKNOWN, BREAKER_EXISTS. */
export function bindFront<M extends ConnectMiddleware | ConnectErrorMiddleware>(middleware: M, declared: DeclaredBreakers): M {
  const bound = bindMiddleware(middleware, declared, 'app.use()');
  const mistake: FrameworkError | undefined = bound === middleware ? undefined : declared.mistakes()[0];
  if (mistake !== undefined) throw mistake;
  return bound;
}
