// node bench/boot.mjs [--rounds 12] [--requests 10000] [--out <folder of compiled servers>]: what a process has used when it
// listens, and how much memory it holds, beside Fastify, each started anew, by turns. `hello` answers one route; `users` also
// takes a body that is checked: by DTO classes in ours, by a schema in Fastify. Exit code 1 when a target is missed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cpuNsOf, describeMachine, quiet } from './machine.mjs';
import { buildOurs, installPeers } from './prepare.mjs';
import { scenarios } from './scenarios.mjs';
import { startServer } from './server-process.mjs';
import { markdownTable, median, medianInterval } from './statistics.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '12' },
    requests: { type: 'string', default: '10000' },
    out: { type: 'string' },
  },
});

/** At most so much of Fastify's CPU time until it listens, and of its memory. */
const TARGETS = { hello: { cpu: 1, memory: 1 }, users: { cpu: 1.3, memory: 1 } };
/** Before memory is looked at: what a start leaves behind is collected by then. */
const REST_MS = 500;

const MIB = 1_048_576;

function residentMiB(pid) {
  const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return (Number(kib) * 1_024) / MIB;
}

/** One process from its start to its end. Out: CPU milliseconds until it listened; MiB then, and behind the requests. */
async function measure(command) {
  const server = await startServer(command);
  try {
    const cpuMs = cpuNsOf(server.pid) / 1e6;
    await sleep(REST_MS);
    const atRest = residentMiB(server.pid);
    const load = await scenarios.get.open(server.port);
    for (let answers = 0; answers < Number(options.requests);) answers += await load.run(100);
    load.close();
    await sleep(REST_MS);
    return { cpuMs, atRest, used: residentMiB(server.pid) };
  } finally {
    await server.stop();
  }
}

const file = (name) => join(import.meta.dirname, 'servers', name);
const servers = options.out ?? join(buildOurs(join(import.meta.dirname, '..')), '..');
installPeers();

const node = process.execPath;
const commands = {
  'bare Node': [node, file('raw.mjs'), '{port}'],
  'Fastify, hello': [node, file('fastify.mjs'), '{port}', 'hello'],
  'Rockstar, hello': [node, join(servers, 'hello-ours.js'), '{port}'],
  'Fastify, users with a schema': [node, file('fastify.mjs'), '{port}'],
  'Rockstar, users with DTO classes': [node, join(servers, 'ours.js'), '{port}'],
};

const names = Object.keys(commands);
const results = Object.fromEntries(names.map((name) => [name, []]));
// The first round fills the file cache, and does not count.
for (let round = 0; round <= Number(options.rounds); round++) {
  for (let at = 0; at < names.length; at++) {
    const name = names[(at + round) % names.length];
    await quiet(300);
    const measured = await measure(commands[name]);
    if (round > 0) results[name].push(measured);
  }
  console.error(`round ${round} of ${options.rounds}`);
}

/** Ours by Fastify's of the same round. Out: the median, and its interval. */
function ratio(ours, theirs, what) {
  const all = results[ours].map((it, at) => it[what] / results[theirs][at][what]);
  return {
    median: median(all),
    text: `${median(all).toFixed(2)} (${medianInterval(all)
      .map((n) => n.toFixed(2))
      .join('–')})`,
  };
}

const whole = (name, what, digits) => median(results[name].map((it) => it[what])).toFixed(digits);
console.log(`${describeMachine()}\n`);
const rows = names.map((name) => [name, whole(name, 'cpuMs', 0), whole(name, 'atRest', 1), whole(name, 'used', 1)]);
const behind = `MiB behind ${Number(options.requests).toLocaleString('en')} requests`;
console.log(markdownTable([['server', 'CPU ms until it listens', 'MiB at rest', behind], ...rows]));

const pairs = {
  hello: ['Rockstar, hello', 'Fastify, hello'],
  users: ['Rockstar, users with DTO classes', 'Fastify, users with a schema'],
};
let isMet = true;
const compared = Object.entries(pairs).map(([name, [ours, theirs]]) => {
  const found = ['cpuMs', 'atRest', 'used'].map((what) => ratio(ours, theirs, what));
  const { cpu, memory } = TARGETS[name];
  isMet &&= found.every(({ median: value }, at) => value <= (at === 0 ? cpu : memory));
  return [name, ...found.map(({ text }) => text), `≤ ${cpu}, ≤ ${memory}`];
});
console.log(`\n${markdownTable([['ours by Fastify (95 %)', 'CPU', 'memory at rest', behind, 'target'], ...compared])}`);
process.exit(isMet ? 0 : 1);
