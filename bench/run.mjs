// npm run bench -- [--smoke] [--only get,param,post,h2] [--contenders ours,…] [--rounds 3] [--pairs 15] [--ms 150] [--against <folder>]
// CPU time of the server process per request, against bare Node; see docs/performance.md. It fails on errors, never on timing.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { duel } from './duel.mjs';
import { describeMachine, quiet } from './machine.mjs';
import { buildOurs, installPeers, makeCertificate, OUT } from './prepare.mjs';
import { contendersBetween, contendersFor, scenarios } from './scenarios.mjs';
import { startServer } from './server-process.mjs';
import { markdownTable, median, medianInterval } from './statistics.mjs';

const ROOT = join(import.meta.dirname, '..');

function readOptions() {
  const { values } = parseArgs({
    options: {
      smoke: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      pairs: { type: 'string' },
      ms: { type: 'string' },
      contenders: { type: 'string' },
      against: { type: 'string' },
    },
  });
  const { smoke, against } = values;
  const only = values.only?.split(',') ?? (smoke ? ['get', 'h2'] : Object.keys(scenarios));
  const unknown = only.filter((name) => !(name in scenarios));
  if (unknown.length > 0) throw new Error(`--only knows ${Object.keys(scenarios).join(', ')}; it got ${unknown.join(', ')}`);
  const number = (text, standard) => (text === undefined ? standard : Number(text));
  const pairs = number(values.pairs, smoke ? 5 : 15);
  return {
    smoke,
    against,
    only,
    contenders: values.contenders?.split(','),
    rounds: number(values.rounds, smoke ? 1 : 3),
    slices: { warmMs: smoke ? 400 : 2_000, pairs, ms: number(values.ms, smoke ? 60 : 150), patient: !smoke },
  };
}

const options = readOptions();
const ours = buildOurs(ROOT);
const before = options.against === undefined ? undefined : buildOurs(options.against);
const tls = await makeCertificate();

function contenders(http2) {
  const all = before === undefined ? contendersFor(http2, ours) : contendersBetween(ours, before);
  return all.filter(({ name, peer }) => (options.contenders?.includes(name) ?? true) && !(options.smoke && peer));
}

/** One contender against its base, both started anew: all scenarios of their protocol in turn. */
async function meet({ name, base, command }, names, { http2, round, results }) {
  const env = http2 ? tls : {};
  const servers = [];
  try {
    for (const each of round % 2 === 0 ? [base, command] : [command, base]) servers.push(await startServer(each, env));
    if (round % 2 === 1) servers.reverse();
    for (const scenario of names) {
      for (const server of servers) server.load = await scenarios[scenario].open(server.port);
      const pairs = await duel(...servers, options.slices);
      for (const server of servers) server.load.close();
      results[scenario][name] = [...(results[scenario][name] ?? []), ...pairs.map((pair) => ({ ...pair, round }))];
      console.error(`round ${round + 1}, ${scenario}, ${name}: ${median(pairs.map(ratio)).toFixed(3)}`);
    }
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** 1: as good as the base; 0.5: twice its CPU time. */
function ratio({ us, baseUs }) {
  return baseUs / us;
}

function rotate(list, by) {
  return list.map((_, i) => list[(i + by) % list.length]);
}

async function measure() {
  const results = Object.fromEntries(options.only.map((scenario) => [scenario, {}]));
  for (let round = 0; round < options.rounds; round++) {
    for (const http2 of [false, true]) {
      const names = options.only.filter((scenario) => scenarios[scenario].http2 === http2);
      if (names.length === 0) continue;
      for (const contender of rotate(contenders(http2), round)) {
        if (!options.smoke) await quiet(3_000);
        await meet(contender, rotate(names, round), { http2, round, results });
      }
    }
  }
  return results;
}

function report(results) {
  const tables = Object.entries(results).map(([scenario, byName]) => {
    const names = contenders(scenarios[scenario].http2).map(({ name }) => name);
    const rows = names.map((name) => {
      const pairs = byName[name];
      const ratios = pairs.map(ratio);
      const [low, high] = medianInterval(ratios);
      const us = [pairs.map((pair) => pair.us), pairs.map((pair) => pair.baseUs)].map((list) => median(list).toFixed(1));
      const disturbed = pairs.filter((pair) => pair.disturbed).length;
      return [name, `**${median(ratios).toFixed(3)}**`, `${low.toFixed(3)}–${high.toFixed(3)}`, ...us, pairs.length, disturbed];
    });
    const head = ['server', 'ratio', '95 % of the median', 'CPU µs/request', 'of its base', 'pairs', 'of them disturbed'];
    return `**${scenarios[scenario].title}**\n\n${markdownTable([head, ...rows])}`;
  });
  const base = before === undefined ? 'bare Node' : options.against;
  return `${describeMachine()}\nRatio: CPU time of ${base} / its own, paired; 1 is as good.\n\n${tables.join('\n\n')}\n`;
}

const peersWanted = options.only.some((scenario) => contenders(scenarios[scenario].http2).some(({ peer }) => peer));
if (peersWanted) installPeers();
const results = await measure();
const text = report(results);
console.log(text);
const at = new Date().toISOString();
writeFileSync(join(OUT, 'bench.json'), JSON.stringify({ at, machine: describeMachine(), options, results }, undefined, 1));
writeFileSync(join(OUT, 'bench.md'), text);
// What is left are the load's closed sockets.
process.exit(0);
