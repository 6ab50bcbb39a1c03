import type { Call } from '../controllers/call';
import { isPromise, whenSettled } from '../controllers/collect-arguments';
import { type RouteDecorator, shapeRoute, type StepRooms } from '../controllers/route-draft';
import { noteRoute } from '../controllers/route-notes';
import type { FrameworkError } from '../errors/framework-error';
import { Exchange } from '../http/exchange';
import { invalidToken, readBearer } from './bearer';
import { securityErrors } from './errors';

/**
 * Lets only those in who may do `action` to `resource`; without the two, everybody who is known. Nobody known answers 401
 * with `WWW-Authenticate` (the `challenge` of `auth`), a known user without the permission 403. On a route or a
 * controller; runs after authentication, with the guards.
 *
 * Fails with: AUTH_REQUIRED, AUTH_FORBIDDEN; AUTH_NOT_CONFIGURED at start.
 */
export function Authorize(): RouteDecorator;
export function Authorize(resource: string, action: string): RouteDecorator;
export function Authorize(resource?: string, action = ''): RouteDecorator {
  return shapeRoute((draft) => {
    noteRoute(draft, 'authorize', resource === undefined ? 'anybody known' : `${resource}:${action}`);
    const { permits, challenge = 'Bearer' } = draft.rooms;
    if (resource !== undefined && permits === undefined) {
      draft.mistakes.push(securityErrors.AUTH_NOT_CONFIGURED({ place: draft.place, resource, action }));
      return;
    }
    const check = resource === undefined ? undefined : checkOf(permits, resource, action);
    draft.before.push({
      phase: 'guards',
      run: (call) => {
        if (call.user === undefined) throw unknownUser(call, challenge);
        return check?.(call);
      },
    });
  });
}

function checkOf(permits: StepRooms['permits'], resource: string, action: string): (call: Call) => unknown {
  return (call) => {
    const answer = permits?.(call, resource, action);
    if (isPromise(answer)) return whenSettled(answer).then((permitted) => refuseUnless(permitted, resource, action));
    refuseUnless(answer, resource, action);
    return undefined;
  };
}

/** Who came with a token is told that it is no good (RFC 6750 §3.1). */
function unknownUser(call: Call, challenge: string): FrameworkError {
  const token = call instanceof Exchange ? readBearer(call.wire.headers.authorization) : undefined;
  const isTokenAsked = /^Bearer\b/i.test(challenge) && token !== undefined;
  return securityErrors.AUTH_REQUIRED(
    {},
    isTokenAsked ? invalidToken(challenge) : { headers: { 'www-authenticate': challenge } },
  );
}

function refuseUnless(permitted: unknown, resource: string, action: string): void {
  if (permitted !== true) throw securityErrors.AUTH_FORBIDDEN({ resource, action });
}
