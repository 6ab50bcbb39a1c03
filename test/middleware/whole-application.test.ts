import type { IncomingMessage, ServerResponse } from 'node:http';
import connectTimeout from 'connect-timeout';
import history from 'connect-history-api-fallback';
import cors from 'cors';
import rateLimit from 'express-rate-limit';
import helmet from 'helmet';
import methodOverride from 'method-override';
import { Controller, Delete, Get, type NextFunction, Param, Post, Put, Query, RequestContext } from 'rockstar-web';
import { createTestApp } from 'rockstar-web/testing';
import { doors, moduleOf } from '../journeys/doors';
import { gate, soon } from '../support/soon';
import { recorded, withMiddleware } from './middleware-app';

type Mounted = IncomingMessage & { originalUrl?: string; baseUrl?: string };

let reasons: unknown[] = [];

@Controller('/users')
class Users {
  @Get('/:id')
  one(@Param('id') id: string, @Query('x') x?: string): unknown {
    return { id, x };
  }

  @Post('/:id')
  post(): string {
    return 'posted';
  }

  @Put('/:id')
  put(@Param('id') id: string): string {
    return `put ${id}`;
  }

  @Delete('/:id')
  remove(): void {
    // Nothing to say.
  }
}

@Controller()
class Pages {
  @Get('/index.html')
  index(ctx: RequestContext): string {
    return `index for ${(ctx.request as Mounted).originalUrl ?? ''}`;
  }

  @Get('/slow')
  async slow(ctx: RequestContext): Promise<void> {
    await new Promise<void>((resolve) => {
      ctx.signal.addEventListener('abort', () => {
        reasons.push((ctx.signal.reason as { reason?: unknown }).reason);
        resolve();
      });
    });
  }

  @Get('/failing')
  failing(): never {
    throw new Error('secret');
  }

  @Get('/secure')
  secure(ctx: RequestContext): unknown {
    const { protocol, ip, secure } = ctx.request as unknown as Record<string, unknown>;
    return {
      protocol,
      ip,
      secure,
      host: ctx.request.headers.host,
      pseudo: Object.keys(ctx.request.headers).filter((n) => n.startsWith(':')),
    };
  }
}

beforeEach(() => {
  reasons = [];
});

