import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { embeddedTemplate } from '../../lib/database/embedded-template';
import { readJson, ROOT } from '../architecture/checkout';
import { type Client, doors } from '../journeys/doors';
import { endStarted, packPackage, runIn, startIn } from './packed-package';
import { hasTerminals, runAtTerminal } from './terminal';

const { samples } = readJson<{ samples: { name: string }[] }>('nest-like-cli.json');
const others = samples.map(({ name }) => name).filter((name) => name !== 'hello');

let folder: string;
let hello: string;
let packed: string;

/** What the guides of sessions tell to install. */
const OF_A_DAY = ['express-session', '@types/express-session'];

const cli = (at: string, ...args: string[]): Promise<string> =>
  runIn(at, process.execPath, join(folder, 'package/dist/cli/main.js'), ...args);

/** Makes an application as who has the package packed does it; that the command packs itself is tried with the first. */
const makeApp = (name: string, sample = name): Promise<string> =>
  cli(join(folder, 'apps'), 'new', name, '--sample', sample, '--no-install', '--framework', packed);

/** In: a folder for what is packed and installed, where another run of these tests has it from or leaves it for the next. */
async function makeHello(kept?: string): Promise<void> {
  // The lock is the last to be left there.
  const isThere = kept !== undefined && existsSync(join(kept, 'package-lock.json'));
  packed = await packPackage(folder, isThere ? kept : undefined);
  await cli(join(folder, 'apps'), 'new', 'hello', '--sample', 'hello', ...(isThere ? ['--no-install'] : []));
  if (kept === undefined) return;
  cpSync(packed, join(kept, basename(packed)));
  const [from, to] = isThere ? [kept, hello] : [hello, kept];
  for (const name of ['node_modules', 'package-lock.json']) {
    cpSync(join(from, name), join(to, name), { recursive: true, verbatimSymlinks: true });
  }
}

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'rockstar-packed-')));
  mkdirSync(join(folder, 'apps'));
  hello = join(folder, 'apps', 'hello');
  await makeHello(process.env.KEPT_INSTALLATION);
  // The files an embedded database starts from are made once; test/database has them made.
  const { path, making } = embeddedTemplate() ?? {};
  making?.remove();
  if (path !== undefined && making === undefined) {
    cpSync(path, join(hello, 'node_modules/.cache/rockstar-web', basename(path)), { recursive: true });
  }
}, 300_000);

afterAll(() => {
  endStarted();
  rmSync(folder, { recursive: true, force: true });
});

function dependenciesOf(app: string): Record<string, string> {
  const read = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
  return { ...read.dependencies, ...read.devDependencies };
}

/** Brings a package of the checkout, and what it needs, to what was installed for the first application. */
function bring(name: string): void {
  const [from, to] = [join(ROOT, 'node_modules', name), join(hello, 'node_modules', name)];
  if (existsSync(to)) return;
  cpSync(from, to, { recursive: true });
  const { dependencies = {} } = readJson<{ dependencies?: Record<string, string> }>(`node_modules/${name}/package.json`);
  Object.keys(dependencies).forEach(bring);
}

/** What the other applications need beside it; all share its node_modules. */
function installBesides(apps: readonly string[]): void {
  for (const app of apps) {
    for (const [name, version] of Object.entries(dependenciesOf(app))) {
      bring(name);
      const { version: installed } = JSON.parse(readFileSync(join(hello, 'node_modules', name, 'package.json'), 'utf8')) as {
        version: string;
      };
      if (!version.startsWith('file:')) expect([name, installed]).toEqual([name, version]);
    }
  }
  OF_A_DAY.forEach(bring);
}

describe('an application that the packed package makes of the sample hello', () => {
  it('passes its type check and its tests, and what is generated into it does too', async () => {
    const rockstar = join(hello, 'node_modules/.bin/rockstar');
    for (const kind of ['controller', 'plugin', 'service', 'guard']) await runIn(hello, rockstar, 'generate', kind, 'things');
    await Promise.all([runIn(hello, 'npm', 'run', 'types'), runIn(hello, 'npm', 'test')]);
  }, 240_000);

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
  });

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
  });
});

if (hasTerminals()) {
  describe('rockstar new at a terminal', () => {
    const command = (): string[] => [
      process.execPath,
      join(hello, 'node_modules/rockstar-web/dist/cli/main.js'),
      'new',
      '--no-install',
    ];

    it('asks for what was not said', async () => {
      const at = join(folder, 'apps');
      const { shown, code } = await runAtTerminal(at, command(), [['In which folder (my-app)', 'typed\n'], ['Which sample (hello)', 'hello\n']]); // prettier-ignore
      expect(shown).toMatch(/ 1 {2}hello +The smallest app/);
      expect([code, existsSync(join(at, 'typed/src/main.ts'))]).toEqual([0, true]);
    });

    it('leaves nothing behind when it is left by Ctrl-C', async () => {
      const at = join(folder, 'apps');
      const { shown, code } = await runAtTerminal(at, command(), [['In which folder (my-app)', 'left\n'], ['Which sample (hello)', '\u0003']]); // prettier-ignore
      expect(shown).not.toMatch(/Made/);
      expect([code, existsSync(join(at, 'left'))]).toEqual([130, false]);
    });
  });
} else {
  it('rockstar new IS NOT TRIED AT A TERMINAL: there is no script of util-linux here', () => {
    expect(hasTerminals()).toBe(false);
  });
}

