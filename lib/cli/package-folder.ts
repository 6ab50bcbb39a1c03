import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The folder of this copy of the package; its `dist` or, in the checkout, its `lib` is what runs. */
export const packageFolder = join(__dirname, '..', '..');

/** Whether it was installed by a package manager; else it is a checkout. */
export const isInstalled = basename(dirname(packageFolder)) === 'node_modules';

/** The version of this copy. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string }).version;
}
