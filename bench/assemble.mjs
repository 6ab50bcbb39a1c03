// node bench/assemble.mjs [--rounds 15] [--dist <folder>]: how long it takes to put an application together, beside Nest: the same
// graph, in the same run, each in a process of its own, by turns. `classes`: 1,000 providers in 20 modules (in ours plugins), each
// module importing three earlier ones and using what they export; `modules`: 300 modules of one controller and two providers.
// Then what a call of an imported service costs beside one of a plain object. Exit code 1 when a target is missed.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { nsOf, takeTurns } from './in-process.mjs';
import { describeMachine } from './machine.mjs';
import { markdownTable, median, medianInterval } from './statistics.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '15' },
    dist: { type: 'string', default: join(import.meta.dirname, '../dist') },
  },
});

/** At most so much of Nest's time. */
const TARGETS = { classes: 0.25, modules: 0.3 };

/**
 * A graph as both have it: modules that import earlier ones, with providers that need others of their module and what those
 * export. In: how many modules and providers; whether each has a controller.
 */
function drawGraph(kind) {
  const [moduleCount, providerCount] = kind === 'classes' ? [20, 50] : [300, 2];
  const fan = kind === 'classes' ? 3 : 2;
  return Array.from({ length: moduleCount }, (_, at) => {
    const imports = Array.from({ length: Math.min(at, fan) }, (__, back) => at - 1 - back * 2).filter((it) => it >= 0);
    const providers = Array.from({ length: providerCount }, (__, place) => {
      const own = place === 0 ? [] : [[at, place - 1], ...(place > 4 ? [[at, place - 4]] : [])];
      const theirs = imports.length > 0 && place % 5 === 0 ? [[imports[place % imports.length], 0]] : [];
      return { place, needs: [...own, ...theirs] };
    });
    return { at, imports, providers, hasController: kind === 'modules' };
  });
}

/** Classes over a graph, with what the compiler would write. */
function makeModules(graph, { injectable, controller, module }) {
  const classes = graph.map(({ providers }) =>
    providers.map(
      () =>
        class Provider {
          constructor(...needs) {
            this.needs = needs;
          }
        },
    ),
  );
  const modules = [];
  for (const { at, imports, providers, hasController } of graph) {
    for (const { place, needs } of providers) {
      const it = classes[at][place];
      Object.defineProperty(it, 'name', { value: `P${at}x${place}` });
      Reflect.defineMetadata(
        'design:paramtypes',
        needs.map(([m, p]) => classes[m][p]),
        it,
      );
      injectable(it);
    }
    const controllers = [];
    if (hasController) {
      class Answers {
        constructor(one) {
          this.one = one;
        }
        get() {
          return 'ok';
        }
      }
      Object.defineProperty(Answers, 'name', { value: `C${at}` });
      Reflect.defineMetadata('design:paramtypes', [classes[at][1]], Answers);
      controller(Answers, `/c${at}`);
      controllers.push(Answers);
    }
    class It {}
    Object.defineProperty(It, 'name', { value: `M${at}` });
    module(It, at, { imports: imports.map((m) => modules[m]), providers: classes[at], controllers, exports: [classes[at][0]] });
    modules.push(It);
  }
  class App {}
  module(App, undefined, { imports: modules, providers: [], controllers: [], exports: [] });
  return App;
}

async function assembleOurs(kind) {
  const require = createRequire(join(options.dist, 'bench.js'));
  const { Controller, createApp, Get, Injectable, Module, Plugin } = require('./index.js');
  const App = makeModules(drawGraph(kind), {
    injectable: (it) => Injectable()(it),
    controller: (it, path) => {
      Get('/')(it.prototype, 'get');
      Controller(path)(it);
    },
    module: (it, at, lists) => {
      if (at === undefined || kind === 'modules') Module(lists)(it);
      else Plugin({ name: `plugin-${at}`, version: '1.0.0', ...lists })(it);
    },
  });
  let app;
  const ns = await nsOf(async () => (app = await createApp(App, { logger: false })), 1);
  await app.close();
  return ns / 1e6;
}

