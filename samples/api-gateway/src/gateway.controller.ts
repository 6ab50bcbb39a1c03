import { Controller, Get, Push, RequestContext, Timeout } from 'rockstar-web';
import { Backends } from './backends';
import { DEADLINE_MS } from './settings';

@Controller('/api')
export class GatewayController {
  constructor(private readonly backends: Backends) {}

  /** What the page needs is on its way before the services are asked; what came of them by the deadline is the answer. */
  @Get('/dashboard')
  @Timeout(DEADLINE_MS)
  @Push('/static/dashboard.css', '/static/dashboard.js')
  async dashboard(ctx: RequestContext) {
    const { data, partial, errors } = await ctx.aggregate({
      user: (signal) => this.backends.user(signal),
      orders: (signal) => this.backends.orders(signal),
    });
    return partial ? { ...data, partial, errors } : data;
  }
}
