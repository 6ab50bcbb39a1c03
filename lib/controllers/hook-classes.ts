import type { Class, ConcreteClass } from '../metadata/slot';
import { type HookLists, isHook } from './hooks';
import { readParameters } from './parameter';
import { readRouteMembers } from './route';
import { readShapers, type RouteDraft } from './route-draft';

/** The classes of guards, pipes, interceptors and filters that a controller names, for its module to make. */
export function hookClassesOf(controller: Class): ConcreteClass[] {
  const classes = new Set<ConcreteClass>();
  const add = (hook: unknown): void => {
    if (typeof hook === 'function') classes.add(hook as ConcreteClass);
  };
  const prototype = controller.prototype as object;
  for (const member of readRouteMembers(prototype)) {
    const { hooks } = shaped(controller, member);
    for (const list of [hooks.guards, hooks.pipes, hooks.interceptors, hooks.filters]) list.forEach(add);
    for (const { pipes } of readParameters(prototype, member).values())
      pipes.filter((pipe) => isHook(pipe, 'transform')).forEach(add);
  }
  return [...classes];
}

/** A draft that is only looked at. */
function shaped(controller: Class, member: string | symbol): RouteDraft {
  const hooks: HookLists = { guards: [], pipes: [], interceptors: [], filters: [] };
  const draft: RouteDraft = {
    place: '',
    method: '',
    pattern: '/',
    controller,
    rooms: { permits: undefined },
    status: undefined,
    fields: [],
    timeoutMs: undefined,
    metadata: new Map(),
    hooks,
    before: [],
    around: [],
    mistakes: [],
  };
  for (const shape of readShapers(controller)) shape(draft);
  for (const shape of readShapers(controller.prototype as object, member)) shape(draft);
  return draft;
}