describe.each(doors)('middleware of the whole application over $name', (door) => {
  it('runs for routes, for failures and for what no route matches', async () => {
    await withMiddleware(
      door,
      [Users, Pages],
      (app) => app.use(helmet()),
      async (client) => {
        for (const [path, status] of [
          ['/users/1', 200],
          ['/nowhere', 404],
          ['/failing', 500],
        ] as const) {
          const answer = await client.ask({ path });
          expect([path, answer.status]).toEqual([path, status]);
          expect(answer.header('content-security-policy')).toContain("default-src 'self'");
          expect(answer.header('x-frame-options')).toBe('SAMEORIGIN');
        }
        expect((await client.ask({ method: 'POST', path: '/users' })).status).toBe(404);
        expect((await client.ask({ method: 'PATCH', path: '/users/1' })).header('allow')).toContain('DELETE');
      },
    );
  });

  it('answers preflights and marks answers (cors)', async () => {
    // Its 204 has a length, for old browsers, which the client of these tests takes for the mistake that it is over HTTP/1.1.
    const optionsSuccessStatus = door.version === '1.1' ? 200 : 204;
    await withMiddleware(
      door,
      [Users],
      (app) => app.use(cors({ origin: 'https://here.test', credentials: true, optionsSuccessStatus })),
      async (client, { app }) => {
        const preflight = await client.ask({
          method: 'OPTIONS',
          path: '/users/1',
          headers: {
            origin: 'https://here.test',
            'access-control-request-method': 'PUT',
            'access-control-request-headers': 'x-own',
          },
        });
        expect([preflight.status, preflight.text]).toEqual([optionsSuccessStatus, '']);
        expect(preflight.header('access-control-allow-methods')).toBe('GET,HEAD,PUT,PATCH,POST,DELETE');
        expect(preflight.header('access-control-allow-headers')).toBe('x-own');
        const put = await client.ask({ method: 'PUT', path: '/users/1', headers: { origin: 'https://here.test' } });
        expect([put.text, put.header('access-control-allow-origin'), put.header('vary')]).toEqual([
          'put 1',
          'https://here.test',
          'Origin',
        ]);
        await soon(() => expect(recorded(app.metrics.snapshot())).toEqual(['200', String(optionsSuccessStatus)]));
      },
    );
  });

  it('sees the path below its mount path as url, and puts it back', async () => {
    const seen: string[] = [];
    const look = (request: Mounted, _response: ServerResponse, next: NextFunction): void => {
      seen.push(`${request.baseUrl ?? ''} ${request.url ?? ''} ${request.originalUrl ?? ''}`);
      next();
    };
    await withMiddleware(
      door,
      [Users],
      (app) => app.use('/users', look).use('/USERS/7/', look).use('/user', look).use(look),
      async (client) => {
        expect((await client.ask({ path: '/users/7?x=a' })).json()).toEqual({ id: '7', x: 'a' });
        expect((await client.ask({ path: '/%75sers/8' })).json()).toEqual({ id: '8' });
      },
    );
    expect(seen).toEqual([
      '/users /7?x=a /users/7?x=a',
      '/users/7 /?x=a /users/7?x=a',
      ' /users/7?x=a /users/7?x=a',
      '/%75sers /8 /%75sers/8',
      ' /%75sers/8 /%75sers/8',
    ]);
  });

  it('routes anew by a rewritten url (connect-history-api-fallback)', async () => {
    await withMiddleware(
      door,
      [Pages, Users],
      (app) =>
        app.use(history()).use('/old', (request, _response, next) => {
          request.url = `/../${request.url ?? ''}`;
          next();
        }),
      async (client, { app }) => {
        const accepting = { accept: 'text/html' };
        expect((await client.ask({ path: '/deep/page?q=1', headers: accepting })).text).toBe('index for /deep/page?q=1');
        expect((await client.ask({ path: '/deep/page' })).status).toBe(404);
        await soon(() => expect(recorded(app.metrics.snapshot())).toEqual(['200', '404']));
      },
    );
  });

  it('routes anew with its parameters and query', async () => {
    await withMiddleware(
      door,
      [Users],
      (app) =>
        app.use((request, _response, next) => {
          request.url = request.url?.replace('/people/', '/users/').replace('y=', 'x=');
          setImmediate(() => next());
        }),
      async (client) => expect((await client.ask({ path: '/people/5?y=2' })).json()).toEqual({ id: '5', x: '2' }),
    );
  });

  it('routes anew by a rewritten method (method-override)', async () => {
    await withMiddleware(
      door,
      [Users],
      (app) => app.use(methodOverride('X-HTTP-Method-Override')).use(methodOverride('_method')),
      async (client) => {
        const put = await client.ask({
          method: 'POST',
          path: '/users/3',
          headers: { 'x-http-method-override': 'PUT' },
          body: 'x',
        });
        expect([put.status, put.text]).toEqual([200, 'put 3']);
        expect((await client.ask({ method: 'POST', path: '/users/3?_method=DELETE' })).status).toBe(204);
        const head = await client.ask({ method: 'POST', path: '/users/3?_method=HEAD' });
        expect([head.status, head.json()]).toEqual([200, { id: '3' }]);
        expect((await client.ask({ method: 'POST', path: '/users/3' })).text).toBe('posted');
      },
    );
  });

  it('limits who asks too often (express-rate-limit)', async () => {
    const noise = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    await withMiddleware(
      door,
      [Users],
      (app) => app.use('/users', rateLimit({ windowMs: 60_000, limit: 2, standardHeaders: 'draft-8', legacyHeaders: false })),
      async (client, { app }) => {
        expect((await client.ask({ path: '/users/1' })).header('ratelimit')).toContain('r=1');
        await client.ask({ path: '/users/1', headers: { 'x-forwarded-for': '1.2.3.4' } });
        const third = await client.ask({ path: '/users/1' });
        expect([third.status, third.text]).toEqual([429, 'Too many requests, please try again later.']);
        expect(Number(third.header('retry-after'))).toBeGreaterThan(0);
        expect((await client.ask({ path: '/health/live' })).status).toBe(200);
        await soon(() => expect(recorded(app.metrics.snapshot()).filter((status) => status === '429')).toHaveLength(1));
      },
    );
    expect(noise.mock.calls).toEqual([]);
    noise.mockRestore();
  });

  it('ends a handler whose time is up with the status of the time-out (connect-timeout)', async () => {
    await withMiddleware(
      door,
      [Pages],
      (app) => app.use(connectTimeout('40ms')),
      async (client, { app }) => {
        const answer = await client.ask({ path: '/slow' });
        expect(answer.json()).toMatchObject({ status: 503, code: 'SERVICE_UNAVAILABLE' });
        await soon(() => expect(reasons).toEqual(['deadline']));
        expect((await client.ask({ path: '/index.html' })).text).toBe('index for /index.html');
        await soon(() => expect(recorded(app.metrics.snapshot())).toEqual(['200', '503']));
      },
    );
  });

  it('calls error handlers for middleware and routes, and leaves 404 alone', async () => {
    const handled: string[] = [];
    await withMiddleware(
      door,
      [Pages, Users],
      (app) =>
        app
          .use('/broken', (_request, _response, next) => next(new Error('of middleware')))
          .use((error: unknown, _request: IncomingMessage, response: ServerResponse, _next: NextFunction) => {
            handled.push((error as Error).message);
            response.statusCode = 507;
            response.end('handled');
          }),
      async (client) => {
        expect((await client.ask({ path: '/broken' })).status).toBe(507);
        expect((await client.ask({ path: '/failing' })).status).toBe(507);
        expect((await client.ask({ path: '/nowhere' })).status).toBe(404);
        expect((await client.ask({ path: '/users/1' })).status).toBe(200);
      },
    );
    expect(handled).toEqual(['of middleware', 'secret']);
  });

  it('keeps health and metrics reachable, but for what is mounted on their path', async () => {
    await withMiddleware(
      door,
      [Users],
      (app) =>
        app
          .use(() => undefined)
          .use('/metrics', (_request, response) => {
            response.statusCode = 401;
            response.end('who?');
          }),
      async (client) => {
        expect((await client.ask({ path: '/health/live' })).status).toBe(200);
        expect((await client.ask({ path: '/health/ready' })).status).toBe(200);
        expect((await client.ask({ path: '/metrics' })).status).toBe(401);
      },
    );
  });

  it('shows middleware a request as Express would', async () => {
    await withMiddleware(
      door,
      [Pages],
      (app) => app.use((_request, _response, next) => next()),
      async (client) => {
        const answer = (await client.ask({ path: '/secure', headers: { 'x-forwarded-proto': 'https' } })).json();
        expect(answer).toMatchObject({ protocol: 'https', secure: true, ip: '127.0.0.1', pseudo: [] });
        expect((answer as { host: string }).host).toBeTruthy();
      },
      { trustProxy: true },
    );
  });

  it('sends a client elsewhere, as Express would', async () => {
    await withMiddleware(
      door,
      [Users],
      (app) =>
        app.use('/away', (_request, response) => {
          (response as unknown as { redirect(url: string): void }).redirect('/ü?a=%20');
        }),
      async (client) => {
        const answer = await client.ask({ path: '/away' });
        expect([answer.status, answer.header('location')]).toEqual([302, '/%C3%BC?a=%20']);
      },
    );
  });

  it('leaves a middleware that never goes on when its client leaves', async () => {
    const arrived = gate();
    await withMiddleware(
      door,
      [Users],
      (app) => app.use(() => arrived.open()),
      async (client, { app }) => {
        const asked = client.begin({ path: '/users/1' });
        await arrived.promise;
        asked.leave();
        await soon(() => expect(recorded(app.metrics.snapshot())).toEqual(['499']));
      },
    );
  });
});

describe('app.use', () => {
  it('works for an application without a port', async () => {
    const test = await createTestApp(moduleOf([Users]));
    test.app.use((_request, response, next) => {
      response.setHeader('x-seen', '1');
      next();
    });
    try {
      expect((await test.request({ url: '/users/1' })).headers['x-seen']).toBe('1');
      await soon(() => expect(test.leaks()).toEqual([]));
    } finally {
      await test.close();
    }
  });

  it.each([
    [[undefined], 'MIDDLEWARE_INVALID'],
    [[{}], 'MIDDLEWARE_INVALID'],
    [[], 'MIDDLEWARE_INVALID'],
    [['/x'], 'MIDDLEWARE_INVALID'],
    [['x', () => undefined], 'MIDDLEWARE_PATH_INVALID'],
    [['/users/:id', () => undefined], 'MIDDLEWARE_PATH_INVALID'],
    [['/files/*', () => undefined], 'MIDDLEWARE_PATH_INVALID'],
  ])('refuses %j with %s', async (args, code) => {
    const test = await createTestApp(moduleOf([Users]));
    try {
      expect(() => (test.app.use as (...all: unknown[]) => unknown)(...args)).toThrow(code);
    } finally {
      await test.close();
    }
  });
});
