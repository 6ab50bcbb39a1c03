// node bench/profile.mjs [--scenario get] [--server raw|ours|async] [--seconds 6] [--top 30] [--file <compiled server>]
// Where a server's CPU time goes while it answers: self time of each function by V8's sampling profiler.
// The server is the one that `npm run bench` built last.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.mjs';
import { makeCertificate, OUT } from './prepare.mjs';
import { contendersFor, scenarios } from './scenarios.mjs';
import { startServer } from './server-process.mjs';
import { markdownTable } from './statistics.mjs';

const { values: options } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'get' },
    server: { type: 'string', default: 'ours' },
    seconds: { type: 'string', default: '6' },
    top: { type: 'string', default: '30' },
    file: { type: 'string', default: join(OUT, 'servers/ours.js') },
  },
});
const NAMES = { raw: 'raw-again', ours: 'ours', async: 'ours-async' };
const scenario = scenarios[options.scenario];

async function record(folder) {
  const contender = contendersFor(scenario.http2, options.file).find(({ name }) => name === NAMES[options.server]);
  const [node, ...args] = contender.command;
  const command = [node, '--cpu-prof', '--cpu-prof-interval=200', `--cpu-prof-dir=${folder}`, ...args];
  const server = await startServer(command, scenario.http2 ? await makeCertificate() : {});
  const load = await scenario.open(server.port);
  await load.run(2_000);
  const answers = await load.run(Number(options.seconds) * 1_000);
  load.close();
  await server.stop();
  const [file] = readdirSync(folder);
  return { answers, profile: JSON.parse(readFileSync(join(folder, file), 'utf8')) };
}

function nameOf({ functionName, url, lineNumber }) {
  const file = url.replace(/^file:\/\//, '').replace(/^.*\/(dist|node_modules)\//, '');
  return `${functionName || '(anonymous)'}${file === '' ? '' : ` ${file}:${lineNumber + 1}`}`;
}

/** Microseconds by function, from the end of the warm-up on, without the time in which nothing was to be done. */
function selfTimes({ nodes, samples, timeDeltas, startTime, endTime }) {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const from = endTime - (Number(options.seconds) + 0.5) * 1e6;
  const times = new Map();
  let at = startTime;
  samples.forEach((id, i) => {
    at += timeDeltas[i];
    const name = names.get(id);
    if (at >= from && name !== '(idle)') times.set(name, (times.get(name) ?? 0) + timeDeltas[i]);
  });
  return [...times].sort(([, a], [, b]) => b - a);
}

const folder = mkdtempSync(join(tmpdir(), 'bench-profile-'));
try {
  const { answers, profile } = await record(folder);
  const times = selfTimes(profile);
  const busy = times.reduce((sum, [, us]) => sum + us, 0);
  const rows = times
    .slice(0, Number(options.top))
    .map(([name, us]) => [name, `${((100 * us) / busy).toFixed(1)} %`, ((1e3 * us) / answers).toFixed(0)]);
  console.log(`${describeMachine()}\n${scenario.title}, ${NAMES[options.server]}: ${(busy / answers).toFixed(1)} µs/request\n`);
  console.log(markdownTable([['function', 'self', 'ns/request'], ...rows]));
} finally {
  rmSync(folder, { recursive: true });
}
process.exit(0);
