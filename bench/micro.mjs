// node bench/micro.mjs [--only route] [--rounds 40] [--dist <folder>]: what single steps of a request cost, without a network.
// CPU nanoseconds and heap bytes a call; the cases take turns in short batches. The package is the one built last.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { markdownTable, median } from './statistics.mjs';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '40' },
    dist: { type: 'string', default: join(import.meta.dirname, '../dist') },
  },
});
const BATCH_MS = 15;

const require = createRequire(join(options.dist, 'micro.js'));
const { Deadline, Deadlines } = require('./lifetime/deadline.js');
const { Lifetime } = require('./lifetime/lifetime.js');
const { systemClock } = require('./lifetime/clock.js');
const { RouteTable } = require('./routing/route-table.js');
const { Metrics } = require('./metrics/metrics.js');
const { HttpInstruments } = require('./metrics/http-instruments.js');
const { Connection } = require('./http/connection.js');
const { Exchange } = require('./http/exchange.js');
const { dispatch } = require('./http/dispatch.js');
const { defaultLimits } = require('./http/limits.js');

const app = Lifetime.root();
const owner = app.openScope();
const deadlines = new Deadlines(systemClock);
const standing = new Deadline({ deadlineReached() {} });
deadlines.arm(standing, systemClock.now(), 30_000);

const patterns = ['/', '/users', '/users/:id', '/users/:id/orders', '/users/:id/orders/:order', '/health/live', '/files/*'];
const { table } = RouteTable.compile(patterns.map((pattern) => ({ method: 'GET', pattern, target: {}, place: pattern })));

const logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, fatal() {}, child: () => logger };
const instruments = new HttpInstruments(new Metrics({ logger }), { scheme: 'http', activeRequests: () => 0 });
const host = { clock: systemClock, deadlines, limits: defaultLimits, logger, stopping: false, cutShort() {}, workGoesOn() {}, unreadBody() {} };
const connection = new Connection({}, '1.1', false);

function target(run) {
  const route = { method: 'GET', route: '/', owner, status: 200, statusDeclared: false, fields: [], body: 'none' };
  const rest = { metadata: new Map(), place: 'C.get', timeoutMs: 30_000, answersWhileStopping: false };
  return { ...route, ...rest, instruments: instruments.route('GET', '/'), run };
}

/** A wire whose other end is nowhere. */
class NoWire {
  method = 'GET';
  url = '/';
  headers = {};
  hasBody = false;
  bodyPending = false;
  headSent = false;
  respond() {}
  watch() {}
}

const now = target(() => ({ hello: 'world' }));
const later = target(async () => ({ hello: 'world' }));
const params = {};
const walk = (to) => dispatch(new Exchange(host, connection, new NoWire(), to, params, ''));

/** Each runs `n` times; what it returns is awaited. */
const cases = {
  'route: find /': (n) => {
    for (let i = 0; i < n; i++) table.find('GET', '/');
  },
  'route: find /users/42/orders/7?x=1': (n) => {
    for (let i = 0; i < n; i++) table.find('GET', '/users/42/orders/7?x=1');
  },
  'lifetime: open, end': (n) => {
    for (let i = 0; i < n; i++) owner.open().end('finished');
  },
  'lifetime: open, one teardown, end': (n) => {
    for (let i = 0; i < n; i++) {
      const life = owner.open();
      life.defer(() => undefined);
      life.end('finished');
    }
  },
  'deadline: make, arm, disarm': (n) => {
    const start = systemClock.now();
    for (let i = 0; i < n; i++) {
      const deadline = new Deadline(standing.expiring);
      deadlines.arm(deadline, start, 30_000);
      deadline.disarm();
    }
  },
  'clock: now': (n) => {
    for (let i = 0; i < n; i++) systemClock.now();
  },
  'exchange: handler answers in its tick': (n) => {
    for (let i = 0; i < n; i++) walk(now);
  },
  'exchange: async handler': async (n) => {
    for (let i = 0; i < n; i += 8) {
      for (let k = 0; k < 8; k++) walk(later);
      await undefined;
    }
  },
};

function cpuNs() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1e3;
}

/** Threads beside this one (the garbage collector's) use CPU too: the smaller of the two counts. */
async function nsOf(run, n) {
  const [cpu, wall] = [cpuNs(), performance.now()];
  await run(n);
  return Math.min(cpuNs() - cpu, (performance.now() - wall) * 1e6) / n;
}

async function sizeBatch(run) {
  for (let n = 1_000; ; n *= 2) {
    const ns = (await nsOf(run, n)) * n;
    if (ns > 100e6) return Math.ceil((n * BATCH_MS * 1e6) / ns);
  }
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

/** In batches so small that nothing is collected within one. */
async function bytesOf(run) {
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

const chosen = Object.entries(cases).filter(([name]) => name.includes(options.only));
const sizes = new Map();
for (const [name, run] of chosen) sizes.set(name, await sizeBatch(run));
const samples = new Map(chosen.map(([name]) => [name, []]));
for (let round = 0; round < Number(options.rounds); round++) {
  for (const [name, run] of chosen) samples.get(name).push(await nsOf(run, sizes.get(name)));
}
const rows = [];
for (const [name, run] of chosen) {
  const ns = samples.get(name);
  rows.push([name, median(ns).toFixed(0), Math.min(...ns).toFixed(0), (await bytesOf(run)).toFixed(0)]);
}
console.log(markdownTable([['step', 'CPU ns, median', 'best', 'heap bytes'], ...rows]));
process.exit(0);
