import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { COMMANDS } from '../../lib/cli/command-table';
import { helpOf, helpOfAll } from '../../lib/cli/help';
import { readJson, readText, ROOT } from '../architecture/checkout';
import { CliOf } from './cli-of';

const cli = new CliOf();
afterAll(() => cli.remove());

describe('rockstar', () => {
  it('says with --help how it is used, as a whole and by command, and the documentation says the same', async () => {
    expect(await cli.run('--help')).toBe(0);
    expect(cli.out).toBe(`${helpOfAll()}\n`);
    const documented = readText('docs/cli.md');
    expect(documented).toContain(`\`\`\`text\n${helpOfAll()}\n\`\`\``);
    for (const command of COMMANDS) {
      expect(await cli.run(command.name, '--help')).toBe(0);
      expect(cli.out).toBe(`${helpOf(command)}\n`);
      expect(documented).toContain(`## ${command.name}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\``);
    }
  });

  it('tells its version', async () => {
    expect([await cli.run('--version'), cli.out]).toEqual([0, `${readJson<{ version: string }>('package.json').version}\n`]);
  });

  it.each([
    [[], /^Usage: rockstar/],
    [['chek'], /^USAGE_COMMAND_UNKNOWN: There is no command chek\. Did you mean check\?$/m],
    [['--hlp'], /^USAGE_OPTION_UNKNOWN: .*--hlp\. Did you mean --help\?$/m],
    [['routes', '--jsn'], /^USAGE_OPTION_UNKNOWN: rockstar routes does not know --jsn\. Did you mean --json\?$/m],
    [['routes', '--json=yes'], /^USAGE_OPTION_INVALID: --json takes no value, got "yes"\.$/m],
    [['graph', '--format'], /^USAGE_OPTION_INVALID: --format takes text, mermaid, json, got nothing\.$/m],
    [['graph', '--format', 'svg'], /^USAGE_OPTION_INVALID: --format takes text, mermaid, json, got "svg"\.$/m],
    [['new', '--sample', '--no-install'], /^USAGE_OPTION_INVALID: --sample takes a name, got "--no-install"\.$/m],
    [['new', 'a', 'b'], /^USAGE_ARGUMENT_SURPLUS: rockstar new takes <dir>, got "b" besides\.$/m],
    [['new'], /^USAGE_ARGUMENT_MISSING: .* Give <dir>/m],
    [['new', 'app'], /^USAGE_ARGUMENT_MISSING: .* Give --sample <name> \(.*hello/m],
    [['new', 'app', '--sample', 'helo'], /^USAGE_SAMPLE_UNKNOWN: There is no sample helo\. Did you mean hello\?$/m],
    [['new', 'My App', '--sample', 'hello'], /^USAGE_NAME_INVALID: .*capital letters\. How about my-app\?$/m],
    [['new', 'typescript', '--sample', 'hello'], /^USAGE_NAME_INVALID: .*How about typescript-app\?$/m],
    [['new', 'app', '--sample', 'hello', '--framework', 'none.tgz'], /^USAGE_OPTION_INVALID: --framework takes a version/m],
    [['generate'], /^USAGE_ARGUMENT_MISSING: What is to be made\?/m],
    [['generate', 'servce', 'x'], /^USAGE_KIND_UNKNOWN: .*Did you mean service\?$/m],
    [['generate', 'guard'], /^USAGE_ARGUMENT_MISSING: What is the guard to be called\?/m],
  ])('ends %j with exit code 2 and the way out', async (args, expected) => {
    expect(await cli.run(...args)).toBe(2);
    expect(cli.errors).toMatch(expected);
    expect(cli.out).toBe('');
  });

  it('lists the samples, for people and for programs', async () => {
    expect(await cli.run('samples')).toBe(0);
    expect(cli.out).toMatch(/^hello +3000 +The smallest app/m);
    expect(await cli.run('samples', '--json')).toBe(0);
    expect(JSON.parse(cli.out)).toContainEqual(expect.objectContaining({ name: 'hello', port: 3000 }));
  });

  it('ends without a word when nobody reads what it says any more', async () => {
    const program = ['--conditions=rockstar-source', '-r', './samples/compile.cjs', 'lib/cli/main.ts', 'samples'];
    const child = spawn(process.execPath, program, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let errors = '';
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(errors).toBe('');
  });

  it('says outside of an application that there is none', async () => {
    expect(await cli.run('check')).toBe(1);
    expect(cli.errors).toMatch(/^CLI_PROJECT_MISSING: /);
  });
});
