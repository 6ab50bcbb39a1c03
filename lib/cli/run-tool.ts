import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cliErrors } from './errors';
import type { Terminal } from './terminal';

const KEPT_OUTPUT = 4_000;

/**
 * Runs a command line tool, and keeps the end of what it says.
 *
 * Out: its exit code, or the signal that ended it; `not found` when it could not be started.
 * Fails with: CLI_INTERRUPTED, once it has ended, when this command is asked to end.
 */
export async function runTool(
  tool: string,
  args: readonly string[],
  cwd: string,
  terminal: Terminal,
): Promise<{ readonly exitCode: number | string; readonly output: string }> {
  const { env, signal } = terminal;
  // On Windows tools are scripts, which only a shell runs.
  const child = spawn(tool, args, {
    cwd,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-KEPT_OUTPUT)));
  }
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  const failed = once(child, 'error').then(([error]) => `not started: ${(error as Error).message}`);
  const closed = once(child, 'close').then(([code, killedBy]) => (code ?? killedBy) as number | string);
  const exitCode = await Promise.race([closed, failed]).finally(() => signal.removeEventListener('abort', stop));
  if (signal.aborted) throw cliErrors.CLI_INTERRUPTED();
  return { exitCode, output: output.trimEnd() };
}
