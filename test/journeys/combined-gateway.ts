import {
  type ApplicationOptions,
  Controller,
  exportService,
  Get,
  HttpClient,
  ImportService,
  Injectable,
  Module,
  OnMessage,
  OnOpen,
  Plugin,
  Push,
  RequestContext,
  serviceRef,
  Sse,
  Timeout,
  WebSocket,
  WebSocketSession,
} from 'rockstar-web';
import { NEVER, startWith, takeUntil } from 'rxjs';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { json, UpstreamServer } from '../upstream/upstream-server';

/** What a plugin offers to the gateway. */
export interface Backends {
  readonly version: string;
  user(): Promise<unknown>;
  orders(): Promise<unknown>;
}
const BACKENDS = serviceRef<Backends>('backends-plugin', 'backends', { contract: ['user', 'orders'] });

/** The two services behind it, on ports of their own. */
export interface Upstreams {
  readonly users: UpstreamServer;
  orders: UpstreamServer;
}

export const answerFine: UpstreamServer['answer'] = (_request, response) => json(response, { fine: true });
/** Takes the request, and says nothing. */
export const hang: UpstreamServer['answer'] = () => undefined;

export async function openUpstreams(): Promise<Upstreams> {
  return { users: await UpstreamServer.open(answerFine), orders: await UpstreamServer.open(answerFine) };
}

export async function closeUpstreams({ users, orders }: Upstreams): Promise<void> {
  await Promise.all([users.close(), orders.close()]);
}

/** A version of the plugin that calls the two, each through a breaker of its own. */
export function backendsPlugin({ users, orders }: Upstreams, version = '1.0.0'): ConcreteClass {
  const urls = { users: users.url, orders: orders.url };

  @Injectable()
  class HttpBackends implements Backends {
    readonly version = version;
    constructor(private readonly http: HttpClient) {}
    user() {
      return this.http.with({ breaker: 'users' }).getJson(urls.users);
    }
    orders() {
      return this.http.with({ breaker: 'orders' }).getJson(urls.orders);
    }
  }
  @Plugin({ name: 'backends-plugin', version, providers: [HttpBackends], exports: [exportService(BACKENDS, HttpBackends)] })
  class BackendsPlugin {}
  return BackendsPlugin;
}

@Controller()
class GatewayController {
  constructor(@ImportService(BACKENDS) private readonly backends: Backends) {}

  @Get('/dashboard')
  @Timeout(5_000)
  async dashboard(ctx: RequestContext) {
    const { version } = this.backends;
    const { data, errors } = await ctx.aggregate({ user: () => this.backends.user(), orders: () => this.backends.orders() });
    return { ...data, errors, version };
  }

  @Get('/orders')
  orders() {
    return this.backends.orders();
  }

  /** Asks one by one, and sends what it has when the application is asked to stop. */
  @Get('/batch')
  async batch(ctx: RequestContext) {
    const users: unknown[] = [];
    while (users.length < 100 && !ctx.finishing.aborted) users.push(await this.backends.user());
    return { status: users.length < 100 ? 'partial' : 'complete', count: users.length };
  }

  /** Its first part is there at once, its second when there is a user. */
  @Get('/page')
  @Push('/orders')
  async *page() {
    yield 'first, ';
    await this.backends.user();
    yield 'last';
  }

  @Sse('/events')
  events({ finishing$ }: RequestContext) {
    return NEVER.pipe(startWith('open'), takeUntil(finishing$));
  }
}

@WebSocket('/live')
class LiveSocket {
  constructor(@ImportService(BACKENDS) private readonly backends: Backends) {}

  @OnOpen()
  open(socket: WebSocketSession) {
    socket.join('viewers');
    return { version: this.backends.version };
  }

  @OnMessage('orders')
  orders() {
    return this.backends.orders();
  }
}

@Plugin({ name: 'gateway-plugin', version: '1.0.0', controllers: [GatewayController, LiveSocket] })
class GatewayPlugin {}

/** A gateway over the two services. */
export function gatewayOver(upstreams: Upstreams): ConcreteClass {
  @Module({ imports: [backendsPlugin(upstreams), GatewayPlugin] })
  class Gateway {}
  return Gateway;
}

const breaker = { maxFailures: 3, resetTimeoutMs: 10_000, halfOpenMax: 1 };

export const GATEWAY: ApplicationOptions = { breakers: { users: breaker, orders: breaker }, shutdownGraceMs: 5_000 };
