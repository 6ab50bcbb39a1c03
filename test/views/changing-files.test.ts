import fs from 'node:fs';
import { brotliCompressSync } from 'node:zlib';
import { Controller, Get } from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { StaticIndex } from '../../lib/views/static-index';
import { toStaticSettings } from '../../lib/views/static-options';
import { type Client, doors, moduleOf, serveOn, type Served } from '../journeys/doors';
import { recorded } from '../middleware/middleware-app';
import { gate, soon } from '../support/soon';
import { appOf } from '../testing/app-of';
import { newFolder } from './folder';

const { createReadStream } = fs;
const folder = newFolder();
const elsewhere = newFolder().write('secret.txt', 'of another folder');
/** More than the sockets, streams and windows of both ends hold between them. */
const LARGE = Buffer.alloc(24_000_000, 'abcdefgh');

@Controller()
class None {
  @Get('/none')
  none() {}
}

/** An application on files that are looked at each time, or once a second. */
async function appOn(watch: boolean) {
  const clock = new ManualClock();
  const app = await appOf([None], { static: { root: folder.path, watch }, clock });
  return {
    clock,
    async ask(path: string, headers: Record<string, string> = {}) {
      const answer = await app.request({ url: path, headers });
      return answer.status === 200 ? answer.text() : answer.status;
    },
  };
}

afterEach(() => {
  for (const name of fs.readdirSync(folder.path)) folder.remove(name);
});

describe('files that are watched', () => {
  it('are what they are when they are asked for', async () => {
    folder.write('a.txt', 'one').write('large.txt', 'x'.repeat(100_000));
    const { ask } = await appOn(true);
    const seen = [await ask('/a.txt'), await ask('/a.txt')];
    folder.write('a.txt', 'two', 1_500_000_000);
    seen.push(await ask('/a.txt'));
    folder.write('a.txt', 'y'.repeat(100_000));
    folder.write('large.txt', 'small now');
    seen.push(await ask('/large.txt'), (await ask('/a.txt')) === 'y'.repeat(100_000) ? 'large now' : 'something else');
    folder.remove('a.txt');
    seen.push(await ask('/a.txt'));
    folder.write('a.txt', 'back');
    seen.push(await ask('/a.txt'));
    expect(seen).toEqual(['one', 'one', 'two', 'small now', 'large now', 404, 'back']);
  });

  it('have another tag for every version', async () => {
    folder.write('a.txt', 'one');
    const app = await appOf([None], { static: { root: folder.path, watch: true } });
    const tagNow = async (): Promise<string> => String((await app.request({ url: '/a.txt' })).headers.etag);
    const tags = [await tagNow()];
    folder.write('a.txt', 'two', 1_500_000_000);
    tags.push(await tagNow());
    folder.write('a.txt', 'three', 1_500_000_000);
    tags.push(await tagNow());
    expect(new Set(tags).size).toBe(3);
    const answer = await app.request({ url: '/a.txt', headers: { 'if-none-match': tags[0] } });
    expect(answer.text()).toBe('three');
  });

  it('come and go with their folders and what was compressed of them', async () => {
    const { ask } = await appOn(true);
    const encoded = { 'accept-encoding': 'br' };
    const seen = [await ask('/new/a.txt'), await ask('/new/')];
    folder.write('new/a.txt', 'came').write('new/index.html', 'a folder').write('new/a.txt.br', brotliCompressSync('other'));
    seen.push(await ask('/new/a.txt'), await ask('/new/'), (await ask('/new/a.txt', encoded)) === 'came' ? 'plain' : 'br');
    folder.remove('new/a.txt.br');
    seen.push(await ask('/new/a.txt', encoded));
    folder.remove('new');
    seen.push(await ask('/new/a.txt'), await ask('/new'));
    expect(seen).toEqual([404, 404, 'came', 'a folder', 'br', 'came', 404, 404]);
  });

  it('are refused once they are links that lead out', async () => {
    folder.write('secret.txt', 'of this folder!!!');
    const { ask } = await appOn(true);
    const seen = [await ask('/secret.txt')];
    folder.remove('secret.txt');
    folder.link('secret.txt', elsewhere.at('secret.txt'));
    seen.push(await ask('/secret.txt'));
    expect(seen).toEqual(['of this folder!!!', 404]);
  });
});

