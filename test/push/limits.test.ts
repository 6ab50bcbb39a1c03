import { constants } from 'node:http2';
import { Controller, Get, Header, Param, Post, Push, type PushOutcome, RequestContext } from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { soon, turns } from '../support/soon';
import { assets, openPushApp, type PushApp } from './push-app';
import type { PushClient } from './push-client';

let outcomes: PushOutcome[] = [];

const ITEMS = Array.from({ length: 50 }, (_, at) => `/items/${at}`);

@Controller()
class Pages {
  @Get('/')
  @Push('/static/app.css', '/static/app.js')
  page(): string {
    return 'the page';
  }

  @Get('/too-many')
  @Push(ITEMS)
  tooMany(): string {
    return 'too many';
  }

  @Get('/eight')
  @Push(ITEMS.slice(0, 8))
  eight(): string {
    return 'eight';
  }

  @Get('/items/:id')
  @Header('cache-control', 'max-age=60')
  item(@Param('id') id: string) {
    return { id };
  }

  @Get('/by-hand')
  byHand(ctx: RequestContext): string {
    const paths = [ctx.query.path ?? []].flat();
    outcomes = paths.map((path) => ctx.push(path));
    return 'by hand';
  }

  @Post('/posted')
  posted(ctx: RequestContext): string {
    outcomes = [ctx.push('/static/app.css')];
    return 'posted';
  }

  @Get('/late')
  async late(ctx: RequestContext): Promise<void> {
    ctx.text(200, 'sent');
    outcomes = [ctx.push('/static/app.css')];
    await turns(3);
    outcomes.push(ctx.push('/static/app.js'));
  }

  @Get('/head-only')
  headOnly(ctx: RequestContext): string {
    outcomes = [ctx.push('/items/1', { method: 'HEAD' }), ctx.push('/items/1')];
    return 'head only';
  }

  @Get('/nest')
  @Push('/nested')
  nest(): string {
    return 'a nest';
  }

  @Get('/nested')
  @Push('/static/app.css')
  nested(ctx: RequestContext): string {
    outcomes.push(ctx.push('/static/app.js'));
    return 'nested';
  }

  @Get('/fails')
  @Push('/broken', '/gone', '/nowhere')
  fails(): string {
    return 'all is well';
  }

  @Get('/broken')
  broken(): string {
    throw new Error('it breaks');
  }

  @Get('/gone')
  gone(ctx: RequestContext): void {
    ctx.json(404, { gone: true });
  }

  @Get('/big')
  @Push('/big/whole', '/big/stream')
  big(): string {
    return 'big';
  }

  @Get('/big/whole')
  whole(): string {
    return 'x'.repeat(5_000);
  }

  @Get('/big/stream')
  async *stream() {
    for (let i = 0; i < 100; i++) {
      yield 'y'.repeat(500);
      await turns(1);
    }
  }

  @Get('/static-budget')
  @Push('/static/just.js', '/static/app.css')
  staticBudget(): string {
    return 'budget';
  }
}

