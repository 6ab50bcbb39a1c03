import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../architecture/checkout';

const execute = promisify(execFile);

/** How this machine reaches its registry: certificates of its own, a proxy. */
const NETWORK =
  /^(node_extra_ca_certs|ssl_cert_(file|dir)|(https?|no|all)_proxy|npm_config_(registry|cafile|userconfig|prefer_offline))$/i;

/** What a user has around a command: no setting of the test runner, no colours. */
const ENVIRONMENT = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => NETWORK.test(name))),
  ...{ PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', CI: '1', NO_COLOR: '1' },
};

/** Runs a program to its end. Out: what it printed. Fails with all it said when its exit code is not 0. */
export async function runIn(folder: string, program: string, ...args: string[]): Promise<string> {
  const { stdout } = await execute(program, args, { cwd: folder, env: ENVIRONMENT }).catch((error: unknown) => {
    const { stdout: out, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${program} ${args.join(' ')} in ${folder}: ${String(error)}\n${out}\n${stderr}`);
  });
  return stdout;
}

/**
 * Packs what would be published, without touching the `dist` of the checkout, and unpacks it to `package/` of a folder.
 *
 * In: the folder; one that has the tarball already, where there is such. Out: the path of the tarball.
 */
export async function packPackage(folder: string, kept?: string): Promise<string> {
  if (kept === undefined) await packInto(folder);
  const tarball = readdirSync(kept ?? folder).find((name) => name.endsWith('.tgz')) ?? '';
  if (kept !== undefined) cpSync(join(kept, tarball), join(folder, tarball));
  await runIn(folder, 'tar', 'xzf', tarball);
  return join(folder, tarball);
}

async function packInto(folder: string): Promise<void> {
  const whole = join(folder, 'whole');
  mkdirSync(whole);
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  await runIn(ROOT, process.execPath, compiler, '-p', 'tsconfig.build.json', '--noCheck', '--outDir', join(whole, 'dist'));
  await runIn(ROOT, process.execPath, 'join-modules.mjs', join(whole, 'dist'));
  cpSync(join(ROOT, 'lib/openapi/page'), join(whole, 'dist/openapi/page'), { recursive: true });
  for (const path of ['package.json', 'nest-like-cli.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'docs', 'samples']) {
    cpSync(join(ROOT, path), join(whole, path), { recursive: true });
  }
  await runIn(whole, 'npm', 'pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder);
}

const started = new Set<ChildProcess>();

/** Ends what a test that failed has left running. */
export function endStarted(): void {
  for (const child of started) child.kill('SIGTERM');
}

/** Starts a program that says where it listens, each time it is started anew. */
export async function startIn(folder: string, program: string, ...args: string[]) {
  const child = spawn(program, args, { cwd: folder, env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'inherit'] });
  started.add(child);
  const ended = once(child, 'close').then(([code]: unknown[]) => {
    started.delete(child);
    return code;
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  /** The address it listened on for the time that is said, once it did. */
  const listening = async (time: number): Promise<URL> => {
    for (;;) {
      const url = [...printed.matchAll(/listening on (\S+)\n/g)][time - 1]?.[1];
      if (url !== undefined) return new URL(url);
      const more = once(child.stdout, 'data').then(() => 'more');
      more.catch(() => undefined);
      if ((await Promise.race([more, ended])) !== 'more') throw new Error(`it ended before it listened: ${printed}`);
    }
  };
  const stop = (signal: NodeJS.Signals): Promise<unknown> => {
    child.kill(signal);
    return ended;
  };
  return { url: await listening(1), listening, stop };
}
