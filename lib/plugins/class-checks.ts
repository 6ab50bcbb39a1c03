import { describe } from './describe';
import { pluginErrors } from './errors';
import type { HookName } from './lifecycle';
import type { Report } from './module-tree';
import { readScope } from './plugin';
import { type PlannedProvider, whoIs } from './plugin-plan';
import { isScope } from './provider';

/** Hooks as NestJS names them: code that comes from there compiles, and would wait for them in silence. */
const FOREIGN_HOOKS: readonly (readonly [string, HookName])[] = [
  ['onModuleInit', 'initialize'],
  ['onApplicationBootstrap', 'start'],
  ['beforeApplicationShutdown', 'stop'],
  ['onModuleDestroy', 'stop'],
  ['onApplicationShutdown', 'shutdown'],
];

/** Reports what a class says of itself that would have no effect. A class that serves elsewhere, too, has both hooks. */
export function checkClass(draft: PlannedProvider, report: Report): void {
  const { recipe } = draft;
  if (recipe.kind !== 'class') return;
  const who = whoIs(draft);
  const scope: unknown = readScope(recipe.class);
  if (!isScope(scope)) report(pluginErrors.SCOPE_UNKNOWN({ who, got: describe(scope) }));
  const methods = recipe.class.prototype as Readonly<Record<string, unknown>>;
  for (const [method, hook] of FOREIGN_HOOKS) {
    if (typeof methods[method] === 'function' && typeof methods[hook] !== 'function') {
      report(pluginErrors.HOOK_NEVER_CALLED({ who, method, hook }));
    }
  }
}
