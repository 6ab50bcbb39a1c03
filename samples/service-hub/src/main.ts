import { bearerTokens, environmentToken, serve } from 'rockstar-web';
import { BREAKERS, HubModule } from './hub.module';

void serve(HubModule, {
  port: 8086,
  breakers: BREAKERS,
  auth: bearerTokens([{ token: environmentToken('ADMIN_TOKEN'), user: { name: 'admin', permissions: ['services.*'] } }]),
});
