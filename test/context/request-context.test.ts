import { Controller, Get, Headers, Post, RequestContext, SetMetadata } from 'rockstar-web';
import { type Client, doors, http1, moduleOf, type Served, serveOn, withClient } from '../journeys/doors';
import { appOf, ask, failureOf } from '../testing/app-of';
import { keepLines } from './lines';

@Controller('/ctx')
class Contexts {
  @Get('/request/:id/*')
  @SetMetadata('key', 'value')
  request(context: RequestContext) {
    return {
      method: context.method,
      path: context.path,
      version: context.httpVersion,
      route: context.route,
      id: context.param('id'),
      rest: context.param('*'),
      none: context.param('none'),
      query: context.query,
      header: context.header('X-Thing'),
      cookies: context.cookies,
      ip: context.ip,
      metadata: context.metadata('key'),
      user: context.user,
      status: context.status,
    };
  }

  @Post('/body')
  async body(context: RequestContext) {
    return { body: await context.body() };
  }

  @Get('/same')
  same(context: RequestContext) {
    context.set('key', 1);
    const symbol = Symbol('key');
    context.set(symbol, 2);
    return [
      context.get('key'),
      context.get(symbol),
      context.get('other'),
      context.id === context.id,
      context.signal === context.signal,
    ];
  }

  @Get('/headers')
  headers(context: RequestContext) {
    context.setHeader('X-One', 1);
    context.setHeader('x-one', 'two');
    context.setHeader('Set-Cookie', ['a=1', 'b=2']);
    context.setHeader('Link', ['</a>', '</b>']);
    context.setCookie('plain', 'a b;c');
    context.setCookie('short', 'x', { maxAge: 60, path: '/ctx', sameSite: 'strict', httpOnly: false });
    context.status = 203;
    return 'headers';
  }

  @Get('/raw')
  raw(context: RequestContext) {
    return { url: context.request.url, method: context.request.method, agent: context.request.headers['x-thing'] };
  }

  @Get('/raw/set')
  rawSet(context: RequestContext) {
    context.response.setHeader('X-Raw', 'yes');
    context.setHeader('x-context', 'yes');
    context.setCookie('a', '1');
    return { touched: true };
  }

  @Get('/raw/end')
  rawEnd(context: RequestContext) {
    context.response.statusCode = 202;
    context.response.setHeader('content-type', 'text/plain');
    context.response.end('by hand');
  }

  @Get('/raw/later')
  async rawLater(context: RequestContext) {
    context.response.writeHead(200, { 'content-type': 'text/plain' });
    context.response.write('one,');
    await new Promise((resolve) => setImmediate(resolve));
    context.response.end('two');
  }
}

