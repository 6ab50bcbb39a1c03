// node bench/soak-plugins.mjs [--replacements 200] [--clients 64] [--classes fresh|two] [--dist <folder>]: a plugin is replaced over
// and over while clients ask on connections that stay, half of them over HTTP/1.1, half over HTTP/2. Not one answer may fail or
// mix versions; afterwards nothing of what was replaced may be left: no instance, timer, server, connection, breaker, memory.
// Exit code 1 if so. `fresh`: new classes each time, as when code was loaded anew; `two`: two versions take turns.
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { collect } from './in-process.mjs';

const { values: options } = parseArgs({
  options: {
    replacements: { type: 'string', default: '200' },
    clients: { type: 'string', default: '64' },
    classes: { type: 'string', default: 'fresh' },
    dist: { type: 'string', default: join(import.meta.dirname, '../dist') },
  },
});
const replacements = Number(options.replacements);
const require = createRequire(join(options.dist, 'soak.js'));
const {
  CircuitBreaker,
  Controller,
  createApp,
  Ctx,
  exportService,
  Get,
  ImportService,
  Injectable,
  Module,
  Plugin,
  serviceRef,
  Use,
} = require('./index.js');

const GREETING = serviceRef('greeting-plugin', 'greeting', { contract: ['greet', 'later'] });
/** What was made for versions that others took the place of. */
const gone = [];
let running = 0;

/** A version of a plugin that keeps what plugins keep: a timer, a server, a breaker, middleware, routes of its own. */
function greetingPlugin(version) {
  class Greeting {
    version = version;
    ballast = Buffer.alloc(100_000, version);
    greet() {
      return `hello from ${version}`;
    }
    async later() {
      await sleep(1);
      return this.greet();
    }
  }
  Injectable()(Greeting);
  Reflect.defineMetadata('design:returntype', Promise, Greeting.prototype, 'later');
  CircuitBreaker('greeting')(Greeting.prototype, 'later');
  class GreetingController {
    constructor(greeting) {
      this.greeting = greeting;
    }
    now() {
      return { by: [version, this.greeting.version], message: this.greeting.greet() };
    }
    async later() {
      const before = this.greeting.version;
      return { message: await this.greeting.later(), by: [version, before, this.greeting.version] };
    }
    added(context) {
      return { by: [context.get('version'), version], message: this.greeting.greet() };
    }
  }
  Reflect.defineMetadata('design:paramtypes', [Greeting], GreetingController);
  for (const name of ['now', 'later', 'added']) Get(`/${name}`)(GreetingController.prototype, name);
  Ctx()(GreetingController.prototype, 'added', 0);
  Use((request, response, next) => {
    response.setHeader('x-version', version);
    next();
  })(GreetingController);
  Controller('/greeting')(GreetingController);
  class GreetingPlugin {
    async initialize(context) {
      context.router.get('/routed', () => ({ by: [version], message: `hello from ${version}` }));
      running++;
      this.timer = setInterval(() => undefined, 60_000);
      this.server = createServer().listen(0);
      await once(this.server, 'listening');
    }
    async shutdown() {
      running--;
      clearInterval(this.timer);
      this.server.close();
      await once(this.server, 'close');
      gone.push(new WeakRef(this));
    }
  }
  Plugin({
    ...{ name: 'greeting-plugin', version, controllers: [GreetingController], providers: [Greeting] },
    exports: [exportService(GREETING, Greeting), Greeting],
  })(GreetingPlugin);
  return GreetingPlugin;
}

/** Imports the service twice over: both must be of one version, for as long as a request takes. */
class WelcomeController {
  constructor(greeting, same) {
    this.greeting = greeting;
    this.same = same;
  }
  async welcome() {
    const before = this.greeting.version;
    await sleep(1);
    return { by: [before, this.greeting.version, this.same.version], message: this.greeting.greet() };
  }
}
ImportService(GREETING)(WelcomeController, undefined, 0);
ImportService(GREETING, { version: '>=1' })(WelcomeController, undefined, 1);
Reflect.defineMetadata('design:paramtypes', [Object, Object], WelcomeController);
Get('/')(WelcomeController.prototype, 'welcome');
Controller('/welcome')(WelcomeController);
class WelcomePlugin {}
Plugin({ name: 'welcome-plugin', version: '1.0.0', controllers: [WelcomeController] })(WelcomePlugin);

