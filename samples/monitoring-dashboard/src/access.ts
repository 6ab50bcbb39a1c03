import { createHash } from 'node:crypto';
import { type ApplicationOptions, Authorize, bearerTokens, environmentToken, type RequestContext } from 'rockstar-web';
import { VIEW_TOKEN } from './settings';

export const ADMIN_TOKEN = environmentToken('ADMIN_TOKEN');

/** Browsers send no header with a WebSocket: who showed the token once has this cookie. */
export const VIEWER_COOKIE = 'dashboard-viewer';
export const VIEWER_MARK = 'may view';

const VIEWER = { name: 'viewer', permissions: ['dashboard.view'] };

const tokens = bearerTokens([
  { token: ADMIN_TOKEN, user: { name: 'admin', permissions: ['*'] } },
  ...(VIEW_TOKEN === undefined || VIEW_TOKEN === ADMIN_TOKEN ? [] : [{ token: VIEW_TOKEN, user: VIEWER }]),
]);

/** Tokens open everything they are for; the cookie opens the view alone, so that no page of others can operate anything. */
export const auth: ApplicationOptions['auth'] = {
  ...tokens,
  authenticate: (ctx) => tokens.authenticate(ctx) ?? (hasCookie(ctx) ? VIEWER : undefined),
};

/** Another token makes all cookies worthless. */
export const cookieSecrets = VIEW_TOKEN === undefined ? undefined : [createHash('sha256').update(VIEW_TOKEN).digest('hex')];

/** In front of what viewers see: those who have the token, or everybody where there is none. */
export const forViewers = VIEW_TOKEN === undefined ? [] : [Authorize('dashboard', 'view')];

/** `forViewers`, as one decorator. */
export function ViewersOnly(): ReturnType<typeof Authorize> {
  return (...place: Parameters<ReturnType<typeof Authorize>>) => forViewers.forEach((decorate) => decorate(...place));
}

/** Whether this client may see the numbers. */
export function mayView(ctx: RequestContext): boolean {
  return VIEW_TOKEN === undefined || ctx.isAuthenticated();
}

function hasCookie(ctx: RequestContext): boolean {
  return VIEW_TOKEN !== undefined && ctx.signedCookie(VIEWER_COOKIE) === VIEWER_MARK;
}
