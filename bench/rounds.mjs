// Duels over several rounds, each with processes of its own: how fast one process of a program runs is partly luck.
import { duel } from './duel.mjs';
import { quiet } from './machine.mjs';
import { startServer } from './server-process.mjs';
import { median, medianInterval } from './statistics.mjs';

/**
 * Measures a contender against a base, both started anew in each round, in turn as the first.
 *
 * In: commands of both, `open(port)` for the load, the environment of both, rounds and slices. Out: the row of a table: title,
 * ratio (base to contender: 1 is as fast, less is slower), its interval, the ratio of the best slice of each (what else happens
 * on a machine only ever makes it slower), CPU microseconds a message of both, pairs, and how many were disturbed.
 */
export async function measureRounds({ title, open, env }, { base, contender, rounds, slices }) {
  const pairs = [];
  for (let round = 0; round < rounds; round++) {
    await quiet(3_000);
    const servers = [];
    try {
      for (const command of round % 2 === 0 ? [base, contender] : [contender, base])
        servers.push(await startServer(command, env));
      if (round % 2 === 1) servers.reverse();
      for (const one of servers) one.load = await open(one.port);
      pairs.push(...(await duel(...servers, slices)));
      for (const one of servers) await one.load.close();
    } finally {
      for (const one of servers) await one.stop();
    }
  }
  const ratios = pairs.map(({ us, baseUs }) => baseUs / us);
  const [low, high] = medianInterval(ratios);
  const best = Math.min(...pairs.map((pair) => pair.baseBestUs)) / Math.min(...pairs.map((pair) => pair.us));
  const us = [pairs.map((pair) => pair.us), pairs.map((pair) => pair.baseUs)].map((list) => median(list).toFixed(2));
  const disturbed = pairs.filter((pair) => pair.disturbed).length;
  return [
    title,
    `**${median(ratios).toFixed(3)}**`,
    `${low.toFixed(3)}–${high.toFixed(3)}`,
    best.toFixed(3),
    ...us,
    pairs.length,
    disturbed,
  ];
}

/** What a server tells of itself at `/stats`, behind a collection of garbage. */
export async function statsOf(port) {
  const response = await fetch(`http://127.0.0.1:${port}/stats`, { headers: { connection: 'close' } });
  return response.json();
}
