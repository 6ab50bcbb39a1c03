import { CancelledError, type CancelReason, type CancelScope, Controller, Get, RequestContext, Sse, Timeout } from 'rockstar-web';
import { createTestApp, ManualClock, type TestApplication } from 'rockstar-web/testing';
import { NEVER } from 'rxjs';
import { moduleOf } from '../journeys/doors';
import { gate, soon } from '../support/soon';
import { failureOf, track } from '../testing/app-of';

/** An application on a clock set by hand, whose handler does this within a second. */
async function handling(
  handler: (context: RequestContext) => unknown,
): Promise<{ readonly app: TestApplication; readonly clock: ManualClock }> {
  @Controller()
  class Handling {
    @Get('/')
    @Timeout(1_000)
    get(context: RequestContext) {
      return handler(context);
    }

    @Get('/endless')
    @Timeout(0)
    endless(context: RequestContext) {
      return handler(context);
    }

    @Sse('/events')
    events(context: RequestContext) {
      handler(context);
      return NEVER;
    }
  }
  const clock = new ManualClock();
  return { app: track(await createTestApp(moduleOf([Handling]), { clock })), clock };
}

/** Waits for a signal; says the reason and its cause. */
function ended(signal: AbortSignal): Promise<readonly (CancelReason | undefined)[]> {
  const chain = (error: unknown): (CancelReason | undefined)[] =>
    error === undefined ? [] : [(error as CancelledError).reason, ...chain((error as CancelledError).cause)];
  return new Promise((resolve) => {
    if (signal.aborted) resolve(chain(signal.reason));
    else signal.addEventListener('abort', () => resolve(chain(signal.reason)), { once: true });
  });
}

/** A client that can leave. */
function visit(app: TestApplication, url = '/') {
  const leaving = new AbortController();
  const response = app.request({ url, signal: leaving.signal });
  response.catch(() => undefined);
  return { response, leave: () => leaving.abort() };
}

const shutdown = (app: TestApplication): void => void app.close().catch(() => undefined);

describe('the signal of a request', () => {
  it('is aborted when the client leaves, with reason client and status 499', async () => {
    const seen: unknown[] = [];
    const { app } = await handling(async (context) => {
      context.cancelled$.subscribe({ next: (reason) => seen.push(reason), complete: () => seen.push('complete') });
      await ended(context.signal);
      const { reason, status, code } = context.signal.reason as CancelledError;
      seen.push(reason, status, code);
    });
    const client = visit(app);
    await soon(() => expect(app.leaks()).toContain('GET /: under way'));
    client.leave();
    await soon(() => expect(seen).toEqual(['client', 'complete', 'client', 499, 'REQUEST_CANCELLED']));
  });

  it('is aborted when the deadline passes, and the client gets 504', async () => {
    const seen: unknown[] = [];
    const { app, clock } = await handling(
      async (context) => void seen.push(await ended(context.signal), (context.signal.reason as CancelledError).status),
    );
    const { response } = visit(app);
    await soon(() => expect(app.leaks()).toContain('GET /: under way'));
    await clock.advance(1_005);
    expect(failureOf(await response)).toMatchObject({ status: 504, code: 'DEADLINE_EXCEEDED' });
    await soon(() => expect(seen).toEqual([['deadline'], 504]));
  });

  it('stays quiet when the request ends normally, and so do cancelled$ and finishing$', async () => {
    let context!: RequestContext;
    const seen: unknown[] = [];
    const { app, clock } = await handling(async (given) => {
      context = given;
      void [given.signal, given.finishing];
      given.cancelled$.subscribe({ next: (reason) => seen.push(reason), complete: () => seen.push('cancelled$ complete') });
      given.finishing$.subscribe({ next: () => seen.push('finishing'), complete: () => seen.push('finishing$ complete') });
      return 'done';
    });
    expect((await app.request({ url: '/' })).text()).toBe('done');
    await clock.advance(5_000);
    expect([context.signal.aborted, context.finishing.aborted]).toEqual([false, false]);
    expect(seen.sort()).toEqual(['cancelled$ complete', 'finishing$ complete']);
    expect(clock.pending).toBe(0);
  });

  it('tells how much time is left', async () => {
    const left: (number | undefined)[] = [];
    const go = gate();
    const { app, clock } = await handling(async (context) => {
      left.push(context.remainingMs);
      await go.promise;
      left.push(context.remainingMs);
    });
    const { response } = visit(app);
    await soon(() => expect(left).toEqual([1_000]));
    await clock.advance(400);
    go.open();
    await response;
    expect(left).toEqual([1_000, 600]);
    await app.request({ url: '/endless' });
    expect(left.slice(2)).toEqual([undefined, undefined]);
  });
});

