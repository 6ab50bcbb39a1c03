import { execFile } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

interface Outcome {
  readonly code: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** `npm run sample -- <args>`, without npm in between. */
function sample(...args: string[]): Promise<Outcome> {
  const command = ['--conditions=rockstar-source', '-r', 'ts-node/register/transpile-only', 'samples/start.ts', ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { cwd: ROOT }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

describe('npm run sample', () => {
  it('asks which sample, names them all and ends with code 2', async () => {
    const { code, stdout, stderr } = await sample();
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^Which sample\?$/m);
    expect(stderr).toMatch(/^ {2}hello\s+The smallest app.* \(port 3000\)$/m);
  });

  it('answers a slip of the finger with the sample that was meant', async () => {
    const { code, stderr } = await sample('helo');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^There is no sample helo\. Did you mean hello\?$/m);
  });

  it('guesses nothing from another word', async () => {
    const { code, stderr } = await sample('refrigerator');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^There is no sample refrigerator\.$/m);
  });

  it('says with --help how it is used, and ends well', async () => {
    const { code, stdout } = await sample('--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: npm run sample -- <name>$/m);
  });
});
