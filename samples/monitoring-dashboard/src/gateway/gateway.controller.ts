import { Controller, Get, Header, Push, Query, RequestContext, Timeout } from 'rockstar-web';
import { Orders } from './orders';
import { SecondsPipe } from './seconds.pipe';
import { Services } from './services';

@Controller('/api')
export class GatewayController {
  constructor(
    private readonly services: Services,
    private readonly orders: Orders,
  ) {}

  /** Three services at once; whoever asks for this will ask for the orders next. */
  @Get('/overview')
  @Timeout(2_000)
  @Push('/api/orders')
  async overview(ctx: RequestContext) {
    const { data, partial, errors } = await ctx.aggregate({
      catalogue: (signal) => this.services.read('catalogue', signal),
      payments: (signal) => this.services.read('payments', signal),
      recommendations: (signal) => this.services.read('recommendations', signal),
    });
    return partial ? { ...data, partial, errors } : data;
  }

  @Get('/catalogue')
  @Header('cache-control', 'private, max-age=5')
  catalogue() {
    return this.services.read('catalogue');
  }

  @Get('/payments')
  payments() {
    return this.services.read('payments');
  }

  @Get('/recommendations')
  recommendations() {
    return this.services.read('recommendations');
  }

  @Get('/orders')
  @Header('cache-control', 'private, max-age=1')
  summary() {
    return this.orders.summary();
  }

  /** Takes as long as is asked for. The client leaves, or the application stops, and the call behind it is closed. */
  @Get('/report')
  @Timeout(60_000)
  async report(ctx: RequestContext, @Query('seconds', SecondsPipe) seconds: number) {
    try {
      return await this.services.report(seconds, ctx.finishing);
    } catch (error) {
      if (!ctx.finishing.aborted || ctx.signal.aborted) throw error;
      return { status: 'partial', pages: 0 };
    }
  }

  /** Has a second, whatever is asked for. */
  @Get('/report/quick')
  @Timeout(1_000)
  quick(@Query('seconds', SecondsPipe) seconds: number) {
    return this.services.report(seconds);
  }
}
