/* eslint @typescript-eslint/no-inferrable-types: 'off' -- what is not written is not emitted */
import { Readable } from 'node:stream';
import { IsInt, IsOptional, IsString, Length, Min, ValidateNested } from 'class-validator';
import {
  Body,
  BadRequestError,
  Controller,
  Cookies,
  createParamDecorator,
  Ctx,
  Get,
  Headers,
  Inject,
  Injectable,
  Param,
  ParseIntPipe,
  Post,
  Query,
  RequestContext,
  Signal,
  token,
} from 'rockstar-web';
import { appOf, ask, failureOf } from '../testing/app-of';

/** The paths and messages a client is told of. */
function issuesOf(response: Parameters<typeof failureOf>[0]): string[] {
  const { status, code, errors = [] } = failureOf(response);
  expect([status, code]).toEqual([400, 'VALIDATION_FAILED']);
  return errors.map(({ path }) => path);
}

describe('a parameter of the path, the query, the headers and the cookies', () => {
  @Controller('/text')
  class Text {
    @Get('/param/:name/:id/*')
    param(@Param('name') name: string, @Param('id') id: number, @Param('*') rest: string, @Param() all: Record<string, string>) {
      return { name, id, rest, all };
    }

    @Get('/query')
    query(
      @Query('n') n: number = 7,
      @Query('yes') yes?: boolean,
      @Query('big') big?: bigint,
      @Query('day') day?: Date,
      @Query('tags') tags?: string[],
      @Query('text') text?: string,
      @Query('plan') plan?: 'free' | 'pro',
    ) {
      return { n, yes, big: big?.toString(), day, tags, text, plan };
    }

    @Get('/headers')
    headers(@Headers('X-Count') count: number, @Headers('x-text') text: string, @Headers() all: Record<string, string>) {
      return { count, text, all: all['x-text'] };
    }

    @Get('/cookies')
    cookies(@Cookies('count') count: number, @Cookies('missing') missing: string, @Cookies() all: Record<string, string>) {
      return { count, missing, all };
    }
  }

  it('is converted to its declared type', async () => {
    const app = await appOf([Text]);
    const path = await app.request({ url: '/text/param/J%C3%BCrgen%2F/-5/a/b' });
    expect(path.json()).toEqual({ name: 'Jürgen/', id: -5, rest: 'a/b', all: { name: 'Jürgen/', id: '-5', '*': 'a/b' } });
    const query = await app.request({
      url: '/text/query?n=1.5&yes=true&big=90071992547409919&day=2026-01-31&tags=a&tags=b&text=+x+&plan=any',
    });
    expect(query.json()).toEqual({
      n: 1.5,
      yes: true,
      big: '90071992547409919',
      day: '2026-01-31T00:00:00.000Z',
      tags: ['a', 'b'],
      text: ' x ',
      plan: 'any',
    });
    const headers = await app.request({ url: '/text/headers', headers: { 'x-count': '3', 'X-Text': 'hello' } });
    expect(headers.json()).toEqual({ count: 3, text: 'hello', all: 'hello' });
    const cookies = await app.request({ url: '/text/cookies', headers: { cookie: 'count=4; name=J%C3%BCrgen' } });
    expect(cookies.json()).toEqual({ count: 4, all: { count: '4', name: 'Jürgen' } });
  });

  it('is undefined when it is absent, so that its default applies', async () => {
    expect((await ask(Text, { url: '/text/query' })).json()).toEqual({ n: 7 });
  });

  it('is refused with 400 when it does not fit, all that are faulty in one answer', async () => {
    const app = await appOf([Text]);
    const response = await app.request({ url: '/text/query?n=1e999&yes=1&big=1.5&day=2026-02-30&text=a&text=b&tags=x' });
    expect(issuesOf(response)).toEqual(['n', 'yes', 'big', 'day', 'text']);
    expect(failureOf(response).errors?.[1]).toEqual({ path: 'yes', message: 'yes must be true or false', code: 'isBoolean' });
    expect(issuesOf(await app.request({ url: '/text/param/a/5x/rest' }))).toEqual(['id']);
    expect(issuesOf(await app.request({ url: '/text/headers', headers: { 'x-count': 'many' } }))).toEqual(['X-Count']);
  });

  it('of a declared class is converted and checked as a whole; unknown names are refused where a client chose them', async () => {
    class Page {
      @IsInt()
      @Min(1)
      page: number = 1;

      @IsOptional()
      @IsString({ each: true })
      tag?: string[];
    }
    class Trace {
      @IsString()
      @Length(4)
      traceparent!: string;
    }
    @Controller()
    class Whole {
      @Get('/')
      list(@Query() query: Page, @Headers() trace: Trace) {
        return { query, isPage: query instanceof Page, trace };
      }
    }
    const app = await appOf([Whole]);
    const good = await app.request({ url: '/?page=2&tag=a', headers: { traceparent: '00-1' } });
    expect(good.json()).toEqual({ query: { page: 2, tag: ['a'] }, isPage: true, trace: { traceparent: '00-1' } });
    const faulty = issuesOf(await app.request({ url: '/?page=zero&colour=red' }));
    expect([...new Set(faulty)].sort()).toEqual(['colour', 'page', 'traceparent']);
  });
});

