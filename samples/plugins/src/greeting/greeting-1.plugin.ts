import { Controller, Get, Headers, ImportService, Plugin } from 'rockstar-web';
import { AUTH_1, type AuthService1 } from '../auth/auth-1.contract';
import { bearerOf } from '../auth/bearer';

const VERSION = '1.0.0';

@Controller('/api/greeting')
class GreetingController {
  constructor(@ImportService(AUTH_1, { version: '^1' }) private readonly auth: AuthService1) {}

  @Get('/')
  async greet(@Headers('authorization') authorization?: string) {
    const token = bearerOf(authorization);
    const user = token === undefined ? undefined : await this.auth.check(token);
    return { message: `Hello, ${user ?? 'stranger'}!`, version: VERSION };
  }
}

@Plugin({ name: 'greeting-plugin', version: VERSION, description: 'Says hello', controllers: [GreetingController] })
export class GreetingPlugin {}
