import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { constants } from 'node:http2';
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { Controller, Hijack, HijackedConnection, Module, RequestContext, tunnel, type TunnelOptions } from '../../lib/index';
import { createTestApp, ManualClock, type TestApplication } from '../../lib/testing/index';
import { findProgram } from '../deployment/proxy-process';
import { H2Client } from '../support/h2-client';
import { RecordingLogger } from '../support/kernel';
import { RawClient, request } from '../support/raw-client';
import { gate, soon, turns } from '../support/soon';

const ESTABLISHED = 'HTTP/1.1 200 Connection Established\r\n\r\n';
const CONNECT = 'CONNECT any.test:443 HTTP/1.1\r\nhost: any.test:443\r\n\r\n';

/** Where the next tunnel leads, and how; what became of each. */
let target = '';
let options: TunnelOptions = {};
let ended: unknown[] = [];

async function lead(connection: HijackedConnection): Promise<void> {
  const outcome = tunnel(connection, target, options);
  ended.push(
    await outcome.then(
      (report) => report,
      (error: unknown) => (error as { code?: unknown }).code,
    ),
  );
  await outcome;
}

@Controller()
class Tunnels {
  @Hijack('/')
  get(connection: HijackedConnection) {
    return lead(connection);
  }

  @Hijack({ method: 'CONNECT', authority: 'any.test:443' })
  connect(connection: HijackedConnection) {
    return lead(connection);
  }

  /** The client is answered before there is a target. */
  @Hijack('/answered')
  async answered(ctx: RequestContext) {
    await lead((await ctx.hijack()).accept(200, {}, 'Wait'));
  }
}

@Module({ controllers: [Tunnels] })
class App {}

const clock = new ManualClock();
let app: TestApplication;
let url: URL;
let log: RecordingLogger;
const clients: RawClient[] = [];
const targets: Server[] = [];
const fars: Socket[] = [];

async function open(more = {}): Promise<void> {
  log = new RecordingLogger();
  app = await createTestApp(App, { logger: log, clock, ...more });
  url = await app.app.listen(0);
}

async function connect(): Promise<RawClient> {
  const client = await RawClient.connect(url);
  clients.push(client);
  return client;
}

/** A target that does `serve` with each of its connections. */
async function openTarget(serve: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    fars.push(socket.on('error', () => undefined));
    serve(socket);
  });
  targets.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return server;
}

/** A target with one connection, as soon as there is one. */
async function oneTarget(): Promise<{ readonly reached: Promise<Socket> }> {
  const { promise, open: reach } = gate<Socket>();
  await openTarget(reach);
  return { reached: promise };
}

beforeEach(() => {
  ended = [];
  options = {};
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const far of fars.splice(0)) far.destroy();
  await soon(() => expect(app.leaks()).toEqual([]));
  await app.close();
  for (const server of targets.splice(0)) server.close();
});

const code = (body: Buffer): unknown => (JSON.parse(body.toString()) as { code: unknown }).code;

