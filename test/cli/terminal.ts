import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** Whether there is the program of util-linux that lends others a terminal; that of BSD and macOS is called otherwise. */
export function hasTerminals(): boolean {
  return (spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '').includes('util-linux');
}

/** A person's answers: what is typed when the terminal shows what was waited for. */
export type Answers = readonly (readonly [question: string, typed: string])[];

/** Runs a program at a terminal of its own. Out: what was shown, and its exit code. */
export async function runAtTerminal(
  folder: string,
  command: readonly string[],
  answers: Answers,
): Promise<{ readonly shown: string; readonly code: unknown }> {
  const line = command.map((word) => `'${word}'`).join(' ');
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, TERM: 'xterm' };
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    cwd: folder,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 60_000,
  });
  const ended = once(child, 'close');
  let shown = '';
  let answered = 0;
  let from = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const [question, typed] = answers[answered] ?? [];
    const at = question === undefined ? -1 : shown.indexOf(question, from);
    if (at < 0 || question === undefined) return;
    from = at + question.length;
    answered += 1;
    child.stdin.write(typed ?? '');
  });
  const [code] = (await ended) as unknown[];
  return { shown, code };
}
