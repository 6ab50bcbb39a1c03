import { Controller, ForbiddenError, Hijack, Param, RequestContext, tunnel } from 'rockstar-web';
import { PROXY_TARGETS } from './settings';

@Controller('/proxy')
export class ProxyController {
  /** Clients choose among names, not addresses. A target that cannot be reached is 502, one that does not answer 504. */
  @Hijack('/:target')
  async proxy(@Param('target') name: string, ctx: RequestContext) {
    const target = PROXY_TARGETS.get(name);
    if (target === undefined)
      throw new ForbiddenError({ code: 'PROXY_TARGET_REFUSED', detail: 'This is no target of this proxy.' });
    await tunnel(await ctx.hijack(), target);
  }
}
