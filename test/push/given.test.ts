import { Controller, Get, Header, Push, PushReport, RequestContext } from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { assets, openPushApp, type PushApp } from './push-app';
import type { PushClient } from './push-client';

let version = 1;

@Controller()
class Pages {
  @Get('/')
  @Push('/static/app.css', '/static/logo.svg')
  page(): string {
    return 'the page';
  }

  @Get('/data-page')
  @Push('/api/minute', '/api/never', '/api/unsaid', '/api/per-user', '/api/sometimes')
  dataPage(): string {
    return 'data';
  }

  @Get('/api/minute')
  @Header('cache-control', 'private, max-age=60')
  minute(ctx: RequestContext) {
    ctx.setHeader('age', '10');
    return { version };
  }

  @Get('/who')
  who(ctx: RequestContext) {
    return { user: ctx.signedCookie('user') ?? 'nobody' };
  }

  @Get('/api/never')
  @Header('cache-control', 'no-store')
  never() {
    return { version };
  }

  @Get('/api/unsaid')
  unsaid() {
    return { version };
  }

  @Get('/api/per-user')
  @Header('cache-control', 'max-age=60')
  @Header('vary', 'Accept, Cookie')
  perUser(ctx: RequestContext) {
    return { user: ctx.cookies.sid };
  }

  @Get('/api/sometimes')
  @Header('cache-control', 'max-age=60')
  sometimes(ctx: RequestContext) {
    if (version === 1) ctx.json(503, { try: 'again' });
    else return { version };
    return undefined;
  }
}

