import { Controller, Get, Header, ImportService, Push, Render, RequestContext } from 'rockstar-web';
import { mayView } from '../access';
import { METRICS, type MetricsService } from '../monitoring/metrics.service';
import { ASSETS, MODULES } from './assets';
import { figuresOf } from './figures';

/** Scripts and styles of this application alone, and nothing in the page itself that could run. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

@Controller()
export class DashboardController {
  constructor(@ImportService(METRICS) private readonly metrics: MetricsService) {}

  @Get('/')
  home(ctx: RequestContext): void {
    ctx.redirect('/dashboard');
  }

  @Get('/dashboard')
  @Header('content-security-policy', POLICY)
  @Header('referrer-policy', 'no-referrer')
  @Header('cache-control', 'no-store')
  @Push((ctx) => (mayView(ctx) ? ASSETS : []))
  @Push((ctx) => (mayView(ctx) ? MODULES : []), { crossorigin: true })
  @Render('dashboard.html')
  dashboard(ctx: RequestContext) {
    if (!mayView(ctx)) return { mayView: false };
    const { latest, history } = this.metrics;
    return { mayView: true, figures: figuresOf(latest), initial: toScriptText({ latest, history }) };
  }
}

/** JSON that can stand in a script element. */
function toScriptText(value: unknown): string {
  return JSON.stringify(value).replace(/</g, '\\u003c');
}