describe.each([
  { name: 'TCP', more: {} },
  { name: 'TLS', more: { tls: 'self-signed' } },
])('a tunnel over $name', ({ more }) => {
  it('leads both ways, what came behind the request first, and passes the end of each side on as that', async () => {
    await open(more);
    const heard: string[] = [];
    await openTarget((socket) => {
      socket.on('data', (chunk) => heard.push(String(chunk)));
      socket.once('end', () => {
        socket.write('after your end');
        socket.end();
      });
    });
    for (const asking of [request('GET', '/'), CONNECT]) {
      const client = await connect();
      client.write(`${asking}right behind`).end();
      expect(await client.closed()).toBe(`${ESTABLISHED}after your end`);
    }
    await soon(() => expect(ended.length).toBe(2));
    expect(heard).toEqual(['right behind', 'right behind']);
    expect(ended).toEqual(Array(2).fill({ sentBytes: 12, receivedBytes: 14, ended: 'finished' }));
  });

  it('goes on to the target when that has ended its side', async () => {
    await open(more);
    const { reached } = await oneTarget();
    const client = await connect();
    client.write(request('GET', '/'));
    const far = await reached;
    far.end('that is all');
    expect(await client.closed()).toBe(`${ESTABLISHED}that is all`);
    let got = '';
    far.on('data', (chunk) => (got += String(chunk)));
    client.write('one ');
    await soon(() => expect(got).toBe('one '));
    client.write('two').end();
    await once(far, 'end');
    expect(got).toBe('one two');
    await soon(() => expect(ended).toEqual([{ sentBytes: 7, receivedBytes: 11, ended: 'finished' }]));
  });

  it.each(['client', 'target'] as const)('goes no faster than who reads: the %s reads slowly', async (slow) => {
    await open(more);
    const { reached } = await oneTarget();
    const client = await connect();
    client.write(request('GET', '/'));
    const far = await reached;
    await client.until(ESTABLISHED);
    const [writer, reader] = slow === 'client' ? [far, client.socket] : [client.socket, far];
    reader.pause();
    const total = 48 * 1024 * 1024;
    const chunk = Buffer.alloc(256 * 1024, 'x');
    let written = 0;
    const go = (): void => {
      while (written < total && writer.write(chunk)) written += chunk.length;
    };
    writer.on('drain', () => {
      written += chunk.length;
      go();
    });
    go();
    for (let before = -1; before !== written;) {
      before = written;
      await turns(200);
    }
    // Two sockets of the system and two buffers of streams hold a few megabytes; what is above is held back at its source.
    expect(written).toBeLessThan(total / 2);
    let got = slow === 'client' ? client.unread.length - ESTABLISHED.length : 0;
    reader.on('data', (bytes: Buffer) => (got += bytes.length));
    reader.resume();
    await soon(() => expect([written, got]).toEqual([total, total]), 20_000);
    writer.end();
    reader.end();
    await soon(() => expect(ended).toMatchObject([{ ended: 'finished' }]));
  });

  it('is cut on both sides when its client is gone, and the target can tell that from an end', async () => {
    await open(more);
    const { reached } = await oneTarget();
    const client = await connect();
    client.write(request('GET', '/'));
    const far = await reached;
    const failed = once(far.resume(), 'error');
    await client.until(ESTABLISHED);
    client.reset();
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
    await soon(() => expect(ended).toMatchObject([{ ended: 'client' }]));
  });

  it('is cut on both sides when its target is gone, and the client can tell that from an end', async () => {
    await open(more);
    const { reached } = await oneTarget();
    const client = await connect();
    client.write(request('GET', '/'));
    const far = await reached;
    await client.until(ESTABLISHED);
    const told: unknown[] = [];
    client.socket.on('end', () => told.push('end')).on('error', (error: NodeJS.ErrnoException) => told.push(error.code));
    far.resetAndDestroy();
    await client.closed();
    await soon(() => expect(ended).toMatchObject([{ ended: 'target' }]));
    // Node tells of a missing close_notify (RFC 8446 §6.1) as of an end.
    expect(told).toEqual('tls' in more ? [expect.anything()] : ['ECONNRESET']);
  });

  it('lasts when its client has left for good and the target goes on, until the target writes', async () => {
    await open(more);
    const { reached } = await oneTarget();
    const client = await connect();
    client.write(request('GET', '/'));
    const far = await reached;
    const end = once(far.resume(), 'end');
    await client.until(ESTABLISHED);
    client.close();
    await end;
    expect(ended).toEqual([]);
    await soon(() => {
      far.write('is anybody there?');
      expect(ended).toMatchObject([{ ended: 'client' }]);
    });
  });
});

