// node bench/breaker.mjs [--rounds 40] [--dist <folder>] [--only success,failure,reject,time-out,memory]: what a circuit breaker costs, and what it
// holds, beside opossum and cockatiel with equal settings. CPU nanoseconds a call over a bare `await`; the cases take turns.
// The package is the one built last. It fails when a breaker is in another state than it should be, never on timing.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { bytesOf, collect, takeTurns } from './in-process.mjs';
import { describeMachine } from './machine.mjs';
import { installPeers } from './prepare.mjs';
import { markdownTable, median, medianInterval } from './statistics.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    dist: { type: 'string', default: join(import.meta.dirname, '../dist') },
    only: { type: 'string', default: 'success,failure,reject,time-out,memory' },
  },
});
const only = options.only.split(',');
const slices = { rounds: Number(options.rounds), ms: 15 };

installPeers();
const { default: Opossum } = await import('opossum');
const cockatiel = await import('cockatiel');
const { Breaker, Breakers } = createRequire(join(options.dist, 'bench.js'))('./index.js');

// Equal settings: 5 failures in a row, or half of at least 10 calls of the last 100, or of the last 10 seconds; no trial in sight.
const RESET_MS = 1e8;
const fails = new Error('failed');
const succeed = async () => 1;
const fail = async () => {
  throw fails;
};

const windows = {
  consecutive: { maxFailures: 5, window: { kind: 'consecutive' } },
  count: { window: { kind: 'count', calls: 100 }, failureRatio: 0.5, minimumCalls: 10, slowCallMs: 0 },
  time: { window: { kind: 'time', durationMs: 10_000 }, failureRatio: 0.5, minimumCalls: 10, slowCallMs: 0 },
};
/** One that never opens: for what a failure costs while it is closed. */
const NEVER = { maxFailures: 10_000_000, failureRatio: undefined, minimumCalls: undefined };

function ours(kind, more = {}) {
  return new Breaker({ name: kind, resetTimeoutMs: RESET_MS, halfOpenMax: 1, ...windows[kind], ...more });
}

function ofCockatiel(kind, { threshold = 0.5, failures = 5 } = {}) {
  const breaker = {
    consecutive: () => new cockatiel.ConsecutiveBreaker(failures),
    count: () => new cockatiel.CountBreaker({ threshold, size: 100, minimumNumberOfCalls: 10 }),
    time: () => new cockatiel.SamplingBreaker({ threshold, duration: 10_000, minimumRps: 1 }),
  }[kind]();
  return cockatiel.circuitBreaker(cockatiel.handleAll, { halfOpenAfter: RESET_MS, breaker });
}

function ofOpossum(action, more = {}) {
  const settings = { timeout: false, errorThresholdPercentage: 50, volumeThreshold: 10, resetTimeout: RESET_MS };
  return new Opossum(action, { ...settings, rollingCountTimeout: 10_000, rollingCountBuckets: 10, ...more });
}

/** Runs a step so many times, each awaited before the next. */
const each = (step) => async (n) => {
  for (let i = 0; i < n; i++) await step();
};
const eachRejected = (step) => async (n) => {
  for (let i = 0; i < n; i++) {
    try {
      await step();
    } catch {
      // Meant.
    }
  }
};

/** One table: nanoseconds over the first case, which is the call without a breaker. */
async function compare(title, cases) {
  const samples = await takeTurns(cases, slices);
  const [bareName] = samples.keys();
  const bare = samples.get(bareName);
  const rows = [];
  for (const [name, ns] of samples) {
    const over = ns.map((one, round) => one - bare[round]);
    const [low, high] = medianInterval(over).map((one) => one.toFixed(0));
    const own = name === bareName ? ['', ''] : [`**${median(over).toFixed(0)}**`, `${low}–${high}`];
    rows.push([name, median(ns).toFixed(0), ...own, (await bytesOf(cases[name])).toFixed(0)]);
  }
  console.log(`**${title}**\n\n${markdownTable([['', 'ns a call', 'over bare', '95 % of the median', 'bytes'], ...rows])}\n`);
}

async function success() {
  const rows = Object.keys(windows).flatMap((kind) => {
    const [mine, theirs] = [ours(kind), ofCockatiel(kind)];
    return [
      [`Rockstar, ${kind}`, each(() => mine.call(succeed))],
      [`cockatiel, ${kind}`, each(() => theirs.execute(succeed))],
    ];
  });
  const opossum = ofOpossum(succeed);
  const seen = new Breakers({ observe: () => ({ counted: () => undefined, changed: () => undefined }) }).get('seen');
  await compare('A call that succeeds', {
    bare: each(succeed),
    ...Object.fromEntries(rows),
    'opossum, time': each(() => opossum.fire()),
    'Rockstar, of the registry and observed': each(() => seen.call(succeed)),
  });
  opossum.shutdown();
}

