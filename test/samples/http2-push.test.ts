import { execFile, spawnSync } from 'node:child_process';
import { constants } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import type { PushReportRow } from 'rockstar-web';
import { hasPromtool, lintPrometheusText, runPromtool } from '../metrics/prometheus-text';
import { findBrowser } from '../openapi/browser';
import { linksIn, type Promised, PushClient } from '../push/push-client';
import { SampleProcess } from '../support/sample-process';
import { soon } from '../support/soon';

const run = promisify(execFile);

const PAGES: readonly (readonly [string, readonly string[]])[] = [
  ['/', ['/static/styles.css', '/static/app.js']],
  ['/dashboard', ['/static/dashboard.css', '/static/dashboard.js', '/static/chart-lib.js', '/api/dashboard/data']],
  ['/app', ['/static/app.css', '/static/app.js']],
  ['/spa', ['/static/vendor.js', '/static/app.bundle.js', '/static/app.css', '/static/fonts/main.woff2', '/api/config']],
  ['/api/users/12', ['/api/users/12/posts', '/api/users/12/profile-image']],
];

function isInstalled(tool: string): boolean {
  return spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** The head of an answer over HTTP/1.1, and those in front of it. */
function overHttp1(url: URL, path: string): Promise<{ status: number; interim: number; links: string[]; text: string }> {
  return new Promise((resolve, reject) => {
    let interim = 0;
    let text = '';
    const request = httpsRequest(new URL(path, url), { rejectUnauthorized: false, agent: false }, (response) => {
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, interim, links: linksIn(response.headers), text }));
    });
    request.on('information', () => interim++);
    request.once('error', reject).end();
  });
}