describe('a tunnel', () => {
  it('is cut when nothing moves for idleTimeoutMs, and lasts as long as something does, whichever way', async () => {
    await open();
    options = { idleTimeoutMs: 1_000 };
    const { reached } = await oneTarget();
    const client = await connect();
    client.write(request('GET', '/'));
    const far = await reached;
    await client.until(ESTABLISHED);
    let got = '';
    far.on('data', (chunk) => (got += String(chunk)));
    for (let round = 0; round < 4; round++) {
      if (round % 2 === 0) client.write(`${round}`);
      else far.write(`${round}`);
      await soon(() => expect(got + client.unread.toString()).toContain(`${round}`));
      await clock.advance(900);
      expect(ended).toEqual([]);
    }
    // It looks once each second: cut after one second at least, two at most.
    await clock.advance(2_000);
    await client.closed();
    await soon(() => expect(ended).toEqual([{ sentBytes: 2, receivedBytes: 2, ended: 'idle' }]));
  });

  it('with idleTimeoutMs: 0 lasts for ever', async () => {
    await open();
    options = { idleTimeoutMs: 0 };
    const { reached } = await oneTarget();
    const client = await connect();
    client.write(request('GET', '/'));
    await reached;
    await client.until(ESTABLISHED);
    await clock.advance(24 * 3_600_000);
    expect(ended).toEqual([]);
  });

  it('that does not come about is answered: 502 where nobody listens, or no such host is known', async () => {
    await open();
    const closed = await openTarget(() => undefined);
    await new Promise((resolve) => closed.close(resolve));
    const nobody = target;
    for (const nowhere of [nobody, 'no-such-host.invalid:80']) {
      target = nowhere;
      const answer = await (await connect()).ask(request('GET', '/'));
      expect([answer.status, code(answer.body)]).toEqual([502, 'TUNNEL_UNREACHABLE']);
      expect(answer.body.toString()).not.toContain(nowhere);
    }
    expect(log.lines.filter(({ message }) => message === 'a tunnel did not come about').length).toBe(2);
    expect((await app.request({ url: '/metrics' })).text()).toMatch(
      /^tunnel_failures_total\{code="TUNNEL_UNREACHABLE",route="\/"\} 2$/m,
    );
  });

  it('only closes a client that was answered before, and could not be led on', async () => {
    await open();
    const closed = await openTarget(() => undefined);
    await new Promise((resolve) => closed.close(resolve));
    expect(await (await connect()).write(request('GET', '/answered')).closed()).toBe('HTTP/1.1 200 Wait\r\n\r\n');
    expect(ended).toEqual(['TUNNEL_UNREACHABLE']);
  });

  it.each<[string, TunnelOptions['allow'], boolean]>([
    ['no list', undefined, true],
    ['its host and port', ['127.0.0.1:{port}'], true],
    ['any port of its host', ['127.0.0.1:*'], true],
    ['any host', ['*:{port}'], true],
    ['the same twice', ['127.0.0.1:{port}', '127.0.0.1:{port}'], true],
    ['a function that says yes', (host, port) => host === '127.0.0.1' && port > 0, true],
    ['an empty list', [], false],
    ['another port', ['127.0.0.1:1'], false],
    ['another host', ['localhost:{port}', '*.example.com:{port}'], false],
    ['a function that says no', () => false, false],
    ['a function that does not say yet', (() => Promise.resolve(false)) as never, false],
  ])('is led by its allow-list: %s', async (_, allow, isAllowed) => {
    await open();
    await openTarget((socket) => socket.end('here'));
    const port = target.split(':')[1] ?? '';
    options = {
      allow: typeof allow === 'object' ? allow.map((one) => one.replace('{port}', port)) : allow,
    };
    const client = await connect();
    if (isAllowed) expect(await client.write(request('GET', '/')).end().closed()).toBe(`${ESTABLISHED}here`);
    else {
      const answer = await client.ask(request('GET', '/'));
      expect([answer.status, code(answer.body)]).toEqual([403, 'TUNNEL_TARGET_REFUSED']);
    }
  });

  it('refuses what is no target, and a list that is none, as faults of the server', async () => {
    await open();
    for (const [wrong, allow, expected] of [
      ['127.0.0.1', undefined, 'TUNNEL_TARGET_INVALID'],
      ['127.0.0.1:0', undefined, 'TUNNEL_TARGET_INVALID'],
      ['127.0.0.1:65536', undefined, 'TUNNEL_TARGET_INVALID'],
      ['http://127.0.0.1:80', undefined, 'TUNNEL_TARGET_INVALID'],
      ['a b:80', undefined, 'TUNNEL_TARGET_INVALID'],
      [{ host: '', port: 80 }, undefined, 'TUNNEL_TARGET_INVALID'],
      [{ host: 'a', port: 80n }, undefined, 'TUNNEL_TARGET_INVALID'],
      [undefined, undefined, 'TUNNEL_TARGET_INVALID'],
      ['127.0.0.1:80', ['127.0.0.1'], 'TUNNEL_ALLOW_INVALID'],
    ] as const) {
      target = wrong as unknown as string;
      options = { allow };
      const answer = await (await connect()).ask(request('GET', '/'));
      expect([wrong, answer.status, code(answer.body)]).toEqual([wrong, 500, expected]);
      expect(ended.at(-1)).toBe(expected);
    }
  });

  it.each([
    ['connectTimeoutMs', NaN],
    ['connectTimeoutMs', Infinity],
    ['idleTimeoutMs', -1],
    ['idleTimeoutMs', '5 s' as never],
  ])('refuses %s: %p, which no timer takes, and leads nowhere', async (option, ms) => {
    await open();
    options = { [option]: ms };
    const answer = await (await connect()).ask(request('GET', '/'));
    expect([answer.status, code(answer.body), fars]).toEqual([500, 'TUNNEL_TIME_INVALID', []]);
  });

  it.each([
    ['a text', (port: number) => `127.0.0.1\0.ours.test:${port}`],
    ['an object', (port: number) => ({ host: '127.0.0.1\0.ours.test', port })],
    ['a line break', (port: number) => ({ host: '127.0.0.1\n.ours.test', port })],
  ])('leads nowhere by a name that is cut short when it is looked up: %s', async (_, named) => {
    await open();
    await openTarget((socket) => socket.end('here'));
    target = named(Number(target.split(':')[1])) as string;
    options = { allow: (host) => host.endsWith('.ours.test') };
    const answer = await (await connect()).ask(request('GET', '/'));
    expect([answer.status, code(answer.body), fars]).toEqual([500, 'TUNNEL_TARGET_INVALID', []]);
  });

  it('leads to an IPv6 address in brackets', async () => {
    await open();
    const server = createServer((socket) => socket.end('six'));
    targets.push(server);
    await once(server.listen(0, '::1'), 'listening');
    target = `[::1]:${(server.address() as AddressInfo).port}`;
    options = { allow: [target] };
    expect(await (await connect()).write(request('GET', '/')).end().closed()).toBe(`${ESTABLISHED}six`);
  });

  it('is a stream of CONNECT over HTTP/2, with its half-closes and its failures', async () => {
    await open({ http2: 'h2c' });
    await openTarget((socket) => socket.once('end', () => socket.end('bye')).on('data', (chunk) => socket.write(chunk)));
    const client = await H2Client.connect(url);
    const ask = () => client.begin({ ':method': 'CONNECT', ':authority': 'any.test:443' }, { endStream: false });
    const asked = ask();
    expect((await asked.head)[':status']).toBe(200);
    asked.stream.end('hello ');
    expect((await asked.response).body.toString()).toBe('hello bye');
    options = { allow: [] };
    const refused = ask();
    expect((await refused.head)[':status']).toBe(403);
    await refused.closed;
    options = {};
    const reset = ask();
    await reset.head;
    await soon(() => expect(fars.length).toBe(2));
    const told = once(fars[1].resume(), 'error');
    reset.cancel();
    expect(await told).toMatchObject([{ code: 'ECONNRESET' }]);
    await soon(() => expect(ended).toMatchObject([{ ended: 'finished' }, 'TUNNEL_TARGET_REFUSED', { ended: 'client' }]));
    const reasons = () =>
      log.lines.flatMap(({ message, fields }) => (message === 'hijacked connection closed' ? [fields.reason] : []));
    await soon(() => expect(reasons()).toEqual(['finished', 'finished', 'client']));
    const gone = ask();
    await gone.head;
    await soon(() => expect(fars.length).toBe(3));
    fars.at(-1)?.resetAndDestroy();
    expect(await gone.closed).toBe(constants.NGHTTP2_CONNECT_ERROR);
    await turns();
    await client.close();
  });
});

