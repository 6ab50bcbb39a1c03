import { ConflictError, Controller, Get, Head, Header, HttpCode, Module, RequestContext } from 'rockstar-web';
import { createTestApp, type TestApplication } from 'rockstar-web/testing';
import { appOf, mistakesOf } from '../testing/app-of';

@Controller()
class Lengths {
  @Get('/empty')
  @HttpCode(200)
  empty(ctx: RequestContext): void {
    ctx.setHeader('content-length', '5');
  }

  @Get('/short')
  async *short(ctx: RequestContext): AsyncGenerator<string> {
    ctx.setHeader('content-length', '3');
    yield await Promise.resolve('abcdefghij');
  }

  @Get('/json')
  json(ctx: RequestContext): object {
    ctx.setHeader('content-length', '2');
    return { a: 1 };
  }

  @Head('/stated')
  @HttpCode(200)
  stated(ctx: RequestContext): void {
    ctx.setHeader('content-length', '1234');
  }

  @Get('/links')
  links(ctx: RequestContext): string {
    ctx.setHeader('link', ['</a>', '</b>']);
    ctx.setHeader('link', ['</c>', '</d>']);
    return 'x';
  }

  @Get('/touched')
  touched(ctx: RequestContext): string {
    ctx.response.setHeader('x-by-hand', '1');
    ctx.setHeader('link', ['</a>', '</b>']);
    ctx.setCookie('one', '1');
    ctx.setCookie('two', '2');
    return 'x';
  }

  @Get('/tagged')
  @Header('ETag', '"v1"')
  tagged(): string {
    return 'x';
  }

  @Get('/failing')
  @Header('Content-Encoding', 'gzip')
  @Header('ETag', '"v1"')
  @Header('X-Served-By', 'a')
  failing(ctx: RequestContext): never {
    ctx.setHeader('access-control-allow-origin', '*');
    ctx.setHeader('content-disposition', 'attachment');
    ctx.setCookie('session', '', { maxAge: 0 });
    throw new ConflictError('no');
  }

  @Get('/admin/secret')
  secret(ctx: RequestContext): string {
    return ctx.path;
  }

  @Get('/')
  root(ctx: RequestContext): string {
    return ctx.path;
  }
}

describe('how an answer is framed', () => {
  let app: TestApplication;
  beforeEach(async () => {
    app = await appOf([Lengths]);
  });

  it.each([
    ['/empty', '0', ''],
    ['/json', '7', '{"a":1}'],
    ['/short', undefined, 'abcdefghij'],
  ])('is up to the server: %s says a wrong length, and nobody is misled', async (url, length, text) => {
    const response = await app.request({ url });
    expect([response.headers['content-length'], response.text()]).toEqual([length, text]);
  });

  it('tells the length that a handler of HEAD states', async () => {
    expect((await app.request({ method: 'HEAD', url: '/stated' })).headers['content-length']).toBe('1234');
  });

  it('is not for a decorator to say', async () => {
    @Controller()
    class Chunked {
      @Get('/')
      @Header('Transfer-Encoding', 'chunked')
      get(): string {
        return 'x';
      }
    }
    expect(await mistakesOf([Chunked])).toMatchObject([{ code: 'ROUTE_OPTION_INVALID' }]);
  });

  it('has the last of what was set under a name, and all of a list', async () => {
    expect((await app.request({ url: '/links' })).headers.link).toBe('</c>, </d>');
    const { headers } = await app.request({ url: '/touched' });
    expect([headers.link, headers['x-by-hand'], headers['set-cookie']]).toEqual([
      '</a>, </b>',
      '1',
      [expect.stringMatching(/^one=1;/), expect.stringMatching(/^two=2;/)],
    ]);
  });

  it('is conditional on what the route says for all its answers, too', async () => {
    const statuses = await Promise.all(
      ['"v1"', 'W/"v1"', '"v0", "v1"', '*', '"v2"'].map(
        async (tag) => (await app.request({ url: '/tagged', headers: { 'if-none-match': tag } })).status,
      ),
    );
    expect(statuses).toEqual([304, 304, 304, 304, 200]);
    expect((await app.request({ url: '/tagged', headers: { 'if-match': '"v2"' } })).status).toBe(412);
  });

  it('of a failure says nothing of the content that did not come, and keeps what is for the client', async () => {
    const { status, headers } = await app.request({ url: '/failing' });
    const { 'content-encoding': coding, etag, 'content-disposition': disposition } = headers;
    expect([status, coding, etag, disposition]).toEqual([409, undefined, undefined, undefined]);
    expect(headers).toMatchObject({
      'content-type': 'application/problem+json',
      'x-served-by': 'a',
      'access-control-allow-origin': '*',
      'set-cookie': [expect.stringContaining('session=')],
    });
  });

  it.each(['*admin/secret', 'xadmin/secret', '*'])('is 400 for the request target %s, which is no path', async (url) => {
    expect((await app.request({ url })).status).toBe(400);
  });

  it('takes the absolute form of a request target (RFC 9112 §3.2.2)', async () => {
    expect((await app.request({ url: 'http://x' })).text()).toBe('/');
    expect((await app.request({ url: 'http://x/admin/secret' })).text()).toBe('/admin/secret');
  });
});

it('answers a request for readiness also while a plugin takes its time to stop', async () => {
  let stopped = (): void => undefined;
  @Module({})
  class Slow {
    stop(): Promise<void> {
      return new Promise((resolve) => (stopped = resolve));
    }
  }
  const app = await createTestApp(Slow);
  const closing = app.close();
  await new Promise((resolve) => setImmediate(resolve));
  const ready = await app.request({ url: '/health/ready' });
  expect([ready.status, ready.json()]).toEqual([503, { status: 'stopping' }]);
  stopped();
  await closing;
});