describe('the soft moment', () => {
  it('comes when a tenth of the time is left: what there is can still be sent', async () => {
    const seen: unknown[] = [];
    const { app, clock } = await handling(async (context) => {
      context.finishing$.subscribe({ next: () => seen.push('finishing$'), complete: () => seen.push('complete') });
      await ended(context.finishing);
      seen.push(context.remainingMs, context.signal.aborted);
      return { status: 'partial' };
    });
    const { response } = visit(app);
    await soon(() => expect(app.leaks()).toContain('GET /: under way'));
    await clock.advance(899);
    expect(seen).toEqual([]);
    await clock.advance(6);
    expect((await response).json()).toEqual({ status: 'partial' });
    expect(seen).toEqual(['finishing$', 'complete', expect.any(Number), false]);
    expect(seen[2]).toBeGreaterThan(90);
  });

  it('comes when the application is asked to stop, before anything is cut, and has that reason', async () => {
    const seen: unknown[] = [];
    const { app } = await handling(async (context) => {
      context.finishing$.subscribe(() => seen.push('finishing$'));
      seen.push(await ended(context.finishing), context.signal.aborted);
      return { status: 'partial' };
    });
    const { response } = visit(app, '/endless');
    await soon(() => expect(app.leaks()).toContain('GET /endless: under way'));
    await app.close();
    expect((await response).json()).toEqual({ status: 'partial' });
    expect(seen).toEqual(['finishing$', ['shutdown'], false]);
  });

  it('is there already for who asks later', async () => {
    const seen: unknown[] = [];
    const stopped = gate();
    const { app } = await handling(async (context) => {
      await stopped.promise;
      context.finishing$.subscribe(() => seen.push('finishing$'));
      seen.push(context.finishing.aborted);
    });
    const { response } = visit(app, '/endless');
    await soon(() => expect(app.leaks()).toContain('GET /endless: under way'));
    shutdown(app);
    stopped.open();
    await response;
    expect(seen).toEqual(['finishing$', true]);
  });

  it('does not come for a stream that has begun: it has no deadline', async () => {
    let finishing!: AbortSignal;
    const { app, clock } = await handling((context) => {
      ({ finishing } = context);
      context.stream(NEVER);
    });
    const client = visit(app);
    await soon(() => expect(finishing).toBeDefined());
    await clock.advance(60_000);
    client.leave();
    expect(finishing.aborted).toBe(false);
  });
});

