import { BadRequestError, circuitBreaker, CircuitBreaker, Controller, Get, Param, RequestContext, Use } from 'rockstar-web';
import { Upstream } from './upstream';

/** Three ways to stand behind a breaker. Open, each answers 503 at once, and the upstream is left alone. */
@Controller('/api')
export class ApiController {
  constructor(private readonly upstream: Upstream) {}

  /** The breaker is the provider's. */
  @Get('/external-data')
  async externalData(ctx: RequestContext) {
    ctx.json(200, await this.upstream.externalData());
  }

  /** Connect middleware: it counts by what is answered. */
  @Get('/users')
  @Use(circuitBreaker('database'))
  async users(ctx: RequestContext) {
    ctx.json(200, await this.upstream.get('/users'));
  }

  /** A breaker for each key: one that fails leaves the others alone. */
  @Get('/cache/:key')
  @CircuitBreaker({ name: 'cache', key: (ctx) => ctx.param('key') })
  async cached(@Param('key') key: string, ctx: RequestContext) {
    if (key === '.' || key === '..') throw new BadRequestError({ detail: 'A key does not climb.' });
    ctx.json(200, await this.upstream.get(`/cache/${encodeURIComponent(key)}`));
  }
}
