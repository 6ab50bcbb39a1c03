import { Readable } from 'node:stream';
import { Observable } from 'rxjs';
import {
  Body,
  type CancelReason,
  Controller,
  Get,
  type Guard,
  Injectable,
  type Interceptor,
  isCancellation,
  Param,
  type PipeTransform,
  Post,
  RequestContext,
  Sse,
  UseGuards,
  UseInterceptors,
} from 'rockstar-web';
import { createTestApp, type TestApplication } from 'rockstar-web/testing';
import { keepLines, type Line } from '../context/lines';
import { soon } from '../support/soon';
import { type Asked, type Client, doors, moduleOf, QUIET } from './doors';

/** What happened, in the order it happened. */
let seen: string[] = [];

const reasonOf = (signal: AbortSignal): CancelReason => (signal.reason as { reason: CancelReason }).reason;

/** Settles with a failure when the signal is aborted, as work that listens to it does. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

function endless(name: string, first?: string): Observable<string> {
  return new Observable((subscriber) => {
    seen.push(`${name} begins`);
    if (first !== undefined) subscriber.next(first);
    return () => seen.push(`${name} ends`);
  });
}

const waitingGuard: Guard = {
  canActivate(context) {
    seen.push('guard begins');
    return untilAborted(context.signal);
  },
};

const waitingInterceptor: Interceptor = { intercept: () => endless('interceptor') };

@Injectable({ scope: 'request' })
class Session {
  [Symbol.dispose]() {
    seen.push('session ends');
  }
}

@Controller('/leave')
class Leaving {
  @Get('/promise')
  async promise(context: RequestContext) {
    seen.push('promise begins');
    try {
      await untilAborted(context.signal);
    } catch (error) {
      seen.push(`promise ends: ${reasonOf(context.signal)} ${isCancellation(error)}`);
      throw error;
    }
  }

  @Get('/observable')
  observable() {
    return endless('observable');
  }

  @Get('/guard')
  @UseGuards(waitingGuard)
  guard() {
    return 'never';
  }

  @Get('/interceptor')
  @UseInterceptors(waitingInterceptor)
  interceptor() {
    return 'never';
  }

  @Get('/readable')
  readable() {
    const destroy = (error: Error | null, done: (error: Error | null) => void): void => {
      seen.push('readable ends');
      done(error);
    };
    const source = new Readable({ read: () => undefined, destroy });
    seen.push('readable begins');
    source.push('first');
    return source;
  }

  @Get('/stream')
  stream(context: RequestContext) {
    context.stream(endless('stream', 'first'));
  }

  @Sse('/events')
  events() {
    return endless('events', 'first');
  }

  @Get('/generator')
  async *generator(context: RequestContext) {
    seen.push('generator begins');
    try {
      yield 'first';
      await untilAborted(context.signal);
      yield 'second';
    } finally {
      seen.push('generator ends');
    }
  }

  @Post('/body')
  body(@Body() body: unknown) {
    seen.push('handler runs');
    return body;
  }

  @Post('/body-stream')
  async bodyStream(@Body() body: Readable) {
    seen.push('body begins');
    try {
      for await (const chunk of body) seen.push(`body: ${String(chunk)}`);
      seen.push('body is whole');
    } catch {
      seen.push('body breaks off');
    }
  }

  @Get('/ignores')
  async ignores() {
    seen.push('ignores begins');
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
    seen.push('ignores ends');
    return 'nobody reads this';
  }
}

/** Lets in, but only once somebody says so. */
const slowGuard: Guard = {
  canActivate: () =>
    new Promise((resolve) => {
      seen.push('guard begins');
      goOn = () => {
        seen.push('guard lets in');
        resolve(true);
      };
    }),
};

const slowPipe: PipeTransform = {
  transform: (value) =>
    new Promise((resolve) => {
      seen.push('pipe begins');
      goOn = () => {
        seen.push('pipe is done');
        resolve(value);
      };
    }),
};

@Controller('/slow')
class Slow {
  @Get('/guard')
  @UseGuards(slowGuard)
  guard() {
    seen.push('handler runs');
  }

  @Get('/pipe/:id')
  pipe(@Param('id', slowPipe) id: string) {
    seen.push(`handler runs with ${id}`);
  }

  @Get('/answer')
  async answer(context: RequestContext) {
    seen.push('answer begins');
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const source = Readable.from(['part']);
    context.json(200, {});
    context.text(200, 'text');
    context.redirect('/');
    context.stream(source);
    seen.push(`answers nobody: ${context.signal.aborted} ${source.destroyed}`);
  }
}

@Controller('/session')
class Sessions {
  constructor(readonly session: Session) {}

  @Get('/')
  get(context: RequestContext) {
    seen.push('session begins');
    return untilAborted(context.signal);
  }
}

let goOn: () => void = () => undefined;

const PLAIN = { 'content-type': 'text/plain' };