describe('a cancel scope', () => {
  /** Runs a handler that opens a scope and hands out how it ended. */
  async function scoped(open: (context: RequestContext) => CancelScope) {
    const reasons: (readonly unknown[])[] = [];
    let scope!: CancelScope;
    const done = gate();
    const { app, clock } = await handling(async (context) => {
      scope = open(context);
      void ended(scope.signal).then((chain) => reasons.push(chain));
      await Promise.race([done.promise, ended(context.signal)]);
      return 'done';
    });
    return { app, clock, reasons, done, scope: () => scope };
  }

  it('ends with reason deadline after its own time, and the request goes on', async () => {
    const { app, clock, reasons, done } = await scoped((context) => context.withTimeout(200));
    const { response } = visit(app);
    await soon(() => expect(app.leaks()).toContain('GET /: under way'));
    await clock.advance(199);
    expect(reasons).toEqual([]);
    await clock.advance(6);
    expect(reasons).toEqual([['deadline']]);
    done.open();
    expect((await response).text()).toBe('done');
  });

  it('ends with reason manual when it is cancelled', async () => {
    const { app, reasons, done, scope } = await scoped((context) => context.withCancel());
    const { response } = visit(app);
    await soon(() => expect(scope()).toBeDefined());
    scope().cancel();
    scope().cancel();
    scope().close();
    await soon(() => expect(reasons).toEqual([['manual']]));
    expect((scope().signal.reason as CancelledError).status).toBe(500);
    done.open();
    await response;
  });

  it.each<[CancelReason, number]>([
    ['client', 499],
    ['deadline', 504],
    ['shutdown', 503],
  ])('ends with reason parent, caused by %s, when the request does', async (cause, status) => {
    const { app, clock, reasons, scope } = await scoped((context) => context.withTimeout(60_000));
    const client = visit(app, cause === 'shutdown' ? '/endless' : '/');
    await soon(() => expect(scope()).toBeDefined());
    if (cause === 'client') client.leave();
    if (cause === 'deadline') await clock.advance(1_005);
    if (cause === 'shutdown') {
      shutdown(app);
      await clock.advance(5_000);
    }
    await soon(() => expect(reasons).toEqual([['parent', cause]]));
    expect((scope().signal.reason as CancelledError).status).toBe(status);
    await soon(() => expect(app.leaks().filter((leak) => leak.startsWith('GET'))).toEqual([]));
  });

  it('ends with reason parent, without a cause, when the answer goes out and it was never closed', async () => {
    const { app, reasons, done, scope } = await scoped((context) => context.withCancel());
    const { response } = visit(app);
    await soon(() => expect(scope()).toBeDefined());
    done.open();
    await response;
    await soon(() => expect(reasons).toEqual([['parent']]));
  });

  it('stays quiet once it is closed, by close or by using, and leaves no timer', async () => {
    const signals: AbortSignal[] = [];
    const { app, clock } = await handling((context) => {
      const closed = context.withTimeout(100);
      signals.push(closed.signal);
      closed.close();
      closed.close();
      {
        using scope = context.withTimeout(100);
        signals.push(scope.signal);
      }
      return 'done';
    });
    expect((await app.request({ url: '/' })).text()).toBe('done');
    await soon(() => expect(clock.pending).toBeLessThanOrEqual(1));
    await clock.advance(1_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
    expect(clock.pending).toBe(0);
  });

  it('is over at once inside a request that is over', async () => {
    let context!: RequestContext;
    const { app, clock } = await handling(async (given) => {
      context = given;
      await ended(given.signal);
    });
    const client = visit(app);
    await soon(() => expect(context).toBeDefined());
    client.leave();
    await soon(() => expect(context.signal.aborted).toBe(true));
    expect(await ended(context.withTimeout(100).signal)).toEqual(['parent', 'client']);
    await clock.advance(2_000);
    expect(clock.pending).toBe(0);
  });

  it('is not counted as a request of its own', async () => {
    const { app, done, scope } = await scoped((context) => context.withCancel());
    const { response } = visit(app);
    await soon(() => expect(scope()).toBeDefined());
    expect(app.leaks().filter((leak) => leak.startsWith('GET /'))).toEqual(['GET /: under way']);
    const metrics = await app.request({ url: '/metrics' });
    // The one that asks is answered in the same tick or counted as well.
    expect(metrics.text()).toMatch(/^http_server_active_requests\{[^}]*\} [12]$/m);
    done.open();
    await response;
  });

  it('refuses a time that is none', async () => {
    const { app } = await handling((context) => context.withTimeout(NaN));
    expect(failureOf(await app.request({ url: '/' })).code).toBe('CONTEXT_TIMEOUT_INVALID');
  });
});

it('no time is left for who was cut, however much there would have been', async () => {
  const left: (number | undefined)[] = [];
  const { app } = await handling(async (context) => {
    await ended(context.signal);
    left.push(context.remainingMs);
  });
  const client = visit(app);
  await soon(() => expect(app.leaks()).toContain('GET /: under way'));
  client.leave();
  await soon(() => expect(left).toEqual([0]));
});
