import { cliErrors } from './errors';
import { runTool } from './run-tool';
import { tell, type Terminal } from './terminal';

export type PackageManager = 'npm' | 'pnpm' | 'yarn';

const ARGUMENTS: Readonly<Record<PackageManager, readonly string[]>> = {
  npm: ['install', '--no-audit', '--no-fund', '--loglevel=error'],
  pnpm: ['install'],
  yarn: ['install'],
};

const FRAMES = ['|', '/', '-', '\\'];
const FRAME_MS = 250;

/** The package manager that started this command, by what it tells its programs; else npm. */
export function guessPackageManager(env: Terminal['env']): PackageManager {
  const name = /^(npm|pnpm|yarn)\//.exec(env.npm_config_user_agent ?? '')?.[1];
  return (name as PackageManager | undefined) ?? 'npm';
}

/**
 * Installs what the package.json of `folder` names, and shows that it is at it.
 *
 * Fails with: CLI_INSTALL_FAILED, CLI_INTERRUPTED.
 */
export async function installPackages(folder: string, manager: PackageManager, terminal: Terminal): Promise<void> {
  const startedMs = performance.now();
  const seconds = (): number => Math.round((performance.now() - startedMs) / 1000);
  const stop = showProgress(terminal, () => `Installing with ${manager} (${seconds()} s)`);
  const { exitCode, output } = await runTool(manager, ARGUMENTS[manager], folder, terminal).finally(stop);
  if (exitCode !== 0) {
    const command = [manager, ...ARGUMENTS[manager]].join(' ');
    throw cliErrors.CLI_INSTALL_FAILED({ command, how: String(exitCode), output });
  }
  tell(terminal, `Installed with ${manager} in ${seconds()} s.`);
}

/** A line that moves on a terminal; one that is written once elsewhere. */
function showProgress(terminal: Terminal, text: () => string): () => void {
  if (!terminal.isInteractive) {
    tell(terminal, `${text().replace(/ \(.*/, '')} …`);
    return () => undefined;
  }
  let frame = 0;
  const timer = setInterval(() => terminal.errors.write(`\r${FRAMES[frame++ % FRAMES.length]} ${text()} `), FRAME_MS);
  return () => {
    clearInterval(timer);
    terminal.errors.write('\r\u001B[K');
  };
}