describe.each(doors)('a client that leaves over $name', ({ connect }) => {
  let app: TestApplication;
  let client: Client;
  let lines: Line[];

  beforeAll(async () => {
    const kept = keepLines();
    ({ lines } = kept);
    app = await createTestApp(moduleOf([Leaving, Slow, Sessions], [Session]), { ...QUIET, logger: kept.logger });
    await app.app.listen(0);
  });

  afterAll(() => app.close());

  beforeEach(async () => {
    seen = [];
    lines.length = 0;
    client = await connect(app.app.url!);
  });

  afterEach(async () => {
    await client.close();
    await soon(() => expect(app.leaks()).toEqual([]));
  });

  /** Leaves once `begun` was seen; the request is then cancelled for that reason, and nothing of it is left. */
  async function leave(asked: Asked, begun: string | undefined, ends: readonly string[]): Promise<void> {
    if (begun !== undefined) await soon(() => expect(seen).toContain(begun));
    asked.leave();
    await soon(() => expect(seen).toEqual(ends));
    await soon(() => expect(app.leaks().filter((leak) => leak.includes('/'))).toEqual([]));
    const cancelled = lines
      .filter(({ message }) => message === 'request cancelled')
      .map(({ level, fields }) => [level, fields.reason]);
    expect(cancelled).toEqual([['info', 'client']]);
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
    await expect(asked.answer).rejects.toThrow();
  }

  it('aborts the signal of a promise under way', async () => {
    await leave(client.begin({ path: '/leave/promise' }), 'promise begins', ['promise begins', 'promise ends: client true']);
  });

  it('unsubscribes an Observable under way', async () => {
    await leave(client.begin({ path: '/leave/observable' }), 'observable begins', ['observable begins', 'observable ends']);
  });

  it('ends what a guard or an interceptor waits for', async () => {
    await leave(client.begin({ path: '/leave/guard' }), 'guard begins', ['guard begins']);
    seen = [];
    lines.length = 0;
    const another = await connect(app.app.url!);
    await leave(another.begin({ path: '/leave/interceptor' }), 'interceptor begins', ['interceptor begins', 'interceptor ends']);
    await another.close();
  });

  it.each(['readable', 'stream', 'events', 'generator'])('ends a %s that is being sent', async (kind) => {
    const asked = client.begin({ path: `/leave/${kind}` });
    await asked.received('first');
    await leave(asked, `${kind} begins`, [`${kind} begins`, `${kind} ends`]);
  });

  it('ends what was made for its request', async () => {
    await leave(client.begin({ path: '/session' }), 'session begins', ['session begins', 'session ends']);
  });

  it('within its body never reaches the handler', async () => {
    const asked = client.begin({
      method: 'POST',
      path: '/leave/body',
      headers: { ...PLAIN, 'content-length': '1000' },
      unfinished: true,
    });
    asked.send('a part');
    await soon(() => expect(app.leaks()).toContain('POST /leave/body: under way'));
    await leave(asked, undefined, []);
  });

  it('within a body that is read as a stream breaks that off', async () => {
    const headers = { ...PLAIN, 'content-length': '1000' };
    const asked = client.begin({ method: 'POST', path: '/leave/body-stream', headers, unfinished: true });
    asked.send('a part');
    await leave(asked, 'body begins', ['body begins', 'body: a part', 'body breaks off']);
  });

  it('is not waited for by a handler that ignores its signal, which is told of until it ends', async () => {
    const asked = client.begin({ path: '/leave/ignores' });
    await soon(() => expect(seen).toEqual(['ignores begins']));
    asked.leave();
    await soon(() => expect(app.leaks()).toContain('GET /leave/ignores: over (client), but its work goes on'));
    goOn();
    await soon(() => expect(seen).toEqual(['ignores begins', 'ignores ends']));
    await expect(asked.answer).rejects.toThrow();
  });

  it.each([
    ['/slow/guard', 'guard begins', ['guard begins', 'guard lets in']],
    ['/slow/pipe/7', 'pipe begins', ['pipe begins', 'pipe is done']],
  ])('has no handler run for it once it left: %s', async (path, begun, ends) => {
    const asked = client.begin({ path });
    await soon(() => expect(seen).toEqual([begun]));
    asked.leave();
    await soon(() => expect(lines.map(({ message }) => message)).toContain('request cancelled'));
    goOn();
    await soon(() => expect(app.leaks().filter((leak) => leak.includes('/'))).toEqual([]));
    expect(seen).toEqual(ends);
    await expect(asked.answer).rejects.toThrow();
  });

  it('can be answered to without harm', async () => {
    const asked = client.begin({ path: '/slow/answer' });
    await soon(() => expect(seen).toEqual(['answer begins']));
    asked.leave();
    await soon(() => expect(lines.map(({ message }) => message)).toContain('request cancelled'));
    goOn();
    await soon(() => expect(seen).toEqual(['answer begins', 'answers nobody: true true']));
    await expect(asked.answer).rejects.toThrow();
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('is counted, with the reason and status 499', async () => {
    const metrics = (await app.request({ url: '/metrics' })).text();
    expect(metrics).toMatch(/^request_cancellations_total\{reason="client",route="\/leave\/promise"\} \d+$/m);
    expect(metrics).toMatch(
      /^http_server_request_duration_seconds_count\{[^}]*status_code="499",http_route="\/leave\/promise"[^}]*\} \d+$/m,
    );
  });
});
