import { IsInt } from 'class-validator';
import { map, type Observable, tap, timer } from 'rxjs';
import {
  type ArgumentMetadata,
  Authorize,
  type CallHandler,
  Catch,
  createParamDecorator,
  Ctx,
  CurrentRequest,
  type Filter,
  type Guard,
  Headers,
  Inject,
  Injectable,
  type Interceptor,
  OnClose,
  OnMessage,
  OnOpen,
  type PipeTransform,
  RequestContext,
  SetMetadata,
  Signal,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  WebSocket,
  WebSocketSession,
} from 'rockstar-web';
import { soon } from '../support/soon';
import { withServed } from './served';

let trace: string[] = [];

beforeEach(() => (trace = []));

/** Says where it runs. */
class Tracing implements Guard, Interceptor, PipeTransform {
  constructor(readonly name: string) {}

  canActivate(context: RequestContext): boolean {
    trace.push(`guard of the ${this.name} at ${context.route.handler}`);
    return true;
  }

  intercept(context: RequestContext, next: CallHandler): Observable<unknown> {
    trace.push(`interceptor of the ${this.name} at ${context.route.handler}`);
    return next.handle().pipe(tap(() => trace.push(`answered, told the ${this.name}`)));
  }

  transform(value: unknown, { source }: ArgumentMetadata): unknown {
    trace.push(`pipe of the ${this.name} of ${source}`);
    return value;
  }
}

class Count {
  @IsInt() n!: number;
}

describe('the steps around a message', () => {
  @WebSocket('/steps')
  @UseGuards(new Tracing('class'))
  @UseInterceptors(new Tracing('class'))
  @UsePipes(new Tracing('class'))
  class Steps {
    @OnMessage('count')
    @UsePipes(new Tracing('method'))
    @UseInterceptors(new Tracing('method'))
    @UseGuards(new Tracing('method'))
    count(message: Count) {
      trace.push('method');
      return { n: message.n };
    }
  }

  it('run in the order of routes, and guards of the class before the upgrade alone', async () => {
    const app = {
      guards: [new Tracing('application')],
      interceptors: [new Tracing('application')],
      pipes: [new Tracing('application')],
    };
    await withServed([Steps], app, async (served) => {
      const client = await served.connect('/steps');
      expect(trace).toEqual(['guard of the application at Steps', 'guard of the class at Steps']);
      trace = [];
      client.send({ type: 'count', n: 1 });
      expect(await client.next()).toEqual({ n: 1 });
      expect(trace).toEqual([
        'guard of the method at Steps.count',
        'pipe of the application of message',
        'pipe of the class of message',
        'pipe of the method of message',
        'interceptor of the application at Steps.count',
        'interceptor of the class at Steps.count',
        'interceptor of the method at Steps.count',
        'method',
        'answered, told the method',
        'answered, told the class',
        'answered, told the application',
      ]);
    });
  });
});

@Injectable()
class Roles implements Guard {
  canActivate(context: RequestContext): boolean {
    const role = context.metadata('role');
    return role === undefined || (context.user as { role?: string } | undefined)?.role === role;
  }
}

class Later implements Guard {
  async canActivate(): Promise<boolean> {
    await Promise.resolve();
    return true;
  }
}

class Never implements Guard {
  canActivate(): Observable<boolean> {
    return timer(0).pipe(map(() => false));
  }
}

const AUTH = {
  authenticate: (context: RequestContext) => {
    const role = context.header('x-role');
    return role === undefined ? undefined : { role };
  },
  permits: async (user: unknown, resource: string, action: string) =>
    `${resource}.${action}` === `door.${(user as { role: string }).role}`,
};

