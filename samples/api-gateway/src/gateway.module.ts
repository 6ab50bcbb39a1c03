import { type ApplicationOptions, Module } from 'rockstar-web';
import { join } from 'node:path';
import { Backends } from './backends';
import { DemoServices } from './demo-services';
import { GatewayController } from './gateway.controller';
import { BREAKER_RESET_MS, SLOW_CALL_MS } from './settings';

@Module({ controllers: [GatewayController], providers: [Backends, DemoServices] })
export class GatewayModule {}

const breaker = { maxFailures: 5, resetTimeoutMs: BREAKER_RESET_MS, slowCallMs: SLOW_CALL_MS };

export const OPTIONS: ApplicationOptions = {
  breakers: { user: breaker, orders: breaker },
  static: [
    { root: join(__dirname, 'public', 'static'), prefix: '/static', maxAgeMs: 60_000 },
    { root: join(__dirname, 'public') },
  ],
};
