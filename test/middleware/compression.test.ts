import { Readable } from 'node:stream';
import { brotliDecompressSync, createGunzip, gunzipSync } from 'node:zlib';
import compression from 'compression';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Header, type NextFunction, RequestContext, Sse, Use } from 'rockstar-web';
import { Observable, Subject } from 'rxjs';
import { type Door, doors, moduleOf, serveOn } from '../journeys/doors';
import { H2Client } from '../support/h2-client';
import { RawClient, request } from '../support/raw-client';
import { soon } from '../support/soon';
import { askBytes, withMiddleware } from './middleware-app';

const LARGE = 'abcdefghij'.repeat(1_000);
let ticks = new Subject<string>();
let tornDown = 0;

@Controller()
class Answers {
  @Get('/json')
  json(): unknown {
    return { large: LARGE };
  }

  @Get('/small')
  small(): string {
    return 'small';
  }

  @Get('/bytes')
  @Header('content-type', 'text/plain')
  bytes(): Buffer {
    return Buffer.from(LARGE);
  }

  @Get('/stream')
  @Header('content-type', 'text/plain')
  stream(): Readable {
    return Readable.from([Buffer.from(LARGE), Buffer.from(LARGE)], { objectMode: false });
  }

  @Get('/values')
  async *values(): AsyncGenerator {
    yield LARGE;
    yield LARGE;
  }

  @Get('/broken')
  @Header('content-type', 'text/plain')
  broken(): Readable {
    return Readable.from(
      (function* () {
        yield Buffer.from(LARGE);
        throw new Error('half-way');
      })(),
      { objectMode: false },
    );
  }

  @Get('/failing')
  failing(ctx: RequestContext): never {
    ctx.setHeader('x-lost', '1');
    throw new Error('secret');
  }

  @Sse('/events')
  events(): Observable<string> {
    return new Observable<string>((subscriber) => {
      const inner = ticks.subscribe(subscriber);
      return () => {
        tornDown++;
        inner.unsubscribe();
      };
    });
  }

  @Get('/by-hand')
  @Use(stamp('route'))
  byHand(ctx: RequestContext): void {
    ctx.response.setHeader('content-type', 'text/plain');
    ctx.response.write(LARGE);
    ctx.response.end(LARGE);
  }
}

/** Puts something around all three ways out, as middleware of many kinds does. */
function stamp(name: string) {
  return (_request: IncomingMessage, response: ServerResponse, next: NextFunction): void => {
    const { writeHead, write, end } = response as unknown as Record<string, (...args: unknown[]) => unknown>;
    let bytes = 0;
    const count = (chunk: unknown): void => {
      if (typeof chunk === 'string' || Buffer.isBuffer(chunk)) bytes += Buffer.byteLength(chunk);
    };
    Object.assign(response, {
      writeHead(this: ServerResponse, ...args: unknown[]) {
        this.setHeader(`x-${name}-head`, 'seen');
        return writeHead.apply(this, args);
      },
      write(this: ServerResponse, ...args: unknown[]) {
        count(args[0]);
        return write.apply(this, args);
      },
      end(this: ServerResponse, ...args: unknown[]) {
        count(args[0]);
        if (!this.headersSent) this.setHeader(`x-${name}-bytes`, String(bytes));
        return end.apply(this, args);
      },
    });
    next();
  };
}

beforeEach(() => {
  ticks = new Subject();
  tornDown = 0;
});

