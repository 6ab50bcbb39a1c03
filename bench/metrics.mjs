// node bench/metrics.mjs [--rounds 40] [--dist <folder>] [--only record,scrape]: what the metrics of one request cost, in CPU nanoseconds, and
// what it takes to write a thousand series of histograms as text, and for how long at once. Beside prom-client. The package is
// the one built last. It fails when a number is not what was recorded, never on timing.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { collect, takeTurns } from './in-process.mjs';
import { describeMachine } from './machine.mjs';
import { installPeers } from './prepare.mjs';
import { markdownTable, median, medianInterval } from './statistics.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    dist: { type: 'string', default: join(import.meta.dirname, '../dist') },
    only: { type: 'string', default: 'record,scrape' },
  },
});
const only = options.only.split(',');

installPeers();
const { default: prom } = await import('prom-client');
const load = createRequire(join(options.dist, 'bench.js'));
const { Metrics } = load('./metrics/metrics.js');
const { HttpInstruments } = load('./metrics/http-instruments.js');
const { BreakerInstruments } = load('./metrics/breaker-instruments.js');
const { recordClientCalls } = load('./metrics/http-client-instruments.js');
const { scrape } = load('./metrics/exposition.js');
const { SUCCESS } = load('./resilience/outcome.js');

/** Runs a step so many times, with another duration each. */
const each = (step) => (n) => {
  for (let i = 0; i < n; i++) step((i & 1_023) / 10);
};

async function record() {
  const metrics = new Metrics();
  const route = new HttpInstruments(metrics, { scheme: 'https', activeRequests: () => 0 }).route('GET', '/users/:id');
  const observer = new BreakerInstruments(metrics).observerOf('users');
  const client = recordClientCalls(metrics);
  const url = new URL('http://users.example:8080/users/1');
  const own = metrics.counter('orders');
  const bound = own.bind({ kind: 'a' });
  const theirs = new prom.Histogram({
    name: 'requests',
    help: 'Requests',
    labelNames: ['method', 'route', 'status'],
    registers: [],
  });
  const labels = { method: 'GET', route: '/users/:id', status: 200 };
  const request = (ms) => route.record(200, ms, '1.1');
  const throughBreaker = (ms) => observer.counted(SUCCESS, ms);
  const toOther = (ms) => client({ method: 'GET', url, status: 200, error: undefined, durationMs: ms });
  const cases = {
    'a request': each(request),
    'a call through a breaker': each(throughBreaker),
    'a call of HttpClient': each(toOther),
    '**all three: one request, one breaker, one call**': each((ms) => {
      request(ms);
      throughBreaker(ms);
      toOther(ms);
    }),
    'a counter of your own, bound': each(() => bound.add(1)),
    'a counter of your own, by attributes': each(() => own.add(1, { kind: 'a' })),
    'prom-client, a histogram with three labels': each((ms) => theirs.observe(labels, ms)),
  };
  const samples = await takeTurns(cases, { rounds: Number(options.rounds), ms: 15 });
  const rows = [...samples].map(([name, ns]) => [
    name,
    median(ns).toFixed(0),
    medianInterval(ns)
      .map((one) => one.toFixed(0))
      .join('–'),
  ]);
  const { counts } = [...metrics.histogram('http.server.request.duration').series][0];
  assert.ok(counts.reduce((sum, count) => sum + count, 0) > 1_000);
  console.log(`**Recording**\n\n${markdownTable([['', 'ns', '95 % of the median'], ...rows])}\n`);
}

const SERIES = 1_000;

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

/** How long a step takes, and for how long at most nobody else had a turn meanwhile: where another process had the core, CPU time counts. */
async function watch(step) {
  let worstMs = 0;
  let isOver = false;
  let last = { wall: performance.now(), cpu: cpuMs() };
  const look = () => {
    const now = { wall: performance.now(), cpu: cpuMs() };
    worstMs = Math.max(worstMs, Math.min(now.wall - last.wall, now.cpu - last.cpu));
    last = now;
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  await new Promise((resolve) => setImmediate(resolve));
  const startMs = performance.now();
  const result = await step();
  const tookMs = performance.now() - startMs;
  await new Promise((resolve) => setImmediate(resolve));
  isOver = true;
  return { result, tookMs, worstMs };
}

async function scraping() {
  const metrics = new Metrics();
  const ours = metrics.histogram('http.server.request.duration', { unit: 's' });
  const registry = new prom.Registry();
  const theirs = new prom.Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Duration',
    labelNames: ['http_request_method', 'http_route', 'http_response_status_code'],
    buckets: [...ours.bounds],
    registers: [registry],
  });
  for (let i = 0; i < SERIES; i++) {
    const at = { route: `/things/${i}/:id`, ms: i / 100 };
    ours.record(at.ms, { 'http.request.method': 'GET', 'http.route': at.route, 'http.response.status_code': 200 });
    theirs.observe({ http_request_method: 'GET', http_route: at.route, http_response_status_code: 200 }, at.ms);
  }
  const steps = { 'Rockstar, GET /metrics': () => scrape(metrics), 'prom-client, register.metrics()': () => registry.metrics() };
  const all = new Map(Object.keys(steps).map((name) => [name, { took: [], worst: [], bytes: 0 }]));
  for (let round = 0; round < Number(options.rounds) + 5; round++) {
    for (const [name, step] of Object.entries(steps)) {
      collect();
      const { result, tookMs, worstMs } = await watch(step);
      const text = result.toString();
      assert.equal(text.match(/_count\{/g).length, SERIES);
      const seen = all.get(name);
      seen.bytes = text.length;
      if (round < 5) continue;
      seen.took.push(tookMs);
      seen.worst.push(worstMs);
    }
  }
  const rows = [...all].map(([name, { took, worst, bytes }]) => [
    name,
    median(took).toFixed(1),
    median(worst).toFixed(1),
    Math.max(...worst).toFixed(1),
    (bytes / 1024).toFixed(0),
  ]);
  const head = ['', 'ms in all', 'longest ms at once, median', 'worst', 'KiB'];
  console.log(`**${SERIES.toLocaleString('en')} series of a histogram as text**\n\n${markdownTable([head, ...rows])}\n`);
}

const parts = { record, scrape: scraping };
const unknown = only.filter((name) => !(name in parts));
if (unknown.length > 0) throw new Error(`--only knows ${Object.keys(parts).join(', ')}; it got ${unknown.join(', ')}`);
console.log(`${describeMachine()}\n`);
for (const name of only) await parts[name]();
process.exit(0);
