import { DatabaseModule, Plugin } from 'rockstar-web';
import { GatewayController } from './gateway.controller';
import { Orders } from './orders';
import { SecondsPipe } from './seconds.pipe';
import { Services } from './services';
import { Upstreams } from './upstreams';

@Plugin({
  name: 'gateway-plugin',
  version: '1.0.0',
  description: 'An API in front of three services and a database, each behind a circuit breaker',
  imports: [DatabaseModule],
  controllers: [GatewayController],
  providers: [Services, Orders, Upstreams, SecondsPipe],
})
export class GatewayPlugin {}
