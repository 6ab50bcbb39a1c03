import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Terminal } from './terminal';

/**
 * Runs Node with `args`, on the terminal of this command, and hands on the signal that asks this command to end.
 *
 * Out: its exit code; 128 and the number of the signal when one killed it.
 */
export async function runProgram(
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
  terminal: Terminal,
): Promise<number> {
  const child = spawn(process.execPath, args, { cwd, env: { ...terminal.env, ...env }, stdio: 'inherit' });
  const pass = (): void => {
    const signal = terminal.signal.reason as NodeJS.Signals;
    // A terminal sends Ctrl-C to everybody who runs in it, and twice would mean: at once.
    if (signal !== 'SIGINT' || !terminal.isInteractive) child.kill(signal);
  };
  const kill = (): void => void child.kill('SIGKILL');
  terminal.signal.addEventListener('abort', pass, { once: true });
  process.once('exit', kill);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return code ?? (signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : 1);
  } finally {
    terminal.signal.removeEventListener('abort', pass);
    process.off('exit', kill);
  }
}
