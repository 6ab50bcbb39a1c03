import { Authorize, BreakerOperatorsModule, Module } from 'rockstar-web';
import { ApiController } from './api.controller';
import { SmallUpstream } from './small-upstream';
import { Upstream } from './upstream';
import { UpstreamController } from './upstream.controller';

@Module({
  // Everybody may look; who changes something needs the token of the admin.
  imports: [BreakerOperatorsModule.forRoot({ operate: [Authorize('breakers', 'operate')], read: [] })],
  controllers: [ApiController, UpstreamController],
  providers: [Upstream, SmallUpstream],
})
export class CircuitBreakerModule {}
