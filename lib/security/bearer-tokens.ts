import { timingSafeEqual } from '../http/timing-safe-equal';
import type { AuthOptions } from './auth';
import { bearerChallenge, isRealm, readBearer } from './bearer';
import { securityErrors } from './errors';
import { isPermittedByList } from './permissions';

/** A token that does not change while the application runs, and who has it. */
export interface BearerToken<User = unknown> {
  readonly token: string;
  readonly user: User;
}

/** Options of `bearerTokens`. */
export interface BearerTokensOptions<User> {
  /**
   * Whether a user may do `action` to `resource`. Default: by its `permissions` (or `scope`): `reports.read`, `reports.*`
   * or `*`.
   */
  readonly permits?: (user: User, resource: string, action: string) => boolean | Promise<boolean>;
  /** Named in the challenge of a 401. Default: none. */
  readonly realm?: string;
}

interface WithHeaders {
  header(name: string): string | undefined;
}

/**
 * The `auth` option for tokens that are known beforehand, as those of operators and machines: `Authorization: Bearer …`
 * is compared with each of them, in a time that tells nothing. A token that is none of them is nobody's: what needs a user
 * (`@Authorize`) answers 401, everything else stays open.
 *
 * In: the tokens and their users. Out: an object to give to `createApp({ auth })`, or to spread into one.
 * Fails with: BEARER_TOKENS_INVALID, at once.
 */
export function bearerTokens<User>(
  tokens: readonly BearerToken<User>[],
  { permits = isPermittedByList, realm }: BearerTokensOptions<User> = {},
): Required<AuthOptions<WithHeaders>> {
  const problem = problemOf(tokens, realm);
  if (problem !== undefined) throw securityErrors.BEARER_TOKENS_INVALID({ problem });
  return {
    challenge: bearerChallenge(realm),
    permits: (user, resource, action) => permits(user as User, resource, action),
    authenticate(context) {
      const presented = readBearer(context.header('authorization'));
      if (presented === undefined) return undefined;
      // All are looked at, whichever it is.
      let found: unknown;
      for (const { token, user } of tokens) if (timingSafeEqual(token, presented)) found = user;
      return found;
    },
  };
}

function problemOf(tokens: readonly BearerToken[], realm: string | undefined): string | undefined {
  if (!Array.isArray(tokens)) return 'this is no list';
  const texts = tokens.map((entry) => (entry as Partial<BearerToken> | undefined)?.token);
  // RFC 6750 §2.1; what a header cannot carry would never be known again.
  const at = texts.findIndex((token) => typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token));
  if (at >= 0) return `the token at ${at} is no text without spaces`;
  if (new Set(texts).size < texts.length) return 'two of them are the same';
  return realm === undefined || isRealm(realm)
    ? undefined
    : 'the realm has quotes or other characters that a header cannot carry';
}
