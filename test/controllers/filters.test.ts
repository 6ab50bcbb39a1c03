import { Readable } from 'node:stream';
import { concat, from, of, throwError } from 'rxjs';
import {
  BadRequestError,
  Catch,
  Controller,
  type Filter,
  Get,
  HttpError,
  Injectable,
  NotFoundError,
  Param,
  Post,
  RequestContext,
  Sse,
  UseFilters,
  UseGuards,
} from 'rockstar-web';
import { doors, moduleOf, withClient } from '../journeys/doors';
import { turns } from '../support/soon';
import { appOf, ask, failureOf } from '../testing/app-of';

class DomainError extends Error {}
class RareError extends DomainError {}

@Catch(DomainError)
class DomainFilter implements Filter {
  catch(error: DomainError) {
    return { domain: error.message };
  }
}

/** A filter that answers for all errors. */
function answering(answer: (error: unknown, context: RequestContext) => unknown): Filter {
  return { catch: answer };
}

describe('a filter', () => {
  it('answers for the errors of its classes and what extends them, with the status of the error', async () => {
    @Catch(NotFoundError, BadRequestError)
    class Known implements Filter {
      catch(error: HttpError) {
        return { known: error.detail };
      }
    }
    @Controller()
    @UseFilters(DomainFilter, new Known())
    class Failing {
      @Get('/:what')
      get(@Param('what') what: string): string {
        if (what === 'domain') throw new RareError('rare');
        if (what === 'missing') throw new NotFoundError('missing');
        throw new RangeError('other');
      }
    }
    const app = await appOf([Failing]);
    const domain = await app.request({ url: '/domain' });
    expect([domain.status, domain.json()]).toEqual([500, { domain: 'rare' }]);
    const missing = await app.request({ url: '/missing' });
    expect([missing.status, missing.json()]).toEqual([404, { known: 'missing' }]);
    expect(failureOf(await app.request({ url: '/other' })).code).toBe('INTERNAL_ERROR');
  });

  it.each<[string, (context: RequestContext) => unknown, number, string]>([
    ['a value', () => ({ filtered: true }), 418, '{"filtered":true}'],
    ['a promise', () => Promise.resolve('later'), 418, 'later'],
    ['an Observable', () => of('first', 'last'), 418, 'last'],
    ['null', () => null, 418, 'null'],
    ['another status', (context) => ((context.status = 409), 'conflict'), 409, 'conflict'],
    ['ctx.json', (context) => context.json(422, { by: 'json' }), 422, '{"by":"json"}'],
    [
      'ctx.text, later',
      async (context) => {
        await Promise.resolve();
        context.text(423, 'locked');
      },
      423,
      'locked',
    ],
    ['ctx.redirect', (context) => context.redirect('/login'), 302, ''],
  ])('answers with %s', async (_how, answer, status, body) => {
    @Controller()
    @UseFilters(answering((_error, context) => answer(context)))
    class Failing {
      @Get('/')
      get(): string {
        throw new HttpError(418);
      }
    }
    const response = await ask(Failing, { url: '/' });
    expect([response.status, response.text()]).toEqual([status, body]);
  });

  it.each<[string, () => unknown]>([
    ['a handler that throws', () => failing()],
    ['a handler that rejects', () => Promise.reject(new RareError('x'))],
    ['an Observable that errors', () => throwError(() => new RareError('x'))],
    [
      'an Observable that errors after values',
      () =>
        concat(
          of(1, 2),
          throwError(() => new RareError('x')),
        ),
    ],
    ['a promise of an Observable that errors', () => Promise.resolve(throwError(() => new RareError('x')))],
  ])('is asked about %s', async (_what, handler) => {
    @Controller()
    @UseFilters(DomainFilter)
    class Failing {
      @Get('/')
      get() {
        return handler();
      }
    }
    expect((await ask(Failing, { url: '/' })).json()).toEqual({ domain: 'x' });
  });

  describe.each(doors)(
    'over $name is asked, and answers as for any other error, where what comes over time fails before it has begun',
    (door) => {
      const fails = () => new RareError('x');
      const late = async (): Promise<never> => {
        await turns(1);
        throw fails();
      };
      async function* generator(): AsyncGenerator<string> {
        yield await late();
      }
      const readable = () => new Readable({ read: () => undefined, construct: (done) => done(fails()) });

      it.each<[string, string, (context: RequestContext) => unknown]>([
        ['a generator', '/', generator],
        ['a promise of a generator', '/', () => Promise.resolve(generator())],
        ['a stream of bytes', '/', readable],
        ['a stream of objects', '/', () => Readable.from(generator())],
        ['ctx.stream() of a generator', '/', (context) => context.stream(generator())],
        ['ctx.stream() of bytes', '/', (context) => context.stream(readable())],
        ['events of an Observable', '/events', () => throwError(fails)],
        ['events that cannot be written', '/events', () => of({ a: 1n }, { b: 2 })],
        ['events of a promise', '/events', () => from(Promise.reject(fails()))],
        [
          'events of a generator',
          '/events',
          async function* () {
            await Promise.resolve();
            yield* [await Promise.reject<string>(fails())];
          },
        ],
      ])('%s', async (_what, path, handler) => {
        @Controller()
        @UseFilters(
          answering(async (_error, context) => {
            await turns(5);
            context.status = 409;
            return { domain: context.path };
          }),
        )
        class Failing {
          @Get('/')
          get(context: RequestContext) {
            return handler(context);
          }
          @Sse('/events')
          events(context: RequestContext) {
            return handler(context);
          }
        }
        await withClient(door, moduleOf([Failing]), {}, async (client) => {
          const answer = await client.ask({ path });
          expect([answer.status, answer.header('content-type'), answer.json()]).toEqual([
            409,
            'application/json; charset=utf-8',
            { domain: path },
          ]);
        });
      });

      it('and an error that none answers for is told as always', async () => {
        @Controller()
        @UseFilters(
          DomainFilter,
          answering((error) => {
            throw error;
          }),
        )
        class Failing {
          @Get('/')
          async *get(): AsyncGenerator<string> {
            await turns(1);
            if (door.name !== '') throw new HttpError(418);
            yield '';
          }
        }
        await withClient(door, moduleOf([Failing]), {}, async (client) => {
          const answer = await client.ask({ path: '/' });
          expect([answer.status, answer.header('content-type')]).toEqual([418, 'application/problem+json']);
        });
      });
    },
  );

  it('is asked about guards, parameters and interceptors too', async () => {
    const about = answering((error) => ({ about: (error as { code: string }).code }));
    @Controller()
    @UseFilters(about)
    class Failing {
      @Get('/guard')
      @UseGuards({ canActivate: () => false })
      guard() {
        return 'in';
      }
      @Get('/parameter/:n')
      parameter(@Param('n') n: number) {
        return n;
      }
    }
    const app = await appOf([Failing]);
    const guard = await app.request({ url: '/guard' });
    expect([guard.status, guard.json()]).toEqual([403, { about: 'GUARD_REFUSED' }]);
    const parameter = await app.request({ url: '/parameter/x' });
    expect([parameter.status, parameter.json()]).toEqual([400, { about: 'VALIDATION_FAILED' }]);
  });

  it('passes on with undefined, or by throwing the same or another error, to the one outside of it', async () => {
    const asked: string[] = [];
    const passing = (name: string, how: (error: unknown) => unknown): Filter =>
      answering((error) => {
        asked.push(`${name}: ${(error as Error).message}`);
        return how(error);
      });
    @Controller()
    @UseFilters(passing('class', () => undefined))
    class Failing {
      @Get('/')
      @UseFilters(
        passing('outer', async (error) => Promise.reject(error)),
        passing('inner', () => {
          throw new DomainError('changed');
        }),
      )
      get(): string {
        throw new RangeError('original');
      }
    }
    const app = await appOf([Failing], { filters: [passing('application', () => 'answered')] });
    expect((await app.request({ url: '/' })).text()).toBe('answered');
    expect(asked).toEqual(['inner: original', 'outer: changed', 'class: changed', 'application: changed']);
  });

  it('that passes on to nobody leaves the failure as it was', async () => {
    @Controller()
    @UseFilters(answering(() => undefined))
    class Failing {
      @Get('/')
      get(): string {
        throw new NotFoundError('gone');
      }
    }
    expect(failureOf(await ask(Failing, { url: '/' }))).toMatchObject({ status: 404, detail: 'gone' });
  });

  it('sends the headers of the failure and its own, and none of the answer that failed', async () => {
    @Controller()
    @UseFilters(
      answering((_error, context) => {
        context.setHeader('x-filter', 'yes');
        return { busy: true };
      }),
    )
    class Failing {
      @Post('/')
      post(context: RequestContext): string {
        context.setHeader('content-type', 'text/csv');
        context.setHeader('x-handler', 'yes');
        context.setHeader('Access-Control-Allow-Origin', '*');
        context.status = 201;
        throw new HttpError(503, { headers: { 'Retry-After': '7' } });
      }
    }
    const { status, headers } = await ask(Failing, { method: 'POST', url: '/' });
    expect([
      status,
      headers['content-type'],
      headers['retry-after'],
      headers['x-filter'],
      headers['x-handler'],
      headers['access-control-allow-origin'],
    ]).toEqual([503, 'application/json; charset=utf-8', '7', 'yes', undefined, '*']);
  });

  it('of the application is asked about what no route answers, and is made by the root module', async () => {
    @Injectable()
    class Site {
      readonly name = 'the site';
    }
    @Catch()
    class Everything implements Filter {
      constructor(private readonly site: Site) {}
      catch(error: unknown, context: RequestContext) {
        return {
          site: this.site.name,
          code: (error as HttpError).code,
          path: context.path,
          route: context.route.pattern,
          q: context.query.q,
        };
      }
    }
    @Controller()
    class Plain {
      @Get('/known')
      get(): string {
        throw new NotFoundError();
      }
    }
    const app = await appOf([Plain], { filters: [Everything], providers: [Site] });
    const known = await app.request({ url: '/known' });
    expect([known.status, known.json()]).toEqual([404, { site: 'the site', code: 'NOT_FOUND', path: '/known', route: '/known' }]);
    const unknown = await app.request({ url: '/unknown?q=1' });
    expect([unknown.status, unknown.json()]).toEqual([
      404,
      { site: 'the site', code: 'ROUTE_NOT_FOUND', path: '/unknown', route: '', q: '1' },
    ]);
    const wrongMethod = await app.request({ method: 'DELETE', url: '/known' });
    expect([wrongMethod.status, wrongMethod.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  it('is not asked once the answer has begun: the response is broken off', async () => {
    let asked = 0;
    async function* breaking() {
      yield 'a part';
      throw new DomainError('half-way');
    }
    @Controller()
    @UseFilters(answering(() => ((asked += 1), 'too late')))
    class Failing {
      @Get('/')
      get() {
        return breaking();
      }
    }
    await expect(ask(Failing, { url: '/' })).rejects.toThrow();
    expect(asked).toBe(0);
  });
});

function failing(): never {
  throw new RareError('x');
}
