import { catchError, defer, from, map, mergeMap, of, tap, timer } from 'rxjs';
import {
  type CallHandler,
  ConflictError,
  Controller,
  Get,
  HttpCode,
  Injectable,
  type Interceptor,
  NotFoundError,
  Post,
  Query,
  RequestContext,
  Sse,
  UseInterceptors,
} from 'rockstar-web';
import { appOf, ask, failureOf } from '../testing/app-of';

const wrap: Interceptor = { intercept: (_context, next) => next.handle().pipe(map((value) => ({ wrapped: value }))) };

describe('an interceptor', () => {
  it('changes what comes out, whatever kind of result the handler gives', async () => {
    @Controller()
    @UseInterceptors(wrap)
    class Wrapped {
      @Get('/value')
      value() {
        return 1;
      }
      @Get('/promise')
      async promise() {
        return 1;
      }
      @Get('/observable')
      observable() {
        return of(0, 1);
      }
      @Get('/nothing')
      nothing() {
        return undefined;
      }
    }
    const app = await appOf([Wrapped]);
    for (const kind of ['value', 'promise', 'observable']) {
      expect((await app.request({ url: `/${kind}` })).json()).toEqual({ wrapped: 1 });
    }
    expect((await app.request({ url: '/nothing' })).json()).toEqual({});
  });

  it('leaves the status and the nothing of the handler as they are', async () => {
    const through: Interceptor = { intercept: (_context, next) => next.handle() };
    @Controller()
    @UseInterceptors(through)
    class Through {
      @Post('/created')
      created() {
        return {};
      }
      @Post('/accepted')
      @HttpCode(202)
      accepted() {
        return undefined;
      }
      @Get('/nothing')
      nothing() {
        return undefined;
      }
      @Get('/answered')
      answered(context: RequestContext) {
        context.json(201, { by: 'the context' });
      }
    }
    const app = await appOf([Through]);
    expect((await app.request({ method: 'POST', url: '/created' })).status).toBe(201);
    expect((await app.request({ method: 'POST', url: '/accepted' })).status).toBe(202);
    expect((await app.request({ url: '/nothing' })).status).toBe(204);
    expect((await app.request({ url: '/answered' })).json()).toEqual({ by: 'the context' });
  });

  it('answers without the handler, or runs it again', async () => {
    let ran = 0;
    const cached: Interceptor = {
      intercept: (context, next) => (context.query.cached === undefined ? next.handle() : of('from the cache')),
    };
    const twice: Interceptor = {
      intercept: (context, next) =>
        next.handle().pipe(catchError((error) => (context.query.again === undefined ? failing(error) : next.handle()))),
    };
    @Controller()
    @UseInterceptors(cached, twice)
    class Counted {
      @Get('/')
      get(@Query('fail') fail?: boolean) {
        ran++;
        if (fail === true && ran % 2 === 1) throw new ConflictError('once');
        return `ran ${ran}`;
      }
    }
    const app = await appOf([Counted]);
    expect((await app.request({ url: '/?cached=' })).text()).toBe('from the cache');
    expect(ran).toBe(0);
    expect((await app.request({ url: '/?fail=true&again=' })).text()).toBe('ran 2');
    expect((await app.request({ url: '/?fail=true' })).status).toBe(409);
  });

  it('fails the request with what it throws, rejects or errors with, and may turn a failure into an answer', async () => {
    const failures: Interceptor = {
      intercept(context, next): never {
        const error = new ConflictError(`it ${String(context.query.how)}`);
        if (context.query.how === 'throws') throw error;
        if (context.query.how === 'rejects') return Promise.reject(error) as never;
        return next.handle().pipe(tap(() => failing(error))) as never;
      },
    };
    const mends: Interceptor = {
      intercept: (_context, next) => next.handle().pipe(catchError((error: Error) => of({ mended: error.message }))),
    };
    @Controller()
    class Failing {
      @Get('/failing')
      @UseInterceptors(failures)
      get() {
        return 'in';
      }
      @Get('/mended')
      @UseInterceptors(mends)
      fails(): string {
        throw new NotFoundError('gone');
      }
    }
    const app = await appOf([Failing]);
    for (const how of ['throws', 'rejects', 'errors']) {
      expect(failureOf(await app.request({ url: `/failing?how=${how}` }))).toMatchObject({ status: 409, detail: `it ${how}` });
    }
    expect((await app.request({ url: '/mended' })).json()).toEqual({ mended: 'gone' });
  });

  it('may take its time on the way in and out, as a promise too, and is made by the container', async () => {
    @Injectable()
    class Names {
      readonly prefix = 'named ';
    }
    @Injectable()
    class Slow implements Interceptor {
      constructor(private readonly names: Names) {}
      async intercept(_context: RequestContext, next: CallHandler) {
        await Promise.resolve();
        return timer(1).pipe(
          mergeMap(() => next.handle()),
          mergeMap(async (value) => `${this.names.prefix}${String(value)}`),
        );
      }
    }
    @Controller()
    class Slowed {
      @Get('/')
      @UseInterceptors(Slow)
      get() {
        return 'value';
      }
    }
    expect((await ask(Slowed, { url: '/' }, { providers: [Names] })).text()).toBe('named value');
  });

  it('sees each event of a stream of events', async () => {
    async function* generated() {
      yield* [1, 2];
    }
    @Controller()
    @UseInterceptors(wrap)
    class Events {
      @Sse('/observable')
      observable() {
        return of(1, 2);
      }
      @Sse('/promised')
      async promised() {
        return of(1, 2);
      }
      @Sse('/generated')
      generated() {
        return generated();
      }
      @Sse('/later')
      async later() {
        return generated();
      }
    }
    const app = await appOf([Events]);
    for (const kind of ['observable', 'promised', 'generated', 'later']) {
      expect([kind, (await app.request({ url: `/${kind}` })).text()]).toEqual([
        kind,
        'data: {"wrapped":1}\n\ndata: {"wrapped":2}\n\n',
      ]);
    }
  });

  it('of the application is around every route', async () => {
    @Controller()
    class Plain {
      @Get('/')
      get() {
        return from([1, 2]);
      }
    }
    const deferred: Interceptor = { intercept: (_context, next) => defer(() => next.handle()) };
    const app = await appOf([Plain], { interceptors: [wrap, deferred] });
    expect((await app.request({ url: '/' })).json()).toEqual({ wrapped: 2 });
  });
});

function failing(error: unknown): never {
  throw error;
}