async function assembleNest(kind) {
  const { Controller, Get, Injectable, Module } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  const { FastifyAdapter } = await import('@nestjs/platform-fastify');
  const App = makeModules(drawGraph(kind), {
    injectable: (it) => Injectable()(it),
    controller: (it, path) => {
      Get('/')(it.prototype, 'get', Object.getOwnPropertyDescriptor(it.prototype, 'get'));
      Controller(path)(it);
    },
    module: (it, at, lists) => Module(lists)(it),
  });
  let app;
  const ns = await nsOf(async () => {
    app = await NestFactory.create(App, new FastifyAdapter(), { logger: false });
    await app.init();
  }, 1);
  await app.close();
  return ns / 1e6;
}

/** In a process of its own: nothing is compiled yet, as when a program starts. */
function measure(who, kind) {
  const args = [import.meta.filename, who, kind, '--dist', options.dist];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${who} ${kind}: ${stderr}`);
  return Number(stdout);
}

/** Out: the median and its interval of our time by the mean of Nest's before and behind. */
function compare(kind) {
  const rounds = Number(options.rounds);
  const nest = [measure('nest', kind)];
  const ours = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(measure('ours', kind));
    nest.push(measure('nest', kind));
  }
  const ratios = ours.map((ms, at) => ms / ((nest[at] + nest[at + 1]) / 2));
  return { kind, ours: median(ours), nest: median(nest), ratio: median(ratios), interval: medianInterval(ratios) };
}

/** An imported service is the exported object: calling it costs what calling an object costs. */
async function callCosts() {
  const require = createRequire(join(options.dist, 'bench.js'));
  const { createApp, exportService, ImportService, Injectable, Module, Plugin, serviceRef } = require('./index.js');
  const ref = serviceRef('math-plugin', 'sum', { contract: ['add'] });
  class Sum {
    total = 0;
    add(n) {
      return (this.total += n);
    }
  }
  Injectable()(Sum);
  class MathPlugin {}
  Plugin({ name: 'math-plugin', version: '1.0.0', providers: [Sum], exports: [exportService(ref, Sum)] })(MathPlugin);
  class Importer {
    constructor(sum) {
      this.sum = sum;
    }
  }
  Reflect.defineMetadata('design:paramtypes', [Object], Importer);
  ImportService(ref)(Importer, undefined, 0);
  Injectable()(Importer);
  class App {}
  Module({ imports: [MathPlugin], providers: [Importer] })(App);
  const app = await createApp(App, { logger: false });
  const caller = (it) => new Function('it', 'return (n) => { for (let i = 0; i < n; i++) it.add(i); }')(it);
  const { sum } = app.resolve(Importer);
  const samples = await takeTurns({ plain: caller(new Sum()), imported: caller(sum) }, { rounds: 15, ms: 5 });
  const isSame = sum === app.resolve(Sum) && sum.add === Sum.prototype.add;
  await app.close();
  return { isSame, plain: median(samples.get('plain')), imported: median(samples.get('imported')) };
}

const [who, kind] = positionals;
if (who !== undefined) {
  console.log(await (who === 'ours' ? assembleOurs(kind) : assembleNest(kind)));
} else {
  const { installPeers } = await import('./prepare.mjs');
  installPeers();
  console.log(`${describeMachine()}\n`);
  const results = Object.keys(TARGETS).map(compare);
  const rows = results.map((it) => [
    it.kind,
    it.ours.toFixed(0),
    it.nest.toFixed(0),
    `${it.ratio.toFixed(3)} (${it.interval.map((n) => n.toFixed(3)).join('–')})`,
    `≤ ${TARGETS[it.kind]}`,
  ]);
  console.log(markdownTable([['graph', 'ours, ms', 'Nest, ms', 'ratio (95 %)', 'target'], ...rows]));
  const { isSame, plain, imported } = await callCosts();
  console.log(
    `\nA call of an imported service: ${imported.toFixed(2)} ns, of a plain object ${plain.toFixed(2)} ns; ${isSame ? 'the very object' : 'NOT the object'} that was exported`,
  );
  process.exit(isSame && results.every((it) => it.ratio <= TARGETS[it.kind]) ? 0 : 1);
}
