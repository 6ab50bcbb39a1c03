import { constants } from 'node:http2';
import { Controller, Get, Header, Push, PushReport, RequestContext, Timeout } from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { type Gate, gate, soon, turns } from '../support/soon';
import { assets, openPushApp, type PushApp } from './push-app';
import type { PushClient } from './push-client';

let work: Gate<void>;
let data: Gate<void>;
let begun: string[] = [];
let cut: string[] = [];

@Controller()
class Pages {
  @Get('/')
  @Push('/static/app.css', '/static/app.js')
  page(): string {
    return 'the page';
  }

  @Get('/slow')
  @Push('/static/app.css', '/data')
  async slow(): Promise<string> {
    await work.promise;
    return 'slow';
  }

  @Get('/soon')
  @Timeout(1_000)
  @Push('/static/app.css')
  async soon(): Promise<string> {
    await work.promise;
    return 'never';
  }

  @Get('/streams')
  @Push('/data')
  async *streams(ctx: RequestContext) {
    yield 'first ';
    ctx.push('/static/app.js');
    await work.promise;
    yield 'last';
  }

  @Get('/quick')
  @Push('/data')
  quick(): string {
    return 'quick';
  }

  @Get('/leaving')
  @Push('/streamed')
  async leaving(ctx: RequestContext): Promise<string> {
    await work.promise;
    return ctx.push('/static/app.js').kind;
  }

  @Get('/streaming')
  @Push('/streamed')
  streaming(): string {
    return 'streaming';
  }

  @Get('/streamed')
  async *streamed() {
    begun.push('streamed');
    yield 'the ';
    await data.promise;
    yield 'data';
  }

  @Get('/data')
  @Header('cache-control', 'max-age=60')
  async data(ctx: RequestContext): Promise<string> {
    begun.push('data');
    ctx.signal.addEventListener('abort', () => cut.push((ctx.signal.reason as { reason: string }).reason));
    await data.promise;
    return 'the data';
  }
}