async function failure() {
  const filled = async (kind, calls, window) => {
    const breaker = ours(kind, { ...NEVER, window });
    for (let i = 0; i < calls; i++) await breaker.call(succeed);
    assert.equal(breaker.stats.calls, calls);
    return breaker;
  };
  const cases = { bare: eachRejected(fail) };
  for (const calls of [100, 10_000, 1_000_000]) {
    const counted = await filled('count', calls, { kind: 'count', calls });
    const timed = await filled('time', calls, { kind: 'time', durationMs: 1e9 });
    cases[`Rockstar, count, ${calls.toLocaleString('en')} calls`] = eachRejected(() => counted.call(fail));
    cases[`Rockstar, time, ${calls.toLocaleString('en')} calls`] = eachRejected(() => timed.call(fail));
  }
  const row = ours('consecutive', { maxFailures: 10_000_000 });
  cases['Rockstar, consecutive'] = eachRejected(() => row.call(fail));
  const theirs = ofCockatiel('consecutive', { failures: 1e9 });
  cases['cockatiel, consecutive'] = eachRejected(() => theirs.execute(fail));
  const opossum = ofOpossum(fail, { errorThresholdPercentage: 100, volumeThreshold: 1e9, rollingPercentilesEnabled: false });
  cases['opossum, time, no percentiles'] = eachRejected(() => opossum.fire());
  await compare('A call that fails', cases);
  opossum.shutdown();
}

async function reject() {
  const mine = ours('consecutive');
  mine.forceOpen();
  const opened = ours('consecutive');
  for (let i = 0; i < 5; i++) await opened.call(fail).catch(() => undefined);
  assert.equal(opened.state, 'open');
  const theirs = ofCockatiel('consecutive');
  const isolated = theirs.isolate();
  const opossum = ofOpossum(succeed);
  opossum.open();
  await compare('A call that is rejected', {
    'bare rejection': eachRejected(fail),
    'Rockstar, open': eachRejected(() => opened.call(succeed)),
    'Rockstar, forced open': eachRejected(() => mine.call(succeed)),
    cockatiel: eachRejected(() => theirs.execute(succeed)),
    opossum: eachRejected(() => opossum.fire()),
  });
  isolated.dispose();
  opossum.shutdown();
}

async function timeOut() {
  const mine = ours('time', { timeoutMs: 10_000 });
  const theirs = cockatiel.wrap(ofCockatiel('time'), cockatiel.timeout(10_000, cockatiel.TimeoutStrategy.Aggressive));
  const opossum = ofOpossum(succeed, { timeout: 10_000 });
  await compare('A call that succeeds in time', {
    bare: each(succeed),
    'Rockstar, 10 s': each(() => mine.call(succeed)),
    'cockatiel, 10 s': each(() => theirs.execute(succeed)),
    'opossum, 10 s': each(() => opossum.fire()),
  });
  opossum.shutdown();
}

function heap() {
  collect();
  collect();
  const { used_heap_size: used, external_memory: external } = getHeapStatistics();
  return used + external;
}

/** Bytes of each of so many; the first ones are thrown away, with what is made for them once. */
function held(make) {
  const N = 5_000;
  for (let i = 0; i < N; i++) make();
  const all = new Array(N).fill(undefined);
  const before = heap();
  for (let i = 0; i < N; i++) all[i] = make();
  const bytes = (heap() - before) / N;
  assert.equal(all.length, N);
  return bytes.toFixed(0);
}

/** What an empty registry holds less than one that was asked for so many keys, each of which was called. */
async function heldByKeys(asked) {
  const breakers = new Breakers({ configurations: { each: windows.time } });
  breakers.get('each');
  const before = heap();
  for (let i = 0; i < asked; i++) await breakers.get('each', `key-${i}`).call(succeed);
  const bytes = heap() - before;
  assert.equal(breakers.of('each').length, 1_001);
  return `${(bytes / 1024 / 1024).toFixed(2)} MiB`;
}

async function memory() {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const before = timers();
  const rows = [
    ...Object.keys(windows).map((kind) => [`Rockstar, ${kind}, never called`, held(() => ours(kind))]),
    ...Object.keys(windows).map((kind) => [`Rockstar, ${kind}, called ten times`, heldAfterCalls(kind)]),
    ...Object.keys(windows).map((kind) => [`cockatiel, ${kind}`, held(() => ofCockatiel(kind))]),
    ['Rockstar, 100,000 keys asked for, 1,000 kept, in all', await heldByKeys(100_000)],
  ];
  assert.equal(timers(), before);
  console.log(`**Memory** (and no timer)\n\n${markdownTable([['', 'bytes each'], ...rows])}\n`);
}

function heldAfterCalls(kind) {
  return held(() => {
    const breaker = ours(kind);
    for (let i = 0; i < 10; i++) breaker.begin().succeed();
    return breaker;
  });
}

const parts = { success, failure, reject, 'time-out': timeOut, memory };
const unknown = only.filter((name) => !(name in parts));
if (unknown.length > 0) throw new Error(`--only knows ${Object.keys(parts).join(', ')}; it got ${unknown.join(', ')}`);
console.log(`${describeMachine()}\n`);
for (const name of only) await parts[name]();
process.exit(0);
