import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliOf } from './cli-of';
import { endStarted, packPackage, runIn, startIn } from './packed-package';

describe('rockstar generate plugin --package', () => {
  let cli: CliOf;
  beforeEach(() => {
    cli = new CliOf();
  });
  afterEach(() => cli.remove());

  const generate = (...args: string[]) => cli.run('generate', 'plugin', ...args, '--package', '--framework', '0.1.0');
  const manifest = (path: string) =>
    JSON.parse(readFileSync(join(cli.folder, path, 'package.json'), 'utf8')) as Record<string, unknown>;

  it('needs no application around it, and makes a package that brings no framework of its own', async () => {
    expect(await generate('MailBox')).toBe(0);
    const { name, dependencies, peerDependencies, files } = manifest('mail-box-plugin');
    expect([name, dependencies, files]).toEqual(['mail-box-plugin', undefined, ['dist']]);
    expect(peerDependencies).toEqual({ 'rockstar-web': expect.stringMatching(/^\^\d+\.\d+\.\d+/) as string });
    const source = readFileSync(join(cli.folder, 'mail-box-plugin/src/mail-box.contract.ts'), 'utf8');
    expect(source).toContain("export const MAIL_BOX = serviceRef<MailBoxService>('mail-box-plugin', 'mail-box', {");
    expect(cli.out).toMatch(/^create mail-box-plugin\/src\/mail-box\.plugin\.ts$/m);
  });

  it('takes a name with -plugin behind it, and folders before it', async () => {
    expect(await generate('parts/billing-plugin')).toBe(0);
    expect(manifest('parts/billing-plugin').name).toBe('billing-plugin');
  });

  it('writes nothing over, nothing with --dry-run, and nothing that is no plugin', async () => {
    expect(await generate('mail', '--dry-run')).toBe(0);
    expect(cli.out).toMatch(/^create mail-plugin\/package\.json$/m);
    expect(existsSync(join(cli.folder, 'mail-plugin'))).toBe(false);
    mkdirSync(join(cli.folder, 'mail-plugin'));
    writeFileSync(join(cli.folder, 'mail-plugin/mine.txt'), 'mine');
    expect(await generate('mail')).toBe(1);
    expect(cli.errors).toMatch(/CLI_FOLDER_TAKEN/);
    expect(await generate('../evil')).toBe(2);
    expect(cli.errors).toMatch(/USAGE_NAME_INVALID/);
    expect(await cli.run('generate', 'guard', 'mail', '--package')).toBe(2);
    expect(cli.errors).toMatch(/USAGE_OPTION_INVALID: --package takes a plugin to make a package of, got a guard\./);
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
  let folder: string;
  let app: string;
  let plugin: string;

  beforeAll(async () => {
    folder = await packPackage();
    const apps = join(folder, 'apps');
    mkdirSync(apps);
    const cli = join(folder, 'package/dist/cli/main.js');
    await runIn(apps, process.execPath, cli, 'new', 'app', '--sample', 'hello');
    app = join(apps, 'app');
    // In the application's folder: what is installed there serves for building and testing it.
    await runIn(app, join(app, 'node_modules/.bin/rockstar'), 'generate', 'plugin', 'greetings', '--package');
    plugin = join(app, 'greetings-plugin');
  }, 300_000);

  afterAll(() => {
    endStarted();
    rmSync(folder, { recursive: true, force: true });
  });

  it('passes its type check and its tests', async () => {
    await Promise.all([runIn(plugin, 'npm', 'run', 'types'), runIn(plugin, 'npm', 'test')]);
  }, 120_000);

  it('is packed, installed from the tarball into an application, and used by it', async () => {
    await runIn(plugin, 'npm', 'pack');
    const listed = await runIn(plugin, 'tar', 'tzf', 'greetings-plugin-1.0.0.tgz');
    expect(listed).toMatch(/^package\/dist\/index\.d\.ts$/m);
    // Neither the sources nor the framework it was built with.
    expect(listed).not.toMatch(/package\/(src|test|vendor|node_modules)\//);

    await runIn(app, 'npm', 'install', '--no-audit', '--no-fund', join(plugin, 'greetings-plugin-1.0.0.tgz'));
    expect(existsSync(join(app, 'node_modules/greetings-plugin/node_modules'))).toBe(false);
    writeFileSync(join(app, 'src/main.ts'), PROGRAM);
    await runIn(app, 'npm', 'run', 'types');
    const graph = await runIn(app, join(app, 'node_modules/.bin/rockstar'), 'graph');
    expect(graph).toMatch(/^ +asks for +greetings-plugin\.greetings \^1: 1\.0\.0 of greetings-plugin@1\.0\.0$/m);

    const { url, stop } = await startIn(app, 'npm', 'start');
    const answer = await fetch(new URL('/hello/Ada', url), { headers: { connection: 'close' } });
    expect([answer.status, await answer.json()]).toEqual([200, { message: 'Hello, Ada!' }]);
    expect(await stop('SIGTERM')).toBe(0);
  }, 240_000);
});
