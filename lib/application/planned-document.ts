import { outlineController, type RouteOutline } from '../controllers/outline-route';
import type { DocumentSource } from '../openapi/document';
import type { PluginPlan } from '../plugins/plugin-plan';
import type { RouteFoundation } from './application-routes';
import { limitsOf } from './configuration';

/** What the document of an application is made of; nothing of the application is. */
export function documentSource(plan: PluginPlan, { options, auth }: Pick<RouteFoundation, 'options' | 'auth'>): DocumentSource {
  const { guards = [], pipes = [], openapi } = options;
  const rooms = {
    prefix: options.prefix ?? '',
    globalHooks: { guards: [...guards], pipes: [...pipes], interceptors: [], filters: [] },
    steps: { permits: auth?.options.permits === undefined ? undefined : auth.permits.bind(auth) },
  };
  const { root } = plan;
  const outlines = plan.modules.flatMap(({ controllers }) =>
    [...controllers.keys()].flatMap((controller): RouteOutline[] => outlineController(controller, rooms)),
  );
  return {
    outlines,
    options: typeof openapi === 'object' ? openapi : {},
    name: root.plugin?.name ?? root.source.name,
    version: root.plugin?.version,
    challenge: auth === undefined ? undefined : (auth.options.challenge ?? 'Bearer'),
    timeoutMs: limitsOf(options).handlerTimeoutMs,
  };
}
