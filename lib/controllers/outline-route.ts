import { type Class, readParameterTypes, readReturnType } from '../metadata/slot';
import type { PipeTransform } from '../validation/pipe';
import type { HookEntry } from './hooks';
import { type DraftRooms, makeDraft } from './make-draft';
import { type ParameterDeclaration, readFiller, readParameters } from './parameter';
import { type ReplyKind, readRouteMembers, readRoutes } from './route';
import type { RouteDraft } from './route-draft';

/** A parameter of a handler, as it was declared. */
export interface ParameterOutline {
  readonly declaration: ParameterDeclaration;
  /** The declared type, as TypeScript emitted it. */
  readonly type: unknown;
  /** Those of the application, the controller, the route and the parameter, in the order they run. */
  readonly pipes: readonly HookEntry<PipeTransform>[];
}

/** A route as it was declared, for those who describe it. */
export interface RouteOutline {
  readonly draft: RouteDraft;
  readonly member: string | symbol;
  /** `*`: every method that has no route of its own. */
  readonly method: string;
  readonly reply: ReplyKind;
  /** Whether its handler takes the connection over: what goes through it then is no HTTP. */
  readonly takesOver: boolean;
  readonly parameters: readonly ParameterOutline[];
  /** The declared type of what the handler returns; `undefined` when TypeScript emitted none. */
  readonly returnType: unknown;
}

/** Reads the routes of a controller from what its decorators wrote; nothing is made and nothing is compiled. */
export function outlineController(controller: Class, rooms: DraftRooms): RouteOutline[] {
  const prototype = controller.prototype as object;
  return readRouteMembers(prototype).flatMap((member) =>
    readRoutes(prototype, member).map((declaration) => {
      const draft = makeDraft(controller, member, declaration, rooms);
      const types = readParameterTypes(prototype, member);
      const parameters = [...readParameters(prototype, member)]
        .sort(([one], [other]) => one - other)
        .map(([index, parameter]) => ({
          declaration: parameter,
          type: types?.[index],
          pipes: parameter.unpiped === true ? [] : [...draft.hooks.pipes, ...parameter.pipes],
        }));
      const { method, reply } = declaration;
      const takesOver = declaration.takesOver === true || asksForConnection(prototype, member);
      return { draft, member, method, reply, takesOver, parameters, returnType: readReturnType(prototype, member) };
    }),
  );
}

/** Whether a parameter that nothing is said of is the connection itself. */
function asksForConnection(prototype: object, member: string | symbol): boolean {
  const declared = readParameters(prototype, member);
  const types = readParameterTypes(prototype, member) ?? [];
  return types.some((type, index) => !declared.has(index) && readFiller(type)?.takesOver === true);
}
