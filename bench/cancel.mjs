// node bench/cancel.mjs [--trials 300] [--dist <folder>]: what a client that leaves costs, and how soon it is noticed.
// Client gone until a handler's Observable is torn down, beside a bare `close` listener; until the connection to an
// upstream is closed; with DATABASE_URL, until its query is gone from pg_stat_activity; a touched signal beside a bare
// AbortController. The package is the one built last. It fails when something is not noticed, never on timing.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.mjs';
import { markdownTable, median } from './statistics.mjs';

const { values: options } = parseArgs({
  options: {
    trials: { type: 'string', default: '300' },
    dist: { type: 'string', default: join(import.meta.dirname, '../dist') },
  },
});
const trials = Number(options.trials);
const require = createRequire(join(options.dist, 'bench.js'));
const { Controller, createApp, Ctx, Get, HttpClient, Inject, Module } = require('./index.js');
const { Observable } = require('rxjs');
const { Lifetime } = require('./lifetime/lifetime.js');

/** Told when a server begins with a request, and when it notices that its client left. */
let begun = () => undefined;
let noticed = () => undefined;

/** Begins with a request and never answers it. */
const upstream = createServer((request) => {
  begun();
  request.socket.once('close', () => noticed());
});
await new Promise((resolve) => upstream.listen(0, '127.0.0.1', resolve));

class Leaving {
  constructor(http) {
    this.http = http;
  }

  upstream() {
    return this.http.get(`http://127.0.0.1:${upstream.address().port}`);
  }

  query(context) {
    begun();
    return context.db.query('SELECT pg_sleep(60) /* bench */');
  }

  observable() {
    begun();
    return new Observable(() => () => noticed());
  }

  signal(context) {
    begun();
    context.signal.addEventListener('abort', () => noticed(), { once: true });
    return new Promise((_resolve, reject) => context.signal.addEventListener('abort', () => reject(context.signal.reason)));
  }
}
Controller('/')(Leaving);
Get('/observable')(Leaving.prototype, 'observable');
Get('/signal')(Leaving.prototype, 'signal');
Get('/upstream')(Leaving.prototype, 'upstream');
Get('/query')(Leaving.prototype, 'query');
for (const name of ['signal', 'query']) Ctx()(Leaving.prototype, name, 0);
Inject(HttpClient)(Leaving, undefined, 0);
class App {}
Module({ controllers: [Leaving] })(App);

const raw = createServer((_request, response) => {
  begun();
  response.once('close', () => noticed());
});
await new Promise((resolve) => raw.listen(0, '127.0.0.1', resolve));
const app = await createApp(App, { logger: false });
const { port } = await app.listen(0);

/** How many of the bench's queries PostgreSQL works on. */
async function countQueries() {
  const { rows } = await observer.query(
    "SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60) /* bench */' AND state = 'active'",
  );
  return rows.length;
}

/** Microseconds from the client's close until its query is gone; as exact as it can be asked. */
async function leaveQuery(how) {
  const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
  socket.write('GET /query HTTP/1.1\r\nhost: bench\r\n\r\n');
  while ((await countQueries()) === 0);
  const leftAt = performance.now();
  if (how === 'FIN') socket.destroy();
  else socket.resetAndDestroy();
  while ((await countQueries()) > 0);
  return (performance.now() - leftAt) * 1_000;
}

/** Microseconds from the client's close until the server's notice. */
async function leave(to, path, how) {
  const socket = connect(to, '127.0.0.1').on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  const running = new Promise((resolve) => (begun = resolve));
  socket.write(`GET ${path} HTTP/1.1\r\nhost: bench\r\n\r\n`);
  await running;
  await turn();
  let leftAt = 0;
  const gone = new Promise((resolve) => (noticed = () => resolve(performance.now() - leftAt)));
  leftAt = performance.now();
  if (how === 'FIN') socket.destroy();
  else socket.resetAndDestroy();
  return (await gone) * 1_000;
}

const cases = [
  ['node:http, a close listener', raw.address().port, '/'],
  ['an Observable is torn down', Number(port), '/observable'],
  ['ctx.signal is aborted', Number(port), '/signal'],
  ['the connection to an upstream is closed', Number(port), '/upstream'],
].flatMap(([name, to, path]) =>
  ['FIN', 'RST'].map((how) => ({ name: `${name}, ${how}`, us: [], run: () => leave(to, path, how) })),
);
let observer;
if (process.env.DATABASE_URL) {
  const { Client } = require('pg');
  observer = new Client({ connectionString: process.env.DATABASE_URL });
  await observer.connect();
  for (const how of ['FIN', 'RST'])
    cases.push({ name: `its query is gone from PostgreSQL, ${how}`, us: [], run: () => leaveQuery(how) });
}
for (const one of cases) for (let i = 0; i < 20; i++) await one.run();
for (let i = 0; i < trials; i++) for (const one of cases) one.us.push(await one.run());
await app.close();
await observer?.end();
upstream.close();
raw.close();

const quantile = (all, share) => [...all].sort((a, b) => a - b)[Math.floor(all.length * share)];
console.log(describeMachine());
console.log(
  markdownTable([
    ['client gone until …', 'median µs', 'p99 µs'],
    ...cases.map(({ name, us }) => [name, median(us).toFixed(0), quantile(us, 0.99).toFixed(0)]),
  ]),
);

const owner = Lifetime.root().openScope();
const steps = {
  'new AbortController().signal': () => void new AbortController().signal,
  'a lifetime, untouched': () => owner.open().end('finished'),
  'a lifetime whose signal was read': () => {
    const life = owner.open();
    void life.signal;
    life.end('finished');
  },
  'AbortController with a listener, aborted': () => {
    const controller = new AbortController();
    controller.signal.addEventListener('abort', () => undefined);
    controller.abort();
  },
  'a lifetime with a listener on its signal, cut': () => {
    const life = owner.open();
    life.signal.addEventListener('abort', () => undefined);
    life.end('client');
  },
};
const N = 20_000;
const ns = new Map(Object.keys(steps).map((name) => [name, []]));
for (let round = 0; round < 21; round++) {
  for (const [name, run] of Object.entries(steps)) {
    const start = performance.now();
    for (let i = 0; i < N; i++) run();
    if (round > 0) ns.get(name).push(((performance.now() - start) * 1e6) / N);
  }
}
console.log(
  markdownTable([
    ['step', 'ns, median', 'best'],
    ...[...ns].map(([name, all]) => [name, median(all).toFixed(0), Math.min(...all).toFixed(0)]),
  ]),
);
