import type { ModuleImport } from 'rockstar-web';
import { ChickenPlugin, EggPlugin } from './cycle.plugins';
import { BackupPlugin } from './missing.plugin';
import { ArchivePlugin } from './shape.plugin';
import { ReceptionPlugin } from './typo.plugin';
import { FuturePlugin } from './version.plugin';

const BROKEN = {
  missing: [BackupPlugin],
  cycle: [ChickenPlugin, EggPlugin],
  version: [FuturePlugin],
  shape: [ArchivePlugin],
  typo: [ReceptionPlugin],
} as const satisfies Readonly<Record<string, readonly ModuleImport[]>>;

/** Plugins with a mistake in them, to see what the start says of it. */
export function brokenPlugins(which: string | undefined): readonly ModuleImport[] {
  if (which === undefined) return [];
  if (Object.hasOwn(BROKEN, which)) return BROKEN[which as keyof typeof BROKEN];
  throw new Error(`BROKEN takes ${Object.keys(BROKEN).join(', ')}, not "${which}".`);
}
