// node bench/walks.mjs [--rounds 40] [--dist <folder>]: what a guard, an interceptor and a time-out add to a request, and what
// it costs to find its route among 10 and among 10,000. Whole walks of an application, from the route table to the answer,
// without a network; CPU nanoseconds, the cases take turns in short batches. The package is the one built last.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bytesOf, takeTurns } from './in-process.mjs';
import { markdownTable, median, medianInterval } from './statistics.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    dist: { type: 'string', default: join(import.meta.dirname, '../dist') },
  },
});
const BATCH_MS = 15;

const require = createRequire(join(options.dist, 'walks.js'));
const { Controller, Get, Module, Timeout, UseGuards, UseInterceptors } = require('./index.js');
const { assemble } = require('./application/assemble.js');
const { Connection } = require('./http/connection.js');
const { openExchange } = require('./http/intake.js');

class Yes {
  canActivate() {
    return true;
  }
}

class Through {
  intercept(_context, next) {
    return next.handle();
  }
}

const inItsTick = () => ({ hello: 'world' });
const later = async () => ({ hello: 'world' });

/** The handlers of one application, by their paths. */
const members = {
  plain: [inItsTick],
  guard: [inItsTick, UseGuards(Yes)],
  interceptor: [inItsTick, UseInterceptors(Through)],
  timeout: [inItsTick, Timeout(1_000)],
  'async plain': [later],
  'async guard': [later, UseGuards(Yes)],
  'async interceptor': [later, UseInterceptors(Through)],
  'async timeout': [later, Timeout(1_000)],
};

const pathOf = (name) => `/${name.replace(' ', '/')}`;

/** A controller as its decorators would make it. */
function controllerOf(handlers) {
  class Routes {}
  for (const [path, handler, ...decorators] of handlers) {
    Routes.prototype[path] = handler;
    for (const decorate of [Get(path), ...decorators]) decorate(Routes.prototype, path);
  }
  Controller()(Routes);
  return Routes;
}

async function serverOf(controllers) {
  class App {}
  Module({ controllers })(App);
  return (await assemble(App, { logger: false })).server;
}

/** A wire whose other end is nowhere. */
class NoWire {
  method = 'GET';
  headers = {};
  hasBody = false;
  bodyPending = false;
  headSent = false;

  constructor(url) {
    this.url = url;
  }
  respond() {}
  watch() {}
  unwatch() {}
}

const connection = new Connection({}, '1.1', false, 0);

/** Asks in turn; where answers come later, eight are under way at a time. */
function walking(server, urls, isAsync) {
  const ask = (i) => {
    const wire = new NoWire(urls[i % urls.length]);
    server.walk(openExchange(server, connection, wire, server.routes.find('GET', wire.url)));
  };
  if (!isAsync) {
    return (n) => {
      for (let i = 0; i < n; i++) ask(i);
    };
  }
  return async (n) => {
    for (let i = 0; i < n; i += 8) {
      for (let k = 0; k < 8; k++) ask(i + k);
      await undefined;
      await undefined;
    }
  };
}

/** As applications have them: some resources, each with a list, an item and what belongs to the item. */
function tableOf(routes) {
  const handlers = [];
  for (let i = 0; handlers.length < routes; i++) {
    handlers.push([`/resource${i}`, inItsTick], [`/resource${i}/:id`, inItsTick], [`/resource${i}/:id/parts`, inItsTick]);
  }
  return controllerOf(handlers.slice(0, routes));
}

const server = await serverOf([controllerOf(Object.entries(members).map(([name, member]) => [pathOf(name), ...member]))]);
const cases = {};
for (const name of Object.keys(members)) cases[name] = walking(server, [pathOf(name)], name.startsWith('async'));
const sizes = [10, 100, 1_000, 10_000];
for (const size of sizes) {
  const some = [0, 1, 2].flatMap((i) => [`/resource${i}`, `/resource${i}/42`, `/resource${i}/42/parts`]);
  cases[`${size} routes`] = walking(await serverOf([tableOf(size)]), some, false);
}

const samples = await takeTurns(cases, { rounds: Number(options.rounds), ms: BATCH_MS });
const rows = [];
for (const [name, run] of Object.entries(cases)) {
  const ns = samples.get(name);
  const base = samples.get(name.endsWith('routes') ? '10 routes' : name.startsWith('async') ? 'async plain' : 'plain');
  const more = ns.map((each, i) => each - base[i]);
  const [low, high] = medianInterval(more);
  const bytes = (await bytesOf(run)).toFixed(0);
  rows.push([name, median(ns).toFixed(0), median(more).toFixed(0), `${low.toFixed(0)} to ${high.toFixed(0)}`, bytes]);
}
console.log(markdownTable([['a request', 'CPU ns', 'more', '95 % of the median', 'heap bytes'], ...rows]));
process.exit(0);
