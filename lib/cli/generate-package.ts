import { basename, relative, resolve } from 'node:path';
import { write } from './app-files';
import { checkAppName } from './app-name';
import type { Input } from './command';
import { usageErrors } from './errors';
import { provideFramework } from './framework-source';
import { type Kind, readName } from './generated-files';
import { packageVersion } from './package-folder';
import { planPluginPackage } from './plugin-package';
import { refuseTaken, stageFolder } from './staged-folder';
import { say, tell, type Terminal } from './terminal';

/**
 * `rockstar generate plugin <name> --package`: a folder with a plugin that is built, tested and packed by itself.
 *
 * Fails with: USAGE_OPTION_INVALID, USAGE_NAME_INVALID, CLI_FOLDER_TAKEN, CLI_FOLDER_UNUSABLE, and as `provideFramework`.
 */
export async function generatePackage(kind: Kind, name: string, input: Input, terminal: Terminal): Promise<number> {
  if (kind !== 'plugin') {
    throw usageErrors.USAGE_OPTION_INVALID({ option: '--package', expected: 'a plugin to make a package of', got: `a ${kind}` });
  }
  const { folders, base } = readName(kind, name);
  const target = resolve(terminal.cwd, ...folders, `${base}-plugin`);
  checkAppName(basename(target), []);
  refuseTaken(target);
  const shown = relative(terminal.cwd, target);
  if (input.flag('dry-run')) {
    for (const path of Object.keys(planPluginPackage(base, packageVersion(), ''))) say(terminal, `create ${shown}/${path}`);
    tell(terminal, 'Nothing was written (--dry-run).');
    return 0;
  }
  const stage = stageFolder(target);
  try {
    const framework = await provideFramework(stage.path, input.value('framework'), terminal);
    const files = planPluginPackage(base, packageVersion(), framework);
    for (const [path, content] of Object.entries(files)) write(stage.path, path, content);
    stage.publish();
    for (const path of Object.keys(files)) say(terminal, `create ${shown}/${path}`);
  } catch (error) {
    stage.discard();
    throw error;
  }
  tell(terminal, `\nGo on with:\n  cd ${shown} && npm install && npm test && npm pack`);
  return 0;
}