describe('a body', () => {
  class Address {
    @IsString()
    city!: string;
  }
  class NewUser {
    @IsString()
    name!: string;

    @IsInt()
    age!: number;

    @IsOptional()
    @ValidateNested()
    address?: Address;
  }

  @Controller('/body')
  class Bodies {
    @Post('/class/:id')
    asClass(@Param('id') id: number, @Body() user: NewUser, @Query('dry') dry?: boolean) {
      return { id, user, isUser: user instanceof NewUser, dry };
    }

    @Post('/text')
    asText(@Body() text: string) {
      return { text };
    }

    @Post('/bytes')
    asBytes(@Body() bytes: Buffer) {
      return { length: bytes.length, isBuffer: Buffer.isBuffer(bytes) };
    }

    @Post('/stream')
    async asStream(@Body() stream: Readable) {
      let length = 0;
      for await (const chunk of stream) length += (chunk as Buffer).length;
      return { length };
    }

    @Post('/unknown')
    asUnknown(@Body() body: unknown) {
      return { body: Buffer.isBuffer(body) ? 'bytes' : body };
    }

    @Post('/list')
    asList(@Body() list: string[]) {
      return { list };
    }

    @Post('/parts')
    inParts(
      @Body('name') name: string,
      @Body('age') age: number,
      @Body('since') since: Date,
      @Body('tags') tags: string[],
      @Body('address') address: Address,
      @Body('anything') anything: unknown,
    ) {
      return { name, age, since, tags, address, anything };
    }
  }

  const json = (url: string, body: unknown) => ({ method: 'POST', url, body });
  const form = (url: string, body: string) => ({
    method: 'POST',
    url,
    body,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });

  it('of a declared class is checked, and made an instance of it, from JSON and from a form', async () => {
    const app = await appOf([Bodies]);
    const user = { name: 'Ada', age: 36, address: { city: 'London' } };
    expect((await app.request(json('/body/class/1', user))).json()).toEqual({ id: 1, user, isUser: true });
    const fromForm = await app.request(form('/body/class/1?dry=true', 'name=Ada+L&age=36'));
    expect(fromForm.json()).toEqual({ id: 1, user: { name: 'Ada L', age: 36 }, isUser: true, dry: true });
  });

  it('is refused together with other faulty parameters, whichever comes first', async () => {
    const app = await appOf([Bodies]);
    const faulty = await app.request(json('/body/class/one?dry=perhaps', { name: 7, address: { city: 1 }, extra: true }));
    expect(issuesOf(faulty).sort()).toEqual(['address.city', 'age', 'dry', 'extra', 'id', 'name']);
    expect(issuesOf(await app.request(json('/body/class/1?dry=perhaps', { name: 'Ada', age: 36 })))).toEqual(['dry']);
    expect(issuesOf(await app.request(json('/body/class/one', { name: 'Ada', age: 36 })))).toEqual(['id']);
  });

  it.each([
    ['malformed JSON', { body: '{"name":', headers: { 'content-type': 'application/json' } }, 400, 'BODY_MALFORMED'],
    ['JSON that is no object', { body: '7', headers: { 'content-type': 'application/json' } }, 400, 'VALIDATION_FAILED'],
    ['another content type', { body: '<user/>', headers: { 'content-type': 'text/xml' } }, 415, 'BODY_TYPE_UNSUPPORTED'],
    ['no body at all', {}, 400, 'VALIDATION_FAILED'],
    ['nothing of another content type', { headers: { 'content-type': 'text/xml' } }, 415, 'BODY_TYPE_UNSUPPORTED'],
    ['nothing of the right content type', { headers: { 'content-type': 'application/json' } }, 400, 'BODY_MALFORMED'],
    ['a forbidden key', { body: '{"__proto__":{}}', headers: { 'content-type': 'application/json' } }, 400, 'BODY_MALFORMED'],
  ])('is refused when it is %s', async (_what, request, status, code) => {
    const response = await ask(Bodies, { method: 'POST', url: '/body/class/1', ...request });
    expect([response.status, failureOf(response).code]).toEqual([status, code]);
  });

  it('is one without properties when there is none and no content type: each that is missing is told', async () => {
    const app = await appOf([Bodies]);
    expect(issuesOf(await app.request({ method: 'POST', url: '/body/class/1' })).sort()).toEqual(['age', 'name']);
    expect((await app.request({ method: 'POST', url: '/body/parts' })).json()).toEqual({});
    expect((await app.request({ method: 'POST', url: '/body/list' })).status).toBe(415);
    expect(issuesOf(await app.request(json('/body/list', { 0: 'a' })))).toEqual(['']);
  });

  it('is refused with 413 when it is larger than bodyLimitBytes', async () => {
    const response = await ask(Bodies, { method: 'POST', url: '/body/text', body: 'x'.repeat(101) }, { bodyLimitBytes: 100 });
    expect([response.status, failureOf(response).code]).toEqual([413, 'BODY_TOO_LARGE']);
  });

  it('is text, bytes, a stream or whatever its content type says, as it is declared', async () => {
    const app = await appOf([Bodies]);
    expect((await app.request({ method: 'POST', url: '/body/text', body: 'héllo' })).json()).toEqual({ text: 'héllo' });
    expect((await app.request({ method: 'POST', url: '/body/bytes', body: Buffer.alloc(5) })).json()).toEqual({
      length: 5,
      isBuffer: true,
    });
    expect((await app.request({ method: 'POST', url: '/body/stream', body: 'x'.repeat(9) })).json()).toEqual({ length: 9 });
    expect((await app.request(json('/body/unknown', [1]))).json()).toEqual({ body: [1] });
    expect((await app.request(form('/body/unknown', 'a=1&a=2'))).json()).toEqual({ body: { a: ['1', '2'] } });
    expect((await app.request({ method: 'POST', url: '/body/unknown' })).json()).toEqual({});
    expect((await app.request(json('/body/list', ['a']))).json()).toEqual({ list: ['a'] });
  });

  it('gives its properties one by one, each as it is declared', async () => {
    const app = await appOf([Bodies]);
    const whole = {
      name: 'Ada',
      age: 36,
      since: '2026-01-31',
      tags: ['a'],
      address: { city: 'London' },
      anything: { at: 'all' },
    };
    expect((await app.request(json('/body/parts', whole))).json()).toEqual({ ...whole, since: '2026-01-31T00:00:00.000Z' });
    expect((await app.request(json('/body/parts', {}))).json()).toEqual({});
    expect((await app.request(form('/body/parts', 'name=Ada&age=36&tags=one'))).json()).toEqual({
      name: 'Ada',
      age: 36,
      tags: ['one'],
    });
    const faulty = await app.request(
      json('/body/parts', { name: 7, age: '36', since: 'today', tags: 'a', address: { city: 1 } }),
    );
    expect(issuesOf(faulty)).toEqual(['name', 'age', 'since', 'tags', 'address.city']);
  });
});

