// node bench/hijack.mjs [--only step,echo,started,collected,table,churn] [--pairs 8] [--ms 200] [--rounds 4] [--churn 4000]
// Hijacked connections beside a bare socket of an `upgrade` listener: CPU time of the server a message, paired, and the step from
// the one to the other alone; what routes that take connections over cost ordinary requests; what is left when 4,000 connections
// were taken and closed in every way. The package is built first. It fails on errors and on what is left, never on timing.
//
// Each read of a socket is a buffer of up to 64 KiB outside the heap. Whether their pages are the system's again when they are
// freed, and whether V8 has begun to collect the old space for them, is luck of each process and moves a message by three times
// as much as it takes. `echo` measures with both settled, in the same way on both sides; `started` as processes come up;
// `collected` what V8's part is, on bare sockets alone.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openEchoLoad, openMany } from './hijack-load.mjs';
import { openHttp1Load } from './http1-load.mjs';
import { describeMachine } from './machine.mjs';
import { buildOurs } from './prepare.mjs';
import { measureRounds, statsOf } from './rounds.mjs';
import { startServer } from './server-process.mjs';
import { markdownTable } from './statistics.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'step,echo,started,collected,table,churn' },
    pairs: { type: 'string', default: '8' },
    ms: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '4' },
    churn: { type: 'string', default: '4000' },
  },
});
const only = values.only.split(',');
const slices = { warmMs: 1_500, pairs: Number(values.pairs), ms: Number(values.ms), patient: true };

buildOurs(join(import.meta.dirname, '..'));
const server = (file, ...more) => [process.execPath, '--expose-gc', join(import.meta.dirname, file), '{port}', ...more];
const BARE = server('servers/hijack-bare.mjs');
const LOADED = server('servers/hijack-bare.mjs', 'loaded');
const COLLECTED = server('servers/hijack-bare.mjs', 'collected');
const OURS = server('out/servers/hijack-ours.js');
const WITHOUT = server('out/servers/hijack-ours.js', 'plain');

const asking = (path) => `GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`;
/** A young space of 32 MiB has the old one left alone, and freed memory is kept. */
const SETTLED = {
  flags: ['--min-semi-space-size=32', '--max-semi-space-size=32'],
  env: { MALLOC_TRIM_THRESHOLD_: String(512 * 1024 * 1024), MALLOC_TOP_PAD_: String(64 * 1024 * 1024) },
};
const AS_STARTED = { flags: [], env: {} };
const withFlags = ([node, ...command], flags) => [node, ...flags, ...command];
/** Beside a bare socket, in a process of nothing else and in one with the same modules. */
const echo = ({ flags, env }, title, path, size, inFlight, connections = 64) => {
  const open = (port) => openEchoLoad(port, { request: asking(path), size, connections, inFlight });
  const text = `${title}, ${connections} connections, ${inFlight} in flight each`;
  const against = (base) => ({ open, env, base: withFlags(base, flags), contender: withFlags(OURS, flags) });
  return [
    { title: text, ...against(BARE) },
    { title: 'the same, and the bare process has our modules loaded', ...against(LOADED) },
  ];
};
const HELLO = { request: 'GET / HTTP/1.1\r\nHost: bench\r\n\r\n', answer: { status: 200, body: '{"hello":"world"}' } };

const duels = {
  echo: [
    ...echo(SETTLED, 'echo of 64 bytes', '/data', 64, 1),
    ...echo(SETTLED, 'echo of 64 bytes', '/data', 64, 16),
    ...echo(SETTLED, 'echo of 64 KiB', '/data', 65_536, 4, 16),
    ...echo(SETTLED, 'a pipe, 64 KiB', '/pipe', 65_536, 4, 16),
  ],
  started: [
    ...echo(AS_STARTED, 'as started: echo of 64 KiB', '/data', 65_536, 4, 16),
    ...echo(AS_STARTED, 'as started: a pipe, 64 KiB', '/pipe', 65_536, 4, 16),
  ],
  collected: [
    { title: 'a bare socket in a process that has collected its 20 MiB', flags: [] },
    { title: 'the same with a young space of 32 MiB', flags: SETTLED.flags },
  ].map(({ title, flags }) => ({
    title,
    open: (port) => openEchoLoad(port, { request: asking('/data'), size: 65_536, connections: 16, inFlight: 4 }),
    env: SETTLED.env,
    base: withFlags(BARE, flags),
    contender: withFlags(COLLECTED, flags),
  })),
  table: [
    {
      title: 'GET / beside routes that take connections over, against a table without',
      open: (port) => openHttp1Load(port, HELLO),
      base: WITHOUT,
      contender: OURS,
    },
  ],
};

