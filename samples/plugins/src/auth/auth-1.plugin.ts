import { exportService, Injectable, JwtService, Plugin } from 'rockstar-web';
import { AUTH_1, type AuthService1 } from './auth-1.contract';
import { AuthConfig } from './auth-config';
import { subjectOf, TOKENS } from './tokens';

@Injectable()
class Auth implements AuthService1 {
  constructor(private readonly tokens: JwtService) {}

  check(token: string): Promise<string | undefined> {
    return subjectOf(this.tokens, token);
  }
}

/** Stays beside its successor, until nobody asks for `^1` any more. */
@Plugin({
  name: 'auth-plugin',
  version: '1.4.0',
  description: 'Who somebody is, as it was told before 2.0.0',
  config: AuthConfig,
  providers: [TOKENS, Auth],
  exports: [exportService(AUTH_1, Auth, { description: 'Checks tokens', timeoutMs: 1_000 })],
})
export class AuthPlugin {}
