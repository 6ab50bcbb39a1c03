import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliOf } from './cli-of';

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
