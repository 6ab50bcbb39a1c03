import { Readable } from 'node:stream';
import { createLogger } from '../../lib/diagnostics/create-logger';
import type { Exchange } from '../../lib/http/exchange';
import { readBody } from '../../lib/http/request-body';
import { doors, problemOf } from '../support/doors';
import { Kernel, type KernelOptions, type Routes } from '../support/kernel';
import { chunked, post, RawClient, request } from '../support/raw-client';
import { soon, turns } from '../support/soon';

/** Keeps what the real logger writes. */
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
  'GET /files/*': (exchange) => exchange.params['*'],
  'GET /search': (exchange) => exchange.search,
  'POST /echo': (exchange) => readBody(exchange, 'text'),
  'POST /deaf': { body: 'none', run: () => 'deaf' },
  'GET /throws': (exchange) => {
    throw new Error(`no such thing: ${exchange.wire.url} ${String(exchange.wire.headers['x-evil'])}`);
  },
};

// eslint-disable-next-line no-control-regex -- what must not come through
const DECEPTIVE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

const lines = new Lines();
const options: KernelOptions = {
  logger: createLogger({ level: 'debug', destination: lines }),
  limits: { headersTimeoutMs: 2_000, requestTimeoutMs: 3_000 },
};

/** What was logged, after looking whether it is one line each and nothing in it moves a cursor. */
function logged(): Record<string, unknown>[] {
  return lines.texts.map((text) => {
    expect(text).toMatch(/^\{.*\}\n$/);
    expect(text.slice(0, -1)).not.toMatch(DECEPTIVE);
    return JSON.parse(text) as Record<string, unknown>;
  });
}

const NASTY = '\x1b[2J\x1b]0;owned\x07\u0085\u009b31m{"level":"fatal"}';

