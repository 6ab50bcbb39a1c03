// node bench/cancel.mjs [--trials 300] [--dist <folder>]: what a client that leaves costs, and how soon it is noticed.
// Client gone until a handler's Observable is torn down, beside a bare `close` listener; a touched signal beside a bare
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
const { Controller, createApp, Ctx, Get, Module } = require('./index.js');
const { Observable } = require('rxjs');
const { Lifetime } = require('./lifetime/lifetime.js');

/** Told when a server begins with a request, and when it notices that its client left. */
let begun = () => undefined;
let noticed = () => undefined;

class Leaving {
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
Ctx()(Leaving.prototype, 'signal', 0);
class App {}
Module({ controllers: [Leaving] })(App);

const raw = createServer((_request, response) => {
  begun();
  response.once('close', () => noticed());
});
await new Promise((resolve) => raw.listen(0, '127.0.0.1', resolve));
const app = await createApp(App, { logger: false });
const { port } = await app.listen(0);

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
].flatMap(([name, to, path]) =>
  ['FIN', 'RST'].map((how) => ({ name: `${name}, ${how}`, us: [], run: () => leave(to, path, how) })),
);
for (const one of cases) for (let i = 0; i < 20; i++) await one.run();
for (let i = 0; i < trials; i++) for (const one of cases) one.us.push(await one.run());
await app.close();
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
