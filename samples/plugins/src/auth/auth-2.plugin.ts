import { exportService, Injectable, JwtService, Plugin } from 'rockstar-web';
import { AUTH_2, type AuthService2, type Identity } from './auth-2.contract';
import { AuthConfig } from './auth-config';
import { subjectOf, TOKENS } from './tokens';

@Injectable()
class Auth implements AuthService2 {
  constructor(private readonly tokens: JwtService) {}

  issue(user: string): Promise<string> {
    return this.tokens.sign({ sub: user });
  }

  async verify(token: string): Promise<Identity | undefined> {
    const user = await subjectOf(this.tokens, token);
    return user === undefined ? undefined : { user };
  }

  /** It works when a token it makes is good. */
  async health(): Promise<'up' | 'down'> {
    const token = await this.issue('health check');
    return (await this.verify(token)) === undefined ? 'down' : 'up';
  }
}

@Plugin({
  name: 'auth-plugin',
  version: '2.0.0',
  description: 'Who somebody is',
  config: AuthConfig,
  providers: [TOKENS, Auth],
  exports: [
    exportService(AUTH_2, Auth, { description: 'Makes and checks tokens', timeoutMs: 1_000, health: (it) => it.health() }),
  ],
})
export class AuthPlugin {}
