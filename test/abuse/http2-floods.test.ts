import { readBody } from '../../lib/http/request-body';
import { H2Client } from '../support/h2-client';
import { END_HEADERS, END_STREAM, FRAME, frame, headerBlock, PREFACE, requestFields, settings } from '../support/h2-frames';
import { Kernel, type Routes } from '../support/kernel';
import { RawClient } from '../support/raw-client';
import { soon, turns } from '../support/soon';
import { cpuMs, keptBytes } from './cost';

const routes: Routes = {
  'GET /': () => 'here',
  'GET /waits': (exchange) => new Promise((resolve) => exchange.lifetime.signal.addEventListener('abort', resolve)),
  'POST /echo': (exchange) => readBody(exchange, 'text'),
};

const get = headerBlock(requestFields({ ':path': '/waits' }));
const post = headerBlock(requestFields({ ':method': 'POST', ':path': '/echo' }));
const opened = frame(FRAME.HEADERS, END_HEADERS, 1, post);
const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
/** A literal that goes into the table of the connection (RFC 7541 §6.2.1): 4,000 bytes, which one byte then repeats. */
const bomb = Buffer.concat([
  Buffer.of(0x40),
  headerBlock([['x', 'y'.repeat(4_000)]]).subarray(1),
  Buffer.alloc(10_000, 0x80 | 62),
]);

/**
 * Whether the connection is closed for it, or the frames are only passed over or refused one by one; undefined: which of
 * them depends on how many arrive at once (Node closes behind 100 refused streams).
 */
interface Flood {
  readonly what: string;
  readonly before: Buffer;
  readonly one: (at: number) => Buffer;
  readonly count: number;
  readonly closes: boolean | undefined;
  readonly msPerFrame?: number;
}

/** What a frame may cost, both ends of the connection together; measured: 0.01 ms, a block that grows 0.2 to 1. */
const MS_PER_FRAME = 0.1;
const MS_PER_BOMB = 5;
/** Not more often is it tried whether one costs as little as it may. */
const MOST_RUNS = 5;

const floods: readonly Flood[] = [
  { what: 'empty DATA frames (CVE-2019-9518)', before: opened, one: () => frame(FRAME.DATA, 0, 1), count: 20_000, closes: true },
  {
    what: 'empty HEADERS frames (CVE-2019-9518)',
    before: opened,
    one: () => frame(FRAME.HEADERS, END_HEADERS, 1),
    count: 20_000,
    closes: false,
  },
  {
    what: 'empty CONTINUATION frames (CVE-2024-27316)',
    before: frame(FRAME.HEADERS, END_STREAM, 1, get),
    one: () => frame(FRAME.CONTINUATION, 0, 1),
    count: 20_000,
    closes: true,
  },
  {
    what: 'headers without a name (CVE-2019-9516)',
    before: Buffer.alloc(0),
    one: (at) => frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 2 * at + 1, headerBlock([...requestFields(), ['', '']])),
    count: 5_000,
    closes: true,
  },
  {
    what: 'PING frames (CVE-2019-9512)',
    before: opened,
    one: () => frame(FRAME.PING, 0, 0, Buffer.alloc(8)),
    count: 20_000,
    closes: false,
  },
  { what: 'SETTINGS frames (CVE-2019-9515)', before: opened, one: () => settings, count: 20_000, closes: false },
  {
    what: 'PRIORITY frames (CVE-2019-9513)',
    before: opened,
    one: (at) => frame(FRAME.PRIORITY, 0, 2 * at + 3, Buffer.of(0, 0, 0, 0, at % 256)),
    count: 20_000,
    closes: false,
  },
  {
    what: 'WINDOW_UPDATE frames of one byte (CVE-2019-9511)',
    before: opened,
    one: () => frame(FRAME.WINDOW_UPDATE, 0, 1, number(1)),
    count: 20_000,
    closes: false,
  },
  {
    what: 'frames of a type that is not known',
    before: opened,
    one: () => frame(0xfa, 0, 0, Buffer.alloc(8)),
    count: 20_000,
    closes: false,
  },
  {
    what: 'requests that it has the server reset (CVE-2025-8671)',
    before: Buffer.alloc(0),
    one: (at) =>
      Buffer.concat([
        frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 2 * at + 1, get),
        frame(FRAME.WINDOW_UPDATE, 0, 2 * at + 1, number(0x7fff_ffff)),
      ]),
    count: 5_000,
    closes: true,
  },
  {
    what: 'requests that it resets for whatever reason (CVE-2023-44487)',
    before: Buffer.alloc(0),
    one: (at) =>
      Buffer.concat([
        frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 2 * at + 1, get),
        frame(FRAME.RST_STREAM, 0, 2 * at + 1, number(at % 14)),
      ]),
    count: 5_000,
    closes: true,
  },
  {
    what: 'header blocks that grow a thousandfold (RFC 7541 §7.3)',
    before: Buffer.alloc(0),
    one: (at) => frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 2 * at + 1, Buffer.concat([headerBlock(requestFields()), bomb])),
    count: 200,
    closes: undefined,
    msPerFrame: MS_PER_BOMB,
  },
];

