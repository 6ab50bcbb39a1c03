import type { FrameworkError } from '../../lib/errors/framework-error';
import { Lifetime } from '../../lib/lifetime/lifetime';
import { buildInstances, type BuildOptions, type BuiltPlugins } from '../../lib/plugins/build-instances';
import type { ModuleImport } from '../../lib/plugins/plugin';
import { type PlanOptions, planPlugins } from '../../lib/plugins/plugin-graph';
import type { PluginPlan } from '../../lib/plugins/plugin-plan';
import { WiringError } from '../../lib/plugins/wiring-error';

/** The plan; throws what stands in its way. */
export function planOf(root: ModuleImport, options?: PlanOptions): PluginPlan {
  const { plan, mistakes } = planPlugins(root, options);
  if (plan === undefined) throw new WiringError(mistakes);
  return plan;
}

/** All mistakes of a plan; none when there is a plan. */
export function mistakesOf(root: ModuleImport, options?: PlanOptions): readonly FrameworkError[] {
  return planPlugins(root, options).mistakes ?? [];
}

/** The whole text of each mistake. */
export function textsOf(root: ModuleImport, options?: PlanOptions): string[] {
  return mistakesOf(root, options).map((it) => it.message);
}

/** Plans and builds, in a lifetime of its own unless one is given. */
export function build(root: ModuleImport, options: Partial<BuildOptions> & { plan?: PlanOptions } = {}): Promise<BuiltPlugins> {
  const { plan, ...rest } = options;
  return buildInstances(planOf(root, plan), { owner: Lifetime.root(), ...rest });
}
