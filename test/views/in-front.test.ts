import compression from 'compression';
import history from 'connect-history-api-fallback';
import cors from 'cors';
import helmet from 'helmet';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type Application, Controller, Get, type Guard, HttpError, Post } from 'rockstar-web';
import { doors } from '../journeys/doors';
import { askBytes, withMiddleware } from '../middleware/middleware-app';
import { newFolder } from './folder';

const STYLE = 'body { color: red } '.repeat(200);
const folder = newFolder();
folder
  .write('index.html', '<h1>one page for all</h1>')
  .write('app.css', STYLE)
  .write('ready.css', STYLE)
  .write('ready.css.gz', gzipSync(STYLE));

@Controller('/api')
class Api {
  @Get('/things')
  things() {
    return ['a thing'];
  }

  @Post('/things')
  make() {
    return {};
  }
}

const nobody: Guard = {
  canActivate() {
    throw new HttpError(403, { code: 'NOBODY' });
  },
};

describe.each(doors)('middleware in front of static files over $name', (door) => {
  const options = { static: folder.path };

  it('marks them, and what is none', async () => {
    const prepare = (app: Application): void => void app.use(helmet()).use('/app.css', cors({ origin: 'https://example.org' }));
    await withMiddleware(
      door,
      [Api],
      prepare,
      async (client) => {
        for (const [path, status] of [
          ['/app.css', 200],
          ['/none', 404],
        ] as const) {
          // prettier-ignore
          const answer = await client.ask({ path });
          expect([answer.status, answer.header('x-dns-prefetch-control')]).toEqual([status, 'off']);
        }
        const allowed = async (path: string) => (await client.ask({ path })).header('access-control-allow-origin');
        expect([await allowed('/app.css'), await allowed('/ready.css')]).toEqual(['https://example.org', undefined]);
      },
      options,
    );
  });

  it('compresses what was not compressed beforehand', async () => {
    await withMiddleware(
      door,
      [Api],
      (app) => app.use(compression()),
      async (client, { url }) => {
        const headers = { 'accept-encoding': 'gzip' };
        for (const path of ['/app.css', '/ready.css']) {
          const answer = await askBytes(door, url, { path, headers });
          expect([answer.status, answer.header('content-encoding')]).toEqual([200, 'gzip']);
          expect(gunzipSync(answer.body).toString()).toBe(STYLE);
          const again = { ...headers, 'if-none-match': answer.header('etag') ?? '' };
          expect((await client.ask({ path, headers: again })).status).toBe(304);
        }
        const part = await client.ask({ path: '/app.css', headers: { range: 'bytes=0-3' } });
        expect([part.status, part.text]).toEqual([206, 'body']);
      },
      options,
    );
  });

  it('leads the paths of a single page to its file, and leaves files and routes alone', async () => {
    await withMiddleware(
      door,
      [Api],
      (app) => app.use(history({ rewrites: [{ from: /^\/api\//, to: ({ parsedUrl }) => parsedUrl.pathname ?? '' }] })),
      async (client) => {
        const headers = { accept: 'text/html' };
        const page = await client.ask({ path: '/deep/link?a=1', headers });
        expect([page.status, page.text, page.header('content-type')]).toEqual([
          200,
          '<h1>one page for all</h1>',
          'text/html; charset=utf-8',
        ]);
        expect((await client.ask({ path: '/app.css', headers })).text).toBe(STYLE);
        expect((await client.ask({ path: '/api/things', headers })).json()).toEqual(['a thing']);
        expect((await client.ask({ path: '/api/none', headers })).status).toBe(404);
        expect((await client.ask({ path: '/deep/link', headers: { accept: 'application/json' } })).status).toBe(404);
      },
      options,
    );
  });

  it('may refuse them, where guards are for routes alone', async () => {
    const refuse = (_request: IncomingMessage, response: ServerResponse): void => {
      response.statusCode = 401;
      response.end('who?');
    };
    await withMiddleware(
      door,
      [Api],
      (app) => app.use('/ready.css', refuse),
      async (client) => {
        expect((await client.ask({ path: '/api/things' })).status).toBe(403);
        expect((await client.ask({ path: '/app.css' })).status).toBe(200);
        expect((await client.ask({ path: '/ready.css' })).status).toBe(401);
        // The same file by another spelling of its path.
        expect((await client.ask({ path: '/%72eady.css' })).status).toBe(401);
        expect((await client.ask({ path: '/ready.css/' })).status).not.toBe(200);
        expect((await client.ask({ path: '//ready.css' })).status).not.toBe(200);
      },
      { ...options, guards: [nobody] },
    );
  });
});
