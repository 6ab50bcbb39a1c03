import { isPromise, whenSettled } from '../controllers/collect-arguments';
import { type RouteDecorator, shapeRoute } from '../controllers/route-draft';
import { noteRoute } from '../controllers/route-notes';
import { securityErrors } from './errors';

/**
 * Lets only those in who may do `action` to `resource`: nobody known answers 401 with `WWW-Authenticate`, a known user
 * without the permission 403. On a route or a controller; runs after authentication, with the guards.
 *
 * Fails with: AUTH_REQUIRED, AUTH_FORBIDDEN; AUTH_NOT_CONFIGURED at start.
 */
export function Authorize(resource: string, action: string): RouteDecorator {
  return shapeRoute((draft) => {
    noteRoute(draft, 'authorize', `${resource}:${action}`);
    const { permits } = draft.rooms;
    if (permits === undefined) {
      draft.mistakes.push(securityErrors.AUTH_NOT_CONFIGURED({ place: draft.place, resource, action }));
      return;
    }
    draft.before.push({
      phase: 'guards',
      run: (exchange) => {
        if (exchange.user === undefined) throw securityErrors.AUTH_REQUIRED({}, { headers: { 'www-authenticate': 'Bearer' } });
        const answer = permits(exchange, resource, action);
        if (isPromise(answer)) return whenSettled(answer).then((permitted) => refuseUnless(permitted, resource, action));
        refuseUnless(answer, resource, action);
        return undefined;
      },
    });
  });
}

function refuseUnless(permitted: unknown, resource: string, action: string): void {
  if (permitted !== true) throw securityErrors.AUTH_FORBIDDEN({ resource, action });
}
