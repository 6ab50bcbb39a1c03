import { gunzipSync } from 'node:zlib';
import compression from 'compression';
import helmet from 'helmet';
import { Controller, Get, type Guard, Header, NotFoundError, Push, Render, RequestContext, Sse, UseGuards } from 'rockstar-web';
import { type Gate, gate, soon } from '../support/soon';
import { RawClient, request } from '../support/raw-client';
import { newFolder } from '../views/folder';
import { assets, openPushApp, type PushApp } from './push-app';

let work: Gate<void>;

const onlyUsers: Guard = {
  canActivate(context: RequestContext) {
    return context.cookies.user === 'ada';
  },
};

@Controller()
class Pages {
  @Get('/')
  @Push(['/static/more.js', '/api/long', '/api/private'], { headers: { 'accept-encoding': 'gzip' } })
  page(): string {
    return 'the page';
  }

  @Get('/view')
  @Push('/static/app.css')
  @Render('page.html')
  view() {
    return { title: 'A view' };
  }

  @Get('/answered-by-hand')
  @Push('/static/app.css')
  byHand(ctx: RequestContext): void {
    ctx.response.setHeader('content-type', 'text/plain');
    ctx.response.write('by ');
    void work.promise.then(() => ctx.response.end('hand'));
  }

  @Get('/refused')
  @Push('/static/app.css')
  refused(): never {
    throw new NotFoundError('Not today.');
  }

  @Get('/redirected')
  @Push('/static/app.css')
  redirected(ctx: RequestContext): void {
    ctx.redirect('/elsewhere');
  }

  @Sse('/events')
  @Push('/static/app.css')
  async *events() {
    yield 'one';
    await work.promise;
  }

  @Get('/slow')
  @Push('/static/app.css')
  async slow(): Promise<string> {
    await work.promise;
    return 'slow';
  }

  @Get('/api/long')
  @Header('cache-control', 'max-age=60')
  long(ctx: RequestContext) {
    return { ip: ctx.ip, host: ctx.host, text: 'long '.repeat(1_000) };
  }

  @Get('/api/private')
  @UseGuards(onlyUsers)
  own() {
    return { secret: 'of ada' };
  }
}

describe.each([
  ['behind nothing', false],
  ['behind middleware of the whole application', true],
])('a page %s', (_what, isFronted) => {
  const files = assets();
  const views = newFolder();
  views.write('page.html', '<title><%= it.title %></title>');
  let app: PushApp;

  beforeEach(async () => {
    work = gate();
    app = await openPushApp([Pages], {
      http2: true,
      views: views.path,
      trustProxy: true,
      static: { root: files.root, prefix: '/static', maxAgeMs: 60_000 },
    });
    if (isFronted) app.app.use(helmet(), compression());
  });
  afterEach(async () => {
    work.open();
    await app.close();
  });

  it('pushes what its client would get: the same guards, compression, header fields and bytes', async () => {
    const client = await app.connect();
    const headers = { cookie: 'user=ada', 'x-forwarded-for': '203.0.113.7', 'x-forwarded-host': 'shop.test' };
    await client.get('/', headers);
    await client.settled();
    expect(client.paths).toEqual(['/static/more.js', '/api/long', '/api/private']);
    for (const { path, response, stream, body } of client.promised) {
      const asked = await (await app.connect()).get(path, { ...headers, 'accept-encoding': 'gzip' });
      expect([stream.rstCode, { ...response, date: '' }]).toEqual([0, { ...asked.headers, date: '' }]);
      expect(body.length > 0 && body.equals(asked.bytes)).toBe(true);
    }
    const [script, long] = client.promised;
    if (isFronted) {
      expect([script, long].map(({ response }) => response?.['content-encoding'])).toEqual(['gzip', 'gzip']);
      expect(JSON.parse(gunzipSync(long.body).toString())).toMatchObject({ ip: '203.0.113.7', host: 'shop.test' });
      expect(long.response).toHaveProperty('content-security-policy');
    }
    const stranger = await app.connect();
    await stranger.get('/');
    await stranger.settled();
    expect(stranger.promised.map(({ response }) => response?.[':status'])).toEqual([200, 200, 403]);
  });

  it('may be a view, a stream of events, a failure, a redirect, or answered by hand: what is promised comes behind its head', async () => {
    for (const path of ['/view', '/events', '/refused', '/redirected', '/answered-by-hand']) {
      const client = await app.connect();
      const page = client.get(path);
      page.catch(() => undefined);
      await soon(() => expect(client.promised.map(({ body }) => body.toString())).toEqual(['body{color:teal}']));
      expect([path, client.events.indexOf('head') < client.events.indexOf('pushed head /static/app.css')]).toEqual([path, true]);
      await client.close();
    }
  });

  it('hints before its own head, whoever sends that', async () => {
    const expected = ['</static/app.css>; rel=preload; as=style; type="text/css"'];
    for (const path of ['/view', '/events', '/refused', '/redirected', '/answered-by-hand']) {
      const client = await app.connect({ enablePush: false });
      const page = client.get(path);
      page.catch(() => undefined);
      await soon(() => expect(client.events).toContain('head'));
      expect([path, client.events.slice(0, 2)]).toEqual([path, ['103', 'head']]);
      work.open();
      expect((await page).hints).toEqual([expected]);
    }
  });

  it('hints over HTTP/1.1 only where the option says so, and never to HTTP/1.0', async () => {
    const asks = async (one: PushApp, version: string, path: string) => {
      const client = await RawClient.connect(one.url);
      client.write(request('GET', path).replace('HTTP/1.1', version));
      const answer = await client.response('GET');
      client.close();
      await client.closed();
      return [answer.status, answer.interim.length, answer.headers.get('link')?.length];
    };
    expect(await asks(app, 'HTTP/1.1', '/view')).toEqual([200, 0, 1]);
    const eager = await openPushApp([Pages], {
      push: { earlyHints: 'always' },
      views: views.path,
      static: { root: files.root, prefix: '/static', maxAgeMs: 60_000 },
    });
    if (isFronted) eager.app.use(helmet(), compression());
    expect(await asks(eager, 'HTTP/1.1', '/view')).toEqual([200, 1, 1]);
    expect(await asks(eager, 'HTTP/1.0', '/view')).toEqual([200, 0, 1]);
    const waiting = asks(eager, 'HTTP/1.1', '/slow');
    await soon(() => expect(eager.pushes()).toHaveLength(3));
    work.open();
    expect(await waiting).toEqual([200, 1, 1]);
    await eager.close();
  });
});
