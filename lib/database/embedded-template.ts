import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { Worker } from 'node:worker_threads';
import { UNFINISHED, WORKER_SOURCE, type WorkerData } from './embedded-worker';
import { TemporaryFolder } from './temporary-folder';

const MODULES = `${sep}node_modules${sep}`;

/** Where the files of an empty database are kept, and where they are made when they are not there yet. */
export interface EmbeddedTemplate {
  readonly path: string;
  /** Undefined when they are there. Removed with what is left in it when it is not needed any more. */
  readonly making: TemporaryFolder | undefined;
}

/**
 * The files of an empty database, to be copied instead of created: that takes a fifth of the time. They are kept beside
 * the package whose version they belong to, in `node_modules/.cache/rockstar-web`. Out: undefined where there is no
 * such folder, or none that can be written to; databases are created one by one there.
 */
export function embeddedTemplate(): EmbeddedTemplate | undefined {
  const module = embeddedModule();
  const at = module.lastIndexOf(MODULES);
  if (at === -1) return undefined;
  const cache = join(module.slice(0, at + MODULES.length), '.cache', 'rockstar-web');
  try {
    const name = `embedded-${versionOf(module)}`;
    const path = join(cache, name);
    if (existsSync(path)) {
      // Another user may have made it who shows it to nobody.
      accessSync(path, constants.R_OK | constants.X_OK);
      return { path, making: undefined };
    }
    mkdirSync(cache, { recursive: true });
    return { path, making: new TemporaryFolder(`${name}-making`, cache) };
  } catch {
    return undefined;
  }
}

/** Where PGlite is. */
export function embeddedModule(): string {
  return require.resolve('@electric-sql/pglite');
}

/** Makes the files ahead of time, so that the first database starts as quickly as the next. Out: when they are there, or cannot be made. */
export async function prepareEmbedded(): Promise<void> {
  const template = embeddedTemplate();
  if (template?.making === undefined) return;
  const { path, making } = template;
  const workerData: WorkerData = { module: embeddedModule(), template: path, making: making.path, unfinished: UNFINISHED };
  const worker = new Worker(WORKER_SOURCE, { eval: true, workerData, execArgv: [] });
  await new Promise<void>((resolve) => worker.once('exit', () => resolve()).once('error', () => resolve()));
  making.remove();
}

function versionOf(module: string): string {
  let folder = dirname(module);
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}
