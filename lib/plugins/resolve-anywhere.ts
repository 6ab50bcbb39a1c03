import type { BuiltPlugins } from './build-instances';
import { pluginErrors } from './errors';
import { findInView, type PlannedProvider } from './plugin-plan';
import { type InjectionKey, keyName } from './service-token';
import { explainMissing, listed } from './whereabouts';

/**
 * What an application has under a key: as its root module sees it, else the only one there is in any module.
 *
 * In: a key, or the class of a controller or a module.
 * Fails with: DEPENDENCY_UNKNOWN (with near names), DEPENDENCY_AMBIGUOUS, PROVIDER_PER_REQUEST.
 */
export function resolveAnywhere<T>({ plan, instances, root }: BuiltPlugins, key: InjectionKey<T>): T {
  if (findInView(root.module, key, plan.ambient) !== undefined) return root.container.resolve(key);
  const asks = `The application is asked for ${keyName(key)}`;
  const found = instances.flatMap((instance) =>
    instance.module.order.filter((it) => it.key === key).map((it) => ({ instance, it })),
  );
  const [only, ...rivals] = found;
  if (only === undefined) throw explainMissing(plan, root.module, key, asks);
  if (rivals.length > 0)
    throw pluginErrors.DEPENDENCY_AMBIGUOUS({
      asks,
      ...explainOwners(
        found.map(({ it }) => it),
        root.module.label,
      ),
    });
  if (only.it.scope === 'request') throw pluginErrors.PROVIDER_PER_REQUEST({ asks });
  return only.instance.valueOf(only.it) as T;
}

function explainOwners(providers: readonly PlannedProvider[], root: string): { owners: string; way: string } {
  const owners = listed(providers.map(({ module }) => module.label));
  return { owners, way: `Let ${root} import the one that is meant, and that one export it.` };
}
