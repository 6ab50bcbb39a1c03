import 'reflect-metadata';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { IsInt, IsString } from 'class-validator';
import {
  Body,
  type ContentTypeParsers,
  Controller,
  createApp,
  Headers,
  HttpError,
  Post,
  RequestContext,
  UnauthorizedError,
  WiringError,
} from 'rockstar-web';
import { doors, moduleOf, QUIET, withClient } from '../journeys/doors';

class Thing {
  @IsString() name!: string;
  @IsInt() size!: number;
}

const SECRET = 'whsec';

@Controller('/')
class Bodies {
  @Post('any')
  any(@Body() body: unknown) {
    return { body };
  }

  @Post('thing')
  thing(@Body() thing: Thing) {
    return { ...thing, isThing: thing instanceof Thing };
  }

  @Post('name')
  name(@Body('name') name: string) {
    return name;
  }

  @Post('ctx')
  async ctx(ctx: RequestContext) {
    return { body: await ctx.body() };
  }

  @Post('bytes')
  bytes(@Body() body: Buffer) {
    return body.toString('hex');
  }

  @Post('webhook')
  webhook(@Body() raw: Buffer, @Headers('x-signature') signature: string): object {
    const expected = createHmac('sha256', SECRET).update(raw).digest();
    const given = Buffer.from(signature, 'hex');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new UnauthorizedError();
    return JSON.parse(raw.toString('utf8')) as object;
  }
}

const lines = (text: string): Record<string, string> =>
  Object.fromEntries(text.split('\n').map((line) => line.split(': ') as [string, string]));

const contentTypeParsers: ContentTypeParsers = {
  'text/x-lines': { parseAs: 'string', bodyLimitBytes: 20, parse: lines },
  'application/x-thing': (body) => ({ name: body.toString('utf8'), size: body.length }),
  'application/x-later': async (body) => {
    await Promise.resolve();
    return { later: body.length };
  },
  'application/x-picky': { parse: () => Promise.reject(new HttpError(422, { detail: 'not this one' })) },
  'application/x-broken': () => {
    throw new TypeError('secret of the parser');
  },
  'application/*+cbor': (_body, headers) => ({ type: headers['content-type'] }),
  'image/*': (body) => body.length,
  'application/json': (body) => ({ mine: body.length }),
};

describe.each(doors)('parsers of an application over $name', (door) => {
  const send = async (
    path: string,
    type: string,
    body: string,
    options = { contentTypeParsers },
  ): Promise<{ status: number; body: unknown; accept: string | undefined }> => {
    let answer: { status: number; body: unknown; accept: string | undefined } | undefined;
    await withClient(door, moduleOf([Bodies]), options, async (client) => {
      const { status, text, header } = await client.ask({ method: 'POST', path, headers: { 'content-type': type }, body });
      answer = { status, body: text.startsWith('{') ? (JSON.parse(text) as unknown) : text, accept: header('accept') };
    });
    return answer as never;
  };

  it.each([
    ['/any', 'text/x-lines; charset=utf-8', 'a: b', { body: { a: 'b' } }],
    ['/ctx', 'Text/X-Lines', 'a: é', { body: { a: 'é' } }],
    ['/ctx', 'text/x-lines; charset=cp437', 'a: b', { body: { a: 'b' } }],
    ['/thing', 'application/x-thing', 'four', { name: 'four', size: 4, isThing: true }],
    ['/name', 'application/x-thing', 'four', 'four'],
    ['/any', 'application/x-later', 'abc', { body: { later: 3 } }],
    ['/any', 'application/senml+cbor; a=b', 'abc', { body: { type: 'application/senml+cbor; a=b' } }],
    ['/any', 'image/png', 'abc', { body: 3 }],
    ['/any', 'application/json', '{}', { body: { mine: 2 } }],
    ['/any', 'application/x-www-form-urlencoded', 'a=b', { body: { a: 'b' } }],
    ['/bytes', 'application/x-broken', 'abc', '616263'],
  ])('answer %s of %s: %s', async (path, type, body, value) => {
    expect(await send(path, type, body)).toMatchObject({ status: 201, body: value });
  });

  it('are checked like anything else', async () => {
    const { status, body } = await send('/thing', 'text/x-lines', 'name: x\nsize: 4');
    expect([status, (body as { errors: { path: string }[] }).errors.map(({ path }) => path)]).toEqual([400, ['size']]);
  });

  it.each([
    ['what is too large for it', 'text/x-lines', 'x'.repeat(21), 413, 'BODY_TOO_LARGE', /20 bytes/],
    [
      'what it throws on, without a word of that',
      'application/x-broken',
      'x',
      400,
      'BODY_MALFORMED',
      /x-broken: it does not parse/,
    ],
    ['what it refuses by itself', 'application/x-picky', 'x', 422, 'UNPROCESSABLE_ENTITY', /not this one/],
    ['an unknown charset', 'text/x-lines; charset=klingon', 'x', 415, 'BODY_TYPE_UNSUPPORTED', /klingon/],
  ])('refuse %s', async (_what, type, text, status, code, detail) => {
    const { body, ...answer } = await send('/any', type, text);
    expect({ ...answer, ...(body as object) }).toMatchObject({ status, code, detail: expect.stringMatching(detail) as string });
  });

  it('are told to who sends something else', async () => {
    const types = 'application/json, application/x-www-form-urlencoded, text/x-lines, application/x-thing';
    expect(await send('/thing', 'application/xml', '<a/>')).toMatchObject({
      status: 415,
      accept: expect.stringContaining(types) as string,
    });
  });

  it('are not needed for the bytes as they were signed', async () => {
    const body = '{ "amount" : 1 }';
    await withClient(door, moduleOf([Bodies]), {}, async (client) => {
      const ask = (signature: string) =>
        client.ask({
          method: 'POST',
          path: '/webhook',
          headers: { 'content-type': 'application/json', 'x-signature': signature },
          body,
        });
      const right = await ask(createHmac('sha256', SECRET).update(body).digest('hex'));
      expect([right.status, right.json()]).toEqual([201, { amount: 1 }]);
      expect((await ask('00')).status).toBe(401);
    });
  });
});

it.each([
  ['a type that is none', { json: () => 1 }],
  ['a type with parameters', { 'text/a; charset=x': () => 1 }],
  ['no parser', { 'text/a': {} }],
  ['an unknown form', { 'text/a': { parse: lines, parseAs: 'stream' } }],
  ['a limit that is none', { 'text/a': { parse: lines, bodyLimitBytes: 0 } }],
  ['a list', 'text/a'],
])('a start-up error names the option contentTypeParsers for %s', async (_what, contentTypeParsers) => {
  const options = { ...QUIET, contentTypeParsers: contentTypeParsers as never };
  const error: unknown = await createApp(moduleOf([Bodies]), options).catch((thrown: unknown) => thrown);
  expect((error as WiringError).mistakes.map(({ message }) => message)).toEqual([expect.stringContaining('contentTypeParsers')]);
});

it.each([[{ maxFile: 1 }], [{ maxFiles: '1' }], [7]])('a start-up error names the option multipart for %j', async (multipart) => {
  const error: unknown = await createApp(moduleOf([Bodies]), { ...QUIET, multipart: multipart as never }).catch(
    (thrown: unknown) => thrown,
  );
  expect((error as WiringError).mistakes.map(({ code, message }) => [code, message])).toEqual([
    ['OPTION_INVALID', expect.stringContaining('multipart')],
  ]);
});
