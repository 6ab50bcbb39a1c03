import { CircuitBreaker, HttpClient, Injectable } from 'rockstar-web';
import { SmallUpstream } from './small-upstream';

/** What is asked of the upstream. */
@Injectable()
export class Upstream {
  constructor(
    private readonly http: HttpClient,
    private readonly upstream: SmallUpstream,
  ) {}

  /** Called through a breaker wherever it is called from: it rejects at once while that is open. */
  @CircuitBreaker('external_api')
  externalData(): Promise<unknown> {
    return this.get('/data');
  }

  /** Fails for a status that is none of 200 to 299, for an answer that is no JSON, and for a connection that breaks. */
  get(path: string): Promise<unknown> {
    return this.http.getJson(`${this.upstream.url.replace(/\/$/, '')}${path}`);
  }
}
