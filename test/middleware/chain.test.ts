import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  Body,
  Catch,
  Controller,
  Get,
  type NextFunction,
  Post,
  RequestContext,
  Timeout,
  Use,
  UseFilters,
  UseGuards,
} from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { RecordingLogger } from '../support/kernel';
import { gate, soon, turns } from '../support/soon';
import { doors } from '../journeys/doors';
import { recorded, withMiddleware } from './middleware-app';

type Request = IncomingMessage & { originalUrl?: string; baseUrl?: string; seen?: string[] };

function step(name: string) {
  return (request: Request, _response: ServerResponse, next: NextFunction): void => {
    (request.seen ??= []).push(name);
    next();
  };
}

function fail(message: string) {
  return (_request: IncomingMessage, _response: ServerResponse, next: NextFunction): void => next(new Refusal(message));
}

function seenBy(ctx: RequestContext): string[] {
  return (ctx.request as Request).seen ?? [];
}

class Refusal extends Error {
  readonly status = 418;
  readonly expose = true;
  readonly headers = { 'x-refused': 'yes', bad: { not: 'a text' } };
}

@Catch(Refusal)
class TellRefusal {
  catch(error: Refusal): unknown {
    return { filtered: error.message };
  }
}

class Watching {
  canActivate(ctx: RequestContext): boolean {
    (ctx.request as Request).seen?.push('guard');
    return true;
  }
}

let started = 0;
let aborted: unknown;

@Controller('/plain')
@Use(step('class'))
class Plain {
  @Get('/order')
  @UseGuards(new Watching())
  @Use(step('first'), step('second'))
  order(ctx: RequestContext): string[] {
    return seenBy(ctx);
  }

  @Get('/neighbour')
  neighbour(ctx: RequestContext): string[] {
    return seenBy(ctx);
  }

  @Get('/refused')
  @Use((_request, _response, next) => next(new Refusal('no tea')))
  refused(): void {
    started++;
  }

  @Get('/filtered')
  @UseFilters(new TellRefusal())
  @Use((_request, _response, next) => next(new Refusal('no tea')))
  filtered(): void {
    started++;
  }

  @Get('/thrown')
  @Use(() => {
    throw new Refusal('thrown');
  })
  thrown(): void {
    started++;
  }

  @Get('/rejected')
  @Use(async () => Promise.reject(new Refusal('rejected')))
  rejected(): void {
    started++;
  }

  @Get('/text')
  @Use((_request, _response, next) => next('only a text'))
  text(): void {
    started++;
  }

  @Get('/own')
  @Use(step('one'))
  own(): void {
    throw Object.assign(new Error('of another server'), { status: 404 });
  }

  @Get('/handled')
  @Use(
    fail('for the handler'),
    (_error: unknown, _request: IncomingMessage, _response: ServerResponse, next: NextFunction) =>
      next(new Refusal('another one')),
    (error: unknown, _request: IncomingMessage, response: ServerResponse, _next: NextFunction) => {
      response.statusCode = 409;
      response.end(`handled: ${(error as Error).message}`);
    },
  )
  handled(): void {
    started++;
  }

  @Get('/recovered')
  @Use(
    fail('forgiven'),
    (_error: unknown, _request: IncomingMessage, _response: ServerResponse, next: NextFunction) => next(),
    step('behind'),
  )
  recovered(ctx: RequestContext): string[] {
    return seenBy(ctx);
  }

  @Get('/route-error')
  @Use((error: unknown, _request: IncomingMessage, response: ServerResponse, _next: NextFunction) => {
    response.statusCode = 410;
    response.end(`of the route: ${(error as Error).message}`);
  })
  async routeError(): Promise<void> {
    throw new Error('late');
  }

  @Get('/late')
  @Use((_request, _response, next) => void setImmediate(() => next()))
  late(ctx: RequestContext): string[] {
    return seenBy(ctx);
  }

  @Get('/twice')
  @Use((_request, _response, next) => {
    next();
    next();
    setImmediate(() => next());
  }, step('once'))
  twice(ctx: RequestContext): string[] {
    return seenBy(ctx);
  }

  @Get('/ended')
  @Use((_request, response) => void response.end('by hand'))
  ended(): void {
    started++;
  }

  @Get('/goes-on')
  @Use((_request, response, next) => {
    response.statusCode = 202;
    response.end('taken');
    next();
  })
  async goesOn(ctx: RequestContext): Promise<void> {
    started++;
    ctx.signal.addEventListener('abort', () => void (aborted = ctx.signal.reason));
    await working.promise;
  }

  @Get('/by-hand')
  async byHand(ctx: RequestContext): Promise<void> {
    ctx.response.statusCode = 203;
    ctx.response.end('by hand');
    await working.promise;
  }

  @Get('/status')
  @Use((_request, response, next) => {
    response.statusCode = 206;
    next();
  })
  status(): string {
    return 'some of it';
  }

  @Get('/second-error')
  @Use((_request, _response, next) => {
    next();
    setImmediate(() => next(new Refusal('behind your back')));
  })
  async secondError(ctx: RequestContext): Promise<void> {
    started++;
    await new Promise<void>((resolve) => {
      ctx.signal.addEventListener('abort', () => {
        aborted = (ctx.signal.reason as { reason?: unknown }).reason;
        resolve();
      });
    });
  }

  @Get('/never')
  @Use(() => undefined)
  never(): void {
    started++;
  }

  @Get('/slow')
  @Timeout(1_000)
  @Use((_request, _response, next) => void held.promise.then(() => next()))
  async slow(ctx: RequestContext): Promise<number | undefined> {
    return ctx.remainingMs;
  }

