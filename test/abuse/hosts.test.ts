import { Controller, Get, RequestContext } from 'rockstar-web';
import { doors, moduleOf, withClient } from '../journeys/doors';
import { newFolder } from '../views/folder';
import { RawClient } from '../support/raw-client';

@Controller()
class Routes {
  @Get('/go')
  go(ctx: RequestContext) {
    ctx.redirect(String(ctx.query.to));
  }

  @Get('/throws')
  throws() {
    throw new Error('on purpose');
  }
}

const folder = newFolder();
folder.write('sub/index.html', 'a page');

const EVIL = 'evil.example';
const options = { static: { root: folder.path, prefix: '/static/' }, openapi: true };

describe('a host that is not ours', () => {
  it('is repeated by no answer that the framework makes', async () => {
    await withClient(doors[0], moduleOf([Routes]), options, async (_client, { url }) => {
      for (const path of [
        '/nowhere',
        '/throws',
        '/%zz',
        '/static/sub',
        '/static/sub/',
        '/static/no',
        '/docs',
        '/openapi.json',
        '/health/live',
      ]) {
        for (const head of [`GET ${path} HTTP/1.1\r\nhost: ${EVIL}`, `GET http://${EVIL}${path} HTTP/1.1\r\nhost: ${EVIL}`]) {
          const client = await RawClient.connect(url);
          const answer = await client.ask(`${head}\r\nx-forwarded-host: ${EVIL}\r\nforwarded: host=${EVIL}\r\n\r\n`);
          // What was asked for may be named in a failure, as it was asked for; it leads nowhere.
          const told = head.includes('://') ? [[...answer.headers]] : [[...answer.headers], answer.body.toString()];
          expect([path, answer.status, JSON.stringify(told).includes(EVIL)]).toEqual([path, answer.status, false]);
          client.close();
        }
      }
    });
  });
});

describe.each(doors)('a redirection over $name', (door) => {
  it.each([
    ['/\\evil.example', '/%5Cevil.example'],
    ['/\t/evil.example', '/%09/evil.example'],
    ['/a\r\nset-cookie: b=c', '/a%0D%0Aset-cookie:%20b=c'],
    ['/a b', '/a%20b'],
  ])('is to the path that was said, however a browser would read it: %j', async (to, location) => {
    await withClient(door, moduleOf([Routes]), {}, async (client) => {
      const answer = await client.ask({ path: `/go?to=${encodeURIComponent(to)}` });
      expect([answer.status, answer.header('location'), answer.header('set-cookie')]).toEqual([302, location, undefined]);
    });
  });

  it('of static files stays on the site, whatever the path begins with', async () => {
    await withClient(door, moduleOf([Routes]), { static: folder.path }, async (client) => {
      for (const path of [
        '//evil.example/..',
        '//evil.example/%2e%2e/sub',
        '/sub//evil.example',
        '//sub',
        '/%5cevil.example/..',
        '/%2f/sub',
      ]) {
        expect([path, (await client.ask({ path })).header('location')]).toEqual([path, undefined]);
      }
      expect((await client.ask({ path: '/sub' })).header('location')).toMatch(/^(\.\/)?\/?sub\/$/);
    });
  });
});
