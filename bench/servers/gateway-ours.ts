// A gateway in front of two services: node gateway-ours.js <port>. UPSTREAM: where both are. CLIENT_TIMEOUT_MS: of one call.
import { Breakers, Controller, Get, HttpClient, Injectable, Module, RequestContext, serve, Timeout } from 'rockstar-web';

const { UPSTREAM = '' } = process.env;
const timeoutMs = Number(process.env.CLIENT_TIMEOUT_MS ?? 3_000);

@Injectable()
class Backends {
  constructor(
    private readonly http: HttpClient,
    private readonly breakers: Breakers,
  ) {}

  read(name: string, path: string, signal: AbortSignal): Promise<unknown> {
    const limits = { timeoutMs, maxResponseBytes: 1024 * 1024 };
    return this.breakers.get(name).call((inner) => this.http.getJson(UPSTREAM + path, { ...limits, signal: inner }), { signal });
  }
}

@Controller('/api')
class GatewayController {
  constructor(private readonly backends: Backends) {}

  @Get('/dashboard')
  @Timeout(5_000)
  async dashboard(ctx: RequestContext) {
    const { data, partial, errors } = await ctx.aggregate({
      user: (signal) => this.backends.read('user', '/api/user', signal),
      orders: (signal) => this.backends.read('orders', '/api/orders', signal),
    });
    return partial ? { ...data, partial, errors } : data;
  }
}

@Module({ controllers: [GatewayController], providers: [Backends] })
class GatewayModule {}

const breaker = { maxFailures: 5, resetTimeoutMs: 30_000 };

void serve(GatewayModule, {
  port: Number(process.argv[2]),
  logger: false,
  breakers: { user: breaker, orders: breaker },
});
