import { bearerTokens, Body, Controller, Get, OnMessage, Post, RequestContext, WebSocket } from 'rockstar-web';
import { moduleOf, serveOn, type Served } from '../journeys/doors';
import { RawClient, request } from '../support/raw-client';
import { newFolder } from '../views/folder';
import { cpuMs, leastCpuMs } from './cost';

/** Reads whatever a context can read of a head. */
@Controller()
class Reader {
  @Get('/all')
  all(ctx: RequestContext) {
    ctx.setHeader('etag', '"tag"');
    ctx.setHeader('last-modified', 'Wed, 21 Oct 2015 07:28:00 GMT');
    const { ip, protocol, host, hostname, cookies, query } = ctx;
    return { seen: [ip, protocol, host, hostname, ctx.signedCookie('a'), cookies, query].length };
  }

  @Post('/body')
  body(@Body() body: unknown) {
    return { type: typeof body };
  }

  @Post('/parts')
  async parts(ctx: RequestContext) {
    let parts = 0;
    for await (const part of ctx.multipart()) parts += part.type === 'field' ? 1 : 0;
    return { parts };
  }
}

@WebSocket('/ws', { protocols: ['chat'], permessageDeflate: true })
class Gateway {
  @OnMessage()
  echo(text: string) {
    return text;
  }
}

const folder = newFolder();
folder.write('a.txt', 'a file').write('a.txt.gz', 'not asked for its bytes');

/** Just below the limit of a head. */
const LONGEST = 15_500;

/** What expressions that go back over their text are slow for: long runs of what two neighbours in them both match. */
const RUNS = [
  ' ',
  '\t',
  ',',
  ';',
  '"',
  '\\',
  '\\"',
  '=',
  'a',
  '0',
  '.',
  '-',
  ':',
  '/',
  '%',
  '(',
  '[',
  '*',
  '_',
  'a=',
  'a,',
  ' ,',
  ';a=',
  '"a',
  'W/"',
];
const AROUND: readonly (readonly [string, string])[] = [
  ['', ''],
  ['a=b;', '!'],
  ['a="', '!'],
  ['a; b="', '\\"'],
  ['a; b', '='],
];

const values = RUNS.flatMap((run) =>
  AROUND.map(([before, after]) => before + run.repeat(Math.floor(LONGEST / run.length)) + after),
).filter((value) => value.trim() !== '');

/** Each with a request that is answered by what reads it. */
const READ: readonly (readonly [name: string, path: string, method: string, others: Readonly<Record<string, string>>])[] = [
  ...[
    'accept',
    'accept-language',
    'cookie',
    'if-none-match',
    'if-match',
    'if-modified-since',
    'forwarded',
    'x-forwarded-for',
  ].map((name) => [name, '/all', 'GET', {}] as const),
  ...['x-forwarded-proto', 'x-forwarded-host', 'x-request-timeout-ms', 'grpc-timeout', 'traceparent', 'expect'].map(
    (name) => [name, '/all', 'GET', {}] as const,
  ),
  ['authorization', '/all', 'GET', {}],
  ['accept-encoding', '/static/a.txt', 'GET', {}],
  ['range', '/static/a.txt', 'GET', {}],
  ['if-range', '/static/a.txt', 'GET', { range: 'bytes=0-1' }],
  ['content-type', '/body', 'POST', {}],
  ['content-encoding', '/body', 'POST', { 'content-type': 'application/json' }],
  ['content-type', '/parts', 'POST', {}],
  ...['sec-websocket-protocol', 'sec-websocket-extensions', 'sec-websocket-key', 'origin'].map(
    (name) =>
      [
        name,
        '/ws',
        'GET',
        {
          connection: 'upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        },
      ] as const,
  ),
  ['upgrade', '/all', 'GET', { connection: 'upgrade' }],
];

describe('a header that is as long as it may be', () => {
  let served: Served;

  beforeAll(async () => {
    served = await serveOn(moduleOf([Reader, Gateway]), {
      trustProxy: true,
      cookieSecrets: 'a secret',
      static: { root: folder.path, prefix: '/static/' },
      auth: bearerTokens([{ token: 'x'.repeat(40), user: { id: 1 } }]),
      openapi: true,
    });
  });
  afterAll(() => served.app.close());

  /** Asks with each value, a connection for each: answers may close theirs. */
  async function askAll(name: string, path: string, method: string, others: Readonly<Record<string, string>>): Promise<number[]> {
    const statuses = new Set<number>();
    for (const value of values) {
      const client = await RawClient.connect(served.url);
      client.write(request(method, path, { ...others, 'content-length': 0, [name]: value }));
      // Also what is upgraded has a head, and no end.
      await client.until('\r\n\r\n');
      statuses.add(Number(client.unread.toString('latin1', 9, 12)));
      client.close();
    }
    return [...statuses];
  }

  const unread = new Map<string, number>();

  /** What the same requests cost with a header that nobody reads, once they have run before. */
  async function unreadMs(path: string, method: string, others: Readonly<Record<string, string>>): Promise<number> {
    const which = JSON.stringify([path, method, others]);
    const asked = () => askAll('x-nobody', path, method, others);
    if (!unread.has(which)) {
      await asked();
      unread.set(which, await cpuMs(asked));
    }
    return unread.get(which)!;
  }

  it.each(READ)('is read in time that grows with its length alone: %s', async (name, path, method, others) => {
    // What is quadratic takes 100 ms for a single one of these values.
    const limit = 4 * (await unreadMs(path, method, others)) + 100;
    let statuses: number[] = [];
    const read = await leastCpuMs(async () => (statuses = await askAll(name, path, method, others)), { enough: limit });
    expect(statuses.filter((status) => status >= 500)).toEqual([]);
    expect(read).toBeLessThan(limit);
  });
});
