import { Controller, Get, Headers, ImportService, Plugin } from 'rockstar-web';
import { AUTH_2, type AuthService2 } from '../auth/auth-2.contract';
import { bearerOf } from '../auth/bearer';

const VERSION = '2.0.0';

@Controller('/api/greeting')
class GreetingController {
  constructor(@ImportService(AUTH_2, { version: '^2' }) private readonly auth: AuthService2) {}

  @Get('/')
  async greet(@Headers('authorization') authorization?: string) {
    const token = bearerOf(authorization);
    const identity = token === undefined ? undefined : await this.auth.verify(token);
    return { message: `Welcome, ${identity?.user ?? 'whoever you are'}!`, version: VERSION };
  }
}

@Plugin({ name: 'greeting-plugin', version: VERSION, description: 'Says welcome', controllers: [GreetingController] })
export class GreetingPlugin {}
