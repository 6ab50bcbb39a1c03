// node bench/push.mjs [--trials 15] [--rtt 100] [--dist <folder>]: what pushing and hinting bring, and what they cost.
// A page with eight resources behind a proxy that delays, on a connection that is open already: until all nine are in the client
// by promises, by early hints, and by neither; the head of the page, with and without promises; a look into a digest.
// The package is the one built last. It fails when something does not come, never on timing.
import { once } from 'node:events';
import { connect } from 'node:http2';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDelayingProxy } from './delaying-proxy.mjs';
import { describeMachine } from './machine.mjs';
import { markdownTable, median, medianInterval } from './statistics.mjs';

const { values: options } = parseArgs({
  options: {
    trials: { type: 'string', default: '15' },
    rtt: { type: 'string', default: '100' },
    dist: { type: 'string', default: join(import.meta.dirname, '../dist') },
  },
});
const trials = Number(options.trials);
const rttMs = Number(options.rtt);
const require = createRequire(join(options.dist, 'bench.js'));
const { Controller, createApp, Get, Header, Module, Push } = require('./index.js');
const { Digest } = require('./push/digest.js');

const RESOURCES = Array.from({ length: 8 }, (_, at) => `/resources/${at}`);
const PAGE = RESOURCES.join('\n');
const BODY = 'x'.repeat(10_000);
/** What the handlers of slow pages take. */
const THINK_MS = 100;

class Site {
  quick() {
    return PAGE;
  }
  plain() {
    return PAGE;
  }
  slow() {
    return new Promise((resolve) => setTimeout(() => resolve(PAGE), THINK_MS));
  }
  slowPlain() {
    return this.slow();
  }
  resource() {
    return BODY;
  }
}
Controller('/')(Site);
// Never fresh, so that each page is pushed all of it; said to be cacheable, so that it is hinted.
const push = Push(RESOURCES, { cacheable: true });
for (const [path, member] of [
  ['/quick', 'quick'],
  ['/slow', 'slow'],
]) {
  Get(path)(Site.prototype, member);
  push(Site.prototype, member);
}
Get('/plain')(Site.prototype, 'plain');
Get('/slow-plain')(Site.prototype, 'slowPlain');
Get('/resources/:number')(Site.prototype, 'resource');
Header('cache-control', 'no-store')(Site.prototype, 'resource');
class App {}
Module({ controllers: [Site] })(App);

const app = await createApp(App, { logger: false, http2: 'h2c' });
const { port } = await app.listen(0);

/** A client on one connection, with windows that nothing waits for. */
async function open(toPort, enablePush) {
  const session = connect(`http://127.0.0.1:${toPort}`, { settings: { enablePush, initialWindowSize: 2 ** 24 } });
  await once(session, 'remoteSettings');
  session.setLocalWindowSize(2 ** 24);
  return session;
}

/** Loads a page and all of its resources as a browser would. Out: milliseconds until the head, and until all are there. */
function load(session, path) {
  return new Promise((resolve, reject) => {
    const begunMs = performance.now();
    const wanted = new Set([path, ...RESOURCES]);
    const asked = new Set();
    let headMs = 0;
    const arrive = (one) => {
      wanted.delete(one);
      if (wanted.size > 0) return;
      session.off('stream', take);
      resolve({ headMs, allMs: performance.now() - begunMs });
    };
    const read = (stream, one) =>
      stream
        .resume()
        .on('error', reject)
        .on('end', () => arrive(one));
    const ask = (one) => {
      if (asked.has(one)) return;
      asked.add(one);
      read(session.request({ ':path': one }), one);
    };
    const take = (stream, headers) => {
      asked.add(headers[':path']);
      read(stream, headers[':path']);
    };
    session.on('stream', take);
    const page = session.request({ ':path': path });
    let text = '';
    page.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    page.on('headers', ({ link }) => [...link.matchAll(/<(.*?)>/g)].forEach(([, one]) => ask(one)));
    page.once('response', () => (headMs = performance.now() - begunMs));
    page.on('error', reject).on('end', () => {
      text.split('\n').forEach(ask);
      arrive(path);
    });
  });
}

const proxy = await openDelayingProxy(port, rttMs);
const far = { pushed: await open(proxy.port, true), hinted: await open(proxy.port, false) };
const near = await open(port, true);
const cases = [
  { name: 'promises', session: far.pushed, path: '/quick' },
  { name: 'early hints', session: far.hinted, path: '/quick' },
  { name: 'neither', session: far.pushed, path: '/plain' },
  { name: `promises, ${THINK_MS} ms of work`, session: far.pushed, path: '/slow' },
  { name: `early hints, ${THINK_MS} ms of work`, session: far.hinted, path: '/slow' },
  { name: `neither, ${THINK_MS} ms of work`, session: far.pushed, path: '/slow-plain' },
  { name: 'promises, no delay', session: near, path: '/quick' },
  { name: 'neither, no delay', session: near, path: '/plain' },
].map((one) => ({ ...one, head: [], all: [] }));
for (const { session, path } of cases) for (let i = 0; i < 3; i++) await load(session, path);
for (let i = 0; i < trials; i++) {
  for (const { session, path, head, all } of cases) {
    const { headMs, allMs } = await load(session, path);
    head.push(headMs);
    all.push(allMs);
  }
}
for (const session of [far.pushed, far.hinted, near]) session.destroy();
proxy.close();
await app.close();

/** Nanoseconds a look takes, in a digest that is full. */
function lookNs() {
  const digest = new Digest(256);
  const paths = Array.from({ length: 256 }, (_, at) => `/static/assets/file-${at}.css`);
  for (const path of paths) digest.add(path, { etag: `"${path}"`, freshUntilMs: 0, row: undefined });
  const etags = paths.map((path) => `"${path}"`);
  const rounds = 4_000;
  let found = 0;
  const begunMs = performance.now();
  for (let round = 0; round < rounds; round++) {
    for (let at = 0; at < 256; at++) if (digest.has(paths[at], etags[at], 0)) found++;
  }
  if (found !== rounds * 256) throw new Error('the digest forgot what it was given');
  return ((performance.now() - begunMs) * 1e6) / found;
}
lookNs();

const ms = (value) => value.toFixed(2);
console.log(describeMachine());
console.log(
  `\nA page and its ${RESOURCES.length} resources of ${BODY.length} bytes, round trip ${rttMs} ms, ${trials} trials:\n`,
);
console.log(
  markdownTable([
    ['by', 'head, ms', 'all there, ms', '95 % of the median', 'round trips'],
    ...cases.map(({ name, head, all }) => [
      name,
      ms(median(head)),
      ms(median(all)),
      medianInterval(all).map(ms).join('–'),
      name.includes('no delay') ? '' : ((median(all) - (name.includes('work') ? THINK_MS : 0)) / rttMs).toFixed(2),
    ]),
  ]),
);
const headOf = (name) => median(cases.find((one) => one.name === name).head);
console.log(`\nHead of the page with promises to without: ${(headOf('promises') / headOf('neither')).toFixed(4)}`);
console.log(`A look into a full digest of 256 paths: ${lookNs().toFixed(0)} ns`);
