import { Readable } from 'node:stream';
import { Type } from 'class-transformer';
import { IsIn, IsInstance, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import {
  All,
  ApiHidden,
  ApiOperation,
  ApiProperty,
  ApiResponse,
  Authorize,
  Body,
  Controller,
  Cookies,
  createApp,
  DefaultValuePipe,
  Delete,
  Get,
  Header,
  Headers,
  Hijack,
  HijackedConnection,
  HttpCode,
  Module,
  OnMessage,
  openApiDocument,
  Param,
  ParseArrayPipe,
  ParseEnumPipe,
  ParseIntPipe,
  ParseUUIDPipe,
  Plugin,
  Post,
  Put,
  Query,
  RequestContext,
  Sse,
  Timeout,
  UploadedFile,
  UseGuards,
  WebSocket,
  WiringError,
} from 'rockstar-web';
import { UsersController } from '../../samples/hello/src/users.controller';
import { Users } from '../../samples/hello/src/users';
import { documentOf, type Json, schemaOf, whatIsWrong } from './documents';

class Page {
  @IsInt() @Min(1) @IsOptional() page: number = 1;
  @IsIn(['asc', 'desc']) @IsOptional() order?: string;
}

enum Colour {
  Red = 'red',
  Green = 'green',
}

class NewBook {
  @IsString() title!: string;
  @IsInt() @Min(1) @Max(5000) pages!: number;
}

class Author {
  @ApiProperty({ description: 'as printed' }) name!: string;
  @ApiProperty({ required: false }) born?: Date;
}

class Book {
  @ApiProperty({ type: 'integer' }) id!: number;
  @ApiProperty() title!: string;
  @ApiProperty({ type: [Author] }) authors!: Author[];
}

class Nobody {
  canActivate(): boolean {
    return false;
  }
}

@ApiOperation({ tags: ['Library'] })
@Controller('/books')
class BooksController {
  @Get('/')
  list(@Query() page: Page, @Headers('x-tenant') tenant: string, @Cookies('theme') theme: string) {
    return { page, tenant, theme };
  }

  @Get('/:id')
  @ApiOperation({
    summary: 'One book',
    operationId: 'getBook',
    deprecated: true,
    parameters: { id: { description: 'its number', example: 7 } },
  })
  @ApiResponse(200, { type: Book, description: 'The book' })
  @ApiResponse({ status: 404, description: 'No such book' })
  one(@Param('id', ParseIntPipe) id: number) {
    return { id };
  }

  @Post('/')
  @Authorize('books', 'write')
  add(@Body() book: NewBook): NewBook {
    return book;
  }

  @Delete('/:id')
  @HttpCode(204)
  @UseGuards(Nobody)
  remove(@Param('id') id: bigint) {
    return id;
  }

  @Sse('/events')
  @ApiResponse(200, { type: Book })
  events(): never[] {
    return [];
  }

  @ApiHidden()
  @Get('/secret')
  secret() {
    return 'hidden';
  }
}

@Controller('/things')
class ThingsController {
  @Get('/pipes/:uuid')
  pipes(
    @Param('uuid', ParseUUIDPipe) uuid: string,
    @Query('colour', new ParseEnumPipe(Colour, { optional: true })) colour: Colour,
    @Query('limit', new DefaultValuePipe(20), ParseIntPipe) limit: number,
    @Query('ids', new ParseArrayPipe({ items: Number })) ids: number[],
    @Query('words', new ParseArrayPipe({ separator: '|', optional: true })) words: string[],
    @Query('since') since: Date,
    @Query('ratio') ratio: number,
  ) {
    return { uuid, colour, limit, ids, words, since, ratio };
  }

  @Get('/files/*')
  file(@Param('*') path: string): string {
    return path;
  }

  @Put('/text') text(@Body() body: string): string {
    return body;
  }

  @Put('/bytes') bytes(@Body() body: Buffer): Buffer {
    return body;
  }

  @Put('/stream') stream(@Body() body: Readable): void {
    body.resume();
  }

  @Put('/some') some(@Body('name') name: string, @Body('count', ParseIntPipe) count: number, @Body('big') big: bigint) {
    return { name, count, big };
  }

  @Timeout(0)
  @Get('/page')
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(): string {
    return '<p>';
  }

  @All('/anything') anything(ctx: RequestContext) {
    return ctx.path;
  }

  @Get('/anything') something() {
    return 1;
  }
}

const AUTH = { authenticate: () => undefined, permits: () => false };

describe('the document of an application', () => {
  let document: Json;

  beforeAll(async () => {
    document = await documentOf([BooksController, ThingsController], { auth: AUTH, prefix: '/v1' });
  });

  it('is valid by a public validator, as is that of the hello sample', async () => {
    const hello = await documentOf([UsersController], {}, [Users]);
    expect(whatIsWrong([document, hello])).toEqual([[], []]);
    // And the validator would say so.
    expect(whatIsWrong([{ ...hello, paths: { users: {} } }])).not.toEqual([[]]);
  });

  it('has a path for each route, the prefix in front, and none for what is hidden', () => {
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/v1/books', '/v1/books/{id}', '/v1/books/events', '/v1/things/files/{path}']),
    );
    expect(Object.keys(document.paths)).not.toContain('/v1/books/secret');
  });

  it('has one parameter for each property of a query class, and for headers and cookies', () => {
    expect(document.paths['/v1/books'].get.parameters).toEqual([
      { name: 'page', in: 'query', schema: { type: 'integer', minimum: 1, default: 1 } },
      { name: 'order', in: 'query', schema: { type: 'string', enum: ['asc', 'desc'] } },
      { name: 'x-tenant', in: 'header', schema: { type: 'string' } },
      { name: 'theme', in: 'cookie', schema: { type: 'string' } },
    ]);
  });

  it('says integer for integers and number for numbers', () => {
    const integer = { type: 'integer' };
    expect(document.paths['/v1/books/{id}'].get.parameters[0].schema).toEqual(integer);
    expect(document.paths['/v1/books/{id}'].delete.parameters[0].schema).toEqual(integer);
    expect(schemaOf(document, 'NewBook').properties.pages).toEqual({ type: 'integer', minimum: 1, maximum: 5000 });
    const { parameters } = document.paths['/v1/things/pipes/{uuid}'].get;
    expect(parameters).toContainEqual({ name: 'ratio', in: 'query', schema: { type: 'number' } });
  });

  it('takes what pipes take: formats, enums, defaults, lists with their separators', () => {
    expect(document.paths['/v1/things/pipes/{uuid}'].get.parameters).toEqual([
      { name: 'uuid', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
      { name: 'colour', in: 'query', schema: { enum: ['red', 'green'] } },
      { name: 'limit', in: 'query', schema: { type: 'integer', default: 20 } },
      { name: 'ids', in: 'query', required: true, explode: false, schema: { type: 'array', items: { type: 'number' } } },
      { name: 'words', in: 'query', style: 'pipeDelimited', explode: false, schema: { type: 'array', items: {} } },
      { name: 'since', in: 'query', schema: { type: 'string', format: 'date-time' } },
      { name: 'ratio', in: 'query', schema: { type: 'number' } },
    ]);
  });

  it('describes bodies by their class, as text, as bytes, and property by property', () => {
    const bodyOf = (path: string, method: string): Json => document.paths[path][method].requestBody;
    const ref = { schema: { $ref: '#/components/schemas/NewBook' } };
    expect(bodyOf('/v1/books', 'post')).toEqual({
      required: true,
      content: { 'application/json': ref, 'application/x-www-form-urlencoded': ref },
    });
    expect(bodyOf('/v1/things/text', 'put')).toEqual({ content: { 'text/plain': { schema: { type: 'string' } } } });
    expect(bodyOf('/v1/things/bytes', 'put')).toEqual({ content: { 'application/octet-stream': {} } });
    expect(bodyOf('/v1/things/stream', 'put')).toEqual({ content: { '*/*': {} } });
    expect(bodyOf('/v1/things/some', 'put').content['application/json'].schema).toEqual({
      type: 'object',
      properties: { name: { type: 'string' }, count: { type: 'integer' }, big: { type: 'string', pattern: '^-?\\d+$' } },
      required: ['count'],
    });
  });

  it('tells one input class from the same class going out: only input is closed', () => {
    expect(schemaOf(document, 'NewBook').additionalProperties).toBe(false);
    expect(schemaOf(document, 'NewBookResponse').additionalProperties).toBeUndefined();
    expect(document.paths['/v1/books'].post.responses[201].content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/NewBookResponse',
    });
  });

  it('has the declared responses, and classes that @ApiProperty alone describes', () => {
    const { responses, deprecated, operationId, summary, parameters } = document.paths['/v1/books/{id}'].get;
    expect([deprecated, operationId, summary]).toEqual([true, 'getBook', 'One book']);
    expect(parameters[0]).toMatchObject({ description: 'its number', example: 7 });
    expect(responses[200]).toEqual({
      description: 'The book',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Book' } } },
    });
    expect(responses[404]).toEqual({
      description: 'No such book',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    });
    expect(schemaOf(document, 'Book').properties.authors).toEqual({
      type: 'array',
      items: { $ref: '#/components/schemas/Author' },
    });
    expect(schemaOf(document, 'Author')).toEqual({
      type: 'object',
      properties: { name: { type: 'string', description: 'as printed' }, born: { type: 'string', format: 'date-time' } },
      required: ['name'],
    });
  });

  it('answers failures as problems, shared by all operations, where they can happen', () => {
    const statuses = (path: string, method: string): string[] => Object.keys(document.paths[path][method].responses);
    expect(statuses('/v1/books', 'post')).toEqual(['201', '400', '401', '403', '408', '413', '415', '503', '504', 'default']);
    expect(statuses('/v1/books/{id}', 'delete')).toEqual(['204', '400', '401', '403', '404', '503', '504', 'default']);
    expect(statuses('/v1/books/events', 'get')).toEqual(['200', '503', 'default']);
    expect(statuses('/v1/things/page', 'get')).toEqual(['200', '503', 'default']);
    expect(document.paths['/v1/books'].post.responses[413]).toEqual({ $ref: '#/components/responses/PayloadTooLarge' });
    expect(Object.keys(document.components.responses.BadRequest.content)).toEqual(['application/problem+json']);
    expect(document.paths['/v1/books/{id}'].delete.responses[204]).toEqual({ description: 'No Content' });
  });

  it('asks for a credential where @Authorize or a guard does, and says what for', () => {
    expect(document.components.securitySchemes).toEqual({ bearer: { type: 'http', scheme: 'bearer' } });
    expect(document.paths['/v1/books'].post.security).toEqual([{ bearer: ['books:write'] }]);
    expect(document.paths['/v1/books/{id}'].delete.security).toEqual([{ bearer: [] }]);
    expect(document.paths['/v1/books'].get.security).toBeUndefined();
  });

  it('knows server-sent events, text, and a content type that the route sets', () => {
    const contentOf = (path: string): Json => document.paths[path].get.responses[200].content;
    expect(contentOf('/v1/books/events')).toEqual({
      'text/event-stream': { schema: { type: 'string' }, 'x-rockstar-event': { $ref: '#/components/schemas/Book' } },
    });
    expect(contentOf('/v1/things/page')).toEqual({ 'text/html': { schema: { type: 'string' } } });
    expect(contentOf('/v1/things/files/{path}')).toEqual({ 'text/plain': { schema: { type: 'string' } } });
  });

  it('lets a route that answers all methods stand back where another answers one', () => {
    const anything = document.paths['/v1/things/anything'];
    expect(Object.keys(anything).sort()).toEqual(['delete', 'get', 'patch', 'post', 'put']);
    expect(anything.get.operationId).toBe('ThingsController_something');
  });

  it('gives every operation a name of its own, and the controller as its tag', () => {
    const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
    const ids = operations.map(({ operationId }) => operationId as unknown as string);
    expect(new Set(ids).size).toBe(ids.length);
    expect(document.paths['/v1/books'].get.tags).toEqual(['Library']);
    expect(document.paths['/v1/things/page'].get.tags).toEqual(['Things']);
  });
});

