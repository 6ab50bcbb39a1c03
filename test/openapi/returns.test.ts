import { Readable } from 'node:stream';
import { Type } from 'class-transformer';
import { IsBoolean, IsDate, IsIn, IsInt, IsNumber, IsOptional, IsString, ValidateNested } from 'class-validator';
import {
  ApiHidden,
  ApiProperty,
  ApiResponse,
  Controller,
  Get,
  Hijack,
  HijackedConnection,
  type Interceptor,
  Post,
  Render,
  RequestContext,
  Returns,
  Sse,
  UseInterceptors,
} from 'rockstar-web';
import { map, of } from 'rxjs';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { keepLines } from '../context/lines';
import { doors, moduleOf, withClient } from '../journeys/doors';
import { appOf, ask, failureOf, mistakesOf } from '../testing/app-of';
import { documentOf } from './documents';

class Address {
  @IsString() city!: string;
  @IsOptional() @IsInt() zip?: number;
}

class Entity {
  @IsInt() id!: number;
}

class User extends Entity {
  @IsString() name!: string;
  @IsOptional() @IsDate() since?: Date | null;
  @IsOptional() @ValidateNested() @Type(() => Address) address?: Address | null;
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Address) former?: Address[];
  @IsOptional() @IsString({ each: true }) tags?: string[];
  @IsOptional() @IsBoolean() active?: boolean;
  @IsOptional() @IsNumber() score?: number;
  @ApiProperty({ required: false }) extra?: unknown;
  @IsOptional() @IsString() @ApiHidden() password?: string;

  @ApiProperty() get title(): string {
    return `${this.name}, no. ${this.id}`;
  }
}

class Folder {
  @ApiProperty() name!: string;
  @ApiProperty({ type: () => [Folder], required: false }) folders?: Folder[];
}

class Kind {
  @IsIn(['cat', 'dog']) kind!: string;
}

class Cat extends Kind {
  @IsInt() lives!: number;
}

class Dog extends Kind {
  @IsString() owner!: string;
}

class Home {
  @ValidateNested()
  @Type(() => Kind, {
    keepDiscriminatorProperty: true,
    discriminator: {
      property: 'kind',
      subTypes: [
        { name: 'cat', value: Cat },
        { name: 'dog', value: Dog },
      ],
    },
  })
  pet!: Cat | Dog;
  @IsIn([1, 'one']) mixed!: unknown;
}

/** A class of which every property may be missing. */
class Loose {
  @IsOptional() @IsString() text?: string;
}

const SECRET = 'hunter2';

/** A controller whose GET gives what `make` makes, as a `type`. */
function returning(type: ConcreteClass | readonly [ConcreteClass], make: (context: RequestContext) => unknown): ConcreteClass {
  @Controller('/')
  class Returning {
    @Get('/')
    @Returns(type)
    get(context: RequestContext) {
      return make(context);
    }
  }
  return Returning;
}

