import { exportService, Plugin } from 'rockstar-web';
import { Collector } from './collector';
import { METRICS } from './metrics.service';

@Plugin({
  name: 'monitoring-plugin',
  version: '1.0.0',
  description: 'Reads the numbers of the application once a second',
  providers: [Collector],
  exports: [exportService(METRICS, Collector, { description: 'The numbers of the last second, and of the last minutes' })],
})
export class MonitoringPlugin {}
