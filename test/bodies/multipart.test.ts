import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { Writable } from 'node:stream';
import type { Exchange } from '../../lib/http/exchange';
import { readMultipart } from '../../lib/http/multipart';
import type { MultipartFile, MultipartPart } from '../../lib/http/multipart-file';
import type { MultipartOptions } from '../../lib/http/multipart-limits';
import { ManualClock } from '../../lib/testing/manual-clock';
import { type Answer, type Client, type Door, doors, problemOf } from '../support/doors';
import { Kernel, type Routes } from '../support/kernel';
import { type Gate, gate, soon, turns } from '../support/soon';
import { BOUNDARY, field, file, multipart, MULTIPART_TYPE, type RawPart } from './multipart-bytes';

const LIMIT = 300_000;

const limits: Record<string, MultipartOptions> = {
  '/limited': { maxParts: 5, maxFields: 3, maxFiles: 2, fieldLimitBytes: 100, fileLimitBytes: 1000, maxHeaderPairs: 4 },
  '/large': { bodyLimitBytes: 5_000_000 },
};

/** What handlers met, for tests of what the client cannot see. */
let met: { parts: MultipartPart[]; failures: unknown[] };
let held: Gate<void>;

async function describePart(part: MultipartPart): Promise<unknown> {
  if (part.type === 'field') return part;
  const { type, fieldname, filename, mimeType } = part;
  return { type, fieldname, filename, mimeType, text: await text(part) };
}

async function readAll(exchange: Exchange, options?: MultipartOptions): Promise<unknown> {
  const parts: unknown[] = [];
  for await (const part of readMultipart(exchange, options)) parts.push(await describePart(part));
  return parts;
}

async function keepMeeting(exchange: Exchange, each: (part: MultipartPart) => unknown): Promise<string> {
  try {
    for await (const part of readMultipart(exchange)) {
      met.parts.push(part);
      await each(part);
    }
  } catch (error) {
    met.failures.push(error);
    throw error;
  }
  return 'done';
}

function slow(seen: Buffer[]): Writable {
  const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
    seen.push(chunk);
    setImmediate(done);
  };
  return new Writable({ highWaterMark: 1, write });
}

const routes: Routes = {
  'POST /parts': (exchange) => readAll(exchange),
  'POST /limited': (exchange) => readAll(exchange, limits['/limited']),
  'POST /large': (exchange) => readAll(exchange, limits['/large']),
  'POST /ignores': async (exchange) => {
    const seen: string[] = [];
    for await (const part of readMultipart(exchange)) seen.push(part.fieldname);
    return seen;
  },
  'POST /first': async (exchange) => {
    for await (const part of readMultipart(exchange)) return part.fieldname;
    return 'none';
  },
  'POST /never-asks': (exchange) => {
    readMultipart(exchange);
    return 'fine';
  },
  'POST /asks-and-leaves': async (exchange) => {
    const parts = readMultipart(exchange);
    const { value } = await parts.next();
    return (value as MultipartPart).fieldname;
  },
  'POST /late': async (exchange) => {
    const files: MultipartFile[] = [];
    for await (const part of readMultipart(exchange)) if (part.type === 'file') files.push(part);
    return Promise.all(files.map((one) => text(one)));
  },
  'POST /side-by-side': async (exchange) => {
    const texts: Promise<string>[] = [];
    for await (const part of readMultipart(exchange)) if (part.type === 'file') texts.push(text(part));
    return Promise.all(texts);
  },
  'POST /together': async (exchange) => {
    const parts = readMultipart(exchange);
    const three = await Promise.all([parts.next(), parts.next(), parts.next()]);
    return three.map(({ value, done }) => (done === true ? 'done' : value.fieldname));
  },
  'POST /slowly': async (exchange) => {
    const digests: string[] = [];
    for await (const part of readMultipart(exchange, limits['/large'])) {
      const seen: Buffer[] = [];
      if (part.type === 'file') await pipeline(part, slow(seen));
      digests.push(createHash('sha1').update(Buffer.concat(seen)).digest('hex'));
    }
    return digests;
  },
  'POST /forgives': async (exchange) => readAll(exchange).catch((error: unknown) => ({ forgiven: (error as Error).message })),
  'POST /meets': (exchange) => keepMeeting(exchange, (part) => (part.type === 'file' ? text(part) : undefined)),
  'POST /holds': (exchange) =>
    keepMeeting(exchange, async (part) => {
      if (part.type === 'file') await held.promise;
    }),
  'POST /twice': (exchange) => {
    readMultipart(exchange);
    return readAll(exchange);
  },
  'GET /next': () => 'next',
};

