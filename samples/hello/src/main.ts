import { Module, serve } from 'rockstar-web';
import { HelloController } from './hello.controller';
import { Users } from './users';
import { UsersController } from './users.controller';

@Module({ controllers: [HelloController, UsersController], providers: [Users] })
class HelloModule {}

void serve(HelloModule, { port: 3000 });