describe('an application that is made of the sample', () => {
  beforeAll(async () => {
    for (const name of others) await makeApp(name);
    installBesides(others.map((name) => join(folder, 'apps', name)));
  }, 240_000);

  /** All at once, as `npm run types` does it for each: what they are made of is read once. */
  it('passes its type check, whichever the sample', async () => {
    const [settings, ...same] = ['hello', ...others].map((name) =>
      readFileSync(join(folder, 'apps', name, 'tsconfig.json'), 'utf8'),
    );
    expect(same.filter((one) => one !== settings)).toEqual([]);
    const include = others.flatMap((name) => [`${name}/src`, `${name}/test`, `${name}/jest.config.ts`]);
    const all = { extends: './hello/tsconfig.json', compilerOptions: { rootDir: '.' }, include };
    writeFileSync(join(folder, 'apps/tsconfig.json'), JSON.stringify(all));
    symlinkSync(join(hello, 'node_modules'), join(folder, 'apps/node_modules'));
    const listed = await runIn(hello, join(hello, 'node_modules/.bin/tsc'), '-p', '..', '--listFilesOnly');
    for (const name of others) expect(listed).toContain(join(folder, 'apps', name, 'src/main.ts'));
    await runIn(hello, join(hello, 'node_modules/.bin/tsc'), '-p', '..', '--noEmit');
  }, 240_000);

  /** All at once, as `npm test` does it for each: the test runner and the compiler are started once. */
  it('passes its tests, which start, ask and stop it, whichever the sample', async () => {
    for (const name of others) symlinkSync(join(hello, 'node_modules'), join(folder, 'apps', name, 'node_modules'));
    const report = join(folder, 'report.json');
    const args = ['--projects', ...others, '--json', '--outputFile', report];
    await runIn(join(folder, 'apps'), join(hello, 'node_modules/.bin/jest'), ...args);
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as { testResults: { name: string }[] };
    const made = others.flatMap((name) =>
      [...readdirSync(join(ROOT, 'samples', name, 'test')), 'start.test.ts'].map((file) => join(name, 'test', file)),
    );
    expect(testResults.map(({ name }) => relative(join(folder, 'apps'), name)).sort()).toEqual(made.sort());
  }, 240_000);
});