describe('a document', () => {
  it('has one path where two routes name their parameters differently', async () => {
    @Controller('/a')
    class Two {
      @Get('/:id/parts/:part') one(@Param('id') id: number, @Param('part') part: string) {
        return { id, part };
      }
      @Put('/:key/parts/:name') two(@Param('name') name: number, @Param('key') key: string) {
        return { key, name };
      }
    }
    const document: Json = await documentOf([Two]);
    expect(Object.keys(document.paths)).toEqual(['/a/{id}/parts/{part}']);
    expect(document.paths['/a/{id}/parts/{part}'].put.parameters).toEqual([
      { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
      { name: 'part', in: 'path', required: true, schema: { type: 'number' } },
    ]);
    expect(whatIsWrong([document])).toEqual([[]]);
  });

  it('leaves out routes that take connections over, and WebSockets', async () => {
    @Controller()
    class Raw {
      @Get('/plain')
      plain() {
        return 'plain';
      }

      @Hijack('/declared', { protocol: 'own' })
      declared() {}

      @Hijack({ method: 'CONNECT', authority: '*.example.com:443' })
      connect() {}

      @Post('/asked')
      asked(connection: HijackedConnection) {
        connection.end();
      }
    }

    @WebSocket('/socket')
    class Socket {
      @OnMessage()
      any() {}
    }

    expect(Object.keys((await documentOf([Raw, Socket])).paths)).toEqual(['/plain']);
  });

  it('understands expressions and a last parameter that may be missing', async () => {
    @Controller('/b')
    class Patterns {
      @Get('/:year(^\\d{4}$)/:slug?') one() {
        return 1;
      }
    }
    const document: Json = await documentOf([Patterns]);
    expect(Object.keys(document.paths)).toEqual(['/b/{year}', '/b/{year}/{slug}']);
    expect(document.paths['/b/{year}'].get.parameters).toEqual([
      { name: 'year', in: 'path', required: true, schema: { type: 'string', pattern: '^\\d{4}$' } },
    ]);
    expect(whatIsWrong([document])).toEqual([[]]);
  });

  it('keeps two classes of one name apart', async () => {
    const make = (): unknown => {
      class Same {
        @IsString() text!: string;
      }
      return Same;
    };
    const [One, Other] = [make(), make()];
    @Controller('/c')
    class Uses {
      @Post('/one') one(@Body() body: unknown) {
        return body;
      }
      @Post('/other') other(@Body() body: unknown) {
        return body;
      }
    }
    Reflect.defineMetadata('design:paramtypes', [One], Uses.prototype, 'one');
    Reflect.defineMetadata('design:paramtypes', [Other], Uses.prototype, 'other');
    const document = await documentOf([Uses]);
    expect(Object.keys(document.components.schemas)).toEqual(['Problem', 'Same', 'Same2']);
  });

  it('takes its name and version from the plugin, unless the option says others', async () => {
    @Plugin({ name: 'shop', version: '2.1.0', controllers: [ThingsController] })
    class Shop {}
    expect((await openApiDocument(Shop)).info).toEqual({ title: 'shop', version: '2.1.0' });
    const options = { title: 'The shop', version: '3', description: 'All of it', license: { name: 'MIT' } };
    expect((await openApiDocument(Shop, { openapi: options })).info).toEqual(options);
  });

  it('offers each of the configured schemes, and lets a route be open all the same', async () => {
    @UseGuards(Nobody)
    @Controller('/d')
    class Guarded {
      @Get('/closed') closed() {
        return 1;
      }
      @ApiOperation({ security: [] }) @Get('/open') open() {
        return 1;
      }
    }
    const securitySchemes = { key: { type: 'apiKey', in: 'header', name: 'x-key' }, bearer: { type: 'http', scheme: 'bearer' } };
    const document: Json = await documentOf([Guarded], { openapi: { securitySchemes } });
    expect(document.components.securitySchemes).toEqual(securitySchemes);
    expect(document.paths['/d/closed'].get.security).toEqual([{ key: [] }, { bearer: [] }]);
    expect(document.paths['/d/open'].get.security).toEqual([]);
    expect(Object.keys(document.paths['/d/open'].get.responses)).not.toContain('401');
    expect(whatIsWrong([document])).toEqual([[]]);
  });

  it('describes forms with files', async () => {
    class Gallery {
      @IsString() title!: string;
      @IsInstance(UploadedFile) cover!: UploadedFile;
      @IsOptional() @IsInstance(UploadedFile, { each: true }) photos: UploadedFile[] = [];
    }
    @Controller('/gallery')
    class Galleries {
      @Post('/') add(@Body({ files: true }) gallery: Gallery) {
        return gallery.title;
      }
    }
    const document: Json = await documentOf([Galleries]);
    const { content } = document.paths['/gallery'].post.requestBody;
    expect(content).toEqual({ 'multipart/form-data': { schema: { $ref: '#/components/schemas/Gallery' } } });
    const file = { type: 'string', contentMediaType: 'application/octet-stream' };
    expect(schemaOf(document, 'Gallery').properties).toMatchObject({ cover: file, photos: { items: file } });
    expect(whatIsWrong([document])).toEqual([[]]);
  });

  it('names the scheme that the challenge of the application names, without permissions where anybody known may', async () => {
    @Controller('/h')
    class Known {
      @Get('/') @Authorize() one() {
        return 1;
      }
    }
    const document: Json = await documentOf([Known], { auth: { ...AUTH, challenge: 'Basic realm="office"' } });
    expect(document.components.securitySchemes).toEqual({ basic: { type: 'http', scheme: 'basic' } });
    expect(document.paths['/h'].get.security).toEqual([{ basic: [] }]);
  });

  it('describes classes that hold themselves', async () => {
    class Tree {
      @IsString() name!: string;
      @IsOptional() @Type(() => Tree) children?: Tree[];
    }
    @Controller('/e')
    class Trees {
      @Post('/') plant(@Body() tree: Tree) {
        return tree;
      }
    }
    const document = await documentOf([Trees]);
    expect(schemaOf(document, 'Tree').properties.children).toEqual({
      type: ['array', 'null'],
      items: { $ref: '#/components/schemas/Tree' },
    });
    expect(whatIsWrong([document])).toEqual([[]]);
  });
});

describe('mistakes in what is said for a document', () => {
  @Controller('/f')
  class Twice {
    @Get('/one') @ApiOperation({ operationId: 'same' }) one() {
      return 1;
    }
    @Get('/two') @ApiOperation({ operationId: 'same' }) two() {
      return 2;
    }
  }

  @Module({ controllers: [Twice] })
  class TwiceModule {}

  function codesOf(error: unknown): string[] {
    return (error as WiringError).mistakes.map(({ code }) => code);
  }

  it('are told at start, of an operationId that is taken', async () => {
    const error: unknown = await createApp(TwiceModule, { openapi: true, logger: false }).catch((reason: unknown) => reason);
    expect(codesOf(error)).toEqual(['OPENAPI_OPERATION_DUPLICATE']);
    const app = await createApp(TwiceModule, { logger: false });
    await app.close();
  });

  it('are told at start, of a status that is none', async () => {
    @Controller('/g')
    class Wrong {
      @Get('/') @ApiResponse(42) one() {
        return 1;
      }
    }
    await expect(documentOf([Wrong]).catch(codesOf)).resolves.toEqual(['OPENAPI_DECORATOR_INVALID']);
  });

  it('are told at start, of options', async () => {
    const wrong = [
      { tittle: 'x' },
      { path: 'openapi.json' },
      { page: true },
      { servers: [{}] },
      { securitySchemes: { a: { type: 'x' } } },
    ];
    for (const openapi of wrong) {
      const error: unknown = await documentOf([Twice], { openapi: openapi as never }).catch((reason: unknown) => reason);
      expect(codesOf(error)).toEqual(['OPENAPI_OPTION_INVALID']);
    }
    const error: unknown = await documentOf([Twice], { openapi: { tittle: 'x' } as never }).catch((reason: unknown) => reason);
    expect((error as Error).message).toContain('Did you mean title?');
  });
});
