// Starts a sample from the checkout: npm run sample -- <name> [arguments of the sample]
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { closest, distance } from 'fastest-levenshtein';

interface SampleEntry {
  readonly name: string;
  readonly description: string;
  readonly port: number;
  readonly path: string;
}

const ROOT = join(__dirname, '..');
const WRONG_USAGE = 2;

/** More differences than this are another word, not a slip. */
const LONGEST_SLIP = 3;

function readSamples(): readonly SampleEntry[] {
  const { samples } = JSON.parse(readFileSync(join(ROOT, 'nest-like-cli.json'), 'utf8')) as { samples: SampleEntry[] };
  return samples;
}

function listOf(samples: readonly SampleEntry[]): string {
  const width = Math.max(...samples.map(({ name }) => name.length));
  return samples.map(({ name, description, port }) => `  ${name.padEnd(width)}  ${description} (port ${port})`).join('\n');
}

function usage(samples: readonly SampleEntry[]): string {
  return `Usage: npm run sample -- <name>\n\nHOST and PORT say where it listens (PORT=0: any free port).\n\nSamples:\n${listOf(samples)}`;
}

function nearMiss(name: string, samples: readonly SampleEntry[]): string {
  const nearest = closest(
    name,
    samples.map((sample) => sample.name),
  );
  return distance(name, nearest) <= LONGEST_SLIP ? ` Did you mean ${nearest}?` : '';
}

function refuse(message: string, samples: readonly SampleEntry[]): void {
  console.error(`${message}\n\n${usage(samples)}`);
  process.exitCode = WRONG_USAGE;
}

/** Runs the sample in this process, as if it had been started by itself. */
function run(main: string, args: readonly string[]): void {
  process.argv = [process.execPath, main, ...args];
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- which sample it is comes from the command line
  require(main);
}

function start([name, ...args]: readonly string[]): void {
  const samples = readSamples();
  if (name === '--help' || name === '-h') return console.log(usage(samples));
  if (name === undefined) return refuse('Which sample?', samples);
  const sample = samples.find((one) => one.name === name);
  if (sample === undefined) return refuse(`There is no sample ${name}.${nearMiss(name, samples)}`, samples);
  const main = join(ROOT, sample.path, 'src', 'main.ts');
  if (!existsSync(main)) return refuse(`The sample ${name} has no ${sample.path}/src/main.ts.`, samples);
  run(main, args);
}

start(process.argv.slice(2));
