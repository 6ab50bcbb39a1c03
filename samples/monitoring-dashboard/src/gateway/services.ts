import { type Breaker, Breakers, HttpClient, Injectable } from 'rockstar-web';
import { Upstreams } from './upstreams';

const SERVICES = ['catalogue', 'payments', 'recommendations'] as const;
const LONGEST_MS = 60_000;

type ServiceName = (typeof SERVICES)[number];

/** Calls to the services behind the gateway, each through a breaker of its own. */
@Injectable()
export class Services {
  private readonly byName: ReadonlyMap<ServiceName, Breaker>;

  constructor(
    private readonly http: HttpClient,
    private readonly upstreams: Upstreams,
    breakers: Breakers,
  ) {
    // They are there, and seen, before the first call.
    this.byName = new Map(SERVICES.map((name) => [name, breakers.get(name)]));
  }

  read(name: ServiceName, signal?: AbortSignal): Promise<unknown> {
    const breaker = this.byName.get(name) as Breaker;
    return breaker.call((inner) => this.http.getJson(`${this.upstreams.url}/${name}`, { signal: inner }), { signal });
  }

  /** Something that takes long; it is cut with the request it is asked in, or by `signal`. */
  report(seconds: number, signal?: AbortSignal): Promise<unknown> {
    const limits = { timeoutMs: LONGEST_MS, firstByteTimeoutMs: LONGEST_MS };
    return this.http.getJson(`${this.upstreams.url}/report`, { query: { seconds: String(seconds) }, ...limits, signal });
  }
}
