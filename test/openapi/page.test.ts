import { once } from 'node:events';
import { Script } from 'node:vm';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IsInt, IsString, Length, Min } from 'class-validator';
import { type Browser, chromium, type Page } from 'playwright-core';
import {
  ApiOperation,
  ApiProperty,
  Authorize,
  Body,
  Controller,
  Get,
  Param,
  ParseIntPipe,
  Post,
  Query,
  Signal,
  Sse,
} from 'rockstar-web';
import { moduleOf, type Served, serveOn } from '../journeys/doors';
import { findBrowser } from './browser';

class NewBook {
  @IsString() @Length(1, 50) @ApiProperty({ description: '<img src=x onerror="document.title=1">' }) title!: string;
  @IsInt() @Min(1) pages!: number;
}

@Controller('/books')
class BooksController {
  @Get('/:id')
  @ApiOperation({ summary: 'One book', description: '<b>bold</b>' })
  one(@Param('id', ParseIntPipe) id: number, @Query('loud') loud: boolean) {
    return { id, loud: loud ?? false };
  }

  @Post('/')
  @Authorize('books', 'write')
  add(@Body() book: NewBook): NewBook {
    return book;
  }

  @Sse('/events')
  async *events(@Signal() signal: AbortSignal) {
    yield 'one';
    await once(signal, 'abort');
  }
}

const AUTH = {
  authenticate: (ctx: { header(name: string): string | undefined }) =>
    ctx.header('authorization') === 'Bearer open' ? 'ada' : undefined,
  permits: () => true,
};

it('parses: the script of the page is one, and it names no outside host', () => {
  const script = readFileSync(join(__dirname, '../../lib/openapi/page/page.js'), 'utf8');
  expect(() => new Script(script)).not.toThrow();
});

const path = findBrowser();

if (path === undefined) {
  it('IS NOT TRIED IN A BROWSER: there is no Chromium here (CHROMIUM_PATH, or chromium in the PATH)', () => {
    expect(findBrowser()).toBeUndefined();
  });
} else {
  describe('the page in a browser', () => {
    let browser: Browser;
    let served: Served;
    let page: Page;
    let problems: string[];

    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox'] });
      served = await serveOn(moduleOf([BooksController]), {
        http2: false,
        auth: AUTH,
        openapi: { title: 'Books', description: 'All about books.' },
      });
    });

    afterAll(async () => {
      await browser?.close();
      await served?.app.close();
    });

    beforeEach(async () => {
      problems = [];
      page = await browser.newPage();
      page.on('console', (message) => {
        // That an answer was a failure is told there, too.
        if (message.type() === 'error' && !message.text().includes('the server responded with')) problems.push(message.text());
      });
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('request', (request) => {
        if (!request.url().startsWith(served.url.origin) && !request.url().startsWith('data:')) problems.push(request.url());
      });
    });

    afterEach(async () => {
      await page.close();
      expect(problems).toEqual([]);
    });

    const operation = (id: string) => page.locator(`details#BooksController_${id}`);

    async function open(id: string) {
      await page.goto(new URL(`/docs#BooksController_${id}`, served.url).href);
      const card = operation(id);
      await card.locator('form').waitFor();
      return card;
    }

    it('lists operations and schemas, as text and never as markup', async () => {
      const card = await open('one');
      expect(await page.title()).toBe('Books 0.0.0');
      expect(await page.locator('nav li').allTextContents()).toEqual(['GET/books/{id}', 'POST/books', 'GET/books/events']);
      expect(await card.locator('.text').first().textContent()).toBe('<b>bold</b>');
      await page.locator('details#schema-NewBook > summary').click();
      const schema = await page.locator('details#schema-NewBook .inside').textContent();
      expect(schema).toContain('title required string minLength: 1, maxLength: 50');
      expect(schema).toContain('pages required integer minimum: 1');
      expect(schema).toContain('onerror');
      expect(await page.title()).toBe('Books 0.0.0');
    });

    it('finds operations by what is typed', async () => {
      await open('one');
      await page.getByLabel('Filter operations').fill('post');
      expect(await page.locator('nav li:visible').allTextContents()).toEqual(['POST/books']);
    });

    it('tries a request, and shows what came back', async () => {
      const card = await open('one');
      await card.getByLabel('id (path)').fill('7');
      await card.getByLabel('loud (query)').fill('true');
      await card.getByRole('button', { name: 'Send' }).click();
      await card.locator('pre.body').filter({ hasText: '"loud": true' }).waitFor();
      expect(await card.locator('form strong').last().textContent()).toBe('200 OK');
      expect(await card.locator('pre.headers').textContent()).toContain('content-type: application/json');
      await card.getByLabel('id (path)').fill('x/y?');
      await card.getByRole('button', { name: 'Send' }).click();
      await card.locator('pre.body').filter({ hasText: 'VALIDATION_FAILED' }).waitFor();
    });

    it('begins with a body that is valid, and sends the credential', async () => {
      const card = await open('add');
      expect(JSON.parse(await card.getByLabel('Body', { exact: true }).inputValue())).toEqual({ title: 'text', pages: 1 });
      await card.getByRole('button', { name: 'Send' }).click();
      await card.locator('pre.body').filter({ hasText: 'AUTH_REQUIRED' }).waitFor();
      await page.getByLabel('Credential: bearer').fill('open');
      await card.getByRole('button', { name: 'Send' }).click();
      await card.locator('pre.body').filter({ hasText: '"title": "text"' }).waitFor();
      expect(await card.locator('form strong').last().textContent()).toBe('201 Created');
      await card.getByLabel('Content type').selectOption('application/x-www-form-urlencoded');
      expect(await card.getByLabel('Body', { exact: true }).inputValue()).toBe('title=text&pages=1');
      await card.getByRole('button', { name: 'Send' }).click();
      await card.locator('pre.body').filter({ hasText: '"pages": 1' }).waitFor();
    });

    it('shows events as they come, until they are stopped', async () => {
      const card = await open('events');
      await card.getByRole('button', { name: 'Send' }).click();
      await card.locator('pre.body').filter({ hasText: 'data: one' }).waitFor();
      await card.getByRole('button', { name: 'Stop' }).click();
      await card.getByText('Stopped.').waitFor();
    });

    it.each([
      ['a phone', { width: 360, height: 740 }],
      ['a desktop', { width: 1280, height: 800 }],
    ])('fits the width of %s', async (_what, size) => {
      await page.setViewportSize(size);
      await open('add');
      const [wanted, given] = await page.evaluate<[number, number]>('[document.documentElement.scrollWidth, innerWidth]');
      expect(wanted).toBeLessThanOrEqual(given);
      if (process.env.SCREENSHOTS !== undefined) {
        await page.screenshot({ path: join(process.env.SCREENSHOTS, `page-${size.width}.png`), fullPage: true });
      }
    });

    it('is used with the keyboard alone', async () => {
      await page.goto(new URL('/docs', served.url).href);
      const summary = operation('one').locator('> summary');
      await summary.focus();
      await page.keyboard.press('Enter');
      await operation('one').locator('form').waitFor();
    });
  });
}
