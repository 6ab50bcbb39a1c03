import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { cliErrors, usageErrors } from './errors';
import { isInstalled, packageFolder, packageVersion } from './package-folder';
import { runTool } from './run-tool';
import type { Terminal } from './terminal';

/** Where an application keeps a framework that no registry has. */
const VENDOR = 'vendor';

/**
 * Says how the application in `folder` depends on rockstar-web, and puts there what is needed for it.
 *
 * In: `wanted`, a version or the path of a packed .tgz; else the framework that runs this command: its version when it
 * came from a registry, and what it is made of, packed into `vendor/`, when it did not (a checkout, a .tgz).
 * Out: what package.json says. Fails with: USAGE_OPTION_INVALID, CLI_PACKAGE_INCOMPLETE, CLI_PACK_FAILED.
 */
export async function provideFramework(folder: string, wanted: string | undefined, terminal: Terminal): Promise<string> {
  if (wanted === undefined) return cameFromRegistry() ? `^${packageVersion()}` : packOwn(folder, terminal);
  if (isTarball(wanted)) return keepTarball(folder, resolve(terminal.cwd, wanted));
  if (/^[\^~]?\d+(\.\d+){0,2}(-[\w.-]+)?$|^[a-z]+$/.test(wanted)) return wanted;
  throw invalid(wanted);
}

function isTarball(wanted: string): boolean {
  return isAbsolute(wanted) || wanted.startsWith('.') || wanted.endsWith('.tgz');
}

function invalid(wanted: string): Error {
  return usageErrors.USAGE_OPTION_INVALID({
    option: '--framework',
    expected: 'a version, or the path of a .tgz that is there',
    got: `"${wanted}"`,
  });
}

function keepTarball(folder: string, tarball: string): string {
  if (!tarball.endsWith('.tgz') || !existsSync(tarball)) throw invalid(tarball);
  mkdirSync(join(folder, VENDOR), { recursive: true });
  copyFileSync(tarball, join(folder, VENDOR, basename(tarball)));
  return `file:${VENDOR}/${basename(tarball)}`;
}

/** npm writes down where each package came from; where nobody did, the package itself is the safe answer. */
function cameFromRegistry(): boolean {
  if (!isInstalled) return false;
  try {
    const lock = JSON.parse(readFileSync(join(dirname(packageFolder), '.package-lock.json'), 'utf8')) as {
      packages: Record<string, { resolved?: string } | undefined>;
    };
    return /^https?:/.test(lock.packages['node_modules/rockstar-web']?.resolved ?? '');
  } catch {
    // pnpm says it in the folder's name.
    return packageFolder.includes(join('.pnpm', `rockstar-web@${packageVersion()}`));
  }
}

async function packOwn(folder: string, terminal: Terminal): Promise<string> {
  if (!existsSync(join(packageFolder, 'dist', 'index.js'))) {
    throw cliErrors.CLI_PACKAGE_INCOMPLETE({ missing: 'dist/', folder: packageFolder, wayOut: 'npm run build makes it.' });
  }
  mkdirSync(join(folder, VENDOR), { recursive: true });
  // What is packed is what runs: nothing is built anew.
  const args = ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', join(folder, VENDOR)];
  const { exitCode, output } = await runTool('npm', args, packageFolder, terminal);
  if (exitCode !== 0) throw cliErrors.CLI_PACK_FAILED({ folder: packageFolder, output });
  return `file:${VENDOR}/rockstar-web-${packageVersion()}.tgz`;
}