/** Uses everything the application was given, as a browser or another program would. */
async function spendADay(client: Client): Promise<void> {
  const type = 'multipart/form-data; boundary=X';
  const part = (name: string, text: string) => `--X\r\nContent-Disposition: form-data; name=${name}\r\n\r\n${text}\r\n`;
  const body = `${part('title', 'Second')}${part('cover; filename=a.png', '12345')}--X--\r\n`;
  const add = (headers: Record<string, string>, what = body) =>
    client.ask({ method: 'POST', path: '/albums', headers: { 'content-type': type, ...headers }, body: what });
  const ada = { authorization: 'Bearer token-of-ada' };
  expect((await add({})).status).toBe(401);
  expect((await add({ authorization: 'Bearer token-of-bob' })).status).toBe(403);
  const added = await add(ada);
  expect([added.status, added.json()]).toEqual([201, { title: 'Second', bytes: 5 }]);
  expect((await add(ada, `${part('title', 'Third')}--X--\r\n`)).json()).toMatchObject({
    status: 400,
    errors: [{ path: 'cover' }],
  });

  const page = await client.ask({ path: '/albums' });
  expect([page.status, page.header('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page.text).toMatch(/<title>Albums<\/title>\s*<li>&lt;b&gt;first&lt;\/b&gt;<\/li>/);
  const style = await client.ask({ path: '/static/app.css' });
  expect([style.status, style.header('cache-control')]).toEqual([200, 'public, max-age=60']);
  const tag = { 'if-none-match': style.header('etag') ?? '' };
  expect((await client.ask({ path: '/static/app.css', headers: tag })).status).toBe(304);

  const visit = (cookie: string) => client.ask({ method: 'POST', path: '/albums/visits', headers: { cookie } });
  const first = await visit('');
  const cookie = first.header('set-cookie')?.split(';', 1)[0] ?? '';
  expect([first.json(), (await visit(cookie)).json(), (await visit('')).json()]).toEqual([
    { visits: 1 },
    { visits: 2 },
    { visits: 1 },
  ]);
  const document = (await client.ask({ path: '/openapi.json' })).json() as { openapi: string; paths: object };
  expect([document.openapi, Object.keys(document.paths)]).toEqual(['3.1.1', ['/albums', '/albums/visits']]);
  expect((await client.ask({ path: '/docs' })).status).toBe(200);
}

describe('an application with sessions, an upload, views, static files, a guarded route and OpenAPI', () => {
  let app: string;

  beforeAll(async () => {
    app = join(folder, 'apps', 'first-day');
    await makeApp('first-day', 'hello');
    rmSync(join(app, 'src'), { recursive: true });
    cpSync(join(__dirname, 'first-day'), join(app, 'src'), { recursive: true });
    symlinkSync(join(hello, 'node_modules'), join(app, 'node_modules'));
  }, 240_000);

  it('answers over HTTP/1.1 and HTTP/2, in the clear and encrypted, from source and built', async () => {
    await Promise.all([runIn(app, 'npm', 'run', 'types'), runIn(app, 'npm', 'run', 'build')]);
    for (const [program, ...args] of [
      ['env', 'HTTP2=1', 'npm', 'start'],
      ['env', 'HTTP2=1', process.execPath, 'dist/main.js'],
      ['npm', 'start'],
    ] as const) {
      const { url, stop } = await startIn(app, program, ...args);
      for (const door of url.protocol === 'https:' ? doors : doors.slice(0, 1)) {
        const client = await door.connect(url);
        await spendADay(client).finally(() => client.close());
      }
      expect(await stop('SIGTERM')).toBe(0);
    }
  }, 240_000);

  it('is started anew by start --watch when a file changes', async () => {
    const { url, listening, stop } = await startIn(app, join(hello, 'node_modules/.bin/rockstar'), 'start', '--watch');
    const pageAt = async (at: URL) => (await fetch(new URL('/albums', at), { headers: { connection: 'close' } })).text();
    expect(await pageAt(url)).toMatch(/first/);
    const file = join(app, 'src/albums.controller.ts');
    writeFileSync(file, readFileSync(file, 'utf8').replace('<b>first</b>', 'changed'));
    expect(await pageAt(await listening(2))).toMatch(/<li>changed<\/li>/);
    expect(await stop('SIGTERM')).toBe(0);
  });
});

const PROGRAM = `import { Controller, Get, ImportService, Module, Param, serve } from 'rockstar-web';
import { GREETINGS, GreetingsPlugin, type GreetingsService } from 'greetings-plugin';

@Controller('/hello')
class HelloController {
  constructor(@ImportService(GREETINGS, { version: '^1' }) private readonly greetings: GreetingsService) {}
  @Get('/:name')
  hello(@Param('name') name: string) {
    return { message: this.greetings.hello(name) };
  }
}

@Module({ imports: [GreetingsPlugin], controllers: [HelloController] })
class App {}

void serve(App);
`;

describe('a plugin that is a package of its own', () => {
  let plugin: string;

  beforeAll(async () => {
    // In the application's folder: what is installed there serves for building and testing it.
    await runIn(hello, join(hello, 'node_modules/.bin/rockstar'), 'generate', 'plugin', 'greetings', '--package');
    plugin = join(hello, 'greetings-plugin');
  });

  it('passes its type check and its tests', async () => {
    await Promise.all([runIn(plugin, 'npm', 'run', 'types'), runIn(plugin, 'npm', 'test')]);
  }, 240_000);

  it('is packed, installed from the tarball into an application, and used by it', async () => {
    await runIn(plugin, 'npm', 'pack');
    const listed = await runIn(plugin, 'tar', 'tzf', 'greetings-plugin-1.0.0.tgz');
    expect(listed).toMatch(/^package\/dist\/index\.d\.ts$/m);
    // Neither the sources nor the framework it was built with.
    expect(listed).not.toMatch(/package\/(src|test|vendor|node_modules)\//);

    await runIn(hello, 'npm', 'install', '--no-audit', '--no-fund', join(plugin, 'greetings-plugin-1.0.0.tgz'));
    expect(existsSync(join(hello, 'node_modules/greetings-plugin/node_modules'))).toBe(false);
    writeFileSync(join(hello, 'src/main.ts'), PROGRAM);
    await runIn(hello, 'npm', 'run', 'types');
    const graph = await runIn(hello, join(hello, 'node_modules/.bin/rockstar'), 'graph');
    expect(graph).toMatch(/^ +asks for +greetings-plugin\.greetings \^1: 1\.0\.0 of greetings-plugin@1\.0\.0$/m);

    const { url, stop } = await startIn(hello, 'npm', 'start');
    const answer = await fetch(new URL('/hello/Ada', url), { headers: { connection: 'close' } });
    expect([answer.status, await answer.json()]).toEqual([200, { message: 'Hello, Ada!' }]);
    expect(await stop('SIGTERM')).toBe(0);
  }, 240_000);
});