describe('files that are not watched', () => {
  it('are looked at again a second later', async () => {
    folder.write('a.txt', 'one').write('gone.txt', 'soon');
    const { ask, clock } = await appOn(false);
    const seen = [await ask('/a.txt'), await ask('/gone.txt')];
    folder.write('a.txt', 'two', 1_500_000_000).write('b.txt', 'came later');
    folder.remove('gone.txt');
    // What was not known is looked for at once; what is kept is sent as it was.
    seen.push(await ask('/b.txt'), await ask('/a.txt'), await ask('/gone.txt'));
    await clock.advance(1_000);
    seen.push(await ask('/a.txt'), await ask('/gone.txt'));
    expect(seen).toEqual(['one', 'soon', 'came later', 'one', 'soon', 'two', 404]);
  });

  it('are never sent as what they are not, whatever changed meanwhile', async () => {
    folder.write('small.txt', 'one').write('large.txt', 'x'.repeat(100_000)).write('shrunk.txt', 'x'.repeat(100_000));
    folder.write('gone.txt', 'x').write('link.txt', 'x'.repeat(100_000));
    elsewhere.write('large.txt', 'y'.repeat(100_000));
    const { ask } = await appOn(false);
    folder.write('small.txt', 'longer').write('large.txt', 'z'.repeat(90_000)).write('shrunk.txt', 'short');
    folder.remove('gone.txt');
    folder.remove('link.txt');
    folder.link('link.txt', elsewhere.at('large.txt'));
    expect(await ask('/small.txt')).toBe('longer');
    expect(await ask('/large.txt')).toBe('z'.repeat(90_000));
    expect(await ask('/shrunk.txt')).toBe('short');
    expect(await ask('/gone.txt')).toBe(404);
    expect(await ask('/link.txt')).toBe(404);
  });
});

it('a small file that changed meanwhile is not sent under the tag it had', async () => {
  folder.write('a.txt', 'one');
  const clock = new ManualClock();
  const app = await appOf([None], { static: { root: folder.path, watch: false }, clock });
  folder.write('a.txt', 'longer');
  const first = await app.request({ url: '/a.txt' });
  await clock.advance(1_000);
  const second = await app.request({ url: '/a.txt' });
  expect([first.text(), first.headers.etag]).toEqual(['longer', second.headers.etag]);
});

describe('the folder itself', () => {
  it('may be a link that is set anew, as deployments do', async () => {
    folder.write('v1/a.txt', 'one').write('v1/only.txt', 'old').write('v2/a.txt', 'two').link('current', folder.at('v1'));
    const clock = new ManualClock();
    const app = await appOf([None], { static: { root: folder.at('current'), watch: false }, clock });
    const ask = async (url: string): Promise<string> => (await app.request({ url })).text();
    expect(await ask('/a.txt')).toBe('one');
    folder.remove('current');
    folder.link('current', folder.at('v2'));
    await clock.advance(1_000);
    expect(await ask('/a.txt')).toBe('two');
    expect((await app.request({ url: '/only.txt' })).status).toBe(404);
  });

  it('may be gone for a while', async () => {
    folder.write('site/a.txt', 'one');
    const app = await appOf([None], { static: { root: folder.at('site'), watch: true } });
    folder.remove('site');
    expect((await app.request({ url: '/a.txt' })).status).toBe(404);
    folder.write('site/a.txt', 'two');
    expect((await app.request({ url: '/a.txt' })).text()).toBe('two');
  });
});

