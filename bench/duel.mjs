// Two servers measured against each other, so that what else happens on the machine happens to both.
import { cpuNsOf, quiet, watchOthers } from './machine.mjs';

/** Pairs during which others used more of the machine than this are measured again. */
const OTHERS_LIMIT = 0.1;

/** CPU microseconds a request, over one slice. */
async function slice(server, ms) {
  const before = cpuNsOf(server.pid);
  const answers = await server.load.run(ms);
  return (cpuNsOf(server.pid) - before) / 1e3 / answers;
}

/**
 * Slices in turn: base, contender, base, contender, … base. Each of the contender's is compared with the mean of its neighbours.
 *
 * Out: for each pair the contender's and the base's CPU microseconds a request, and the share that others had of the machine.
 */
async function alternate(base, contender, { pairs, ms, attempts }) {
  const measured = [];
  let before = await slice(base, ms);
  for (let attempt = 0; measured.length < pairs && attempt < attempts; attempt++) {
    const others = watchOthers([base.pid, contender.pid]);
    const own = await slice(contender, ms);
    const after = await slice(base, ms);
    const share = others();
    // Once there are no more attempts than pairs missing, what is disturbed is taken too, and said.
    if (share <= OTHERS_LIMIT || attempts - attempt <= pairs - measured.length) {
      measured.push({
        us: own,
        baseUs: (before + after) / 2,
        baseBestUs: Math.min(before, after),
        disturbed: share > OTHERS_LIMIT,
      });
    } else await quiet(300);
    before = after;
  }
  return measured;
}

/** Warms both up, each alone and then in turn, and measures; `patient`: waits for others to leave the machine alone. */
export async function duel(base, contender, { warmMs, pairs, ms, patient }) {
  for (const server of [base, contender]) await server.load.run(warmMs);
  await alternate(base, contender, { pairs: 3, ms, attempts: 3 });
  if (patient) await quiet(2_000);
  return alternate(base, contender, { pairs, ms, attempts: patient ? 2 * pairs : pairs });
}
