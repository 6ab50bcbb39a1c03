import { Plugin } from 'rockstar-web';
import { LoginController } from './login.controller';
import { UsersController } from './users.controller';

@Plugin({
  name: 'user-plugin',
  version: '1.0.0',
  description: 'Logging in, and who has',
  controllers: [LoginController, UsersController],
})
export class UserPlugin {}
