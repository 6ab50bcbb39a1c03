import { Controller, Get, Header, Push, Render } from 'rockstar-web';

@Controller('/experiment')
export class ExperimentController {
  /**
   * An A/B test: a third of the clients each gets pushes, hints alone, or nothing, as long as it keeps its cookie.
   * `Server-Timing` names the arm for the page's own measurements; /push/report has what the server sees.
   */
  @Get('/')
  @Header('cache-control', 'no-store')
  @Push(['/static/styles.css', '/static/app.js', '/static/chart-lib.js'], { experiment: true })
  @Render('experiment.html')
  page() {
    return { title: 'Experiment' };
  }
}
