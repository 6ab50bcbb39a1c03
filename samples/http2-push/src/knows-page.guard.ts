import { type Guard, Injectable, type RequestContext } from 'rockstar-web';

/** What the guard notes of a request. */
export const KNOWS_PAGE = 'knows-page';

/** Lets everybody in, and notes who has the page already: for those behind it to read. */
@Injectable()
export class KnowsPage implements Guard {
  canActivate(ctx: RequestContext): boolean {
    ctx.set(KNOWS_PAGE, ctx.header('if-none-match') !== undefined);
    return true;
  }
}
