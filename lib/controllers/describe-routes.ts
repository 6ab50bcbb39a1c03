import type { Class } from '../metadata/slot';
import type { ControllerRooms } from './compile-route';
import type { HookEntry } from './hooks';
import { makeDraft } from './make-draft';
import { readRouteMembers, readRoutes } from './route';
import type { RouteDraft } from './route-draft';
import { readNotes, type RouteNotes } from './route-notes';

/** What can be said of a route before anything of it is made. */
export interface RouteDescription {
  /** `*`: every method that has no route of its own there. */
  readonly method: string;
  readonly path: string;
  /** `UsersController.one`. */
  readonly place: string;
  /** Their names, in the order they are asked. */
  readonly guards: readonly string[];
  /** Milliseconds it may take to answer; 0: no limit. */
  readonly timeoutMs: number;
  /** What other decorators say of it, e.g. `{ push: ['/app.css'], breaker: ['database'] }`. */
  readonly notes: RouteNotes;
}

/** Describes the routes of a controller, in the order they are declared. Mistakes are for `compileController` to tell. */
export function describeRoutes(
  controller: Class,
  rooms: Pick<ControllerRooms, 'prefix' | 'globalHooks' | 'steps' | 'timeoutMs'>,
): RouteDescription[] {
  const prototype = controller.prototype as object;
  return readRouteMembers(prototype).flatMap((member) =>
    readRoutes(prototype, member).map((declaration) =>
      describe(makeDraft(controller, member, declaration, rooms), rooms.timeoutMs),
    ),
  );
}

function describe(draft: RouteDraft, timeoutMs: number): RouteDescription {
  const { method, pattern: path, place, hooks, metadata } = draft;
  return {
    method,
    path,
    place,
    guards: hooks.guards.map(nameOf),
    timeoutMs: draft.timeoutMs ?? timeoutMs,
    notes: readNotes(metadata),
  };
}

function nameOf(hook: HookEntry<unknown>): string {
  return typeof hook === 'function' ? hook.name : (hook as object).constructor.name;
}
