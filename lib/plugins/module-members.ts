import type { FrameworkError } from '../errors/framework-error';
import { nearNames } from '../errors/near-names';
import { pluginErrors } from './errors';
import type { DynamicModule, ModuleOptions, PluginOptions } from './plugin';

const OF_MODULE = ['imports', 'controllers', 'providers', 'exports'] as const satisfies (keyof ModuleOptions)[];
const OF_PLUGIN_ALONE = [
  'name',
  'version',
  'description',
  'author',
  'config',
  'dependencies',
] as const satisfies (keyof PluginOptions)[];

const KNOWN = {
  '@Module': OF_MODULE,
  '@Plugin': [...OF_MODULE, ...OF_PLUGIN_ALONE],
  'a dynamic module': ['module', ...OF_MODULE] satisfies (keyof DynamicModule)[],
} as const;

/** What was said of a module that nothing reads: a slip the compiler did not see, since programs start without a type check. */
export function unknownMembers(module: string, what: keyof typeof KNOWN, options: object): FrameworkError[] {
  const known: readonly string[] = KNOWN[what];
  return Object.entries(options)
    .filter(([member, value]) => value !== undefined && !known.includes(member))
    .map(([member]) => pluginErrors.MODULE_MEMBER_UNKNOWN({ module, what, member, way: wayOut(member, what, known) }));
}

function wayOut(member: string, what: keyof typeof KNOWN, known: readonly string[]): string {
  const [near] = nearNames(member, known);
  if (near !== undefined) return `Did you mean ${near}?`;
  if (what === '@Module' && (OF_PLUGIN_ALONE as readonly string[]).includes(member)) return '@Plugin does.';
  return `It takes ${known.join(', ')}.`;
}
