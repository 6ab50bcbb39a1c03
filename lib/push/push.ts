import { type RouteDecorator, shapeRoute } from '../controllers/route-draft';
import { PushDeclaration, type PushRouteOptions } from './push-declaration';

/** `@Push` for handlers that hold a `Context`. */
export interface PushDecorator<Context> {
  (...paths: readonly [string, ...string[]]): RouteDecorator;
  (paths: readonly string[] | ((context: Context) => readonly string[]), options?: PushRouteOptions): RouteDecorator;
}

/** What `@Push` is. */
export const pushDecorator: PushDecorator<never> = (...args: readonly unknown[]) => {
  const declared = toDeclaration(args);
  return shapeRoute((draft) => {
    const checked = declared.check(draft);
    const run = checked === undefined ? undefined : draft.rooms.push?.compile(checked, draft);
    if (run === undefined) return;
    const entry = { phase: 'push', run } as const;
    // Whatever the route pushes besides is part of the experiment.
    if (checked?.experiment !== undefined) draft.before.unshift(entry);
    else draft.before.push(entry);
  });
};

function toDeclaration(args: readonly unknown[]): PushDeclaration {
  const [first, second] = args;
  if (typeof first === 'function') return new PushDeclaration(first as never, second as PushRouteOptions);
  if (Array.isArray(first)) return new PushDeclaration(first, second as PushRouteOptions);
  return new PushDeclaration(args, undefined);
}