describe.each(doors)('compression over $name', (door) => {
  const cases = [
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
  ] as const;

  it.each(cases)('compresses what handlers give with %s', async (coding, decompress) => {
    await withMiddleware(
      door,
      [Answers],
      (app) => app.use(compression()),
      async (_client, { url }) => {
        const headers = { 'accept-encoding': coding };
        for (const [path, text] of [
          ['/json', JSON.stringify({ large: LARGE })],
          ['/bytes', LARGE],
          ['/stream', LARGE + LARGE],
          ['/values', LARGE + LARGE],
          ['/by-hand', LARGE + LARGE],
        ] as const) {
          const answer = await askBytes(door, url, { path, headers });
          expect([path, answer.status, answer.header('content-encoding'), answer.header('vary')]).toEqual([
            path,
            200,
            coding,
            'Accept-Encoding',
          ]);
          expect(answer.body.length).toBeLessThan(1_000);
          expect(decompress(answer.body).toString()).toBe(text);
        }
      },
    );
  });

  it('leaves alone what is small, failures, HEAD and who does not want it', async () => {
    await withMiddleware(
      door,
      [Answers],
      (app) => app.use(compression()),
      async (client) => {
        const headers = { 'accept-encoding': 'gzip' };
        expect((await client.ask({ path: '/small', headers })).text).toBe('small');
        expect((await client.ask({ path: '/json' })).json()).toEqual({ large: LARGE });
        const failing = await client.ask({ path: '/failing', headers });
        expect([failing.json(), failing.header('x-lost')]).toMatchObject([{ status: 500 }, undefined]);
        const head = await client.ask({ method: 'HEAD', path: '/json', headers });
        expect([head.status, head.text, head.header('content-encoding')]).toEqual([200, '', undefined]);
        expect((await client.ask({ path: '/small', headers })).text).toBe('small');
      },
    );
  });

  it('breaks a stream off that fails half-way', async () => {
    await withMiddleware(
      door,
      [Answers],
      (app) => app.use(compression()),
      async (_client, { url }) => {
        await expect(askBytes(door, url, { path: '/broken', headers: { 'accept-encoding': 'gzip' } })).rejects.toThrow();
      },
    );
  });

  it('sends each event when it comes, and ends them when the client leaves', async () => {
    const { app, url } = await serveOn(moduleOf([Answers]));
    app.use(compression());
    const client = await openStream(door, url, '/events');
    try {
      await soon(() => expect(ticks.observed).toBe(true));
      ticks.next('one');
      await soon(() => expect(client.text()).toBe('data: one\n\n'));
      ticks.next('two');
      await soon(() => expect(client.text()).toBe('data: one\n\ndata: two\n\n'));
    } finally {
      await client.close();
      await soon(() => expect(tornDown).toBe(1));
      await app.close();
    }
  });

  it.each([[[stamp('outer'), compression(), stamp('inner')]], [[compression(), stamp('outer'), stamp('inner'), compression()]]])(
    'works among others that put something around the response',
    async (stack) => {
      await withMiddleware(
        door,
        [Answers],
        (app) => app.use(...stack),
        async (_client, { url }) => {
          const headers = { 'accept-encoding': 'gzip' };
          for (const [path, text] of [
            ['/json', JSON.stringify({ large: LARGE })],
            ['/stream', LARGE + LARGE],
            ['/by-hand', LARGE + LARGE],
            ['/small', 'small'],
          ] as const) {
            const answer = await askBytes(door, url, { path, headers });
            const body = answer.header('content-encoding') === 'gzip' ? gunzipSync(answer.body) : answer.body;
            expect([path, body.toString()]).toEqual([path, text]);
            expect([answer.header('x-outer-head'), answer.header('x-inner-head')]).toEqual(['seen', 'seen']);
          }
        },
      );
    },
  );
});

describe.each(doors)('what is put around a response over $name', (door) => {
  it('meets the answer before its head is out, whole', async () => {
    await withMiddleware(
      door,
      [Answers],
      (app) => app.use(stamp('outer')),
      async (client) => {
        const json = await client.ask({ path: '/json' });
        expect(json.header('x-outer-bytes')).toBe(String(JSON.stringify({ large: LARGE }).length));
      },
    );
  });
});

interface OpenStream {
  text(): string;
  close(): Promise<void>;
}

/** Events as they come, uncompressed as far as they came. */
async function openStream({ version }: Door, url: URL, path: string): Promise<OpenStream> {
  const gunzip = createGunzip();
  let text = '';
  gunzip.on('data', (chunk: Buffer) => (text += chunk.toString()));
  gunzip.on('error', () => undefined);
  const headers = { 'accept-encoding': 'gzip' };
  if (version === '2.0') {
    const client = await H2Client.connect(url);
    const asked = client.begin({ ':path': path, ...headers }, { endStream: true });
    asked.stream.on('data', (chunk: Buffer) => gunzip.write(chunk));
    return {
      text: () => text,
      close: async () => {
        asked.cancel();
        gunzip.destroy();
        await client.close();
      },
    };
  }
  const client = await RawClient.connect(url);
  let taken = 0;
  client.write(request('GET', path, headers));
  const take = (): void => {
    const chunks = chunksOf(client.unread);
    if (chunks.length > taken) gunzip.write(chunks.subarray(taken));
    taken = chunks.length;
  };
  client.socket.on('data', take);
  return {
    text: () => text,
    close: async () => {
      gunzip.destroy();
      client.close();
      await client.closed();
    },
  };
}

/** The bytes of all whole chunks (RFC 9112 §7.1) behind the head. */
function chunksOf(bytes: Buffer): Buffer {
  const found: Buffer[] = [];
  let at = bytes.indexOf('\r\n\r\n') + 4;
  if (at < 4) return Buffer.alloc(0);
  for (;;) {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) break;
    const length = parseInt(bytes.toString('latin1', at, end), 16);
    if (bytes.length < end + 2 + length + 2 || !(length > 0)) break;
    found.push(bytes.subarray(end + 2, end + 2 + length));
    at = end + 2 + length + 2;
  }
  return Buffer.concat(found);
}
