import { collectGarbage } from '../lifetime/heap-growth';

/** CPU time of this process, both ends of its connections included, in milliseconds: what another process does is not in it. */
export async function cpuMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** The least of several runs: what the collector and the compiler do falls on some of them. */
export async function leastCpuMs(work: () => unknown, runs = 3): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < runs; i++) least = Math.min(least, await cpuMs(work));
  return least;
}

/** How many bytes of heap and buffers stay in use behind `work`, once it has run before. */
export async function keptBytes(work: () => Promise<void>): Promise<number> {
  await work();
  const before = usedBytes();
  await work();
  return usedBytes() - before;
}

function usedBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
