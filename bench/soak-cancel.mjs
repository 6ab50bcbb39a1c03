// node bench/soak-cancel.mjs [--requests 20000] [--at-once 100] [--cut 0.33] [--dist <folder>]: requests of every kind, a
// share of them cut at random moments, over both protocols; with DATABASE_URL queries and rows, too. Afterwards nothing may
// be left: no request, no connection, also none to the database that is not idle, no timer, no memory. Exit code 1 if so.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { between, makeClient } from './soak-clients.mjs';

const { values: options } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    'at-once': { type: 'string', default: '100' },
    cut: { type: 'string', default: '0.33' },
    dist: { type: 'string', default: join(import.meta.dirname, '../dist') },
  },
});
const total = Number(options.requests);
const atOnce = Number(options['at-once']);
const shareCut = Number(options.cut);
const hasDatabase = (process.env.DATABASE_URL ?? '') !== '';
const require = createRequire(join(options.dist, 'soak.js'));
const { Body, Controller, createApp, Ctx, Get, HttpClient, Inject, Module, Post, Sse } = require('./index.js');
const { interval } = require('rxjs');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

let upstreamUrl;

class Soak {
  constructor(http) {
    this.http = http;
  }
  now() {
    return 'now';
  }
  async promise(context) {
    await sleep(between(0, 30), undefined, { signal: context.signal });
    return 'done';
  }
  async ignores() {
    await sleep(between(0, 60));
  }
  observable() {
    return interval(10);
  }
  events() {
    return interval(2);
  }
  async *generator() {
    for (let i = 0; i < 50; i++) {
      yield { i, text: 'x'.repeat(2_000) };
      await sleep(1);
    }
  }
  stream() {
    return Readable.from(
      (function* () {
        for (let i = 0; i < 200; i++) yield Buffer.alloc(16_384);
      })(),
      { objectMode: false },
    );
  }
  body(body) {
    return { length: body.length };
  }
  async part(context) {
    const scope = context.withTimeout(between(1, 20));
    try {
      await sleep(20, undefined, { signal: scope.signal });
    } finally {
      scope.close();
    }
  }
  query(context) {
    return context.db.query('SELECT pg_sleep($1)', [between(0, 0.02)]);
  }
  rows(context) {
    return context.db.stream("SELECT n, repeat('x', 500) AS text FROM generate_series(1, 500) AS n", [], { batchRows: 50 });
  }
  upstream() {
    return this.http.getJson(`${upstreamUrl}/soak/promise`);
  }
}
Controller('/soak')(Soak);
Inject(HttpClient)(Soak, undefined, 0);
for (const name of ['now', 'promise', 'ignores', 'observable', 'generator', 'stream', 'part', 'upstream', 'query', 'rows'])
  Get(`/${name}`)(Soak.prototype, name);
for (const name of ['promise', 'part', 'query', 'rows']) Ctx()(Soak.prototype, name, 0);
Sse('/events')(Soak.prototype, 'events');
Post('/body')(Soak.prototype, 'body');
Body()(Soak.prototype, 'body', 0);
// What TypeScript emits beside a decorated method.
Reflect.defineMetadata('design:paramtypes', [String], Soak.prototype, 'body');
class App {}
Module({ controllers: [Soak] })(App);

/** Those that come to an end by themselves, and those that do not. */
const FINITE = [
  'now',
  'promise',
  'ignores',
  'generator',
  'stream',
  'body',
  'part',
  'upstream',
  ...(hasDatabase ? ['query', 'rows'] : []),
];
const KINDS = [...FINITE, 'observable', 'events'];

const app = await createApp(App, { http2: 'h2c', logger: false, handlerTimeoutMs: 100 });
const url = await app.listen(0);
upstreamUrl = url.origin;

const client = makeClient(url, { finite: FINITE, kinds: KINDS, shareCut, cutWithinMs: 25 });
let done = 0;

async function round(count) {
  const until = done + count;
  const more = () => done < until && ++done > 0;
  await Promise.all(Array.from({ length: atOnce }, (_, at) => client(at % 2 === 0, more)));
  for (let i = 0; i < 200 && app.requests.list().length > 0; i++) await sleep(10);
  await sleep(300);
  for (let i = 0; i < 3; i++) {
    collect();
    await sleep(20);
  }
  return process.memoryUsage().heapUsed;
}

const start = performance.now();
// Until every path was taken often enough to be compiled: code is memory as well.
const before = await round(Math.min(20_000, total / 2));
const after = await round(total);
const left = app.requests.list();
const counts = app.requests.cancellations();
const usage = app.metrics.snapshot()['db.client.connection.usage']?.series ?? [];
const leases = usage.filter(({ attributes, value }) => attributes['db.client.connection.state'] === 'used' && value > 0).length;
const seconds = (performance.now() - start) / 1_000;
await app.close();
await sleep(50);
const handles = process.getActiveResourcesInfo().filter((name) => /TCP|Timeout|HTTP/i.test(name));
const grownBytes = Math.max(0, after - before);

const cancelled = counts.reduce((sum, { count }) => sum + count, 0);
console.log(`${done} requests, a share cut at random, within ${seconds.toFixed(1)} s; ${cancelled} counted as cancelled`);
console.log({
  requestsLeft: left.length,
  leasesLeft: leases,
  stillRunning: counts.filter(({ stillRunning }) => stillRunning > 0),
  handles,
  grownKiB: Math.round(grownBytes / 1024),
});
const MOST_GROWN_BYTES = 2 * 1024 * 1024;
process.exit(left.length > 0 || leases > 0 || handles.length > 0 || grownBytes > MOST_GROWN_BYTES ? 1 : 0);
