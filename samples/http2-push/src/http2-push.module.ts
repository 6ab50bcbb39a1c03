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

/** Whether a cookie remembers what a client was given, so that it is not pushed over its next connection. */
const PUSH_COOKIE = isOn('PUSH_COOKIE');

export const options = {
  http2: true,
  views: join(__dirname, 'views'),
  // What may be cached is hinted to browsers; what may not would be fetched twice.
  static: { root: join(__dirname, 'public'), prefix: '/static', maxAgeMs: HOUR_MS },
  push: { cookie: PUSH_COOKIE },
} satisfies ApplicationOptions;

function isOn(name: string): boolean {
  const text = process.env[name] ?? '';
  if (text === '' || text === '0') return false;
  if (text === '1') return true;
  throw new Error(`${name} takes 1 or 0, not "${text}".`);
}