describe.each(doors.filter((door) => door.protocol === '1.1' || door.name === 'h2c'))(
  'hostile HTTP/1.1 at the door of $name',
  (door) => {
    let kernel: Kernel;
    let client: RawClient;

    beforeAll(async () => {
      kernel = await Kernel.open(routes, { ...door.options, ...options });
    });
    beforeEach(async () => {
      client = await RawClient.connect(kernel.url);
      lines.texts.length = 0;
      kernel.instruments.records.length = 0;
    });
    afterEach(async () => {
      client.close();
      const next = await RawClient.connect(kernel.url);
      expect((await next.ask(request('GET', '/later'))).body.toString()).toBe('later');
      next.close();
      await soon(() => expect([kernel.underWay, kernel.server.connections]).toEqual([0, 0]));
    });
    afterAll(() => kernel.close());

    it.each<[string, string, number]>([
      ['a line that is no request', 'how do you do\r\n\r\n', 400],
      ['a line with control characters', `${NASTY} / HTTP/1.1\r\nhost: a\r\n\r\n`, 400],
      ['a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
      ['a TLS alert', '\x15\x03\x01\x00\x02\x02\x28', 400],
      ['a method in lower case', 'get / HTTP/1.1\r\nhost: a\r\n\r\n', 400],
      ['a method nobody knows', 'BREW / HTTP/1.1\r\nhost: a\r\n\r\n', 400],
      ['no version', 'GET /\r\n\r\n', 400],
      ['a version of its own', 'GET / HTTP/1.9\r\nhost: a\r\n\r\n', 400],
      ['a version to come', 'GET / HTTP/3.0\r\nhost: a\r\n\r\n', 400],
      ['HTTP/2 in a request line', 'GET / HTTP/2.0\r\nhost: a\r\n\r\n', 400],
      ['HTTP/0.9', 'GET / HTTP/0.9\r\n\r\n', 400],
      ['another protocol', 'INVITE sip:a SIP/2.0\r\nhost: a\r\n\r\n', 400],
      ['raw bytes in the path', request('GET', '/one/\xc3\xa9'), 400],
      ['a target that is no path', request('GET', 'elsewhere'), 400],
      ['a NUL in the path', 'GET /a\0b HTTP/1.1\r\nhost: a\r\n\r\n', 400],
      ['a control character in the path', 'GET /a\x7fb HTTP/1.1\r\nhost: a\r\n\r\n', 400],
      ['a line feed in the path', 'GET /a\nb HTTP/1.1\r\nhost: a\r\n\r\n', 400],
      ['a NUL in a header', 'GET / HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n', 400],
      ['a NUL in a header name', 'GET / HTTP/1.1\r\nhost: a\r\nx\0: b\r\n\r\n', 400],
      ['a header without a colon', 'GET / HTTP/1.1\r\nhost: a\r\nno colon\r\n\r\n', 400],
      ['a header without a name', 'GET / HTTP/1.1\r\nhost: a\r\n: b\r\n\r\n', 400],
      ['a space before a colon', 'GET / HTTP/1.1\r\nhost : a\r\n\r\n', 400],
      ['a header folded over two lines', 'GET / HTTP/1.1\r\nhost: a\r\nx: b\r\n c\r\n\r\n', 400],
      ['a bare carriage return', 'GET / HTTP/1.1\r\nhost: a\rx: b\r\n\r\n', 400],
      ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
      ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n', 400],
      ['two hosts of the same name', 'GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n', 400],
      ['two hosts with HTTP/1.0', 'GET / HTTP/1.0\r\nhost: a\r\nhost: a\r\n\r\n', 400],
      ['headers beyond the limit', request('GET', '/', { x: 'x'.repeat(20_000) }), 431],
      ['10,000 headers', request('GET', '/', Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`x-${i}`, 'y']))), 431],
      ['a header name beyond the limit', request('GET', '/', { ['x'.repeat(20_000)]: 'y' }), 431],
      ['a path beyond all limits', request('GET', `/${'x'.repeat(20_000)}`), 431],
      ['a tunnel', 'CONNECT evil.test:443 HTTP/1.1\r\nhost: evil.test:443\r\n\r\n\x16\x03\x01', 405],
      ['a chunk that is none', request('POST', '/echo', { 'transfer-encoding': 'chunked' }) + 'nonsense\r\n', 400],
      [
        'a chunk in the body of a request for nothing',
        request('POST', '/nowhere', { 'transfer-encoding': 'chunked' }) + 'nonsense\r\n',
        404,
      ],
    ])('is answered once, logged once at most, and closed: %s', async (_what, bytes, status) => {
      const response = await client.ask(bytes, 'GET');
      expect([response.status, response.headers.get('connection')]).toEqual([status, ['close']]);
      expect(problemOf(response).status).toBe(status);
      expect(await client.closed()).toBe('');
      expect(logged().length).toBeLessThanOrEqual(1);
      expect(kernel.instruments.statuses).toEqual([status]);
    });

    it.each<[string, string, number, string | undefined]>([
      ['a path beyond the limit (RFC 9110 §15.5.15)', request('GET', `/${'x'.repeat(10_000)}`), 414, 'REQUEST_URL_TOO_LONG'],
      ['a broken percent-encoding', request('GET', '/one/%zz'), 400, 'ROUTE_URL_INVALID'],
      ['half a percent-encoding', request('GET', '/one/%a'), 400, 'ROUTE_URL_INVALID'],
      ['a percent-encoding that is no UTF-8', request('GET', '/one/%ff%fe'), 400, 'ROUTE_URL_INVALID'],
      ['an overlong percent-encoding', request('GET', '/one/%c0%af'), 400, 'ROUTE_URL_INVALID'],
      ['half a surrogate pair', request('GET', '/one/%ed%a0%80'), 400, 'ROUTE_URL_INVALID'],
      ['a broken percent-encoding where there is no route', request('GET', '/no/%zz'), 400, 'ROUTE_URL_INVALID'],
      ['a broken percent-encoding with a method of no route', request('PATCH', '/one/%zz'), 400, 'ROUTE_URL_INVALID'],
      ['an asterisk for anything but OPTIONS', request('GET', '*'), 400, 'ROUTE_URL_INVALID'],
      ['a scheme of its own', request('GET', 'ftp://a/'), 400, 'ROUTE_URL_INVALID'],
      ['a parameter beyond the limit', request('GET', `/one/${'x'.repeat(3_000)}`), 404, 'ROUTE_NOT_FOUND'],
      ['many slashes', request('GET', '/'.repeat(5_000)), 404, 'ROUTE_NOT_FOUND'],
      ['many percent signs', request('GET', `/files/${'%25'.repeat(2_000)}`), 200, undefined],
      ['a broken percent-encoding in the query', request('GET', '/search?a=%zz'), 200, undefined],
      ['a path that climbs', request('GET', '/one/..%2f..%2fetc%2fpasswd'), 200, undefined],
      ['an empty query', request('GET', '/?'), 200, undefined],
      [
        'names that every object has',
        request('GET', '/search?__proto__=1&constructor=2', { __proto__: 'x', constructor: 'y' }),
        200,
        undefined,
      ],
      ['the absolute form (RFC 9112 §3.2.2)', request('GET', 'http://other.test:8080/one/two?three'), 200, undefined],
      ['an empty header', request('GET', '/', { x: '' }), 200, undefined],
      ['a fragment', request('GET', '/one/two#three'), 200, undefined],
      ['OPTIONS for the server (RFC 9110 §9.3.7)', request('OPTIONS', '*'), 204, undefined],
      ['a header with raw bytes', request('GET', '/', { 'x-evil': '\xff\xfe\x9b31m' }), 200, undefined],
      ['a line break before the request (RFC 9112 §2.2)', `\r\n${request('GET', '/')}`, 200, undefined],
      [
        'a failure with what the client sent',
        request('GET', '/throws', { 'x-evil': '\x9b31m\x85\t{"level":"fatal"}' }),
        500,
        'INTERNAL_ERROR',
      ],
    ])('leaves the connection as it was: %s', async (_what, bytes, status, code) => {
      const response = await client.ask(bytes, status === 204 ? 'OPTIONS' : 'GET');
      expect([response.status, code === undefined ? undefined : problemOf(response).code]).toEqual([status, code]);
      expect(logged().length).toBeLessThanOrEqual(1);
      expect((await client.ask(request('GET', '/'))).body.toString()).toBe('here');
    });

    it('takes an absolute form as a path, whatever host it names', async () => {
      expect((await client.ask(request('GET', 'http://other.test/one/two'))).body.toString()).toBe('two');
      expect((await client.ask(request('GET', 'HTTPS://other.test:1/one/two'))).body.toString()).toBe('two');
      expect((await client.ask(request('GET', 'http://other.test'))).body.toString()).toBe('here');
    });

    it('does not let what it sends shape a line of the log', async () => {
      await client.ask(request('GET', `/${encodeURIComponent('\r\n\u202e\u2028')}`, { 'user-agent': '\x9b31m' }));
      await client.ask(request('GET', '/throws?%0d%0a', { 'x-evil': '\x85\x9b31m' }));
      expect(logged().map((line) => line.level)).toEqual(['debug', 'error']);
      expect(JSON.stringify(logged())).not.toContain('"level":"fatal"');
    });

    it.each([
      ['with keep-alive', 'GET / HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\n\r\n', false],
      ['with a host', 'GET / HTTP/1.0\r\nhost: a\r\n\r\n', true],
      ['without a host', 'GET / HTTP/1.0\r\n\r\n', true],
    ])('may be HTTP/1.0 %s (RFC 9112 §9.3)', async (_how, bytes, closes) => {
      const response = await client.ask(bytes);
      expect([response.status, response.body.toString()]).toEqual([200, 'here']);
      if (closes) expect(await client.closed()).toBe('');
      else expect((await client.ask(bytes)).status).toBe(200);
    });

    it('may come byte by byte', async () => {
      for (const byte of `${request('GET', '/one/two', { x: 'y' })}${post('/echo', 'body')}${request('POST', '/echo', { 'transfer-encoding': 'chunked' })}${chunked('body')}`) {
        client.write(byte);
        await turns(1);
      }
      expect((await client.response()).body.toString()).toBe('two');
      expect((await client.response()).body.toString()).toBe('body');
      expect((await client.response()).body.toString()).toBe('body');
    });

    it.each([
      [
        'GET',
        request('GET', '/', { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' }),
        'here',
      ],
      ['POST', post('/echo', 'a body', { connection: 'Upgrade', upgrade: 'h2c' }), 'a body'],
      ['WebSocket', request('GET', '/', { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'x' }), 'here'],
    ])('that wants to upgrade is answered as if it had not, and so is what follows it: %s', async (_what, bytes, body) => {
      for (let round = 0; round < 3; round++) {
        const response = await client.ask(bytes + request('GET', '/one/kept'));
        expect([response.status, response.body.toString(), response.headers.get('connection')]).toEqual([
          200,
          body,
          ['keep-alive'],
        ]);
        expect((await client.response()).body.toString()).toBe('kept');
      }
      expect(logged()).toEqual([]);
    });

    it('with an Upgrade that its Connection does not name is an ordinary one', async () => {
      expect((await client.ask(request('GET', '/', { upgrade: 'h2c' }))).headers.get('connection')).toEqual(['keep-alive']);
      expect((await client.ask(request('GET', '/'))).status).toBe(200);
    });

    it('behind a Connection: close is nobody’s, and does not take the answer back', async () => {
      client.write(`${request('GET', '/later', { connection: 'close' })}${request('GET', '/one/lost')}nonsense`);
      expect((await client.response()).body.toString()).toBe('later');
      expect(await client.closed()).toBe('');
      expect(kernel.instruments.statuses).toEqual([200]);
    });

    it('garbage behind requests is told behind their answers', async () => {
      client.write(request('GET', '/later') + request('GET', '/') + request('GET', '/later') + 'nonsense\r\n\r\n');
      expect((await client.response()).body.toString()).toBe('later');
      expect((await client.response()).body.toString()).toBe('here');
      expect((await client.response()).body.toString()).toBe('later');
      expect(problemOf(await client.response()).code).toBe('REQUEST_MALFORMED');
      expect(await client.closed()).toBe('');
    });

    it('garbage without end is not read for ever', async () => {
      const garbage = 'x'.repeat(64 * 1024);
      let sent = 0;
      while (!client.ended && sent < 200_000_000) {
        client.socket.write(garbage);
        sent += garbage.length;
        await turns(1);
      }
      expect(client.ended).toBe(true);
      expect(logged().length).toBeLessThanOrEqual(1);
    });

    it('a thousand requests at once are all answered', async () => {
      client.write(request('GET', '/').repeat(500) + request('GET', '/later').repeat(500));
      for (let i = 0; i < 1_000; i++) expect((await client.response()).status).toBe(200);
    });

    it('more than a thousand that wait close their connection, whatever else it would send', async () => {
      let begun = 0;
      kernel.use({
        ...routes,
        'GET /waits': (exchange) => {
          begun++;
          return new Promise((resolve) => exchange.lifetime.signal.addEventListener('abort', resolve));
        },
      });
      client.write(request('GET', '/waits').repeat(50_000));
      expect(await client.closed()).toBe('');
      expect(begun).toBe(1_000);
      await soon(() => expect(kernel.underWay).toBe(0));
      expect(logged().filter(({ level }) => level === 'debug')).toHaveLength(1);
      kernel.use(routes);
    });

    it('a half-closed connection is closed', async () => {
      for (const [bytes, status] of [
        ['', undefined],
        ['GET / HT', 400],
        [request('GET', '/') + 'GET / HT', 400],
        [request('POST', '/echo', { 'content-length': 10 }, 'half'), undefined],
        [request('POST', '/deaf', { 'content-length': 10 }, 'half'), undefined],
      ] as const) {
        const one = await RawClient.connect(kernel.url);
        one.socket.end(Buffer.from(bytes, 'latin1'));
        const rest = await one.closed();
        if (status !== undefined) expect(rest).toContain(`HTTP/1.1 ${status} `);
        one.close();
      }
    });
  },
);

