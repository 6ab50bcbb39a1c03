import { AsyncLocalStorage } from 'node:async_hooks';
import { catchError, from, interval, map, mergeMap, Observable, of, take, timer } from 'rxjs';
import {
  type CallHandler,
  Catch,
  Controller,
  CurrentRequest,
  type Filter,
  Get,
  type Guard,
  Headers,
  Inject,
  Injectable,
  type Interceptor,
  Module,
  NotFoundError,
  type PipeTransform,
  RequestContext,
  Sse,
  UseFilters,
  UseGuards,
} from 'rockstar-web';
import { createTestApp, type TestApplication } from 'rockstar-web/testing';
import { soon } from '../support/soon';
import { appOf, ask, track } from '../testing/app-of';

/** What a provider that is handed nothing knows of the request. */
@Injectable()
class Who {
  constructor(private readonly current: CurrentRequest) {}

  name(): string {
    return this.current.peek()?.header('name') ?? 'nobody';
  }
}

/** Asks for many at once, each with a name, and says which were answered with another one. */
async function mixedUp(app: TestApplication, url: string): Promise<string[]> {
  const names = Array.from({ length: 20 }, (_, at) => `n${at}`);
  const answers = await Promise.all(names.map(async (name) => (await app.request({ url, headers: { name } })).text()));
  return answers.filter((answer, at) => !answer.includes(names[at]) || answer.replaceAll(names[at], '').includes('n'));
}

