import { IsString, Length } from 'class-validator';
import {
  type ArgumentMetadata,
  Body,
  ConflictError,
  Controller,
  createParamDecorator,
  Ctx,
  DefaultValuePipe,
  Get,
  Injectable,
  Param,
  ParseIntPipe,
  type PipeTransform,
  Post,
  Query,
  RequestContext,
  Signal,
  UsePipes,
  ValidationPipe,
} from 'rockstar-web';
import { appOf, ask, failureOf } from '../testing/app-of';

class Note {
  @IsString()
  @Length(1, 5)
  text!: string;
}

/** Trims text, wherever it stands. */
class Trim implements PipeTransform {
  transform(value: unknown): unknown {
    if (typeof value === 'string') return value.trim();
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.transform(item)]));
  }
}

const seen: ArgumentMetadata[] = [];
const noting: PipeTransform = {
  transform(value: unknown, metadata: ArgumentMetadata) {
    seen.push(metadata);
    return value;
  },
};

describe('a pipe', () => {
  it('changes an argument, as a class or as an instance, one behind the other', async () => {
    @Controller()
    class Piped {
      @Get('/:id')
      one(@Param('id', Trim, new ParseIntPipe()) id: number, @Query('page', new DefaultValuePipe(1), ParseIntPipe) page: number) {
        return { id, page };
      }
    }
    const app = await appOf([Piped]);
    expect((await app.request({ url: '/%207%20' })).json()).toEqual({ id: 7, page: 1 });
    expect((await app.request({ url: '/7?page=2' })).json()).toEqual({ id: 7, page: 2 });
    const refused = await app.request({ url: '/x?page=y' });
    expect(failureOf(refused).errors?.map(({ path }) => path)).toEqual(['id', 'page']);
  });

  it('is made by the container, with what it needs', async () => {
    @Injectable()
    class Names {
      readonly known = ['ada'];
    }
    @Injectable()
    class KnownName implements PipeTransform<string, Promise<number>> {
      constructor(private readonly names: Names) {}
      async transform(name: string) {
        const at = this.names.known.indexOf(name);
        if (at < 0) throw new ConflictError(`Nobody is called ${name}.`);
        return at;
      }
    }
    @Controller()
    class Piped {
      @Get('/:name')
      one(@Param('name', KnownName) at: number) {
        return { at };
      }
    }
    const app = await appOf([Piped], { providers: [Names] });
    expect((await app.request({ url: '/ada' })).json()).toEqual({ at: 0 });
    expect(failureOf(await app.request({ url: '/bob' }))).toMatchObject({ status: 409, detail: 'Nobody is called bob.' });
  });

  it('stands in front of validation: what it makes of a body is checked', async () => {
    @Controller()
    class Notes {
      @Post('/')
      add(@Body(Trim) note: Note) {
        return { note, isNote: note instanceof Note };
      }

      @Post('/same')
      @UsePipes(Trim)
      addSame(@Body(ValidationPipe) note: Note) {
        return { note, isNote: note instanceof Note };
      }
    }
    const app = await appOf([Notes]);
    for (const url of ['/', '/same']) {
      const trimmed = await app.request({ method: 'POST', url, body: { text: '   hi   ' } });
      expect(trimmed.json()).toEqual({ note: { text: 'hi' }, isNote: true });
      const refused = await app.request({ method: 'POST', url, body: { text: '      ', more: 1 } });
      expect(
        failureOf(refused)
          .errors?.map(({ path }) => path)
          .sort(),
      ).toEqual(['more', 'text']);
    }
  });

  it('of a route or a controller is for every input, and leaves contexts and signals alone', async () => {
    const Custom = createParamDecorator(() => 'custom');
    @Controller()
    @UsePipes(noting)
    class Piped {
      @Post('/:id')
      @UsePipes(noting)
      one(
        @Param('id') id: number,
        @Body() note: Note,
        @Custom() custom: string,
        @Ctx() context: RequestContext,
        byType: RequestContext,
        @Signal() signal: AbortSignal,
      ) {
        return { id, note, custom, path: context.path, same: context === byType, aborted: signal.aborted };
      }
    }
    seen.length = 0;
    const response = await ask(Piped, { method: 'POST', url: '/7', body: { text: 'hi' } });
    expect(response.json()).toEqual({ id: 7, note: { text: 'hi' }, custom: 'custom', path: '/7', same: true, aborted: false });
    const param = { source: 'param', name: 'id', type: Number };
    const body = { source: 'body', name: undefined, type: Note };
    const custom = { source: 'custom', name: undefined, type: String };
    expect(seen).toEqual(expect.arrayContaining([param, param, body, body, custom, custom]));
    expect(seen).toHaveLength(6);
  });

  it('fails the request with what it throws or rejects with', async () => {
    @Controller()
    class Piped {
      @Get('/:how')
      one(
        @Param('how', {
          transform: (how: unknown) => {
            const error = new ConflictError('piped');
            if (how === 'throw') throw error;
            return Promise.reject(error);
          },
        })
        how: string,
      ) {
        return how;
      }
    }
    const app = await appOf([Piped]);
    for (const how of ['throw', 'reject']) expect(failureOf(await app.request({ url: `/${how}` })).detail).toBe('piped');
  });

  it('tells of the issues of several parameters together when it works later', async () => {
    const later: PipeTransform = {
      transform: async (value, metadata) => {
        await Promise.resolve();
        return new ParseIntPipe().transform(value, metadata);
      },
    };
    @Controller()
    class Piped {
      @Get('/')
      list(@Query('a', later) a: number, @Query('b') b: number, @Query('c', later) c: number) {
        return a + b + c;
      }
    }
    const app = await appOf([Piped]);
    expect((await app.request({ url: '/?a=1&b=2&c=3' })).json()).toBe(6);
    const faulty = await app.request({ url: '/?a=x&b=y&c=z' });
    expect(failureOf(faulty).errors?.map(({ path }) => path)).toEqual(['a', 'b', 'c']);
  });
});
