import { Controller } from '../controllers/controller';
import { Get, Header } from '../controllers/route';
import { PushReport, type PushReportRow } from './push-report';

/**
 * Answers `GET /push/report` with what became of what was pushed. Put it among the `controllers` of a module; a class of your
 * own that extends it may have another path, and guards:
 * `@Authorize('push', 'read') @Controller('/admin/push') class AdminPush extends PushReportController {}`.
 */
@Controller('/push')
export class PushReportController {
  constructor(readonly pushReport: PushReport) {}

  @Get('/report')
  @Header('cache-control', 'no-store')
  report(): PushReportRow[] {
    return this.pushReport.rows();
  }
}
