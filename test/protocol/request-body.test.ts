import { type BodyKind, readBody, takeBodyStream } from '../../lib/http/request-body';
import type { Exchange } from '../../lib/http/exchange';
import { ManualClock } from '../../lib/testing/manual-clock';
import { type Answer, type Ask, type Client, type Door, doors, problemOf } from '../support/doors';
import { Kernel, type KernelOptions, type Routes } from '../support/kernel';
import { chunked, post, RawClient, request } from '../support/raw-client';
import { soon, turns } from '../support/soon';

const LIMIT = 100_000;

const kinds: readonly BodyKind[] = ['any', 'json', 'form', 'structured', 'text', 'bytes'];
const handled: string[] = [];

/** Each kind at its path; what was read comes back as JSON. */
const routes: Routes = {
  ...Object.fromEntries(
    kinds.map((kind) => [
      `POST /${kind}`,
      async (exchange: Exchange) => {
        const value = await readBody(exchange, kind);
        if (Buffer.isBuffer(value)) return { bytes: value.length, text: value.toString('latin1').slice(0, 50) };
        return { value: value ?? null, prototype: typeof value === 'object' && value !== null ? protoOf(value) : 'none' };
      },
    ]),
  ),
  'GET /any': async (exchange) => ({ value: (await readBody(exchange, 'any')) ?? null }),
  'POST /twice': async (exchange) => {
    await readBody(exchange, 'text');
    return readBody(exchange, 'json');
  },
  'POST /stream': async (exchange) => {
    let bytes = 0;
    for await (const chunk of takeBodyStream(exchange)) bytes += (chunk as Buffer).length;
    return { bytes };
  },
  'POST /stream-late': async (exchange) => {
    await turns(3);
    let bytes = 0;
    for await (const chunk of takeBodyStream(exchange)) bytes += (chunk as Buffer).length;
    return { bytes };
  },
  'POST /late': async (exchange) => {
    await turns(3);
    return { length: ((await readBody(exchange, 'bytes')) as Buffer).length };
  },
  'POST /deaf': { body: 'none', run: () => 'deaf' },
  'POST /deaf-late': { body: 'none', run: () => turns(3).then(() => 'deaf') },
  'POST /refuses': () => {
    handled.push('refuses');
    throw Object.assign(new Error('no'), {});
  },
  'GET /next': () => 'next',
};

function protoOf(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null ? 'null' : prototype === Object.prototype ? 'Object' : 'other';
}

