import { Plugin } from 'rockstar-web';
import { DashboardController } from './dashboard.controller';
import { MetricsSocket } from './metrics.socket';
import { SessionController } from './session.controller';
import { TailController } from './tail.controller';

@Plugin({
  name: 'dashboard-plugin',
  version: '1.0.0',
  description: 'Shows the numbers: a page, a WebSocket, and lines for a terminal',
  controllers: [DashboardController, SessionController, MetricsSocket, TailController],
})
export class DashboardPlugin {}
