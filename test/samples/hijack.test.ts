import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { findProgram } from '../deployment/proxy-process';
import { findBrowser } from '../openapi/browser';
import { H2Client } from '../support/h2-client';
import { RawClient, request } from '../support/raw-client';
import { SampleProcess } from '../support/sample-process';
import { soon } from '../support/soon';

const HIJACKED = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nConnection hijacked!\r\n';
const UPGRADE = { connection: 'Upgrade', upgrade: 'custom-protocol' };
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\n';
const TOKENS = 'good:ada:hijack.connect+x,poor:bob:other';

function frame(payload: Buffer | string): Buffer {
  const bytes = Buffer.from(payload as string);
  const header = Buffer.alloc(4);
  header.writeUInt32BE(bytes.length);
  return Buffer.concat([header, bytes]);
}

/** An echo that ends its side behind that of its client, with a last word. */
async function openTarget(): Promise<Server> {
  const target = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined).on('data', (chunk) => socket.write(chunk));
    socket.on('end', () => socket.end('bye'));
  });
  await once(target.listen(0, '127.0.0.1'), 'listening');
  return target;
}

const WAYS: readonly { readonly name: string; readonly ways: Readonly<Record<string, string>> }[] = [
  { name: 'HTTP/1.1', ways: {} },
  { name: 'TLS=1', ways: { TLS: '1' } },
  { name: 'HTTP2=1', ways: { HTTP2: '1' } },
];