describe('guards of messages', () => {
  @WebSocket('/guards')
  class Guarded {
    @OnMessage('kick')
    @SetMetadata('role', 'admin')
    @UseGuards(Roles)
    kick() {
      return { kicked: true };
    }

    @OnMessage('later')
    @UseGuards(Later, Roles)
    later() {
      return { later: true };
    }

    @OnMessage('never')
    @UseGuards(Never)
    never() {
      return { never: true };
    }

    @OnMessage('open')
    @Authorize('door', 'opener')
    open() {
      return { open: true };
    }
  }

  it('refuse with an error frame, by what is said beside the method; the socket stays', async () => {
    await withServed([Guarded], { auth: AUTH }, async (served) => {
      const [admin, guest] = [
        await served.connect('/guards', { headers: { 'x-role': 'admin' } }),
        await served.connect('/guards', { headers: { 'x-role': 'guest' } }),
      ];
      for (const client of [admin, guest]) for (const type of ['kick', 'later', 'never']) client.send({ type });
      expect(await admin.take(3)).toMatchObject([{ kicked: true }, { later: true }, { code: 'GUARD_REFUSED' }]);
      expect(await guest.take(3)).toMatchObject([
        { code: 'GUARD_REFUSED' },
        { later: true },
        { type: 'error', code: 'GUARD_REFUSED' },
      ]);
    });
  });

  it('ask whether the user may (@Authorize)', async () => {
    await withServed([Guarded], { auth: AUTH }, async (served) => {
      const answerTo = async (headers: Record<string, string>) => {
        const client = await served.connect('/guards', { headers });
        client.send({ type: 'open' });
        return client.next();
      };
      expect(await answerTo({ 'x-role': 'opener' })).toEqual({ open: true });
      expect(await answerTo({ 'x-role': 'other' })).toMatchObject({ code: 'AUTH_FORBIDDEN' });
      expect(await answerTo({})).toMatchObject({ code: 'AUTH_REQUIRED' });
    });
  });
});

class Wraps implements Interceptor {
  intercept(_context: RequestContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((value) => ({ wrapped: value })));
  }
}

class Twice implements PipeTransform {
  transform(value: unknown): unknown {
    return { ...(value as object), n: (value as Count).n * 2 };
  }
}

class Domain extends Error {}

@Catch(Domain)
class DomainFilter implements Filter {
  catch(error: unknown, context: RequestContext) {
    return { type: 'sorry', why: (error as Error).message, at: context.route.handler };
  }
}

class Passes implements Filter {
  catch(): undefined {
    trace.push('asked');
  }
}

describe('interceptors, pipes and filters of messages', () => {
  @WebSocket('/around')
  @UseFilters(new Passes())
  class Around {
    @OnMessage('wrapped')
    @UseInterceptors(Wraps)
    async wrapped(message: Count) {
      await new Promise((resolve) => setTimeout(resolve, message.n === 1 ? 20 : 0));
      return message.n;
    }

    @OnMessage('stream')
    @UseInterceptors(Wraps)
    async *stream() {
      yield 1;
      yield 2;
    }

    @OnMessage('rejects')
    @UseInterceptors(Wraps)
    async rejects() {
      throw new Domain('rejected inside');
    }

    @OnMessage('twice')
    @UsePipes(Twice)
    twice(message: Count) {
      return { n: message.n, isCount: message instanceof Count };
    }

    @OnMessage('sorry')
    @UseFilters(DomainFilter)
    sorry() {
      throw new Domain('no room');
    }

    @OnMessage('bug')
    @UseFilters(DomainFilter)
    bug() {
      throw new Error('a bug');
    }
  }

  it('change what goes in and what comes out, in the order of the messages', async () => {
    await withServed([Around], {}, async (served) => {
      const client = await served.connect('/around');
      for (const n of [1, 2]) client.send({ type: 'wrapped', n });
      client.send({ type: 'stream' });
      client.send({ type: 'twice', n: 4 });
      expect(await client.take(2)).toEqual([{ wrapped: 1 }, { wrapped: 2 }]);
      // A stream is sent beside what is handled next.
      const rest = await client.take(3);
      expect(rest.filter((one) => 'wrapped' in (one as object))).toEqual([{ wrapped: 1 }, { wrapped: 2 }]);
      expect(rest).toContainEqual({ n: 8, isCount: true });
    });
  });

  it('answer for a rejected promise once', async () => {
    await withServed([Around], {}, async (served) => {
      const client = await served.connect('/around');
      client.send({ type: 'rejects' });
      client.send({ type: 'twice', n: 1 });
      expect(await client.take(2)).toMatchObject([{ type: 'error', code: 'INTERNAL_ERROR' }, { n: 2 }]);
    });
  });

  it('answer for errors of their class, the nearest first; others become error frames', async () => {
    await withServed([Around], {}, async (served) => {
      const client = await served.connect('/around');
      client.send({ type: 'sorry' });
      expect(await client.next()).toEqual({ type: 'sorry', why: 'no room', at: 'Around.sorry' });
      expect(trace).toEqual([]);
      client.send({ type: 'bug' });
      expect(await client.next()).toMatchObject({ type: 'error', code: 'INTERNAL_ERROR' });
      expect(trace).toEqual(['asked']);
    });
  });
});

