// Measuring steps in this process: short batches of each that take turns, in CPU time, so that waiting for a core does not count.
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { median } from './statistics.mjs';

setFlagsFromString('--expose-gc');
export const collect = runInNewContext('gc');

function cpuNs() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1e3;
}

/** Threads beside this one (the garbage collector's) use CPU too: the smaller of the two counts. */
export async function nsOf(run, n) {
  const [cpu, wall] = [cpuNs(), performance.now()];
  await run(n);
  return Math.min(cpuNs() - cpu, (performance.now() - wall) * 1e6) / n;
}

/** How many make a batch of so many milliseconds; warms it up on the way. */
export async function sizeBatch(run, ms) {
  for (let n = 1_000; ; n *= 2) {
    const ns = (await nsOf(run, n)) * n;
    if (ns > 100e6) return Math.ceil((n * ms * 1e6) / ns);
  }
}

/** In batches so small that nothing is collected within one. */
export async function bytesOf(run) {
  const N = 1_000;
  const all = [];
  for (let i = 0; i < 9; i++) {
    collect();
    const before = getHeapStatistics().used_heap_size;
    await run(N);
    all.push((getHeapStatistics().used_heap_size - before) / N);
  }
  return Math.max(0, median(all));
}

/**
 * Nanoseconds of each case in each round. In: functions that run a step `n` times, by name.
 * Out: by name a list of so many numbers as there are rounds; those at one place were measured side by side.
 */
export async function takeTurns(cases, { rounds, ms }) {
  const names = Object.keys(cases);
  const sizes = new Map();
  for (const name of names) sizes.set(name, await sizeBatch(cases[name], ms));
  const samples = new Map(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length];
      samples.get(name).push(await nsOf(cases[name], sizes.get(name)));
    }
  }
  return samples;
}
