import { Controller, Get, Header, Param, Push, RequestContext } from 'rockstar-web';
import { gate, type Gate } from '../support/soon';
import { RawClient, request } from '../support/raw-client';
import { assets, openPushApp, type PushApp } from './push-app';

const outcomes: unknown[] = [];
let work: Gate<void>;

@Controller()
class Pages {
  @Get('/')
  @Push('/static/app.css', '/static/app.js')
  page(): string {
    return 'the page';
  }

  @Get('/slow')
  @Push('/static/app.css', '/api/data')
  async slow(): Promise<string> {
    await work.promise;
    return 'the slow page';
  }

  @Get('/by-hand')
  byHand(ctx: RequestContext): string {
    outcomes.push(ctx.push('/static/app.css'), ctx.push('/api/data', { headers: { 'X-Extra': 'yes' } }));
    return 'by hand';
  }

  @Get('/all-kinds')
  @Push('/static/app.css', '/static/font.woff2', '/static/logo.svg', '/api/data', '/api/secret', '/static/large.js')
  allKinds(): string {
    return 'all kinds';
  }

  @Get('/users/:id')
  @Push('/api/users/:id/posts')
  user(@Param('id') id: string): { id: string } {
    return { id };
  }

  @Get('/by-context')
  @Push((ctx) => [`/api/users/${ctx.query.user as string}/posts`])
  byContext(): string {
    return 'by context';
  }

  @Get('/api/users/:id/posts')
  @Header('cache-control', 'private, max-age=60')
  posts(@Param('id') id: string, ctx: RequestContext) {
    return { of: id, cookie: ctx.header('cookie'), as: ctx.header('authorization'), extra: ctx.header('x-extra') };
  }

  @Get('/api/data')
  @Header('cache-control', 'private, max-age=60')
  data(ctx: RequestContext) {
    return { cookie: ctx.cookies.sid, as: ctx.header('authorization'), extra: ctx.header('x-extra'), ip: ctx.ip };
  }

  @Get('/api/secret')
  secret() {
    return { secret: true };
  }
}

describe('what a page pushes', () => {
  const files = assets();
  let app: PushApp;

  beforeEach(async () => {
    work = gate();
    outcomes.length = 0;
    app = await openPushApp([Pages], { static: { root: files.root, prefix: '/static', maxAgeMs: 60_000 } });
  });
  afterEach(() => app.close());

  it('is promised to a client that takes promises, and is answered as if that had asked', async () => {
    const client = await app.connect();
    const page = await client.get('/');
    await client.settled();
    expect([page.status, page.text, page.hints, page.links]).toEqual([200, 'the page', [], []]);
    expect(client.paths).toEqual(['/static/app.css', '/static/app.js']);
    const [pushed] = client.promised;
    const asked = await client.get('/static/app.css');
    const date = expect.any(String) as string;
    expect([{ ...pushed.response }, pushed.body.toString()]).toEqual([{ ...asked.headers, date }, 'body{color:teal}']);
    expect(pushed.request).toMatchObject({ ':method': 'GET', ':scheme': 'http', ':authority': `localhost:${app.url.port}` });
  });

  it('is promised before the handler begins to work, and poured behind the head of the page', async () => {
    const client = await app.connect();
    const page = client.get('/slow');
    const { promised } = client;
    while (promised.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(client.events).toEqual(['promise /static/app.css', 'promise /api/data']);
    work.open();
    await page;
    await client.settled();
    expect(client.events.indexOf('head')).toBe(2);
    expect(client.events.indexOf('end')).toBeLessThan(client.events.indexOf('pushed head /api/data') + 3);
  });

  it('is asked for as the same user, with the fields that the options say', async () => {
    const client = await app.connect();
    await client.get('/by-hand', {
      cookie: 'sid=7; theme=dark',
      authorization: 'Bearer ada',
      'x-extra': 'no',
      range: 'bytes=0-1',
    });
    await client.settled();
    expect(outcomes).toEqual([{ kind: 'promised' }, { kind: 'promised' }]);
    const [css, data] = client.promised;
    expect(data.request).toMatchObject({ cookie: 'sid=7; theme=dark', authorization: 'Bearer ada', 'x-extra': 'yes' });
    expect([data.request.range, css.request['x-extra']]).toEqual([undefined, undefined]);
    expect(JSON.parse(data.body.toString())).toEqual({ cookie: '7', as: 'Bearer ada', extra: 'yes', ip: '127.0.0.1' });
  });

  it('may be named by the parameters of the route, or by the context', async () => {
    const client = await app.connect();
    await client.get('/users/a%20b');
    await client.get('/by-context?user=7');
    await client.settled();
    expect(client.paths).toEqual(['/api/users/a%20b/posts', '/api/users/7/posts']);
    expect(JSON.parse(client.promised[0].body.toString())).toMatchObject({ of: 'a b' });
    expect((await client.get('/users/%2e%2e')).status).toBe(200);
    expect(client.paths).toHaveLength(2);
  });

  it('is hinted in one 103 to a client that takes no promises, and linked on the response; what may not be cached is linked alone', async () => {
    const client = await app.connect({ enablePush: false });
    const page = await client.get('/all-kinds');
    const cacheable = [
      '</static/app.css>; rel=preload; as=style; type="text/css"',
      '</static/font.woff2>; rel=preload; as=font; type="font/woff2"; crossorigin',
      '</static/logo.svg>; rel=preload; as=image; type="image/svg+xml"',
      '</api/data>; rel=preload; as=fetch; crossorigin',
      '</static/large.js>; rel=preload; as=script; type="text/javascript"',
    ];
    expect(page.hints).toEqual([cacheable]);
    expect([...page.links].sort()).toEqual([...cacheable, '</api/secret>; rel=preload; as=fetch; crossorigin'].sort());
    expect(client.events.slice(0, 2)).toEqual(['103', 'head']);
    expect(client.promised).toEqual([]);
    expect(app.pushes().map(({ path, kind, reason, notHinted }) => ({ path, kind, reason, notHinted }))).toContainEqual({
      path: '/api/secret',
      kind: 'linked',
      reason: 'client',
      notHinted: 'uncacheable',
    });
  });

  it('is hinted before a handler that takes its time has done anything', async () => {
    const client = await app.connect({ enablePush: false });
    const page = client.get('/slow');
    while (client.events.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(client.events).toEqual(['103']);
    work.open();
    expect((await page).hints).toHaveLength(1);
  });

  it('is hinted instead of promised when the file is larger than 100 KiB', async () => {
    const client = await app.connect();
    const page = await client.get('/all-kinds');
    await client.settled();
    expect(client.paths).not.toContain('/static/large.js');
    const link = '</static/large.js>; rel=preload; as=script; type="text/javascript"';
    expect([page.hints, page.links]).toEqual([[[link]], [link]]);
  });

  it('is linked, and nothing else, over HTTP/1.1', async () => {
    const client = await RawClient.connect(app.url);
    const answer = await client.ask(request('GET', '/'), 'GET');
    expect(answer.interim).toEqual([]);
    expect(answer.headers.get('link')).toEqual([
      '</static/app.css>; rel=preload; as=style; type="text/css"',
      '</static/app.js>; rel=preload; as=script; type="text/javascript"',
    ]);
    client.close();
    await client.closed();
    expect(app.pushes()[0]).toMatchObject({ kind: 'linked', reason: 'http1', notHinted: 'http1' });
  });
});
