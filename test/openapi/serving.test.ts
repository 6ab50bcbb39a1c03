import { Controller, Get, HttpCode } from 'rockstar-web';
import { UsersController } from '../../samples/hello/src/users.controller';
import { Users } from '../../samples/hello/src/users';
import { type Client, doors, moduleOf, withClient } from '../journeys/doors';
import { ask } from '../testing/app-of';
import { whatIsWrong } from './documents';

describe.each(doors)('the document over $name', (door) => {
  const served = (options: object, use: (client: Client) => Promise<void>): Promise<void> =>
    withClient(door, moduleOf([UsersController], [Users]), options, use);

  it('is served as JSON, valid, and with an entity tag that answers 304', async () => {
    await served({ openapi: true }, async (client) => {
      const answer = await client.ask({ path: '/openapi.json' });
      expect([answer.status, answer.header('content-type')]).toEqual([200, 'application/json']);
      expect(whatIsWrong([answer.json()])).toEqual([[]]);
      const etag = answer.header('etag') ?? '';
      expect(etag).toMatch(/^"[\w-]{22}"$/);
      const again = await client.ask({ path: '/openapi.json', headers: { 'if-none-match': etag } });
      expect([again.status, again.text, again.header('etag')]).toEqual([304, '', etag]);
      const head = await client.ask({ method: 'HEAD', path: '/openapi.json' });
      expect([head.status, head.text, head.header('content-length')]).toEqual([200, '', answer.header('content-length')]);
      const wrong = await client.ask({ method: 'POST', path: '/openapi.json', body: '{}' });
      expect([wrong.status, wrong.header('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
    });
  });

  it('has a page whose policy allows nothing from outside and nothing inline, and whose files are there', async () => {
    await served({ openapi: { title: '<script>alert(1)</script>' } }, async (client) => {
      const page = await client.ask({ path: '/docs' });
      expect([page.status, page.header('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      const policy = page.header('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
      expect(policy).not.toMatch(/unsafe|\*|http/);
      expect(page.text).not.toMatch(/<script>|style=|https?:/);
      for (const [, path = ''] of page.text.matchAll(/(?:src|href)="(docs\/[^"]+)"/g)) {
        const file = await client.ask({ path: `/${path}` });
        expect([path, file.status]).toEqual([path, 200]);
        expect(file.header('content-type')).toMatch(/^text\/(javascript|css); charset=utf-8$/);
        expect(file.text).not.toMatch(/https?:\/\/(?!example\.org)/);
      }
    });
  });
});

describe('where the document is served', () => {
  it('is nowhere unless the application asks for it', async () => {
    for (const options of [{}, { openapi: false }]) {
      const answer = await ask(UsersController, { url: '/openapi.json' }, { ...options, providers: [Users] });
      expect(answer.status).toBe(404);
    }
  });

  it('is where the options say, the page seen from there by relative paths, with and without a last slash', async () => {
    const options = { openapi: { path: '/api/spec.json', page: '/internal/docs' }, prefix: '/api', providers: [Users] };
    expect((await ask(UsersController, { url: '/api/spec.json' }, options)).status).toBe(200);
    expect((await ask(UsersController, { url: '/docs' }, options)).status).toBe(404);
    const urlsIn = (html: string): string[] =>
      [...html.matchAll(/(?:src|href|content)="([\w./-]+)"/g)].map(([, url = '']) => url);
    const seenFrom = (base: string, html: string): string[] =>
      urlsIn(html).map((url) => new URL(url, `http://proxy/below${base}`).pathname);
    const expected = ['/below/api/spec.json', '/below/', '/below/internal/docs/page.css', '/below/internal/docs/page.js'];
    for (const url of ['/internal/docs', '/internal/docs/', '/internal/docs/?a=1']) {
      const html = (await ask(UsersController, { url }, options)).text();
      expect([...new Set(seenFrom(url, html))]).toEqual(expect.arrayContaining(expected));
    }
  });

  it('has no page where the options say so', async () => {
    const options = { openapi: { page: false } as const, providers: [Users] };
    expect((await ask(UsersController, { url: '/openapi.json' }, options)).status).toBe(200);
    expect((await ask(UsersController, { url: '/docs' }, options)).status).toBe(404);
  });

  it('leaves a path to a route of the application that has it', async () => {
    @Controller()
    class OwnDocs {
      @Get('/docs') @HttpCode(203) docs(): string {
        return 'mine';
      }
    }
    const answer = await ask(OwnDocs, { url: '/docs' }, { openapi: true });
    expect([answer.status, answer.text()]).toEqual([203, 'mine']);
  });

  it('lets the page ask the servers that the document names', async () => {
    const servers = [{ url: 'https://api.example.org/v1' }, { url: '/v2' }];
    const answer = await ask(UsersController, { url: '/docs' }, { openapi: { servers }, providers: [Users] });
    expect(answer.headers['content-security-policy']).toContain("connect-src 'self' https://api.example.org;");
  });
});
