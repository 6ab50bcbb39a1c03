import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { soon } from '../support/soon';
import { CliOf } from './cli-of';

let cli: CliOf;
let tarball: string;

beforeEach(() => {
  cli = new CliOf();
  tarball = join(cli.folder, 'framework.tgz');
  writeFileSync(tarball, 'as good as any: it is not installed here');
});
afterEach(() => cli.remove());

const there = (): string[] => readdirSync(cli.folder).filter((name) => name !== 'framework.tgz' && name !== 'bin');

/** An npm that does what the test needs, whatever the network. */
function useNpm(script: string): void {
  const folder = join(cli.folder, 'bin');
  mkdirSync(folder);
  writeFileSync(join(folder, 'npm'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'npm'), 0o755);
  cli.path = `${folder}${delimiter}${cli.path}`;
}

const make = (...args: string[]): Promise<number> => cli.run('new', ...args, '--no-install', '--framework', tarball);

describe('rockstar new', () => {
  it('writes a whole application of a sample, and says the commands to go on with', async () => {
    expect(await make('my-app', '--sample', 'hello')).toBe(0);
    expect(cli.out).toBe('  cd my-app\n  npm install && npm start\n');
    const folder = join(cli.folder, 'my-app');
    expect(readdirSync(folder).sort()).toEqual([
      '.gitignore',
      'README.md',
      'jest.config.ts',
      'nest-like-cli.json',
      'package.json',
      'src',
      'test',
      'tsconfig.build.json',
      'tsconfig.json',
      'vendor',
    ]);
    expect(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))).toMatchObject({
      name: 'my-app',
      dependencies: { 'rockstar-web': 'file:vendor/framework.tgz', 'class-validator': expect.any(String) },
      devDependencies: { typescript: expect.stringMatching(/^6/), jest: expect.any(String) },
      scripts: { start: expect.any(String), test: 'jest', build: 'rockstar build' },
    });
    // As open as any folder that is made.
    expect(statSync(folder).mode).toBe(statSync(join(folder, 'src')).mode);
    expect(there()).toEqual(['my-app']);
  });

  it('takes an empty folder, with a .git in it or not, and whoever stands in it stays there', async () => {
    mkdirSync(join(cli.folder, 'mine', '.git'), { recursive: true });
    expect(await make('mine', '--sample', 'hello')).toBe(0);
    expect(readdirSync(join(cli.folder, 'mine'))).toEqual(expect.arrayContaining(['.git', 'package.json', 'src']));
    expect(readdirSync(join(cli.folder, 'mine')).filter((name) => name.startsWith('.new-'))).toEqual([]);
  });

  it('refuses a folder that is not empty and a file, and leaves them as they were', async () => {
    mkdirSync(join(cli.folder, 'full'));
    writeFileSync(join(cli.folder, 'full', 'notes.txt'), 'mine');
    expect(await make('full', '--sample', 'hello')).toBe(1);
    expect(cli.errors).toMatch(/^CLI_FOLDER_TAKEN: .*full is not empty \(notes\.txt\)/);
    writeFileSync(join(cli.folder, 'file'), '');
    expect(await make('file', '--sample', 'hello')).toBe(1);
    expect(cli.errors).toMatch(/^CLI_FOLDER_UNUSABLE: /);
    expect(readdirSync(join(cli.folder, 'full'))).toEqual(['notes.txt']);
  });

  it('leaves nothing behind, not even the folders above, when the installation fails', async () => {
    useNpm('mkdir node_modules; echo no such package >&2; exit 7');
    expect(await cli.run('new', 'a/b/my-app', '--sample', 'hello', '--framework', tarball)).toBe(1);
    expect(cli.errors).toMatch(
      /CLI_INSTALL_FAILED: npm install .* failed \(7\), and nothing was left behind[\s\S]*no such package/,
    );
    expect(there()).toEqual([]);
  });

  it.each([
    ['lets npm try once, when its registry cannot be reached', 'ENOTFOUND', '--loglevel=error --fetch-retries=0'],
    ['lets npm try as often as it likes, when its registry does not know the question', 'E404', '--loglevel=error\n'],
  ])('%s', async (_title, code, told) => {
    useNpm(`[ "$1" = ping ] && { echo "npm error code ${code}" >&2; exit 1; }; echo "told: $@" >&2; exit 7`);
    expect(await cli.run('new', 'my-app', '--sample', 'hello', '--framework', tarball)).toBe(1);
    expect(`${cli.errors}\n`).toContain(`told: install --no-audit --no-fund ${told}`);
    expect(there()).toEqual([]);
  });

  it('leaves there what others put beside it meanwhile, when the installation fails', async () => {
    useNpm('mkdir ../other; echo mine > ../other/notes.txt; exit 7');
    expect(await cli.run('new', 'a/b/my-app', '--sample', 'hello', '--framework', tarball)).toBe(1);
    expect(readdirSync(join(cli.folder, 'a/b'))).toEqual(['other']);
    expect(readdirSync(join(cli.folder, 'a/b/other'))).toEqual(['notes.txt']);
  });

  it.each(['not there yet', 'empty'])('leaves a folder that is %s to who was there first', async (what) => {
    if (what === 'empty') mkdirSync(join(cli.folder, 'my-app'));
    useNpm(`mkdir -p '${cli.folder}/my-app'; echo mine > '${cli.folder}/my-app/package.json'`);
    expect(await cli.run('new', 'my-app', '--sample', 'hello', '--framework', tarball)).toBe(1);
    expect(cli.errors).toMatch(/^CLI_FOLDER_TAKEN: .*my-app is not empty \(package\.json\)/m);
    expect(there()).toEqual(['my-app']);
    expect(readdirSync(join(cli.folder, 'my-app'))).toEqual(['package.json']);
    expect(readFileSync(join(cli.folder, 'my-app/package.json'), 'utf8')).toBe('mine\n');
  });

  it('tells in one line what the machine has against a folder', async () => {
    symlinkSync(join(cli.folder, 'nowhere'), join(cli.folder, 'dangling'));
    expect(await make('dangling', '--sample', 'hello')).toBe(1);
    expect(cli.errors).toMatch(/^CLI_FOLDER_UNUSABLE: .*dangling cannot be used: .*\n$/);
    expect(await make('dangling/below', '--sample', 'hello')).toBe(1);
    expect(cli.errors).toMatch(/^CLI_FOLDER_UNUSABLE: .*below cannot be used: .*\n$/);
    expect(there()).toEqual(['dangling']);
  });

  it('leaves nothing behind when it is interrupted', async () => {
    useNpm('mkdir node_modules; exec sleep 600');
    const made = cli.run('new', 'my-app', '--sample', 'hello', '--framework', tarball);
    await soon(() => expect(there()).toEqual([expect.stringMatching(/^\.my-app\.new-/)]));
    cli.interrupt.abort('SIGINT');
    expect(await made).toBe(130);
    expect(cli.errors).toMatch(/CLI_INTERRUPTED/);
    expect(there()).toEqual([]);
  });

  it('asks at a terminal for what is missing, again for what cannot be, and for a sample by number or name', async () => {
    cli.isInteractive = true;
    cli.input.write('Not Good\n\n99\nhelo\n1\n');
    expect(await make()).toBe(0);
    expect(cli.out).toMatch(/In which folder \(my-app\): .*USAGE_NAME_INVALID/s);
    expect(cli.out).toMatch(/ {3}1 {2}hello +The smallest app/);
    expect(cli.out).toMatch(/There is no 99\..*There is no helo\. Did you mean hello\?/s);
    expect(there()).toEqual(['my-app']);
  });

  it('makes nothing when there is no answer', async () => {
    cli.isInteractive = true;
    cli.input.end();
    expect(await make()).toBe(130);
    expect(there()).toEqual([]);
  });
});
