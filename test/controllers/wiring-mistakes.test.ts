import type { Stats } from 'node:fs';
import { IsString, ValidateNested } from 'class-validator';
import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  Inject,
  Injectable,
  Module,
  Param,
  ParseIntPipe,
  Post,
  Query,
  RequestContext,
  Timeout,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  WiringError,
  createApp,
  token,
} from 'rockstar-web';
import { mistakesOf } from '../testing/app-of';

interface Page {
  readonly size: number;
}

class Money {
  constructor(readonly cents: number) {}
}

class Nested {
  @IsString()
  name!: string;

  @ValidateNested()
  page!: Page;
}

/** `CODE: message` of each, without the code in front of the message. */
async function tell(...controllers: Parameters<typeof mistakesOf>[0]): Promise<string[]> {
  return (await mistakesOf(controllers)).map(({ message }) => message);
}

describe('a wiring mistake of a route', () => {
  it('is a parameter whose type TypeScript erases where it is needed; it says what to write', async () => {
    @Controller('/erased')
    class Erased {
      @Get('/:id')
      get(
        @Param('id') _id: number | undefined,
        @Query('page') _page: Page,
        @Query('stats') _stats: Stats,
        @Query('any') _any: unknown,
        @Query('piped', ParseIntPipe) _piped: number | undefined,
        @Body() _body: unknown,
        @Query() _all: Page,
      ) {
        return 0;
      }
    }
    const mistakes = await tell(Erased);
    expect(mistakes).toHaveLength(4);
    expect(
      mistakes.map((message) => /^ROUTE_PARAMETER_ERASED: Erased\.get parameter (\d) \((\w+)\)/.exec(message)?.slice(1, 3)),
    ).toEqual([
      ['0', 'param'],
      ['1', 'query'],
      ['2', 'query'],
      ['3', 'query'],
    ]);
    expect(mistakes[0]).toContain('Write `n?: number` instead of `n: number | undefined`');
  });

  it('is a parameter declared as a class that no text becomes by itself', async () => {
    @Controller()
    class Prices {
      @Get('/')
      get(@Query('price') _price: Money, @Query('piped', { transform: () => new Money(1) }) _piped: Money) {
        return 0;
      }
    }
    const [mistake = '', ...more] = await tell(Prices);
    expect(more).toEqual([]);
    expect(mistake).toMatch(
      /^ROUTE_PARAMETER_ERASED: Prices\.get parameter 0 \(query\): text cannot become a Money by itself\. .*give a pipe/,
    );
  });

  it('is a parameter that nothing fills', async () => {
    @Controller()
    class Unfilled {
      @Get('/')
      get(_n: number, _context: RequestContext, _money: Money) {
        return 0;
      }
    }
    expect(await tell(Unfilled)).toEqual([
      expect.stringMatching(
        /^ROUTE_PARAMETER_UNDECLARED: Unfilled\.get takes a parameter 0 of type Number that nothing fills\. .*@Param/,
      ),
      expect.stringMatching(/^ROUTE_PARAMETER_UNDECLARED: Unfilled\.get takes a parameter 2 of type Money/),
    ]);
  });

  it('is a handler whose parameters have no types because the compiler emitted none', async () => {
    class Bare {
      get(_context: unknown) {
        return 0;
      }
    }
    Controller()(Bare);
    Get('/')(Bare.prototype, 'get');
    expect(await tell(Bare)).toEqual([
      expect.stringMatching(/^ROUTE_PARAMETER_UNDECLARED: Bare\.get takes a parameter 0 .*no types/),
    ]);
  });

  it('is a path parameter that the path does not have', async () => {
    @Controller('/users/:user')
    class Misspelt {
      @Get('/:id')
      get(@Param('ID') _id: string, @Param('user') _user: string) {
        return 0;
      }

      @Get('/')
      none(@Param('id') _id: string, @Param('*') _rest: string) {
        return 0;
      }
    }
    expect(await tell(Misspelt)).toEqual([
      expect.stringContaining(
        'ROUTE_PARAMETER_UNKNOWN: Misspelt.get asks for the path parameter "ID", but /users/:user/:id has :user, :id.',
      ),
      expect.stringContaining('asks for the path parameter "id", but /users/:user has :user.'),
      expect.stringContaining('asks for the path parameter "*", but /users/:user has :user.'),
    ]);
  });

  it('is a body taken twice, and not properties of one', async () => {
    @Controller()
    class Twice {
      @Post('/')
      post(@Body() _one: string, @Body() _two: Buffer) {
        return 0;
      }

      @Post('/mixed')
      mixed(@Body('name') _name: string, @Body() _all: unknown) {
        return 0;
      }

      @Post('/parts')
      parts(@Body('name') _name: string, @Body('age') _age: number) {
        return 0;
      }
    }
    expect(await tell(Twice)).toEqual([
      expect.stringContaining('ROUTE_BODY_TWICE: Twice.post takes the body more than once'),
      expect.stringContaining('ROUTE_BODY_TWICE: Twice.mixed takes the body more than once'),
    ]);
  });

  it('is a body class that cannot be checked', async () => {
    @Controller()
    class Unchecked {
      @Post('/')
      post(@Body() _nested: Nested) {
        return 0;
      }

      @Get('/:id')
      get(@Param('no') _no: string) {
        return 0;
      }
    }
    expect((await mistakesOf([Unchecked])).map(({ code }) => code)).toEqual([
      'VALIDATION_TYPE_ERASED',
      'ROUTE_PARAMETER_UNKNOWN',
    ]);
  });

  it('is a guard, pipe, interceptor or filter that is none', async () => {
    class NoGuard {}
    @Controller()
    @UseGuards(undefined as never, NoGuard as never)
    class Hooked {
      @Get('/:id')
      @UsePipes({} as never)
      @UseInterceptors('x' as never)
      @UseFilters(NoGuard as never)
      get(@Param('id', (() => 1) as never) _id: string) {
        return 0;
      }
    }
    expect(await tell(Hooked)).toEqual(
      [
        'HOOK_INVALID: @UseGuards of Hooked.get takes classes or instances with canActivate(), got undefined (two files that import each other?).',
        'HOOK_INVALID: @UseGuards of Hooked.get takes classes or instances with canActivate(), got NoGuard.',
        expect.stringContaining('HOOK_INVALID: @UseFilters of Hooked.get takes classes or instances with catch(), got NoGuard'),
        expect.stringContaining('HOOK_INVALID: @UseInterceptors of Hooked.get'),
        expect.stringContaining('HOOK_INVALID: @UsePipes of Hooked.get'),
        expect.stringContaining('HOOK_INVALID: Parameter 0 of Hooked.get takes classes or instances with transform()'),
      ].sort(byPlace(['@UseGuards', '@UsePipes', '@UseInterceptors', '@UseFilters', 'Parameter'])),
    );
  });

  it('is a status, a time or a header that cannot be', async () => {
    @Controller()
    class Options {
      @Get('/')
      @Timeout(-1)
      @HttpCode(99)
      @HttpCode('201' as never)
      @Header('bad name', 'x')
      @Header('x', 'line\nbreak')
      @Header('Content-Length', '7')
      get() {
        return 0;
      }
    }
    expect(await tell(Options)).toEqual([
      'ROUTE_OPTION_INVALID: @Timeout of Options.get takes milliseconds, 0 or more, got -1.',
      'ROUTE_OPTION_INVALID: @HttpCode of Options.get takes a status from 200 to 599, got 99.',
      'ROUTE_OPTION_INVALID: @HttpCode of Options.get takes a status from 200 to 599, got "201".',
      expect.stringMatching(/^ROUTE_OPTION_INVALID: @Header of Options\.get is not a valid header: .*bad name/),
      expect.stringMatching(/^ROUTE_OPTION_INVALID: @Header of Options\.get is not a valid header/),
      'ROUTE_OPTION_INVALID: @Header of Options.get is not a valid header: how a body is framed is up to the server.',
    ]);
  });

  it('is a path that two routes answer, or that is no pattern', async () => {
    @Controller('/same')
    class One {
      @Get('/:id')
      one() {
        return 1;
      }

      @Get('/a*b*c')
      wild() {
        return 1;
      }
    }
    @Controller('/same')
    class Two {
      @Get('/:name/')
      two() {
        return 2;
      }

      @Post('/:name')
      fine() {
        return 2;
      }
    }
    const mistakes = await mistakesOf([One, Two]);
    expect(mistakes.map(({ code }) => code).sort()).toEqual(['ROUTE_DUPLICATE', 'ROUTE_PATTERN_INVALID']);
    expect(mistakes.find(({ code }) => code === 'ROUTE_DUPLICATE')?.message).toMatch(/Two\.two.*One\.one/s);
  });

  it('is a controller without @Controller, without routes, or with one that is no method', async () => {
    @Injectable()
    class Undecorated {
      @Get('/')
      get() {
        return 0;
      }
    }
    @Controller()
    class Empty {}
    @Controller()
    class Static {
      @Get('/')
      static get() {
        return 0;
      }

      @Get('/property')
      property = () => 0;
    }
    expect(
      (await mistakesOf([Undecorated, Empty, Static])).map(({ code, message }) => [
        code,
        /\b(Undecorated|Empty|Static)\b/.exec(message)?.[1],
      ]),
    ).toEqual([
      ['CONTROLLER_UNDECORATED', 'Undecorated'],
      ['CONTROLLER_EMPTY', 'Empty'],
      ['ROUTE_NOT_METHOD', 'Static'],
      ['ROUTE_NOT_METHOD', 'Static'],
    ]);
  });
});

