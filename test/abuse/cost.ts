import { collectGarbage } from '../lifetime/heap-growth';
import { turn } from '../support/soon';

/** CPU time of this process, both ends of its connections included, in milliseconds: what another process does is not in it. */
export async function cpuMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/**
 * The least of several runs: what the collector, the compiler and a busy host do falls on some of them. One that took less
 * than `enough` milliseconds is enough.
 */
export async function leastCpuMs(work: () => unknown, { enough = 0, runs = 3 } = {}): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < runs && least >= enough; i++) least = Math.min(least, await cpuMs(work));
  return least;
}

/**
 * How many bytes of heap and buffers stay in use behind `work`, once it has run before: the least of several runs, for what
 * is kept stays behind each of them, and when a buffer is freed is for others to say. One that keeps no more than `limit` is enough.
 */
export async function keptBytes(work: () => Promise<void>, limit: number, runs = 3): Promise<number> {
  await work();
  let least = Infinity;
  for (let i = 0; i < runs && least > limit; i++) {
    const before = await usedBytes();
    await work();
    least = Math.min(least, (await usedBytes()) - before);
  }
  return least;
}

/** What a collection found to be free is freed beside the program: the next one waits for it. */
async function usedBytes(): Promise<number> {
  collectGarbage();
  await turn();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