describe('the limits of pushing', () => {
  const files = assets();
  const clock = new ManualClock();
  let app: PushApp;
  let client: PushClient;

  const open = async (push: Parameters<typeof openPushApp>[1] = {}): Promise<void> => {
    app = await openPushApp([Pages], { clock, static: { root: files.root, prefix: '/static', maxAgeMs: 60_000 }, ...push });
    client = await app.connect();
  };
  beforeEach(() => {
    outcomes = [];
  });
  afterEach(() => app.close());

  it('are ten pushes a page; what is beyond is skipped, with one warning', async () => {
    await open();
    await client.get('/too-many');
    await client.settled();
    expect(client.paths).toEqual(ITEMS.slice(0, 10));
    expect(app.pushes().filter(({ reason }) => reason === 'limit')).toHaveLength(40);
    const warnings = () => app.warnings().filter(({ message }) => message.startsWith('a page has reached'));
    expect(warnings().map(({ message, fields }) => [message, fields])).toEqual([
      ['a page has reached its push limit (maxPerPage): the rest is skipped', { route: '/too-many', limit: 10 }],
    ]);
    await client.get('/too-many');
    expect(warnings()).toHaveLength(1);
    await clock.advance(10_000);
    await client.get('/too-many');
    expect(warnings()).toHaveLength(2);
  });

  it('are ten links a page, too', async () => {
    await open();
    const browser = await app.connect({ enablePush: false });
    const page = await browser.get('/too-many');
    expect([page.links.length, page.hints.length, page.hints[0]?.length]).toEqual([10, 1, 10]);
  });

  it('are those of the option', async () => {
    await open({ push: { maxPerPage: 3, maxConcurrent: 2 } });
    const page = await client.get('/too-many');
    await client.settled();
    expect([client.paths, page.links.length]).toEqual([ITEMS.slice(0, 2), 1]);
    expect(app.pushes()[2]).toMatchObject({ path: '/items/2', kind: 'hinted', reason: 'concurrency' });
  });

  it.each([
    [5, 4],
    [1, 0],
    [0, 0],
  ])('stay below the streams that the client takes at once: of %i, %i', async (theirs, ours) => {
    await open();
    const modest = await app.connect({ maxConcurrentStreams: theirs });
    const page = await modest.get('/eight');
    await modest.settled();
    expect([modest.paths.length, page.links.length]).toEqual([ours, 8 - ours]);
    for (const promised of modest.promised) expect([promised.stream.rstCode, promised.body.length > 0]).toEqual([0, true]);
    expect(page.text).toBe('eight');
  });

  it('are bytes: a page that has used up its own pushes no file more, and a body of unknown length is cut with CANCEL', async () => {
    await open({ push: { maxPageBytes: 10_000 } });
    const page = await client.get('/big');
    await client.settled();
    const [whole, stream] = client.promised;
    expect([page.text, whole.body.length, whole.stream.rstCode]).toEqual(['big', 5_000, 0]);
    expect(stream.stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    expect(stream.body.length).toBeLessThanOrEqual(5_500);
    expect(app.warnings().map(({ message, fields }) => [message, fields])).toContainEqual([
      'a push failed',
      { route: '/big', path: '/big/stream', reason: 'it is larger than what may still be pushed' },
    ]);
    await client.get('/static-budget');
    expect(app.pushes().slice(-2)).toMatchObject([
      { path: '/static/just.js', kind: 'hinted', reason: 'budget' },
      { path: '/static/app.css', kind: 'promised' },
    ]);
  });

  it('are bytes of a connection at a time: what its client does not read is not added to', async () => {
    await open({ push: { maxConnectionBytes: 150 * 1024 } });
    const stalled = await app.connect({ initialWindowSize: 0 });
    const page = stalled.session.request({ ':path': '/static-budget' });
    page.resume();
    await soon(() => expect(app.pushes()).toMatchObject([{ kind: 'promised' }, { kind: 'promised' }]));
    const other = stalled.session.request({ ':path': '/by-hand?path=/items/1&path=/static/more.js' });
    other.resume();
    await soon(() => expect(outcomes).toEqual([{ kind: 'promised' }, { kind: 'hinted', reason: 'budget' }]));
    await client.get('/static-budget');
    expect(app.pushes().slice(-2)).toMatchObject([{ kind: 'promised' }, { kind: 'promised' }]);
  });

  it('send nothing with a request that was pushed itself', async () => {
    await open();
    await client.get('/nest');
    await client.settled();
    expect([client.paths, outcomes]).toEqual([['/nested'], [{ kind: 'skipped', reason: 'nested' }]]);
    expect(client.promised[0].response).not.toHaveProperty('link');
    expect(app.pushes().map(({ path, reason }) => [path, reason])).toContainEqual(['/static/app.css', 'nested']);
  });

  it.each(['if-none-match', 'if-modified-since'])('send nothing with a conditional request: %s', async (name) => {
    await open();
    const value = name === 'if-none-match' ? '"x"' : new Date(0).toUTCString();
    const page = await client.get('/', { [name]: value });
    expect([page.status, client.paths, page.links]).toEqual([200, [], []]);
    expect(app.pushes()).toMatchObject([
      { kind: 'skipped', reason: 'conditional' },
      { kind: 'skipped', reason: 'conditional' },
    ]);
  });

  it('send nothing with an answer to HEAD, and everything with one to POST', async () => {
    await open();
    const head = await client.get('/', { ':method': 'HEAD' });
    expect([head.status, client.paths, head.links]).toEqual([200, [], []]);
    await client.get('/posted', { ':method': 'POST' });
    expect([outcomes, client.paths]).toEqual([[{ kind: 'promised' }], ['/static/app.css']]);
  });

  it('send nothing that comes too late, and say so', async () => {
    await open();
    await client.get('/late');
    await soon(() => expect(outcomes).toEqual(Array(2).fill({ kind: 'skipped', reason: 'late' })));
  });

  it('let a HEAD be promised, which has no body', async () => {
    await open();
    await client.get('/head-only');
    await client.settled();
    expect(outcomes).toEqual([{ kind: 'promised' }, { kind: 'promised' }]);
    const [head, whole] = client.promised;
    expect(head.request[':method']).toBe('HEAD');
    expect([head.response?.[':status'], head.response?.['content-length'], head.body.length]).toEqual([200, '10', 0]);
    expect(whole.body.toString()).toBe('{"id":"1"}');
    const browser = await app.connect({ enablePush: false });
    await browser.get('/head-only');
    expect(outcomes[0]).toEqual({ kind: 'skipped', reason: 'method' });
  });

  it('let a push fail by itself: its page is whole, and the log says what went wrong', async () => {
    await open();
    const page = await client.get('/fails');
    await client.settled();
    expect([page.status, page.text, client.paths]).toEqual([200, 'all is well', ['/broken', '/gone']]);
    expect(client.promised.map(({ response }) => response?.[':status'])).toEqual([500, 404]);
    const asked = await client.get('/broken');
    expect(client.promised[0].body.toString()).toBe(asked.text);
    const told = app.warnings().map(({ message, fields }) => [message, (fields as { path?: string }).path]);
    expect(told).toEqual(
      expect.arrayContaining([
        ['a route declares a push of what is not there', '/nowhere'],
        ['a page pushes what is not there', '/nowhere'],
        ['a push failed', '/broken'],
      ]),
    );
  });

  it('know a path that was pushed for the same page', async () => {
    await open();
    await client.get('/by-hand?path=/items/1&path=/items/1&path=/items/2');
    expect(outcomes.map((outcome) => ('reason' in outcome ? outcome.reason : outcome.kind))).toEqual([
      'promised',
      'duplicate',
      'promised',
    ]);
  });

  it('are all there is when pushing is switched off', async () => {
    await open({ push: false });
    const page = await client.get('/');
    const byHand = await client.get('/by-hand?path=/items/1');
    expect([client.paths, page.links, byHand.links, outcomes]).toEqual([[], [], [], [{ kind: 'skipped', reason: 'off' }]]);
  });

  it('leave promises, hints or both out as the option says', async () => {
    await open({ push: { promises: false, earlyHints: false } });
    const page = await client.get('/');
    expect([client.paths, page.hints, page.links.length]).toEqual([[], [], 2]);
    expect(app.pushes()[0]).toMatchObject({ kind: 'linked', reason: 'off', notHinted: 'off' });
  });
});
