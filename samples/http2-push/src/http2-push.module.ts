import { join } from 'node:path';
import { type ApplicationOptions, Module, PushReportController } from 'rockstar-web';
import { ApiController } from './api.controller';
import { ExperimentController } from './experiment.controller';
import { KnowsPage } from './knows-page.guard';
import { PagesController } from './pages.controller';

@Module({
  controllers: [PagesController, ExperimentController, ApiController, PushReportController],
  providers: [KnowsPage],
})
export class HttpPushModule {}

const HOUR_MS = 60 * 60 * 1_000;

export const options = {
  http2: true,
  views: join(__dirname, 'views'),
  // What may be cached is hinted to browsers; what may not would be fetched twice.
  static: { root: join(__dirname, 'public'), prefix: '/static', maxAgeMs: HOUR_MS },
} satisfies ApplicationOptions;
