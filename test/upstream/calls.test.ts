import { getEventListeners, once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { ManualClock } from 'rockstar-web/testing';
import { cancelledBecause, isCancellation } from '../../lib/lifetime/end-reason';
import type { UpstreamOptions } from '../../lib/upstream/client-options';
import type { HttpClient } from '../../lib/upstream/http-client';
import { soon, turns } from '../support/soon';
import { failureOf, openClient, type OpenClient } from './clients';
import { bodyOf, json, UpstreamServer } from './upstream-server';

let upstream: UpstreamServer;
let client: OpenClient;
let http: HttpClient;
let clock: ManualClock;

function open(options: UpstreamOptions = {}): void {
  clock = new ManualClock();
  client = openClient(options, clock);
  ({ http } = client);
}

beforeEach(async () => {
  upstream = await UpstreamServer.open();
  open();
});

afterEach(async () => {
  await client.close();
  await upstream.close();
});

describe('a call', () => {
  it('gives status, headers and body', async () => {
    upstream.answer = (_request, response) =>
      response.writeHead(203, { 'x-one': '1', 'set-cookie': ['a=1', 'b=2'] }).end('hello');
    const response = await http.get(`${upstream.url}/path`, { query: { a: 1, b: ['x', 'y'], c: undefined, d: 'ä&' } });
    expect([response.status, response.ok, response.header('X-One'), response.header('set-cookie')]).toEqual([
      203,
      true,
      '1',
      'a=1, b=2',
    ]);
    expect(await response.text()).toBe('hello');
    expect(upstream.arrived[0].request.url).toBe('/path?a=1&b=x&b=y&d=%C3%A4%26');
    expect(client.reports).toMatchObject([{ method: 'GET', status: 203, error: undefined }]);
  });

  it.each(['get', 'head', 'post', 'put', 'patch', 'delete'] as const)('is made as %s', async (method) => {
    const response = await http[method](upstream.url);
    expect(upstream.arrived[0].request.method).toBe(method.toUpperCase());
    await response.discard();
  });

  it('keeps its connection for the next', async () => {
    for (let i = 0; i < 5; i++) await (await http.get(upstream.url)).text();
    // The first may still be busy with its end when the second is made.
    expect(upstream.connections).toBeLessThanOrEqual(2);
  });

  it('sends text, bytes, JSON and streams', async () => {
    upstream.answer = (request, response) =>
      void bodyOf(request).then((text) =>
        json(response, [text, request.headers['content-type'], request.headers['content-length']]),
      );
    const sent = [
      { body: 'text' },
      { body: Buffer.from('bytes') },
      { json: { a: [1] } },
      { json: null, headers: { 'Content-Type': 'application/vnd.x+json' } },
      { body: Readable.from([Buffer.from('in '), Buffer.from('parts')]) },
    ];
    const got: unknown[] = [];
    for (const options of sent) got.push(await (await http.post(upstream.url, options)).json());
    expect(got).toEqual([
      ['text', null, '4'],
      ['bytes', null, '5'],
      ['{"a":[1]}', 'application/json', '9'],
      ['null', 'application/vnd.x+json', '4'],
      ['in parts', null, null],
    ]);
  });

  it('reads and writes JSON in one go, and checks the status', async () => {
    upstream.answer = (request, response) => {
      const status = Number(request.url?.slice(1));
      json(response, { status, accept: request.headers.accept }, status);
    };
    expect(await http.getJson(`${upstream.url}/200`)).toEqual({ status: 200, accept: 'application/json' });
    expect(await http.postJson(`${upstream.url}/201`, {})).toEqual({ status: 201, accept: 'application/json' });
    expect(await failureOf(http.getJson(`${upstream.url}/503`))).toMatchObject({ code: 'UPSTREAM_FAILED', status: 502 });
    expect(await failureOf(http.getJson(`${upstream.url}/404`))).toMatchObject({ code: 'UPSTREAM_REFUSED', status: 502 });
    expect(await failureOf(http.getJson(`${upstream.url}/302`))).toMatchObject({ code: 'UPSTREAM_REFUSED', status: 502 });
  });

  it.each(['', 'no JSON', '{'])('refuses %j as JSON, and tells nothing of it', async (text) => {
    upstream.answer = (_request, response) => response.end(text);
    const failure = await failureOf(http.getJson(`${upstream.url}/secret?token=1`));
    expect(failure).toMatchObject({ code: 'UPSTREAM_CONTENT_INVALID', status: 502, detail: 'A service behind this one failed.' });
    expect(failure.message).not.toContain('token');
  });

  it('streams its body no faster than it is read', async () => {
    let sent = 0;
    upstream.answer = (_request, response) => {
      const source = new Readable({
        read() {
          sent += 65_536;
          this.push(sent > 50_000_000 ? null : Buffer.alloc(65_536));
        },
      });
      source.pipe(response);
    };
    const response = await http.get(upstream.url);
    const iterator = (response.body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    await iterator.next();
    for (let before = -1; before !== sent;) {
      before = sent;
      await turns(200);
    }
    expect(sent).toBeLessThan(30_000_000);
    const [{ gone }] = upstream.arrived;
    await iterator.return?.();
    await gone;
  });

  it('hands over the whole of a large body', async () => {
    const whole = Buffer.alloc(5_000_000, 'abc');
    upstream.answer = (_request, response) => response.end(whole);
    expect((await (await http.get(upstream.url)).bytes()).equals(whole)).toBe(true);
    // One that somebody paused, listened to or gave an encoding is read to its end, too.
    const paused = await http.get(upstream.url);
    paused.body.pause();
    expect((await paused.bytes()).equals(whole)).toBe(true);
    const encoded = await http.get(upstream.url);
    encoded.body.setEncoding('latin1');
    expect((await encoded.bytes()).equals(whole)).toBe(true);
  });
});

describe('time', () => {
  it('to connect has a limit', async () => {
    // The TLS handshake that never comes is a part of connecting.
    const deaf = createServer((socket) => void socket.resume().on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(deaf, 'listening');
    await client.close();
    open({ connectTimeoutMs: 700 });
    const failure = failureOf(http.get('https://127.0.0.1:' + String((deaf.address() as AddressInfo).port)));
    await soon(() => expect(clock.pending).toBe(2));
    await clock.advance(701);
    expect(await failure).toMatchObject({ code: 'UPSTREAM_CONNECT_TIMEOUT', status: 504 });
    await new Promise((resolve) => deaf.close(resolve));
  });

  it('until the answer begins has a limit, also after 1xx', async () => {
    upstream.answer = (_request, response) => response.writeProcessing();
    const failure = failureOf(http.get(upstream.url, { firstByteTimeoutMs: 500 }));
    const { gone } = await upstream.next;
    await turns(20);
    await clock.advance(505);
    expect(await failure).toMatchObject({ code: 'UPSTREAM_FIRST_BYTE_TIMEOUT', status: 504 });
    await gone;
  });

  it('between two pieces has a limit, which each of them renews', async () => {
    upstream.answer = (_request, response) => response.write('a');
    const response = await http.get(upstream.url, { idleTimeoutMs: 500, firstByteTimeoutMs: 100 });
    const seen: string[] = [];
    const reading = failureOf(
      (async () => {
        for await (const chunk of response.body) seen.push(String(chunk));
      })(),
    );
    await soon(() => expect(seen).toEqual(['a']));
    await clock.advance(400);
    upstream.arrived[0].response.write('b');
    await soon(() => expect(seen).toEqual(['a', 'b']));
    await clock.advance(400);
    await clock.advance(105);
    expect(await reading).toMatchObject({ code: 'UPSTREAM_IDLE_TIMEOUT', status: 504 });
    await upstream.arrived[0].gone;
  });

  it('in all has a limit, to the last byte', async () => {
    upstream.answer = (_request, response) => response.write('a');
    const response = await http.get(upstream.url, { timeoutMs: 1_000, idleTimeoutMs: 0 });
    const text = failureOf(response.text());
    await clock.advance(1_005);
    expect(await text).toMatchObject({
      code: 'UPSTREAM_TIMEOUT',
      status: 504,
      detail: 'A service behind this one took too long.',
    });
    await upstream.arrived[0].gone;
  });

  it('leaves no timer behind an answer', async () => {
    await (await http.get(upstream.url)).text();
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
  });
});

describe('an answer that is too large', () => {
  beforeEach(() => {
    upstream.answer = (request, response) => {
      if (request.url === '/told') response.setHeader('content-length', 20_000);
      response.write('x'.repeat(10_000));
      response.end('x'.repeat(10_000));
    };
  });

  it.each(['/told', '/untold'])('is not read whole: %s', async (path) => {
    const response = await http.with({ maxResponseBytes: 15_000 }).get(`${upstream.url}${path}`);
    expect(await failureOf(response.text())).toMatchObject({ code: 'UPSTREAM_TOO_LARGE', status: 502 });
  });

  it('is read as it comes, unless the call says otherwise', async () => {
    const read = async (body: Readable): Promise<number> => {
      let length = 0;
      for await (const chunk of body) length += (chunk as Buffer).length;
      return length;
    };
    expect(await read((await http.with({ maxResponseBytes: 15_000 }).get(upstream.url)).body)).toBe(20_000);
    const limited = await http.get(upstream.url, { maxResponseBytes: 15_000 });
    expect(await failureOf(read(limited.body))).toMatchObject({ code: 'UPSTREAM_TOO_LARGE' });
  });
});

describe('a connection that fails', () => {
  it('before the request is UPSTREAM_UNREACHABLE', async () => {
    const { url } = upstream;
    await upstream.close();
    const failure = await failureOf(http.get(`${url}/x?secret=1`));
    expect(failure).toMatchObject({ code: 'UPSTREAM_UNREACHABLE', status: 502, detail: 'A service behind this one failed.' });
    expect(failure.message).toContain('ECONNREFUSED');
    expect(failure.message).not.toContain('secret');
    expect(client.reports).toMatchObject([{ status: undefined, error: 'UPSTREAM_UNREACHABLE' }]);
    upstream = await UpstreamServer.open();
  });

  it('before the answer is UPSTREAM_BROKEN', async () => {
    upstream.answer = (request) => request.socket.destroy();
    expect(await failureOf(http.get(upstream.url))).toMatchObject({ code: 'UPSTREAM_BROKEN', status: 502 });
  });

  it('with what is no answer is UPSTREAM_BROKEN', async () => {
    upstream.answer = (request) => request.socket.end('this is no HTTP\r\n\r\n');
    expect(await failureOf(http.get(upstream.url))).toMatchObject({ code: 'UPSTREAM_BROKEN', status: 502 });
  });

  it('within the answer fails whoever reads it, and nobody else', async () => {
    upstream.answer = (request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('a part');
      setImmediate(() => request.socket.destroy());
    };
    const read = await http.get(upstream.url);
    expect(await failureOf(read.text())).toMatchObject({ code: 'UPSTREAM_BROKEN' });
    await http.get(upstream.url);
    await turns(30);
  });
});

describe('a call that is cut', () => {
  it('by its signal rejects at once, closes its connection and is no failure', async () => {
    upstream.answer = () => undefined;
    const controller = new AbortController();
    const failure = failureOf(http.get(upstream.url, { signal: controller.signal }));
    const { gone } = await upstream.next;
    controller.abort('enough');
    const error = await failure;
    expect(error).toMatchObject({ code: 'REQUEST_CANCELLED', reason: 'manual', cause: 'enough' });
    expect(isCancellation(error)).toBe(true);
    expect(client.reports).toMatchObject([{ error: 'cancelled' }]);
    await gone;
  });

  it('keeps the reason of a signal that has one', async () => {
    const reason = cancelledBecause('deadline');
    expect(await failureOf(http.get(upstream.url, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(upstream.arrived).toHaveLength(0);
  });

  it('within its answer fails whoever reads that, and closes the connection', async () => {
    upstream.answer = (_request, response) => response.write('a part');
    const controller = new AbortController();
    const response = await http.get(upstream.url, { signal: controller.signal });
    const text = failureOf(response.text());
    await turns(10);
    controller.abort();
    expect(isCancellation(await text)).toBe(true);
    await upstream.arrived[0].gone;
  });

  it('while its body is sent destroys that', async () => {
    upstream.answer = () => undefined;
    const controller = new AbortController();
    const body = new Readable({ read: () => undefined });
    body.push('begun');
    const failure = failureOf(http.post(upstream.url, { body, signal: controller.signal }));
    await upstream.next;
    controller.abort();
    await failure;
    expect(body.destroyed).toBe(true);
  });

  it('while it waits for a connection rejects at once, and the connection is given up', async () => {
    const deaf = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    const sockets: Socket[] = [];
    await once(deaf, 'listening');
    const controller = new AbortController();
    // The TLS handshake that never comes is a part of connecting.
    const failure = failureOf(
      http.get(`https://127.0.0.1:${(deaf.address() as AddressInfo).port}`, { signal: controller.signal }),
    );
    await soon(() => expect(sockets).toHaveLength(1));
    const gone = once(sockets[0], 'close');
    sockets[0].resume();
    controller.abort();
    expect(isCancellation(await failure)).toBe(true);
    await gone;
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
    await new Promise((resolve) => deaf.close(resolve));
  });

  it('while it waits for one of few connections never reaches the other side', async () => {
    await client.close();
    open({ maxConnections: 1 });
    upstream.answer = () => undefined;
    const first = http.get(upstream.url);
    const { response } = await upstream.next;
    const controller = new AbortController();
    const second = failureOf(http.get(`${upstream.url}/second`, { signal: controller.signal }));
    const third = http.get(`${upstream.url}/third`);
    await turns(10);
    controller.abort();
    await second;
    upstream.answer = (_request, answer) => void answer.end('ok');
    response.end('first');
    expect(await (await first).text()).toBe('first');
    expect(await (await third).text()).toBe('ok');
    expect(upstream.arrived.map(({ request }) => request.url)).toEqual(['/', '/third']);
  });

  it('leaves no listener on a signal that outlives it', async () => {
    const { signal } = new AbortController();
    for (let i = 0; i < 20; i++) await (await http.get(upstream.url, { signal })).text();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('URLs', () => {
  it.each([
    ['ftp://host/', /only http and https/],
    ['http://user:secret@host/', /belong in a header/],
    ['/path', /not absolute/],
    ['', /not absolute/],
  ])('%j are refused', async (url, message) => {
    const failure = await failureOf(http.get(url));
    expect(failure).toMatchObject({ code: 'UPSTREAM_URL_INVALID', message: expect.stringMatching(message) as string });
    expect(failure.message).not.toContain('secret');
  });

  it('below a baseUrl cannot leave it', async () => {
    const below = http.with({ baseUrl: `${upstream.url}/api/v1` });
    const wrong = [
      'http://evil/',
      '//evil/',
      '/../admin',
      '../../admin',
      '/%2e%2e/admin',
      '\\\\evil',
      '/x/..\\..\\..',
      '/\t/evil',
      'javascript:1',
    ];
    for (const path of wrong) {
      expect([path, (await failureOf(below.get(path))).code]).toEqual([path, 'UPSTREAM_URL_INVALID']);
    }
    for (const path of ['users', '/users', '/a//b', '', '?x=1', '/a/../b']) await (await below.get(path)).discard();
    expect(upstream.arrived.map(({ request }) => request.url)).toEqual([
      '/api/v1/users',
      '/api/v1/users',
      '/api/v1/a//b',
      '/api/v1',
      '/api/v1?x=1',
      '/api/v1/b',
    ]);
  });
});

describe('options', () => {
  it('that are wrong are refused by name', async () => {
    for (const options of [{ timeoutMs: -1 }, { maxRedirects: 1.5 }, { maxResponseBytes: 0 }, { idleTimeoutMs: NaN }]) {
      expect(await failureOf(http.get(upstream.url, options))).toMatchObject({ code: 'UPSTREAM_OPTION_INVALID' });
    }
    expect(() => http.with({ baseUrl: 'users' })).toThrow(expect.objectContaining({ code: 'UPSTREAM_OPTION_INVALID' }));
    expect(() => http.with({ basUrl: 'http://x' } as never)).toThrow(/it knows baseUrl/);
    expect(await failureOf(http.post(upstream.url, { json: 1, body: '' }))).toMatchObject({ code: 'UPSTREAM_REQUEST_INVALID' });
    expect(await failureOf(http.get(upstream.url, { headers: { 'a b': 'c' } }))).toMatchObject({
      code: 'UPSTREAM_REQUEST_INVALID',
    });
    expect(await failureOf(http.get(upstream.url, { headers: { a: 'b\r\nc: d' } }))).toMatchObject({
      code: 'UPSTREAM_REQUEST_INVALID',
    });
  });

  it('of a derived client add to those it is derived from', async () => {
    const one = http.with({ headers: { 'X-One': '1', 'x-two': '2' } });
    await (await one.with({ headers: { 'X-Two': 'two' } }).get(upstream.url, { headers: { 'x-three': '3' } })).discard();
    expect(upstream.arrived[0].request.headers).toMatchObject({ 'x-one': '1', 'x-two': 'two', 'x-three': '3' });
  });
});

describe('interceptors', () => {
  it('stand around each call, the first the outermost; they change, repeat, answer and fail', async () => {
    const seen: string[] = [];
    const named = (name: string) => async (request: never, next: (request: never) => Promise<never>) => {
      seen.push(`${name} in`);
      try {
        return await next(request);
      } finally {
        seen.push(`${name} out`);
      }
    };
    const chain = http.with({ interceptors: [named('outer') as never] }).with({
      interceptors: [
        named('inner') as never,
        async (request, next) => {
          await (await next(request)).discard();
          return next({ ...request, headers: { ...request.headers, again: 'yes' } });
        },
      ],
    });
    expect(await (await chain.get(upstream.url)).text()).toBe('ok');
    expect(seen).toEqual(['outer in', 'inner in', 'inner out', 'outer out']);
    expect(upstream.arrived.map(({ request }) => request.headers.again)).toEqual([undefined, 'yes']);
    const open = http.with({ interceptors: [() => Promise.reject(new Error('open'))] });
    expect((await failureOf(open.get(upstream.url))).message).toBe('open');
    expect(upstream.arrived).toHaveLength(2);
  });
});

describe('redirects', () => {
  beforeEach(() => {
    upstream.answer = (request, response) => {
      const [, status, ...rest] = request.url?.split('/') ?? [];
      if (status === 'end')
        void bodyOf(request).then((body) => json(response, { method: request.method, body, headers: request.headers }));
      else response.writeHead(Number(status), { location: decodeURIComponent(rest.join('/')) }).end('elsewhere');
    };
  });

  it('are answers like any other', async () => {
    const response = await http.get(`${upstream.url}/302/%2Fend`);
    expect([response.status, response.header('location')]).toEqual([302, '/end']);
    await response.discard();
  });

  it.each([
    ['GET', 301, 'GET', ''],
    ['POST', 301, 'GET', ''],
    ['POST', 302, 'GET', ''],
    ['PUT', 303, 'GET', ''],
    ['POST', 307, 'POST', 'text'],
    ['POST', 308, 'POST', 'text'],
  ])('of %s with %s go on as %s', async (method, status, then, body) => {
    const sent = method === 'GET' ? undefined : 'text';
    const response = await http.request(method, `${upstream.url}/${status}/%2Fend`, { maxRedirects: 1, body: sent });
    expect(await response.json()).toMatchObject({ method: then, body });
  });

  it('are followed so often and no more', async () => {
    const loop = `${upstream.url}/302/%2F302%2F`;
    expect(await failureOf(http.get(loop, { maxRedirects: 3 }))).toMatchObject({
      code: 'UPSTREAM_REDIRECT_INVALID',
      status: 502,
    });
    expect(upstream.arrived.length).toBeLessThanOrEqual(4);
  });

  it('hand no header that could be a credential to another host', async () => {
    const other = await UpstreamServer.open((request, response) => json(response, request.headers));
    const headers = {
      authorization: 'Bearer 1',
      cookie: 'a=1',
      'x-api-key': '1',
      'proxy-authorization': '1',
      accept: 'x/y',
      host: 'one.test',
    };
    const url = `${upstream.url}/302/${encodeURIComponent(other.url)}`;
    const told = await (await http.get(url, { headers, maxRedirects: 1 })).json<Record<string, string>>();
    expect(told).toMatchObject({ accept: 'x/y', host: new URL(other.url).host });
    for (const name of ['authorization', 'cookie', 'x-api-key', 'proxy-authorization']) expect(told).not.toHaveProperty(name);
    const same = await http.get(`${upstream.url}/302/%2Fend`, { headers, maxRedirects: 1 });
    expect(await same.json()).toMatchObject({ headers: { authorization: 'Bearer 1', 'x-api-key': '1' } });
    await other.close();
  });

  it.each(['ftp://x/', 'http://user:pass@x/', 'http://['])('to %s are refused', async (location) => {
    const url = `${upstream.url}/302/${encodeURIComponent(location)}`;
    expect(await failureOf(http.get(url, { maxRedirects: 5 }))).toMatchObject({ code: 'UPSTREAM_REDIRECT_INVALID' });
  });

  it('of a stream are answers, since it cannot be sent again', async () => {
    const response = await http.post(`${upstream.url}/307/%2Fend`, {
      body: Readable.from([Buffer.from('once')]),
      maxRedirects: 5,
    });
    expect(response.status).toBe(307);
    await response.discard();
  });
});

describe('closing', () => {
  it('refuses calls and cuts those under way', async () => {
    upstream.answer = () => undefined;
    const failure = failureOf(http.get(upstream.url));
    await upstream.next;
    client.lifetime.end('shutdown');
    expect(await failure).toMatchObject({ code: 'REQUEST_CANCELLED', reason: 'shutdown' });
    expect(await failureOf(http.get(upstream.url))).toMatchObject({ code: 'UPSTREAM_CLOSED', status: 503 });
  });

  it('closes kept connections', async () => {
    await (await http.get(upstream.url)).text();
    expect(upstream.sockets.size).toBe(1);
    await client.close();
    await soon(() => expect(upstream.sockets.size).toBe(0));
  });
});
