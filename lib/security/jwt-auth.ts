import type { Clock } from '../lifetime/clock';
import type { AuthOptions } from './auth';
import { bearerChallenge, type BearerContext, invalidToken, readBearer } from './bearer';
import { securityErrors } from './errors';
import { type JwtClaims, JwtService } from './jwt';
import type { JwtOptions } from './jwt-options';
import { isPermittedByList } from './permissions';

/** Options of `jwtAuth`: how tokens are checked, where they are, and whose they are. */
export interface JwtAuthOptions<User = JwtClaims, Context extends BearerContext = BearerContext> extends JwtOptions {
  /** Where the token is. Default: `Authorization: Bearer …`. */
  readonly tokenOf?: (context: Context) => string | undefined;
  /** Who that is. Default: the claims themselves. `undefined`, `null`: nobody any more, 401. */
  readonly userOf?: (claims: JwtClaims, context: Context) => User | Promise<User>;
  /**
   * Whether a user may do `action` to `resource`. Default: by its `permissions` or `scope`: `reports.read`, `reports.*`
   * or `*`.
   */
  readonly permits?: (user: User, resource: string, action: string) => boolean | Promise<boolean>;
}

/**
 * The `auth` option for JSON Web Tokens: who is asking is what a bearer token says.
 *
 * A request without a token is nobody's: what needs a user (`@Authorize`) answers 401, everything else stays open. One
 * with a token that is not valid is answered 401 wherever it goes, with the reason in `WWW-Authenticate` (RFC 6750 §3.1).
 *
 * In: a secret, a key or where keys are published; what tokens must say. Out: an object for `createApp({ auth })`.
 * Fails with: JWT_OPTIONS_INVALID, at once; requests with TOKEN_EXPIRED, TOKEN_NOT_YET_VALID, TOKEN_INVALID,
 * TOKEN_KEYS_UNAVAILABLE.
 */
export function jwtAuth<User = JwtClaims, Context extends BearerContext = BearerContext>({
  tokenOf = (context) => readBearer(context.header('authorization')),
  userOf,
  permits = isPermittedByList,
  ...options
}: JwtAuthOptions<User, Context>): Required<AuthOptions<Context>> {
  const serviceFor = servicesOf(options);
  const challenge = bearerChallenge(options.realm);
  return {
    challenge,
    permits: (user, resource, action) => permits(user as User, resource, action),
    authenticate(context) {
      const token = tokenOf(context);
      if (token === undefined) return undefined;
      return identify(serviceFor(context.clock), token, context);
    },
  };

  async function identify(service: JwtService, token: string, context: Context): Promise<unknown> {
    const claims = await service.verify(token, { signal: context.signal });
    const user: unknown = userOf === undefined ? claims : await userOf(claims, context);
    if (user !== undefined && user !== null && user !== false) return user;
    throw securityErrors.TOKEN_INVALID({ reason: 'nobody is known by it' }, invalidToken(challenge, 'nobody is known by it'));
  }
}

/** The options are checked at once; the time is that of the application that asks. */
function servicesOf(options: JwtOptions): (clock: Clock) => JwtService {
  let service = new JwtService(options);
  let of: Clock | undefined;
  return (clock) => {
    if (of !== clock) service = new JwtService(options, clock);
    of = clock;
    return service;
  };
}
