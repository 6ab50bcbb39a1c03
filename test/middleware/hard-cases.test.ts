import type { IncomingMessage, ServerResponse } from 'node:http';
import bodyParser from 'body-parser';
import compression from 'compression';
import session, { MemoryStore, type SessionData } from 'express-session';
import { Controller, Get, type NextFunction, Plugin, Post, RequestContext, Use } from 'rockstar-web';
import { createTestApp } from 'rockstar-web/testing';
import { doors, moduleOf, serveOn } from '../journeys/doors';
import { H2Client } from '../support/h2-client';
import { RawClient, request } from '../support/raw-client';
import { gate, soon, turns } from '../support/soon';
import { recorded, withMiddleware } from './middleware-app';

const read: string[] = [];

function noteBody(request: IncomingMessage, _response: ServerResponse, next: NextFunction): void {
  request.on('error', () => read.push('error'));
  request.on('close', () => read.push('close'));
  next();
}

@Controller()
class Routes {
  @Get('/')
  root(): string {
    return 'here';
  }

  @Post('/body')
  @Use(noteBody, bodyParser.json())
  body(ctx: RequestContext): unknown {
    return (ctx.request as IncomingMessage & { body?: unknown }).body;
  }

  @Get('/many')
  async many(ctx: RequestContext): Promise<void> {
    const { response } = ctx;
    response.setHeader('content-type', 'text/plain');
    for (let i = 0; i < 50 && !ctx.signal.aborted; i++) {
      response.write('x'.repeat(50_000));
      await turns(1);
    }
    response.end();
  }

  @Get('/double')
  double(ctx: RequestContext): void {
    ctx.response.end('one');
    ctx.response.end('two');
    ctx.json(200, { three: true });
  }
}

beforeEach(() => {
  read.length = 0;
});

describe('a body that middleware reads over HTTP/1.1', () => {
  const open = async () => {
    const served = await serveOn(moduleOf([Routes]));
    return { ...served, client: await RawClient.connect(served.url) };
  };

  it('is asked for when somebody reads it (100-continue)', async () => {
    const { app, client } = await open();
    const head = { 'content-type': 'application/json', 'content-length': 2, expect: '100-continue' };
    client.write(request('POST', '/body', head));
    await client.until('100 Continue');
    client.write('{}');
    await client.until('201 Created');
    client.close();
    await client.closed();
    await app.close();
  });

  it('ends with what is no body', async () => {
    const { app, client } = await open();
    client.write(request('POST', '/body', { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }));
    client.write('5\r\n{"a":\r\n');
    await turns();
    client.write('this is no chunk\r\n');
    await client.closed();
    await soon(() => expect(read).toContain('close'));
    await soon(() => expect(recorded(app.metrics.snapshot())).toHaveLength(1));
    client.close();
    await app.close();
  });

  it('does not hold up the next request, nor the end of the connection', async () => {
    const { app, client } = await open();
    const json = { 'content-type': 'application/json' };
    client.write(request('POST', '/body', { ...json, 'content-length': 7 }, '{"a":1}'), request('GET', '/'));
    expect((await client.response('POST')).body.toString()).toBe('{"a":1}');
    expect((await client.response()).body.toString()).toBe('here');
    client.close();
    await client.closed();
    await app.close();
  });
});

describe('a body that middleware reads over HTTP/2', () => {
  it('is asked for when somebody reads it (100-continue)', async () => {
    const { app, url } = await serveOn(moduleOf([Routes]));
    const client = await H2Client.connect(url);
    const asked = client.begin({
      ':method': 'POST',
      ':path': '/body',
      'content-type': 'application/json',
      expect: '100-continue',
    });
    await soon(() => expect(asked.interim).toEqual([100]));
    asked.stream.end('{}');
    expect((await asked.response).status).toBe(201);
    await client.close();
    await app.close();
  });

  it('ends with its stream', async () => {
    const { app, url } = await serveOn(moduleOf([Routes]));
    const client = await H2Client.connect(url);
    const asked = client.begin({ ':method': 'POST', ':path': '/body', 'content-type': 'application/json' });
    asked.stream.write('{"a":');
    await turns();
    asked.cancel();
    await soon(() => expect(recorded(app.metrics.snapshot())).toEqual(['499']));
    await soon(() => expect(read).toContain('close'));
    await client.close();
    await app.close();
  });
});

