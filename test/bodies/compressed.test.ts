import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Exchange } from '../../lib/http/exchange';
import { readMultipart } from '../../lib/http/multipart';
import { readBody, takeBodyStream } from '../../lib/http/request-body';
import { type Answer, type Client, type Door, doors, problemOf } from '../support/doors';
import { Kernel, type Routes } from '../support/kernel';
import { soon } from '../support/soon';
import { field, file, multipart, MULTIPART_TYPE } from './multipart-bytes';

const LIMIT = 100_000;

const routes: Routes = {
  'POST /any': async (exchange: Exchange) => ({ value: await readBody(exchange, 'any') }),
  'POST /forgives': (exchange) => readBody(exchange, 'any').catch((error: unknown) => (error as { code: string }).code),
  'POST /multipart': async (exchange) => {
    const parts: string[] = [];
    for await (const part of readMultipart(exchange)) parts.push(part.type === 'file' ? await text(part) : part.value);
    return parts;
  },
  'POST /stream': async (exchange) => {
    const chunks: Buffer[] = [];
    for await (const chunk of takeBodyStream(exchange)) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString('hex');
  },
  'POST /begins': async (exchange) => {
    const input = takeBodyStream(exchange);
    await once(input, 'data');
    input.pause();
    return 'begun';
  },
  'POST /breaks': async (exchange) => {
    for await (const chunk of takeBodyStream(exchange)) return (chunk as Buffer).length > 0;
    return false;
  },
  'GET /next': () => 'next',
};

type Compress = (bytes: string | Uint8Array) => Buffer;

const codings: readonly (readonly [string, Compress])[] = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['GZIP', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
];

interface Large {
  readonly whole: Buffer;
  readonly tooLarge: readonly Buffer[];
  readonly parts: Buffer;
}

const made = new Map<Compress, Large>();

/** Compressed once for all doors: that takes longer than to send them. */
function largeOnes(compress: Compress): Large {
  const large = made.get(compress) ?? {
    whole: compress('x'.repeat(LIMIT)),
    tooLarge: [compress('x'.repeat(LIMIT + 1)), compress(Buffer.alloc(30_000_000))],
    parts: compress(multipart([file('f', 'f', Buffer.alloc(5_000_000))])),
  };
  made.set(compress, large);
  return large;
}

