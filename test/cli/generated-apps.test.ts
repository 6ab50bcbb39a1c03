import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from '../architecture/checkout';
import { packPackage, runIn, startIn } from './packed-package';

const { samples } = readJson<{ samples: { name: string }[] }>('nest-like-cli.json');
const others = samples.map(({ name }) => name).filter((name) => name !== 'hello');

let folder: string;
let hello: string;

const cli = (at: string, ...args: string[]): Promise<string> =>
  runIn(at, process.execPath, join(folder, 'package/dist/cli/main.js'), ...args);

beforeAll(async () => {
  folder = await packPackage();
  mkdirSync(join(folder, 'apps'));
  await cli(join(folder, 'apps'), 'new', 'hello', '--sample', 'hello');
  hello = join(folder, 'apps', 'hello');
}, 180_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function dependenciesOf(app: string): Record<string, string> {
  const read = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
  return { ...read.dependencies, ...read.devDependencies };
}

/** What the other applications need beside what is installed for the first; all share its node_modules. */
async function installBesides(apps: readonly string[]): Promise<void> {
  const installed = dependenciesOf(hello);
  const missing = apps.flatMap((app) => Object.entries(dependenciesOf(app)).filter(([name]) => !(name in installed)));
  const wanted = new Set(missing.map(([name, version]) => `${name}@${version}`));
  if (wanted.size > 0) await runIn(hello, 'npm', 'install', '--no-save', '--no-audit', '--no-fund', ...wanted);
}

describe('an application that the packed package makes of the sample hello', () => {
  it('passes its type check and its tests, and what is generated into it does too', async () => {
    const rockstar = join(hello, 'node_modules/.bin/rockstar');
    for (const kind of ['controller', 'plugin', 'service', 'guard']) await runIn(hello, rockstar, 'generate', kind, 'things');
    await Promise.all([runIn(hello, 'npm', 'run', 'types'), runIn(hello, 'npm', 'test')]);
  }, 120_000);

  it('tells its routes, its graph and that nothing is wrong, without being started', async () => {
    const rockstar = join(hello, 'node_modules/.bin/rockstar');
    expect(await runIn(hello, rockstar, 'check')).toMatch(/^Nothing is wrong: 2 modules \(1 plugin\), /);
    expect(await runIn(hello, rockstar, 'routes')).toMatch(/^GET +\/users\/:id +UsersController\.one /m);
    expect(await runIn(hello, rockstar, 'graph', '--format', 'mermaid')).toMatch(/^graph LR\n[\s\S]* -\.-> m0$/m);
    const doctor = JSON.parse(await runIn(hello, rockstar, 'doctor', '--json', '--port', '0')) as {
      findings: { state: string }[];
    };
    expect(doctor.findings.filter(({ state }) => state !== 'fine')).toEqual([]);
    // A command of another copy leaves the work to the copy of the application.
    expect(JSON.parse(await cli(hello, 'info', '--json'))).toMatchObject({ cliFolder: join(hello, 'node_modules/rockstar-web') });
  }, 60_000);

  it('starts from source and from what was built, answers, and stops with 0', async () => {
    const rockstar = join(hello, 'node_modules/.bin/rockstar');
    await runIn(hello, 'npm', 'run', 'build');
    for (const [program, ...args] of [
      ['npm', 'start'],
      [rockstar, 'start'],
      [process.execPath, 'dist/main.js'],
    ] as const) {
      const { url, stop } = await startIn(hello, program, ...args);
      const response = await fetch(url, { headers: { connection: 'close' } });
      expect(await response.json()).toEqual({ hello: 'world' });
      expect(await stop('SIGTERM')).toBe(0);
    }
  }, 60_000);
});

it('makes applications of all other samples that pass their type check and their tests, which start, ask and stop them', async () => {
  for (const name of others) await cli(join(folder, 'apps'), 'new', name, '--sample', name, '--no-install');
  const apps = others.map((name) => join(folder, 'apps', name));
  await installBesides(apps);
  for (const app of apps) {
    symlinkSync(join(hello, 'node_modules'), join(app, 'node_modules'));
    await Promise.all([runIn(app, 'npm', 'run', 'types'), runIn(app, 'npm', 'test')]);
  }
}, 240_000);