async function written(type: ConcreteClass | readonly [ConcreteClass], value: unknown): Promise<unknown> {
  const response = await ask(
    returning(type, () => value),
    { url: '/' },
  );
  expect([response.status, response.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
  return response.json();
}

describe('a route that returns a class', () => {
  it.each(doors)('sends only what is declared, with its length, over $name', async (door) => {
    const user = { id: 1, name: 'Ada', password: SECRET, address: { city: 'Zürich', secret: SECRET }, secret: SECRET };
    const controller = returning(User, () => Promise.resolve(Object.assign(new User(), user)));
    await withClient(door, moduleOf([controller]), {}, async (client) => {
      const answer = await client.ask({ path: '/' });
      expect(answer.status).toBe(200);
      expect(answer.json()).toEqual({ id: 1, name: 'Ada', title: 'Ada, no. 1', address: { city: 'Zürich' } });
      expect(answer.text).not.toContain(SECRET);
      expect(answer.header('content-type')).toBe('application/json; charset=utf-8');
      const length = String(Buffer.byteLength(answer.text));
      expect(answer.header('content-length')).toBe(length);
      const head = await client.ask({ method: 'HEAD', path: '/' });
      expect([head.status, head.text, head.header('content-length')]).toEqual([200, '', length]);
    });
  });

  it('writes lists, nested ones too, and keeps null', async () => {
    const full = {
      ...{ id: 1, name: 'Ada', since: new Date(0), address: null, active: false, score: -0.5 },
      ...{ former: [{ city: 'Rome', zip: 1, secret: SECRET }, null], tags: ['a', null], extra: { any: [1, SECRET] } },
    };
    expect(await written([User], [full, { id: null, name: undefined }, null])).toEqual([
      { ...full, since: '1970-01-01T00:00:00.000Z', former: [{ city: 'Rome', zip: 1 }, null] },
      { id: null },
      null,
    ]);
    expect(await written([User], [])).toEqual([]);
    expect(await written(User, null)).toBeNull();
  });

  it('writes a class that holds itself', async () => {
    const tree = { name: 'a', secret: SECRET, folders: [{ name: 'b', secret: SECRET, folders: [] }, { name: 'c' }] };
    expect(await written(Folder, tree)).toEqual({ name: 'a', folders: [{ name: 'b', folders: [] }, { name: 'c' }] });
  });

  it('writes what JSON.stringify writes for what is neither plain nor wrong', async () => {
    const id = { toJSON: () => 'an id', secret: SECRET };
    expect(await written([Folder], [{ name: id }, undefined, { toJSON: () => ({ name: 'x', secret: SECRET }) }])).toEqual([
      { name: 'an id' },
      null,
      { name: 'x' },
    ]);
    const odd = { id: NaN, name: new Date(NaN), score: Infinity, extra: () => SECRET, tags: [undefined] };
    expect(await written([User], [odd])).toEqual([{ id: null, name: null, score: null, tags: [null] }]);
    expect(await written(Loose, { text: 'a', secret: SECRET })).toEqual({ text: 'a' });
  });

  it('writes of several classes the one that the object says it is', async () => {
    const cat = { kind: 'cat', lives: 9, owner: SECRET };
    expect(await written(Home, { pet: cat, mixed: 'one' })).toEqual({ pet: { kind: 'cat', lives: 9 }, mixed: 'one' });
    expect(await written(Home, { pet: { kind: 'dog', lives: 9, owner: 'Ada' }, mixed: 1 })).toEqual({
      pet: { kind: 'dog', owner: 'Ada' },
      mixed: 1,
    });
  });

  it('takes the last value of an Observable, what interceptors make, and each part of an async iterable', async () => {
    const shout = (value: unknown): unknown => ({ ...(value as object), name: 'ADA', secret: SECRET });
    const loud: Interceptor = { intercept: (_context, next) => next.handle().pipe(map(shout)) };
    async function* rows() {
      yield await Promise.resolve({ name: 'a', secret: SECRET });
      yield { name: 'b', secret: SECRET };
    }

    @Controller('/')
    class Various {
      @Get('/observable') @Returns(Folder) observable() {
        return of({ name: 'first' }, { name: 'last', secret: SECRET });
      }
      @Get('/intercepted') @Returns(Folder) @UseInterceptors(loud) intercepted() {
        return { name: 'Ada' };
      }
      @Get('/rows') @Returns([Folder]) rows() {
        return rows();
      }
      @Get('/nothing') @Returns(Folder) nothing(): Folder | undefined {
        return undefined;
      }
      @Get('/by-hand') @Returns(Folder) byHand(context: RequestContext) {
        context.json(202, { as: 'it is' });
      }
      @Post('/made') @Returns(Folder) made() {
        return { name: 'new', secret: SECRET };
      }
    }
    const app = await appOf([Various]);
    const texts = async (method: string, url: string): Promise<unknown[]> => {
      const response = await app.request({ method, url });
      return [response.status, response.text()];
    };
    expect(await texts('GET', '/observable')).toEqual([200, '{"name":"last"}']);
    expect(await texts('GET', '/intercepted')).toEqual([200, '{"name":"ADA"}']);
    expect(await texts('GET', '/rows')).toEqual([200, '{"name":"a"}\n{"name":"b"}\n']);
    expect(await texts('GET', '/nothing')).toEqual([204, '']);
    expect(await texts('GET', '/by-hand')).toEqual([202, '{"as":"it is"}']);
    expect(await texts('POST', '/made')).toEqual([201, '{"name":"new"}']);
  });

  it('is asked for no part any more when its client leaves', async () => {
    let ended = 0;
    const endless: AsyncIterableIterator<unknown> = {
      next: () => Promise.resolve({ done: false, value: { name: 'x'.repeat(65_536) } }),
      return: () => Promise.resolve({ done: true, value: void ended++ }),
      [Symbol.asyncIterator]: () => endless,
    };
    const [http1] = doors;
    await withClient(http1, moduleOf([returning([Folder], () => endless)]), {}, async (client) => {
      const asked = client.begin({ path: '/' });
      await asked.received('xxx');
      asked.leave();
    });
    expect(ended).toBe(1);
  });

  it('gives way to what a class that extends it says', async () => {
    @Controller('/')
    class Base {
      @Get('/') @Returns(Folder) get(): unknown {
        return { name: 'a', text: 'b', secret: SECRET };
      }
    }
    @Controller('/')
    class Derived extends Base {
      @Get('/') @Returns(Loose) override get(): unknown {
        return super.get();
      }
    }
    expect((await ask(Derived, { url: '/' })).text()).toBe('{"text":"b"}');
  });

  it('is in the document with its class, unless @ApiResponse has another', async () => {
    @Controller('/')
    class Documented {
      @Get('/one') @Returns(Folder) one(): Promise<unknown> {
        return Promise.resolve({});
      }
      @Post('/many') @Returns([Folder]) many(): unknown {
        return [];
      }
      @Get('/other') @Returns(Folder) @ApiResponse(200, { type: Loose }) other(): unknown {
        return {};
      }
    }
    const { paths } = await documentOf([Documented]);
    const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
    expect(paths['/one']).toMatchObject({
      get: { responses: { 200: { content: { 'application/json': { schema: ref('Folder') } } } } },
    });
    expect(paths['/many']).toMatchObject({
      post: { responses: { 201: { content: { 'application/json': { schema: { type: 'array', items: ref('Folder') } } } } } },
    });
    expect(paths['/other']).toMatchObject({
      get: { responses: { 200: { content: { 'application/json': { schema: ref('Loose') } } } } },
    });
  });
});

describe('a value of another kind than declared', () => {
  it.each<[string, ConcreteClass | readonly [ConcreteClass], unknown, string]>([
    ['an object for text', Folder, { name: { secret: SECRET } }, 'name is of the kind object, where text is declared'],
    ['text for a number', User, { id: SECRET, name: 'a' }, 'id is of the kind string, where a number is declared'],
    ['a bigint for a number', User, { id: 1n, name: 'a' }, 'id is of the kind bigint, where a number is declared'],
    ['text for true or false', User, { id: 1, name: 'a', active: SECRET }, 'active is of the kind string, where true or false'],
    [
      'an object for a list',
      Folder,
      { name: 'a', folders: { secret: SECRET } },
      'folders is of the kind object, where a list is',
    ],
    ['text for an object', Folder, { name: 'a', folders: [SECRET] }, 'folders.0 is of the kind string, where an object is'],
    ['a list for an object', Folder, [{ name: SECRET }], 'it is of the kind array, where an object is declared'],
    ['an object for a list of them', [Folder], { name: SECRET }, 'it is of the kind object, where a list is declared'],
    ['text for all', Folder, SECRET, 'it is of the kind string, where an object is declared'],
    ['text where all may be missing', Loose, SECRET, 'it is of the kind string, where an object is declared'],
    ['bytes', Folder, Buffer.from(SECRET), 'it is bytes, where a class is declared'],
    ['a stream', Loose, Readable.from([SECRET], { objectMode: false }), 'it is bytes, where a class is declared'],
    [
      'none of several classes',
      Home,
      { pet: { kind: SECRET }, mixed: 1 },
      'pet.kind is of the kind string, where one of cat, dog',
    ],
    ['an object that gives nothing', Folder, { toJSON: () => undefined }, 'its toJSON() gives nothing'],
  ])('is a failure that says where, in the log alone: %s', async (_what, type, value, reason) => {
    const kept = keepLines();
    const response = await ask(
      returning(type, () => value),
      { url: '/' },
      { logger: kept.logger },
    );
    expect([response.status, failureOf(response).code]).toEqual([500, 'REPLY_NOT_SERIALIZABLE']);
    expect(response.text()).not.toContain(SECRET);
    expect(response.text()).not.toContain('is of the kind');
    const told = JSON.stringify(kept.lines, (_key, it: unknown) => (it instanceof Error ? it.message : it));
    expect(told).toContain(reason);
    expect(told).not.toContain(SECRET);
  });

  it('is one too where an object holds itself', async () => {
    const round: { name: string; folders: unknown[] } = { name: 'a', folders: [] };
    round.folders.push(round);
    const response = await ask(
      returning(Folder, () => round),
      { url: '/' },
      { logger: false },
    );
    expect([response.status, failureOf(response).code]).toEqual([500, 'REPLY_NOT_SERIALIZABLE']);
  });

  it('is one too among parts, before anything was sent', async () => {
    async function* parts() {
      yield await Promise.resolve(SECRET);
    }
    const response = await ask(
      returning(Loose, () => parts()),
      { url: '/' },
      { logger: false },
    );
    expect([response.status, failureOf(response).code]).toEqual([500, 'REPLY_NOT_SERIALIZABLE']);
  });
});

describe('a mistake at start', () => {
  async function tell(controller: ConcreteClass): Promise<string[]> {
    return (await mistakesOf([controller])).map(({ message }) => message);
  }

  it('is a class of which nothing is declared; it says how to', async () => {
    class Bare {
      name = 'a';
    }
    const wayOut = 'Declare them by class-validator or @ApiProperty().';
    expect(await tell(returning(Bare, () => ({})))).toEqual([
      expect.stringContaining(
        `@Returns of Returning.get takes a class with declared properties, or a list of one ([User]), got Bare. ${wayOut}`,
      ),
    ]);
    expect(await tell(returning([Folder, Folder] as never, () => []))).toEqual([
      expect.stringContaining('got [Folder, Folder].'),
    ]);
    expect(await tell(returning(String as never, () => []))).toEqual([expect.stringContaining('got String.')]);
  });

  it('is a route that answers with something else', async () => {
    @Controller('/')
    class Others {
      @Sse('/events') @Returns(Folder) events() {
        return of({ name: 'a' });
      }
      @Hijack('/hijack', { protocol: 'raw' }) @Returns(Folder) hijack(connection: HijackedConnection) {
        connection.end();
      }
      @Get('/taken') @Returns(Folder) taken(connection: HijackedConnection) {
        connection.end();
      }
      @Get('/page') @Returns(Folder) @Render('page.html') page() {
        return {};
      }
    }
    const mistakes = (await mistakesOf([Others], { views: __dirname })).filter(({ message }) => message.includes('@Returns'));
    expect(mistakes.map(({ message }) => message.slice(message.indexOf('@Returns')))).toEqual([
      '@Returns of Others.events says what is sent as JSON, but the route answers with events. Take it away.',
      '@Returns of Others.hijack says what is sent as JSON, but the route answers with its connection. Take it away.',
      '@Returns of Others.taken says what is sent as JSON, but the handler takes the connection over. Take it away.',
      '@Returns of Others.page says what is sent as JSON, but the route answers with a page. Take it away.',
    ]);
  });
});
