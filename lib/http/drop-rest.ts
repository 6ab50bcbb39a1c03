import type { Readable } from 'node:stream';

/** What is read and dropped behind a refusal before the connection is closed: enough for the answer to be seen. */
const DROPPED_BYTES = 4 * 1024 * 1024;
const DROPPING_MS = 2_000;

/** Reads and drops what still comes, within limits, then calls `done`, once. Out: ends it now. */
export function dropRest(input: Readable, done: () => void): () => void {
  let left = DROPPED_BYTES;
  const finish = (): void => {
    clearTimeout(timer);
    input.off('data', count).off('end', finish).off('close', finish);
    done();
  };
  const count = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left < 0) finish();
  };
  const timer = setTimeout(finish, DROPPING_MS);
  timer.unref();
  input.on('error', ignore);
  input.on('data', count).once('end', finish).once('close', finish);
  input.resume();
  return finish;
}

function ignore(): void {
  // See where it is attached.
}
