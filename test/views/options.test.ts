import { mkdirSync } from 'node:fs';
import { relative } from 'node:path';
import { Controller, Get } from 'rockstar-web';
import { appOf, mistakesOf } from '../testing/app-of';
import { newFolder } from './folder';

const folder = newFolder().write('a.txt', 'a').write('other.html', 'the index').write('a.1234abcd.js', '');
const root = folder.path;

@Controller()
class None {
  @Get('/none')
  none() {}
}

/** What is said of options, `ROOT` for the folder of these tests. */
async function messages(options: object): Promise<string[]> {
  const mistakes = await mistakesOf([None], options);
  return mistakes.map(({ message }) => message.replaceAll(root, 'ROOT').replaceAll(process.cwd(), 'HERE'));
}

describe('a folder that is not there is told at start, with the way out', () => {
  it.each(['views', 'static'])('as %s', async (name) => {
    expect(await messages({ [name]: folder.at('nowhere') })).toEqual([
      `FOLDER_MISSING: The option ${name} is the folder ROOT/nowhere, which does not exist. Make it, or correct the path (a relative one starts at HERE).`,
    ]);
    expect(await messages({ [name]: { root: folder.at('a.txt') } })).toEqual([
      `FOLDER_MISSING: The option ${name}.root is the folder ROOT/a.txt, which is no folder. Make it, or correct the path (a relative one starts at HERE).`,
    ]);
    expect(await messages({ [name]: folder.at('a.txt/below') })).toEqual([
      expect.stringMatching(new RegExp(`^FOLDER_MISSING: The option ${name} is .*, which cannot be read \\(ENOTDIR\\)\\.`)),
    ]);
  });
});

describe('what is wrong with the option static is told at start, all at once', () => {
  it.each([
    [{ prefix: 'static' }, 'static.prefix takes a path that starts with a slash, without * : ? # %, got "static"'],
    [{ prefix: '/a/*' }, 'static.prefix takes a path that starts with a slash, without * : ? # %, got "/a/*"'],
    [{ prefix: '/../a' }, 'static.prefix takes a path that starts with a slash, without * : ? # %, got "/../a"'],
    [{ maxAgeMs: -1 }, 'static.maxAgeMs takes milliseconds from 0 to a year, got -1'],
    [{ maxAgeMs: '1d' }, 'static.maxAgeMs takes milliseconds from 0 to a year, got "1d"'],
    [{ maxAgeMs: Number.NaN }, 'static.maxAgeMs takes milliseconds from 0 to a year, got NaN'],
    [{ immutable: 'yes' }, 'static.immutable takes true, false or a regular expression, got "yes"'],
    [{ precompressed: 1 }, 'static.precompressed takes true or false, got 1'],
    [{ index: '../index.html' }, 'static.index takes the name of a file, or false, got "../index.html"'],
    [{ index: true }, 'static.index takes the name of a file, or false, got true'],
    [{ watch: 'no' }, 'static.watch takes true or false, got "no"'],
    [{ maxAge: 5 }, 'static.maxAge takes nothing; did you mean maxAgeMs?, got 5'],
    [
      { dotfiles: 'allow' },
      'static.dotfiles takes one of root, prefix, maxAgeMs, immutable, precompressed, index, watch, got "allow"',
    ],
  ])('%p', async (wrong, said) => {
    expect(await messages({ static: { root, ...wrong } })).toEqual([`FOLDER_OPTION_INVALID: The option ${said}.`]);
  });

  it.each([
    [7, 'static takes the path of a folder, or an object with its root, got 7'],
    [null, 'static takes the path of a folder, or an object with its root, got null'],
    ['', 'static takes the path of a folder, got ""'],
    [{}, 'static.root takes the path of a folder, got undefined'],
    [{ root: 'a\0b' }, 'static.root takes the path of a folder, got "a\0b"'],
    [[root, 5], 'static[1] takes the path of a folder, or an object with its root, got 5'],
    [[root, { root, watch: 0 }], 'static[1].watch takes true or false, got 0'],
  ])('%p', async (option, said) => {
    expect(await messages({ static: option })).toEqual([`FOLDER_OPTION_INVALID: The option ${said}.`]);
  });

  it('with what is wrong elsewhere', async () => {
    const said = await messages({ static: { root, watch: 0, index: 1 }, views: 5, bodyLimitBytes: -1 });
    expect(said.map((message) => /option (\S+)/i.exec(message)?.[1])).toEqual([
      'bodyLimitBytes',
      'views',
      'static.watch',
      'static.index',
    ]);
  });
});

