import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/** A TypeScript program of the checkout that was started as its user would start it. */
export class SampleProcess {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly exited: Promise<number | string>;

  private constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    // As `npm run sample` does; what was compiled before is not compiled again.
    const command = ['--conditions=rockstar-source', '-r', './samples/compile.cjs', ...args];
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', ...environment };
    this.child = spawn(process.execPath, command, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.exited = once(this.child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  }

  /** Starts a sample; `listening` says when it is ready. */
  static sample(name: string, environment: Readonly<Record<string, string>> = {}): SampleProcess {
    return new SampleProcess(['samples/start.ts', name], environment);
  }

  /** Starts a program of `test/support/fixtures`. */
  static fixture(file: string, environment: Readonly<Record<string, string>> = {}): SampleProcess {
    return new SampleProcess([join('test/support/fixtures', file)], environment);
  }

  /** Starts a program, by its path in the checkout. */
  static program(path: string, environment: Readonly<Record<string, string>> = {}): SampleProcess {
    return new SampleProcess([path], environment);
  }

  /** The address it printed, once it did. */
  async listening(): Promise<URL> {
    for (;;) {
      const url = /listening on (\S+)$/m.exec(this.stdout)?.[1];
      if (url !== undefined) return new URL(url);
      const more = this.child.stdout === null ? undefined : once(this.child.stdout, 'data');
      const ended = await Promise.race([more?.then(() => undefined), this.exited]);
      if (ended !== undefined) throw new Error(`it ended with ${ended}: ${this.stderr}`);
    }
  }

  /** Sends a signal and waits for the end. Out: the exit code, or the signal that killed it. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    return this.exited;
  }
}
