import { setTimeout as delay } from 'node:timers/promises';
import { Body, Controller, Get, type Guard, Post, RequestContext, Sse, Timeout, UseGuards } from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { keepLines, told } from '../context/lines';
import { soon } from '../support/soon';
import { appOf, failureOf } from '../testing/app-of';

/** A promise settled by hand. */
function gate(): { readonly opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}

describe('a handler whose request is over', () => {
  it('may still answer: nothing is sent, nothing is thrown, nothing is logged as a mistake', async () => {
    const { opened, open } = gate();
    const outcomes: unknown[] = [];
    @Controller()
    class Late {
      @Get('/late')
      async late(ctx: RequestContext): Promise<void> {
        await opened;
        const answers = [
          (): void => ctx.json(200, {}),
          (): void => ctx.text(200, 'x'),
          (): void => ctx.redirect('/x'),
          (): void => ctx.stream([] as never),
        ];
        for (const answer of answers) {
          answer();
          outcomes.push('nothing happened');
        }
      }
    }
    const { logger, lines } = keepLines();
    const app = await appOf([Late], { logger });
    const leaving = new AbortController();
    const asked = app.request({ url: '/late', signal: leaving.signal }).catch(() => 'left');
    await soon(() => expect(app.leaks()).toContain('GET /late: under way'));
    leaving.abort();
    expect(await asked).toBe('left');
    await soon(() => expect(app.leaks()).toEqual(['GET /late: over (client), but its work goes on']));
    open();
    await soon(() => expect(outcomes).toEqual(Array(4).fill('nothing happened')));
    expect(told(lines, 'warn', 'error')).toEqual([]);
  });

  it('meets the failure of a body it asked for when it looks at it, and no earlier', async () => {
    const { opened, open } = gate();
    let met: unknown;
    @Controller()
    class Late {
      @Post('/late')
      async late(ctx: RequestContext): Promise<void> {
        const body = ctx.body();
        await opened;
        met = await body.catch((error: unknown) => error);
      }
    }
    const app = await appOf([Late]);
    const leaving = new AbortController();
    const headers = { 'content-type': 'text/plain', 'content-length': '100' };
    const asked = app
      .request({ method: 'POST', url: '/late', headers, body: 'part', signal: leaving.signal })
      .catch(() => 'left');
    await soon(() => expect(app.leaks()).toContain('POST /late: under way'));
    leaving.abort();
    await asked;
    await soon(() => expect(app.leaks()).toEqual(['POST /late: over (client), but its work goes on']));
    open();
    await soon(() => expect(met).toMatchObject({ code: 'REQUEST_CANCELLED' }));
  });

  it('is not begun when the client left while a guard was waited for', async () => {
    const { opened, open } = gate();
    const ran: string[] = [];
    class Slow implements Guard {
      async canActivate(): Promise<boolean> {
        await opened;
        ran.push('guard');
        return true;
      }
    }
    @Controller()
    class Guarded {
      @Post('/guarded')
      @UseGuards(Slow)
      handle(@Body() body: unknown): unknown {
        ran.push('handler');
        return body;
      }
    }
    const app = await appOf([Guarded]);
    const leaving = new AbortController();
    const asked = app.request({ method: 'POST', url: '/guarded', body: {}, signal: leaving.signal }).catch(() => 'left');
    await soon(() => expect(app.leaks()).toContain('POST /guarded: under way'));
    leaving.abort();
    await asked;
    await soon(() => expect(app.leaks()).toEqual(['POST /guarded: over (client), but its work goes on']));
    open();
    await soon(() => expect(app.leaks()).toEqual([]));
    expect(ran).toEqual(['guard']);
  });
});

describe('a deadline', () => {
  it('holds for server-sent events until they begin', async () => {
    const { opened, open } = gate();
    class Hanging implements Guard {
      async canActivate(): Promise<boolean> {
        await opened;
        return true;
      }
    }
    @Controller()
    class Events {
      @Sse('/events')
      @Timeout(200)
      @UseGuards(Hanging)
      events(): never {
        throw new Error('the guard lets nobody in');
      }
    }
    const clock = new ManualClock();
    const app = await appOf([Events], { clock });
    const asked = app.request({ url: '/events' });
    await soon(() => expect(app.leaks()).toContainEqual(expect.stringMatching(/ under way$/)));
    await clock.advance(210);
    expect(failureOf(await asked)).toMatchObject({ status: 504, code: 'DEADLINE_EXCEEDED' });
    expect(app.leaks()).toEqual(['GET /events: over (deadline), but its work goes on']);
    open();
  });

  it('of a part of the work is a 504 too when the failure tells of it only as its cause', async () => {
    @Controller()
    class Parts {
      @Get('/part')
      async part(ctx: RequestContext): Promise<void> {
        using step = ctx.withTimeout(50);
        await delay(60_000, undefined, { signal: step.signal });
      }
    }
    const clock = new ManualClock();
    const app = await appOf([Parts], { clock });
    const asked = app.request({ url: '/part' });
    await soon(() => expect(app.leaks()).toContainEqual(expect.stringMatching(/ under way$/)));
    await clock.advance(60);
    expect(failureOf(await asked)).toMatchObject({ status: 504, code: 'REQUEST_CANCELLED' });
  });

  it('that passes while the client still sends is its 408', async () => {
    @Controller()
    class Uploads {
      @Post('/uploads')
      @Timeout(200)
      upload(@Body() body: unknown): unknown {
        return body;
      }
    }
    const clock = new ManualClock();
    const app = await appOf([Uploads], { clock });
    const headers = { 'content-type': 'application/json', 'content-length': '100' };
    const asked = app.request({ method: 'POST', url: '/uploads', headers, body: '{' });
    await soon(() => expect(app.leaks()).toContainEqual(expect.stringMatching(/ under way$/)));
    await clock.advance(210);
    expect(failureOf(await asked)).toMatchObject({ status: 408, code: 'REQUEST_TIMEOUT' });
  });
});
