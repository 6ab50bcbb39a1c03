import type { PipeTransform } from '../validation/pipe';
import {
  hookInvalid,
  type HookLists,
  type HookReference,
  isHook,
  type RouteFilter,
  type RouteGuard,
  type RouteInterceptor,
} from './hooks';
import { type RouteDecorator, shapeRoute } from './route-draft';

function hookDecorator<K extends keyof HookLists>(
  decorator: string,
  list: K,
  member: string,
  hooks: readonly unknown[],
): RouteDecorator {
  return shapeRoute((draft) => {
    for (const hook of hooks) {
      if (isHook(hook, member)) (draft.hooks[list] as unknown[]).push(hook);
      else draft.mistakes.push(hookInvalid(decorator, draft.place, member, hook));
    }
  });
}

/** Guards of a route or a controller: run after authentication, in this order; the first that refuses decides. */
export function UseGuards(...guards: readonly HookReference<RouteGuard<never>>[]): RouteDecorator {
  return hookDecorator('@UseGuards', 'guards', 'canActivate', guards);
}

/** Pipes for every parameter of a route or a controller. */
export function UsePipes(...pipes: readonly HookReference<PipeTransform>[]): RouteDecorator {
  return hookDecorator('@UsePipes', 'pipes', 'transform', pipes);
}

/** Interceptors around a handler, the first the outermost. */
export function UseInterceptors(...interceptors: readonly HookReference<RouteInterceptor<never>>[]): RouteDecorator {
  return hookDecorator('@UseInterceptors', 'interceptors', 'intercept', interceptors);
}

/** Filters around everything of a route; the one nearest to the handler is asked first. */
export function UseFilters(...filters: readonly HookReference<RouteFilter<never>>[]): RouteDecorator {
  return hookDecorator('@UseFilters', 'filters', 'catch', filters);
}
