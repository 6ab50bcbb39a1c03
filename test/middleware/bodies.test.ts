import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import bodyParser from 'body-parser';
import { IsString } from 'class-validator';
import { createProxyMiddleware } from 'http-proxy-middleware';
import multer from 'multer';
import { Body, Controller, type NextFunction, Post, RequestContext, Use } from 'rockstar-web';
import { doors } from '../journeys/doors';
import { gate, soon } from '../support/soon';
import { askBytes, recorded, withMiddleware } from './middleware-app';

class Named {
  @IsString()
  name!: string;
}

type WithFile = IncomingMessage & { file?: { originalname: string; buffer: Buffer }; body: unknown };

const upload = multer({ storage: multer.memoryStorage(), limits: { fileSize: 1_000 } });

@Controller()
class Bodies {
  @Post('/named')
  named(@Body() body: Named): unknown {
    return { isNamed: body instanceof Named, name: body.name };
  }

  @Post('/text')
  text(@Body() body: string): string {
    return body;
  }

  @Post('/whatever')
  async whatever(ctx: RequestContext): Promise<unknown> {
    return { body: await ctx.body() };
  }

  @Post('/file')
  @Use(upload.single('photo'))
  file(@Body() body: unknown, ctx: RequestContext): unknown {
    const { file } = ctx.request as WithFile;
    return { body, name: file?.originalname, bytes: file?.buffer.length };
  }

  @Post('/limited')
  @Use(upload.single('photo'), (error: unknown, _request: IncomingMessage, response: ServerResponse, next: NextFunction) => {
    if ((error as { code?: string }).code !== 'LIMIT_FILE_SIZE') {
      next(error);
      return;
    }
    response.statusCode = 413;
    return response.end('too large');
  })
  limited(): string {
    return 'taken';
  }
}

const json = { 'content-type': 'application/json' };

function multipart(bytes: number): { headers: Record<string, string>; body: string } {
  const parts = [
    'Content-Disposition: form-data; name="title"\r\n\r\nA title',
    `Content-Disposition: form-data; name="photo"; filename="one.png"\r\nContent-Type: image/png\r\n\r\n${'x'.repeat(bytes)}`,
  ];
  const body = `${parts.map((part) => `--edge\r\n${part}\r\n`).join('')}--edge--\r\n`;
  return { headers: { 'content-type': 'multipart/form-data; boundary=edge' }, body };
}

describe.each(doors)('bodies read by middleware over $name', (door) => {
  it('come to @Body and ctx.body as they are, converted and checked (body-parser)', async () => {
    await withMiddleware(
      door,
      [Bodies],
      (app) => app.use(bodyParser.json({ limit: 100 }), bodyParser.urlencoded({ extended: true }), bodyParser.text()),
      async (client) => {
        const post = (path: string, body: string, headers: Record<string, string> = json) =>
          client.ask({ method: 'POST', path, headers, body });
        expect((await post('/named', '{"name":"ada"}')).json()).toEqual({ isNamed: true, name: 'ada' });
        expect((await post('/named', '{"name":1}')).json()).toMatchObject({ status: 400, code: 'VALIDATION_FAILED' });
        expect((await post('/text', 'plain', { 'content-type': 'text/plain' })).text).toBe('plain');
        expect((await post('/text', '{}')).json()).toMatchObject({ code: 'BODY_TAKEN' });
        expect((await post('/whatever', 'a[b]=c', { 'content-type': 'application/x-www-form-urlencoded' })).json()).toEqual({
          body: { a: { b: 'c' } },
        });
        expect((await client.ask({ method: 'POST', path: '/whatever' })).json()).toEqual({});
      },
    );
  });

  it('keep the status of what is wrong with them', async () => {
    await withMiddleware(
      door,
      [Bodies],
      (app) => app.use(bodyParser.json({ limit: 100 })),
      async (client, { app }) => {
        const broken = await client.ask({ method: 'POST', path: '/whatever', headers: json, body: '{"a":' });
        expect(broken.json()).toMatchObject({ status: 400, code: 'BAD_REQUEST', detail: expect.stringContaining('JSON') });
        const large = await client.ask({ method: 'POST', path: '/whatever', headers: json, body: `"${'x'.repeat(200)}"` });
        expect(large.json()).toMatchObject({ status: 413, code: 'PAYLOAD_TOO_LARGE', detail: 'request entity too large' });
        const unknown = await client.ask({
          method: 'POST',
          path: '/whatever',
          headers: { ...json, 'content-encoding': 'rot13' },
          body: '{}',
        });
        expect(unknown.status).toBe(415);
        await soon(() => expect(recorded(app.metrics.snapshot())).toEqual(['400', '413', '415']));
      },
    );
  });

  it('are files, too (multer)', async () => {
    await withMiddleware(
      door,
      [Bodies],
      () => undefined,
      async (client) => {
        const taken = await client.ask({ method: 'POST', path: '/file', ...multipart(500) });
        expect(taken.json()).toEqual({ body: { title: 'A title' }, name: 'one.png', bytes: 500 });
        const limited = await client.ask({ method: 'POST', path: '/limited', ...multipart(5_000) });
        expect([limited.status, limited.text]).toEqual([413, 'too large']);
        expect((await client.ask({ method: 'POST', path: '/limited', ...multipart(5) })).text).toBe('taken');
      },
    );
  });

  it('are left by a client that leaves half-way', async () => {
    await withMiddleware(
      door,
      [Bodies],
      (app) => app.use(bodyParser.json()),
      async (client, { app }) => {
        const asked = client.begin({ method: 'POST', path: '/whatever', headers: json, unfinished: true });
        asked.send('{"a":');
        await soon(() => expect(app.metrics.snapshot()).toBeDefined());
        await new Promise((resolve) => setImmediate(resolve));
        asked.leave();
        await soon(() => expect(recorded(app.metrics.snapshot()).length).toBeLessThanOrEqual(1));
      },
    );
  });
});

