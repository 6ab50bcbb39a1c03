import { join } from 'node:path';
import { type ApplicationOptions, Authorize, BreakerOperatorsModule, Module, type NamedBreakerOptions } from 'rockstar-web';
import { auth, cookieSecrets, forViewers } from './access';
import { FOLDERS } from './dashboard/assets';
import { DashboardPlugin } from './dashboard/dashboard.plugin';
import { DemoPlugin } from './demo/demo.plugin';
import { GatewayPlugin } from './gateway/gateway.plugin';
import { MonitoringPlugin } from './monitoring/monitoring.plugin';
import { BREAKER_RESET_MS, DEMO } from './settings';

@Module({
  imports: [
    MonitoringPlugin,
    DashboardPlugin,
    GatewayPlugin,
    DemoPlugin,
    // Who may look may read the state of breakers; who changes something needs the token of the admin.
    BreakerOperatorsModule.forRoot({ operate: [Authorize('breakers', 'operate')], read: forViewers }),
  ],
})
export class AppModule {}

/** Half of at least eight calls in ten seconds fail, and a service is left alone for a while. */
const service: NamedBreakerOptions = {
  window: { kind: 'time', durationMs: 10_000 },
  failureRatio: 0.5,
  minimumCalls: 8,
  resetTimeoutMs: BREAKER_RESET_MS,
  halfOpenMax: 2,
  timeoutMs: 1_000,
};

export const OPTIONS: ApplicationOptions = {
  http2: true,
  auth,
  cookieSecrets,
  views: join(__dirname, 'views'),
  static: FOLDERS,
  breakers: { catalogue: service, payments: service, recommendations: service, database: { timeoutMs: 20_000 } },
  config: { 'demo-plugin': { traffic: DEMO } },
};
