import * as program from '../../lib/cli/run-program';
import { runWatched } from '../../lib/cli/run-watched';
import type { Terminal } from '../../lib/cli/terminal';
import * as folder from '../../lib/cli/watch-folder';

afterEach(() => {
  jest.restoreAllMocks();
});

it('starts nothing again when its files can no longer be watched, also where that is told right behind a change', async () => {
  let changed = (): void => undefined;
  let failed: (error: Error) => void = () => undefined;
  jest.spyOn(folder, 'watchFolder').mockImplementation((_folder, change, failure) => {
    [changed, failed] = [change, failure];
    return () => Promise.resolve();
  });
  const run = jest.spyOn(program, 'runProgram').mockImplementationOnce(() => {
    changed();
    setImmediate(() => failed(new Error('ENOSPC')));
    return Promise.resolve(143);
  });
  run.mockRejectedValueOnce(new Error('started again'));
  const terminal = { signal: new AbortController().signal, errors: { write: () => true } } as unknown as Terminal;
  await expect(runWatched([], { sources: 'src', cwd: '.', env: {} }, terminal)).rejects.toMatchObject({
    code: 'CLI_WATCH_FAILED',
  });
});