describe('what is wrong with the option views is told at start', () => {
  it.each([
    [7, 'views takes the path of a folder, or an object with its root, got 7'],
    [[root], 'views takes the path of a folder, or an object with its root, got an array'],
    [{ root: 5 }, 'views.root takes the path of a folder, got 5'],
    [{ root, watch: 1 }, 'views.watch takes true or false, got 1'],
    [{ root, wach: true }, 'views.wach takes nothing; did you mean watch?, got true'],
  ])('%p', async (option, said) => {
    expect(await messages({ views: option })).toEqual([`FOLDER_OPTION_INVALID: The option ${said}.`]);
  });
});

describe('options of static files', () => {
  const ask = async (options: object, url: string) => {
    const app = await appOf([None], { static: { root, ...options } });
    const { status, headers } = await app.request({ url });
    return { status, cache: headers['cache-control'] };
  };

  it('may be nothing, and then no file is sent', async () => {
    const app = await appOf([None], { static: [] });
    expect((await app.request({ url: '/a.txt' })).status).toBe(404);
  });

  it('may be relative to where the process was started', async () => {
    const app = await appOf([None], { static: relative(process.cwd(), root) });
    expect((await app.request({ url: '/a.txt' })).text()).toBe('a');
  });

  it.each([
    [{ index: 'other.html' }, 200],
    [{ index: false }, 404],
    [{}, 404],
  ])('say what answers for a folder: %p', async (options, status) => {
    expect((await ask(options, '/')).status).toBe(status);
  });

  it.each([
    [{ immutable: true }, '/a.txt', 'public, max-age=31536000, immutable'],
    [{ immutable: false }, '/a.1234abcd.js', 'public, max-age=0'],
    [{ immutable: /\.txt$/g, maxAgeMs: 2_500 }, '/a.txt', 'public, max-age=31536000, immutable'],
    [{ immutable: /\.txt$/g, maxAgeMs: 2_500 }, '/a.1234abcd.js', 'public, max-age=2'],
    [{ maxAgeMs: 31_536_000_000 }, '/a.txt', 'public, max-age=31536000'],
  ])('say how long files may be kept: %p %s', async (options, path, cache) => {
    expect(await ask(options, path)).toEqual({ status: 200, cache });
    // An expression that goes on where it stopped would not match twice.
    expect((await ask(options, path)).cache).toBe(cache);
  });

  it.each(['/deep/er', '/deep/er/', '/deep/er//'])('put their files below a prefix: %s', async (prefix) => {
    if (prefix.endsWith('//')) {
      expect(await messages({ static: { root, prefix } })).toHaveLength(1);
      return;
    }
    expect((await ask({ prefix }, '/deep/er/a.txt')).status).toBe(200);
    expect((await ask({ prefix }, '/deep/era.txt')).status).toBe(404);
    expect((await ask({ prefix }, '/a.txt')).status).toBe(404);
  });

  it('let folders be asked one behind the other, with the same prefix too', async () => {
    const first = newFolder().write('a.txt', 'first');
    mkdirSync(first.at('only'));
    const app = await appOf([None], { static: [first.path, root] });
    const texts = ['/a.txt', '/other.html'].map(async (url) => (await app.request({ url })).text());
    expect(await Promise.all(texts)).toEqual(['first', 'the index']);
  });
});
