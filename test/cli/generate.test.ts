import fs, { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFiles } from '../../lib/cli/write-files';
import { ROOT } from '../architecture/checkout';
import { CliOf } from './cli-of';

const { writeFileSync: write } = fs;

let cli: CliOf;
beforeEach(() => {
  cli = new CliOf();
  put('package.json', '{ "name": "app" }');
  symlinkSync(join(ROOT, 'node_modules'), join(cli.folder, 'node_modules'));
});
afterEach(() => cli.remove());

function put(path: string, text: string): void {
  mkdirSync(dirname(join(cli.folder, path)), { recursive: true });
  writeFileSync(join(cli.folder, path), text);
}

const read = (path: string): string => readFileSync(join(cli.folder, path), 'utf8');

const EMPTY = "import { Module } from 'rockstar-web';\n\n@Module()\nclass App {}\n\nvoid serve(App);\n";

describe('rockstar generate', () => {
  it.each([
    ['@Module()', '@Module({ controllers: [UsersController] })'],
    ['@Module({})', '@Module({ controllers: [UsersController] })'],
    ['@Module({ providers: [] })', '@Module({ providers: [], controllers: [UsersController] })'],
    ['@Module({ controllers: [] })', '@Module({ controllers: [UsersController] })'],
    ['@Module({ controllers: [A], providers: [] })', '@Module({ controllers: [A, UsersController], providers: [] })'],
    [
      '@Module({\n  controllers: [\n    A,\n    B,\n  ],\n})',
      '@Module({\n  controllers: [\n    A,\n    B,\n    UsersController,\n  ],\n})',
    ],
    [
      '@Module({\n  controllers: [\n    // none yet\n  ],\n})',
      '@Module({\n  controllers: [\n    // none yet\n    UsersController,\n  ],\n})',
    ],
    ['@Module({\n  providers: [],\n})', '@Module({\n  providers: [],\n  controllers: [UsersController],\n})'],
  ])('puts a controller into %j, and changes nothing else', async (before, after) => {
    put('src/main.ts', EMPTY.replace('@Module()', before));
    expect(await cli.run('generate', 'controller', 'users')).toBe(0);
    const imported = "import { Module } from 'rockstar-web';\nimport { UsersController } from './users.controller';";
    expect(read('src/main.ts')).toBe(EMPTY.replace('@Module()', after).replace(/^import.*$/m, imported));
    expect(read('src/users.controller.ts')).toMatch(/@Controller\('\/users'\)\nexport class UsersController/);
    expect(read('test/users.controller.test.ts')).toMatch(/from '\.\.\/src\/users\.controller'/);
    expect(cli.out).toMatch(/^create src\/users\.controller\.ts$[\s\S]*^update src\/main\.ts$[\s\S]*^ {2}\+ import/m);
  });

  it('keeps the quotes, the semicolons and the ends of lines of a file', async () => {
    put('src/main.ts', 'import { Module } from "rockstar-web"\r\n\r\n@Module({})\r\nclass App {}\r\n');
    expect(await cli.run('generate', 'service', 'MailBox')).toBe(0);
    expect(read('src/main.ts')).toBe(
      'import { Module } from "rockstar-web"\r\nimport { MailBoxService } from "./mail-box.service"\r\n\r\n@Module({ providers: [MailBoxService] })\r\nclass App {}\r\n',
    );
  });

  it('finds the nearest module: a plugin takes what is made in its folder', async () => {
    put('src/main.ts', EMPTY);
    expect(await cli.run('g', 'plugin', 'billing')).toBe(0);
    expect(read('src/main.ts')).toMatch(/imports: \[BillingPlugin\]/);
    expect(await cli.run('g', 'guard', 'billing/paid')).toBe(0);
    expect(read('src/billing/billing.plugin.ts')).toMatch(/providers: \[PaidGuard\]/);
  });

  it('takes of several modules the one that the program serves, or the one that is named', async () => {
    const two = EMPTY.replace('@Module()', '@Module()\nclass Other {}\n\n@Module()');
    put('src/main.ts', two);
    expect(await cli.run('generate', 'service', 'one')).toBe(0);
    expect(read('src/main.ts')).toMatch(/@Module\(\{ providers: \[OneService\] \}\)\nclass App/);
    expect(await cli.run('generate', 'service', 'two', '--module', 'Other')).toBe(0);
    expect(read('src/main.ts')).toMatch(/@Module\(\{ providers: \[TwoService\] \}\)\nclass Other/);
    put('src/main.ts', two.replace('serve(App)', '0'));
    expect(await cli.run('generate', 'service', 'three')).toBe(1);
    expect(cli.errors).toMatch(/CLI_MODULE_AMBIGUOUS[\s\S]*Other in src\/main\.ts[\s\S]*App in src\/main\.ts/);
  });

  it.each([
    ['@Module(options)', 'not given an object literal'],
    ['@Module({ ...common })', 'spread from elsewhere'],
    ['@Module({ controllers: all })', 'not written as an array'],
    ['@Module({ controllers: [ })', 'line 3 is a syntax error (Expression '],
  ])('writes nothing when the decorator is %s', async (decorator, reason) => {
    put('src/main.ts', EMPTY.replace('@Module()', decorator));
    expect(await cli.run('generate', 'controller', 'users')).toBe(1);
    expect(cli.errors).toMatch(/CLI_MODULE_UNREADABLE/);
    expect(cli.errors).toContain(reason);
    expect(() => read('src/users.controller.ts')).toThrow(/ENOENT/);
    expect(await cli.run('generate', 'controller', 'users', '--no-register', '--no-test')).toBe(0);
    expect(() => read('test/users.controller.test.ts')).toThrow(/ENOENT/);
  });

  it('writes nothing over, and nothing at all with --dry-run', async () => {
    put('src/main.ts', EMPTY);
    expect(await cli.run('generate', 'controller', 'users', '--dry-run')).toBe(0);
    expect(cli.out).toMatch(/controllers: \[UsersController\]/);
    expect(read('src/main.ts')).toBe(EMPTY);
    put('src/users.controller.ts', 'mine');
    expect(await cli.run('generate', 'controller', 'users')).toBe(1);
    expect(cli.errors).toMatch(/CLI_FILE_TAKEN: src\/users\.controller\.ts/);
    expect(read('src/users.controller.ts')).toBe('mine');
  });

  it('writes all of it or nothing, whatever cannot be written', async () => {
    put('src/main.ts', EMPTY);
    put('src/billing', 'a file');
    put('test/shipping', 'a file');
    expect(await cli.run('generate', 'service', 'billing/invoices')).toBe(1);
    expect(cli.errors).toMatch(
      /^CLI_WRITE_FAILED: .*src\/billing\/invoices\.service\.ts could not be written, and nothing .*EEXIST/,
    );
    expect(await cli.run('generate', 'service', 'shipping/parcels')).toBe(1);
    expect(cli.errors).toMatch(/^CLI_WRITE_FAILED: .*test\/shipping\/parcels\.service\.test\.ts /);
    expect([cli.out, readdirSync(join(cli.folder, 'src')).sort()]).toEqual(['', ['billing', 'main.ts']]);
    expect(read('src/main.ts')).toBe(EMPTY);
  });

  it('takes back what it wrote when it may not change the module', () => {
    put('src/main.ts', EMPTY);
    put('src/users/mine.txt', '');
    // The administrator may write everywhere: a folder in the place of the file stands for what may not be written.
    const files = [
      { file: join(cli.folder, 'src/users/users.service.ts'), text: 'new' },
      { file: join(cli.folder, 'test/users/users.service.test.ts'), text: 'new' },
      { file: join(cli.folder, 'src/main.ts'), text: 'changed', before: EMPTY },
      { file: join(cli.folder, 'src'), text: 'changed', before: '' },
    ];
    expect(() => writeFiles(files)).toThrow(/^CLI_WRITE_FAILED: .*src could not be written/);
    expect(readdirSync(cli.folder).sort()).toEqual(['node_modules', 'package.json', 'src']);
    expect(readdirSync(join(cli.folder, 'src'), { recursive: true }).sort()).toEqual(['main.ts', 'users', 'users/mine.txt']);
    expect(read('src/main.ts')).toBe(EMPTY);
  });

  describe('on a disk that is full in the middle of a module', () => {
    const fillAt = (text: string, meanwhile: () => void = () => undefined): void => {
      jest.spyOn(fs, 'writeFileSync').mockImplementation((file, data, options) => {
        if (data !== text) return write(file, data, options);
        meanwhile();
        write(file, text.slice(0, text.length / 2));
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      });
    };
    const files = () => [
      { file: join(cli.folder, 'src/a.service.ts'), text: 'new' },
      { file: join(cli.folder, 'test/a.service.test.ts'), text: 'new' },
      { file: join(cli.folder, 'src/main.ts'), text: 'changed', before: EMPTY },
    ];

    beforeEach(() => put('src/main.ts', EMPTY));
    afterEach(() => jest.restoreAllMocks());

    it('puts the module back as it was, too', () => {
      fillAt('changed');
      expect(() => writeFiles(files())).toThrow(
        /^CLI_WRITE_FAILED: .*main\.ts could not be written, and nothing was left .*ENOSPC/,
      );
      expect(read('src/main.ts')).toBe(EMPTY);
      expect(readdirSync(cli.folder).sort()).toEqual(['node_modules', 'package.json', 'src']);
    });

    it('takes back what it can, and says that it could not take back all', () => {
      fillAt('changed', () => {
        fs.rmSync(join(cli.folder, 'test/a.service.test.ts'));
        put('test/a.service.test.ts/mine', '');
      });
      expect(() => writeFiles(files())).toThrow(
        /^CLI_WRITE_FAILED: .* not all that was written before could be taken back: ENOSPC/,
      );
      expect(read('src/main.ts')).toBe(EMPTY);
      expect(readdirSync(join(cli.folder, 'src'))).toEqual(['main.ts']);
    });
  });

  it.each(['../evil', 'a/../../b', '9lives', '', '/etc/x', '*'])('refuses the name %j', async (name) => {
    expect(await cli.run('generate', 'service', name)).toBe(2);
    expect(cli.errors).toMatch(/USAGE_NAME_INVALID/);
  });
});
