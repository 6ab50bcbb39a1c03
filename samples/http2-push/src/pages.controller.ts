import { Controller, Get, Header, Push, Render, RequestContext, UseGuards } from 'rockstar-web';
import { KNOWS_PAGE, KnowsPage } from './knows-page.guard';

const TILES = Array.from({ length: 50 }, (_, at) => `/api/tiles/${at + 1}`);

@Controller()
@Header('cache-control', 'no-cache')
export class PagesController {
  @Get('/')
  @Push('/static/styles.css', '/static/app.js')
  @Render('home.html')
  home() {
    return { title: 'HTTP/2 push' };
  }

  /** What is pushed is any route: the numbers of the charts come with their scripts. */
  @Get('/dashboard')
  @Push(['/static/dashboard.css', '/static/dashboard.js', '/static/chart-lib.js', '/api/dashboard/data'], {
    headers: { 'accept-encoding': 'gzip' },
  })
  @Render('dashboard.html')
  dashboard() {
    return { title: 'Dashboard' };
  }

  /** A client that asks whether its copy is still good has the assets as well. */
  @Get('/app')
  @UseGuards(KnowsPage)
  @Push((ctx) => (ctx.get(KNOWS_PAGE) === true ? [] : ['/static/app.css', '/static/app.js']))
  app(ctx: RequestContext) {
    ctx.setHeader('etag', '"app-1"');
    return ctx.html(200, 'app.html', { title: 'App', isKnown: ctx.get(KNOWS_PAGE) === true });
  }

  @Get('/spa')
  @Push('/static/vendor.js', '/static/app.bundle.js', '/static/app.css', '/static/fonts/main.woff2', '/api/config')
  @Render('spa.html')
  spa() {
    return { title: 'Single page' };
  }

  /** More than a page may push: the first ten are, the rest is skipped, and the log says so. */
  @Get('/too-many')
  @Push(TILES)
  @Render('too-many.html')
  tooMany() {
    return { title: 'Too many', tiles: TILES };
  }
}
