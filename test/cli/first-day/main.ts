import { bearerTokens, Module, serve } from 'rockstar-web';
import session from 'express-session';
import { join } from 'node:path';
import { AlbumsController } from './albums.controller';

@Module({ controllers: [AlbumsController] })
class AppModule {}

void serve(AppModule, {
  views: join(__dirname, 'views'),
  static: { root: join(__dirname, 'public'), prefix: '/static', maxAgeMs: 60_000 },
  openapi: { title: 'Albums', version: '1.0.0' },
  auth: bearerTokens([
    { token: 'token-of-ada', user: { name: 'Ada', permissions: ['albums.write'] } },
    { token: 'token-of-bob', user: { name: 'Bob', permissions: [] } },
  ]),
  configure: (app) => app.use(session({ secret: 'x'.repeat(32), resave: false, saveUninitialized: false })),
});
