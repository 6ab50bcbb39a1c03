import {
  Authorize,
  Controller,
  Get,
  type Guard,
  type Metrics,
  Push,
  type PushArm,
  PushReportController,
  type PushReportRow,
  RequestContext,
  UseGuards,
} from 'rockstar-web';
import { assets, openPushApp, type PushApp } from './push-app';
import type { Page, PushClient } from './push-client';

const PUSHING: Guard = {
  canActivate: (ctx: RequestContext) => ctx.push('/static/app.css').kind === 'promised',
};

@Controller()
class Pages {
  @Get('/experiment')
  @Push(['/static/app.css', '/static/app.js'], { experiment: true })
  experiment(ctx: RequestContext): string {
    return ctx.push('/static/logo.svg').kind;
  }

  @Get('/weighted')
  @Push(['/static/app.css'], { experiment: { cookie: 'half', weights: { push: 1, none: 1 }, maxAgeMs: 60_000 } })
  weighted(): string {
    return 'weighted';
  }

  @Get('/guarded')
  @UseGuards(PUSHING)
  @Push(['/static/app.js'], { experiment: true })
  guarded(): string {
    return 'guarded';
  }

  @Get('/plain')
  @Push('/static/app.css', '/static/nowhere.css')
  plain(): string {
    return 'plain';
  }
}

@Controller('/admin/push')
@Authorize('push', 'read')
class AdminPush extends PushReportController {}

const AUTH = {
  authenticate: (ctx: RequestContext) => ctx.header('authorization'),
  permits: (user: unknown) => user === 'Bearer admin',
};

/** The arm a response names. */
function armOf({ headers }: Page): string | undefined {
  return /^arm;desc="(\w+)"$/.exec(String(headers['server-timing']))?.[1];
}

function cookieOf({ headers }: Page): string | undefined {
  return headers['set-cookie']?.[0];
}

