import {
  type CallHandler,
  Controller,
  type Filter,
  Get,
  type Guard,
  Injectable,
  type Interceptor,
  NotFoundError,
  type PipeTransform,
  Query,
  RequestContext,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from 'rockstar-web';
import { map } from 'rxjs';
import { appOf } from '../testing/app-of';

let made = 0;
let disposed: number[] = [];

@Injectable({ scope: 'request' })
class Visit {
  readonly number = ++made;
  notes: string[] = [];

  dispose(): void {
    disposed.push(this.number);
  }
}

beforeEach(() => {
  made = 0;
  disposed = [];
});

describe('what is made for each request', () => {
  it('makes its controller anew, the same within a request, and is disposed of with it', async () => {
    @Injectable({ scope: 'request' })
    class Helper {
      constructor(readonly visit: Visit) {}
    }
    @Controller()
    class Visits {
      private calls = 0;

      constructor(
        private readonly visit: Visit,
        private readonly helper: Helper,
      ) {}

      @Get('/')
      async get() {
        await Promise.resolve();
        return { number: this.visit.number, same: this.visit === this.helper.visit, calls: ++this.calls };
      }
    }
    const app = await appOf([Visits], { providers: [Visit, Helper] });
    for (const number of [1, 2]) {
      expect((await app.request({ url: '/' })).json()).toEqual({ number, same: true, calls: 1 });
    }
    expect(disposed).toEqual([1, 2]);
  });

  it('is one for guards, pipes, interceptors, filters and the handler of a request', async () => {
    const note = (visit: Visit, what: string): true => {
      visit.notes.push(`${what} ${visit.number}`);
      return true;
    };
    @Injectable({ scope: 'request' })
    class PerGuard implements Guard {
      constructor(private readonly visit: Visit) {}
      canActivate() {
        return note(this.visit, 'guard');
      }
    }
    @Injectable({ scope: 'request' })
    class PerPipe implements PipeTransform {
      constructor(private readonly visit: Visit) {}
      transform(value: unknown) {
        note(this.visit, 'pipe');
        return value;
      }
    }
    @Injectable({ scope: 'request' })
    class PerInterceptor implements Interceptor {
      constructor(private readonly visit: Visit) {}
      intercept(_context: RequestContext, next: CallHandler) {
        note(this.visit, 'interceptor');
        return next.handle().pipe(map((value) => value));
      }
    }
    @Injectable({ scope: 'request' })
    class PerFilter implements Filter {
      constructor(private readonly visit: Visit) {}
      catch() {
        note(this.visit, 'filter');
        return this.visit.notes;
      }
    }
    @Controller()
    @UseFilters(PerFilter)
    class Visits {
      constructor(private readonly visit: Visit) {}

      @Get('/')
      @UseGuards(PerGuard)
      @UseInterceptors(PerInterceptor)
      get(@Query('x', PerPipe) _x: string): string {
        note(this.visit, 'handler');
        throw new NotFoundError();
      }
    }
    const app = await appOf([Visits], { providers: [Visit], guards: [PerGuard], filters: [{ catch: () => 'not asked' }] });
    for (const number of [1, 2]) {
      const steps = ['guard', 'guard', 'pipe', 'interceptor', 'handler', 'filter'];
      expect((await app.request({ url: '/' })).json()).toEqual(steps.map((step) => `${step} ${number}`));
    }
  });

  it('does not make a guard per request that needs nothing of it', async () => {
    let guards = 0;
    @Injectable()
    class Once implements Guard {
      constructor() {
        guards++;
      }
      canActivate() {
        return true;
      }
    }
    @Controller()
    @UseGuards(Once)
    class Visits {
      constructor(private readonly visit: Visit) {}

      @Get('/')
      get() {
        return this.visit.number;
      }
    }
    const app = await appOf([Visits], { providers: [Visit] });
    await app.request({ url: '/' });
    await app.request({ url: '/' });
    expect([guards, made]).toEqual([1, 2]);
  });

  it('fails the request when it cannot be made', async () => {
    @Injectable({ scope: 'request' })
    class Broken {
      constructor() {
        throw new NotFoundError('no visit');
      }
    }
    @Controller()
    class Visits {
      constructor(readonly broken: Broken) {}

      @Get('/')
      get() {
        return 'in';
      }
    }
    const app = await appOf([Visits], { providers: [Broken] });
    expect((await app.request({ url: '/' })).status).toBe(404);
  });
});