describe.each(doors)('middleware over $name', (door) => {
  it('survives clients that leave in the middle, many times', async () => {
    const served = await serveOn(moduleOf([Routes]));
    served.app.use(compression({ threshold: 0, filter: () => true }));
    try {
      for (let i = 0; i < 10; i++) {
        const client = await door.connect(served.url);
        const asked = client.begin({ path: '/many', headers: i % 2 === 0 ? { 'accept-encoding': 'gzip' } : {} });
        await turns(i);
        asked.leave();
        await client.close();
      }
      await soon(() =>
        expect(recorded(served.app.metrics.snapshot()).every((status) => status === '499' || status === '200')).toBe(true),
      );
      const client = await door.connect(served.url);
      expect((await client.ask({ path: '/' })).text).toBe('here');
      await client.close();
    } finally {
      await served.app.close();
    }
  });

  it('keeps the first of several answers', async () => {
    await withMiddleware(
      door,
      [Routes],
      (app) => app.use(compression()),
      async (client, { app }) => {
        expect((await client.ask({ path: '/double' })).text).toBe('one');
        expect((await client.ask({ path: '/' })).text).toBe('here');
        await soon(() => expect(recorded(app.metrics.snapshot())).toEqual(['200', '200']));
      },
    );
  });

  it('is waited for when the application is closed: the session is saved', async () => {
    const saving = gate();
    let saved = 0;
    class SlowStore extends MemoryStore {
      override set(sid: string, data: SessionData, done?: (error?: unknown) => void): void {
        void saving.promise.then(() => {
          saved++;
          super.set(sid, data, done);
        });
      }
    }
    const { app, url } = await serveOn(moduleOf([Routes]));
    app.use(session({ secret: 'of tests', resave: false, saveUninitialized: true, store: new SlowStore() }));
    const client = await door.connect(url);
    const asked = client.begin({ path: '/' });
    await turns();
    const closed = app.close();
    await turns();
    saving.open();
    expect((await asked.answer).text).toBe('here');
    await client.close();
    await closed;
    expect(saved).toBe(1);
  });

  it('that gets stuck holds nothing up when the application is closed', async () => {
    const { app, url } = await serveOn(moduleOf([Routes]), { shutdownGraceMs: 200 });
    app.use(() => undefined);
    const client = await door.connect(url);
    const asked = client.begin({ path: '/' });
    await turns();
    const closed = app.close();
    expect((await asked.answer).json()).toMatchObject({ status: 503 });
    await client.close();
    await closed;
  });
});

describe('a request that middleware sends to another plugin', () => {
  it('belongs to that plugin', async () => {
    const working = gate();
    const inside: string[] = [];

    @Controller('/other')
    class Other {
      @Get()
      async get(): Promise<string> {
        await working.promise;
        return 'of the other';
      }
    }

    @Plugin({ name: 'other-plugin', version: '1.0.0', controllers: [Other] })
    class OtherPlugin {
      shutdown(): void {
        inside.push('shut down');
      }
    }

    @Plugin({ name: 'root-plugin', version: '1.0.0', imports: [OtherPlugin], controllers: [Routes] })
    class Root {}

    const test = await createTestApp(Root, { shutdownGraceMs: 5_000 });
    test.app.use((request, _response, next) => {
      request.url = '/other';
      setImmediate(() => next());
    });
    const asked = test.request({ url: '/' });
    await turns();
    const closed = test.close();
    await turns();
    expect(inside).toEqual([]);
    working.open();
    expect((await asked).text()).toBe('of the other');
    await closed;
    expect(inside).toEqual(['shut down']);
  });
});
