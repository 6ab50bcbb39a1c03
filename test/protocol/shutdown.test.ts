import { duplexPair, Readable } from 'node:stream';
import { type Client, doors, problemOf } from '../support/doors';
import { H2Client } from '../support/h2-client';
import { Kernel, type Routes } from '../support/kernel';
import { RawClient, request } from '../support/raw-client';
import { gate, soon, turns } from '../support/soon';

describe.each(doors)('shutting down $name', (door) => {
  let kernel: Kernel;
  let client: Client;

  async function open(routes: Routes): Promise<void> {
    kernel = await Kernel.open(routes, door.options);
    client = await door.connect(kernel.url);
  }
  afterEach(async () => {
    await client.close();
    await kernel.close();
  });

  it('lets a request under way finish, and then closes its connection', async () => {
    const go = gate<string>();
    await open({ 'GET /': () => go.promise });
    const pending = client.begin({ path: '/' });
    await soon(() => expect(kernel.underWay).toBe(1));
    kernel.server.drain();
    let closed = false;
    const closing = kernel.server.closeConnections().then(() => (closed = true));
    await turns();
    expect([closed, kernel.server.connections]).toEqual([false, 1]);
    go.open('done');
    const answer = await pending.answer;
    expect([answer.status, answer.body.toString()]).toEqual([200, 'done']);
    if (door.protocol === '1.1') expect(answer.headers.connection).toBe('close');
    await closing;
    expect(kernel.server.connections).toBe(0);
    expect(kernel.instruments.cancellations).toEqual([]);
  });

  it('lets a response that is being sent come to its end', async () => {
    const source = new Readable({ read() {} });
    source.push('begun ');
    await open({ 'GET /': () => source });
    const pending = client.begin({ path: '/' });
    await pending.until('begun');
    kernel.server.drain();
    const closing = kernel.server.closeConnections();
    await turns();
    source.push('done');
    source.push(null);
    expect((await pending.answer).body.toString()).toBe('begun done');
    await closing;
    expect(kernel.instruments.statuses).toEqual([200]);
  });

  it('lets a large answer be read to its end', async () => {
    await open({ 'GET /': () => Buffer.alloc(8_000_000, 'x') });
    const pending = client.begin({ path: '/' });
    await pending.until('xxx');
    const closing = kernel.server.closeConnections();
    expect((await pending.answer).body.length).toBe(8_000_000);
    await closing;
  });

  it('closes what is idle at once', async () => {
    await open({ 'GET /': () => 'x' });
    await client.ask({ path: '/' });
    await kernel.server.closeConnections();
    expect(kernel.server.connections).toBe(0);
    expect(kernel.log.told).toEqual([]);
  });

  it('closes what was never used at once', async () => {
    await open({ 'GET /': () => 'x' });
    await kernel.server.closeConnections();
    expect(kernel.server.connections).toBe(0);
  });

  it('settles at once when nothing is open', async () => {
    await open({ 'GET /': () => 'x' });
    await client.close();
    await soon(() => expect(kernel.server.connections).toBe(0));
    await kernel.server.closeConnections();
    await kernel.server.closeConnections();
  });

  it('takes no new connections', async () => {
    await open({ 'GET /': () => 'x' });
    kernel.server.drain();
    await expect(door.connect(kernel.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('cuts what is still there when it is told to', async () => {
    await open({ 'GET /': () => new Promise(() => undefined) });
    const pending = client.begin({ path: '/' });
    await soon(() => expect(kernel.underWay).toBe(1));
    const [lifetime] = kernel.owner.inside();
    const closing = kernel.server.closeConnections();
    kernel.server.destroyConnections();
    await expect(pending.answer).rejects.toThrow();
    await closing;
    expect(lifetime.reason).toBe('client');
    lifetime.letGo();
  });

  it('tells a request under way that it is cut, with 503 (RFC 9110 §15.6.4)', async () => {
    const go = gate();
    await open({ 'GET /': () => go.promise });
    const pending = client.begin({ path: '/' });
    await soon(() => expect(kernel.underWay).toBe(1));
    const [lifetime] = kernel.owner.inside();
    const { signal } = lifetime;
    kernel.server.drain();
    lifetime.end('shutdown');
    const answer = await pending.answer;
    expect([answer.status, problemOf(answer).code]).toEqual([503, 'SERVER_STOPPING']);
    expect(signal.reason).toMatchObject({ reason: 'shutdown', status: 503 });
    expect(kernel.instruments.statuses).toEqual([503]);
    expect(kernel.instruments.cancellations).toEqual(['shutdown']);
    go.open();
    await kernel.server.closeConnections();
  });

  it('answers a request cut by other code with 500', async () => {
    await open({ 'GET /': () => new Promise(() => undefined) });
    const pending = client.begin({ path: '/' });
    await soon(() => expect(kernel.underWay).toBe(1));
    const [lifetime] = kernel.owner.inside();
    lifetime.end('manual');
    const answer = await pending.answer;
    expect([answer.status, problemOf(answer).code]).toEqual([500, 'INTERNAL_ERROR']);
    expect(kernel.instruments.cancellations).toEqual(['manual']);
    lifetime.letGo();
  });
});

describe.each(doors.filter((door) => door.protocol === '1.1'))('a kept connection of $name while draining', (door) => {
  let kernel: Kernel;
  beforeEach(async () => {
    kernel = await Kernel.open(
      { 'GET /': () => 'x', 'GET /ready': { answersWhileStopping: true, run: () => 'still here' } },
      door.options,
    );
  });
  afterEach(() => kernel.close());

  it('gets 503 and Connection: close (RFC 9112 §9.6)', async () => {
    const client = await RawClient.connect(kernel.url);
    await client.ask(request('GET', '/'));
    kernel.server.drain();
    await turns();
    expect(client.ended).toBe(false);
    const response = await client.ask(request('GET', '/'));
    expect([response.status, problemOf(response).code]).toEqual([503, 'SERVER_STOPPING']);
    expect(response.headers.get('connection')).toEqual(['close']);
    expect(await client.closed()).toBe('');
    client.close();
  });

  it('still gets the answers that operators need', async () => {
    const client = await RawClient.connect(kernel.url);
    await client.ask(request('GET', '/'));
    kernel.server.drain();
    const response = await client.ask(request('GET', '/ready'));
    expect([response.status, response.body.toString(), response.headers.get('connection')]).toEqual([
      200,
      'still here',
      ['close'],
    ]);
    client.close();
  });

  it('is closed behind all that was pipelined on it', async () => {
    const client = await RawClient.connect(kernel.url);
    const go = gate<string>();
    kernel.use({ 'GET /late': () => go.promise, 'GET /': () => 'x' });
    client.write(request('GET', '/late') + request('GET', '/'));
    await soon(() => expect(kernel.underWay).toBe(1));
    const closing = kernel.server.closeConnections();
    go.open('late');
    expect((await client.response()).body.toString()).toBe('late');
    // Whether the second goes out behind one that says close is up to RFC 9112 §9.6: it must not be mistaken for another.
    client.close();
    await closing;
  });
});

describe.each(doors.filter((door) => door.protocol === '2.0'))('a session of $name while draining', (door) => {
  it('is told to go elsewhere, and its streams finish (RFC 9113 §6.8)', async () => {
    const go = gate<string>();
    const kernel = await Kernel.open({ 'GET /': () => go.promise }, door.options);
    const client = await H2Client.connect(kernel.url);
    const asked = client.begin({ ':path': '/' }, { endStream: true });
    await soon(() => expect(kernel.underWay).toBe(1));
    kernel.server.drain();
    await soon(() => expect(client.goneAway).toMatchObject({ code: 0 }));
    go.open('done');
    expect((await asked.response).body.toString()).toBe('done');
    await kernel.server.closeConnections();
    await client.close();
    await kernel.close();
  });
});

describe('a connection that says nothing while the server closes', () => {
  it.each([
    ['before its TLS handshake', { http2: true, tls: 'self-signed' } as const],
    ['before its first byte', { http2: 'h2c' } as const],
    ['before its first request', { http2: false } as const],
  ])('does not delay it: %s', async (_when, options) => {
    const kernel = await Kernel.open({}, options);
    const silent = await RawClient.connect(new URL(kernel.url.href.replace('https', 'http')));
    await soon(() => expect(kernel.server.connections).toBe(1));
    await kernel.server.closeConnections();
    await silent.closed();
    silent.close();
    await kernel.close();
  });

  it('is cut as well when it comes after the end', async () => {
    const kernel = await Kernel.open({});
    await kernel.server.closeConnections();
    const late = new Readable({ read() {} }) as unknown as Parameters<Kernel['server']['serve']>[0];
    kernel.server.serve(late);
    expect(late.destroyed).toBe(true);
    await kernel.close();
  });
});

describe('time-outs on by default', () => {
  it('close a connection that sends nothing (headers)', async () => {
    const kernel = await Kernel.open({}, { limits: { headersTimeoutMs: 100, requestTimeoutMs: 200 } });
    const client = await RawClient.connect(kernel.url);
    const response = await client.response();
    expect([response.status, problemOf(response).code]).toEqual([408, 'REQUEST_TIMEOUT']);
    expect(await client.closed()).toBe('');
    expect(kernel.log.told).toHaveLength(1);
    client.close();
    await kernel.close();
  });

  it('close a connection whose head comes too slowly (headers)', async () => {
    const kernel = await Kernel.open({}, { limits: { headersTimeoutMs: 100, requestTimeoutMs: 200 } });
    const client = await RawClient.connect(kernel.url);
    const dripping = setInterval(() => client.write('x'), 20);
    client.write('GET / HTTP/1.1\r\nhost: a\r\nx-slow: ');
    expect((await client.response()).status).toBe(408);
    clearInterval(dripping);
    await client.closed();
    client.close();
    await kernel.close();
  });

  it.each([
    ['over TLS', { http2: true, tls: 'self-signed' } as const, { handshakeTimeoutMs: 100 }],
    ['of h2c', { http2: 'h2c' } as const, { headersTimeoutMs: 100 }],
  ])('close a connection that never says what it speaks %s', async (_how, options, limits) => {
    const kernel = await Kernel.open({}, { ...options, limits });
    const client = await RawClient.connect(new URL(kernel.url.href.replace('https', 'http')));
    client.write('P');
    await client.closed();
    client.close();
    await soon(() => expect(kernel.server.connections).toBe(0));
    await kernel.close();
  });

  it('close a kept connection that is idle', async () => {
    const kernel = await Kernel.open({ 'GET /': () => 'x' }, { limits: { keepAliveTimeoutMs: 50 } });
    const client = await RawClient.connect(kernel.url);
    expect((await client.ask(request('GET', '/'))).status).toBe(200);
    expect(await client.closed()).toBe('');
    expect(kernel.log.told).toEqual([]);
    client.close();
    await kernel.close();
  });

  it('close a session that is idle, but none that waits for an answer', async () => {
    const go = gate<string>();
    // Long enough for a request to come on a machine that is busy.
    const kernel = await Kernel.open({ 'GET /': () => go.promise }, { http2: 'h2c', limits: { keepAliveTimeoutMs: 500 } });
    const client = await H2Client.connect(kernel.url);
    const asked = client.ask({ ':path': '/' });
    const idle = await H2Client.connect(kernel.url);
    await soon(() => expect(idle.session.closed).toBe(true));
    expect(client.session.closed).toBe(false);
    go.open('patience');
    expect((await asked).body.toString()).toBe('patience');
    await soon(() => expect(client.session.closed).toBe(true));
    await soon(() => expect(kernel.server.connections).toBe(0));
    await idle.close();
    await client.close();
    await kernel.close();
  });

  it('are enforced for connections that came without a port', async () => {
    const kernel = await Kernel.open(
      { 'GET /': () => 'x' },
      { listen: false, limits: { headersTimeoutMs: 100, requestTimeoutMs: 200 } },
    );
    const [near, far] = duplexPair();
    kernel.server.serve(far);
    const chunks: Buffer[] = [];
    for await (const chunk of near) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 408 /);
    near.destroy();
    await kernel.close();
  });
});
