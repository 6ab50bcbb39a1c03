import { Readable } from 'node:stream';
import { IsInt, IsString } from 'class-validator';
import { Body, Controller, Module, openApiDocument, Post } from 'rockstar-web';
import { appOf, failureOf, mistakesOf } from '../testing/app-of';

class Pet {
  @IsString() name!: string;
  @IsInt() age!: number;
}

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

describe('@Body({ consumes })', () => {
  @Controller('/pets')
  class Pets {
    @Post('/json') json(@Body({ consumes: 'json' }) pet: Pet) {
      return pet;
    }

    @Post('/form') form(@Body({ consumes: 'form' }) pet: Pet) {
      return pet;
    }

    @Post('/list') list(@Body({ consumes: 'json' }) names: string[]) {
      return names;
    }
  }

  const post = async (url: string, type: string | undefined, body: string) => {
    const app = await appOf([Pets]);
    return app.request({ method: 'POST', url, headers: type === undefined ? {} : { 'content-type': type }, body });
  };

  it.each([
    ['/pets/json', `${JSON_TYPE}; charset=utf-8`, '{"name":"Rex","age":7}', { name: 'Rex', age: 7 }],
    ['/pets/json', 'application/vnd.pets+json', '{"name":"Rex","age":7}', { name: 'Rex', age: 7 }],
    ['/pets/form', FORM_TYPE, 'name=Rex&age=7', { name: 'Rex', age: 7 }],
    ['/pets/list', JSON_TYPE, '["Rex"]', ['Rex']],
  ])('takes at %s the type %s', async (url, type, body, expected) => {
    const response = await post(url, type, body);
    expect([response.status, response.json()]).toEqual([201, expected]);
  });

  it.each([
    ['/pets/json', FORM_TYPE, 'name=Rex&age=7', JSON_TYPE],
    ['/pets/json', 'text/plain', '{"name":"Rex","age":7}', JSON_TYPE],
    ['/pets/json', undefined, '{"name":"Rex","age":7}', JSON_TYPE],
    ['/pets/form', JSON_TYPE, '{"name":"Rex","age":7}', FORM_TYPE],
    ['/pets/list', FORM_TYPE, 'a=1', JSON_TYPE],
  ])('refuses at %s the type %s, and says what it takes', async (url, type, body, taken) => {
    const response = await post(url, type, body);
    expect(failureOf(response)).toMatchObject({ status: 415, code: 'BODY_TYPE_UNSUPPORTED' });
    expect(response.headers.accept).toBe(taken);
  });

  it.each(['/pets/json', '/pets/form', '/pets/list'])(
    'refuses at %s what has neither a body nor a type: a page of anybody may send that',
    async (url) => {
      const app = await appOf([Pets]);
      const response = await app.request({ method: 'POST', url });
      expect(failureOf(response)).toMatchObject({ status: 415, code: 'BODY_TYPE_UNSUPPORTED' });
    },
  );

  it('stands in the OpenAPI document', async () => {
    @Module({ controllers: [Pets] })
    class App {}
    const { paths } = (await openApiDocument(App)) as unknown as {
      paths: Record<string, { post: { requestBody: { content: object } } }>;
    };
    const types = (path: string) => Object.keys(paths[path].post.requestBody.content);
    expect([types('/pets/json'), types('/pets/form'), types('/pets/list')]).toEqual([[JSON_TYPE], [FORM_TYPE], [JSON_TYPE]]);
  });

  it('is a mistake beside files, for what is not parsed, and when it names nothing', async () => {
    @Controller('/wrong')
    class Wrong {
      @Post('/files') files(@Body({ files: true, consumes: 'form' }) pet: Pet) {
        return pet;
      }

      @Post('/text') text(@Body({ consumes: 'json' }) text: string) {
        return text;
      }

      @Post('/stream') stream(@Body({ consumes: 'json' }) input: Readable) {
        return input.readable;
      }

      @Post('/xml') xml(@Body({ consumes: 'xml' as 'json' }) pet: Pet) {
        return pet;
      }
    }
    expect((await mistakesOf([Wrong])).map(({ code, message }) => [code, message.replace(/^.* of /, '')])).toEqual([
      ['ROUTE_OPTION_INVALID', expect.stringContaining('with files, a multipart form is taken') as string],
      ['ROUTE_OPTION_INVALID', expect.stringContaining('is not parsed at all') as string],
      ['ROUTE_OPTION_INVALID', expect.stringContaining('is not parsed at all') as string],
      ['ROUTE_OPTION_INVALID', expect.stringContaining("'json' or 'form' is expected") as string],
    ]);
  });
});
