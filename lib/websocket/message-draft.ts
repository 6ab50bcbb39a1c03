import { beginDraft, type DraftRooms, dropPages, makesPage, writesAnswer } from '../controllers/make-draft';
import { readShapers, type RouteDraft } from '../controllers/route-draft';
import type { Class } from '../metadata/slot';
import { websocketErrors } from './errors';
import { readHandles } from './on-message';

/** The upgrade to a `@WebSocket` class, as the decorators of the class shape it. */
export function draftUpgrade(gateway: Class, path: string, rooms: DraftRooms): RouteDraft {
  const draft = beginDraft({ controller: gateway, place: gateway.name, method: 'GET', path }, rooms);
  // Those of the class stand around its handlers.
  refuse(draft, { '@HttpCode': draft.status !== undefined, ...aboutResponses(draft) });
  return draft;
}

/**
 * A handler of such a class, as the decorators of both shape it. What those of the class say of a request was said before
 * the upgrade, and is not said again.
 */
export function draftHandler(gateway: Class, member: string | symbol, path: string, rooms: DraftRooms): RouteDraft {
  const place = `${gateway.name}.${String(member)}`;
  const draft = beginDraft({ controller: gateway, place, method: 'MESSAGE', path }, rooms);
  for (const list of [draft.hooks.guards, draft.before, draft.middleware, draft.fields, draft.mistakes]) list.length = 0;
  draft.status = undefined;
  dropPages(draft);
  if (onlyCloses(gateway, member)) dropBreakers(draft);
  for (const shape of readShapers(gateway.prototype as object, member)) shape(draft);
  const own = {
    '@Header': draft.fields.length > 0,
    '@HttpCode': draft.status !== undefined,
    '@Use': draft.middleware.length > 0,
  };
  refuse(draft, { ...own, ...aboutResponses(draft) });
  return draft;
}

function onlyCloses(gateway: Class, member: string | symbol): boolean {
  return readHandles(gateway.prototype as object, member).every(({ what }) => what === 'close');
}

/** What is to be cleaned up is cleaned up, whatever is out of order: the breaker of a class is not meant for it. */
function dropBreakers({ around }: RouteDraft): void {
  const kept = around.filter(({ phase }) => phase !== 'breaker');
  around.splice(0, around.length, ...kept);
}

function aboutResponses(draft: RouteDraft): Readonly<Record<string, boolean>> {
  const isPushing = draft.before.some(({ phase }) => phase === 'push');
  return { '@Push': isPushing, '@Render': makesPage(draft), '@Returns': writesAnswer(draft) };
}

function refuse({ place, mistakes }: RouteDraft, found: Readonly<Record<string, boolean>>): void {
  for (const [decorator, isThere] of Object.entries(found))
    if (isThere) mistakes.push(websocketErrors.MESSAGE_DECORATOR_INVALID({ decorator, place }));
}