/** The clients and their answers. */
const MS_BESIDE = 200;
const MOST_KEPT_BYTES = 2 * 1024 * 1024;

describe('a client of HTTP/2 that sends a flood of', () => {
  let kernel: Kernel;

  beforeAll(async () => {
    kernel = await Kernel.open(routes, { http2: 'h2c' });
  });
  let other: H2Client;
  beforeEach(async () => {
    kernel.log.lines.length = 0;
    other = await H2Client.connect(kernel.url);
  });
  afterEach(() => other.close());
  afterAll(() => kernel.close());

  it.each(floods)('$what', async ({ before, one, count, closes, msPerFrame = MS_PER_FRAME }) => {
    let isClosed = false;
    let msOver = Infinity;
    const flood = async (): Promise<void> => {
      let sent = 0;
      const client = await RawClient.connect(kernel.url);
      client.write(PREFACE, settings, before);
      const ms = await cpuMs(async () => {
        for (let at = 0; at < count && !client.ended; at += 100) {
          client.write(Buffer.concat(Array.from({ length: 100 }, (_, i) => one(at + i))));
          sent += 100;
          if (at % 1_000 === 0) expect((await other.ask({ ':path': '/' })).status).toBe(200);
        }
        await turns();
      });
      // The least of the runs: a collection, or a busy host, falls on some of them.
      msOver = Math.min(msOver, ms - sent * msPerFrame - MS_BESIDE);
      isClosed = client.ended;
      client.close();
      await soon(() => expect([kernel.underWay, kernel.server.connections]).toEqual([0, 1]));
    };
    const kept = await keptBytes(flood, MOST_KEPT_BYTES);
    for (let run = 0; msOver >= 0 && run < MOST_RUNS; run++) await flood();
    // Some of what Node 20 bears, later ones (nghttp2 counts what is amiss) close the connection for.
    const isTold = closes === true || process.versions.node.startsWith('20.');
    if (closes !== undefined && isTold) expect(isClosed).toBe(closes);
    expect(msOver).toBeLessThan(0);
    expect(kept).toBeLessThanOrEqual(MOST_KEPT_BYTES);
    // At debug and info level each request may have its line.
    expect(kernel.log.lines.filter(({ level }) => level === 'warn' || level === 'error').length).toBeLessThanOrEqual(2);
    expect((await other.ask({ ':path': '/' })).status).toBe(200);
  });

  it.each([
    ['PING frames, and reads no answers (CVE-2019-9512)', frame(FRAME.PING, 0, 0, Buffer.alloc(8))],
    ['SETTINGS frames, and reads no answers (CVE-2019-9515)', settings],
  ])('%s', async (_what, one) => {
    const client = await RawClient.connect(kernel.url);
    client.socket.pause();
    client.write(PREFACE, settings);
    await soon(() => expect(kernel.server.connections).toBe(2));
    const many = Buffer.concat(Array<Buffer>(10_000).fill(one));
    let sent = 0;
    while (kernel.server.connections === 2 && sent < 3_000_000) {
      client.write(many);
      sent += 10_000;
      expect((await other.ask({ ':path': '/' })).status).toBe(200);
    }
    await soon(() => expect(kernel.server.connections).toBe(1));
    client.close();
  });
});