interface Upstream {
  readonly server: Server;
  readonly url: string;
  seen: { method: string; url: string; headers: IncomingMessage['headers']; hash: string }[];
  stalled: ReturnType<typeof gate>;
}

async function openUpstream(): Promise<Upstream> {
  const seen: Upstream['seen'] = [];
  const stalled = gate();
  const server = createServer((request, response) => {
    if (request.url === '/stalled') {
      response.once('close', () => stalled.open());
      response.write('begun');
      return;
    }
    const hash = createHash('sha256');
    request.on('data', (chunk: Buffer) => hash.update(chunk));
    request.on('end', () => {
      seen.push({
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        hash: hash.digest('hex'),
      });
      response.writeHead(201, { 'content-type': 'application/octet-stream', 'x-upstream': 'yes', connection: 'keep-alive' });
      response.end(BINARY);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, stalled };
}

const BINARY = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7) % 256));

describe.each(doors)('a proxy over $name', (door) => {
  let upstream: Upstream;

  beforeEach(async () => {
    upstream = await openUpstream();
  });

  afterEach(async () => {
    upstream.server.closeAllConnections();
    const closed = once(upstream.server, 'close');
    upstream.server.close();
    await closed;
  });

  it('passes bodies on untouched, both ways (http-proxy-middleware)', async () => {
    await withMiddleware(
      door,
      [Bodies],
      (app) => app.use('/api', createProxyMiddleware({ target: upstream.url, changeOrigin: true })),
      async (client, { app, url }) => {
        const headers = { 'content-type': 'application/json' };
        const answer = await askBytes(door, url, { method: 'POST', path: '/api/things?x=1', headers, body: BINARY });
        expect([answer.status, answer.header('x-upstream'), answer.body.equals(BINARY)]).toEqual([201, 'yes', true]);
        const hash = createHash('sha256').update(BINARY).digest('hex');
        expect(upstream.seen).toMatchObject([{ method: 'POST', url: '/things?x=1', hash, headers }]);
        expect((await askBytes(door, url, { path: '/api/things' })).body.equals(BINARY)).toBe(true);
        expect(
          (await client.ask({ method: 'POST', path: '/text', body: 'here', headers: { 'content-type': 'text/plain' } })).text,
        ).toBe('here');
        await soon(() => expect(recorded(app.metrics.snapshot())).toEqual(['201', '201', '201']));
      },
    );
  });

  it('ends with its client', async () => {
    await withMiddleware(
      door,
      [Bodies],
      (app) => app.use('/api', createProxyMiddleware({ target: upstream.url })),
      async (client, { app }) => {
        const asked = client.begin({ path: '/api/stalled' });
        await asked.received('begun');
        asked.leave();
        await soon(() => expect(recorded(app.metrics.snapshot())).toEqual(['499']));
        await upstream.stalled.promise;
      },
    );
  });

  it('says that there is nobody behind it', async () => {
    await withMiddleware(
      door,
      [Bodies],
      (app) => app.use(createProxyMiddleware({ target: 'http://127.0.0.1:9', logger: undefined })),
      async (client) => {
        const answer = await client.ask({ path: '/anything' });
        expect([answer.status, answer.text]).toEqual([504, expect.stringContaining('Error occurred while trying to proxy')]);
      },
    );
  });
});
