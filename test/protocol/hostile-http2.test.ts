import { once } from 'node:events';
import { constants } from 'node:http2';
import { createLogger } from '../../lib/diagnostics/create-logger';
import { readBody } from '../../lib/http/request-body';
import { problemOf } from '../support/doors';
import { H2Client } from '../support/h2-client';
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  headerBlock,
  PREFACE,
  readFrames,
  requestFields,
  settings,
} from '../support/h2-frames';
import { Kernel, type Routes } from '../support/kernel';
import { RawClient, request } from '../support/raw-client';
import { soon, turns } from '../support/soon';

class Lines {
  readonly texts: string[] = [];
  write(line: string): void {
    this.texts.push(line);
  }
}

const routes: Routes = {
  'GET /': () => 'here',
  'GET /later': () => turns(3).then(() => 'later'),
  'GET /one/:name': (exchange) => exchange.params.name,
  'GET /headers': ({ wire }) =>
    `saw ${
      Object.keys(wire.headers)
        .filter((name) => !name.startsWith(':'))
        .join() || 'nothing else'
    }`,
  'POST /echo': (exchange) => readBody(exchange, 'text'),
  'GET /waits': (exchange) => new Promise((resolve) => exchange.lifetime.signal.addEventListener('abort', resolve)),
};

// eslint-disable-next-line no-control-regex -- what must not come through
const DECEPTIVE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/u;

