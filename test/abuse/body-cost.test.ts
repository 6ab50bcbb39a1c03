import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { Exchange } from '../../lib/http/exchange';
import { readMultipart } from '../../lib/http/multipart';
import { readBody } from '../../lib/http/request-body';
import { BOUNDARY, field, file, multipart, MULTIPART_TYPE } from '../bodies/multipart-bytes';
import { type Client, doors, problemOf } from '../support/doors';
import { Kernel, type Routes } from '../support/kernel';
import { soon } from '../support/soon';
import { keptBytes, leastCpuMs } from './cost';

const routes: Routes = {
  'GET /': () => 'here',
  'POST /any': async (exchange: Exchange) => ({ type: typeof (await readBody(exchange, 'any')) }),
  'POST /parts': async (exchange) => {
    let parts = 0;
    for await (const part of readMultipart(exchange)) parts += part.type === 'field' ? 1 : 0;
    return { parts };
  },
};

interface Attack {
  readonly what: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly status: number;
  /** None: it is taken for what it is. */
  readonly code?: string;
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const LONGEST = Buffer.alloc(1_000_000, 'a');
const BOMB = Buffer.alloc(50_000_000);
const bombOf = (coding: string, compress: (bytes: Buffer) => Buffer): Attack => ({
  what: `fifty times the limit compressed by ${coding}`,
  path: '/any',
  headers: { 'content-type': 'text/plain', 'content-encoding': coding },
  body: compress(BOMB),
  status: 413,
  code: 'BODY_TOO_LARGE',
});
const formOf = (what: string, body: string): Attack => {
  return { what, path: '/any', headers: FORM, body: Buffer.from(body), status: 400, code: 'BODY_MALFORMED' };
};
const partsOf = (what: string, body: Buffer, status: number, code?: string): Attack => {
  return { what, path: '/parts', headers: MULTIPART_TYPE, body, status, code };
};
const many = (make: (at: number) => string): string[] => Array.from({ length: 10_000 }, (_, at) => make(at));

const attacks: readonly Attack[] = [
  bombOf('gzip', gzipSync),
  bombOf('deflate', deflateSync),
  bombOf('br', brotliCompressSync),
  formOf('10,000 fields', many((at) => `a${at}=1`).join('&')),
  formOf('a list of 10,000 items', many(() => 'a[]=1').join('&')),
  formOf('a name of 10,000 levels', `a${'[b]'.repeat(10_000)}=1`),
  partsOf('10,000 parts', multipart(many(() => '').map(() => field('a', ''))), 413, 'MULTIPART_TOO_MANY'),
  partsOf(
    '5,000 files',
    multipart(
      many(() => '')
        .slice(5_000)
        .map(() => file('f', 'f', '')),
    ),
    413,
    'MULTIPART_TOO_MANY',
  ),
  partsOf(
    'a part of 10,000 headers',
    multipart([field('a', '1', ...many((at) => `X-${at}: y`))]),
    413,
    'MULTIPART_HEADERS_TOO_LARGE',
  ),
  partsOf(
    'what almost is a boundary, again and again',
    multipart([field('a', `\r\n--${BOUNDARY.slice(0, -1)}`.repeat(60_000))]),
    200,
  ),
];

const MOST_KEPT_BYTES = 2 * 1024 * 1024;
/** Whatever is kept stays behind each of them; when a buffer is freed is not for us to say. */
const RUNS = 10;

describe.each(doors.filter(({ name }) => name === 'HTTP/1.1' || name === 'h2c'))('a body over $name of', (door) => {
  let kernel: Kernel;
  let client: Client;
  let other: Client;

  beforeAll(async () => {
    kernel = await Kernel.open(routes, door.options);
  });
  beforeEach(async () => {
    [client, other] = [await door.connect(kernel.url), await door.connect(kernel.url)];
  });
  afterEach(async () => {
    await client.close();
    await other.close();
    await soon(() => expect([kernel.underWay, kernel.server.connections]).toEqual([0, 0]));
  });
  afterAll(() => kernel.close());

  /** What a body of ordinary text costs that is as long as it may be. */
  async function readWhole(): Promise<void> {
    const asked = client.ask({ method: 'POST', path: '/any', headers: { 'content-type': 'text/plain' }, body: LONGEST });
    expect((await other.ask({ path: '/' })).status).toBe(200);
    expect((await asked).status).toBe(200);
  }

  it.each(attacks)('$what: costs little, nothing of it stays, and others are answered meanwhile', async (attack) => {
    const { path, headers, body, status, code } = attack;
    const send = async (): Promise<void> => {
      const asked = client.ask({ method: 'POST', path, headers, body });
      expect((await other.ask({ path: '/' })).body.toString()).toBe('here');
      const answer = await asked;
      expect([answer.status, problemOf(answer).code]).toEqual([status, code]);
    };
    const ordinary = await leastCpuMs(readWhole);
    // To inflate what is in a bomb, or to make parts of a body, takes longer than to read one; all of either would take seconds.
    const enough = 20 * ordinary + 150;
    expect(await leastCpuMs(send, { enough, runs: RUNS })).toBeLessThan(enough);
    expect(await keptBytes(send, MOST_KEPT_BYTES, RUNS)).toBeLessThanOrEqual(MOST_KEPT_BYTES);
  });
});