const Agent = createParamDecorator(
  (what, context) => `${String(what)} ${context.header('user-agent')} at ${context.route.handler}`,
);

@Injectable()
class Works {
  constructor(private readonly current: CurrentRequest) {}

  async where() {
    await new Promise((resolve) => setImmediate(resolve));
    const { context } = this.current;
    return `${context.route.handler} of ${context.header('x-name')}`;
  }
}

let disposed = 0;
let disposedWhenLeft: boolean[] = [];

@Injectable({ scope: 'request' })
class PerSession {
  readonly id = Math.random();
  count = 0;
  isDisposed = false;

  dispose(): void {
    this.isDisposed = true;
    disposed++;
  }
}

describe('the end of a session', () => {
  const around = (name: string): Interceptor => ({
    intercept(context, next) {
      trace.push(`${name} around ${context.route.handler}`);
      return next.handle();
    },
  });

  @WebSocket('/ends')
  @UseInterceptors(around('class'))
  class Ends {
    constructor(private readonly works: Works) {}

    @OnMessage('none')
    none() {
      // A class without messages is a mistake.
    }

    @OnClose()
    async left(context: RequestContext) {
      trace.push(`${await this.works.where()}, ${context.signal.aborted ? 'aborted' : 'not aborted'}`);
    }
  }

  @WebSocket('/ends-over-time')
  class EndsOverTime {
    @OnMessage('none')
    none() {
      // As above.
    }

    @OnClose()
    left() {
      return timer(1).pipe(tap(() => trace.push('over time')));
    }
  }

  it('is handled inside of interceptors, and by an Observable', async () => {
    const interceptors = [around('application')];
    await withServed([Ends, EndsOverTime], { providers: [Works], interceptors }, async (served) => {
      await (await served.connect('/ends', { headers: { 'x-name': 'ada' } })).leave();
      await soon(() => expect(trace).toHaveLength(3));
      await (await served.connect('/ends-over-time')).leave();
      await soon(() => expect(trace).toHaveLength(5));
      await served.connect('/ends-over-time');
    });
    expect(trace).toEqual([
      'application around Ends.left',
      'class around Ends.left',
      'Ends.left of ada, not aborted',
      ...['application around EndsOverTime.left', 'over time'],
      ...['application around EndsOverTime.left', 'over time'],
    ]);
  });
});