describe.each(doors)('the context over $name', ({ connect, version }) => {
  let served: Served;
  let client: Client;

  beforeAll(async () => {
    served = await serveOn(moduleOf([Contexts]));
    client = await connect(served.url);
  });

  afterAll(async () => {
    await client.close();
    await served.app.close();
  });

  it('says everything of the request', async () => {
    const answer = await client.ask({
      path: '/ctx/request/J%C3%BCrgen/a/b?q=1&list=a&list=b&empty=&%C3%A4=%E2%82%AC',
      headers: { 'x-thing': 'thing', cookie: 'a=1; b=%20x' },
    });
    expect(answer.json()).toEqual({
      method: 'GET',
      path: '/ctx/request/J%C3%BCrgen/a/b',
      version,
      route: { pattern: '/ctx/request/:id/*', handler: 'Contexts.request' },
      id: 'Jürgen',
      rest: 'a/b',
      query: { q: '1', list: ['a', 'b'], empty: '', ä: '€' },
      header: 'thing',
      cookies: { a: '1', b: ' x' },
      ip: '127.0.0.1',
      metadata: 'value',
      status: 200,
    });
  });

  it('reads the body by its content type', async () => {
    const json = { 'content-type': 'application/json' };
    const answer = await client.ask({ method: 'POST', path: '/ctx/body', headers: json, body: '{"a":[1]}' });
    expect(answer.json()).toEqual({ body: { a: [1] } });
    expect((await client.ask({ method: 'POST', path: '/ctx/body' })).json()).toEqual({});
  });

  it('keeps values, and gives the same name and signal each time', async () => {
    expect((await client.ask({ path: '/ctx/same' })).json()).toEqual([1, 2, null, true, true]);
  });

  it('sets headers and cookies: a name set again is replaced, a list is a list', async () => {
    const answer = await client.ask({ path: '/ctx/headers' });
    expect([answer.status, answer.text, answer.header('x-one')]).toEqual([203, 'headers', 'two']);
    expect(answer.header('link')).toBe('</a>, </b>');
    expect(answer.header('set-cookie')).toBe(
      ['a=1', 'b=2', 'plain=a%20b%3Bc; Path=/; HttpOnly; SameSite=Lax', 'short=x; Max-Age=60; Path=/ctx; SameSite=Strict'].join(
        ', ',
      ),
    );
  });

  it("hands out Node's request", async () => {
    expect((await client.ask({ path: '/ctx/raw?x=1', headers: { 'x-thing': 'y' } })).json()).toEqual({
      url: '/ctx/raw?x=1',
      method: 'GET',
      agent: 'y',
    });
  });

  it("hands out Node's response: what is set there goes along with the answer", async () => {
    const answer = await client.ask({ path: '/ctx/raw/set' });
    expect([answer.status, answer.json(), answer.header('x-raw'), answer.header('x-context')]).toEqual([
      200,
      { touched: true },
      'yes',
      'yes',
    ]);
    expect(answer.header('set-cookie')).toContain('a=1');
  });

  it("hands out Node's response: ending it by hand is the answer", async () => {
    const answer = await client.ask({ path: '/ctx/raw/end' });
    expect([answer.status, answer.text, answer.header('content-type')]).toEqual([202, 'by hand', 'text/plain']);
    expect((await client.ask({ path: '/ctx/raw/later' })).text).toBe('one,two');
    expect((await client.ask({ path: '/ctx/same' })).status).toBe(200);
  });
});