/** Ways in which connections end. */
const ENDS = [
  (socket) => socket.destroy(),
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.end(),
  (socket) => socket.end('the last word'),
];

/** Takes connections over and closes them. Out: what is left of them. */
async function churn(port, count) {
  for (let at = 0; at < count; at += 200) {
    const paths = ['/data', '/pipe', '/lines'];
    const path = paths[(at / 200) % paths.length];
    const sockets = await openMany(port, asking(path), Math.min(200, count - at));
    await Promise.all(
      sockets.map((socket, index) => {
        const closed = new Promise((resolve) => socket.once('close', resolve));
        if (index % 3 === 0) socket.write('a line\n');
        ENDS[index % ENDS.length](socket.resume());
        return closed;
      }),
    );
  }
  await sleep(1_500);
  return statsOf(port);
}

/** A connection that is kept takes kilobytes; what is collected late, less than this for each. */
const KEPT_BYTES = 200;

async function measureChurn() {
  const count = Number(values.churn);
  const started = await startServer(OURS);
  try {
    // What grows once, with the first of them, is no leak.
    await churn(started.port, 4_000);
    const before = await churn(started.port, 2_000);
    const after = await churn(started.port, count);
    const metrics = await (await fetch(`http://127.0.0.1:${started.port}/metrics`, { headers: { connection: 'close' } })).text();
    const open = [...metrics.matchAll(/^hijacked_connections\{.*\} (\S+)$/gm)].reduce((sum, [, value]) => sum + Number(value), 0);
    const grown = after.heapUsed - before.heapUsed;
    const rows = [
      ['after', 'sockets and timers', 'heap, KiB', 'hijacked_connections'],
      ['6,000 connections', before.resources.length, (before.heapUsed / 1024).toFixed(0), ''],
      [`${count} more`, after.resources.length, (after.heapUsed / 1024).toFixed(0), open],
    ];
    const isClean = after.resources.length <= before.resources.length && grown < count * KEPT_BYTES && open === 0;
    return { table: markdownTable(rows), isClean };
  } finally {
    await started.stop();
  }
}

/** The same echo on a stream of no system, and on a `HijackedConnection` over it. */
function measureStep() {
  const file = join(import.meta.dirname, 'hijack-step.mjs');
  const stepNs = (what) => execFileSync(process.execPath, [file, what], { encoding: 'utf8' }).trim();
  const rows = [1, 2, 3].map((round) => [`round ${round}`, stepNs('bare'), stepNs('hijacked')]);
  return markdownTable([['ns a piece of data', 'bare stream', 'hijacked'], ...rows]);
}

const head = [
  'against',
  'ratio',
  '95 % of the median',
  'of the best slices',
  'CPU µs a message',
  'of the other',
  'pairs',
  'of them disturbed',
];
const rows = [];
for (const name of only)
  for (const one of duels[name] ?? []) rows.push(await measureRounds(one, { ...one, rounds: Number(values.rounds), slices }));
console.log(describeMachine());
if (rows.length > 0) console.log(`\n${markdownTable([head, ...rows])}`);
if (only.includes('step')) console.log(`\n${measureStep()}`);
let isClean = true;
if (only.includes('churn')) {
  const churned = await measureChurn();
  ({ isClean } = churned);
  console.log(`\n${churned.table}`);
}
if (!isClean) console.error('something is left of the connections');
process.exit(isClean ? 0 : 1);
