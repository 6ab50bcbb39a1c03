import { type Browser, chromium } from 'playwright-core';
import { Controller, Get, Header, Push, RequestContext } from 'rockstar-web';
import { findBrowser, trusting } from '../openapi/browser';
import { type Gate, gate } from '../support/soon';
import { assets, openPushApp, type PushApp } from './push-app';
import { PushClient } from './push-client';

/** What a browser has asked for, in this order. */
let asked: string[] = [];
let dataAsked: Gate<void>;
let pageDone = false;

@Controller()
class Pages {
  /** Ends only when what it hinted was asked for. */
  @Get('/')
  @Header('content-type', 'text/html')
  @Push('/static/app.css', '/api/data', '/api/never-kept')
  async page(): Promise<string> {
    await dataAsked.promise;
    pageDone = true;
    return `<!doctype html><link rel="stylesheet" href="/static/app.css"><script>
      Promise.all(['/api/data', '/api/never-kept'].map((path) => fetch(path).then((answer) => answer.json())))
        .then((all) => { document.title = all.map(({ value }) => value).join(); });
    </script>`;
  }

  @Get('/api/data')
  @Header('cache-control', 'private, max-age=60')
  data(ctx: RequestContext) {
    asked.push(`${ctx.path}, the page ${pageDone ? 'had ended' : 'was under way'}`);
    dataAsked.open();
    return { value: 'kept' };
  }

  @Get('/api/never-kept')
  @Header('cache-control', 'no-store')
  neverKept(ctx: RequestContext) {
    asked.push(`${ctx.path}, the page ${pageDone ? 'had ended' : 'was under way'}`);
    return { value: 'not kept' };
  }
}

describe('hints of a page', () => {
  const files = assets();
  let app: PushApp;

  beforeEach(async () => {
    [asked, dataAsked, pageDone] = [[], gate(), false];
    app = await openPushApp([Pages], { http2: true, static: { root: files.root, prefix: '/static', maxAgeMs: 60_000 } });
  });
  afterEach(async () => {
    dataAsked.open();
    await app.close();
  });

  it('reach a client that speaks HTTP/2 as browsers do before the page is there', async () => {
    const client = await PushClient.connect(app.url, { enablePush: false });
    const page = client.get('/');
    while (client.events.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await client.get('/api/data');
    const { hints, links } = await page;
    expect([hints.length, hints[0]?.length, links.length]).toEqual([1, 2, 3]);
    expect(asked).toEqual(['/api/data, the page was under way']);
    await client.close();
  });

  const path = findBrowser();
  if (path === undefined) {
    it('ARE NOT TRIED IN A BROWSER: there is no Chromium here (CHROMIUM_PATH, or chromium in the PATH)', () => {
      expect(findBrowser()).toBeUndefined();
    });
  } else {
    it('make a browser ask for what may be kept before the page has ended, and for nothing twice', async () => {
      const browser: Browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox', await trusting(app.url)] });
      try {
        const page = await browser.newPage();
        await page.goto(app.url.href);
        await page.waitForFunction('document.title !== ""');
        expect(await page.title()).toBe('kept,not kept');
        expect(asked).toEqual(['/api/data, the page was under way', '/api/never-kept, the page had ended']);
        const styles =
          "performance.getEntriesByName(new URL('/static/app.css', location).href).map((entry) => entry.initiatorType)";
        expect(await page.evaluate(styles)).toEqual(['early-hints']);
        expect(app.pushes().map(({ kind }) => kind)).toEqual(['hinted', 'hinted', 'linked']);
      } finally {
        await browser.close();
      }
    }, 60_000);
  }
});