describe.each(doors)('a multipart body over $name', (door: Door) => {
  let kernel: Kernel;
  let client: Client;

  beforeAll(async () => {
    kernel = await Kernel.open(routes, { ...door.options, limits: { bodyLimitBytes: LIMIT } });
  });
  beforeEach(async () => {
    client = await door.connect(kernel.url);
    kernel.log.lines.length = 0;
    kernel.instruments.records.length = 0;
    met = { parts: [], failures: [] };
    held = gate();
  });
  afterEach(async () => {
    held.open();
    await soon(() => expect(kernel.underWay).toBe(0));
    await client.close();
    await soon(() => expect(kernel.server.connections).toBe(0));
  });
  afterAll(() => kernel.close());

  const send = (path: string, body: Uint8Array | string, headers: Record<string, string> = MULTIPART_TYPE): Promise<Answer> =>
    client.ask({ method: 'POST', path, body, headers });
  const ask = (path: string, ...parts: readonly RawPart[]): Promise<Answer> => send(path, multipart(parts));
  const valueOf = (answer: Answer): unknown => {
    if (answer.status !== 200) throw new Error(answer.body.toString());
    return JSON.parse(answer.body.toString()) as unknown;
  };
  const goesOn = async (): Promise<void> => expect((await client.ask({ path: '/next' })).body.toString()).toBe('next');

  const refused = async (answer: Answer, status: number, code: string, detail?: RegExp): Promise<void> => {
    expect({ status: answer.status, code: problemOf(answer).code }).toEqual({ status, code });
    if (detail !== undefined) expect(problemOf(answer).detail).toMatch(detail);
    await goesOn();
  };

  it('has its fields and files in order, as the client sent them', async () => {
    const answer = await ask(
      '/parts',
      field('title', 'A tïtle'),
      file('photo', 'me.png', 'PNG', 'Image/PNG; q=1'),
      field('title', 'another'),
      file('none', '', ''),
      field('empty', ''),
      field('raw', Buffer.from('h\xe9', 'latin1'), 'Content-Type: text/plain; charset=iso-8859-1'),
    );
    expect(valueOf(answer)).toEqual([
      { type: 'field', fieldname: 'title', value: 'A tïtle', mimeType: 'text/plain' },
      { type: 'file', fieldname: 'photo', filename: 'me.png', mimeType: 'image/png', text: 'PNG' },
      { type: 'field', fieldname: 'title', value: 'another', mimeType: 'text/plain' },
      { type: 'file', fieldname: 'none', filename: '', mimeType: 'application/octet-stream', text: '' },
      { type: 'field', fieldname: 'empty', value: '', mimeType: 'text/plain' },
      { type: 'field', fieldname: 'raw', value: 'hé', mimeType: 'text/plain' },
    ]);
    await goesOn();
  });

  it('may be empty', async () => {
    expect(valueOf(await send('/parts', `--${BOUNDARY}--\r\n`))).toEqual([]);
    await goesOn();
  });

  it('may have a preamble, an epilogue and a boundary in quotes', async () => {
    const body = `preamble\r\n--a b\r\nContent-Disposition: form-data; name=x\r\n\r\n1\r\n--a b--\r\nepilogue ${'x'.repeat(5000)}`;
    const answer = await send('/parts', body, { 'content-type': 'Multipart/Form-Data; charset=utf-8; boundary="a b"' });
    expect(valueOf(answer)).toEqual([{ type: 'field', fieldname: 'x', value: '1', mimeType: 'text/plain' }]);
    await goesOn();
  });

  it.each([
    ['a path of Unix', '../../etc/passwd', 'passwd'],
    ['a path of Windows', 'C:\\Users\\me\\secret.txt', 'secret.txt'],
    ['nothing but dots', '..', ''],
    ['a directory', 'uploads/', ''],
    ['control characters', 'a\u0000b\u0007.txt\u202etxt', 'ab.txttxt'],
    ['line breaks, escaped', 'a%0D%0Ab.txt', 'ab.txt'],
    ['quotes, escaped as browsers do', 'say %22hi%22.txt', 'say "hi".txt'],
    ['quotes, escaped as RFC 822 does', 'say \\"hi\\".txt', 'say "hi".txt'],
    ['a percent sign', '100%25.txt', '100%25.txt'],
    ['UTF-8', 'naïve 日本語 😀.txt', 'naïve 日本語 😀.txt'],
    ['a name that is too long', `${'x'.repeat(300)}.png`, `${'x'.repeat(251)}.png`],
  ])('has files named without harm: %s', async (_what, sent, filename) => {
    expect(valueOf(await ask('/parts', file('f', sent, 'x')))).toMatchObject([{ filename, text: 'x' }]);
  });

  it('takes an extended file name over the plain one (RFC 5987)', async () => {
    const head = [`Content-Disposition: form-data; name="f"; filename="naive.txt"; filename*=UTF-8''na%C3%AFve.txt`];
    expect(valueOf(await ask('/parts', { head, body: '' }))).toMatchObject([{ filename: 'naïve.txt' }]);
    const broken = [`Content-Disposition: form-data; name="f"; filename="naive.txt"; filename*=UTF-8''%C3.txt`];
    expect(valueOf(await ask('/parts', { head: broken, body: '' }))).toMatchObject([{ filename: 'naive.txt' }]);
  });

  it('takes names that are not UTF-8 for Latin-1', async () => {
    const body = multipart([field('x', '1')])
      .toString('latin1')
      .replace('name="x"', 'name="n\xe4me"');
    expect(valueOf(await send('/parts', Buffer.from(body, 'latin1')))).toMatchObject([{ fieldname: 'näme' }]);
  });

  it('may hold another multipart body, which is text like any other', async () => {
    const inner = multipart([field('x', '1')], 'inner').toString();
    const answer = await ask('/parts', field('nested', inner, 'Content-Type: multipart/mixed; boundary=inner'));
    expect(valueOf(answer)).toEqual([{ type: 'field', fieldname: 'nested', value: inner, mimeType: 'multipart/mixed' }]);
  });

  it('may hold what looks almost like its boundary', async () => {
    const tricky = `\r\n--${BOUNDARY.slice(0, -1)}\r\n-\r\n--\r\n--a\r\n\r\n`;
    expect(valueOf(await ask('/parts', file('f', 'f', tricky), field('g', tricky)))).toMatchObject([
      { text: tricky },
      { value: tricky },
    ]);
  });

  it('may come byte by byte', async () => {
    const body = multipart([
      field('a', '1'),
      file('f', 'f.bin', `x\r\n--${BOUNDARY}y`.replace(BOUNDARY, 'a-boundarx')),
      field('b', ''),
    ]);
    const pending = client.begin({ method: 'POST', path: '/parts', headers: MULTIPART_TYPE }, { streaming: true });
    for (const byte of body) {
      pending.write(Buffer.of(byte));
      await turns(1);
    }
    pending.end();
    expect(valueOf(await pending.answer)).toMatchObject([{ value: '1' }, { text: 'x\r\n--a-boundarxy' }, { value: '' }]);
  });

  it('goes at the pace of who reads its files', async () => {
    const bytes = Buffer.alloc(1_500_000, 'abcdefghij');
    const digest = createHash('sha1').update(bytes).digest('hex');
    expect(valueOf(await ask('/slowly', file('f', 'f', bytes), file('g', 'g', bytes)))).toEqual([digest, digest]);
    await goesOn();
  });

  it('may be larger than the limit of other bodies, where the route says so', async () => {
    const answer = await ask('/large', file('f', 'f', 'x'.repeat(LIMIT * 2)));
    expect(valueOf(answer)).toMatchObject([{ fieldname: 'f' }]);
  });

  describe('whose files nobody reads', () => {
    const large = (): RawPart[] => [field('a', '1'), file('f', 'f', 'x'.repeat(100_000)), file('g', 'g', 'y'), field('b', '2')];

    it('is passed over part by part', async () => {
      expect(valueOf(await ask('/ignores', ...large()))).toEqual(['a', 'f', 'g', 'b']);
      await goesOn();
    });

    it.each(['/first', '/asks-and-leaves'])('is dropped when the handler has seen enough: %s', async (path) => {
      expect((await ask(path, ...large())).body.toString()).toBe('a');
      await goesOn();
      expect((await ask(path, file('f', 'f', 'x'.repeat(200_000)))).body.toString()).toBe('f');
      await goesOn();
    });

    it('is dropped when it was not even asked for', async () => {
      expect((await ask('/never-asks', ...large())).body.toString()).toBe('fine');
      await goesOn();
    });

    it('is a mistake when they are read afterwards', async () => {
      const answer = await ask('/late', file('f', 'f', 'x'), file('g', 'g', 'y'));
      expect([answer.status, problemOf(answer).code]).toEqual([500, 'MULTIPART_FILE_SKIPPED']);
      await goesOn();
    });
  });

  it('is waited for when its files are read beside the iteration', async () => {
    const texts = ['x'.repeat(100_000), '', 'y'];
    expect(valueOf(await ask('/side-by-side', ...texts.map((one, at) => file(`f${at}`, 'f', one))))).toEqual(texts);
  });

  it('hands out parts in order to who asks for several at once', async () => {
    expect(valueOf(await ask('/together', field('a', '1'), file('f', 'f', 'x')))).toEqual(['a', 'f', 'done']);
  });

  it('is read once', async () => {
    const answer = await ask('/twice', field('a', '1'));
    expect([answer.status, problemOf(answer).code]).toEqual([500, 'BODY_TAKEN']);
    await goesOn();
  });

  it.each([
    ['parts', [file('f', 'f', 'x'), file('g', 'g', 'x'), field('a', ''), field('b', ''), field('c', ''), field('d', '')], 5],
    ['fields', [field('a', ''), field('b', ''), field('c', ''), field('d', '')], 3],
    ['files', [file('f', 'f', 'x'), file('g', 'g', ''), file('h', 'h', '')], 2],
  ] as const)('is refused for too many %s', async (what, parts, limit) => {
    await refused(await ask('/limited', ...parts), 413, 'MULTIPART_TOO_MANY', new RegExp(`more than the ${limit} ${what}`));
    expect(valueOf(await ask('/limited', ...parts.slice(0, limit)))).toHaveLength(limit);
  });

  it('is refused for 10,000 parts', async () => {
    const body = multipart([...Array(10_000).keys()].map(() => field('a', '')));
    await refused(await send('/large', body), 413, 'MULTIPART_TOO_MANY', /1000 (parts|fields)/);
  });

  it('is refused for a field that is too large', async () => {
    expect(valueOf(await ask('/limited', field('a', 'x'.repeat(100))))).toHaveLength(1);
    await refused(await ask('/limited', field('long', 'x'.repeat(101))), 413, 'MULTIPART_FIELD_TOO_LARGE', /long.*100 bytes/);
  });

  it('is refused for a file that is too large', async () => {
    expect(valueOf(await ask('/limited', file('f', 'f', 'x'.repeat(1000))))).toHaveLength(1);
    await refused(await ask('/limited', file('f', 'f', 'x'.repeat(1001))), 413, 'MULTIPART_FILE_TOO_LARGE', /f is.*1000 bytes/);
  });

  it('is refused for too many header lines of a part, and for too large ones', async () => {
    const lines = (count: number): string[] => [...Array(count).keys()].map((at) => `X-${at}: y`);
    expect(valueOf(await ask('/limited', field('a', '1', ...lines(3))))).toHaveLength(1);
    await refused(await ask('/limited', field('a', '1', ...lines(4))), 413, 'MULTIPART_HEADERS_TOO_LARGE', /4 lines/);
    for (const size of [8_200, 16_300, 17_000, 100_000]) {
      const answer = await ask('/parts', field('a', '1', `X-Long: ${'y'.repeat(size)}`));
      await refused(answer, 413, 'MULTIPART_HEADERS_TOO_LARGE', /8192 bytes/);
    }
  });

  it('is refused when the whole is too large', async () => {
    const answer = await ask('/parts', file('f', 'f', 'x'.repeat(LIMIT)));
    expect([answer.status, problemOf(answer).code]).toEqual([413, 'BODY_TOO_LARGE']);
    const pending = client.begin({ method: 'POST', path: '/meets', headers: MULTIPART_TYPE }, { streaming: true });
    if (door.protocol === '1.1') {
      pending.leave();
      return;
    }
    pending.write(multipart([file('f', 'f', 'x'.repeat(LIMIT))]));
    const streamed = await pending.answer;
    expect([streamed.status, problemOf(streamed).code]).toEqual([413, 'BODY_TOO_LARGE']);
    expect(met.failures).toMatchObject([{ code: 'BODY_TOO_LARGE' }]);
  });

  it.each<[string, string, RegExp]>([
    ['it is cut off in a part', `--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\nval`, /ends too early/],
    [
      'it is cut off in a file',
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\nval`,
      /too early/,
    ],
    ['it is cut off in a header', `--${BOUNDARY}\r\nContent-Dispos`, /ends too early/],
    ['it never begins', 'hello', /ends too early/],
    ['it is empty', '', /ends too early/],
    ['another boundary stands in it', multipart([field('a', '1')], 'other').toString(), /ends too early/],
    ['a part has no header section', `--${BOUNDARY}\r\nhello\r\n--${BOUNDARY}--\r\n`, /header section/],
    ['a part is empty', `--${BOUNDARY}\r\n--${BOUNDARY}--\r\n`, /header section/],
    ['a part has no disposition', `--${BOUNDARY}\r\nX: y\r\n\r\n1\r\n--${BOUNDARY}--\r\n`, /no Content-Disposition/],
    ['a part has no name', multipart([{ head: ['Content-Disposition: form-data'], body: '' }]).toString(), /with a name/],
    [
      'a part is an attachment',
      multipart([{ head: ['Content-Disposition: attachment; name="a"'], body: '' }]).toString(),
      /form-data/,
    ],
    [
      'a part has two names',
      multipart([{ head: ['Content-Disposition: form-data; name=a; name=b'], body: '' }]).toString(),
      /form-data/,
    ],
    ['a name does not end', multipart([{ head: ['Content-Disposition: form-data; name="a'], body: '' }]).toString(), /form-data/],
    [
      'a part has two dispositions',
      multipart([field('a', '1', 'Content-Disposition: form-data; name="b"')]).toString(),
      /more than one/,
    ],
    [
      'a line is folded strangely',
      multipart([{ head: [' x', 'Content-Disposition: form-data; name=a'], body: '' }]).toString(),
      /no Content-D/,
    ],
    [
      'the boundary goes on',
      multipart([field('a', '1')])
        .toString()
        .replace('\r\n', 'xyz\r\n'),
      /no Content-Disposition/,
    ],
  ])('is refused as malformed when %s', async (_what, body, detail) => {
    await refused(await send('/parts', body), 400, 'BODY_MALFORMED', detail);
  });

  it.each<[string, string, number, string, RegExp]>([
    ['no boundary', 'multipart/form-data', 400, 'BODY_MALFORMED', /names no boundary/],
    ['an empty boundary', 'multipart/form-data; boundary=', 400, 'BODY_MALFORMED', /boundary is not valid/],
    ['a boundary of 71 characters', `multipart/form-data; boundary=${'x'.repeat(71)}`, 400, 'BODY_MALFORMED', /not valid/],
    ['an odd boundary', 'multipart/form-data; boundary="a\tb"', 400, 'BODY_MALFORMED', /not valid/],
    ['another multipart type', 'multipart/mixed; boundary=x', 415, 'BODY_TYPE_UNSUPPORTED', /multipart\/form-data/],
    ['no type', '', 415, 'BODY_TYPE_UNSUPPORTED', /multipart\/form-data/],
  ])('is refused for a content type with %s', async (_what, type, status, code, detail) => {
    const answer = await send('/parts', multipart([field('a', '1')]), type === '' ? {} : { 'content-type': type });
    if (status === 415) expect(answer.headers.accept).toBe('multipart/form-data');
    await refused(answer, status, code, detail);
  });

  it('is refused for an unknown charset, and for text that is not in the one it names', async () => {
    await refused(
      await ask('/parts', field('a', '1', 'Content-Type: text/plain; charset=klingon')),
      415,
      'BODY_TYPE_UNSUPPORTED',
      /klingon/,
    );
    await refused(await ask('/parts', field('a', Buffer.of(0xff))), 400, 'BODY_MALFORMED', /not UTF-8/);
  });

  it('is refused for a part that is encoded for mail', async () => {
    const answer = await ask('/parts', field('a', 'eA==', 'Content-Transfer-Encoding: base64'));
    await refused(answer, 415, 'BODY_ENCODING_UNSUPPORTED', /base64/);
    expect(valueOf(await ask('/parts', field('a', 'x', 'Content-Transfer-Encoding: binary')))).toHaveLength(1);
  });

  it('leaves the connection usable when a handler forgives a failure in the middle', async () => {
    const parts = [
      field('a', '1'),
      file('f', 'f', 'x'.repeat(150_000)),
      field('b', Buffer.of(0xff)),
      file('g', 'g', 'x'.repeat(100_000)),
    ];
    expect(valueOf(await ask('/forgives', ...parts))).toEqual({ forgiven: expect.stringContaining('not UTF-8') as string });
    await goesOn();
  });

  describe('whose client leaves in the middle', () => {
    const begin = (path: string): Promise<{ leave(): void }> =>
      Promise.resolve(client.begin({ method: 'POST', path, headers: MULTIPART_TYPE }, { streaming: true })).then((pending) => {
        const whole = multipart([field('a', '1'), file('f', 'f', 'x'.repeat(20_000))]);
        pending.write(whole.subarray(0, whole.length - 100));
        return pending;
      });

    it('fails who reads a file, and who waits for the next part', async () => {
      const pending = await begin('/meets');
      await soon(() => expect(met.parts).toHaveLength(2));
      pending.leave();
      await soon(() => expect(met.failures).toMatchObject([{ code: 'REQUEST_CANCELLED', reason: 'client' }]));
      expect((met.parts[1] as MultipartFile).destroyed).toBe(true);
      await soon(() => expect(kernel.underWay).toBe(0));
      expect(kernel.instruments.statuses).toEqual([499]);
      expect(kernel.log.told.map(({ level, message }) => [level, message])).toEqual([['info', 'request cancelled']]);
    });

    it('destroys a file that is held by a handler that waits for something else', async () => {
      const pending = await begin('/holds');
      await soon(() => expect(met.parts).toHaveLength(2));
      pending.leave();
      await soon(() => expect((met.parts[1] as MultipartFile).destroyed).toBe(true));
      held.open();
      await soon(() => expect(met.failures).toMatchObject([{ reason: 'client' }]));
    });
  });
});

describe.each(doors)('a slow multipart body over $name', (door) => {
  it('is answered 408 when its time is over', async () => {
    const clock = new ManualClock();
    met = { parts: [], failures: [] };
    const kernel = await Kernel.open(routes, { ...door.options, clock, limits: { requestTimeoutMs: 20_000 } });
    const client = await door.connect(kernel.url);
    const pending = client.begin({ method: 'POST', path: '/meets', headers: MULTIPART_TYPE }, { streaming: true });
    pending.write(multipart([field('a', '1')]).subarray(0, -10));
    await soon(() => expect(kernel.underWay).toBe(1));
    await clock.advance(20_010);
    const answer = await pending.answer;
    expect([answer.status, problemOf(answer).code]).toEqual([408, 'REQUEST_TIMEOUT']);
    expect(met.failures).toMatchObject([{ code: 'REQUEST_TIMEOUT' }]);
    await client.close();
    await kernel.close();
    expect(clock.pending).toBe(0);
  });
});