describe.each(WAYS)('hijack with $name', ({ ways }) => {
  let sample: SampleProcess;
  let url: URL;
  let target: Server;
  const clients: RawClient[] = [];

  beforeAll(async () => {
    target = await openTarget();
    const { port } = target.address() as AddressInfo;
    const closed = createServer();
    await once(closed.listen(0, '127.0.0.1'), 'listening');
    const nowhere = (closed.address() as AddressInfo).port;
    closed.close();
    sample = SampleProcess.sample('hijack', {
      ...ways,
      TOKENS,
      PROXY_TARGETS: `echo=127.0.0.1:${port},nowhere=127.0.0.1:${nowhere}`,
      HIJACK_READ_TIMEOUT_MS: '300',
      HIJACK_DEADLINE_MS: '900',
    });
    url = await sample.listening();
  });
  afterAll(async () => {
    target.close();
    expect(await sample.end()).toBe(0);
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  const connect = async (): Promise<RawClient> => {
    const client = await RawClient.connect(url);
    clients.push(client);
    return client;
  };
  const refused = async (
    bytes: string,
  ): Promise<{ status: number; code: unknown; headers: ReadonlyMap<string, readonly string[]> }> => {
    const response = await (await connect()).ask(bytes, 'GET');
    expect(response.headers.get('content-type')).toEqual(['application/problem+json']);
    return {
      status: response.status,
      code: (JSON.parse(response.body.toString()) as { code: unknown }).code,
      headers: response.headers,
    };
  };
  const metrics = async (): Promise<number> => {
    const text = (await (await connect()).ask(request('GET', '/metrics'))).body.toString();
    const values = [...text.matchAll(/^hijacked_connections(?:\{.*\})? (\S+)$/gm)].map(([, value]) => Number(value));
    expect(values.length).toBeGreaterThan(0);
    return values.reduce((sum, value) => sum + value, 0);
  };

  it('echoes lines, those behind the head first, however they end', async () => {
    const client = await connect();
    client.write(`${request('GET', '/hijack')}first\r\nGET / HTTP/1.1\nlast`).end();
    expect(await client.closed()).toBe(`${HIJACKED}Echo: first\nEcho: GET / HTTP/1.1\nEcho: last\n`);
  });

  it('counts what is open', async () => {
    while ((await metrics()) > 0);
    const client = await connect();
    client.write(`${request('GET', '/hijack')}hi\n`);
    await client.until('Echo: hi\n');
    expect(await metrics()).toBe(1);
    client.close();
    while ((await metrics()) > 0);
  });

  it('speaks a binary protocol to who asks for it', async () => {
    const client = await connect();
    const large = Buffer.alloc(1024 * 1024, 'x');
    client.write(request('GET', '/binary-protocol', UPGRADE), frame('hello'), frame(''), frame(large)).end();
    const got = Buffer.from(await client.closed(), 'latin1');
    const end = got.indexOf('\r\n\r\n') + 4;
    expect(got.subarray(0, end).toString()).toMatch(/^HTTP\/1\.1 101 .*\r\n/);
    expect(got.subarray(0, end).toString().toLowerCase()).toContain('\r\nconnection: upgrade\r\n');
    expect(got.subarray(0, end).toString().toLowerCase()).toContain('\r\nupgrade: custom-protocol\r\n');
    expect(got.subarray(end).equals(Buffer.concat([frame('hello'), frame(''), frame(large)]))).toBe(true);
  });

  it('closes at a frame that is too large', async () => {
    const client = await connect();
    client.write(request('GET', '/binary-protocol', UPGRADE), Buffer.from([0, 0x10, 0, 1]));
    expect(await client.closed()).toContain(SWITCHED);
  });

  it('answers 426 to who does not ask for the protocol', async () => {
    const wrong: Record<string, string>[] = [{}, { connection: 'Upgrade', upgrade: 'other' }, { upgrade: 'custom-protocol' }];
    for (const headers of wrong) {
      const answer = await refused(request('GET', '/binary-protocol', headers));
      expect([answer.status, answer.code, answer.headers.get('upgrade')]).toEqual([
        426,
        'HIJACK_UPGRADE_REQUIRED',
        ['custom-protocol'],
      ]);
    }
  });

  it('leads to the targets it was given, and nowhere else', async () => {
    const client = await connect();
    client.write(`${request('GET', '/proxy/echo')}ping`).end();
    expect(await client.closed()).toBe('HTTP/1.1 200 Connection Established\r\n\r\npingbye');
    expect(await refused(request('GET', '/proxy/other'))).toMatchObject({ status: 403, code: 'PROXY_TARGET_REFUSED' });
    expect(await refused(request('GET', '/proxy/nowhere'))).toMatchObject({ status: 502, code: 'TUNNEL_UNREACHABLE' });
  });

  it('closes who falls silent, who goes on for too long, and tells of it', async () => {
    const silent = await connect();
    silent.write(`${request('GET', '/hijack-safe')}one\n`);
    expect(await silent.closed()).toBe(`${HIJACKED}Echo: one\n`);
    await soon(() => expect(sample.stderr).toContain('timeout on a hijacked connection'));
    const busy = await connect();
    busy.write(request('GET', '/hijack-safe'));
    for (let line = 0; !busy.ended; line++) {
      busy.write(`${line}\n`);
      await busy.until(`Echo: ${line}\n`).catch(() => undefined);
    }
    await soon(() => expect(sample.stderr).toMatch(/"deadline":"connection".*timeout/));
  });

  it('checks before it takes the connection over', async () => {
    const ask = (token: string | undefined, headers: Record<string, string>): string =>
      request('GET', '/secure-hijack', { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) });
    const unknown = await refused(ask(undefined, UPGRADE));
    expect([unknown.status, unknown.headers.get('www-authenticate')]).toEqual([401, ['Bearer']]);
    expect(await refused(ask('bad', UPGRADE))).toMatchObject({ status: 401 });
    expect(await refused(ask('poor', {}))).toMatchObject({ status: 403 });
    expect(await refused(ask('good', { connection: 'Upgrade', upgrade: 'other' }))).toMatchObject({ status: 400 });
    const client = await connect();
    client.write(ask('good', UPGRADE), frame('secret'));
    await client.until('secret');
    expect(client.unread.toString('latin1')).toContain(SWITCHED);
  });

  it('shows what a misuse is: the log has its code, the client what the handler wrote', async () => {
    const client = await connect();
    expect(await client.write(request('GET', '/misuse')).closed()).toBe('HTTP/1.1 200 OK\r\n\r\nmine');
    await soon(() => expect(sample.stderr).toContain('HIJACK_ALREADY_TAKEN'));
  });

  it('answers what is no hijack as ever', async () => {
    const client = await connect();
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' };
    expect((await client.ask(request('GET', '/health/live', headers))).status).toBe(200);
    expect((await client.ask(request('GET', '/health/ready'))).status).toBe(200);
    expect(await refused(request('GET', '/nowhere', UPGRADE))).toMatchObject({ status: 404 });
    expect(await refused(request('POST', '/hijack', { 'content-length': 0 }))).toMatchObject({ status: 405 });
    expect(await refused('CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n')).toMatchObject({ status: 405 });
  });
});

it('ends gracefully with connections that are open, with 0', async () => {
  const sample = SampleProcess.sample('hijack');
  const url = await sample.listening();
  const clients = await Promise.all(
    ['/hijack', '/hijack-safe'].map(async (path) => (await RawClient.connect(url)).write(request('GET', path))),
  );
  for (const client of clients) await client.until(HIJACKED);
  const code = sample.end();
  for (const client of clients) {
    expect(await client.closed()).toBe(HIJACKED);
    client.close();
  }
  expect(await code).toBe(0);
});

const curl = findProgram('curl');

if (curl === undefined) it('IS NOT TRIED WITH CURL: there is none here', () => expect(findProgram('curl')).toBeUndefined());
else {
  it.each(WAYS)('curl gets what handlers wrote, and refusals as ever, with $name', async ({ ways }) => {
    const sample = SampleProcess.sample('hijack', { ...ways, TOKENS, HIJACK_READ_TIMEOUT_MS: '100' });
    const url = await sample.listening();
    const run = async (path: string, ...args: string[]): Promise<string> => {
      const { stdout } = await promisify(execFile)(curl, ['-sSkN', '--http1.1', '-m', '20', ...args, new URL(path, url).href]);
      return stdout;
    };
    expect(await run('/hijack-safe', '-i')).toBe(HIJACKED);
    expect(await run('/misuse')).toBe('mine');
    const upgrade = ['-H', 'Connection: Upgrade', '-H', 'Upgrade: custom-protocol'];
    expect(await run('/secure-hijack', '-w', '%{http_code}', ...upgrade)).toMatch(/"status":401.*401$/s);
    expect(await run('/secure-hijack', '-w', '%{http_code}', ...upgrade, '-H', 'Authorization: Bearer poor')).toMatch(/403$/);
    expect(await run('/binary-protocol', '-w', '%{http_code}')).toMatch(/HIJACK_UPGRADE_REQUIRED.*426$/s);
    expect(await sample.end()).toBe(0);
  });
}

const browserPath = findBrowser();

if (browserPath === undefined) {
  it('IS NOT TRIED IN A BROWSER: there is no Chromium here (CHROMIUM_PATH, or chromium in the PATH)', () => {
    expect(findBrowser()).toBeUndefined();
  });
} else {
  const written = [200, 'Connection hijacked!\r\n'];
  const refused = [505, expect.stringContaining('HIJACK_HTTP2_REFUSED')];

  it.each(WAYS.map((way) => ({ ...way, expected: way.ways.HTTP2 === '1' ? refused : written })))(
    'a page in Chromium reads what a handler writes, and is told why not over HTTP/2: $name',
    async ({ ways, expected }) => {
      const sample = SampleProcess.sample('hijack', { ...ways, HIJACK_READ_TIMEOUT_MS: '200' });
      const url = await sample.listening();
      const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
      try {
        const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
        await page.goto(new URL('/health/live', url).href);
        const got = await page.evaluate(async () => {
          const response = await fetch('/hijack-safe');
          return [response.status, await response.text()];
        });
        expect(got).toEqual(expected);
      } finally {
        await browser.close();
      }
      expect(await sample.end()).toBe(0);
    },
  );
}

describe('hijack over HTTP/2', () => {
  it('speaks the binary protocol on the stream of an extended CONNECT, and says why not otherwise', async () => {
    const sample = SampleProcess.sample('hijack', { HTTP2: '1', TOKENS });
    const client = await H2Client.connect(await sample.listening());
    const tunnel = (path: string, protocol: string, headers: Record<string, string> = {}) =>
      client.begin({ ':method': 'CONNECT', ':protocol': protocol, ':path': path, ...headers }, { endStream: false });
    for (const [path, headers] of [
      ['/binary-protocol', {}],
      ['/secure-hijack', { authorization: 'Bearer good' }],
    ] as const) {
      const asked = tunnel(path, 'custom-protocol', headers);
      asked.stream.end(frame('hello'));
      expect(await asked.response).toMatchObject({ status: 200, body: frame('hello') });
    }
    const status = async (path: string, protocol: string, headers = {}): Promise<number> => {
      const asked = tunnel(path, protocol, headers);
      const head = await asked.head;
      asked.stream.end();
      return head[':status'] ?? 0;
    };
    expect(await status('/secure-hijack', 'custom-protocol')).toBe(401);
    expect(await status('/secure-hijack', 'custom-protocol', { authorization: 'Bearer poor' })).toBe(403);
    expect(await status('/secure-hijack', 'other', { authorization: 'Bearer good' })).toBe(400);
    expect(await status('/binary-protocol', 'other')).toBe(501);
    expect(await status('/nowhere', 'custom-protocol')).toBe(404);
    const ordinary = await client.ask({ ':path': '/hijack' });
    expect([ordinary.status, ordinary.body.toString()]).toEqual([505, expect.stringContaining('HIJACK_HTTP2_REFUSED')]);
    expect((await client.ask({ ':path': '/binary-protocol' })).body.toString()).toContain('extended CONNECT');
    await client.close();
    expect(await sample.end()).toBe(0);
  });
});

it('the sample hijack refuses to start with a target that is none', async () => {
  const sample = SampleProcess.sample('hijack', { PROXY_TARGETS: 'here=127.0.0.1:80,there=127.0.0.1:65536' });
  expect(await sample.exited).toBe(1);
  expect(sample.stderr).toContain('PROXY_TARGETS is name=host:port,…, not "there=127.0.0.1:65536".');
});