describe('the current request', () => {
  async function* generated(who: Who) {
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      yield `${who.name()};`;
    }
  }

  @Controller()
  class Everywhere {
    constructor(private readonly who: Who) {}

    @Get('/value')
    value() {
      return this.who.name();
    }

    @Get('/promise')
    async promise() {
      await new Promise((resolve) => setImmediate(resolve));
      return this.who.name();
    }

    @Get('/timer')
    timer() {
      return new Promise((resolve) => setTimeout(() => resolve(this.who.name()), 1));
    }

    @Get('/observable')
    observable() {
      return timer(1).pipe(
        mergeMap(() => Promise.resolve()),
        map(() => this.who.name()),
      );
    }

    @Get('/promised-observable')
    async promisedObservable() {
      await Promise.resolve();
      return new Observable((subscriber) => {
        subscriber.next(this.who.name());
        subscriber.complete();
      });
    }

    @Get('/generator')
    generator() {
      return generated(this.who);
    }

    @Get('/promised-generator')
    async promisedGenerator() {
      await Promise.resolve();
      return generated(this.who);
    }

    @Get('/stream')
    stream(context: RequestContext) {
      context.stream(generated(this.who));
    }

    @Sse('/events')
    events() {
      return interval(1).pipe(
        take(3),
        map(() => this.who.name()),
      );
    }

    @Sse('/generated-events')
    generatedEvents() {
      return generated(this.who);
    }
  }

  it.each([
    'value',
    'promise',
    'timer',
    'observable',
    'promised-observable',
    'generator',
    'promised-generator',
    'stream',
    'events',
    'generated-events',
  ])('is the right one among many in a handler that works by way of a %s', async (kind) => {
    const app = await appOf([Everywhere], { providers: [Who] });
    expect(await mixedUp(app, `/${kind}`)).toEqual([]);
  });

  it('has the context, and the signal of the request', async () => {
    @Controller()
    class Same {
      constructor(private readonly current: CurrentRequest) {}

      @Get('/')
      get(context: RequestContext) {
        return [this.current.context === context, this.current.peek() === context, this.current.signal === context.signal];
      }
    }
    expect((await ask(Same, { url: '/' })).json()).toEqual([true, true, true]);
  });

  it('is known where only a guard, a parameter or a provider further down asks for it', async () => {
    @Injectable()
    class Deep {
      constructor(readonly who: Who) {}
    }
    @Injectable()
    class KnowsName implements Guard {
      constructor(private readonly who: Who) {}
      canActivate(context: RequestContext) {
        return this.who.name() === context.header('name');
      }
    }
    @Controller()
    class Plain {
      @Get('/guard')
      @UseGuards(KnowsName)
      guard(context: RequestContext) {
        return context.header('name');
      }

      @Get('/parameter')
      parameter(@Inject(Deep) deep: Deep) {
        return deep.who.name();
      }
    }
    const app = await appOf([Plain], { providers: [Who, Deep] });
    expect(await mixedUp(app, '/guard')).toEqual([]);
    expect(await mixedUp(app, '/parameter')).toEqual([]);
  });

  it.each(['generator', 'events', 'observed'])(
    'is known to a filter that answers for %s which fail before they have begun',
    async (path) => {
      @Catch()
      @Injectable()
      class LateFilter implements Filter {
        constructor(private readonly who: Who) {}
        async catch() {
          await Promise.resolve();
          return `filtered ${this.who.name()}`;
        }
      }
      async function* failing(): AsyncGenerator<string> {
        await Promise.resolve();
        if (path !== '') throw new Error(path);
        yield '';
      }
      @Controller()
      @UseFilters(LateFilter)
      class Failing {
        @Get('/generator')
        generator() {
          return failing();
        }
        @Sse('/events')
        events() {
          return failing();
        }
        @Sse('/observed')
        observed() {
          return from(failing());
        }
      }
      const app = await appOf([Failing], { providers: [Who] });
      expect(await mixedUp(app, `/${path}`)).toEqual([]);
    },
  );

  it('is known where only a guard, pipe, interceptor or filter of the application asks for it', async () => {
    @Injectable()
    class GlobalGuard implements Guard {
      constructor(private readonly who: Who) {}
      canActivate() {
        return this.who.name() !== 'refused';
      }
    }
    @Injectable()
    class GlobalPipe implements PipeTransform {
      constructor(private readonly who: Who) {}
      transform(value: unknown) {
        return `${String(value)} ${this.who.name()}`;
      }
    }
    @Injectable()
    class GlobalInterceptor implements Interceptor {
      constructor(private readonly who: Who) {}
      intercept(_context: RequestContext, next: CallHandler) {
        return next.handle().pipe(map((value) => `${String(value)} ${this.who.name()}`));
      }
    }
    @Injectable()
    class GlobalFilter implements Filter {
      constructor(private readonly who: Who) {}
      catch() {
        return `filtered ${this.who.name()}`;
      }
    }
    @Controller()
    class Plain {
      @Get('/')
      async get(@Headers('name') name: string) {
        await Promise.resolve();
        return name;
      }
    }
    @Module({ controllers: [Plain] })
    class Inner {}
    @Module({ imports: [Inner], providers: [Who] })
    class Root {}
    for (const options of [{ guards: [GlobalGuard] }, { pipes: [GlobalPipe] }, { interceptors: [GlobalInterceptor] }]) {
      expect(await mixedUp(track(await createTestApp(Root, options)), '/')).toEqual([]);
    }
    const guarded = track(await createTestApp(Root, { guards: [GlobalGuard], filters: [GlobalFilter] }));
    expect((await guarded.request({ url: '/', headers: { name: 'refused' } })).text()).toBe('filtered refused');
    expect(await mixedUp(guarded, '/nowhere')).toEqual([]);
  });

  it('is nobody outside of a request, and says so', async () => {
    const app = await appOf([Everywhere], { providers: [Who] });
    const current = app.resolve(CurrentRequest);
    expect(current.peek()).toBeUndefined();
    expect(() => current.context).toThrow(expect.objectContaining({ code: 'CONTEXT_NONE_CURRENT' }));
    expect(() => current.signal).toThrow(expect.objectContaining({ code: 'CONTEXT_NONE_CURRENT' }));
  });

  it('stays known to work that goes on after the answer', async () => {
    let later: string | undefined;
    @Controller()
    class Lasting {
      constructor(private readonly who: Who) {}

      @Get('/')
      get() {
        setTimeout(() => (later = this.who.name()), 5);
        return 'answered';
      }
    }
    expect((await ask(Lasting, { url: '/', headers: { name: 'late' } }, { providers: [Who] })).text()).toBe('answered');
    await soon(() => expect(later).toBe('late'));
  });

  it('costs nothing where nobody asks: a handler without it runs in no store of the framework', async () => {
    const run = jest.spyOn(AsyncLocalStorage.prototype, 'run');
    @Controller()
    class Both {
      @Get('/plain')
      plain() {
        return of('plain').pipe(catchError(() => of('')));
      }
    }
    @Controller('/asks')
    class Asks {
      constructor(private readonly who: Who) {}

      @Get('/')
      get() {
        throw new NotFoundError(this.who.name());
      }
    }
    const app = await appOf([Both, Asks], { providers: [Who] });
    await app.request({ url: '/plain' });
    await app.request({ url: '/nowhere' });
    expect(run).not.toHaveBeenCalled();
    await app.request({ url: '/asks' });
    expect(run).toHaveBeenCalled();
    run.mockRestore();
  });
});
