import { join } from 'node:path';
import { type ApplicationOptions, Authorize, BreakerOperatorsModule, Module } from 'rockstar-web';
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

const service = { maxFailures: 5, resetTimeoutMs: BREAKER_RESET_MS, halfOpenMax: 2, timeoutMs: 1_000 };

export const OPTIONS: ApplicationOptions = {
  http2: true,
  tls: 'self-signed',
  auth,
  cookieSecrets,
  views: join(__dirname, 'views'),
  static: FOLDERS,
  breakers: { catalogue: service, payments: service, recommendations: service, database: { timeoutMs: 20_000 } },
  config: { 'demo-plugin': { traffic: DEMO } },
};