  @Post('/body')
  @Use((request: Request & { body?: unknown }, _response, next) => {
    request.body = { by: 'middleware' };
    request.resume();
    next();
  })
  body(@Body() body: { by: string }): unknown {
    return body;
  }

  @Post('/drained')
  @Use((request, _response, next) => void request.resume().on('end', () => next()))
  drained(@Body() body: unknown): unknown {
    return body;
  }
}

let working = gate();
let held = gate();

beforeEach(() => {
  started = 0;
  aborted = undefined;
  working = gate();
  held = gate();
});

describe.each(doors)('middleware on routes over $name', (door) => {
  const ask = (path: string, use: (answer: { status: number; text: string }) => void | Promise<void>): Promise<void> =>
    withMiddleware(
      door,
      [Plain],
      () => undefined,
      async (client) => use(await client.ask({ path })),
    );

  it('runs before guards, that of the controller first, in the order it was given', async () => {
    await ask('/plain/order', ({ text }) => expect(JSON.parse(text)).toEqual(['class', 'first', 'second', 'guard']));
    await ask('/plain/neighbour', ({ text }) => expect(JSON.parse(text)).toEqual(['class']));
  });

  it.each([
    ['/plain/refused', 'no tea'],
    ['/plain/thrown', 'thrown'],
    ['/plain/rejected', 'rejected'],
  ])('keeps the status, the headers and the exposed message of an error: %s', async (path, detail) => {
    await withMiddleware(
      door,
      [Plain],
      () => undefined,
      async (client) => {
        const answer = await client.ask({ path });
        expect(answer.status).toBe(418);
        expect(answer.json()).toMatchObject({ status: 418, detail, code: 'I_M_A_TEAPOT' });
        expect([answer.header('x-refused'), answer.header('bad')]).toEqual(['yes', undefined]);
        expect(started).toBe(0);
      },
    );
  });

  it('makes nothing of a status that a handler fails with, and 500 of what is no error', async () => {
    await ask('/plain/own', ({ status }) => expect(status).toBe(500));
    await ask('/plain/text', ({ status, text }) => {
      expect(status).toBe(500);
      expect(text).not.toContain('only a text');
    });
  });

  it('lets filters see the error itself', async () => {
    await ask('/plain/filtered', ({ status, text }) => expect([status, text]).toEqual([418, '{"filtered":"no tea"}']));
  });

  it('calls error handlers, which answer, pass on another error, or go on', async () => {
    await ask('/plain/handled', ({ status, text }) => expect([status, text]).toEqual([409, 'handled: another one']));
    await ask('/plain/recovered', ({ text }) => expect(JSON.parse(text)).toEqual(['class', 'behind']));
  });

  it('calls error handlers with what the route failed with', async () => {
    await ask('/plain/route-error', ({ status, text }) => expect([status, text]).toEqual([410, 'of the route: late']));
  });

  it('goes on late, and once when next is called twice', async () => {
    await ask('/plain/late', ({ text }) => expect(JSON.parse(text)).toEqual(['class']));
    await ask('/plain/twice', ({ text }) => expect(JSON.parse(text)).toEqual(['class', 'once']));
  });

  it('ends with what a middleware answers', async () => {
    await ask('/plain/ended', ({ status, text }) => expect([status, text, started]).toEqual([200, 'by hand', 0]));
  });

  it('takes the status that a middleware has set', async () => {
    await ask('/plain/status', ({ status, text }) => expect([status, text]).toEqual([206, 'some of it']));
  });

  it.each([
    ['/plain/goes-on', 202],
    ['/plain/by-hand', 203],
  ])('records an answer by hand with its status, however long the handler goes on: %s', async (path, status) => {
    await withMiddleware(
      door,
      [Plain],
      () => undefined,
      async (client, { app }) => {
        expect((await client.ask({ path })).status).toBe(status);
        await soon(() => expect(recorded(app.metrics.snapshot())).toEqual([String(status)]));
        await client.close();
        await turns();
        expect(recorded(app.metrics.snapshot())).toEqual([String(status)]);
        expect(aborted).toBeUndefined();
        working.open();
      },
    );
  });

  it('ends what is under way when a middleware fails behind its back', async () => {
    await ask('/plain/second-error', async ({ status, text }) => {
      expect([status, (JSON.parse(text) as { detail: string }).detail]).toEqual([418, 'behind your back']);
      await soon(() => expect([started, aborted]).toEqual([1, 'manual']));
    });
  });

  it('gives middleware its own time, and the handler all of its own', async () => {
    const clock = new ManualClock();
    const logger = new RecordingLogger();
    await withMiddleware(
      door,
      [Plain],
      () => undefined,
      async (client) => {
        const never = client.begin({ path: '/plain/never' });
        const slow = client.begin({ path: '/plain/slow' });
        if (door.version === '1.1') never.leave();
        await turns();
        await clock.advance(3_000);
        held.open();
        if (door.version === '2.0') {
          expect((await slow.answer).json()).toBe(1_000);
          await clock.advance(2_100);
          expect((await never.answer).json()).toMatchObject({ status: 504, code: 'DEADLINE_EXCEEDED' });
        }
      },
      { handlerTimeoutMs: 5_000, clock, logger: logger as never },
    );
  });

  it('hands the body over that middleware has read, and says so when it kept it', async () => {
    await withMiddleware(
      door,
      [Plain],
      () => undefined,
      async (client) => {
        const headers = { 'content-type': 'application/json' };
        const body = '{"by":"client"}';
        expect((await client.ask({ method: 'POST', path: '/plain/body', headers, body })).json()).toEqual({ by: 'middleware' });
        const drained = await client.ask({ method: 'POST', path: '/plain/drained', headers, body });
        expect(drained.json()).toMatchObject({ status: 500, code: 'BODY_TAKEN' });
      },
    );
  });
});
