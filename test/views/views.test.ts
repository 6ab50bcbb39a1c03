import { Readable } from 'node:stream';
import {
  Body,
  Controller,
  Get,
  Header,
  Hijack,
  HijackedConnection,
  NotFoundError,
  Post,
  Query,
  Render,
  RequestContext,
  Sse,
  UseInterceptors,
} from 'rockstar-web';
import { map, type Observable, of } from 'rxjs';
import { type Answer, type Client, doors, moduleOf, serveOn, type Served } from '../journeys/doors';
import { RecordingLogger } from '../support/kernel';
import { soon } from '../support/soon';
import { appOf, mistakesOf } from '../testing/app-of';
import { newFolder } from './folder';

const folder = newFolder();
folder
  .write(
    'users.html',
    '<h1><%= it.title %></h1><%= it.missing %><% for (const user of it.users ?? []) { %>\n<p><%= user %></p><% } %>',
  )
  .write('plain.eta', '<p>plain</p>')
  .write('raw.html', '<%~ it.html %>')
  .write('layouts/page.html', '<!doctype html><title><%= it.title %></title><main><%~ it.body %></main>')
  .write(
    'pages/home.html',
    '<% layout("/layouts/page", { title: "Home" }) %><%~ include("./nav", { at: it.at }) %><%~ include("plain") %>',
  )
  .write('pages/nav.html', '<nav><%= it.at %></nav>')
  .write('throws.html', 'first\nsecond\n<%= it.user.name %>\n')
  .write('deep.html', 'one\n<%~ include("throws", it) %>')
  .write('lost.html', 'one\n\n<%~ include("nowhere") %>')
  .write('says.html', '<% it.fail() %>')
  .write('.hidden.html', 'hidden')
  .write('../outside-of-views.html', 'outside');
const outside = folder.at('../outside-of-views.html');
afterAll(() => folder.remove('../outside-of-views.html'));

class Shout {
  intercept(_ctx: RequestContext, next: { handle(): Observable<unknown> }) {
    return next.handle().pipe(map((value) => ({ ...(value as object), title: 'LOUD' })));
  }
}

@Controller()
class Pages {
  @Get('/value')
  @Render('users.html')
  value() {
    return { title: '<script>"&\'', users: ['Ann', '<b>'] };
  }

  @Get('/promise')
  @Render('users')
  async promise() {
    return Promise.resolve({ title: 'promised' });
  }

  @Get('/observable')
  @Render('users')
  observable() {
    return of({ title: 'first' }, { title: 'last' });
  }

  @Get('/nothing')
  @Render('plain')
  nothing() {}

  @Get('/none')
  @Render('plain')
  none() {
    return of();
  }

  @Get('/loud')
  @Render('users')
  @UseInterceptors(Shout)
  loud() {
    return { title: 'quiet' };
  }

  @Get('/typed')
  @Header('content-type', 'application/xhtml+xml')
  @Header('etag', '"one"')
  @Render('plain')
  typed() {
    return {};
  }

  @Get('/redirect')
  @Render('users')
  redirect(ctx: RequestContext) {
    ctx.redirect('/value');
  }

  @Post('/form')
  @Render('users')
  form(@Body('title') title: string) {
    return { title };
  }

  @Get('/home')
  @Render('pages/home.html')
  home() {
    return { at: '<here>' };
  }

  @Get('/raw')
  @Render('raw')
  raw() {
    return { html: '<b>bold</b>' };
  }

  @Get('/html')
  html(ctx: RequestContext) {
    return ctx.html(202, 'users', { title: 'by the context' });
  }

  @Get('/html-later')
  async htmlLater(ctx: RequestContext) {
    await Promise.resolve();
    await ctx.html(200, 'plain');
  }

  @Get('/named')
  named(@Query('view') view: string, ctx: RequestContext) {
    return ctx.html(200, view, {});
  }

  @Get('/instead')
  async instead(ctx: RequestContext) {
    await ctx.html(200, 'throws', {}).catch(() => ctx.html(500, 'plain'));
  }

  @Get('/forgotten')
  forgotten(ctx: RequestContext) {
    void ctx.html(200, 'throws', {});
  }