describe('the sample http2-push', () => {
  let sample: SampleProcess;
  let url: URL;
  let clients: PushClient[];

  beforeAll(async () => {
    sample = SampleProcess.sample('http2-push', { LOG_LEVEL: 'debug' });
    url = await sample.listening();
  });

  afterAll(async () => {
    expect(await sample.end()).toBe(0);
    expect(sample.stdout).toBe(`listening on ${url.origin}\n`);
    for (const line of sample.stderr.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ level: expect.any(String) });
  });

  beforeEach(() => {
    clients = [];
  });
  afterEach(async () => {
    for (const client of clients) await client.close();
  });

  async function client(settings?: Parameters<typeof PushClient.connect>[1]): Promise<PushClient> {
    const made = await PushClient.connect(url, settings);
    clients.push(made);
    return made;
  }

  const sameAsAsked = async (by: PushClient, { path, request, response, body }: Promised): Promise<void> => {
    const encoding = request['accept-encoding'];
    const asked = await by.get(path, encoding === undefined ? {} : { 'accept-encoding': encoding });
    expect([path, { ...response, date: '' }, body]).toEqual([path, { ...asked.headers, date: '' }, asked.bytes]);
    expect(body.length).toBeGreaterThan(0);
  };

  it.each(PAGES)(
    'pushes with %s what it needs: the bytes, status and header fields that asking for it gives',
    async (path, pushed) => {
      const visitor = await client();
      const page = await visitor.get(path);
      await visitor.settled();
      expect([page.status, page.hints, page.links, visitor.paths]).toEqual([200, [], [], pushed]);
      const asking = await client({ enablePush: false });
      for (const promised of visitor.promised) await sameAsAsked(asking, promised);
      for (const { request } of visitor.promised)
        expect(request['accept-encoding']).toBe(path === '/dashboard' ? 'gzip' : undefined);
    },
  );

  it.each(PAGES)('hints what %s needs in one 103 to who takes no pushes, and links the same', async (path, pushed) => {
    const page = await (await client({ enablePush: false })).get(path);
    expect(page.hints).toEqual([page.links]);
    expect(page.links.map((link) => /^<(.*?)>; rel=preload; as=\w+/.exec(link)?.[1])).toEqual(pushed);
  });

  it.each(PAGES)('links what %s needs over HTTP/1.1, and nothing else', async (path, pushed) => {
    const { status, interim, links } = await overHttp1(url, path);
    expect([status, interim, links.map((link) => /^<(.*?)>/.exec(link)?.[1])]).toEqual([200, 0, pushed]);
  });

  it('says of each link how it is used', async () => {
    const { links } = await overHttp1(url, '/spa');
    expect(links).toEqual([
      '</static/vendor.js>; rel=preload; as=script; type="text/javascript"',
      '</static/app.bundle.js>; rel=preload; as=script; type="text/javascript"',
      '</static/app.css>; rel=preload; as=style; type="text/css"',
      '</static/fonts/main.woff2>; rel=preload; as=font; type="font/woff2"; crossorigin',
      '</api/config>; rel=preload; as=fetch; crossorigin',
    ]);
    expect((await overHttp1(url, '/api/users/3')).links[1]).toBe(
      '</api/users/3/profile-image>; rel=preload; as=image; type="image/svg+xml"',
    );
  });

  it('pushes nothing with /app to who asks whether it has changed', async () => {
    const visitor = await client();
    const page = await visitor.get('/app', { 'if-none-match': '"app-1"' });
    const other = await visitor.get('/app', { 'if-none-match': '"another"' });
    expect([page.status, other.status, visitor.paths, other.links]).toEqual([304, 200, [], []]);
    expect(other.text).toContain('nothing was pushed');
  });

  it('pushes ten of fifty, and says in the log what held', async () => {
    const visitor = await client();
    const page = await visitor.get('/too-many');
    await visitor.settled();
    expect([page.status, visitor.paths.length]).toEqual([200, 10]);
    const warned = () =>
      sample.stderr.split('\n').filter((line) => line.includes('"level":"warn"') && line.includes('push limit'));
    await soon(() => expect(warned()).not.toEqual([]));
    expect(JSON.parse(warned()[0])).toMatchObject({ route: '/too-many', limit: 10 });
  });

  it('never pushes a connection the same twice while it is fresh', async () => {
    const visitor = await client();
    for (const [path] of PAGES) await visitor.get(path);
    await visitor.settled();
    const { length } = visitor.paths;
    expect(new Set(visitor.paths).size).toBe(length);
    for (const [path] of PAGES) await visitor.get(path);
    expect(visitor.paths).toHaveLength(length);
  });

  it('puts each client into one arm of the experiment, and reports what became of each', async () => {
    const seen = new Map<string, string>();
    for (let i = 0; i < 80 && seen.size < 3; i++) {
      const visitor = await client();
      const page = await visitor.get('/experiment');
      const arm = /^arm;desc="(push|hints|none)"$/.exec(String(page.headers['server-timing']))?.[1] ?? 'unnamed';
      const cookie = String(page.headers['set-cookie']?.[0]).split(';')[0];
      seen.set(arm, cookie);
      expect((await visitor.get('/experiment', { cookie })).headers['server-timing']).toBe(`arm;desc="${arm}"`);
      await visitor.settled();
      expect([arm, visitor.paths.length > 0, page.links.length > 0]).toEqual([arm, arm === 'push', arm === 'hints']);
      await visitor.close();
    }
    expect([...seen.keys()].sort()).toEqual(['hints', 'none', 'push']);
    const rows = JSON.parse((await (await client()).get('/push/report')).text) as PushReportRow[];
    const of = (arm: string) => rows.find((row) => row.arm === arm && row.route === '/experiment');
    expect(of('push')).toMatchObject({ hinted: 0, linked: 0, refused: 0, reset: 0, skipped: { cached: expect.any(Number) } });
    expect(of('push')?.completed).toBe(of('push')?.promised);
    expect(of('push')?.bytes).toBeGreaterThan(1_000);
    expect(of('hints')).toMatchObject({ promised: 0, completed: 0, estimatedHitRatio: 0 });
    expect(of('none')).toMatchObject({ promised: 0, hinted: 0, linked: 0, skipped: { arm: expect.any(Number) } });
    for (const row of rows) expect(row.estimatedHitRatio >= 0 && row.estimatedHitRatio <= 1).toBe(true);
  });

  it('is not disturbed by a client that refuses what it is pushed', async () => {
    const refusing = await client();
    refusing.onPromise = ({ stream }) => stream.close(constants.NGHTTP2_REFUSED_STREAM);
    for (const [path] of PAGES) expect((await refusing.get(path)).status).toBe(200);
    expect((await (await client()).get('/')).status).toBe(200);
  });

  it('is healthy, is counted, and answers what is not there', async () => {
    const visitor = await client({ enablePush: false });
    expect((await visitor.get('/health/live')).status).toBe(200);
    expect(JSON.parse((await visitor.get('/health/ready')).text)).toMatchObject({ status: 'up' });
    const metrics = await visitor.get('/metrics');
    expect(lintPrometheusText(metrics.text)).toEqual([]);
    if (hasPromtool) expect(runPromtool(metrics.text)).toEqual({ status: 0, output: '' });
    expect(metrics.text).toMatch(/^http_push_streams_total\{arm="push",result="completed"\} \d+$/m);
    const missing = await visitor.get('/nowhere');
    expect([missing.status, JSON.parse(missing.text)]).toEqual([
      404,
      expect.objectContaining({ code: 'ROUTE_NOT_FOUND', status: 404 }),
    ]);
    const other = await visitor.get('/dashboard', { ':method': 'DELETE' });
    expect([other.status, other.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  const hasNghttp = isInstalled('nghttp');
  if (!hasNghttp) it('IS NOT SEEN BY NGHTTP: it is not installed', () => expect(hasNghttp).toBe(false));
  else {
    it('is seen so by nghttp: what was pushed is marked, and not asked for again', async () => {
      const { stdout } = await run('nghttp', ['-ans', new URL('/dashboard', url).href]);
      const rows = stdout.split('\n').filter((line) => /\s200\s/.test(line));
      const pushed = rows.filter((line) => line.includes(' * ')).map((line) => line.trim().split(/\s+/).at(-1));
      expect(pushed.sort()).toEqual([...PAGES[1][1]].sort());
      expect(rows).toHaveLength(5);
      const plain = await run('nghttp', ['-nv', '--no-push', new URL('/', url).href]);
      expect([plain.stdout.includes('PUSH_PROMISE'), plain.stdout.match(/:status: 103/g)?.length]).toEqual([false, 1]);
    });
  }

  const hasCurl = isInstalled('curl');
  if (!hasCurl) it('IS NOT SEEN BY CURL: it is not installed', () => expect(hasCurl).toBe(false));
  else {
    it('is seen so by curl: one 103 over HTTP/2, none over HTTP/1.1', async () => {
      const ask = (version: string) => run('curl', ['-sk', '-o', '/dev/null', '-D', '-', version, new URL('/', url).href]);
      const [second, first] = [(await ask('--http2')).stdout, (await ask('--http1.1')).stdout];
      expect([second.match(/^HTTP\/2 \d+/gm), second.match(/^link: </gm)?.length]).toEqual([['HTTP/2 103', 'HTTP/2 200'], 4]);
      expect([first.match(/^HTTP\/1.1 \d+/gm), first.match(/^link: </gm)?.length]).toEqual([['HTTP/1.1 200'], 2]);
    });
  }

  const browserPath = findBrowser();
  if (browserPath === undefined) {
    it('IS NOT TRIED IN A BROWSER: there is no Chromium here (CHROMIUM_PATH, or chromium in the PATH)', () => {
      expect(findBrowser()).toBeUndefined();
    });
  } else {
    it('works in a browser: charts, the single page with its font, the arm of the experiment', async () => {
      const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
      try {
        const page = await browser.newPage({ ignoreHTTPSErrors: true });
        const problems: string[] = [];
        page.on('pageerror', (error) => problems.push(error.message));
        page.on('requestfailed', (request) => problems.push(request.url()));
        await page.goto(new URL('/dashboard', url).href);
        await page.locator('.chart svg').nth(2).waitFor();
        await page.goto(new URL('/spa', url).href);
        await page.getByRole('heading', { name: 'Rockstar Pixels' }).waitFor();
        expect(await page.evaluate('document.fonts.ready.then((fonts) => fonts.check("16px \'Rockstar Pixels\'"))')).toBe(true);
        await page.goto(new URL('/experiment', url).href);
        await page
          .locator('#arm')
          .filter({ hasText: /^(push|hints|none)$/ })
          .waitFor();
        await page.goto(url.href);
        await page.locator('#resources tbody tr').nth(1).waitFor();
        expect(problems).toEqual([]);
      } finally {
        await browser.close();
      }
    });
  }
});

it('the sample http2-push, with PUSH_COOKIE=1, pushes nothing twice over two connections', async () => {
  const sample = SampleProcess.sample('http2-push', { PUSH_COOKIE: '1' });
  const url = await sample.listening();
  let cookie = '';
  for (const promised of [4, 0]) {
    const client = await PushClient.connect(url);
    const { headers } = await client.get('/dashboard', { cookie });
    await client.settled();
    expect(client.paths).toHaveLength(promised);
    cookie = headers['set-cookie']?.[0]?.split(';', 1)[0] ?? cookie;
    await client.close();
  }
  expect(await sample.end()).toBe(0);
});
