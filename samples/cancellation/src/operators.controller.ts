import { ActiveRequests, Controller, Get } from 'rockstar-web';

/** What is running, and what was cut. */
@Controller('/api')
export class OperatorsController {
  constructor(private readonly requests: ActiveRequests) {}

  /** Also what was cut and works on all the same: that has `cancelled`. */
  @Get('/active')
  active() {
    return this.requests.list();
  }

  @Get('/cancellations')
  cancellations() {
    return this.requests.cancellations();
  }
}
