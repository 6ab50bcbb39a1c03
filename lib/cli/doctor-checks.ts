import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { tryHttp2 } from '../application/try-http2';
import { type Compiler, loadCompiler } from './compiler';
import { packageVersion } from './package-folder';
import { copiesOf, installedVersion } from './package-versions';
import { cliErrors } from './errors';
import { isEsModule, type Project, shown } from './project';

/** Something that was looked at. */
export interface Finding {
  readonly what: string;
  /** A `failure` keeps applications from working; a `warning` may be meant. */
  readonly state: 'fine' | 'warning' | 'failure';
  readonly text: string;
}

const LEAST_NODE = [20, 19] as const;

/** Packages that do not know each other's classes when there are two of them; the others only cost memory. */
const ONE_COPY_ONLY = ['rockstar-web', 'class-validator', 'class-transformer'];
const BETTER_ONE_COPY = ['reflect-metadata', 'rxjs', 'tsyringe'];

const LOCKS = ['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml', 'yarn.lock'];

/** What an application is compiled and put together with. */
export function examineProject(project: Project): Finding[] {
  return [
    examineFramework(project),
    examineEntry(project),
    ...examineCompiler(project),
    ...examineCopies(project),
    examineLock(project),
  ];
}

export function examineNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_NODE;
  const isEnough = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  const least = LEAST_NODE.join('.');
  return isEnough ? fine('Node', version) : failure('Node', `${version}; at least ${least} is needed. Install a newer one.`);
}

export function examinePort(port: number, host: string): Promise<Finding> {
  const what = `port ${port}`;
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'EADDRINUSE') resolve(warning(what, 'is taken by another program; PORT=0 takes any free one.'));
      else if (code === 'EACCES') resolve(warning(what, `cannot be had (${code}); PORT=0 takes any free one.`));
      else resolve(failure(what, `cannot be had on ${host} (${code}). Set HOST to an address of this machine, or leave it out.`));
    });
    server.listen(port, host, () => server.close(() => resolve(fine(what, 'is free'))));
  });
}

/** Whether TLS and HTTP/2 work on this machine. */
export async function examineHttp2(): Promise<Finding> {
  try {
    const { status, tls } = await tryHttp2();
    const text = `answered with ${status} over ${tls}`;
    return status === 200 ? fine('HTTP/2', text) : failure('HTTP/2', text);
  } catch (error) {
    return failure('HTTP/2', `does not work on this machine: ${(error as Error).message}`);
  }
}

function examineFramework({ root }: Project): Finding {
  const version = installedVersion(root, 'rockstar-web');
  const what = 'rockstar-web';
  if (version === undefined) return failure(what, 'is not installed here. Install what package.json names (npm install).');
  if (version === packageVersion()) return fine(what, version);
  return warning(what, `${version} here, but this command is of ${packageVersion()}; npx rockstar takes the one that is here.`);
}

function examineEntry(project: Project): Finding {
  const { root, entry } = project;
  if (!existsSync(join(root, entry))) {
    return failure('program', `there is no ${entry}; sourceRoot and entryFile in nest-like-cli.json say where it is.`);
  }
  if (isEsModule(project)) return failure('program', cliErrors.CLI_ENTRY_ES_MODULE({ file: entry }).message);
  return fine('program', entry);
}

function examineCompiler(project: Project): Finding[] {
  let compiler: Compiler;
  try {
    compiler = loadCompiler(project);
  } catch (error) {
    return [failure('typescript', (error as Error).message)];
  }
  // Newer ones are a program alone, without what ts-node and ts-jest call.
  if (typeof compiler.transpileModule !== 'function') {
    return [failure('typescript', `${compiler.version} cannot be called by ts-node and ts-jest. Install typescript@6.`)];
  }
  return [fine('typescript', compiler.version), examineMetadata(project, compiler)];
}

function examineMetadata({ root }: Project, compiler: Compiler): Finding {
  const what = 'metadata';
  const file = join(root, 'tsconfig.json');
  if (!existsSync(file)) return failure(what, 'there is no tsconfig.json.');
  const read = compiler.readConfigFile(file, (path) => compiler.sys.readFile(path));
  if (read.error !== undefined) return failure(what, compiler.flattenDiagnosticMessageText(read.error.messageText, ' '));
  const { options } = compiler.parseJsonConfigFileContent(read.config, compiler.sys, root);
  const probe = 'declare const Mark: any; class Needed {} @Mark class Asking { constructor(needed: Needed) {} }';
  const { outputText } = compiler.transpileModule(probe, { compilerOptions: { ...options, noEmit: false } });
  if (outputText.includes('design:paramtypes')) return fine(what, 'types of constructors are written down for injection');
  const missing = (['experimentalDecorators', 'emitDecoratorMetadata'] as const).filter((name) => options[name] !== true);
  return failure(what, `no types are written down for injection: set ${missing.join(' and ')} in tsconfig.json.`);
}

function examineCopies({ root }: Project): Finding[] {
  const copies = copiesOf(root, [...ONE_COPY_ONLY, ...BETTER_ONE_COPY]);
  const doubled = [...copies].filter(([, found]) => found.length > 1);
  if (doubled.length === 0) return [fine('copies', 'each package that has to be there once is')];
  return doubled.map(([name, found]) => {
    const places = found.map((copy) => `${copy.version} in ${shown(root, copy.folder)}`).join(', ');
    const text = `${name} is there ${found.length} times (${places}); npm dedupe, or the same version everywhere.`;
    return ONE_COPY_ONLY.includes(name) ? failure('copies', text) : warning('copies', text);
  });
}

function examineLock({ root }: Project): Finding {
  const found = LOCKS.filter((name) => existsSync(join(root, name)));
  if (found.length === 1) return fine('lock', found.join());
  if (found.length === 0) return warning('lock', 'there is none: the next install may take other versions. Keep the lock file.');
  return warning('lock', `${found.join(' and ')}: keep that of the one package manager you use.`);
}

export function fine(what: string, text: string): Finding {
  return { what, state: 'fine', text };
}

export function warning(what: string, text: string): Finding {
  return { what, state: 'warning', text };
}

export function failure(what: string, text: string): Finding {
  return { what, state: 'failure', text };
}
