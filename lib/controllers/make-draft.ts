import type { Class } from '../metadata/slot';
import { joinPaths } from '../routing/route-pattern';
import { readController } from './controller';
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
  { prefix, globalHooks, steps }: DraftRooms,
): RouteDraft {
  const draft: RouteDraft = {
    place: `${controller.name}.${String(member)}`,
    method: declaration.method,
    pattern: joinPaths(prefix, readController(controller)?.prefix ?? '', declaration.path),
    controller,
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
    around: [],
    mistakes: [],
  };
  for (const shape of readShapers(controller)) shape(draft);
  for (const shape of readShapers(controller.prototype as object, member)) shape(draft);
  return draft;
}
