// node bench/hijack.mjs [--only step,echo,table,churn] [--pairs 15] [--ms 300] [--rounds 2] [--churn 4000]
// Hijacked connections beside a bare socket of an `upgrade` listener: CPU time of the server a message, paired, and the step from
// the one to the other alone; what routes that take connections over cost ordinary requests; what is left when 4,000 connections were taken and closed in every way. The
// package is built first. It fails on errors and on what is left, never on timing.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
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
    only: { type: 'string', default: 'step,echo,table,churn' },
    pairs: { type: 'string', default: '15' },
    ms: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '2' },
    churn: { type: 'string', default: '4000' },
  },
});
const only = values.only.split(',');
const slices = { warmMs: 1_500, pairs: Number(values.pairs), ms: Number(values.ms), patient: true };

buildOurs(join(import.meta.dirname, '..'));
const server = (file, ...more) => [process.execPath, '--expose-gc', join(import.meta.dirname, file), '{port}', ...more];
const BARE = server('servers/hijack-bare.mjs');
const LOADED = server('servers/hijack-bare.mjs', 'loaded');
const OURS = server('out/servers/hijack-ours.js');
const WITHOUT = server('out/servers/hijack-ours.js', 'plain');

const asking = (path) => `GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`;
/** Beside a bare socket, in a process of nothing else and in one with the same modules. */
const echo = (title, path, size, inFlight, connections = 64) => {
  const open = (port) => openEchoLoad(port, { request: asking(path), size, connections, inFlight });
  const text = `${title}, ${connections} connections, ${inFlight} in flight each`;
  return [
    { title: text, open, base: BARE, contender: OURS },
    { title: 'the same, and the bare process has our modules loaded', open, base: LOADED, contender: OURS },
  ];
};
const HELLO = { request: 'GET / HTTP/1.1\r\nHost: bench\r\n\r\n', answer: { status: 200, body: '{"hello":"world"}' } };

const duels = {
  echo: [
    ...echo('echo of 64 bytes', '/data', 64, 1),
    ...echo('echo of 64 bytes', '/data', 64, 16),
    ...echo('echo of 64 KiB', '/data', 65_536, 4, 16),
    ...echo('a pipe, 64 KiB', '/pipe', 65_536, 4, 16),
  ],
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

/** A stream of no system: what is pushed comes, what is written is gone. */
class Nowhere extends Duplex {
  _read() {}
  _write(_chunk, _encoding, done) {
    done();
  }
}

/** Nanoseconds that a piece of data takes through an echo, the best of many batches. */
async function stepNs(serve) {
  const stream = new Nowhere();
  serve(stream);
  await new Promise((resolve) => setImmediate(resolve));
  const piece = Buffer.alloc(64);
  let best = Infinity;
  for (let batch = 0; batch < 60; batch++) {
    const start = performance.now();
    for (let at = 0; at < 4_000; at++) {
      stream.push(piece);
      // What streams put off happens now.
      await null;
      if (at % 16 === 0) await new Promise((resolve) => process.nextTick(resolve));
    }
    best = Math.min(best, ((performance.now() - start) * 1e6) / 4_000);
  }
  return best;
}

/** The same echo on a stream, and on a `HijackedConnection` over it: no system and no other process has a part in that. */
async function measureStep() {
  const require = createRequire(join(import.meta.dirname, '../dist/bench.js'));
  const { HijackedConnection } = require('./hijack/hijacked-connection.js');
  const over = (stream) => ({
    stream,
    protocol: '1.1',
    exchange: { host: { clock: performance, deadlines: {} }, connection: {}, wire: { method: 'GET' } },
    lifetime: {},
    destroy: () => undefined,
  });
  const echo = (stream) => stream.on('data', (chunk) => stream.write(chunk));
  const rows = [['ns a piece of data', 'bare stream', 'hijacked']];
  for (let round = 0; round < 2; round++) {
    const bare = await stepNs(echo);
    const hijacked = await stepNs((stream) => echo(new HijackedConnection(over(stream), 'echo', () => undefined)));
    rows.push([`round ${round + 1}`, bare.toFixed(0), hijacked.toFixed(0)]);
  }
  return markdownTable(rows);
}

const head = ['against', 'ratio', '95 % of the median', 'CPU µs a message', 'of the other', 'pairs', 'of them disturbed'];
const rows = [];
for (const name of only)
  for (const one of duels[name] ?? []) rows.push(await measureRounds(one, { ...one, rounds: Number(values.rounds), slices }));
console.log(describeMachine());
if (rows.length > 0) console.log(`\n${markdownTable([head, ...rows])}`);
if (only.includes('step')) console.log(`\n${await measureStep()}`);
let isClean = true;
if (only.includes('churn')) {
  const churned = await measureChurn();
  ({ isClean } = churned);
  console.log(`\n${churned.table}`);
}
if (!isClean) console.error('something is left of the connections');
process.exit(isClean ? 0 : 1);
