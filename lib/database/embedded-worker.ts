import type { MessagePort } from 'node:worker_threads';

/** What the worker is told. */
export interface WorkerData {
  /** Where PGlite is. */
  readonly module: string;
  readonly dataDir: string;
}

/** What it answers: that it runs, bytes of the protocol, or that it failed. */
export type WorkerSays = { readonly ready: true } | { readonly bytes: Uint8Array } | { readonly failure: string };

/* eslint-disable @typescript-eslint/no-require-imports -- sent to a thread as text, where nothing else is known */
/** Runs in a thread of its own, as text: PGlite blocks the thread it computes in, and only ending that thread stops a query. */
function serve(): void {
  const { parentPort, workerData } = require('node:worker_threads') as { parentPort: MessagePort; workerData: WorkerData };
  const { module, dataDir } = workerData;
  const say = (what: WorkerSays): void => parentPort.postMessage(what);
  const { PGlite } = require(module) as typeof import('@electric-sql/pglite');
  let last: Promise<unknown> = PGlite.create({ dataDir, relaxedDurability: true }).then((database) => {
    parentPort.on('message', (bytes: Uint8Array) => {
      last = last
        .then(() => database.execProtocolRaw(bytes))
        .then((answer) => say({ bytes: answer }))
        .catch((error: unknown) => say({ failure: String(error) }));
    });
    say({ ready: true });
  });
  last.catch((error: unknown) => say({ failure: String(error) }));
}
/* eslint-enable @typescript-eslint/no-require-imports */

/** The worker's whole text. */
export const WORKER_SOURCE = `(${serve.toString()})()`;