describe.each(doors)('a large file over $name', (door) => {
  let opened: jest.SpyInstance<fs.ReadStream>;
  let served: Served;
  let client: Client;
  let clock: ManualClock;

  beforeEach(async () => {
    clock = new ManualClock();
    folder.write('large.bin', LARGE);
    opened = jest.spyOn(fs, 'createReadStream');
    served = await serveOn(moduleOf([None]), { static: folder.path, handlerTimeoutMs: 1_000, clock });
    client = await door.connect(served.url);
  });
  afterEach(async () => {
    opened.mockRestore();
    await client.close();
    await served.app.close();
  });

  const files = (): { readonly closed: boolean }[] => opened.mock.results.map(({ value }) => value as fs.ReadStream);

  it('is sent whole, however many ask, and closed', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => client.ask({ path: '/large.bin' })));
    expect(answers.map(({ status, text }) => [status, text.length, text === LARGE.toString()])).toEqual(
      answers.map(() => [200, LARGE.length, true]),
    );
    expect(files().length).toBe(3);
    await soon(() => expect(files().map(({ closed }) => closed)).toEqual([true, true, true]));
  });

  it('is closed when its client leaves half-way, and no longer read', async () => {
    const asked = client.begin({ path: '/large.bin' });
    await asked.received('abcdefgh');
    expect(files().map(({ closed }) => closed)).toEqual([false]);
    asked.leave();
    await soon(() => expect(files().map(({ closed }) => closed)).toEqual([true]));
    await soon(() => expect(recorded(served.app.metrics.snapshot())).toEqual(['499']));
  });

  it('is closed when its client has left before it is open', async () => {
    const held = gate();
    const open = ((...args: Parameters<typeof fs.open>) => void held.promise.then(() => fs.open(...args))) as typeof fs.open;
    opened.mockImplementationOnce((path: fs.PathLike, options: object) =>
      createReadStream(path, { ...options, fs: { open, read: fs.read, close: fs.close } }),
    );
    const asked = client.begin({ path: '/large.bin' });
    await soon(() => expect(files().length).toBe(1));
    asked.leave();
    await soon(() => expect(recorded(served.app.metrics.snapshot())).toEqual(['499']));
    held.open();
    await soon(() => expect(files().map(({ closed }) => closed)).toEqual([true]));
  });

  it('that is cut off while it is sent breaks off, and is not taken for whole', async () => {
    const asked = client.begin({ path: '/large.bin' });
    await asked.received('abcdefgh');
    fs.truncateSync(folder.at('large.bin'), 1_000);
    await expect(asked.answer).rejects.toThrow(/ended within a response|was reset/);
    await soon(() => expect(files().map(({ closed }) => closed)).toEqual([true]));
  });

  it('has no deadline once its head is sent', async () => {
    const asked = client.begin({ path: '/large.bin' });
    await asked.received('abcdefgh');
    await clock.advance(1_500);
    expect((await asked.answer).text.length).toBe(LARGE.length);
  });

  it('that grows while it is sent is what it was', async () => {
    const asked = client.begin({ path: '/large.bin' });
    await asked.received('abcdefgh');
    fs.appendFileSync(folder.at('large.bin'), 'and more');
    const { status, text } = await asked.answer;
    expect([status, text === LARGE.toString()]).toEqual([200, true]);
  });

  it('that is replaced while it is sent is the one it was', async () => {
    const asked = client.begin({ path: '/large.bin' });
    await asked.received('abcdefgh');
    folder.write('other.bin', Buffer.alloc(LARGE.length, 'z'));
    fs.renameSync(folder.at('other.bin'), folder.at('large.bin'));
    expect((await asked.answer).text === LARGE.toString()).toBe(true);
    expect((await client.ask({ path: '/large.bin', headers: { range: 'bytes=0-2' } })).text).toBe('zzz');
  });
});

describe('what is kept of files has a limit', () => {
  /** So many names of one file of `bytes`. */
  function fill(count: number, bytes: number): void {
    folder.write('0', 'x'.repeat(bytes));
    for (let at = 1; at < count; at++) fs.linkSync(folder.at('0'), folder.at(String(at)));
  }

  it('of 32 MiB for their contents', async () => {
    fill(513, 64 * 1024);
    const { ask } = await appOn(false);
    const read = jest.spyOn(fs.promises, 'readFile');
    const reads = async (path: string): Promise<number> => {
      read.mockClear();
      expect(((await ask(path)) as string).length).toBe(64 * 1024);
      return read.mock.calls.length;
    };
    try {
      expect([await reads('/0'), await reads('/0')]).toEqual([1, 0]);
      for (let at = 1; at < 512; at++) await ask(`/${at}`);
      expect(await reads('/0')).toBe(0);
      await ask('/512');
      expect([await reads('/512'), await reads('/0')]).toEqual([0, 1]);
    } finally {
      read.mockRestore();
    }
  });

  it('of 20 000 that are read at start; those beyond are found when they are asked for', async () => {
    fill(20_005, 1);
    const index = new StaticIndex(toStaticSettings({ root: folder.path, watch: false }), new ManualClock());
    expect(index.size).toBe(20_000);
    for (let at = 0; at < 20_005; at++) expect(index.find(`/${at}`)?.bytes).toBe(1);
    expect(index.size).toBe(20_005);
  });
});
