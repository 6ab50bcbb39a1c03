import { type ConnectErrorMiddleware, type ConnectMiddleware, MiddlewareChain } from '../http/connect-middleware';
import type { Exchange } from '../http/exchange';
import { throughMiddleware } from '../http/middleware-walk';
import { bindMiddleware } from './breaker-middleware';
import { controllerErrors } from './errors';
import { insideCurrent } from './inside-current';
import { type RouteDecorator, type RouteDraft, shapeRoute } from './route-draft';

/** What `@Use` takes. */
export type RouteMiddleware = ConnectMiddleware | ConnectErrorMiddleware;

interface UseMiddleware {
  (...middleware: readonly ConnectMiddleware[]): RouteDecorator;
  (...middleware: readonly RouteMiddleware[]): RouteDecorator;
}

/**
 * Connect middleware in front of a route, or of each of a controller's: it runs before authentication, in this order, that
 * of the controller first; the route's deadline starts behind it. Those with four parameters are error handlers: they
 * are asked for errors of the middleware before them and of the route, before filters are.
 */
export const Use: UseMiddleware = (...middleware: readonly RouteMiddleware[]) =>
  shapeRoute((draft) => {
    for (const one of middleware) {
      if (typeof one === 'function') draft.middleware.push(bindMiddleware(one, draft.rooms.breakers, draft.place));
      else draft.mistakes.push(middlewareInvalid(draft, one));
    }
  });

function middlewareInvalid({ place }: RouteDraft, got: unknown) {
  return controllerErrors.HOOK_INVALID({
    decorator: '@Use',
    place,
    expected: 'Connect middleware, functions of (request, response, next)',
    got: got === undefined ? 'undefined (two files that import each other?)' : typeof got,
  });
}

type Run = (exchange: Exchange) => unknown;

/** Puts the middleware of a route in front of everything else of it. */
export function compileMiddleware({ middleware }: RouteDraft, needsCurrent: boolean, run: Run): Run {
  if (middleware.length === 0) return run;
  const chain = new MiddlewareChain(middleware.map((one) => ({ mount: undefined, run: one })));
  // A middleware may go on from a callback in which nobody knows any more whose request this is.
  const beyond = { proceed: needsCurrent ? insideCurrent(run) : run };
  return (exchange) => throughMiddleware(chain, exchange, beyond);
}
