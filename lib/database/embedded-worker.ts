import type { MessagePort } from 'node:worker_threads';

/** What the worker is told. */
export interface WorkerData {
  /** Where PGlite is. */
  readonly module: string;
  /** Undefined for a worker that only makes the template. */
  readonly dataDir?: string;
  /** Files of an empty database, to be copied, and the folder they are made in when they are not there. */
  readonly template?: string;
  readonly making?: string;
  /** The name of a file that says that a folder was left half-filled. */
  readonly unfinished: string;
}

/** As `unfinished` wants it. */
export const UNFINISHED = '.rockstar-unfinished';

/** What it answers: that it runs, bytes of the protocol, that it came to its end, or that it failed. */
export type WorkerSays = { readonly is: 'ready' | 'closed' } | { readonly bytes: Uint8Array } | { readonly failure: string };

/* eslint-disable @typescript-eslint/no-require-imports -- sent to a thread as text, where nothing else is known */
/** Runs in a thread of its own, as text: PGlite blocks the thread it computes in, and only ending that thread stops a query. */
function serve(): void {
  const { parentPort, workerData } = require('node:worker_threads') as { parentPort: MessagePort; workerData: WorkerData };
  const { chmodSync, cpSync, constants, existsSync, readdirSync, renameSync, rmSync, writeFileSync } =
    require('node:fs') as typeof import('node:fs');
  const { module, dataDir, template, making, unfinished } = workerData;
  const say = (what: WorkerSays): void => parentPort.postMessage(what);
  const { PGlite } = require(module) as typeof import('@electric-sql/pglite');

  async function makeTemplate(): Promise<void> {
    if (template === undefined || making === undefined || existsSync(template)) return;
    const first = await PGlite.create({ dataDir: making });
    await first.close();
    // Others of this machine may start from it, too.
    chmodSync(making, 0o755);
    try {
      renameSync(making, template);
    } catch (error) {
      // Another process was quicker.
      if (!existsSync(template)) throw error;
    }
  }

  /** All but the mark: a folder that is left half-emptied is told by it, too. */
  function clear(folder: string): void {
    for (const name of readdirSync(folder)) {
      if (name !== unfinished) rmSync(`${folder}/${name}`, { recursive: true, force: true });
    }
  }

  /** This thread may be ended at any moment: from before a folder is touched until it is a database, it has a mark. */
  async function open(folder: string): Promise<import('@electric-sql/pglite').PGlite> {
    const mark = `${folder}/${unfinished}`;
    if (existsSync(mark)) clear(folder);
    else if (readdirSync(folder).length > 0) return PGlite.create({ dataDir: folder, relaxedDurability: true });
    else writeFileSync(mark, '');
    const database = await fill(folder);
    rmSync(mark);
    return database;
  }

  /** Makes a database of an empty folder, as it is: its mode and its place are somebody's choice. */
  async function fill(folder: string): Promise<import('@electric-sql/pglite').PGlite> {
    const settings = { dataDir: folder, relaxedDurability: true };
    if (template === undefined) return PGlite.create(settings);
    try {
      await makeTemplate();
      cpSync(template, folder, { recursive: true, mode: constants.COPYFILE_FICLONE });
    } catch {
      // No room, no right to read or write: it is created as if there were no template.
      clear(folder);
      return PGlite.create(settings);
    }
    try {
      return await PGlite.create(settings);
    } catch {
      clear(folder);
      try {
        // Its files are broken, and may be another user's.
        rmSync(template, { recursive: true, force: true });
      } catch {
        // Then they stay.
      }
      return PGlite.create(settings);
    }
  }

  if (dataDir === undefined) {
    void makeTemplate().finally(() => process.exit());
    return;
  }
  const opened = open(dataDir);
  let last: Promise<unknown> = opened.then(() => say({ is: 'ready' }));
  /** `Terminate` of the protocol is its first byte. */
  const answer = async (bytes: Uint8Array): Promise<void> => {
    const database = await opened;
    if (bytes[0] === 0x58) {
      await database.close();
      say({ is: 'closed' });
    } else {
      say({ bytes: await database.execProtocolRaw(bytes) });
    }
  };
  const fail = (error: unknown): void => say({ failure: String(error) });
  last.catch(fail);
  parentPort.on('message', (bytes: Uint8Array) => {
    last = last.then(() => answer(bytes));
    last.catch(fail);
  });
}
/* eslint-enable @typescript-eslint/no-require-imports */

/** The worker's whole text. */
export const WORKER_SOURCE = `(${serve.toString()})()`;
