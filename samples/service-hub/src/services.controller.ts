import { Authorize, Body, Controller, Delete, Get, HttpCode, Param, Put, RequestContext } from 'rockstar-web';
import { IsUrl } from 'class-validator';
import { ServiceNamePipe } from './service-name.pipe';
import { Services } from './services';

class NewService {
  /** Of this network or another; the port and a path may stand in it. */
  @IsUrl({
    protocols: ['http', 'https'],
    require_protocol: true,
    require_tld: false,
    disallow_auth: true,
    allow_query_components: false,
    allow_fragments: false,
  })
  baseUrl!: string;
}

/** For operators: which services there are. */
@Controller('/api/services')
export class ServicesController {
  constructor(private readonly services: Services) {}

  @Get('/')
  @Authorize('services', 'read')
  list() {
    return this.services.list();
  }

  @Put('/:name')
  @Authorize('services', 'write')
  register(
    @Param('name', ServiceNamePipe) name: string,
    @Body({ consumes: 'json' }) { baseUrl }: NewService,
    ctx: RequestContext,
  ) {
    const isNew = this.services.register(name, baseUrl);
    ctx.json(isNew ? 201 : 200, { name, baseUrl });
  }

  @Delete('/:name')
  @Authorize('services', 'write')
  @HttpCode(204)
  remove(@Param('name', ServiceNamePipe) name: string) {
    this.services.remove(name);
  }
}
