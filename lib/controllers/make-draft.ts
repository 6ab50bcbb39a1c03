import type { Class } from '../metadata/slot';
import { joinPaths } from '../routing/route-pattern';
import { readController } from './controller';
import { controllerErrors } from './errors';
import type { HookLists } from './hooks';
import type { RouteDeclaration } from './route';
import { readShapers, type RouteDraft, type StepRooms } from './route-draft';

/** What a draft is begun with. */
export interface DraftRooms {
  /** In front of all paths. */
  readonly prefix: string;
  /** Hooks around every route of the application, outside those of the controller. */
  readonly globalHooks: HookLists;
  readonly steps: StepRooms;
}

/** A route as its decorators shape it: those of the class first, so that the method's have the last word. */
export function makeDraft(
  controller: Class,
  member: string | symbol,
  declaration: RouteDeclaration,
  rooms: DraftRooms,
): RouteDraft {
  const path = joinPaths(readController(controller)?.prefix ?? '', declaration.path);
  const place = `${controller.name}.${String(member)}`;
  const draft = beginDraft(
    {
      controller,
      place,
      method: declaration.method,
      path,
      authority: declaration.authority,
      sendsEvents: declaration.reply === 'events',
    },
    rooms,
  );
  const other = answersWith(declaration);
  if (other !== undefined) dropPages(draft);
  for (const shape of readShapers(controller.prototype as object, member)) shape(draft);
  const refuse = (decorator: string, reason: string): void => {
    draft.mistakes.push(controllerErrors.ROUTE_OPTION_INVALID({ decorator, place, reason }));
  };
  if (other !== undefined && makesPage(draft))
    refuse('@Render', `makes a page, but the route answers with ${other}. Take it away.`);
  const instead = other ?? (makesPage(draft) ? 'a page' : undefined);
  if (instead !== undefined && writesAnswer(draft)) {
    refuse('@Returns', `says what is sent as JSON, but the route answers with ${instead}. Take it away.`);
  }
  return draft;
}

/** What a route answers with in place of a value, of which a page could be made. */
function answersWith({ reply, takesOver }: RouteDeclaration): string | undefined {
  if (takesOver === true) return 'its connection';
  return reply === 'events' ? 'events' : undefined;
}

export function makesPage({ around }: RouteDraft): boolean {
  return around.some(({ phase }) => phase === 'page');
}

export function writesAnswer({ around }: RouteDraft): boolean {
  return around.some(({ phase }) => phase === 'answer');
}

/** The view of a class is not meant for those of its methods that make no pages. */
export function dropPages({ around }: RouteDraft): void {
  const kept = around.filter(({ phase }) => phase !== 'page');
  around.splice(0, around.length, ...kept);
}

/** What a draft is of. */
interface DraftSubject {
  readonly controller: Class;
  readonly place: string;
  readonly method: string;
  /** Below the prefix of the application. */
  readonly path: string;
  /** Of CONNECT, in place of the path. */
  readonly authority?: string | undefined;
  readonly sendsEvents?: boolean;
}

/** A route as the decorators of its class alone shape it. */
export function beginDraft(
  { controller, place, method, path, authority, sendsEvents = false }: DraftSubject,
  { prefix, globalHooks, steps }: DraftRooms,
): RouteDraft {
  const draft: RouteDraft = {
    place,
    method,
    pattern: authority ?? joinPaths(prefix, path),
    controller,
    sendsEvents,
    rooms: steps,
    status: undefined,
    fields: [],
    timeoutMs: undefined,
    metadata: new Map(),
    hooks: {
      guards: [...globalHooks.guards],
      pipes: [...globalHooks.pipes],
      interceptors: [...globalHooks.interceptors],
      filters: [...globalHooks.filters],
    },
    middleware: [],
    before: [],
    wouldReject: [],
    around: [],
    mistakes: [],
  };
  for (const shape of readShapers(controller)) shape(draft);
  return draft;
}