describe('a parameter of another kind', () => {
  const LIMIT = token<number>('limit');

  @Injectable()
  class Counter {
    private count = 0;
    next() {
      return ++this.count;
    }
  }

  @Injectable({ scope: 'request' })
  class PerRequest {
    readonly id: number;
    constructor(counter: Counter) {
      this.id = counter.next();
    }
  }

  const Agent = createParamDecorator((_data, context) => context.header('user-agent'));
  const Part = createParamDecorator<string>((name, context) => context.query[name ?? '']);
  const Later = createParamDecorator(async (_data, context) => {
    await Promise.resolve();
    if (context.query.refuse !== undefined) throw new BadRequestError('No.');
    return { late: true };
  });

  @Controller('/other')
  class Other {
    @Get('/context')
    context(byType: RequestContext, @Ctx() decorated: RequestContext, @Ctx() untyped: { path: string }) {
      return { same: byType === decorated && decorated === untyped, path: untyped.path };
    }

    @Get('/signal')
    signal(byType: AbortSignal, @Signal() decorated: AbortSignal, context: RequestContext) {
      return { same: byType === decorated && decorated === context.signal, aborted: byType.aborted };
    }

    @Get('/injected')
    injected(
      @Inject(Counter) counter: Counter,
      @Inject(LIMIT) limit: number,
      @Inject(PerRequest) one: PerRequest,
      @Inject(PerRequest) two: PerRequest,
    ) {
      return { counter: counter instanceof Counter, limit, same: one === two, id: one.id };
    }

    @Get('/custom')
    custom(@Agent() agent: string, @Part('n') text: unknown, @Part('n', ParseIntPipe) number: number, @Later() later: object) {
      return { agent, text, number, later };
    }
  }

  const options = { providers: [Counter, PerRequest, { provide: LIMIT, useValue: 10 }] };

  it('is the context, by its type or by @Ctx', async () => {
    expect((await ask(Other, { url: '/other/context?x=1' }, options)).json()).toEqual({ same: true, path: '/other/context' });
  });

  it('is the signal, by its type or by @Signal', async () => {
    expect((await ask(Other, { url: '/other/signal' }, options)).json()).toEqual({ same: true, aborted: false });
  });

  it('is a provider, and a request-scoped one is the same within a request and another in the next', async () => {
    const app = await appOf([Other], options);
    expect((await app.request({ url: '/other/injected' })).json()).toEqual({ counter: true, limit: 10, same: true, id: 1 });
    expect((await app.request({ url: '/other/injected' })).json()).toMatchObject({ id: 2 });
  });

  it('is what a decorator of the application makes, with its data, with pipes, asynchronously', async () => {
    const app = await appOf([Other], options);
    const good = await app.request({ url: '/other/custom?n=5', headers: { 'user-agent': 'test' } });
    expect(good.json()).toEqual({ agent: 'test', text: '5', number: 5, later: { late: true } });
    expect((await app.request({ url: '/other/custom?n=x' })).status).toBe(400);
    expect(failureOf(await app.request({ url: '/other/custom?n=5&refuse=' })).detail).toBe('No.');
  });

  it('belongs beside a parameter of a method, and says so at once', () => {
    class Misplaced {}
    expect(() => Param('id')(Misplaced, undefined, 0)).toThrow('belongs beside a parameter of a method');
  });
});
