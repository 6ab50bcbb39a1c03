import { CLOCK, type Clock, JwtService, type Provider } from 'rockstar-web';
import { AuthConfig } from './auth-config';

/** Signs and checks tokens, with the secret of the configuration. */
export const TOKENS: Provider = {
  provide: JwtService,
  useFactory: ({ secret, tokenLifeMs }: AuthConfig, clock: Clock) =>
    new JwtService({ secret, expiresInMs: tokenLifeMs, requiredClaims: ['sub', 'exp'] }, clock),
  inject: [AuthConfig, CLOCK],
};

/** Whose token it is; `undefined` for one that was not signed here, or too long ago. */
export async function subjectOf(tokens: JwtService, token: string): Promise<string | undefined> {
  try {
    return (await tokens.verify(token)).sub;
  } catch (error) {
    if ((error as { status?: unknown }).status === 401) return undefined;
    throw error;
  }
}