const curl = findProgram('curl');

if (curl === undefined) it('IS NOT TRIED WITH CURL: there is none here', () => expect(findProgram('curl')).toBeUndefined());
else {
  it('curl takes an application for a proxy that tunnels', async () => {
    await open();
    const site = createHttp((_request, response) => response.end('behind the tunnel'));
    targets.push(site);
    await once(site.listen(0, '127.0.0.1'), 'listening');
    target = `127.0.0.1:${(site.address() as AddressInfo).port}`;
    const ask = (host: string) =>
      promisify(execFile)(curl, ['-sS', '-m', '20', '--proxytunnel', '--proxy', url.origin, `http://${host}/`]);
    expect((await ask('any.test:443')).stdout).toBe('behind the tunnel');
    // No route answers this target.
    await expect(ask('other.test:443')).rejects.toThrow('405');
  });
}

/** A listening socket whose process sleeps, and whose queue is full: what asks to connect is not answered. */
async function openSilent(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const text = `require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port); })`;
  const child: ChildProcess = spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const port = Number(line);
  child.kill('SIGSTOP');
  const fillers = Array.from({ length: 8 }, () => connectTcp(port, '127.0.0.1').on('error', () => undefined));
  let queued = 0;
  for (const filler of fillers) filler.once('connect', () => queued++);
  // A queue of one takes two; the others stay unanswered.
  await soon(() => expect(queued).toBe(2));
  return {
    port,
    async close() {
      for (const filler of fillers) filler.destroy();
      const over = once(child, 'exit');
      child.kill('SIGKILL');
      await over;
    },
  };
}

