// node bench/soak.mjs [--requests 1000000] [--at-once 64] [--cut 0.2] [--dist <folder>]: quick requests in large numbers, half of
// them over HTTP/1.1, half over HTTP/2, a share of them cut at random moments. The heap, the handles and the listeners are
// looked at ten times, and must not have grown from the second look to the last. Exit code 1 if they did, or anything is left.
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { collect } from './in-process.mjs';
import { makeClient } from './soak-clients.mjs';

const { values: options } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    'at-once': { type: 'string', default: '64' },
    cut: { type: 'string', default: '0.2' },
    dist: { type: 'string', default: join(import.meta.dirname, '../dist') },
  },
});
const total = Number(options.requests);
const atOnce = Number(options['at-once']);
const LOOKS = 10;
const require = createRequire(join(options.dist, 'soak.js'));
const { Body, Controller, createApp, Ctx, Get, Module, Post, Sse } = require('./index.js');
const { interval } = require('rxjs');

class Soak {
  now() {
    return 'now';
  }
  async promise(context) {
    await sleep(1, undefined, { signal: context.signal });
    return 'done';
  }
  stream() {
    return Readable.from([Buffer.alloc(16_384), Buffer.alloc(16_384)], { objectMode: false });
  }
  async *generator() {
    for (let i = 0; i < 5; i++) yield { i };
  }
  body(body) {
    return { length: body.length };
  }
  events() {
    return interval(1);
  }
}
Controller('/soak')(Soak);
for (const name of ['now', 'promise', 'stream', 'generator']) Get(`/${name}`)(Soak.prototype, name);
Ctx()(Soak.prototype, 'promise', 0);
Sse('/events')(Soak.prototype, 'events');
Post('/body')(Soak.prototype, 'body');
Body()(Soak.prototype, 'body', 0);
// What TypeScript emits beside a decorated method.
Reflect.defineMetadata('design:paramtypes', [String], Soak.prototype, 'body');
class App {}
Module({ controllers: [Soak] })(App);

const FINITE = ['now', 'promise', 'stream', 'generator', 'body'];
const app = await createApp(App, { http2: 'h2c', logger: false });
const url = await app.listen(0);
const client = makeClient(url, {
  finite: FINITE,
  kinds: [...FINITE, 'events'],
  shareCut: Number(options.cut),
  cutWithinMs: 3,
});

/** Everything that was ever listened to, as long as anybody else keeps it. */
const seen = new WeakSet();
let listenedTo = [];
const { on } = EventEmitter.prototype;
EventEmitter.prototype.on = EventEmitter.prototype.addListener = function (...args) {
  if (!seen.has(this)) {
    seen.add(this);
    listenedTo.push(new WeakRef(this));
  }
  return Reflect.apply(on, this, args);
};

/** The listeners of what the collector left. */
function countListeners() {
  let listeners = 0;
  listenedTo = listenedTo.filter((reference) => {
    const emitter = reference.deref();
    for (const name of emitter?.eventNames() ?? []) listeners += emitter.listenerCount(name);
    return emitter !== undefined;
  });
  return listeners;
}

let done = 0;
async function round(count) {
  const until = done + count;
  const more = () => done < until && ++done > 0;
  await Promise.all(Array.from({ length: atOnce }, (_, at) => client(at % 2 === 0, more)));
  return look();
}

async function look() {
  for (let i = 0; i < 500 && app.requests.list().length > 0; i++) await sleep(10);
  await sleep(300);
  for (let i = 0; i < 3; i++) {
    collect();
    await sleep(20);
  }
  const { heapUsed, external } = process.memoryUsage();
  return {
    requests: done,
    heapKiB: Math.round((heapUsed + external) / 1024),
    handles: process.getActiveResourcesInfo().length,
    listeners: countListeners(),
    underWay: app.requests.list().length,
  };
}

const start = performance.now();
const looks = [];
for (let i = 0; i < LOOKS; i++) {
  looks.push(await round(Math.ceil(total / LOOKS)));
  console.log(looks.at(-1));
}
const [, second] = looks;
let last = looks.at(-1);
const grownSince = ({ heapKiB, handles, listeners }) => ({
  heapKiB: last.heapKiB - heapKiB,
  handles: last.handles - handles,
  listeners: last.listeners - listeners,
});
const MOST_GROWN_KIB = 2 * 1024;
const isFlat = ({ heapKiB, handles, listeners }) => heapKiB <= MOST_GROWN_KIB && handles <= 2 && listeners <= 2;
// A connection that is still ending, or waits for the collector, is no leak: what stays is.
for (let again = 0; again < 3 && !isFlat(grownSince(second)); again++) {
  await sleep(2_000);
  console.log('again', (last = await look()));
}
const counts = app.requests.cancellations().reduce((sum, { count }) => sum + count, 0);
await app.close();
await sleep(50);
const handles = process.getActiveResourcesInfo().filter((name) => /TCP|Timeout|HTTP/i.test(name));
const grown = grownSince(second);
console.log(`${done} requests within ${((performance.now() - start) / 1_000).toFixed(1)} s; ${counts} counted as cancelled`);
console.log({ grown, underWay: last.underWay, handlesLeft: handles });

process.exit(isFlat(grown) && last.underWay === 0 && handles.length === 0 && counts > 0 ? 0 : 1);