describe('what a connection was given', () => {
  const files = assets();
  const clock = new ManualClock();
  let app: PushApp;
  let client: PushClient;

  beforeEach(async () => {
    version = 1;
    app = await openPushApp([Pages], { clock, static: { root: files.root, prefix: '/static', maxAgeMs: 60_000, watch: true } });
    client = await app.connect();
  });
  afterEach(() => app.close());

  /** What is promised with a page. */
  async function pushedWith(path: string, by = client): Promise<string[]> {
    const before = by.paths.length;
    await by.get(path);
    await by.settled();
    return by.paths.slice(before);
  }

  it('is not pushed to it again; another connection gets it', async () => {
    expect(await pushedWith('/')).toEqual(['/static/app.css', '/static/logo.svg']);
    expect(await pushedWith('/')).toEqual([]);
    expect(app.pushes().slice(2)).toMatchObject([{ reason: 'cached' }, { reason: 'cached' }]);
    expect(await pushedWith('/', await app.connect())).toEqual(['/static/app.css', '/static/logo.svg']);
  });

  it('is not pushed either when the client has asked for it itself', async () => {
    expect((await client.get('/static/app.css')).status).toBe(200);
    expect(await pushedWith('/')).toEqual(['/static/logo.svg']);
  });

  it('is pushed again when the file has changed', async () => {
    await pushedWith('/');
    files.write('logo.svg', '<svg xmlns="http://www.w3.org/2000/svg"><g/></svg>', 1_500_000_000);
    expect(await pushedWith('/')).toEqual(['/static/logo.svg']);
    expect(client.promised.at(-1)?.body.toString()).toContain('<g/>');
    expect(await pushedWith('/')).toEqual([]);
  });

  it('is pushed again when a route said nothing of its freshness, or that is over, or it failed, or it is another user’s', async () => {
    const all = ['/api/minute', '/api/never', '/api/unsaid', '/api/per-user', '/api/sometimes'];
    expect(await pushedWith('/data-page')).toEqual(all);
    version = 2;
    expect(await pushedWith('/data-page')).toEqual(all.slice(1));
    await clock.advance(49_000);
    expect(await pushedWith('/data-page')).toEqual(['/api/never', '/api/unsaid', '/api/per-user']);
    await clock.advance(2_000);
    expect(await pushedWith('/data-page')).toEqual(all.slice(0, 4));
  });

  it('is remembered up to a limit, those that were used last', async () => {
    await app.close();
    app = await openPushApp([Pages], {
      push: { digestSize: 1 },
      static: { root: files.root, prefix: '/static', maxAgeMs: 60_000 },
    });
    client = await app.connect();
    expect(await pushedWith('/')).toEqual(['/static/app.css', '/static/logo.svg']);
    expect(await pushedWith('/')).toEqual(['/static/app.css', '/static/logo.svg']);
  });

  describe('with the option cookie', () => {
    const open = (options: object = {}): Promise<PushApp> => {
      const folder = { root: files.root, prefix: '/static', maxAgeMs: 60_000, watch: true };
      return openPushApp([Pages], { clock, static: folder, push: { cookie: true }, ...options });
    };

    /** What is promised with a page over a new connection, and the cookie that comes with it. */
    async function visit(path: string, cookie?: string): Promise<{ paths: string[]; cookies: string[] }> {
      const by = await app.connect();
      const { headers } = await by.get(path, cookie === undefined ? {} : { cookie });
      await by.settled();
      const set = headers['set-cookie'] ?? [];
      return { paths: by.paths, cookies: set.map((line) => line.split(';', 1)[0]) };
    }

    beforeEach(async () => {
      await app.close();
      app = await open();
    });

    it('is not pushed to it over another connection either, as long as it is the same', async () => {
      const first = await visit('/');
      expect(first.paths).toEqual(['/static/app.css', '/static/logo.svg']);
      expect(first.cookies).toEqual([expect.stringMatching(/^push-given=/)]);
      const again = await visit('/', first.cookies[0]);
      expect(again).toEqual({ paths: [], cookies: [] });
      files.write('logo.svg', '<svg xmlns="http://www.w3.org/2000/svg"><p/></svg>', 1_400_000_000);
      const changed = await visit('/', first.cookies[0]);
      expect(changed.paths).toEqual(['/static/logo.svg']);
      expect((await visit('/', changed.cookies[0])).paths).toEqual([]);
    });

    it('is not pushed either while a route said of all its answers that they are fresh', async () => {
      const { paths, cookies } = await visit('/data-page');
      expect(paths).toContain('/api/minute');
      const again = await visit('/data-page', cookies[0]);
      expect(again.paths).toEqual(['/api/never', '/api/unsaid', '/api/per-user']);
      await clock.advance(61_000);
      expect((await visit('/data-page', cookies[0])).paths).toEqual(paths);
    });

    it('is pushed all the same when the cookie is of somebody else’s making', async () => {
      const [cookie = ''] = (await visit('/')).cookies;
      expect((await visit('/', `${cookie}x`)).paths).toHaveLength(2);
      await app.close();
      app = await open({ cookieSecrets: 'a secret of this application' });
      expect((await visit('/', cookie)).paths).toHaveLength(2);
      const { cookies } = await visit('/');
      await app.close();
      app = await open({ cookieSecrets: ['a newer one', 'a secret of this application'] });
      expect((await visit('/', cookies[0])).paths).toEqual([]);
    });

    it('is no signed cookie of the application under another name', async () => {
      await app.close();
      app = await open({ cookieSecrets: 'a secret of this application' });
      const [cookie = ''] = (await visit('/')).cookies;
      const { text } = await (await app.connect()).get('/who', { cookie: cookie.replace('push-given=', 'user=') });
      expect(JSON.parse(text)).toEqual({ user: 'nobody' });
    });

    it('sends no cookie to those that are promised nothing', async () => {
      const browser = await app.connect({ enablePush: false });
      expect((await browser.get('/')).headers['set-cookie']).toBeUndefined();
    });
  });

  it('does not matter to hints: a cache that has it does not ask', async () => {
    const browser = await app.connect({ enablePush: false });
    const first = await browser.get('/');
    expect((await browser.get('/')).hints).toEqual(first.hints);
  });

  it('counts as no hit when the client asks for it all the same', async () => {
    await pushedWith('/');
    await client.get('/static/app.css');
    await client.get('/static/app.css');
    expect(app.app.resolve(PushReport).rows()).toMatchObject([
      { arm: 'push', route: '/', promised: 2, completed: 2, askedAgain: 1, estimatedHitRatio: 0.5 },
    ]);
  });
});
