import type { Class, ConcreteClass } from '../metadata/slot';
import { isHook } from './hooks';
import { type DraftRooms, makeDraft } from './make-draft';
import { readParameters } from './parameter';
import { readRouteMembers, type RouteDeclaration } from './route';
import { readShapers } from './route-draft';

/** A draft that is only looked at. */
const LOOKED_AT: RouteDeclaration = { method: '', path: '', reply: 'value' };
const NOTHING_AROUND: DraftRooms = {
  prefix: '',
  globalHooks: { guards: [], pipes: [], interceptors: [], filters: [] },
  steps: { permits: undefined },
};

/**
 * The classes of guards, pipes, interceptors and filters that a controller names, for its module to make.
 *
 * In: `members`, its handlers. Default: those that are routes.
 */
export function hookClassesOf(
  controller: Class,
  members: readonly (string | symbol)[] = readRouteMembers(controller.prototype as object),
): ConcreteClass[] {
  const classes = new Set<ConcreteClass>();
  const add = (hook: unknown): void => {
    if (typeof hook === 'function') classes.add(hook as ConcreteClass);
  };
  const prototype = controller.prototype as object;
  const isShaped = readShapers(controller).length > 0;
  for (const member of members) {
    if (isShaped || readShapers(prototype, member).length > 0) {
      const { hooks } = makeDraft(controller, member, LOOKED_AT, NOTHING_AROUND);
      for (const list of [hooks.guards, hooks.pipes, hooks.interceptors, hooks.filters]) list.forEach(add);
    }
    for (const { pipes } of readParameters(prototype, member).values())
      pipes.filter((pipe) => isHook(pipe, 'transform')).forEach(add);
  }
  return [...classes];
}
