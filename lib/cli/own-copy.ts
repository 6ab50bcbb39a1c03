import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { COMMANDS } from './command-table';
import { packageFolder } from './package-folder';
import { run } from './run';
import type { Terminal } from './terminal';

/**
 * As `run`, but a command that works on an application is done by the copy of the package that the application itself
 * uses: another copy would not know its classes, and may be of another version.
 */
export async function runInApp(args: readonly string[], terminal: Terminal): Promise<number> {
  const command = COMMANDS.find(({ name, short }) => name === args[0] || short === args[0]);
  const other = command?.inApp === true ? otherCopy(terminal.cwd) : undefined;
  if (other === undefined) return run(args, terminal);
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- which copy it is depends on the application
  return (require(other) as { run: typeof run }).run(args, terminal);
}

/** The `run` of the copy that programs in `folder` get, when it is not this one. */
function otherCopy(folder: string): string | undefined {
  const found = copyFor(folder);
  if (found === undefined || realpathSync(found) === realpathSync(packageFolder)) return undefined;
  const file = join(found, 'dist', 'cli', 'run.js');
  return existsSync(file) ? file : undefined;
}

/** The folder of the package as a program in `folder` would find it. */
export function copyFor(folder: string): string | undefined {
  try {
    return dirname(createRequire(join(folder, 'package.json')).resolve('rockstar-web/package.json'));
  } catch {
    return undefined;
  }
}