describe('the context', () => {
  it('has the path without the origin when the target was absolute', async () => {
    @Controller()
    class Paths {
      @Get('/a')
      get(context: RequestContext) {
        return { path: context.path, query: context.query };
      }
    }
    await withClient(http1, moduleOf([Paths]), {}, async (client) => {
      expect((await client.ask({ path: 'http://other.test/a?b=1' })).json()).toEqual({ path: '/a', query: { b: '1' } });
      expect((await client.ask({ path: '/a?x=/#fragment' })).json()).toMatchObject({ path: '/a' });
    });
  });

  it('joins a header that came more than once, and has no names that a client did not send', async () => {
    @Controller()
    class Names {
      @Get('/')
      get(context: RequestContext, @Headers('toString') header: string) {
        return [
          context.header('x-list'),
          context.header('toString'),
          context.query.constructor,
          context.cookies.valueOf,
          header,
        ].map(String);
      }
    }
    const response = await ask(Names, { url: '/', headers: { 'x-list': ['a', 'b'] } });
    expect(response.json()).toEqual(['a, b', 'undefined', 'undefined', 'undefined', 'undefined']);
  });

  it('logs lines that carry the id and the route of the request', async () => {
    const { logger, lines } = keepLines();
    @Controller()
    class Logging {
      @Get('/users/:id')
      get(context: RequestContext) {
        context.logger.info('hello', { extra: 1 });
        return context.id;
      }
    }
    const app = await appOf([Logging], { logger });
    const one = (await app.request({ url: '/users/1' })).text();
    const other = (await app.request({ url: '/users/2' })).text();
    expect(one).toMatch(/^[0-9a-f-]{36}$/);
    expect(one).not.toBe(other);
    expect(lines.filter(({ message }) => message === 'hello').map(({ fields }) => fields)).toEqual([
      { requestId: one, route: '/users/:id', extra: 1 },
      { requestId: other, route: '/users/:id', extra: 1 },
    ]);
  });

  it('has the metrics of the application', async () => {
    @Controller()
    class Measured {
      @Get('/')
      get(context: RequestContext) {
        context.metrics.counter('hello.count', { description: 'Hellos.' }).add(1);
        return 'counted';
      }
    }
    const app = await appOf([Measured]);
    await app.request({ url: '/' });
    expect((await app.request({ url: '/metrics' })).text()).toMatch(/^hello_count_total 1$/m);
  });

  it.each([
    ['a line break in a value', 'x-a', 'one\r\nset-cookie: evil=1'],
    ['a NUL in a value', 'x-a', 'one\0two'],
    ['what no header can carry', 'x-a', 'snow ☃'],
    ['a space in a name', 'x a', 'one'],
    ['a line break in a name', 'x-a\r\nx-b', 'one'],
    ['an empty name', '', 'one'],
    ['a line break in one of several', 'x-a', ['fine', 'not\nfine']],
  ])('refuses a header with %s', async (_what, name, value) => {
    @Controller()
    class Injected {
      @Get('/')
      get(context: RequestContext) {
        context.setHeader(name, value);
        return 'sent';
      }
    }
    const { logger, lines } = keepLines();
    const response = await ask(Injected, { url: '/' }, { logger });
    expect([response.status, response.headers['x-a'], response.headers['set-cookie'], failureOf(response).code]).toEqual([
      500,
      undefined,
      undefined,
      'CONTEXT_HEADER_INVALID',
    ]);
    expect(lines.some(({ level, fields }) => level === 'error' && fields.code === 'CONTEXT_HEADER_INVALID')).toBe(true);
  });

  it.each([
    ['a line break in its value', (context: RequestContext) => context.setCookie('a', 'b\r\nset-cookie: evil=1')],
    ['a name that is none', (context: RequestContext) => context.setCookie('a b', 'c')],
    ['a path that ends it', (context: RequestContext) => context.setCookie('a', 'b', { path: '/; Domain=evil' })],
  ])('lets no cookie through that has %s', async (_what, set) => {
    @Controller()
    class Injected {
      @Get('/')
      get(context: RequestContext) {
        set(context);
        return 'sent';
      }
    }
    const response = await ask(Injected, { url: '/' });
    const cookies = [response.headers['set-cookie'] ?? []].flat();
    expect(cookies.filter((cookie) => /evil=1$|Domain=evil|a b/.test(cookie))).toEqual([]);
    expect(cookies.length).toBeLessThanOrEqual(1);
  });

  it('marks cookies as secure on an encrypted connection', async () => {
    await withClient(http1, moduleOf([Contexts]), { http2: false, tls: 'self-signed' }, async (client) => {
      const { header } = await client.ask({ path: '/ctx/headers' });
      expect(header('set-cookie')).toContain('plain=a%20b%3Bc; Path=/; HttpOnly; Secure; SameSite=Lax');
    });
  });

  it.each([199, 600, 200.5, NaN, '200'])('refuses the status %p', async (status) => {
    @Controller()
    class Statuses {
      @Get('/set')
      set(context: RequestContext) {
        context.status = status as number;
      }
      @Get('/json')
      json(context: RequestContext) {
        context.json(status as number, {});
      }
      @Get('/text')
      text(context: RequestContext) {
        context.text(status as number, '');
      }
    }
    const app = await appOf([Statuses]);
    for (const url of ['/set', '/json', '/text']) {
      expect(failureOf(await app.request({ url }))).toMatchObject({ status: 500, code: 'CONTEXT_STATUS_INVALID' });
    }
  });
});