describe('what handlers of messages are given', () => {
  @WebSocket('/given')
  class Given {
    constructor(private readonly works: Works) {}

    @OnOpen()
    open(context: RequestContext) {
      context.set('opened', context.route.handler);
    }

    @OnMessage('context')
    context(context: RequestContext, socket: WebSocketSession, @Ctx() again: RequestContext, @Headers('x-name') name: string) {
      return {
        same: context === again,
        route: context.route,
        method: context.method,
        name,
        user: context.user ?? null,
        isOpen: socket.isOpen,
        path: context.path,
      };
    }

    @OnMessage('id')
    id(context: RequestContext) {
      return { id: context.id };
    }

    @OnMessage('signals')
    signals(own: AbortSignal, @Signal() again: AbortSignal, socket: WebSocketSession, context: RequestContext) {
      return { same: own === again, ofContext: context.signal === own, ofSession: socket.signal === own, aborted: own.aborted };
    }

    @OnMessage('custom')
    custom(@Agent('by') agent: string) {
      return { agent };
    }

    @OnMessage('current')
    async current() {
      return { where: await this.works.where() };
    }

    @OnMessage('answers')
    answers(context: RequestContext) {
      context.json(200, { never: 'sent' });
    }
  }

  @WebSocket('/per-session')
  class Scoped {
    constructor(private readonly own: PerSession) {}

    @OnMessage('count')
    count(@Inject(PerSession) same: PerSession) {
      return { count: ++this.own.count, same: same === this.own };
    }

    @OnClose()
    async *left() {
      await new Promise((resolve) => setImmediate(resolve));
      yield* [];
      await new Promise((resolve) => setImmediate(resolve));
      disposedWhenLeft.push(this.own.isDisposed);
    }
  }

  it('is the context of the message over the request of the upgrade', async () => {
    await withServed([Given], { providers: [Works] }, async (served) => {
      const client = await served.connect('/given?a=1', { headers: { 'x-name': 'ada', 'user-agent': 'tests' } });
      client.send({ type: 'context' });
      expect(await client.next()).toEqual({
        same: true,
        route: { pattern: '/given', handler: 'Given.context' },
        method: 'GET',
        name: 'ada',
        user: null,
        isOpen: true,
        path: '/given',
      });
      client.send({ type: 'id' });
      client.send({ type: 'id' });
      const [one, other] = (await client.take(2)) as { id: string }[];
      expect(one.id).toBe(other.id);
      client.send({ type: 'signals' });
      expect(await client.next()).toEqual({ same: true, ofContext: true, ofSession: false, aborted: false });
      client.send({ type: 'custom' });
      expect(await client.next()).toEqual({ agent: 'by tests at Given.custom' });
      client.send({ type: 'current' });
      expect(await client.next()).toEqual({ where: 'Given.current of ada' });
    });
  });

  it('has no answer of HTTP to give', async () => {
    await withServed([Given], { providers: [Works] }, async (served) => {
      const client = await served.connect('/given');
      client.send({ type: 'answers' });
      expect(await client.next()).toMatchObject({ type: 'error' });
      expect(served.lines('a message failed')).toMatchObject([{ code: 'HIJACK_ALREADY_TAKEN' }]);
    });
  });

  it('is made once a session where it is made for each request, and disposed of with it', async () => {
    disposed = 0;
    await withServed([Scoped], { providers: [PerSession] }, async (served) => {
      const [one, other] = [await served.connect('/per-session'), await served.connect('/per-session')];
      for (const client of [one, one, other]) client.send({ type: 'count' });
      expect(await one.take(2)).toEqual([
        { count: 1, same: true },
        { count: 2, same: true },
      ]);
      expect(await other.next()).toEqual({ count: 1, same: true });
      expect(disposed).toBe(0);
      await one.leave();
      await soon(() => expect(disposed).toBe(1));
    });
    expect(disposed).toBe(2);
  });

  it('is there for @OnClose, also where that is the first to ask for it', async () => {
    disposed = 0;
    disposedWhenLeft = [];
    await withServed([Scoped], { providers: [PerSession] }, async (served) => {
      const client = await served.connect('/per-session');
      client.send({ type: 'count' });
      await client.next();
      await client.leave();
      await (await served.connect('/per-session')).leave();
      await soon(() => expect(disposed).toBe(2));
      await served.connect('/per-session');
    });
    expect(disposed).toBe(3);
    expect(disposedWhenLeft).toEqual([false, false, false]);
  });
});