describe.each(doors)('a request body over $name', (door: Door) => {
  let kernel: Kernel;
  let client: Client;
  const options: KernelOptions = { ...door.options, limits: { bodyLimitBytes: LIMIT } };

  beforeAll(async () => {
    kernel = await Kernel.open(routes, options);
  });
  beforeEach(async () => {
    client = await door.connect(kernel.url);
    kernel.log.lines.length = 0;
  });
  afterEach(async () => {
    await client.close();
    await soon(() => expect(kernel.server.connections).toBe(0));
  });
  afterAll(() => kernel.close());

  const ask = (path: string, type: string | undefined, body: string | Uint8Array, more: Partial<Ask> = {}): Promise<Answer> =>
    client.ask({
      method: 'POST',
      path,
      body,
      ...more,
      headers: { ...(type === undefined ? {} : { 'content-type': type }), ...more.headers },
    });

  const valueOf = (answer: Answer): unknown => (JSON.parse(answer.body.toString()) as { value: unknown }).value;

  const refused = async (answer: Answer, status: number, code: string, detail?: RegExp): Promise<void> => {
    expect({ status: answer.status, code: problemOf(answer).code }).toEqual({ status, code });
    if (detail !== undefined) expect(problemOf(answer).detail).toMatch(detail);
    expect((await client.ask({ path: '/next' })).body.toString()).toBe('next');
    expect(kernel.log.told).toHaveLength(1);
    expect(kernel.log.told[0]?.level).toBe('debug');
  };

  it.each<[BodyKind, string | undefined, string, unknown]>([
    ['json', 'application/json', '{"a":[1,"é"]}', { a: [1, 'é'] }],
    ['json', 'application/json; charset=utf-8', '"x"', 'x'],
    ['json', 'Application/JSON ; Charset="UTF-8"', 'null', null],
    ['json', 'application/merge-patch+json', '[]', []],
    ['form', 'application/x-www-form-urlencoded', 'a=1&b=%C3%A9+x&a=2&c', { a: ['1', '2'], b: 'é x', c: '' }],
    ['structured', 'application/json', '{"a":1}', { a: 1 }],
    ['structured', 'application/x-www-form-urlencoded', 'a=1', { a: '1' }],
    ['text', 'text/plain', 'héllo', 'héllo'],
    ['text', undefined, 'no type', 'no type'],
    ['text', 'text/plain; charset=us-ascii', 'ascii', 'ascii'],
    ['any', 'application/json', '{"a":1}', { a: 1 }],
    ['any', 'application/x-www-form-urlencoded', 'a=1', { a: '1' }],
    ['any', 'text/csv', 'a,b', 'a,b'],
  ])('is read as %s from %s: %s', async (kind, type, body, value) => {
    expect(valueOf(await ask(`/${kind}`, type, body))).toEqual(value);
  });

  it('is bytes where its type says nothing else', async () => {
    for (const kind of ['any', 'bytes']) {
      const answer = await ask(`/${kind}`, 'application/pdf', Buffer.from([0, 255, 65]));
      expect(JSON.parse(answer.body.toString())).toEqual({ bytes: 3, text: '\x00ÿA' });
    }
  });

  it('of a form has no prototype, whatever its fields are called', async () => {
    const answer = await ask('/form', 'application/x-www-form-urlencoded', '__proto__=1&constructor=2&toString=3');
    expect(answer.body.toString()).toBe('{"value":{"__proto__":"1","constructor":"2","toString":"3"},"prototype":"null"}');
    expect(JSON.parse((await ask('/form', 'application/x-www-form-urlencoded', '')).body.toString())).toEqual({
      value: {},
      prototype: 'null',
    });
  });

  it('is decoded from other charsets of the Encoding Standard', async () => {
    expect(valueOf(await ask('/text', 'text/plain; charset=iso-8859-1', Buffer.from('h\xe9llo', 'latin1')))).toBe('héllo');
    expect(valueOf(await ask('/text', 'text/plain; charset=utf-16le', Buffer.from('héllo', 'utf16le')))).toBe('héllo');
  });

  it('may be missing where it is any', async () => {
    expect(valueOf(await client.ask({ method: 'POST', path: '/any' }))).toBeNull();
    expect(valueOf(await client.ask({ method: 'GET', path: '/any' }))).toBeNull();
  });

  it('is read with GET too (RFC 9110 §9.3.1)', async () => {
    const answer = await client.ask({
      method: 'GET',
      path: '/any',
      headers: { 'content-type': 'application/json' },
      body: '{"a":1}',
    });
    expect(valueOf(answer)).toEqual({ a: 1 });
  });

  describe.each([
    ['whose length is told', false],
    ['whose length is not told', true],
  ])('%s', (_how, streaming) => {
    const send = async (path: string, body: string): Promise<Answer> => {
      if (!streaming) return client.ask({ method: 'POST', path, body });
      const pending = client.begin({ method: 'POST', path }, { streaming });
      for (let at = 0; at < body.length; at += 30_000) pending.write(body.slice(at, at + 30_000));
      pending.end();
      return pending.answer;
    };

    it('may be as long as the limit says', async () => {
      const body = 'x'.repeat(LIMIT);
      expect(JSON.parse((await send('/bytes', body)).body.toString())).toMatchObject({ bytes: LIMIT });
      expect(JSON.parse((await send('/late', body)).body.toString())).toEqual({ length: LIMIT });
      expect((await send('/deaf', body)).body.toString()).toBe('deaf');
      expect((await send('/deaf-late', body)).body.toString()).toBe('deaf');
      expect((await client.ask({ path: '/next' })).status).toBe(200);
    });

    it('is refused when it is one byte longer (RFC 9110 §15.5.14)', async () => {
      const answer = await send('/bytes', 'x'.repeat(LIMIT + 1));
      expect({ status: answer.status, ...problemOf(answer) }).toMatchObject({
        status: 413,
        code: 'BODY_TOO_LARGE',
        detail: `The body is larger than ${LIMIT} bytes.`,
      });
      await client.close();
      client = await door.connect(kernel.url);
      expect((await client.ask({ path: '/next' })).status).toBe(200);
      expect(kernel.log.told).toHaveLength(1);
    });

    it('is refused when the handler asks for it late, too', async () => {
      const answer = await send('/late', 'x'.repeat(LIMIT + 1));
      expect([answer.status, problemOf(answer).code]).toEqual([413, 'BODY_TOO_LARGE']);
    });

    it('has no limit as a stream', async () => {
      for (const path of ['/stream', '/stream-late']) {
        expect(JSON.parse((await send(path, 'x'.repeat(LIMIT * 5))).body.toString())).toEqual({ bytes: LIMIT * 5 });
      }
    });
  });

  it.each<[string, BodyKind, string | undefined, string | Uint8Array, number, string, RegExp]>([
    [
      'an object key __proto__',
      'json',
      'application/json',
      '{"a":{"__proto__":{"admin":true}}}',
      400,
      'BODY_MALFORMED',
      /forbidden key/,
    ],
    [
      'an escaped key __proto__',
      'json',
      'application/json',
      '{"\\u005f_proto__":{"admin":true}}',
      400,
      'BODY_MALFORMED',
      /forbidden key/,
    ],
    [
      'a key constructor.prototype',
      'json',
      'application/json',
      '{"constructor":{"prototype":{"a":1}}}',
      400,
      'BODY_MALFORMED',
      /forbidden key/,
    ],
    ['invalid UTF-8', 'json', 'application/json', Buffer.from([0x22, 0xff, 0x22]), 400, 'BODY_MALFORMED', /not UTF-8/],
    ['an overlong encoding', 'text', 'text/plain', Buffer.from([0xc0, 0xaf]), 400, 'BODY_MALFORMED', /not UTF-8/],
    [
      'half a surrogate pair in UTF-16',
      'text',
      'text/plain; charset=utf-16le',
      Buffer.from([0x00, 0xd8]),
      400,
      'BODY_MALFORMED',
      /not utf-16le/,
    ],
    ['an empty document', 'json', 'application/json', '', 400, 'BODY_MALFORMED', /empty/],
    ['blanks', 'json', 'application/json', ' \n', 400, 'BODY_MALFORMED', /empty/],
    ['half a document', 'json', 'application/json', '{"a":', 400, 'BODY_MALFORMED', /ends too early|position/],
    ['a mistake', 'json', 'application/json', '{"secret": oops}', 400, 'BODY_MALFORMED', /position 11|does not parse/],
    ['two documents', 'json', 'application/json', '{}{}', 400, 'BODY_MALFORMED', /position 2/],
    [
      'too many fields',
      'form',
      'application/x-www-form-urlencoded',
      'a&'.repeat(1001),
      400,
      'BODY_MALFORMED',
      /more than 1000 fields/,
    ],
    ['no type', 'json', undefined, '{}', 415, 'BODY_TYPE_UNSUPPORTED', /application\/json.*not said/],
    ['another type', 'json', 'text/html', '{}', 415, 'BODY_TYPE_UNSUPPORTED', /text\/html/],
    ['what only looks like JSON', 'json', 'text/json', '{}', 415, 'BODY_TYPE_UNSUPPORTED', /text\/json/],
    ['JSON for a form', 'form', 'application/json', '{}', 415, 'BODY_TYPE_UNSUPPORTED', /x-www-form-urlencoded/],
    ['XML for either', 'structured', 'application/xml', '<a/>', 415, 'BODY_TYPE_UNSUPPORTED', /application\/xml/],
    ['JSON in another charset', 'json', 'application/json; charset=iso-8859-1', '{}', 415, 'BODY_TYPE_UNSUPPORTED', /UTF-8/],
    ['an unknown charset', 'text', 'text/plain; charset=klingon', 'x', 415, 'BODY_TYPE_UNSUPPORTED', /klingon/],
  ])('is refused for %s', async (_what, kind, type, body, status, code, detail) => {
    await refused(await ask(`/${kind}`, type, body), status, code, detail);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it.each(['compress', 'zstd', 'x-unknown', 'gzip, br'])(
    'is refused for a content coding that is not undone here, and the client is told which are: %s',
    async (coding) => {
      const answer = await ask('/text', 'text/plain', 'x', { headers: { 'content-encoding': coding } });
      expect(answer.headers['accept-encoding']).toBe('gzip, deflate, br');
      await refused(answer, 415, 'BODY_ENCODING_UNSUPPORTED', new RegExp(coding));
    },
  );

  it('may say that it is not compressed', async () => {
    expect(valueOf(await ask('/text', 'text/plain', 'x', { headers: { 'content-encoding': 'identity' } }))).toBe('x');
  });

  it('is read once; a second reading is a mistake of the handler', async () => {
    const answer = await ask('/twice', 'application/json', 'x');
    expect([answer.status, problemOf(answer).code]).toEqual([500, 'BODY_TAKEN']);
    expect(kernel.log.told[0]?.level).toBe('error');
    expect((await client.ask({ path: '/next' })).status).toBe(200);
  });

  it('that nobody takes is dropped, and the connection is kept', async () => {
    for (const path of ['/deaf', '/deaf-late', '/refuses']) {
      const answer = await ask(path, 'text/plain', 'x'.repeat(50_000));
      expect([path, answer.status]).toEqual([path, path === '/refuses' ? 500 : 200]);
      expect((await client.ask({ path: '/next' })).status).toBe(200);
    }
  });

  it('that nobody takes is refused beyond the limit, even if it never ends', async () => {
    const pending = client.begin({ method: 'POST', path: '/deaf-late' }, { streaming: true });
    let answered = false;
    void pending.answer.catch(() => undefined).finally(() => (answered = true));
    for (let i = 0; i < 400 && !answered; i++) {
      pending.write('x'.repeat(60_000));
      await turns(1);
    }
    const answer = await pending.answer;
    if (door.protocol === '1.1') expect([200, 413]).toContain(answer.status);
    else expect(answer.status).toBe(200);
    pending.leave();
    await soon(() => expect(kernel.underWay).toBe(0));
  });

  it('that breaks off fails the handler, and is recorded as the client leaving', async () => {
    kernel.instruments.records.length = 0;
    for (const path of ['/text', '/stream', '/late']) {
      const leaving = await door.connect(kernel.url);
      const pending = leaving.begin({ method: 'POST', path }, { streaming: true });
      pending.write('half');
      await soon(() => expect(kernel.underWay).toBe(1));
      pending.leave();
      await soon(() => expect(kernel.underWay).toBe(0));
      await leaving.close();
    }
    expect(kernel.log.told.map((line) => line.fields.err)).toEqual([undefined, undefined, undefined]);
    expect(kernel.instruments.statuses).toEqual([499, 499, 499]);
    expect(kernel.log.told.map(({ level, message }) => [level, message])).toEqual(Array(3).fill(['info', 'request cancelled']));
  });
});

describe.each(doors)('a slow body over $name', (door) => {
  it('is answered 408 when its time is over (RFC 9110 §15.5.9)', async () => {
    const clock = new ManualClock();
    const kernel = await Kernel.open(routes, { ...door.options, clock, limits: { requestTimeoutMs: 20_000 } });
    const client = await door.connect(kernel.url);
    const pending = client.begin({ method: 'POST', path: '/text' }, { streaming: true });
    pending.write('slow');
    await soon(() => expect(kernel.underWay).toBe(1));
    await clock.advance(19_000);
    pending.write('ly');
    await clock.advance(999);
    expect(kernel.instruments.statuses).toEqual([]);
    await clock.advance(10);
    const answer = await pending.answer;
    expect([answer.status, problemOf(answer).code]).toEqual([408, 'REQUEST_TIMEOUT']);
    expect(kernel.log.told).toHaveLength(1);
    await client.close();
    await kernel.close();
    expect(clock.pending).toBe(0);
  });
});

describe('Expect: 100-continue (RFC 9110 §10.1.1)', () => {
  let kernel: Kernel;

  beforeAll(async () => {
    kernel = await Kernel.open(routes, { limits: { bodyLimitBytes: LIMIT } });
  });
  afterAll(() => kernel.close());

  const head = (path: string, headers: Record<string, string | number>): string =>
    request('POST', path, { expect: '100-continue', ...headers });

  it('is answered with 100 when the body is wanted, and only then', async () => {
    const client = await RawClient.connect(kernel.url);
    client.write(head('/text', { 'content-length': 4, 'content-type': 'text/plain' }));
    await client.until('HTTP/1.1 100 Continue\r\n\r\n');
    const response = await client.ask('body', 'POST');
    expect([response.interim, response.status, response.body.toString()]).toEqual([
      [100],
      200,
      '{"value":"body","prototype":"none"}',
    ]);
    expect((await client.ask(request('GET', '/next'))).status).toBe(200);
    client.close();
  });

  it.each([
    ['is too long', '/text', { 'content-length': LIMIT + 1 }, 413],
    ['is compressed in an unknown way', '/text', { 'content-length': 4, 'content-encoding': 'compress' }, 415],
    ['has the wrong type', '/json', { 'content-length': 4, 'content-type': 'text/html' }, 415],
    ['goes nowhere', '/nowhere', { 'content-length': 4 }, 404],
    ['is for another method', '/next', { 'content-length': 4 }, 405],
    ['is for a handler that fails', '/refuses', { 'content-length': 4 }, 500],
    ['is not taken', '/deaf', { 'content-length': 4 }, 200],
    ['is not taken by a slow handler', '/deaf-late', { 'content-length': 4 }, 200],
  ])('is not answered with 100 when the body %s', async (_what, path, headers, status) => {
    const client = await RawClient.connect(kernel.url);
    const response = await client.ask(head(path, headers));
    expect([response.interim, response.status]).toEqual([[], status]);
    expect(response.headers.get('connection')).toEqual(['close']);
    expect(await client.closed()).toBe('');
    client.close();
  });

  it('is refused when something else is expected', async () => {
    const client = await RawClient.connect(kernel.url);
    const response = await client.ask(request('GET', '/next', { expect: 'a-miracle' }));
    expect([response.status, problemOf(response).code]).toEqual([417, 'REQUEST_EXPECTATION_UNKNOWN']);
    client.close();
  });

  it('is not honoured for HTTP/1.0', async () => {
    const client = await RawClient.connect(kernel.url);
    const response = await client.ask('POST /text HTTP/1.0\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\nbody');
    expect([response.interim, response.status]).toEqual([[], 200]);
    client.close();
  });
});

describe('the framing of an HTTP/1.1 body (RFC 9112 §6)', () => {
  let kernel: Kernel;

  beforeAll(async () => {
    kernel = await Kernel.open(routes, { limits: { bodyLimitBytes: LIMIT } });
  });
  beforeEach(() => {
    kernel.log.lines.length = 0;
    kernel.instruments.records.length = 0;
  });
  afterEach(async () => {
    await soon(() => expect(kernel.underWay).toBe(0));
    await soon(() => expect(kernel.server.connections).toBe(0));
  });
  afterAll(() => kernel.close());

  const CHUNKED = { 'transfer-encoding': 'chunked' };

  it.each([
    ['two lengths', post('/text', 'xx', { 'Content-Length ': 3 }).replace('Content-Length : 3', 'content-length: 3')],
    ['a length that is no number', request('POST', '/text', { 'content-length': 'abc' })],
    ['a negative length', request('POST', '/text', { 'content-length': '-1' })],
    ['a length with a sign', request('POST', '/text', { 'content-length': '+1' }, 'x')],
    ['a length beyond all numbers', request('POST', '/text', { 'content-length': '99999999999999999999999' })],
    ['a list of lengths', request('POST', '/text', { 'content-length': '1, 1' }, 'x')],
    ['a length and chunks', request('POST', '/text', { 'content-length': 4, ...CHUNKED }) + chunked('body')],
    [
      'a coding other than chunked at the end',
      request('POST', '/text', { 'transfer-encoding': 'chunked, gzip' }) + chunked('body'),
    ],
    ['a chunk size that is no number', request('POST', '/text', CHUNKED) + 'zz\r\nbody\r\n0\r\n\r\n'],
    ['a chunk size with a sign', request('POST', '/text', CHUNKED) + '+4\r\nbody\r\n0\r\n\r\n'],
    ['a chunk size beyond all numbers', request('POST', '/text', CHUNKED) + 'fffffffffffffffffffff\r\nbody\r\n0\r\n\r\n'],
    ['a chunk longer than its size', request('POST', '/text', CHUNKED) + '2\r\nbody\r\n0\r\n\r\n'],
    ['a chunk that ends in a bare line feed', request('POST', '/text', CHUNKED) + '4\nbody\r\n0\r\n\r\n'],
    ['a space before the colon', `POST /text HTTP/1.1\r\nhost: a\r\ntransfer-encoding : chunked\r\n\r\n${chunked('body')}`],
    ['a folded header line', 'POST /text HTTP/1.1\r\nhost: a\r\ntransfer-encoding:\r\n chunked\r\nx: y\r\n z\r\n\r\n'],
  ])('is refused once, and the connection is closed: %s', async (_what, bytes) => {
    const client = await RawClient.connect(kernel.url);
    const response = await client.ask(bytes, 'POST');
    expect([response.status, problemOf(response).code]).toEqual([400, 'REQUEST_MALFORMED']);
    expect(response.headers.get('connection')).toEqual(['close']);
    expect(await client.closed()).toBe('');
    expect(kernel.log.told).toHaveLength(1);
    expect(kernel.instruments.statuses).toEqual([400]);
    client.close();
  });

  it('is refused while the handler waits for the rest, when a chunk is malformed in the middle', async () => {
    const client = await RawClient.connect(kernel.url);
    client.write(request('POST', '/text', CHUNKED), '4\r\nbody\r\n');
    await soon(() => expect(kernel.underWay).toBe(1));
    const response = await client.ask('zz\r\n', 'POST');
    expect([response.status, problemOf(response).code]).toEqual([400, 'REQUEST_MALFORMED']);
    expect(await client.closed()).toBe('');
    client.close();
  });

  it('fails a handler that reads it as a stream, and the connection is closed', async () => {
    const client = await RawClient.connect(kernel.url);
    client.write(request('POST', '/stream', CHUNKED), '4\r\nbody\r\n');
    await soon(() => expect(kernel.underWay).toBe(1));
    client.write('zz\r\n');
    await client.closed();
    client.close();
  });

  it('is not answered twice, when it breaks behind the answer', async () => {
    const client = await RawClient.connect(kernel.url);
    const response = await client.ask(request('POST', '/deaf', CHUNKED), 'POST');
    expect(response.body.toString()).toBe('deaf');
    client.write('zz\r\n');
    expect(await client.closed()).toBe('');
    expect(kernel.instruments.statuses).toEqual([200]);
    client.close();
  });

  it('is not understood when it is chunked twice over', async () => {
    const client = await RawClient.connect(kernel.url);
    const response = await client.ask(
      request('POST', '/text', { 'transfer-encoding': 'gzip, chunked' }) + chunked('body'),
      'POST',
    );
    expect([response.status, problemOf(response).code]).toEqual([415, 'BODY_ENCODING_UNSUPPORTED']);
    client.close();
  });

  it('may have chunk extensions and trailers', async () => {
    const client = await RawClient.connect(kernel.url);
    const response = await client.ask(`${request('POST', '/text', CHUNKED)}4;ext=1\r\nbody\r\n0\r\ntrailer: x\r\n\r\n`, 'POST');
    expect(response.body.toString()).toBe('{"value":"body","prototype":"none"}');
    expect((await client.ask(request('GET', '/next'))).status).toBe(200);
    client.close();
  });

  it('has no endless chunk extensions', async () => {
    const client = await RawClient.connect(kernel.url);
    const response = await client.ask(`${request('POST', '/text', CHUNKED)}4;${'x'.repeat(20_000)}`, 'POST');
    expect(response.status).toBe(413);
    client.close();
  });

  it('over the limit reaches a client that sends it all before it reads (RFC 9112 §9.6)', async () => {
    const client = await RawClient.connect(kernel.url);
    const response = await client.ask(post('/text', 'x'.repeat(3_000_000), { 'content-type': 'text/plain' }), 'POST');
    expect([response.status, response.headers.get('connection')]).toEqual([413, ['close']]);
    expect(await client.closed()).toBe('');
    client.close();
  });
});
