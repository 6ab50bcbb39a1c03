import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Controller, Get, Post, RequestContext } from 'rockstar-web';
import { RouteTable } from '../../lib/routing/route-table';
import { type Client, http1, moduleOf, serveOn, type Served } from '../journeys/doors';
import { post, RawClient, request } from '../support/raw-client';
import { newFolder } from '../views/folder';
import { FUZZ_TIMEOUT_MS, fuzzed } from './fuzzed';

@Controller()
class Echo {
  @Get('/query')
  query(ctx: RequestContext) {
    return { ...ctx.query };
  }

  @Get('/cookies')
  cookies(ctx: RequestContext) {
    return { ...ctx.cookies };
  }

  @Post('/body')
  async body(ctx: RequestContext) {
    return { type: typeof (await ctx.body()) };
  }

  @Post('/parts')
  async parts(ctx: RequestContext) {
    let parts = 0;
    for await (const part of ctx.multipart()) parts += part.type === 'field' ? 1 : 0;
    return { parts };
  }
}

const folder = newFolder();
folder.write('a.txt', 'a file').write('a.txt.gz', gzipSync('a file'));

/** What may stand in a header line or a target: bytes as characters. */
const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 200,
});
const inTarget = visible.map((text) => text.replaceAll('#', ''));
const inHeader = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom(' ', '\t', ',', ';', '=', '"', '\\', '*', '/', 'q', '0', '.', '1', '%'),
      fc.integer({ min: 0x20, max: 0xff }).map((code) => (code === 0x7f ? 'x' : String.fromCharCode(code))),
    ),
    maxLength: 200,
  })
  .map((text) => text.trim());
const name = fc.stringMatching(/^[\w-]{1,12}$/);

describe('values of any kind', () => {
  let served: Served;
  let client: Client;

  beforeAll(async () => {
    served = await serveOn(moduleOf([Echo]), { static: { root: folder.path, prefix: '/static/' } });
    client = await http1.connect(served.url);
  });
  afterAll(async () => {
    await client.close();
    await served.app.close();
  });

  it(
    'in a query are read as the URL standard reads them, and what is none of its encoding is no failure',
    async () => {
      const pairs = fc.uniqueArray(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.string({ unit: 'grapheme' })), {
        selector: ([key]) => key,
        maxLength: 8,
      });
      await fc.assert(
        fc.asyncProperty(pairs, inTarget, async (fields, garbage) => {
          const search = new URLSearchParams(fields);
          const answer = await client.ask({ path: `/query?${search.toString()}` });
          expect([answer.status, answer.json()]).toEqual([200, Object.fromEntries(search)]);
          expect((await client.ask({ path: `/query?${garbage}` })).status).toBe(200);
        }),
        fuzzed(20_261_101, 300),
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  it(
    'in cookies are read back as they were sent, and what are none are no failure',
    async () => {
      const pairs = fc.uniqueArray(fc.tuple(name, fc.string({ unit: 'grapheme', maxLength: 30 })), {
        selector: ([key]) => key,
        maxLength: 8,
      });
      await fc.assert(
        fc.asyncProperty(pairs, inHeader, async (fields, garbage) => {
          const cookie = fields.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('; ');
          const answer = await client.ask({ path: '/cookies', headers: { cookie } });
          expect([answer.status, answer.json()]).toEqual([200, Object.fromEntries(fields)]);
          expect((await client.ask({ path: '/cookies', headers: { cookie: garbage } })).status).toBe(200);
        }),
        fuzzed(20_261_102, 300),
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  it(
    'in what a client accepts, has or wants of a file choose among its forms, and no other',
    async () => {
      await fc.assert(
        fc.asyncProperty(inHeader, inHeader, inHeader, async (accepted, range, tag) => {
          const headers = { 'accept-encoding': accepted, range, 'if-none-match': tag, 'if-range': tag };
          const answer = await client.ask({ path: '/static/a.txt', headers });
          expect([200, 206, 304, 416]).toContain(answer.status);
          expect([undefined, 'gzip']).toContain(answer.header('content-encoding'));
          if (answer.header('content-encoding') === 'gzip') expect(accepted).toMatch(/gzip|\*/i);
        }),
        fuzzed(20_261_103, 300),
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  it(
    'in a body of whatever type and coding are read or refused, and the connection stays or is closed as it says',
    async () => {
      const type = fc.oneof(
        fc.constantFrom(
          'application/json',
          'application/json; charset=utf-16',
          'application/x-www-form-urlencoded',
          'text/plain; charset=shift_jis',
          'multipart/form-data; boundary=x',
          'multipart/form-data; boundary="--"',
        ),
        inHeader,
      );
      const bytes = fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.json().map((text) => Buffer.from(text)),
        inHeader.map((text) =>
          Buffer.from(`--x\r\ncontent-disposition: form-data; name="${text}"\r\n\r\n${text}\r\n--x--\r\n`, 'latin1'),
        ),
        fc.string({ unit: fc.constantFrom('a', '[', ']', '=', '&', '%', '5', 'b', '+', '_') }).map((text) => Buffer.from(text)),
      );
      const coding = fc.constantFrom('', '', 'gzip', 'deflate', 'br', 'identity', 'gzip, gzip');
      await fc.assert(
        fc.asyncProperty(
          type,
          bytes,
          coding,
          fc.constantFrom('/body', '/parts'),
          fc.boolean(),
          async (is, body, coded, path, pack) => {
            const sent = pack && coded === 'gzip' ? gzipSync(body) : body;
            const raw = await RawClient.connect(served.url);
            const answer = await raw.ask(
              post(path, sent, { 'content-type': is, ...(coded === '' ? {} : { 'content-encoding': coded }) }),
            );
            expect([201, 400, 413, 415]).toContain(answer.status);
            if (answer.headers.get('connection')?.[0] === 'close') expect(await raw.closed()).toBe('');
            else expect((await raw.ask(request('GET', '/query'))).status).toBe(200);
            raw.close();
          },
        ),
        fuzzed(20_261_104, 400),
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});

describe('patterns of any kind', () => {
  it(
    'make a table or are mistakes with a name, and a table finds or does not find any path',
    () => {
      const segment = fc.oneof(
        fc.constantFrom(
          'a',
          ':id',
          ':id?',
          '*',
          ':a-:b',
          ':f.json',
          ':n(\\d+)',
          '::',
          '%20',
          'é',
          '..',
          '__proto__',
          ':constructor',
        ),
        fc.string({
          unit: fc.constantFrom('a', ':', '*', '(', ')', '\\', 'd', '+', '?', '-', '.', '%', '2', 'f', ' ', '{', '}'),
          maxLength: 8,
        }),
      );
      const pattern = fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
      const path = fc.array(fc.oneof(fc.constantFrom('a', '1', '%41', '%zz', '', '..', '*', ':id'), inTarget), { maxLength: 5 });
      fc.assert(
        fc.property(fc.array(pattern, { minLength: 1, maxLength: 6 }), path, (patterns, parts) => {
          const entries = patterns.map((one) => ({ method: 'GET', pattern: one, place: one, target: one }));
          const { table, mistakes } = RouteTable.compile(entries);
          for (const mistake of mistakes) expect(mistake.code).toMatch(/^ROUTE_[A-Z_]+$/);
          const found = table.find('GET', `/${parts.join('/')}`);
          if (found !== null && found.store !== null) expect(patterns).toContain(found.store);
        }),
        fuzzed(20_261_105, 2_000),
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});
