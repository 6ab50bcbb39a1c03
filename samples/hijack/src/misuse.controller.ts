import { Controller, Hijack, RequestContext } from 'rockstar-web';

@Controller()
export class MisuseController {
  /** What must not be done: the connection is the handler's, and HTTP has nothing left to answer on. */
  @Hijack('/misuse')
  async misuse(ctx: RequestContext) {
    const connection = await ctx.hijack();
    connection.write('HTTP/1.1 200 OK\r\n\r\nmine');
    // Fails with HIJACK_ALREADY_TAKEN, which the log tells; the client sees what was written above, and the end.
    ctx.json(200, { whose: 'nobody’s' });
  }
}
