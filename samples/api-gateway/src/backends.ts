import { Breakers, HttpClient, Injectable } from 'rockstar-web';
import { DemoServices } from './demo-services';
import { CLIENT_TIMEOUT_MS, ORDER_SERVICE_URL, USER_SERVICE_URL } from './settings';

const MAX_RESPONSE_BYTES = 1024 * 1024;

/** The services behind the gateway, each behind a breaker of its own, made once. */
@Injectable()
export class Backends {
  constructor(
    private readonly http: HttpClient,
    private readonly breakers: Breakers,
    private readonly demo: DemoServices,
  ) {}

  user(signal: AbortSignal): Promise<unknown> {
    return this.read('user', `${USER_SERVICE_URL ?? this.demo.url}/api/user`, signal);
  }

  orders(signal: AbortSignal): Promise<unknown> {
    return this.read('orders', `${ORDER_SERVICE_URL ?? this.demo.url}/api/orders`, signal);
  }

  private read(name: string, url: string, signal: AbortSignal): Promise<unknown> {
    const limits = { timeoutMs: CLIENT_TIMEOUT_MS, maxResponseBytes: MAX_RESPONSE_BYTES };
    return this.breakers.get(name).call((inner) => this.http.getJson(url, { ...limits, signal: inner }), { signal });
  }
}