const versions = [greetingPlugin('1.0.0'), greetingPlugin('2.0.0')];
class App {}
Module({ imports: [versions[0], WelcomePlugin] })(App);

const PATHS = ['/greeting/now', '/greeting/later', '/routed', '/welcome'];
const app = await createApp(App, { http2: 'h2c', logger: false });
const url = await app.listen(0);
let asked = 0;
const wrong = [];
let isOver = false;

function check(path, status, header, text) {
  asked++;
  let problem;
  if (status !== 200) problem = `${status} ${text}`;
  else {
    const { by, message } = JSON.parse(text);
    const isMixed = new Set(by).size !== 1 || message !== `hello from ${by[0]}` || (header !== undefined && header !== by[0]);
    if (isMixed) problem = `${header} ${text}`;
  }
  if (problem !== undefined) wrong.push(`${path}: ${problem}`);
}

async function askHttp1(agent, path) {
  const [response] = await once(get({ agent, port: url.port, path, host: '127.0.0.1' }), 'response');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  check(path, response.statusCode, response.headers['x-version'], text);
}

async function askHttp2(session, path) {
  const stream = session.request({ ':path': path }).setEncoding('utf8');
  const [headers] = await once(stream, 'response');
  let text = '';
  for await (const chunk of stream) text += chunk;
  check(path, headers[':status'], headers['x-version'], text);
}

async function client(at) {
  const isHttp2 = at % 2 === 1;
  const session = isHttp2 ? connectHttp2(url.origin) : undefined;
  const agent = isHttp2 ? undefined : new Agent({ keepAlive: true, maxSockets: 1 });
  session?.on('error', (error) => wrong.push(`a session: ${error.message}`));
  for (let count = at; !isOver; count++) {
    const path = PATHS[count % PATHS.length];
    await (isHttp2 ? askHttp2(session, path) : askHttp1(agent, path)).catch((error) => wrong.push(`${path}: ${error.message}`));
  }
  session?.close();
  agent?.destroy();
}

let number = 2;
async function replace(count) {
  const ends = [];
  for (let i = 0; i < count; i++) {
    const next = options.classes === 'two' ? versions[(i + 1) % 2] : greetingPlugin(`${++number}.0.0`);
    const { stopped } = await app.plugins.replace('greeting-plugin', next);
    ends.push(stopped);
    const until = asked + Number(options.clients);
    while (asked < until) await sleep(1);
  }
  await Promise.all(ends);
}

async function heapBytes() {
  for (let i = 0; i < 4; i++) {
    await sleep(25);
    collect();
  }
  return process.memoryUsage().heapUsed;
}

const clients = Array.from({ length: Number(options.clients) }, (_, at) => client(at));
const external = () => process.memoryUsage().arrayBuffers;
const startedMs = performance.now();
// Until every path was taken often enough to be compiled: code is memory as well.
await replace(Math.min(100, Math.max(20, replacements / 2)));
const before = { heap: await heapBytes(), buffers: external(), asked, gone: gone.length };
await replace(replacements);
const after = { heap: await heapBytes(), buffers: external(), asked, gone: gone.length };
isOver = true;
await Promise.all(clients);
collect();
await sleep(25);
collect();
const alive = gone.filter((it) => it.deref() !== undefined).length;
const breakers = app.breakers.list().map(({ name }) => name);
const seconds = (performance.now() - startedMs) / 1_000;
const stillRunning = running;
await app.close();
await sleep(100);
const handles = process.getActiveResourcesInfo().filter((name) => /TCP|Timeout|HTTP/i.test(name));

console.log(
  `${after.gone} replacements (${options.classes} classes) under ${clients.length} clients: ${asked} answers in ${seconds.toFixed(1)} s, ${wrong.length} failed or mixed`,
);
for (const line of wrong.slice(0, 10)) console.log(`  ${line}`);
const grownKiB = Math.round((after.heap - before.heap) / 1024);
const buffersKiB = Math.round((after.buffers - before.buffers) / 1024);
console.log({
  stillRunning,
  instancesAlive: alive,
  breakers,
  handles,
  grownKiB,
  perReplacement: `${(grownKiB / replacements).toFixed(1)} KiB`,
  buffersKiB,
});
// The last that was replaced may still be on the stack of a connection.
const isClean = wrong.length === 0 && stillRunning === 1 && alive <= 2 && breakers.length <= 1 && handles.length === 0;
process.exit(isClean && grownKiB < 1024 && buffersKiB < 1024 ? 0 : 1);