describe('an experiment', () => {
  const files = assets();
  let app: PushApp;

  beforeEach(async () => {
    const options = { auth: AUTH, static: { root: files.root, prefix: '/static', maxAgeMs: 60_000 } } as const;
    app = await openPushApp([Pages, PushReportController, AdminPush], options);
  });
  afterEach(() => app.close());

  const report = async (by: PushClient): Promise<PushReportRow[]> =>
    JSON.parse((await by.get('/push/report')).text) as PushReportRow[];

  it('puts each client into one of its arms, which a cookie keeps and Server-Timing names', async () => {
    const client = await app.connect();
    const arms = new Set<string | undefined>();
    for (let i = 0; i < 60 && arms.size < 3; i++) {
      const first = await client.get('/experiment');
      const arm = armOf(first);
      arms.add(arm);
      expect(cookieOf(first)).toMatch(new RegExp(`^push-arm=${arm}; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax$`));
      const again = await client.get('/experiment', { cookie: `push-arm=${arm}` });
      expect([armOf(again), cookieOf(again)]).toEqual([arm, undefined]);
    }
    expect(arms).toEqual(new Set(['push', 'hints', 'none']));
  });

  it.each<[PushArm, string[], number, string]>([
    ['push', ['/static/app.css', '/static/app.js', '/static/logo.svg'], 0, 'promised'],
    ['hints', [], 3, 'hinted'],
    ['none', [], 0, 'skipped'],
  ])('delivers to the arm %s what that gets, also what the handler pushes', async (arm, promised, linked, kind) => {
    const client = await app.connect();
    const page = await client.get('/experiment', { cookie: `push-arm=${arm}` });
    await client.settled();
    expect([client.paths, page.links.length, page.text]).toEqual([promised, linked, kind]);
    expect(page.hints.length).toBe(linked > 0 ? 1 : 0);
  });

  it('takes no arm from a cookie that it does not have, or that nobody is put into', async () => {
    const client = await app.connect();
    for (const made of ['gold', 'hints', '__proto__', 'constructor', '']) {
      const page = await client.get('/weighted', { cookie: `half=${made}` });
      expect(['push', 'none']).toContain(armOf(page));
      expect(cookieOf(page)).toMatch(/^half=(push|none); Max-Age=60;/);
    }
  });

  it('begins where it is declared: what a guard pushed before is no part of it', async () => {
    const client = await app.connect();
    const page = await client.get('/guarded', { cookie: 'push-arm=none' });
    await client.settled();
    expect([armOf(page), client.paths]).toEqual(['none', ['/static/app.css']]);
    expect((await report(client)).map(({ arm, promised, skipped }) => [arm, promised, skipped])).toEqual([
      ['push', 1, {}],
      ['none', 0, { arm: 1 }],
    ]);
  });

  it('is reported by arm and route, with what became of it', async () => {
    const client = await app.connect();
    await client.get('/experiment', { cookie: 'push-arm=push' });
    await client.get('/experiment', { cookie: 'push-arm=hints' });
    await client.get('/experiment', { cookie: 'push-arm=none' });
    await client.get('/plain');
    await client.settled();
    const nothing = {
      promised: 0,
      hinted: 0,
      linked: 0,
      skipped: {},
      refused: 0,
      reset: 0,
      completed: 0,
      cancelled: 0,
      bytes: 0,
      askedAgain: 0,
      estimatedHitRatio: 0,
    };
    const bytes = client.promised.reduce((sum, { body }) => sum + body.length, 0);
    expect(await report(client)).toEqual([
      { ...nothing, arm: 'push', route: '/experiment', promised: 3, completed: 3, bytes, estimatedHitRatio: 1 },
      { ...nothing, arm: 'hints', route: '/experiment', hinted: 3 },
      { ...nothing, arm: 'none', route: '/experiment', skipped: { arm: 3 } },
      { ...nothing, arm: 'push', route: '/plain', skipped: { cached: 1, missing: 1 } },
    ]);
  });

  it('has its report guarded by whoever mounts it', async () => {
    const client = await app.connect();
    const statuses = [];
    for (const authorization of [undefined, 'Bearer me', 'Bearer admin']) {
      statuses.push((await client.get('/admin/push/report', authorization === undefined ? {} : { authorization })).status);
    }
    expect(statuses).toEqual([401, 403, 200]);
  });

  it('is counted in the metrics', async () => {
    const client = await app.connect();
    await client.get('/experiment', { cookie: 'push-arm=push' });
    await client.get('/experiment', { cookie: 'push-arm=hints' });
    await client.get('/plain');
    await client.settled();
    const lines = (await client.get('/metrics')).text.split('\n').filter((line) => line.startsWith('http_push'));
    const bytes = client.promised.reduce((sum, { body }) => sum + body.length, 0);
    expect(lines.sort()).toEqual(
      [
        'http_push_active_streams 0',
        'http_push_resources_total{arm="push",delivery="promised"} 3',
        'http_push_resources_total{arm="hints",delivery="hinted",reason="arm"} 3',
        'http_push_resources_total{arm="push",delivery="skipped",reason="cached"} 1',
        'http_push_resources_total{arm="push",delivery="skipped",reason="missing"} 1',
        `http_push_sent_bytes_total{arm="push"} ${bytes}`,
        'http_push_streams_total{arm="push",result="completed"} 3',
        'http_push_streams_total{arm="push",result="promised"} 3',
      ].sort(),
    );
    const { metrics }: { metrics: Metrics } = app.app;
    expect(Object.keys(metrics.snapshot())).toContain('http.push.streams');
  });

  it('says of each push in the log, at debug level, what was done and why not more', async () => {
    const browser = await app.connect({ enablePush: false });
    await browser.get('/experiment', { cookie: 'push-arm=none' });
    await browser.get('/plain');
    expect(app.pushes().at(0)).toEqual({
      route: '/experiment',
      path: '/static/app.css',
      kind: 'skipped',
      reason: 'arm',
      because: 'the experiment has the client in the arm "none"',
    });
    expect(app.pushes().at(-2)).toEqual({
      route: '/plain',
      path: '/static/app.css',
      kind: 'hinted',
      reason: 'client',
      because: 'not promised: the client takes no promises (SETTINGS_ENABLE_PUSH=0), as all current browsers do',
    });
  });
});
