import type { MessagePort } from 'node:worker_threads';

/** What the worker is told. */
export interface WorkerData {
  /** Where PGlite is. */
  readonly module: string;
  readonly dataDir: string;
}

/** What it answers: that it runs, bytes of the protocol, that it came to its end, or that it failed. */
export type WorkerSays = { readonly is: 'ready' | 'closed' } | { readonly bytes: Uint8Array } | { readonly failure: string };

/* eslint-disable @typescript-eslint/no-require-imports -- sent to a thread as text, where nothing else is known */
/** Runs in a thread of its own, as text: PGlite blocks the thread it computes in, and only ending that thread stops a query. */
function serve(): void {
  const { parentPort, workerData } = require('node:worker_threads') as { parentPort: MessagePort; workerData: WorkerData };
  const { module, dataDir } = workerData;
  const say = (what: WorkerSays): void => parentPort.postMessage(what);
  const { PGlite } = require(module) as typeof import('@electric-sql/pglite');
  const opened = PGlite.create({ dataDir, relaxedDurability: true });
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
