import { describeRoutes, type RouteDescription } from '../controllers/describe-routes';
import type { HookLists } from '../controllers/hooks';
import type { PlannedModule, PluginPlan } from '../plugins/plugin-plan';
import type { RouteFoundation } from './application-routes';
import { limitsOf } from './configuration';

/** A route and the module its controller is listed in. */
export interface PlannedRoute extends RouteDescription {
  readonly module: PlannedModule;
}

/** Describes every route of an application, module by module, the guards of the application included. */
export function describePlannedRoutes(
  plan: PluginPlan,
  { options, auth, webSockets }: Pick<RouteFoundation, 'options' | 'auth' | 'webSockets'>,
): PlannedRoute[] {
  const globalHooks: HookLists = { guards: [...(options.guards ?? [])], pipes: [], interceptors: [], filters: [] };
  const rooms = {
    prefix: options.prefix ?? '',
    globalHooks,
    steps: { permits: auth?.options.permits === undefined ? undefined : auth.permits.bind(auth) },
    timeoutMs: limitsOf(options).handlerTimeoutMs,
  };
  return plan.modules.flatMap((module) =>
    [...module.controllers.keys()].flatMap((controller) =>
      (webSockets.declares(controller) ? [webSockets.describe(controller, rooms)] : describeRoutes(controller, rooms)).map(
        (route) => ({ ...route, module }),
      ),
    ),
  );
}