describe('what a client of plain HTTP/1.1 alone may try', () => {
  it('is answered 400 for HTTP/2 by prior knowledge, where that is not spoken', async () => {
    const kernel = await Kernel.open(routes, options);
    const client = await RawClient.connect(kernel.url);
    const response = await client.ask('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'GET');
    expect([response.status, problemOf(response).code]).toEqual([400, 'REQUEST_MALFORMED']);
    await client.closed();
    client.close();
    await kernel.close();
  });

  it('cannot make two responses of one by what it sends (response splitting)', async () => {
    const kernel = await Kernel.open(
      {
        'GET /go': (exchange: Exchange) => {
          exchange.setField('location', decodeURIComponent(exchange.search));
          exchange.status = 302;
          return '';
        },
      },
      options,
    );
    const client = await RawClient.connect(kernel.url);
    const response = await client.ask(request('GET', '/go?/%0d%0aset-cookie:%20stolen=1%0d%0a%0d%0aHTTP/1.1%20200%20OK'));
    expect([response.status, problemOf(response).code, response.headers.has('set-cookie')]).toEqual([
      500,
      'REPLY_HEADER_INVALID',
      false,
    ]);
    expect(client.unread.length).toBe(0);
    client.close();
    await kernel.close();
  });

  it('speaking plainly to TLS is refused, logged once', async () => {
    const kernel = await Kernel.open(routes, { ...options, http2: true, tls: 'self-signed' });
    lines.texts.length = 0;
    const client = await RawClient.connect(new URL(kernel.url.href.replace('https', 'http')));
    client.write(request('GET', `/${NASTY}`));
    await client.closed();
    client.close();
    expect(logged()).toHaveLength(1);
    const next = await RawClient.connect(kernel.url);
    expect((await next.ask(request('GET', '/'))).status).toBe(200);
    next.close();
    await kernel.close();
  });

  it('offering only protocols nobody speaks is refused (RFC 7301 §3.2)', async () => {
    const kernel = await Kernel.open(routes, { ...options, http2: true, tls: 'self-signed' });
    await expect(RawClient.connect(kernel.url, { alpn: ['spdy/3'] })).rejects.toThrow();
    await soon(() => expect(kernel.server.connections).toBe(0));
    await kernel.close();
  });

  it('does not delay others by reading nothing', async () => {
    const kernel = await Kernel.open(
      { ...routes, 'GET /large': () => Readable.from([Buffer.alloc(50_000_000)], { objectMode: false }) },
      options,
    );
    const slow = await RawClient.connect(kernel.url);
    slow.socket.pause();
    slow.write(request('GET', '/large'));
    await soon(() => expect(kernel.underWay).toBe(1));
    const client = await RawClient.connect(kernel.url);
    expect((await client.ask(request('GET', '/'))).status).toBe(200);
    client.close();
    slow.close();
    await kernel.close();
  });
});