describe('the end of a push', () => {
  const files = assets();
  const clock = new ManualClock();
  let app: PushApp;
  let client: PushClient;

  beforeEach(async () => {
    [work, data, begun, cut] = [gate(), gate(), [], []];
    app = await openPushApp([Pages], { clock, static: { root: files.root, prefix: '/static', maxAgeMs: 60_000 } });
    client = await app.connect();
  });
  afterEach(async () => {
    work.open();
    data.open();
    await turns(5);
    await app.close();
  });

  const rows = () => app.app.resolve(PushReport).rows();

  it('comes with the cancel of its page: nothing is begun for it', async () => {
    const page = client.session.request({ ':path': '/slow' });
    page.on('error', () => undefined);
    await soon(() => expect(client.paths).toHaveLength(2));
    page.close(constants.NGHTTP2_CANCEL);
    await client.settled();
    expect(client.promised.map(({ stream }) => stream.rstCode)).toEqual([constants.NGHTTP2_CANCEL, constants.NGHTTP2_CANCEL]);
    work.open();
    await turns(10);
    expect([begun, client.promised.map(({ response }) => response)]).toEqual([[], [undefined, undefined]]);
    expect(rows()).toMatchObject([{ promised: 2, completed: 0, reset: 0, refused: 0, cancelled: 2 }]);
    expect(app.warnings()).toEqual([]);
  });

  it('comes with the cancel of its page while that is being streamed: what was begun for it is cut, and not taken for whole', async () => {
    const page = client.session.request({ ':path': '/streams' });
    page.on('error', () => undefined).resume();
    await soon(() => expect(begun).toEqual(['data']));
    page.close(constants.NGHTTP2_CANCEL);
    await client.settled();
    await soon(() => expect(cut).toEqual(['parent']));
    expect(client.promised.find(({ path }) => path === '/data')?.stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
  });

  it('comes with the deadline of its page', async () => {
    const page = client.get('/soon');
    await soon(() => expect(client.paths).toHaveLength(1));
    await clock.advance(1_010);
    expect((await page).status).toBe(504);
    await client.settled();
    expect(client.promised[0].stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
  });

  it('does not come with the normal end of its page', async () => {
    expect((await client.get('/quick')).text).toBe('quick');
    await soon(() => expect(begun).toEqual(['data']));
    data.open();
    await client.settled();
    expect([client.promised[0].body.toString(), cut]).toEqual(['the data', []]);
  });

  it.each([
    ['CANCEL', constants.NGHTTP2_CANCEL, { reset: 1, refused: 0 }],
    ['REFUSED_STREAM', constants.NGHTTP2_REFUSED_STREAM, { reset: 0, refused: 1 }],
  ])('is the client’s to say with %s, at any time; its page goes on, and the work is cut', async (_name, code, counted) => {
    await client.get('/quick');
    await soon(() => expect(begun).toEqual(['data']));
    client.promised[0].stream.close(code);
    await soon(() => expect(cut).toEqual(['client']));
    await soon(() => expect(rows()).toMatchObject([{ promised: 1, completed: 0, ...counted }]));
    expect((await client.get('/')).text).toBe('the page');
  });

  it('is the client’s to say before anything was begun', async () => {
    client.onPromise = ({ stream }) => stream.close(constants.NGHTTP2_REFUSED_STREAM);
    const page = client.get('/slow');
    await soon(() => expect(rows()).toMatchObject([{ refused: 2 }]));
    work.open();
    expect((await page).text).toBe('slow');
    expect(begun).toEqual([]);
  });

  it('makes hints of the next pushes when a client goes on refusing', async () => {
    client.onPromise = ({ stream }) => stream.close(constants.NGHTTP2_REFUSED_STREAM);
    const pages: { promised: string[]; linked: number }[] = [];
    for (let i = 0; i < 3; i++) {
      [work, data] = [gate(), gate()];
      const before = client.paths.length;
      const page = client.get(`/slow?${i}`);
      await soon(() => expect(app.pushes()).toHaveLength(2 * (i + 1)));
      await soon(() => expect(rows()[0].refused).toBe(rows()[0].promised));
      work.open();
      const { links } = await page;
      pages.push({ promised: client.paths.slice(before), linked: links.length });
    }
    expect(pages).toEqual([
      { promised: ['/static/app.css', '/data'], linked: 0 },
      { promised: ['/static/app.css', '/data'], linked: 0 },
      { promised: [], linked: 2 },
    ]);
    expect(app.pushes().at(-1)).toMatchObject({ kind: 'hinted', reason: 'refusing' });
    expect(await app.connect().then((other) => other.get('/').then(() => other.paths))).toHaveLength(2);
  });

  it('is promised while a page is being streamed, too, and poured at once', async () => {
    const page = client.get('/streams');
    data.open();
    await soon(() => expect(client.paths).toEqual(['/data', '/static/app.js']));
    await client.settled();
    expect(client.promised[1].body.toString()).toContain('document.title');
    work.open();
    expect((await page).text).toBe('first last');
  });

  it('follows what the client says of promises while it is connected', async () => {
    await client.get('/');
    await new Promise<void>((resolve) => client.session.settings({ enablePush: false }, () => resolve()));
    const page = await client.get('/quick');
    expect([client.paths.length, page.hints.length]).toEqual([2, 1]);
    await new Promise<void>((resolve) => client.session.settings({ enablePush: true }, () => resolve()));
    await client.get('/quick');
    expect(client.paths).toHaveLength(3);
  });

  it('makes hints of pushes when the client says that it is leaving (GOAWAY), and finishes what it promised', async () => {
    await client.get('/streaming');
    await soon(() => expect(client.promised[0]?.body.toString()).toBe('the '));
    const page = client.get('/leaving');
    await soon(() => expect(app.pushes()).toHaveLength(2));
    client.session.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 2);
    await turns(10);
    work.open();
    const { text, hints } = await page;
    expect([text, hints.length]).toEqual(['hinted', 1]);
    data.open();
    await client.settled();
    expect(client.promised.map(({ body, stream }) => [body.toString(), stream.rstCode])).toEqual([['the data', 0]]);
    expect(app.pushes().at(-1)).toMatchObject({ kind: 'hinted', reason: 'leaving' });
  });

  it('comes with the connection, and leaves nothing behind', async () => {
    const page = client.get('/quick');
    await page;
    await soon(() => expect(begun).toEqual(['data']));
    await client.close();
    await soon(() => expect(cut).toEqual(['client']));
    await soon(() => expect(rows()).toMatchObject([{ promised: 1, cancelled: 1 }]));
  });

  it('comes when the application stops: no promise is begun then, and what is under way may finish', async () => {
    await client.get('/streaming');
    await soon(() => expect(client.promised[0]?.body.toString()).toBe('the '));
    const slow = client.get('/slow');
    await soon(() => expect(client.paths).toHaveLength(3));
    const closing = app.app.close();
    await turns(5);
    work.open();
    data.open();
    expect((await slow).text).toBe('slow');
    await client.settled();
    expect(client.promised.map(({ path, stream }) => [path, stream.rstCode])).toEqual([
      ['/streamed', 0],
      ['/static/app.css', constants.NGHTTP2_CANCEL],
      ['/data', constants.NGHTTP2_CANCEL],
    ]);
    await closing;
  });
});