if (process.platform !== 'linux') {
  it('A TARGET THAT DOES NOT ANSWER IS NOT TRIED: other systems keep another queue', () => {
    expect(process.platform).not.toBe('linux');
  });
} else {
  describe('a target that does not answer', () => {
    it('is given up after connectTimeoutMs (504), or when the client leaves', async () => {
      await open();
      const silent = await openSilent();
      try {
        target = `127.0.0.1:${silent.port}`;
        options = { connectTimeoutMs: 3_000 };
        const client = await connect();
        client.write(request('GET', '/'));
        await soon(() => expect(app.app.requests.list()).toMatchObject([{ waitsFor: 'connection' }]));
        await turns();
        await clock.advance(2_900);
        expect(ended).toEqual([]);
        await clock.advance(200);
        const answer = await client.response();
        expect([answer.status, code(answer.body)]).toEqual([504, 'TUNNEL_CONNECT_TIMEOUT']);
        const leaving = await connect();
        leaving.write(request('GET', '/'));
        await soon(() => expect(app.app.requests.list()).toMatchObject([{ waitsFor: 'connection' }]));
        await turns();
        leaving.reset();
        await soon(() => expect(ended).toEqual(['TUNNEL_CONNECT_TIMEOUT', expect.stringMatching(/CANCELLED/)]));
        expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
      } finally {
        await silent.close();
      }
    });
  });
}
