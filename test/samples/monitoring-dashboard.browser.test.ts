import { createServer } from 'node:net';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { findBrowser, trusting } from '../openapi/browser';
import { SampleProcess } from '../support/sample-process';
import { soon } from '../support/soon';

const LONG_MS = 60_000;
const path = findBrowser();

/** A port that is free, and none of those that connections get by themselves: a server is started there twice. */
async function freePort(): Promise<string> {
  for (let port = 20_000 + (process.pid % 10_000); ; port++) {
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return String(port);
  }
}

function start(environment: Readonly<Record<string, string>> = {}): SampleProcess {
  return SampleProcess.sample('monitoring-dashboard', { DEMO: '0', ADMIN_TOKEN: 'secret', ...environment });
}

if (path === undefined) {
  it('monitoring-dashboard IS NOT TRIED IN A BROWSER: there is no Chromium here (CHROMIUM_PATH, or chromium in the PATH)', () => {
    expect(findBrowser()).toBeUndefined();
  });
} else {
  describe('the page of monitoring-dashboard in a browser', () => {
    let browser: Browser;
    let context: BrowserContext;
    let page: Page;
    let problems: string[];
    const samples: SampleProcess[] = [];

    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox'] });
    }, LONG_MS);

    afterAll(() => browser?.close());

    beforeEach(() => {
      problems = [];
    });

    afterEach(async () => {
      await context?.close();
      for (const sample of samples.splice(0)) expect(await sample.end()).toBe(0);
      expect(problems).toEqual([]);
    }, LONG_MS);

    /** Opens the page of a sample that was started. */
    async function open(
      environment: Readonly<Record<string, string>> = {},
      options: Parameters<Browser['newContext']>[0] = {},
    ): Promise<URL> {
      const sample = start(environment);
      samples.push(sample);
      const url = await sample.listening();
      context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
      page = await context.newPage();
      page.on('console', (message) => {
        // That an answer was a failure is told there, too, and that a connection failed.
        const isExpected = /the server responded with|ERR_CONNECTION|WebSocket connection/.test(message.text());
        if (['error', 'warning'].includes(message.type()) && !isExpected) problems.push(message.text());
      });
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('request', (request) => {
        if (!request.url().startsWith(url.origin)) problems.push(`asked for ${request.url()}`);
      });
      await page.goto(new URL('/dashboard', url).href);
      return url;
    }

    const isLive = () => page.locator('#status[data-state=live]').waitFor();
    const row = (name: string) => page.locator('.breaker', { has: page.getByText(name, { exact: true }) });
    const count = async (label: string) =>
      Number(await page.locator('.bars li', { hasText: label }).locator('strong').textContent());

    /** What a canvas shows, so that it can be told from what it showed. */
    const pixels = (id: string) => page.evaluate<string>(`document.querySelector('#${id}-chart canvas').toDataURL()`);

    async function changed(read: () => Promise<unknown>, before: unknown): Promise<void> {
      for (let turn = 0; turn < 60; turn++) {
        if ((await read()) !== before) return;
        await page.waitForTimeout(100);
      }
      throw new Error(`it is still ${String(before).slice(0, 100)}`);
    }

    it('loads nothing from elsewhere, and its charts move with what is asked', async () => {
      const url = await open();
      await isLive();
      const before = await pixels('requests');
      const total = () => page.locator('#figure-rate .note').textContent();
      const asked = await total();
      await page.getByRole('button', { name: 'Ask three services at once' }).click();
      await page.getByText('GET /api/overview: 200, after').waitFor();
      await changed(total, asked);
      await changed(() => pixels('requests'), before);
      await page.locator('#routes').getByText('/api/overview').waitFor();
      const description = await page.locator('#requests-chart').getAttribute('aria-label');
      expect(description).toMatch(/^Requests per second over the last five minutes\. All: now [\d.]+, between/);
      expect(await page.locator('#plugins strong').allTextContents()).toHaveLength(4);
      expect(await page.locator('#where').textContent()).toBe(url.host);
      const protocol = "performance.getEntriesByType('navigation')[0].nextHopProtocol";
      expect(await page.evaluate(protocol)).toBe('h2');
    });

    it('has its assets on their way before it is there, and asks for none of them twice', async () => {
      const sample = start();
      samples.push(sample);
      const url = await sample.listening();
      /** Each with a browser of its own: what a connection was given is not hinted to it again. */
      const visit = async (): Promise<{ name: string; by: string }[]> => {
        const trustful = await chromium.launch({ executablePath: path, args: ['--no-sandbox', await trusting(url)] });
        try {
          page = await trustful.newPage();
          page.on('console', (message) => problems.push(message.text()));
          await page.goto(new URL('/dashboard', url).href);
          await isLive();
          return await page.evaluate(
            "performance.getEntriesByType('resource').map(({ name, initiatorType: by }) => ({ name: new URL(name).pathname, by }))",
          );
        } finally {
          await trustful.close();
        }
      };
      // A browser is free to let a hint be, and does on a machine that is busy: it has three visits to take them.
      let hinted: string[] = [];
      for (let visits = 0; visits < 3 && hinted.length === 0; visits++) {
        const loaded = await visit();
        hinted = loaded.filter(({ by }) => by === 'early-hints').map(({ name }) => name);
        const files = loaded.map(({ name }) => name).filter((name) => /\.(js|css)$/.test(name));
        expect(files.length).toBeGreaterThan(2);
        expect(new Set(files).size).toBe(files.length);
      }
      expect(hinted).toEqual(expect.arrayContaining(['/static/dashboard.css', '/static/dashboard.js', '/static/charts.js']));
      expect(hinted).toHaveLength(10);
    }, 90_000);

    it('trips a breaker for who has the token of the admin, and resets it', async () => {
      await open();
      await isLive();
      await row('payments').getByRole('button', { name: 'Trip payments' }).click();
      const field = page.getByLabel('Admin token');
      await field.fill('wrong');
      await page.keyboard.press('Enter');
      await page.getByText('That is not the token of the admin.').waitFor();
      expect(await row('payments').getAttribute('data-state')).toBe('closed');
      await field.fill('secret');
      await page.getByRole('button', { name: 'Use token' }).click();
      await page.locator('.breaker[data-state=forced-open]').waitFor();
      expect(await row('payments').locator('.state').textContent()).toBe('Tripped');
      // The next frame has it too: the list of changes, the figures, the title, and what is read out.
      await page.locator('#changes').getByText('tripped, by an operator').waitFor();
      expect(await page.locator('#figure-circuits .value span').textContent()).toBe('3/4');
      expect(await page.title()).toBe('⚠ payments – Monitoring');
      expect(await page.locator('#announcements').textContent()).toBe('payments tripped, by an operator');
      // Who showed the token once is not asked again.
      await row('payments').getByRole('button', { name: 'Reset payments' }).click();
      await page.locator('.breaker[data-state=forced-open]').waitFor({ state: 'detached' });
      await page.locator('#changes').getByText('closed, by an operator').waitFor();
      expect(await page.title()).toBe('Monitoring');
    });

    it('shows a request that is left as a cancellation, and one that takes too long', async () => {
      await open();
      await isLive();
      await page.getByRole('button', { name: 'Ask for a slow report' }).click();
      await page.locator('#figure-active .value').getByText('1', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Leave it' }).click();
      await page.getByText(/^Left after/).waitFor();
      await changed(() => count('The client left'), 0);
      expect(await count('The client left')).toBe(1);
      await page.getByRole('button', { name: 'Ask with one second to answer' }).click();
      await page.getByText('504 DEADLINE_EXCEEDED').waitFor();
      await changed(() => count('Out of time'), 0);
    });

    it('says that the server went, and goes on by itself when it is there again', async () => {
      const port = await freePort();
      await open({ PORT: port });
      await isLive();
      const [first] = samples.splice(0);
      expect(await first?.end()).toBe(0);
      await page.locator('#status[data-state=lost]').waitFor();
      const notice = page.locator('#notice-text');
      await page.setViewportSize({ width: 360, height: 740 });
      // The charts are drawn anew at their width in the next frame.
      await soon(async () => expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360));
      await row('payments').getByRole('button', { name: 'Trip payments' }).click();
      await page.getByLabel('Admin token').fill('secret');
      await page.getByRole('button', { name: 'Use token' }).click();
      await page.getByText('payments: the server cannot be reached.').waitFor();
      expect(await notice.textContent()).toMatch(
        /^The (server is stopping|connection was lost)\. These numbers are those of \d\d:/,
      );
      samples.push(start({ PORT: port }));
      await samples[0]?.listening();
      await page.locator('#status[data-state=live]').waitFor({ timeout: LONG_MS });
      expect(await page.locator('#notice').isVisible()).toBe(false);
    }, 90_000);

    it('asks viewers for their token where there is one', async () => {
      await open({ VIEW_TOKEN: 'look' });
      const field = page.getByLabel('Token');
      await field.fill('wrong');
      await page.getByRole('button', { name: 'Open the dashboard' }).click();
      await page.getByText('That token opens nothing here.').waitFor();
      await field.fill('look');
      await page.keyboard.press('Enter');
      await isLive();
      // The cookie is not enough to change anything.
      await row('database').getByRole('button', { name: 'Trip database' }).click();
      await page.getByLabel('Admin token').waitFor();
    });

    it('is used with the keyboard alone', async () => {
      await open();
      await isLive();
      await page.keyboard.press('Tab');
      const focused = () => page.evaluate<string>('document.activeElement.textContent');
      expect(await focused()).toBe('Skip to the numbers');
      const outline =
        "getComputedStyle(document.activeElement).outlineStyle + ' ' + getComputedStyle(document.activeElement).outlineWidth";
      expect(await page.evaluate(outline)).toBe('solid 2px');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Trip catalogue');
      await page.keyboard.press('Enter');
      expect(await page.evaluate('document.activeElement.id')).toBe('admin-token');
      await page.keyboard.press('Escape');
      expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Trip catalogue');
      // What was done leaves the focus in its row.
      await page.keyboard.press('Enter');
      await page.keyboard.type('secret');
      await page.keyboard.press('Enter');
      await row('catalogue').locator('button:focus', { hasText: 'Reset' }).waitFor();
      await page.keyboard.press('Enter');
      await row('catalogue').locator('button:focus', { hasText: 'Trip' }).waitFor();
      // A frame that comes meanwhile takes no focus away.
      const total = () => page.locator('#figure-process .note').textContent();
      await changed(total, await total());
      expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Trip catalogue');
    });

    const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

    it.each([
      ['a desktop', 1280, 800, 'dark'],
      ['a desktop', 1280, 800, 'light'],
      ['a phone', 390, 844, 'dark'],
      ['a phone', 390, 844, 'light'],
    ] as const)(
      'fits %s of %i × %i, %s, and has nothing that keeps anybody out',
      async (_what, width, height, colorScheme) => {
        await open({ DEMO: '1' }, { viewport: { width, height }, colorScheme });
        await isLive();
        await row('payments').getByRole('button', { name: 'Trip payments' }).click();
        await page.getByLabel('Admin token').fill('secret');
        await page.keyboard.press('Enter');
        await page.locator('.breaker[data-state=forced-open]').waitFor();
        await page.locator('#changes').getByText('tripped').waitFor();
        const [wanted, given] = await page.evaluate<[number, number]>('[document.documentElement.scrollWidth, innerWidth]');
        expect(wanted).toBeLessThanOrEqual(given);
        const cut = `[...document.querySelectorAll('button, h2, .state, .value')].filter((it) => it.offsetParent !== null && it.getBoundingClientRect().right > innerWidth).map((it) => it.textContent)`;
        expect(await page.evaluate(cut)).toEqual([]);
        const background = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
        expect(background).toBe(colorScheme === 'dark' ? 'rgb(13, 16, 21)' : 'rgb(244, 245, 247)');
        const picture = await page.screenshot({ fullPage: true, ...saveAs(`dashboard-${width}-${colorScheme}.png`) });
        // The width in the header of the PNG.
        expect(picture.readUInt32BE(16)).toBe(width);
        expect(picture.length).toBeGreaterThan(20_000);
        await page.evaluate(axe);
        const found = await page.evaluate<string[]>(
          'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`))',
        );
        expect(found).toEqual([]);
      },
      90_000,
    );
  });
}

/** Where somebody wants to look at it. */
function saveAs(name: string): { path?: string } {
  return process.env.SCREENSHOTS === undefined ? {} : { path: join(process.env.SCREENSHOTS, name) };
}
