import { type ApplicationOptions, bearerTokens, environmentToken, Module } from 'rockstar-web';
import { AuthPlugin as AuthPlugin1 } from './auth/auth-1.plugin';
import { AuthPlugin as AuthPlugin2 } from './auth/auth-2.plugin';
import { brokenPlugins } from './broken/broken-plugins';
import { CachePlugin } from './cache/cache.plugin';
import { DiscoveryPlugin } from './discovery/discovery.plugin';
import { GreetingPlugin } from './greeting/greeting-1.plugin';
import { GreetingOperations } from './greeting/greeting-operations.controller';
import { GreetingVersions } from './greeting/greeting-versions';
import { RegistryPlugin } from './registry/registry.plugin';
import { AUTH_SECRET, BROKEN } from './settings';
import { UserPlugin } from './users/user.plugin';

/** In whatever order they stand here: each is started after those whose services it imports. */
@Module({
  imports: [
    RegistryPlugin,
    DiscoveryPlugin,
    GreetingPlugin,
    UserPlugin,
    AuthPlugin2,
    AuthPlugin1,
    CachePlugin,
    ...brokenPlugins(BROKEN),
  ],
  controllers: [GreetingOperations],
  providers: [GreetingVersions],
})
export class AppModule {}

export const OPTIONS: ApplicationOptions = {
  // Both versions of the plugin: a token of one is good for the other.
  config: { 'auth-plugin': { secret: AUTH_SECRET } },
  auth: bearerTokens([{ token: environmentToken('ADMIN_TOKEN'), user: { name: 'admin', permissions: ['plugins.*'] } }]),
};
