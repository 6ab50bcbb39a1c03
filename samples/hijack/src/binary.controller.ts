import {
  BadRequestError,
  Controller,
  ForbiddenError,
  Hijack,
  HijackedConnection,
  RequestContext,
  UnauthorizedError,
} from 'rockstar-web';
import { readFrames, sendFrame } from './frames';
import { closeWhenStopping } from './goodbye';

const PROTOCOL = 'custom-protocol';

@Controller()
export class BinaryController {
  /** Who does not ask for the protocol gets 426. */
  @Hijack('/binary-protocol', { protocol: PROTOCOL })
  async frames(connection: HijackedConnection) {
    await echoFrames(connection);
  }

  /** Checks everything by hand, before there is a connection to check it on. `@Authorize` and `protocol` do the same. */
  @Hijack('/secure-hijack')
  async secure(ctx: RequestContext) {
    if (!ctx.isAuthenticated()) throw new UnauthorizedError({ headers: { 'WWW-Authenticate': 'Bearer' } });
    if (!ctx.isAuthorized('hijack', 'connect')) throw new ForbiddenError();
    if (ctx.upgrade?.toLowerCase() !== PROTOCOL) throw new BadRequestError({ detail: `Ask for Upgrade: ${PROTOCOL}.` });
    await echoFrames(await ctx.hijack());
  }
}

async function echoFrames(connection: HijackedConnection): Promise<void> {
  closeWhenStopping(connection);
  connection.accept();
  for await (const frame of readFrames(connection)) await sendFrame(connection, frame);
}
