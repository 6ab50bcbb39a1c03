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

/** Who has not asked for what was hinted by then does not. */
const LET_BE_MS = 8_000;

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
    /** One visit by a browser of its own. Out: what it made of the page. */
    const visit = async () => {
      [asked, dataAsked, pageDone] = [[], gate(), false];
      const before = app.pushes().length;
      const browser: Browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox', await trusting(app.url)] });
      const patience = setTimeout(() => dataAsked.open(), LET_BE_MS);
      try {
        const page = await browser.newPage();
        await page.goto(app.url.href);
        await page.waitForFunction('document.title !== ""');
        const styles =
          "performance.getEntriesByName(new URL('/static/app.css', location).href).map((entry) => entry.initiatorType)";
        return {
          ...{ title: await page.title(), asked, styles: await page.evaluate<string[]>(styles) },
          kinds: app
            .pushes()
            .slice(before)
            .map(({ kind }) => kind),
        };
      } finally {
        clearTimeout(patience);
        await browser.close();
      }
    };

    it('make a browser ask for what may be kept before the page has ended, and for nothing twice', async () => {
      let seen = await visit();
      // A browser is free to let hints be, and does so now and then on a busy machine.
      for (let more = 2; more > 0 && seen.asked[0]?.endsWith('the page had ended'); more--) seen = await visit();
      expect(seen).toEqual({
        title: 'kept,not kept',
        asked: ['/api/data, the page was under way', '/api/never-kept, the page had ended'],
        styles: ['early-hints'],
        kinds: ['hinted', 'hinted', 'linked'],
      });
    }, 90_000);
  }
});