describe.each(doors)('a compressed body over $name (RFC 9110 §8.4)', (door: Door) => {
  let kernel: Kernel;
  let client: Client;

  beforeAll(async () => {
    kernel = await Kernel.open(routes, { ...door.options, limits: { bodyLimitBytes: LIMIT } });
  });
  beforeEach(async () => {
    client = await door.connect(kernel.url);
    kernel.instruments.records.length = 0;
  });
  afterEach(async () => {
    await soon(() => expect(kernel.underWay).toBe(0));
    await client.close();
    await soon(() => expect(kernel.server.connections).toBe(0));
  });
  afterAll(() => kernel.close());

  const send = (path: string, coding: string, body: Uint8Array, type = 'application/json'): Promise<Answer> =>
    client.ask({ method: 'POST', path, body, headers: { 'content-encoding': coding, 'content-type': type } });
  const goesOn = async (): Promise<void> => expect((await client.ask({ path: '/next' })).body.toString()).toBe('next');
  const refused = async (answer: Answer, status: number, code: string): Promise<void> => {
    expect({ status: answer.status, code: problemOf(answer).code }).toEqual({ status, code });
    await goesOn();
  };

  it.each(codings)('is what it was before: %s', async (coding, compress) => {
    const value = { list: [1, 2, 3], text: 'é'.repeat(10_000) };
    expect(JSON.parse((await send('/any', coding, compress(JSON.stringify(value)))).body.toString())).toEqual({ value });
    const form = await send('/any', coding, compress('a=1&b=2'), 'application/x-www-form-urlencoded');
    expect(JSON.parse(form.body.toString())).toEqual({ value: { a: '1', b: '2' } });
    const empty = await send('/any', coding, compress(''), 'text/plain');
    expect(JSON.parse(empty.body.toString())).toEqual({ value: '' });
    await goesOn();
  });

  it.each(codings)('may have several parts: %s', async (coding, compress) => {
    const bytes = multipart([field('a', '1'), file('f', 'f', 'x'.repeat(50_000)), field('b', '2')]);
    const answer = await send('/multipart', coding, compress(bytes), MULTIPART_TYPE['content-type']);
    expect(JSON.parse(answer.body.toString())).toEqual(['1', 'x'.repeat(50_000), '2']);
  });

  it.each(codings)('may be as large as the limit says once uncompressed, and no larger: %s', async (coding, compress) => {
    const { whole, tooLarge, parts } = largeOnes(compress);
    expect((await send('/any', coding, whole, 'text/plain')).status).toBe(200);
    for (const body of tooLarge) await refused(await send('/any', coding, body, 'text/plain'), 413, 'BODY_TOO_LARGE');
    await refused(await send('/multipart', coding, parts, MULTIPART_TYPE['content-type']), 413, 'BODY_TOO_LARGE');
  });

  it('is refused as a bomb before it is whole', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const headers = { 'content-encoding': 'gzip', 'content-type': 'text/plain' };
    const pending = client.begin({ method: 'POST', path: '/forgives', headers }, { streaming: true });
    pending.write(bomb.subarray(0, 5_000));
    expect((await pending.answer).body.toString()).toBe('BODY_TOO_LARGE');
    pending.end();
  });

  it('is refused when it is too large compressed, whatever comes of it', async () => {
    const nothing = gzipSync('');
    const many = Buffer.concat(Array<Buffer>(Math.ceil(LIMIT / nothing.length) + 1).fill(nothing));
    await refused(await send('/any', 'gzip', many, 'text/plain'), 413, 'BODY_TOO_LARGE');
    const headers = { 'content-encoding': 'gzip', 'content-type': 'text/plain' };
    const pending = client.begin({ method: 'POST', path: '/forgives', headers }, { streaming: true });
    pending.write(many);
    expect((await pending.answer).body.toString()).toBe('BODY_TOO_LARGE');
    pending.leave();
  });

  it.each(codings)('is refused when it does not decompress: %s', async (coding, compress) => {
    const whole = compress(JSON.stringify('x'.repeat(1000)));
    for (const broken of [whole.subarray(0, -3), Buffer.from('no such thing')]) {
      await refused(await send('/any', coding, broken), 400, 'BODY_MALFORMED');
    }
    const parts = compress(multipart([field('a', '1')])).subarray(0, 40);
    await refused(await send('/multipart', coding, parts, MULTIPART_TYPE['content-type']), 400, 'BODY_MALFORMED');
  });

  it('breaks off with its client', async () => {
    const headers = { 'content-encoding': 'gzip', 'content-type': 'text/plain' };
    const leaving = await door.connect(kernel.url);
    const pending = leaving.begin({ method: 'POST', path: '/any', headers }, { streaming: true });
    pending.write(gzipSync('x'.repeat(50_000)).subarray(0, 40));
    await soon(() => expect(kernel.underWay).toBe(1));
    pending.leave();
    await soon(() => expect(kernel.instruments.statuses).toEqual([499]));
    await leaving.close();
  });

  it('is handed over as it comes to who wants the stream', async () => {
    const bytes = gzipSync('x');
    expect((await send('/stream', 'gzip', bytes)).body.toString()).toBe(bytes.toString('hex'));
  });

  it('that a handler stopped reading lets the connection go on', async () => {
    for (const size of [1_000, 90_000]) {
      expect((await send('/begins', 'identity', Buffer.alloc(size, 'x'))).body.toString()).toBe('begun');
      await goesOn();
    }
    expect((await send('/begins', 'identity', Buffer.alloc(1_000_000, 'x'))).body.toString()).toBe('begun');
  });

  it('that a handler destroyed lets the connection come to its end', async () => {
    // Over HTTP/2 the answer goes with the stream.
    if (door.protocol === '2.0') return;
    expect((await send('/breaks', 'identity', Buffer.alloc(1_000_000, 'x'))).body.toString()).toBe('true');
  });
});