describe('hostile HTTP/2', () => {
  const lines = new Lines();
  let kernel: Kernel;

  beforeAll(async () => {
    kernel = await Kernel.open(routes, {
      http2: 'h2c',
      logger: createLogger({ level: 'debug', destination: lines }),
      limits: { headersTimeoutMs: 500, keepAliveTimeoutMs: 300, bodyLimitBytes: 100_000, maxConcurrentStreams: 50 },
    });
  });
  beforeEach(() => {
    lines.texts.length = 0;
    kernel.instruments.records.length = 0;
  });
  afterEach(async () => {
    const next = await H2Client.connect(kernel.url);
    expect((await next.ask({ ':path': '/later' })).body.toString()).toBe('later');
    await next.close();
    await soon(() => expect([kernel.underWay, kernel.server.connections]).toEqual([0, 0]));
    for (const text of lines.texts) expect(text.slice(0, -1)).not.toMatch(DECEPTIVE);
  });
  afterAll(() => kernel.close());

  describe('made by hand', () => {
    let client: RawClient;
    beforeEach(async () => {
      client = await RawClient.connect(kernel.url);
      client.write(PREFACE, settings);
    });
    afterEach(() => client.close());

    const ask = (fields: Readonly<Record<string, string | undefined>>, flags = END_HEADERS | END_STREAM): Buffer =>
      frame(FRAME.HEADERS, flags, 1, headerBlock(requestFields(fields)));

    /** The status of the response on stream 1, where it is one of the static table (RFC 7541 appendix A). */
    async function statusOf(): Promise<number> {
      const indexed: Record<number, number> = { 0x88: 200, 0x89: 204, 0x8b: 304, 0x8c: 400, 0x8d: 404, 0x8e: 500 };
      const { payload } = await frameOf(FRAME.HEADERS);
      return indexed[payload[0] ?? 0] ?? -1;
    }

    async function resetOf(): Promise<number> {
      return (await frameOf(FRAME.RST_STREAM)).payload.readUInt32BE(0);
    }

    function frameOf(wanted: number): Promise<{ payload: Buffer }> {
      return soon(() => {
        const frames = readFrames(client.unread);
        const found = frames.find(({ type, stream }) => type === wanted && stream === 1);
        if (found === undefined)
          throw new Error(`the frames are ${frames.map(({ type, stream }) => `${type}/${stream}`).join()}`);
        return found;
      });
    }

    it.each<[string, () => Buffer]>([
      ['a SETTINGS frame', () => frame(FRAME.SETTINGS, 0, 0, Buffer.alloc(16_386))],
      ['the head of a HEADERS frame', () => frame(FRAME.HEADERS, END_HEADERS, 1, Buffer.alloc(16_385)).subarray(0, 9)],
      ['a PING', () => frame(FRAME.PING, 0, 0, Buffer.alloc(9))],
    ])('is told FRAME_SIZE_ERROR and left for %s that is too large (RFC 9113 §4.2)', async (_what, bytes) => {
      client.write(bytes());
      await soon(() => {
        const goaway = readFrames(client.unread).find(({ type }) => type === FRAME.GOAWAY);
        expect(goaway?.payload.readUInt32BE(4)).toBe(constants.NGHTTP2_FRAME_SIZE_ERROR);
      });
      // Node 20 leaves it open, reading no more; then it is closed as any that is idle.
      await client.closed();
    });

    it('is answered where it is well-formed', async () => {
      client.write(ask({}));
      expect(await statusOf()).toBe(200);
    });

    it.each<[string, Record<string, string | undefined>, number]>([
      ['a host of its own beside the authority (RFC 9113 §8.3.1)', { host: 'elsewhere.test' }, 400],
      ['a host instead of the authority', { ':authority': undefined, host: 'kernel.test' }, 200],
      ['the same host as the authority', { host: 'kernel.test' }, 200],
      ['a broken percent-encoding', { ':path': '/one/%zz' }, 400],
      ['a method nobody knows', { ':method': 'BREW', ':path': '/nowhere' }, 404],
      ['a method that every object has', { ':method': 'constructor', ':path': '/nowhere' }, 404],
      ['a method that is a prototype', { ':method': '__proto__', ':path': '/nowhere' }, 404],
      ['raw bytes in the path', { ':path': '/one/\xc3\xa9' }, 200],
      ['OPTIONS for the server', { ':method': 'OPTIONS', ':path': '*' }, 204],
    ])('is answered with %s', async (_what, fields, status) => {
      client.write(ask(fields));
      expect(await statusOf()).toBe(status);
      expect(kernel.instruments.statuses).toEqual([status]);
    });

    it.each<[string, readonly [string, string][]]>([
      ['a connection header (RFC 9113 §8.2.2)', [...requestFields(), ['connection', 'keep-alive']]],
      ['a transfer-encoding', [...requestFields(), ['transfer-encoding', 'chunked']]],
      ['a header in upper case (§8.2.1)', [...requestFields(), ['X-Upper', 'x']]],
      ['neither authority nor host (§8.3.1)', requestFields({ ':authority': undefined })],
      ['two hosts', [...requestFields(), ['host', 'kernel.test'], ['host', 'elsewhere.test']]],
      ['no path', requestFields({ ':path': undefined })],
      ['an empty path', requestFields({ ':path': '' })],
      ['a path that is none', requestFields({ ':path': 'nowhere' })],
      ['no method', requestFields({ ':method': undefined })],
      ['no scheme', requestFields({ ':scheme': undefined })],
      ['a method that is no token', requestFields({ ':method': 'GE T' })],
      ['two paths', [...requestFields(), [':path', '/']]],
      ['a pseudo-header nobody knows', [[':evil', '1'], ...requestFields()]],
      ['a pseudo-header of responses', [[':status', '200'], ...requestFields()]],
      ['a pseudo-header behind the others', [['x', 'y'], ...requestFields()]],
      [
        'two lengths',
        [...requestFields({ ':method': 'POST', ':path': '/echo' }), ['content-length', '1'], ['content-length', '2']],
      ],
      ['te other than trailers', [...requestFields(), ['te', 'gzip']]],
    ])('is reset with PROTOCOL_ERROR for %s', async (_what, fields) => {
      client.write(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, headerBlock(fields)));
      expect(await resetOf()).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
      expect(kernel.instruments.statuses).toEqual([]);
      expect(lines.texts.length).toBeLessThanOrEqual(1);
    });

    it.each<[string, [string, string]]>([
      ['a name with a line break', ['x\r\ny', 'x']],
      ['a value with a line break', ['x', 'a\r\nb: c']],
      ['a value with a NUL', ['x', 'a\0b']],
    ])('does not pass on a header that no message may have: %s (§8.2.1)', async (_what, field) => {
      client.write(
        frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, headerBlock([...requestFields({ ':path': '/headers' }), field])),
      );
      expect(await statusOf()).toBe(200);
      await soon(() => expect(client.unread.includes('saw nothing else')).toBe(true));
    });

    it('is reset when its body has another length than its head said (§8.1.1), and no handler takes it for whole', async () => {
      client.write(ask({ ':method': 'POST', ':path': '/echo', 'content-length': '10' }, END_HEADERS));
      client.write(frame(FRAME.DATA, END_STREAM, 1, Buffer.from('four')));
      expect(await resetOf()).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
      await soon(() => expect(kernel.underWay).toBe(0));
      expect(kernel.instruments.statuses.filter((status) => status !== 499)).toEqual([]);
    });

    it('is not taken for whole when it is reset without an error in the packet it came with', async () => {
      const head = ask({ ':method': 'POST', ':path': '/echo' }, END_HEADERS);
      client.write(
        Buffer.concat([head, frame(FRAME.DATA, 0, 1, Buffer.from('half')), frame(FRAME.RST_STREAM, 0, 1, Buffer.alloc(4))]),
      );
      await turns();
      await soon(() => expect(kernel.underWay).toBe(0));
      expect(kernel.instruments.statuses.filter((status) => status !== 499)).toEqual([]);
    });

    it.each<[string, readonly Buffer[]]>([
      ['a frame that is too large', [frame(FRAME.DATA, 0, 1, Buffer.alloc(20_000))]],
      ['a frame on stream 0 that has no place there', [frame(FRAME.HEADERS, END_HEADERS, 0, headerBlock(requestFields()))]],
      ['data on a stream that was never opened', [frame(FRAME.DATA, 0, 5, Buffer.from('x'))]],
      ['a stream number of servers', [frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 2, headerBlock(requestFields()))]],
      ['a continuation of nothing', [frame(FRAME.CONTINUATION, END_HEADERS, 1, headerBlock(requestFields()))]],
      [
        'other frames within a header block',
        [frame(FRAME.HEADERS, 0, 1, headerBlock(requestFields())), frame(FRAME.PING, 0, 0, Buffer.alloc(8))],
      ],
      ['a header block that is no HPACK', [frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, Buffer.alloc(50, 0xff))]],
      ['settings of an odd length', [frame(FRAME.SETTINGS, 0, 0, Buffer.alloc(5))]],
      ['a window beyond all numbers', [frame(FRAME.WINDOW_UPDATE, 0, 0, Buffer.of(0x7f, 0xff, 0xff, 0xff))]],
      ['a window of nothing', [frame(FRAME.WINDOW_UPDATE, 0, 0, Buffer.alloc(4))]],
      [
        'a push',
        [frame(FRAME.PUSH_PROMISE, END_HEADERS, 1, Buffer.concat([Buffer.of(0, 0, 0, 2), headerBlock(requestFields())]))],
      ],
      ['HTTP/1.1 in between', [Buffer.from(request('GET', '/'))]],
    ])('closes a connection that breaks the protocol, logged once at most: %s (§5.4.1)', async (_what, frames) => {
      client.write(...frames);
      await client.closed();
      expect(readFrames(client.unread).some(({ type }) => type === FRAME.GOAWAY)).toBe(true);
      expect(lines.texts.length).toBeLessThanOrEqual(1);
    });

    it('has no header block without end (CONTINUATION flood)', async () => {
      client.write(frame(FRAME.HEADERS, END_STREAM, 1, headerBlock(requestFields())));
      for (let i = 0; i < 2_000 && !client.ended; i++) {
        client.write(frame(FRAME.CONTINUATION, 0, 1, headerBlock([[`x-${i}`, 'y'.repeat(1_000)]])));
        if (i % 50 === 0) await turns(1);
      }
      await client.closed();
      expect(kernel.instruments.statuses).toEqual([]);
      expect(lines.texts.length).toBeLessThanOrEqual(1);
    });

    it('leaves nothing of streams that are reset as soon as they are opened (rapid reset)', async () => {
      const block = headerBlock(requestFields({ ':path': '/waits' }));
      const cancel = Buffer.of(0, 0, 0, 8);
      for (let i = 0; i < 3_000 && !client.ended; i++) {
        const stream = 2 * i + 1;
        client.write(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, stream, block), frame(FRAME.RST_STREAM, 0, stream, cancel));
        if (i % 100 === 0) await turns(1);
      }
      await turns(50);
      client.close();
      await soon(() => expect([kernel.underWay, kernel.server.connections]).toEqual([0, 0]));
    });

    it('keeps nobody waiting by floods of pings and settings', async () => {
      const ping = frame(FRAME.PING, 0, 0, Buffer.alloc(8));
      for (let i = 0; i < 100 && !client.ended; i++) {
        client.write(Buffer.concat([...Array<Buffer>(50).fill(ping), ...Array<Buffer>(50).fill(settings)]));
        await turns(1);
      }
      client.close();
    });

    it('has no more streams under way than the server said', async () => {
      const block = headerBlock(requestFields({ ':path': '/waits' }));
      client.write(...Array.from({ length: 200 }, (_, i) => frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, block)));
      await turns(50);
      expect(kernel.underWay).toBeLessThanOrEqual(50);
    });
  });

  it.each([
    ['the preface byte by byte', true],
    ['the preface and everything else in one packet', false],
  ])('understands %s (RFC 9113 §3.4)', async (_what, isSlow) => {
    const client = await RawClient.connect(kernel.url);
    const whole = Buffer.concat([
      PREFACE,
      settings,
      frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, headerBlock(requestFields())),
    ]);
    for (const bytes of isSlow ? [...whole].map((byte) => Buffer.of(byte)) : [whole]) {
      client.write(bytes);
      await turns(1);
    }
    await soon(() => expect(client.unread.includes('here')).toBe(true));
    client.close();
  });

  it.each(['P', 'PRI * HTTP/2.0\r\n'])(
    'waits for the rest of a preface only so long, and keeps nobody waiting meanwhile: %j',
    async (part) => {
      const client = await RawClient.connect(kernel.url);
      client.write(part);
      await turns(5);
      const other = await H2Client.connect(kernel.url);
      expect((await other.ask({ ':path': '/' })).status).toBe(200);
      await other.close();
      await client.closed();
      client.close();
    },
  );

  it('takes what begins like a preface and is none for HTTP/1.1', async () => {
    const client = await RawClient.connect(kernel.url);
    client.write('P');
    await turns(5);
    const response = await client.ask('OST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody', 'POST');
    expect(response.body.toString()).toBe('body');
    client.close();
  });

  it('answers HTTP/1.1 that comes with its end in one packet', async () => {
    const client = await RawClient.connect(kernel.url);
    client.socket.end(request('GET', '/'));
    expect((await client.response()).body.toString()).toBe('here');
    await client.closed();
    client.close();
  });

  it('refuses a tunnel with 405 (RFC 9113 §8.5)', async () => {
    const client = await H2Client.connect(kernel.url);
    const answer = await client.ask({ ':method': 'CONNECT', ':authority': 'evil.test:443' });
    expect([answer.status, problemOf(answer).code]).toEqual([405, 'REQUEST_CONNECT_REFUSED']);
    await client.close();
  });

  it('closes a refused stream while its client goes on sending, without taking the answer back (RFC 9113 §8.1)', async () => {
    const client = await H2Client.connect(kernel.url);
    const asked = client.begin({ ':method': 'POST', ':path': '/echo' });
    const sending = setInterval(() => asked.stream.write(Buffer.alloc(50_000)), 1);
    const [head] = (await once(asked.stream, 'response')) as [Record<string, unknown>];
    expect(head[':status']).toBe(413);
    expect(await asked.closed).toBe(constants.NGHTTP2_NO_ERROR);
    clearInterval(sending);
    expect(problemOf({ body: Buffer.concat(asked.chunks) }).code).toBe('BODY_TOO_LARGE');
    await client.close();
  });

  it('bounds the header list (RFC 9113 §6.5.2)', async () => {
    const client = await H2Client.connect(kernel.url);
    expect(client.session.remoteSettings.maxHeaderListSize).toBe(16 * 1024);
    const many = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`x-${i}`, 'y']));
    await expect(client.begin({ ':path': '/', ...many }, { endStream: true }).response).rejects.toThrow();
    const large = client.begin({ ':path': '/', x: 'y'.repeat(60_000) }, { endStream: true });
    const outcome = await large.response.then(
      (answer) => answer.status,
      () => 'reset',
    );
    expect([431, 'reset']).toContain(outcome);
    await client.close();
    expect(kernel.instruments.statuses.filter((status) => status < 400)).toEqual([]);
  });
});
