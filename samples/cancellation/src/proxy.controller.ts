import { Controller, Get, HttpClient, RequestContext } from 'rockstar-web';
import { SlowUpstream } from './slow-upstream';

@Controller('/api')
export class ProxyController {
  constructor(
    private readonly http: HttpClient,
    private readonly upstream: SlowUpstream,
  ) {}

  /** The call knows the request it is made in: it is cut with it, before its answer and in the middle, and its connection closed. */
  @Get('/proxy')
  async proxy(ctx: RequestContext) {
    const answer = (await this.http.get(this.upstream.url)).expectOk();
    ctx.setHeader('Content-Type', answer.header('content-type') ?? 'application/octet-stream');
    return answer.body;
  }
}