  @Get('/twice')
  async twice(ctx: RequestContext) {
    await ctx.html(200, 'plain');
    await ctx.html(200, 'plain');
  }

  @Get('/throws')
  @Render('throws')
  throws() {
    return {};
  }

  @Get('/deep')
  @Render('deep')
  deep() {
    return {};
  }

  @Get('/lost')
  @Render('lost')
  lost() {
    return {};
  }

  @Get('/says')
  @Render('says')
  says() {
    return {
      fail() {
        throw new NotFoundError('There is no such user.');
      },
    };
  }

  @Get('/text')
  @Render('users')
  text() {
    return 'a text';
  }

  @Get('/fails')
  @Render('users')
  fails() {
    throw new NotFoundError('Nobody is here.');
  }
}

const HTML = 'text/html; charset=utf-8';

describe.each(doors)('a page over $name', (door) => {
  describe.each([
    ['watched', true],
    ['kept', false],
  ])('of views that are %s', (_what, watch) => {
    const logger = new RecordingLogger();
    let served: Served;
    let client: Client;

    beforeAll(async () => {
      served = await serveOn(moduleOf([Pages], [Shout]), { views: { root: folder.path, watch }, logger });
      client = await door.connect(served.url);
    });
    afterAll(async () => {
      await client.close();
      await served.app.close();
    });

    const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
      client.ask({ method, path, headers });

    it('shows what the handler gives, escaped', async () => {
      const answer = await ask('/value');
      expect([answer.status, answer.header('content-type')]).toEqual([200, HTML]);
      expect(answer.text).toBe('<h1>&lt;script&gt;&quot;&amp;&#39;</h1><p>Ann</p><p>&lt;b&gt;</p>');
    });

    it.each([
      ['/promise', '<h1>promised</h1>'],
      ['/observable', '<h1>last</h1>'],
      ['/nothing', '<p>plain</p>'],
      ['/none', '<p>plain</p>'],
      ['/loud', '<h1>LOUD</h1>'],
      ['/raw', '<b>bold</b>'],
    ])('of %s is %s', async (path, text) => {
      const answer = await ask(path);
      expect([answer.status, answer.header('content-type'), answer.text]).toEqual([200, HTML, text]);
    });

    it('stands in its layout and has other views in it', async () => {
      expect((await ask('/home')).text).toBe(
        '<!doctype html><title>Home</title><main><nav>&lt;here&gt;</nav><p>plain</p></main>',
      );
    });

    it('answers HEAD with the same head and conditions with 304', async () => {
      const head = await ask('/value', {}, 'HEAD');
      expect([head.status, head.header('content-type'), head.text]).toEqual([200, HTML, '']);
      expect((await ask('/typed', { 'if-none-match': '"one"' })).status).toBe(304);
    });

    it('has the status and the type that were said', async () => {
      const form = await client.ask({
        method: 'POST',
        path: '/form',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'title=sent',
      });
      expect([form.status, form.text]).toEqual([201, '<h1>sent</h1>']);
      expect((await ask('/typed')).header('content-type')).toBe('application/xhtml+xml');
    });

    it('is not made where the handler has answered already', async () => {
      const answer = await ask('/redirect');
      expect([answer.status, answer.header('location'), answer.text]).toEqual([302, '/value', '']);
      expect(logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
    });

    it('is sent by the context', async () => {
      const answer = await ask('/html');
      expect([answer.status, answer.header('content-type'), answer.text]).toEqual([202, HTML, '<h1>by the context</h1>']);
      expect((await ask('/html-later')).text).toBe('<p>plain</p>');
    });

    it('is sent once', async () => {
      const answer = await ask('/twice');
      expect([answer.status, answer.text]).toEqual([200, '<p>plain</p>']);
      await soon(() => {
        expect(logger.lines.map(({ fields }) => (fields.err as { code?: string } | undefined)?.code)).toContain(
          'CONTEXT_ALREADY_ANSWERED',
        );
      });
    });

    it('that is made of nothing there, or outside of the folder, is a 500 that says nothing of the machine', async () => {
      const names = ['nowhere', '../outside-of-views.html', '../outside-of-views', outside, '/etc/passwd', '.hidden', '.hidden.html', '@users', 'pages', '', 'a\0b', 'pages/../../outside-of-views', '..\\outside-of-views', 'x'.repeat(3_000), '__proto__']; // prettier-ignore
      for (const name of names) {
        const answer = await ask(`/named?view=${encodeURIComponent(name)}`);
        expect([name, answer.status, answer.json()]).toEqual([
          name,
          500,
          expect.objectContaining({ code: 'VIEW_UNKNOWN', detail: 'The page could not be made.' }),
        ]);
      }
    });

    it('that fails tells the client nothing and the log the file and the line', async () => {
      const told = async (path: string): Promise<string> => {
        const answer = await ask(path);
        expect([answer.status, answer.json()]).toMatchObject([500, { detail: 'The page could not be made.' }]);
        expect(answer.text).not.toMatch(/throws|rockstar|undefined/);
        const { err, code } = logger.lines.filter(({ level }) => level === 'error').at(-1)?.fields as {
          err: Error;
          code: string;
        };
        return `${code}: ${err.message}`;
      };
      expect(await told('/throws')).toMatch(/^VIEW_FAILED: throws\.html:3: TypeError: Cannot read properties of undefined/);
      expect(await told('/deep')).toMatch(/^VIEW_FAILED: throws\.html:3: TypeError/);
      expect(await told('/lost')).toMatch(/VIEW_UNKNOWN: The view nowhere, asked for by lost\.html, is not in the folder/);
      expect(await told('/text')).toMatch(/VIEW_DATA_INVALID: The view users takes an object.*Pages\.text gave it a string/);
    });

    it('that meets a failure with a status of its own, or whose handler does, answers with that', async () => {
      expect((await ask('/says')).json()).toMatchObject({ status: 404, detail: 'There is no such user.' });
      expect((await ask('/fails')).json()).toMatchObject({ status: 404, detail: 'Nobody is here.' });
    });

    it('can be given instead of one that failed', async () => {
      const answer = await ask('/instead');
      expect([answer.status, answer.text]).toEqual([500, '<p>plain</p>']);
    });

    it('that nobody waits for is no success when it failed', async () => {
      expect((await ask('/forgotten')).status).toBe(500);
    });
  });
});

describe('a view', () => {
  const changing = newFolder();

  async function twice(watch: boolean): Promise<string[]> {
    changing.write('page.html', '<%~ include("part") %>').write('part.html', 'before');
    @Controller()
    class Page {
      @Get('/')
      @Render('page')
      page() {}
    }
    const app = await appOf([Page], { views: { root: changing.path, watch } });
    const before = await app.request({ url: '/' });
    changing.write('part.html', 'after');
    const after = await app.request({ url: '/' });
    return [before.text(), after.text()];
  }

  it('that changes is read anew where views are watched, and not where they are not', async () => {
    expect(await twice(true)).toEqual(['before', 'after']);
    expect(await twice(false)).toEqual(['before', 'before']);
  });

  it('that leads out of the folder by a link is none', async () => {
    changing.link('link.html', outside);
    @Controller()
    class Page {
      @Get('/')
      @Render('link')
      page() {}
    }
    expect(await mistakesOf([Page], { views: changing.path })).toMatchObject([{ code: 'VIEW_UNKNOWN' }]);
  });
});

describe('what is wrong with views is told at start', () => {
  const broken = newFolder();
  broken
    .write('unclosed.html', 'one\n<% if (true) {')
    .write('code.html', 'one\ntwo\n<%= it.name + %>\nfour')
    .write('brace.html', 'one\n<% if (it.a) { %>\nthree')
    .write('users/list.html', '');

  @Controller()
  class Page {
    @Get('/unclosed') @Render('unclosed') unclosed() {}
    @Get('/code') @Render('code') code() {}
    @Get('/brace') @Render('brace') brace() {}
    @Get('/unknown') @Render('users/lists') unknown() {}
    @Get('/far') @Render('something else') far() {}
  }

  it('all at once, with lines and near names', async () => {
    const mistakes = await mistakesOf([Page], { views: broken.path });
    expect(mistakes.map(({ message }) => message.replaceAll(broken.path, 'ROOT'))).toEqual([
      'VIEW_INVALID: The view unclosed.html is no valid template: unclosed tag at line 2 col 1.',
      expect.stringMatching(/^VIEW_INVALID: The view code\.html is no valid template: Unexpected .*, in the tag of line 3\.$/),
      expect.stringMatching(/^VIEW_INVALID: The view brace\.html is no valid template: .*\.$/),
      'VIEW_UNKNOWN: The view users/lists, asked for by Page.unknown, is not in the folder ROOT. Did you mean users/list.html?',
      'VIEW_UNKNOWN: The view something else, asked for by Page.far, is not in the folder ROOT. Views are named by their path below it.',
    ]);
  });

  it('also that there are none', async () => {
    @Controller()
    class Lonely {
      @Get('/')
      @Render('page')
      page() {}
    }
    expect((await mistakesOf([Lonely])).map(({ message }) => message)).toEqual([
      "VIEWS_NOT_CONFIGURED: Lonely.page makes a page of the view page, but the application has no views. Give createApp the option views: './views'.",
    ]);
  });

  it('and to a request that asks for one all the same', async () => {
    @Controller()
    class Asking {
      @Get('/')
      page(ctx: RequestContext) {
        return ctx.html(200, 'page');
      }
    }
    const answer = await (await appOf([Asking], { logger: false })).request({ url: '/' });
    expect(answer.json()).toMatchObject({ status: 500, code: 'VIEWS_NOT_CONFIGURED', detail: 'The page could not be made.' });
  });

  it('also that a route makes none, and has one', async () => {
    @Controller()
    class Others {
      @Sse('/events') @Render('plain') events() {
        return of(1);
      }
      @Hijack('/raw') @Render('plain') raw(connection: HijackedConnection) {
        void connection.close();
      }
    }
    expect((await mistakesOf([Others], { views: folder.path })).map(({ message }) => message)).toEqual([
      'ROUTE_OPTION_INVALID: @Render of Others.events makes a page, but the route answers with events. Take it away.',
      'ROUTE_OPTION_INVALID: @Render of Others.raw makes a page, but the route answers with its connection. Take it away.',
    ]);
  });

  it('of a controller is not for its routes without pages', async () => {
    @Controller()
    @Render('plain')
    class Both {
      @Get('/page') page() {}
      @Sse('/events') events() {
        return of('an event');
      }
    }
    const app = await appOf([Both], { views: folder.path });
    expect((await app.request({ url: '/page' })).text()).toBe('<p>plain</p>');
    expect((await app.request({ url: '/events' })).text()).toBe('data: an event\n\n');
  });

  it.each([
    ['a list', [1], 'an array'],
    ['a map', new Map([['a', 1]]), 'a list'],
    ['bytes', Buffer.from('a'), 'a list'],
    ['a stream', Readable.from(['a']), 'a stream or generator'],
    ['a number', 5, 'a number'],
  ])('and what is no object for a view to the log: %s', async (_what, value, got) => {
    @Controller()
    class Wrong {
      @Get('/')
      @Render('plain')
      page(): unknown {
        return value;
      }
    }
    const logger = new RecordingLogger();
    const app = await appOf([Wrong], { views: folder.path, logger });
    expect((await app.request({ url: '/' })).json()).toMatchObject({ status: 500, code: 'VIEW_DATA_INVALID' });
    expect(logger.lines.map(({ fields }) => String((fields.err as Error | undefined)?.message))).toContainEqual(
      `VIEW_DATA_INVALID: The view plain takes an object, whose members it reads as it.name, or nothing; Wrong.page gave it ${got}.`,
    );
  });

  it('of a route has the last word over that of its controller', async () => {
    @Controller()
    @Render('plain')
    class Both {
      @Get('/own') @Render('users') own() {
        return { title: 'own' };
      }
      @Get('/common') common() {}
    }
    const app = await appOf([Both], { views: folder.path });
    expect((await app.request({ url: '/own' })).text()).toBe('<h1>own</h1>');
    expect((await app.request({ url: '/common' })).text()).toBe('<p>plain</p>');
  });
});
