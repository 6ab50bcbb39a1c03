import { Controller, Delete, Get, HttpCode, Post, RequestContext } from 'rockstar-web';
import { VIEWER_COOKIE, VIEWER_MARK, ViewersOnly } from '../access';
import { VIEW_TOKEN } from '../settings';

const DAY_S = 24 * 60 * 60;

/** Where there is a token for viewers: whoever shows it is known for a day. */
@Controller('/session')
export class SessionController {
  /** Whether this client may look: a WebSocket that was refused does not tell its page why. */
  @Get('/')
  @HttpCode(204)
  @ViewersOnly()
  check(): void {
    return;
  }

  @Post('/')
  @HttpCode(204)
  @ViewersOnly()
  begin(ctx: RequestContext): void {
    if (VIEW_TOKEN === undefined) return;
    ctx.setCookie(VIEWER_COOKIE, VIEWER_MARK, { signed: true, sameSite: 'strict', maxAge: DAY_S });
  }

  @Delete('/')
  @HttpCode(204)
  end(ctx: RequestContext): void {
    ctx.setCookie(VIEWER_COOKIE, '', { sameSite: 'strict', maxAge: 0 });
  }
}
