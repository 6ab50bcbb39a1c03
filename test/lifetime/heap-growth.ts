import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Frees what nothing refers to any more. */
export const collectGarbage = runInNewContext('gc') as () => void;

/** How many bytes stay in use behind `work`, once it has run before. */
export function heapGrowth(work: () => void): number {
  work();
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  work();
  collectGarbage();
  return process.memoryUsage().heapUsed - before;
}
