import { BadRequestError, Controller, Get, Param, RequestContext, Timeout } from 'rockstar-web';
import { Services } from './services';
import { DEADLINE_MS } from './settings';

@Controller('/api')
export class HubController {
  constructor(private readonly services: Services) {}

  /** Three services at once; what one of them lacks does not keep the others from being sent. */
  @Get('/aggregate')
  @Timeout(DEADLINE_MS)
  async aggregate(ctx: RequestContext) {
    const { data, errors } = await ctx.aggregate({
      users: (signal) => this.services.read('users', '/api/users', signal),
      products: (signal) => this.services.read('products', '/api/products', signal),
      orders: (signal) => this.services.read('orders', '/api/orders', signal),
    });
    return { ...data, errors: errors.map(({ service, code }) => `${service}: ${code}`) };
  }

  /** One call, passed through to a service by its name. */
  @Get('/services/:name/*')
  @Timeout(DEADLINE_MS)
  async pass(@Param('name') name: string, @Param('*') rest: string, ctx: RequestContext) {
    if (rest.split('/').some((segment) => segment === '.' || segment === '..'))
      throw new BadRequestError({ detail: 'A path does not climb.' });
    // Each segment as it was sent: a slash that is encoded in it is none.
    const segments = ctx.path.split('/').slice('/api/services/:name'.split('/').length);
    if (segments[0] === '') throw new BadRequestError({ detail: 'A path begins with one slash.' });
    const path = segments.map((segment) => encodeURIComponent(decodeURIComponent(segment))).join('/');
    const { status, type, body } = await this.services.pass(name, `/${path}`, ctx.query, ctx.signal);
    ctx.setHeader('content-type', type);
    ctx.status = status;
    return body;
  }
}
