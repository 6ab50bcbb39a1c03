import { EMPTY, map, Observable, of, throwError, timer } from 'rxjs';
import {
  ConflictError,
  Controller,
  Get,
  type Guard,
  Injectable,
  Logger,
  Metrics,
  Post,
  RequestContext,
  SetMetadata,
  UseGuards,
} from 'rockstar-web';
import { appOf, ask, failureOf } from '../testing/app-of';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { soon } from '../support/soon';

/** A controller whose route is guarded by what answers so. */
function guardedBy(answer: () => unknown): ConcreteClass {
  @Controller()
  class Guarded {
    @Get('/')
    @UseGuards({ canActivate: answer } as Guard)
    get() {
      return 'in';
    }
  }
  return Guarded;
}

describe('a guard', () => {
  it.each<[string, () => unknown]>([
    ['true', () => true],
    ['a promise of true', () => Promise.resolve(true)],
    ['an Observable of true', () => of(true)],
    ['an Observable whose first value is true, later', () => timer(0, 1).pipe(map((n) => n === 0))],
  ])('lets in with %s', async (_what, answer) => {
    expect((await ask(guardedBy(answer), { url: '/' })).text()).toBe('in');
  });

  it.each<[string, () => unknown]>([
    ['false', () => false],
    ['nothing', () => undefined],
    ['a promise of nothing', () => Promise.resolve()],
    ['what is merely truthy', () => 'yes'],
    ['an Observable of false', () => of(false)],
    ['a thenable of false', () => ({ then: (use: (value: boolean) => void) => setImmediate(() => use(false)) })],
    ['an Observable without a value', () => EMPTY],
  ])('refuses with 403 for %s', async (_what, answer) => {
    expect(failureOf(await ask(guardedBy(answer), { url: '/' }))).toMatchObject({ status: 403, code: 'GUARD_REFUSED' });
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new ConflictError('not now');
      },
    ],
    ['rejects with', () => Promise.reject(new ConflictError('not now'))],
    ['errors with as an Observable', () => throwError(() => new ConflictError('not now'))],
  ])('refuses with the failure that it %s', async (_how, answer) => {
    expect(failureOf(await ask(guardedBy(answer), { url: '/' }))).toMatchObject({ status: 409, detail: 'not now' });
  });

  it('refuses before the body is read, and the connection is of use to the client all the same', async () => {
    let ran = false;
    @Controller()
    @UseGuards({ canActivate: () => false })
    class Guarded {
      @Post('/')
      post() {
        ran = true;
      }
    }
    expect((await ask(Guarded, { method: 'POST', url: '/', body: 'x'.repeat(100_000) })).status).toBe(403);
    expect(ran).toBe(false);
  });

  it('may read the body, the metadata and the route, and leave something for the handler', async () => {
    const guard: Guard = {
      async canActivate(context) {
        context.set('body', await context.body());
        context.set('route', context.route.handler);
        return context.metadata('open') === true;
      },
    };
    @Controller()
    @UseGuards(guard)
    class Guarded {
      @Post('/open')
      @SetMetadata('open', true)
      open(context: RequestContext) {
        return { body: context.get('body'), route: context.get('route') };
      }

      @Post('/closed')
      closed() {
        return 'in';
      }
    }
    const app = await appOf([Guarded]);
    expect((await app.request({ method: 'POST', url: '/open', body: { a: 1 } })).json()).toEqual({
      body: { a: 1 },
      route: 'Guarded.open',
    });
    expect((await app.request({ method: 'POST', url: '/closed', body: { a: 1 } })).status).toBe(403);
  });

  it('is made once by the container of its controller, with what it needs; the first that refuses decides', async () => {
    let made = 0;
    const asked: string[] = [];
    @Injectable()
    class Door {
      open = true;
    }
    @Injectable()
    class DoorGuard implements Guard {
      constructor(
        private readonly door: Door,
        readonly logger: Logger,
        readonly metrics: Metrics,
      ) {
        made++;
      }
      canActivate() {
        asked.push('door');
        return this.door.open && this.logger instanceof Logger && this.metrics instanceof Metrics;
      }
    }
    @Injectable()
    class LastGuard implements Guard {
      canActivate() {
        asked.push('last');
        return true;
      }
    }
    @Controller()
    @UseGuards(DoorGuard, LastGuard)
    class Guarded {
      @Get('/one')
      one() {
        return 'one';
      }

      @Get('/two')
      @UseGuards(DoorGuard)
      two() {
        return 'two';
      }
    }
    const app = await appOf([Guarded], { providers: [Door] });
    expect((await app.request({ url: '/one' })).text()).toBe('one');
    expect((await app.request({ url: '/two' })).text()).toBe('two');
    expect(made).toBe(1);
    expect(asked).toEqual(['door', 'last', 'door', 'last', 'door']);
    app.resolve(Door).open = false;
    asked.length = 0;
    expect((await app.request({ url: '/one' })).status).toBe(403);
    expect(asked).toEqual(['door']);
  });

  it('of the application is in front of every route, and not of what no route answers', async () => {
    @Injectable()
    class Closed implements Guard {
      canActivate(context: RequestContext) {
        return context.header('open') === 'yes';
      }
    }
    @Controller()
    class Guarded {
      @Get('/')
      get() {
        return 'in';
      }
    }
    const app = await appOf([Guarded], { guards: [Closed, { canActivate: () => true }] });
    expect((await app.request({ url: '/' })).status).toBe(403);
    expect((await app.request({ url: '/', headers: { open: 'yes' } })).text()).toBe('in');
    expect((await app.request({ url: '/nowhere' })).status).toBe(404);
    expect((await app.request({ url: '/health/live' })).status).toBe(200);
  });

  it('that never answers is over when the client leaves: its Observable is unsubscribed', async () => {
    let subscribed = 0;
    const endless = new Observable<boolean>(() => {
      subscribed++;
      return () => subscribed--;
    });
    const app = await appOf([guardedBy(() => endless)]);
    const leaving = new AbortController();
    const left = app.request({ url: '/', signal: leaving.signal }).catch((error: unknown) => (error as Error).name);
    await soon(() => expect(subscribed).toBe(1));
    leaving.abort();
    expect(await left).toBe('AbortError');
    await soon(() => expect(subscribed).toBe(0));
  });
});
