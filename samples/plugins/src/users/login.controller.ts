import { IsString, Length } from 'class-validator';
import { Body, Controller, HttpCode, ImportService, Post } from 'rockstar-web';
import { AUTH_2, type AuthService2 } from '../auth/auth-2.contract';

class Login {
  @IsString()
  @Length(1, 50)
  user!: string;
}

@Controller('/api/login')
export class LoginController {
  constructor(@ImportService(AUTH_2, { version: '^2' }) private readonly auth: AuthService2) {}

  /** Everybody is who they say: this sample shows plugins. */
  @Post('/')
  @HttpCode(200)
  async login(@Body({ consumes: 'json' }) { user }: Login) {
    return { token: await this.auth.issue(user) };
  }
}
