import { cliErrors } from './errors';
import { runTool } from './run-tool';
import { tell, type Terminal } from './terminal';

export type PackageManager = 'npm' | 'pnpm' | 'yarn';

const ARGUMENTS: Readonly<Record<PackageManager, readonly string[]>> = {
  npm: ['install', '--no-audit', '--no-fund', '--loglevel=error'],
  pnpm: ['install'],
  yarn: ['install'],
};

/** npm asks again three times, a minute and more, for each of the packages in turn: without a network that is half an hour. */
const WITHOUT_NETWORK = ['--fetch-retries=0', '--fetch-timeout=10000'];
/** What npm says when nobody answers; `E404` and its like are answers. */
const NOBODY_ANSWERS = /code E(?!\d)/;

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
  const args = ARGUMENTS[manager];
  const { exitCode, output } = await patience(manager, folder, terminal)
    .then((more) => runTool(manager, [...args, ...more], folder, terminal))
    .finally(stop);
  if (exitCode !== 0) {
    throw cliErrors.CLI_INSTALL_FAILED({ command: [manager, ...args].join(' '), how: String(exitCode), output });
  }
  tell(terminal, `Installed with ${manager} in ${seconds()} s.`);
}

/** How long the package manager is to try: once, when its registry cannot be reached. What it has in its cache is installed all the same. */
async function patience(manager: PackageManager, folder: string, terminal: Terminal): Promise<readonly string[]> {
  if (manager !== 'npm') return [];
  const { exitCode, output } = await runTool(manager, ['ping', '--loglevel=error', ...WITHOUT_NETWORK], folder, terminal);
  return exitCode !== 0 && NOBODY_ANSWERS.test(output) ? WITHOUT_NETWORK : [];
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
