import { type Breaker, Breakers, HttpClient, Injectable, NotFoundError, type OnStart } from 'rockstar-web';
import { DemoServices } from './demo-services';
import { CLIENT_TIMEOUT_MS, SERVICE_URLS } from './settings';

const MAX_RESPONSE_BYTES = 1024 * 1024;

interface Service {
  readonly baseUrl: string;
  /** On connections that all calls share; it follows no redirect, and sends along nothing that a client sent. */
  readonly http: HttpClient;
  readonly breaker: Breaker;
}

/** What a service answered, whole. */
export interface Passed {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

/** The services behind the hub, by name. */
@Injectable()
export class Services implements OnStart {
  private readonly services = new Map<string, Service>();

  constructor(
    private readonly http: HttpClient,
    private readonly breakers: Breakers,
    private readonly demo: DemoServices,
  ) {}

  start(): void {
    for (const [name, url] of Object.entries(SERVICE_URLS)) this.register(name, url ?? this.demo.url);
  }

  list() {
    return [...this.services].map(([name, { baseUrl, breaker }]) => ({ name, baseUrl, state: breaker.state }));
  }

  /** Adds a service, or sends what asks for it elsewhere from now on. Out: whether it is new. */
  register(name: string, baseUrl: string): boolean {
    const http = this.http.with({ baseUrl, timeoutMs: CLIENT_TIMEOUT_MS, maxResponseBytes: MAX_RESPONSE_BYTES });
    const breaker = this.breakers.get('services', name);
    const known = this.services.get(name);
    // What was learned of an old address, or before it was removed, says nothing about this one.
    if (known?.baseUrl !== baseUrl) breaker.reset();
    this.services.set(name, { baseUrl, http, breaker });
    return known === undefined;
  }

  remove(name: string): void {
    this.expect(name);
    this.services.delete(name);
  }

  /** What a service has at a path, through its breaker. */
  async read(name: string, path: string, signal: AbortSignal): Promise<unknown> {
    const { http, breaker } = this.expect(name);
    return breaker.call(async (inner) => (await http.get(path, { signal: inner })).expectOk().json(), { signal });
  }

  /** A whole answer, also one that refuses: only failures of the service itself count against it, and become a 502. */
  async pass(
    name: string,
    path: string,
    query: Readonly<Record<string, string | string[] | undefined>>,
    signal: AbortSignal,
  ): Promise<Passed> {
    const { http, breaker } = this.expect(name);
    return breaker.call(
      async (inner) => {
        const answer = await http.get(path, { query, signal: inner });
        // A redirect leads to where this client may not be able to go.
        if (answer.status >= 500 || answer.status < 200 || (answer.status >= 300 && answer.status < 400)) answer.expectOk();
        const type = answer.header('content-type') ?? 'application/octet-stream';
        return { status: answer.status, type, body: await answer.bytes() };
      },
      { signal },
    );
  }

  private expect(name: string): Service {
    const service = this.services.get(name);
    if (service !== undefined) return service;
    const known = [...this.services.keys()].join(', ') || 'none';
    throw new NotFoundError({ code: 'SERVICE_UNKNOWN', detail: `There is no service ${name.slice(0, 60)}; there are ${known}.` });
  }
}