describe('all wiring mistakes', () => {
  const MISSING = token<number>('missing');
  let constructed = 0;

  @Injectable()
  class Counted {
    constructor() {
      constructed++;
    }
  }

  @Controller('/a')
  class A {
    constructor(readonly counted: Counted) {
      constructed++;
    }

    @Get('/:id')
    get(@Param('no') _no: string, @Inject(MISSING) _missing: number) {
      return 0;
    }
  }

  @Controller('/b')
  class B {
    constructor(@Inject(MISSING) readonly missing: number) {
      constructed++;
    }

    @Get('/')
    get(_page: Page) {
      return 0;
    }
  }

  @Module({ controllers: [A], providers: [Counted] })
  class Inner {}

  @Module({ imports: [Inner], controllers: [B], providers: [Counted] })
  class Root {}

  it('are told at once, those of modules and those of routes, before any constructor ran', async () => {
    const error: unknown = await createApp(Root, { logger: false }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WiringError);
    const { code, message, mistakes } = error as WiringError;
    expect(code).toBe('APP_WIRING_FAILED');
    expect(mistakes.map((mistake) => mistake.code).sort()).toEqual([
      'DEPENDENCY_UNKNOWN',
      'DEPENDENCY_UNKNOWN',
      'ROUTE_PARAMETER_UNDECLARED',
      'ROUTE_PARAMETER_UNKNOWN',
    ]);
    expect(message).toMatch(/^APP_WIRING_FAILED: 4 wiring mistakes, and nothing was started:\n {2}1\. /);
    expect(constructed).toBe(0);
  });

  it('have the code of the one when there is only one', async () => {
    @Controller()
    class One {
      @Get('/')
      get(@Param('no') _no: string) {
        return 0;
      }
    }
    const [only, ...more] = await mistakesOf([One]);
    expect([only?.code, more.length]).toEqual(['ROUTE_PARAMETER_UNKNOWN', 0]);
  });
});

/** Sorts messages by which of the words they hold. */
function byPlace(words: readonly string[]): (one: string, other: string) => number {
  const at = (text: unknown): number => words.findIndex((word) => JSON.stringify(text).includes(word));
  return (one, other) => at(one) - at(other);
}
