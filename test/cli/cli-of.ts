import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { run } from '../../lib/cli/run';

/** A command line in a folder of its own, with streams instead of a terminal. */
export class CliOf {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'rockstar-cli-')));
  readonly input = new PassThrough();
  readonly interrupt = new AbortController();
  out = '';
  errors = '';
  isInteractive = false;
  /** Where programs are looked for. */
  path = process.env.PATH ?? '';
  /** Of the environment, what else is set. */
  environment: Readonly<Record<string, string>> = {};

  /** Out: the exit code. `out` and `errors` hold what was written by this run. */
  async run(...args: string[]): Promise<number> {
    this.out = this.errors = '';
    const [output, errors] = [new PassThrough(), new PassThrough()];
    output.setEncoding('utf8').on('data', (text: string) => (this.out += text));
    errors.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    const { input, isInteractive, path } = this;
    const env = { PATH: path, HOME: process.env.HOME, ...this.environment };
    const code = await run(args, { cwd: this.folder, env, input, output, errors, isInteractive, signal: this.interrupt.signal });
    await new Promise((resolve) => setImmediate(resolve));
    return code;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
