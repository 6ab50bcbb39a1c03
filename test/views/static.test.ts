import { brotliCompressSync, gzipSync } from 'node:zlib';
import { Catch, Controller, Get, Param, Post, type RequestContext } from 'rockstar-web';
import { type Answer, type Client, doors, moduleOf, serveOn, type Served } from '../journeys/doors';
import { newFolder } from './folder';

const CHANGED = 'Wed, 21 Oct 2015 07:28:00 GMT';
const LARGE = Buffer.from(Array.from({ length: 200_000 }, (_, at) => 97 + (at % 26)));

const folder = newFolder();
const site = newFolder();
const SCRIPT = 'console.log("hello");'.repeat(20);
folder
  .write('app.css', 'body { color: red }')
  .write('app.js', SCRIPT)
  .write('app.js.br', brotliCompressSync(SCRIPT))
  .write('app.js.gz', gzipSync(SCRIPT))
  .write('equal.txt', 'as long as')
  .write('equal.txt.gz', 'the other!')
  .write('stale.js', 'new', 1_445_412_490)
  .write('stale.js.gz', gzipSync('old'), 1_445_412_480)
  .write('app.3f2a9c1b.js', 'hashed')
  .write('app-NO2J6W7A.js', 'hashed')
  .write('report-20240115.pdf', 'a date')
  .write('large.txt', LARGE)
  .write('empty.txt', '')
  .write('picture.svg', '<svg/>')
  .write('bytes.unknown', 'x')
  .write('with space and ü.txt', 'named')
  .write('.secret', 'hidden')
  .write('.git/config', 'hidden')
  .write('.well-known/.secret', 'hidden')
  .write('sub/.well-known/a.txt', 'hidden')
  .write('.well-known/security.txt', 'Contact: mailto:security@example.org')
  .write('sub/deep/a.txt', 'deep')
  .link('inside.txt', folder.at('app.css'))
  .link('outside.txt', site.at('secret.txt'))
  .link('outside', site.path)
  .link('circle', folder.path);
site
  .write('index.html', '<h1>home</h1>')
  .write('secret.txt', 'of the site')
  .write('docs/index.html', '<h1>docs</h1>')
  .write('users/1', 'a file where a route is')
  .write('files/a.txt', 'a file where a route with a star is')
  .write('empty/readme.txt', 'no index here');

@Controller()
class Routes {
  @Get('/users/:id')
  user(@Param('id') id: number) {
    return { id };
  }

  @Post('/users')
  create() {
    return {};
  }

  @Get('/files/*')
  files(@Param('*') rest: string) {
    return { rest };
  }

  @Get('/*')
  rest(@Param('*') rest: string) {
    return { page: rest };
  }
}

@Controller('/api')
class Api {
  @Get('/things')
  things() {
    return [];
  }
}

const caught: string[] = [];

@Catch()
class Watcher {
  catch(error: { code: string }, ctx: RequestContext) {
    caught.push(`${error.code} ${ctx.path}`);
    throw error;
  }
}

