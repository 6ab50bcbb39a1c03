// npm run bench:table -- [--smoke] [--only requests,boot] [--write]: runs the benches one by one, and tells what each prints as a
// part of a page of Markdown: on standard output, or by --write in docs/performance.md, between its two marks, where the
// parts of other benches stay. It fails when a bench does; a target that is missed is said and is no failure.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';

const ROOT = join(import.meta.dirname, '..');
const PAGE = join(ROOT, 'docs/performance.md');
const MARKS = ['<!-- measured: begin -->', '<!-- measured: end -->'];

/**
 * In this order: the first builds the package that those behind it measure. `smoke`: the arguments with which it takes seconds, and
 * installs nothing; without them it is left out there. `hasTargets`: exits with 1 when one is missed, its tables being told all the same.
 */
const BENCHES = {
  requests: { file: 'run.mjs', title: 'Requests, beside bare Node', smoke: ['--smoke'] },
  steps: { file: 'micro.mjs', title: 'Steps of a request', smoke: ['--rounds', '1', '--only', 'route'] },
  walks: { file: 'walks.mjs', title: 'What stands around a handler' },
  boot: { file: 'boot.mjs', title: 'Starting a process, and its memory', hasTargets: true },
  assembling: { file: 'assemble.mjs', title: 'Putting an application together', hasTargets: true },
  validation: { file: 'validation.mjs', title: 'Validation' },
  breaker: { file: 'breaker.mjs', title: 'A call through a circuit breaker' },
  metrics: { file: 'metrics.mjs', title: 'Metrics' },
  cancel: { file: 'cancel.mjs', title: 'A client that leaves' },
  gateway: { file: 'gateway.mjs', title: 'A gateway' },
  push: { file: 'push.mjs', title: 'Push' },
  hijack: { file: 'hijack.mjs', title: 'Connections that are taken over' },
  websocket: { file: 'websocket.mjs', title: 'WebSockets' },
  dashboard: { file: 'dashboard.mjs', title: 'The dashboard sample' },
};

const { values: options } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (options.help) {
  console.log(`npm run bench:table -- [--smoke] [--only name,…] [--write]\n\n${Object.keys(BENCHES).join(', ')}`);
  process.exit();
}

function chosen() {
  const names = options.only?.split(',') ?? Object.keys(BENCHES);
  const unknown = names.filter((name) => !(name in BENCHES));
  if (unknown.length > 0) throw new Error(`--only knows ${Object.keys(BENCHES).join(', ')}; it got ${unknown.join(', ')}`);
  return names.filter((name) => !options.smoke || BENCHES[name].smoke !== undefined);
}

/** Runs one bench; its progress goes to standard error. Out: what it printed, and whether its targets were met. */
async function run({ file, smoke, hasTargets = false }) {
  const args = [join(import.meta.dirname, file), ...(options.smoke ? smoke : [])];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  // A bench that failed has no table.
  if (code !== 0 && !(hasTargets && code === 1 && text.includes('| --- |'))) throw new Error(`${file} ended with ${code}`);
  return { text, isMet: code === 0 };
}

/** What each bench tells of the machine. Nothing of `machine.mjs` is loaded here: it pins its process, and so all that this one begins. */
const MACHINE = /^\d+ × .+, Node v.+$/m;

/** Measures one. Out: its part of the page, under its title, with where and when it was made. */
async function measure(name) {
  const { text, isMet } = await run(BENCHES[name]);
  const [machine] = MACHINE.exec(text) ?? [];
  const made = [machine, new Date().toISOString().slice(0, 10)].filter(Boolean).join('; ');
  return `${made}.\n\n${text.replace(MACHINE, '').trim()}${isMet ? '' : '\n\nA target was missed.'}`;
}

const titled = (name, part) => `### ${BENCHES[name].title}\n\n${part}`;

/** What the page has between its marks: each part by its title. */
function partsOf(page) {
  const [start, end] = [page.indexOf(MARKS[0]), page.indexOf(MARKS[1])];
  if (start === -1 || end < start) throw new Error(`docs/performance.md lacks its marks: ${MARKS.join(' … ')}`);
  const between = page.slice(start + MARKS[0].length, end);
  return new Map(between.split(/^### /m).slice(1).map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n')).trim()])); // prettier-ignore
}

/** Puts a part into the page, as the formatter wants it; those of other benches stay. */
async function write(name, part) {
  const page = readFileSync(PAGE, 'utf8');
  const parts = partsOf(page).set(BENCHES[name].title, part);
  const tables = Object.keys(BENCHES).flatMap((one) =>
    parts.has(BENCHES[one].title) ? titled(one, parts.get(BENCHES[one].title)) : [],
  );
  const [start, end] = [page.indexOf(MARKS[0]) + MARKS[0].length, page.indexOf(MARKS[1])];
  const text = `${page.slice(0, start)}\n\n${tables.join('\n\n')}\n\n${page.slice(end)}`;
  writeFileSync(PAGE, await format(text, { ...(await resolveConfig(PAGE)), filepath: PAGE }));
}

const names = chosen();
// So that a page without marks is told before an hour of measuring.
if (options.write) partsOf(readFileSync(PAGE, 'utf8'));
for (const [at, name] of names.entries()) {
  console.error(`${at + 1} of ${names.length}: ${name}`);
  const part = await measure(name);
  if (options.write) await write(name, part);
  else console.log(`${titled(name, part)}\n`);
}
