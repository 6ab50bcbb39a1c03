import { execFile } from 'node:child_process';
import { join } from 'node:path';

interface RunnerReport {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const root = join(__dirname, '..', '..');
const fixture = join(__dirname, 'fixtures', 'leaves-open.ts');

/** Runs the fixture as the suite is run, but in a runner of its own, with a short grace. */
function runFixture(): Promise<RunnerReport> {
  const config = {
    rootDir: root,
    testMatch: [fixture],
    testEnvironment: '<rootDir>/test/support/nothing-left-open.ts',
    testEnvironmentOptions: { leftOpenGraceMs: 50 },
    transform: { '^.+\\.ts$': 'ts-jest' },
  };
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const args = [jest, '--json', '--runInBand', '--forceExit', '--config', JSON.stringify(config)];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root }, (_failed, stdout) => resolve(JSON.parse(stdout) as RunnerReport));
  });
}

it('fails the tests that leave something open, and the file for what stays to its end', async () => {
  const [file] = (await runFixture()).testResults;
  const outcomes = file?.assertionResults.map(({ title, status, failureMessages }) => [
    title,
    status,
    failureMessages.map((message) => /leaves open: ([^.]*)\./.exec(message)?.[1]),
  ]);
  expect(outcomes).toEqual([
    ['leaves a server open', 'failed', ['1 TCPServerWrap']],
    ['is not blamed for an earlier one, and closes its own in a hook', 'passed', []],
  ]);
  expect(file?.message).toContain('The file leaves open: 1 TCPServerWrap.');
});
