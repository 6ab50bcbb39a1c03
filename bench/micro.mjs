// node bench/micro.mjs [--only route] [--rounds 40] [--dist <folder>]: what single steps of a request cost, without a network.
// CPU nanoseconds and heap bytes a call; the cases take turns in short batches. The package is the one built last.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bytesOf, takeTurns } from './in-process.mjs';
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
const { ApiProperty } = require('./openapi/api-property.js');
const { prepareAnswer } = require('./openapi/prepared-answer.js');

const app = Lifetime.root();
const owner = app.openScope();
const deadlines = new Deadlines(systemClock);
const standing = new Deadline({ deadlineReached() {} });
deadlines.arm(standing, systemClock.now(), 30_000);

const patterns = ['/', '/users', '/users/:id', '/users/:id/orders', '/users/:id/orders/:order', '/health/live', '/files/*'];
const { table } = RouteTable.compile(patterns.map((pattern) => ({ method: 'GET', pattern, target: {}, place: pattern })));

const logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, fatal() {}, child: () => logger };
const instruments = new HttpInstruments(new Metrics({ logger }), { scheme: 'http', activeRequests: () => 0 });
const host = {
  clock: systemClock,
  deadlines,
  limits: defaultLimits,
  logger,
  stopping: false,
  cutShort() {},
  workGoesOn() {},
  unreadBody() {},
};
const connection = new Connection({}, '1.1', false);

function target(run) {
  const route = { method: 'GET', route: '/', owner, status: 200, statusDeclared: false, fields: [], body: 'none' };
  const rest = { metadata: new Map(), place: 'C.get', timeoutMs: 30_000, answersWhileStopping: false, takesOver: false };
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
  unwatch() {}
}

const now = target(() => ({ hello: 'world' }));
const later = target(async () => ({ hello: 'world' }));
const params = {};
const walk = (to) => dispatch(new Exchange(host, connection, new NoWire(), to, params, ''));

class Address {}
class Person {}

/** As the compiler does with decorated properties. */
function declare(owner, name, type) {
  Reflect.defineMetadata('design:type', type, owner.prototype, name);
  ApiProperty()(owner.prototype, name);
}
declare(Address, 'street', String);
declare(Address, 'city', String);
declare(Person, 'id', Number);
declare(Person, 'name', String);
class Resident extends Person {}
declare(Resident, 'address', Address);

const person = { id: 42, name: 'Ada Lovelace' };
const resident = { ...person, address: { street: '12 St James Square', city: 'London' } };
const hundred = (value) => Array.from({ length: 100 }, (_, id) => ({ ...value, id }));
/** What is written, by JSON.stringify and by the serialiser of a class. */
const answers = [
  ['{id, name}', Person, person],
  ['nested', Resident, resident],
  ['100 x {id, name}', [Person], hundred(person)],
  ['100 x nested', [Resident], hundred(resident)],
];

/** Something looks at what was written, or V8 would not put it together. */
function writing(write, value) {
  return (n) => {
    let bytes = 0;
    for (let i = 0; i < n; i++) bytes += Buffer.byteLength(write(value));
    return bytes;
  };
}

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
  ...Object.fromEntries(
    answers.flatMap(([name, type, value]) => [
      [`json: ${name}, JSON.stringify`, writing(JSON.stringify, value)],
      [`json: ${name}, @Returns`, writing(prepareAnswer(type).serialise, value)],
    ]),
  ),
};

const chosen = Object.fromEntries(Object.entries(cases).filter(([name]) => name.includes(options.only)));
const samples = await takeTurns(chosen, { rounds: Number(options.rounds), ms: BATCH_MS });
const rows = [];
for (const [name, run] of Object.entries(chosen)) {
  const ns = samples.get(name);
  rows.push([name, median(ns).toFixed(0), Math.min(...ns).toFixed(0), (await bytesOf(run)).toFixed(0)]);
}
console.log(markdownTable([['step', 'CPU ns, median', 'best', 'heap bytes'], ...rows]));
process.exit(0);
