// node bench/websocket.mjs [--only echo,json,broadcast,idle,churn] [--pairs 15] [--ms 300] [--rounds 2] [--idle 5000] [--churn 20000]
// WebSockets beside bare `ws`: CPU time of the server a message, paired; memory of an idle session; what is left when 20,000
// sessions were opened and closed. The package is built first. It fails on errors and on what is left, never on timing.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.mjs';
import { buildOurs } from './prepare.mjs';
import { measureRounds, statsOf } from './rounds.mjs';
import { startServer } from './server-process.mjs';
import { markdownTable, median } from './statistics.mjs';
import { openBroadcastLoad, openEchoLoad, openMany } from './websocket-load.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'echo,json,broadcast,idle,churn' },
    pairs: { type: 'string', default: '15' },
    ms: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '2' },
    idle: { type: 'string', default: '5000' },
    churn: { type: 'string', default: '20000' },
  },
});
const only = values.only.split(',');
const slices = { warmMs: 1_500, pairs: Number(values.pairs), ms: Number(values.ms), patient: true };

buildOurs(join(import.meta.dirname, '..'));
const server = (file) => [process.execPath, '--expose-gc', join(import.meta.dirname, file), '{port}'];
const BARE = server('servers/websocket-bare.mjs');
const LOADED = [...BARE, 'loaded'];
const OURS = server('out/servers/websocket-ours.js');

const text = 'x'.repeat(60);
const json = JSON.stringify({ type: 'echo', text: 'x'.repeat(32) });
const said = JSON.stringify({ type: 'said', user: 'ada', text: 'x'.repeat(64), n: 0 });
const echo = (path, message, inFlight) => (port) =>
  openEchoLoad(port, { path, text: message, answer: message, connections: 64, inFlight });

const duels = {
  echo: [
    { title: 'echo, 64 connections, 1 message in flight each', open: echo('/echo', text, 1) },
    { title: 'the same, and the bare process has our modules loaded', open: echo('/echo', text, 1), base: LOADED },
    { title: 'echo, 64 connections, 16 in flight each', open: echo('/echo', text, 16) },
  ],
  json: [{ title: 'JSON by a class, 64 connections, 16 in flight each', open: echo('/json', json, 16) }],
  broadcast: [
    {
      title: 'broadcast to 1,000 sessions',
      open: (port) => openBroadcastLoad(port, { path: '/feed', length: said.length + 2, connections: 1_000 }),
    },
  ],
};

const measure = (one) => measureRounds(one, { base: one.base ?? BARE, contender: OURS, rounds: Number(values.rounds), slices });

/** Bytes of memory that each of many idle sessions takes. */
async function idleBytes(command) {
  const count = Number(values.idle);
  const started = await startServer(command);
  try {
    const first = await openMany(started.port, '/echo', 50);
    await sleep(300);
    const before = await statsOf(started.port);
    const sockets = await openMany(started.port, '/echo', count);
    await sleep(1_000);
    await statsOf(started.port);
    await sleep(500);
    const after = await statsOf(started.port);
    for (const socket of [...first, ...sockets]) socket.destroy();
    return { rss: (after.rss - before.rss) / count, heap: (after.heapUsed - before.heapUsed) / count };
  } finally {
    await started.stop();
  }
}

async function measureIdle() {
  const found = { bare: [], ours: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    found.bare.push(await idleBytes(BARE));
    found.ours.push(await idleBytes(OURS));
  }
  const of = (list, what) => median(list.map((one) => one[what]));
  const row = (what, title) => {
    const [bare, ours] = [of(found.bare, what), of(found.ours, what)];
    return [title, (bare / 1024).toFixed(2), (ours / 1024).toFixed(2), `**${(ours / bare).toFixed(3)}**`];
  };
  return markdownTable([['KiB an idle session', 'bare ws', 'ours', 'ours / bare'], row('rss', 'resident'), row('heap', 'heap')]);
}

/** Opens and closes sessions, some by a close frame, some by leaving. Out: what is left of them. */
async function churn(started, count) {
  const close = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);
  for (let at = 0; at < count; at += 500) {
    const sockets = await openMany(started.port, '/feed', Math.min(500, count - at));
    await Promise.all(
      sockets.map((socket, index) => {
        socket.resume();
        const closed = new Promise((resolve) => socket.once('close', resolve));
        if (index % 2 === 0) socket.write(close);
        else socket.destroy();
        return closed;
      }),
    );
  }
  await sleep(500);
  return statsOf(started.port);
}

/** A session that is kept takes kilobytes; what is collected late, less than this for each. */
const KEPT_BYTES = 50;

async function measureChurn() {
  const count = Number(values.churn);
  const started = await startServer(OURS);
  try {
    // What grows once, with the first of them, is no leak.
    await churn(started, 8_000);
    const before = await churn(started, 2_000);
    const after = await churn(started, count);
    const grown = after.heapUsed - before.heapUsed;
    const rows = [
      ['after', 'sockets and timers', 'heap, KiB'],
      ['10,000 sessions', before.resources.length, (before.heapUsed / 1024).toFixed(0)],
      [`${count} more`, after.resources.length, (after.heapUsed / 1024).toFixed(0)],
    ];
    const isClean = after.resources.length <= before.resources.length && grown < count * KEPT_BYTES;
    return { table: markdownTable(rows), isClean };
  } finally {
    await started.stop();
  }
}

const head = [
  'against bare ws',
  'ratio',
  '95 % of the median',
  'of the best slices',
  'CPU µs a message',
  'of bare ws',
  'pairs',
  'of them disturbed',
];
const rows = [];
for (const name of only) for (const one of duels[name] ?? []) rows.push(await measure(one));
console.log(describeMachine());
if (rows.length > 0) console.log(`\n${markdownTable([head, ...rows])}`);
if (only.includes('idle')) console.log(`\n${await measureIdle()}`);
let isClean = true;
if (only.includes('churn')) {
  const churned = await measureChurn();
  ({ isClean } = churned);
  console.log(`\n${churned.table}`);
}
if (!isClean) console.error('something is left of the sessions');
process.exit(isClean ? 0 : 1);
