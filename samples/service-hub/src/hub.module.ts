import { Module } from 'rockstar-web';
import { DemoServices } from './demo-services';
import { HubController } from './hub.controller';
import { Services } from './services';
import { ServicesController } from './services.controller';
import { BREAKER_RESET_MS, SLOW_CALL_MS } from './settings';

@Module({ controllers: [HubController, ServicesController], providers: [Services, DemoServices] })
export class HubModule {}

/** One breaker for each service. */
export const BREAKERS = { services: { maxFailures: 5, resetTimeoutMs: BREAKER_RESET_MS, slowCallMs: SLOW_CALL_MS } };
