import { Controller, Get, Headers, ImportService, UnauthorizedError } from 'rockstar-web';
import { AUTH_2, type AuthService2 } from '../auth/auth-2.contract';
import { bearerOf } from '../auth/bearer';

@Controller('/api/users')
export class UsersController {
  constructor(@ImportService(AUTH_2, { version: '^2' }) private readonly auth: AuthService2) {}

  @Get('/me')
  async me(@Headers('authorization') authorization?: string) {
    const token = bearerOf(authorization);
    const identity = token === undefined ? undefined : await this.auth.verify(token);
    if (identity === undefined) throw new UnauthorizedError({ headers: { 'WWW-Authenticate': 'Bearer' } });
    return { user: identity.user };
  }
}