describe.each(doors)('static files over $name', (door) => {
  let served: Served;
  let client: Client;

  beforeAll(async () => {
    served = await serveOn(moduleOf([Api]), {
      static: [{ root: folder.path, prefix: '/static/', maxAgeMs: 60_000 }, site.path],
      filters: [Watcher],
    });
    client = await door.connect(served.url);
  });
  afterAll(async () => {
    await client.close();
    await served.app.close();
  });

  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
    client.ask({ method, path, headers });
  const head = (answer: Answer, ...names: string[]): (string | undefined)[] => names.map((name) => answer.header(name));

  it('are sent with their type, length, tag, date and how long they may be kept', async () => {
    const answer = await ask('/static/app.css');
    expect([answer.status, answer.text]).toEqual([200, 'body { color: red }']);
    expect(head(answer, 'content-type', 'content-length', 'last-modified', 'cache-control', 'accept-ranges', 'vary')).toEqual([
      'text/css; charset=utf-8',
      '19',
      CHANGED,
      'public, max-age=60',
      'bytes',
      undefined,
    ]);
    expect(answer.header('etag')).toMatch(/^"13-[\da-f]+"$/);
    // The second is answered from memory.
    expect((await ask('/static/app.css')).text).toBe('body { color: red }');
  });

  it.each([
    ['app.js', 'text/javascript; charset=utf-8'],
    ['picture.svg', 'image/svg+xml'],
    ['bytes.unknown', 'application/octet-stream'],
    ['large.txt', 'text/plain; charset=utf-8'],
    ['app.js.gz', 'application/gzip'],
  ])('have the type of their name: %s', async (name, type) => {
    expect((await ask(`/static/${name}`)).header('content-type')).toBe(type);
  });

  it('answer HEAD with the head of GET, whatever their size', async () => {
    for (const name of ['app.css', 'large.txt', 'empty.txt']) {
      const get = await ask(`/static/${name}`);
      const answer = await ask(`/static/${name}`, { range: 'bytes=0-1' }, 'HEAD');
      expect([answer.status, answer.text]).toEqual([200, '']);
      for (const field of ['content-type', 'content-length', 'etag', 'last-modified', 'cache-control']) {
        expect([field, answer.header(field)]).toEqual([field, get.header(field)]);
      }
    }
  });

  it('are streamed when they are large, and sent empty when they are', async () => {
    const large = await ask('/static/large.txt');
    expect([large.status, large.text === LARGE.toString(), large.header('content-length')]).toEqual([200, true, '200000']);
    const empty = await ask('/static/empty.txt');
    expect([empty.status, empty.text, empty.header('content-length')]).toEqual([200, '', '0']);
  });

  it('answer other methods with 405, and OPTIONS with what they answer', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await ask('/static/app.css', {}, method);
      expect([answer.status, answer.header('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
    }
    const options = await ask('/static/app.css', {}, 'OPTIONS');
    expect([options.status, options.header('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
  });

  it('that are none are the ordinary 404, for whatever method', async () => {
    for (const method of ['GET', 'POST']) {
      const answer = await ask('/static/none.css', {}, method);
      expect([answer.status, answer.header('content-type')]).toEqual([404, 'application/problem+json']);
      expect(answer.json()).toMatchObject({ code: 'ROUTE_NOT_FOUND', detail: 'Nothing answers at /static/none.css.' });
      expect(caught.at(-1)).toBe('ROUTE_NOT_FOUND /static/none.css');
    }
  });

  it.each([
    '/static/.secret',
    '/static/.git/config',
    '/static/%2egit/config',
    '/static/.well-known',
    '/static/.well-known/',
    '/static/.well-known/.secret',
    '/static/.well-known/../.secret',
    '/static/sub/.well-known/a.txt',
    '/static/../secret.txt',
    '/static/%2e%2e/secret.txt',
    '/static/..%2fsecret.txt',
    '/static/..%5csecret.txt',
    '/static/%2e%2e%2fsecret.txt',
    '/static/.%2e/secret.txt',
    '/static/%252e%252e%252fsecret.txt',
    '/static/%252e%252e/secret.txt',
    '/static/..;/secret.txt',
    '/static/....//secret.txt',
    '/static/%ef%bc%8e%ef%bc%8e/secret.txt',
    '/static/sub/deep/../../../secret.txt',
    '/static/sub%2fdeep%2fa.txt',
    '/static/C:/secret.txt',
    '/static/%2fetc%2fpasswd',
    '/static//etc/passwd',
    '/static/file:///etc/passwd',
    '/static/sub/../app.css',
    '/static/./app.css',
    '/static//app.css',
    '/static/app.css%00.txt',
    '/static/app.css/',
    '/static/sub',
    '/static/sub/',
    '/static/',
    '/static',
    '/static/outside.txt',
    '/static/outside/secret.txt',
    '/staticapp.css',
    `/static/${'a'.repeat(3_000)}`,
    `/static/${'a/'.repeat(2_000)}b`,
    '//static/app.css',
  ])('are not to be had as %.60s', async (path) => {
    const answer = await ask(path);
    expect([answer.status, answer.header('content-type')]).toEqual([404, 'application/problem+json']);
    expect(answer.text).not.toMatch(/rockstar-views/);
  });

  it('with a path that cannot be decoded are 400', async () => {
    for (const path of ['%ff.css', '%zz', '%c0%ae%c0%ae/secret.txt', '%c0%afsecret.txt', '%u002e%u002e/secret.txt', '%']) {
      expect([path, (await ask(`/static/${path}`)).status]).toEqual([path, 400]);
    }
  });

  it('are had by their encoded names, by links inside of the folder, and with a query', async () => {
    expect((await ask('/static/with%20space%20and%20%C3%BC.txt')).text).toBe('named');
    expect((await ask('/static/inside.txt')).text).toBe('body { color: red }');
    expect((await ask('/static/circle/sub/deep/a.txt')).text).toBe('deep');
    expect((await ask('/static/sub/deep/a.txt?v=2')).text).toBe('deep');
  });

  it('are had of the folder that is there for everybody (RFC 8615)', async () => {
    const answer = await ask('/static/.well-known/security.txt');
    expect([answer.status, answer.text]).toEqual([200, 'Contact: mailto:security@example.org']);
  });

  it('with a hash in their name are kept for a year', async () => {
    const kept = 'public, max-age=31536000, immutable';
    expect((await ask('/static/app.3f2a9c1b.js')).header('cache-control')).toBe(kept);
    expect((await ask('/static/app-NO2J6W7A.js')).header('cache-control')).toBe(kept);
    expect((await ask('/static/report-20240115.pdf')).header('cache-control')).toBe('public, max-age=60');
    expect((await ask('/secret.txt')).header('cache-control')).toBe('public, max-age=0');
  });

  describe('compressed beforehand', () => {
    it.each([
      ['br, gzip', 'br'],
      ['gzip, deflate, br;q=0.5', 'gzip'],
      ['gzip', 'gzip'],
      ['br;q=0, gzip;q=0.1', 'gzip'],
      ['*', 'br'],
      ['*, br;q=0', 'gzip'],
      ['identity, gzip;q=0.5', undefined],
      ['deflate', undefined],
      ['gzip;q=0', undefined],
      ['', undefined],
    ])('are chosen by Accept-Encoding: %p', async (accepted, coding) => {
      const answer = await ask('/static/app.js', { 'accept-encoding': accepted }, 'HEAD');
      expect(head(answer, 'content-encoding', 'vary', 'content-type')).toEqual([
        coding,
        'accept-encoding',
        'text/javascript; charset=utf-8',
      ]);
    });

    it('have a tag and a length of their own', async () => {
      const plain = await ask('/static/app.js');
      const small = await ask('/static/app.js', { 'accept-encoding': 'gzip' }, 'HEAD');
      expect(Number(small.header('content-length'))).toBe(gzipSync(SCRIPT).length);
      expect(small.header('etag')).not.toBe(plain.header('etag'));
      const again = await ask('/static/app.js', { 'accept-encoding': 'gzip', 'if-none-match': small.header('etag')! });
      expect([again.status, ...head(again, 'vary', 'content-encoding')]).toEqual([304, 'accept-encoding', undefined]);
      expect((await ask('/static/app.js', { 'if-none-match': small.header('etag')! })).status).toBe(200);
    });

    it('have a tag of their own, however alike', async () => {
      const plain = await ask('/static/equal.txt');
      const coded = await ask('/static/equal.txt', { 'accept-encoding': 'gzip' });
      expect([plain.text, coded.text]).toEqual(['as long as', 'the other!']);
      expect(coded.header('etag')).not.toBe(plain.header('etag'));
    });

    it('are not sent when they are older than what they were made of', async () => {
      const answer = await ask('/static/stale.js', { 'accept-encoding': 'gzip' });
      expect([answer.text, answer.header('content-encoding')]).toEqual(['new', undefined]);
    });
  });

  describe('that the client has', () => {
    it.each(['app.css', 'large.txt'])('are 304 by their tag and by their date: %s', async (name) => {
      const etag = (await ask(`/static/${name}`, {}, 'HEAD')).header('etag')!;
      const conditions: Record<string, string>[] = [
        { 'if-none-match': etag },
        { 'if-none-match': `W/${etag}` },
        { 'if-modified-since': CHANGED },
      ];
      for (const headers of conditions) {
        const answer = await ask(`/static/${name}`, headers);
        expect([answer.status, answer.text]).toEqual([304, '']);
        expect(head(answer, 'etag', 'cache-control', 'content-type', 'content-length')).toEqual([
          etag,
          'public, max-age=60',
          undefined,
          undefined,
        ]);
      }
      expect((await ask(`/static/${name}`, { 'if-none-match': '"other"' })).status).toBe(200);
      const failed = await ask(`/static/${name}`, { 'if-match': '"other"' });
      expect([failed.status, failed.json()]).toMatchObject([412, { code: 'PRECONDITION_FAILED' }]);
    });
  });

  describe('in parts (RFC 9110 §14)', () => {
    it.each([
      ['bytes=0-3', 'abcd', 'bytes 0-3/200000'],
      ['bytes=199998-', 'gh', 'bytes 199998-199999/200000'],
      ['bytes=-2', 'gh', 'bytes 199998-199999/200000'],
      ['bytes=199999-300000', 'h', 'bytes 199999-199999/200000'],
    ])('are 206: %s', async (range, text, contentRange) => {
      const answer = await ask('/static/large.txt', { range });
      expect([answer.status, answer.text, ...head(answer, 'content-range', 'content-length')]).toEqual([
        206,
        text,
        contentRange,
        String(text.length),
      ]);
    });

    it('are 206 of small files as well', async () => {
      const answer = await ask('/static/app.css', { range: 'bytes=0-3' });
      expect([answer.status, answer.text, answer.header('content-range')]).toEqual([206, 'body', 'bytes 0-3/19']);
    });

    it.each(['bytes=200000-', 'bytes=5-2', 'bytes=-0'])('that are not there are 416: %s', async (range) => {
      const answer = await ask('/static/large.txt', { range });
      expect([answer.status, answer.header('content-range')]).toEqual([416, 'bytes */200000']);
      expect(answer.json()).toMatchObject({ code: 'STATIC_RANGE_UNSATISFIABLE' });
    });

    it.each(['lines=0-3', 'bytes=0-1,5-6', 'bytes', ''])(
      'that nobody understands, or of several, are the whole: %p',
      async (range) => {
        const answer = await ask('/static/large.txt', { range });
        expect([answer.status, answer.text.length]).toEqual([200, LARGE.length]);
      },
    );

    it('are the whole when If-Range names another version (§13.1.5)', async () => {
      const etag = (await ask('/static/large.txt', {}, 'HEAD')).header('etag')!;
      const statuses = [];
      for (const condition of [etag, CHANGED, '"other"', `W/${etag}`, 'Wed, 21 Oct 2015 07:28:01 GMT', 'nonsense']) {
        statuses.push((await ask('/static/large.txt', { range: 'bytes=0-3', 'if-range': condition })).status);
      }
      expect(statuses).toEqual([206, 206, 200, 200, 200, 200]);
    });

    it('that the client has are 304', async () => {
      expect((await ask('/static/large.txt', { range: 'bytes=0-3', 'if-modified-since': CHANGED })).status).toBe(304);
    });
  });

  describe('of folders', () => {
    it('are their index.html', async () => {
      for (const path of ['/', '/docs/']) {
        const answer = await ask(path);
        expect([answer.status, answer.header('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      }
    });

    it('are found behind their last slash, within the same site', async () => {
      const answer = await ask('/docs?a=1');
      expect([answer.status, answer.header('location')]).toEqual([301, '/docs/?a=1']);
      expect((await ask('/docs', {}, 'POST')).status).toBe(405);
    });

    it('are not listed', async () => {
      expect((await ask('/empty/')).status).toBe(404);
      expect((await ask('/empty')).status).toBe(404);
    });
  });

  it('are counted under the path of their folder', async () => {
    await ask('/static/app.css');
    const text = (await ask('/metrics')).text;
    expect(text).toMatch(/http_route="\/static\/\*"/);
    expect(text).not.toMatch(/app\.css/);
  });
});

describe.each(doors)('files and routes at one path over $name', (door) => {
  let served: Served;
  let client: Client;

  beforeAll(async () => {
    served = await serveOn(moduleOf([Routes]), { static: site.path });
    client = await door.connect(served.url);
  });
  afterAll(async () => {
    await client.close();
    await served.app.close();
  });

  const ask = (path: string, method = 'GET'): Promise<Answer> => client.ask({ method, path });

  it('are answered by the route', async () => {
    expect((await ask('/users/1')).json()).toEqual({ id: 1 });
    expect((await ask('/files/a.txt')).json()).toEqual({ rest: 'a.txt' });
  });

  it('are answered by the file where the route takes all there is', async () => {
    expect((await ask('/secret.txt')).text).toBe('of the site');
    expect((await ask('/other')).json()).toEqual({ page: 'other' });
  });

  it('leave the routes their methods', async () => {
    expect((await ask('/users', 'POST')).status).toBe(201);
    expect((await ask('/secret.txt', 'POST')).status).toBe(405);
  });
});
