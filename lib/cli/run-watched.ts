import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { cliErrors } from './errors';
import { runProgram } from './run-program';
import { tell, type Terminal } from './terminal';
import { watchFolder } from './watch-folder';

/** How long a change may go on until the program is started again: files are written in steps, and mostly several. */
const SETTLING_MS = 50;

/**
 * Runs Node with `args`, and again whenever a source file below `sources` changes; after an end by itself it waits for that.
 *
 * Out: the exit code of the last run, once this command is asked to end. Fails with: CLI_WATCH_FAILED.
 */
export async function runWatched(
  args: readonly string[],
  { sources, ...place }: { readonly sources: string } & Parameters<typeof runProgram>[1],
  terminal: Terminal,
): Promise<number> {
  const asked = terminal.signal;
  let change = new AbortController();
  let failure: Error | undefined;
  const stop = (): void => change.abort('SIGTERM' satisfies NodeJS.Signals);
  const unwatch = watchFolder(sources, stop, (error) => {
    failure ??= error;
    stop();
  });
  try {
    for (;;) {
      const signal = AbortSignal.any([asked, change.signal]);
      const code = await runProgram(args, place, { ...terminal, signal });
      if (!signal.aborted) {
        tell(terminal, `The program ended with exit code ${code}; it is started again when a source file changes.`);
        await once(signal, 'abort');
      }
      if (!asked.aborted) await wait(SETTLING_MS, undefined, { signal: asked }).catch(() => undefined);
      if (failure !== undefined) throw cliErrors.CLI_WATCH_FAILED({ folder: sources, reason: failure.message });
      if (asked.aborted) return code;
      change = new AbortController();
      tell(terminal, 'A source file changed; starting again.');
    }
  } finally {
    await unwatch();
  }
}
