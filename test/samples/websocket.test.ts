import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium } from 'playwright-core';
import { findBrowser } from '../openapi/browser';
import { H2Client } from '../support/h2-client';
import { SampleProcess } from '../support/sample-process';
import { soon } from '../support/soon';
import { clientFrame, closePayload, OPCODE, RawWebSocket } from '../websocket/raw-web-socket';
import { refusalOf, WsClient } from '../websocket/ws-client';

const CHAT = '/ws/chat?room=lobby&user=ada';

const WAYS: readonly { readonly name: string; readonly ways: Readonly<Record<string, string>> }[] = [
  { name: 'HTTP/1.1', ways: {} },
  { name: 'TLS=1', ways: { TLS: '1' } },
  { name: 'HTTP2=1', ways: { HTTP2: '1' } },
];

describe.each(WAYS)('websocket with $name', ({ ways }) => {
  let sample: SampleProcess;
  let url: URL;

  beforeAll(async () => {
    sample = SampleProcess.sample('websocket', { ...ways, ALLOWED_ORIGINS: 'https://chat.example.com, http://localhost:5173' });
    url = await sample.listening();
  });

  afterAll(async () => {
    expect(await sample.end()).toBe(0);
    for (const line of sample.stderr.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ level: expect.any(String) });
  });

  const connect = (path: string, options = {}) => WsClient.connect(new URL(path, url), options);
  const refused = (path: string, options = {}) => refusalOf(new URL(path, url), { rejectUnauthorized: false, ...options });

  it('sends what one says to all in the room, the sender included, and to nobody else', async () => {
    const [ada, bob, eve] = [
      await connect(CHAT),
      await connect('/ws/chat?room=lobby&user=bob'),
      await connect('/ws/chat?room=other&user=eve'),
    ];
    const text = 'x'.repeat(1_000);
    ada.send({ type: 'say', text });
    for (const client of [ada, bob]) {
      const said = (await client.next()) as { at: string };
      expect(said).toEqual({ type: 'said', user: 'ada', text, at: expect.any(String) });
      expect(new Date(said.at).toISOString()).toBe(said.at);
    }
    expect(eve.waiting).toBe(0);
    for (const client of [ada, bob, eve]) await client.leave();
  });

  it.each<[string, unknown, string]>([
    ['an empty text', { type: 'say', text: '' }, 'VALIDATION_FAILED'],
    ['a text that is too long', { type: 'say', text: 'x'.repeat(1_001) }, 'VALIDATION_FAILED'],
    ['no text', { type: 'say' }, 'VALIDATION_FAILED'],
    ['another type', { type: 'shout', text: 'hello' }, 'MESSAGE_TYPE_UNKNOWN'],
    ['no JSON', '{', 'MESSAGE_MALFORMED'],
    ['bytes', Buffer.from([1]), 'MESSAGE_MALFORMED'],
  ])('answers %s with an error frame, and the socket stays', async (_, message, code) => {
    const client = await connect(CHAT);
    client.send(message);
    const frame = (await client.next()) as { errors: unknown[] };
    expect(frame).toMatchObject({ type: 'error', code });
    expect(frame.errors.length).toBeGreaterThan(0);
    client.send({ type: 'say', text: 'still here' });
    expect(await client.next()).toMatchObject({ type: 'said', text: 'still here' });
    await client.leave();
  });

  it.each(['/ws/chat', '/ws/chat?room=lobby', '/ws/chat?user=ada', '/ws/chat?room=&user=ada'])(
    'answers 400 to %s, before the upgrade',
    async (path) => {
      expect(await refused(path)).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    },
  );

  it('echoes text and bytes', async () => {
    const client = await connect('/ws/echo');
    client.send('héllo');
    client.send(Buffer.from([0, 255]));
    expect([await client.nextRaw(), await client.nextRaw()]).toEqual(['héllo', Buffer.from([0, 255])]);
    const whole = Buffer.alloc(1024 * 1024, 7);
    client.send(whole);
    expect(whole.equals((await client.nextRaw()) as Buffer)).toBe(true);
    client.send(Buffer.alloc(1024 * 1024 + 1));
    expect((await client.closed()).code).toBe(1009);
  });

  it('refuses other origins with 403, before the upgrade', async () => {
    expect(await refused(CHAT, { origin: 'https://evil.example.com' })).toMatchObject({
      status: 403,
      headers: { 'content-type': 'application/problem+json' },
      body: { code: 'WEBSOCKET_ORIGIN_REFUSED' },
    });
    for (const origin of ['https://chat.example.com', 'http://localhost:5173']) await (await connect(CHAT, { origin })).leave();
  });
});

describe('websocket', () => {
  it('tells its numbers, cuts a client that does not read, and closes the others with 1001', async () => {
    const sample = SampleProcess.sample('websocket');
    const url = await sample.listening();
    const client = await WsClient.connect(new URL(CHAT, url));
    const stalled = await RawWebSocket.connect(url, '/ws/echo');
    stalled.pause();
    const metrics = async () => (await fetch(new URL('/metrics', url), { headers: { connection: 'close' } })).text();
    const megabyte = clientFrame(Buffer.alloc(500_000), { opcode: OPCODE.binary });
    await soon(async () => {
      stalled.write(megabyte);
      await sleep(5);
      expect(await metrics()).toMatch(/^websocket_closed_total\{code="1013",route="\/ws\/echo"\} 1$/m);
    });
    expect(sample.stderr).toMatch(/"route":"\/ws\/echo","code":1013/);
    expect(await metrics()).toMatch(/^websocket_connections\{route="\/ws\/chat"\} 1$/m);
    await stalled.leave();
    const ended = sample.end();
    expect((await client.closed()).code).toBe(1001);
    expect(await ended).toBe(0);
  });

  it('gives up on a client after two pings without an answer (WS_PING_MS)', async () => {
    const sample = SampleProcess.sample('websocket', { WS_PING_MS: '50' });
    const url = await sample.listening();
    const [silent, alive] = [await RawWebSocket.connect(url, '/ws/echo'), await WsClient.connect(new URL('/ws/echo', url))];
    expect((await silent.next())?.opcode).toBe(OPCODE.ping);
    expect((await silent.next())?.opcode).toBe(OPCODE.ping);
    expect(await silent.next()).toBeUndefined();
    alive.send('still here');
    expect(await alive.nextRaw()).toBe('still here');
    await silent.leave();
    await alive.leave();
    expect(await sample.end()).toBe(0);
  });

  it('does not start with settings that are none', async () => {
    const sample = SampleProcess.sample('websocket', { ALLOWED_ORIGINS: 'chat.example.com' });
    expect(await sample.exited).toBe(1);
    expect(sample.stderr).toMatch(/WEBSOCKET_OPTION_INVALID: The option allowedOrigins/);
  });
});

describe('websocket with HTTP2=1, on streams of extended CONNECT (RFC 8441)', () => {
  it('has many on one connection, refuses by their status, and closes with 1001', async () => {
    const sample = SampleProcess.sample('websocket', { HTTP2: '1', ALLOWED_ORIGINS: 'https://chat.example.com' });
    const client = await H2Client.connect(await sample.listening());
    if (client.session.remoteSettings.enableConnectProtocol !== true) await once(client.session, 'remoteSettings');
    const begin = (path: string, headers: Record<string, string> = {}) =>
      client.begin(
        {
          ':method': 'CONNECT',
          ':protocol': 'websocket',
          ':scheme': 'https',
          ':path': path,
          'sec-websocket-version': '13',
          ...headers,
        },
        { endStream: false },
      );
    for (const [path, headers, status] of [
      ['/ws/chat', {}, 400],
      [CHAT, { origin: 'https://evil.example.com' }, 403],
      ['/nowhere', {}, 404],
    ] as const) {
      const asked = begin(path, headers);
      expect([path, (await asked.head)[':status']]).toEqual([path, status]);
      asked.stream.end();
      await asked.closed;
    }
    const [ada, bob, echo] = [begin(CHAT), begin('/ws/chat?room=lobby&user=bob'), begin('/ws/echo')];
    for (const asked of [ada, bob, echo]) expect((await asked.head)[':status']).toBe(200);
    const got = (asked: typeof ada): string => Buffer.concat(asked.chunks).toString('latin1');
    ada.stream.write(clientFrame('{"type":"say","text":"over two"}'));
    for (const asked of [ada, bob]) await soon(() => expect(got(asked)).toContain('"user":"ada","text":"over two"'));
    echo.stream.write(clientFrame('echo'));
    await soon(() => expect(got(echo)).toContain('echo'));
    const ended = sample.end();
    for (const asked of [ada, bob, echo]) {
      await soon(() => expect(got(asked)).toContain(closePayload(1001).toString('latin1')));
      asked.stream.end(clientFrame(closePayload(1001), { opcode: OPCODE.close }));
    }
    expect(await ended).toBe(0);
    await client.close();
  });
});

/** What a page has that Node has not. */
interface Page {
  readonly location: { readonly origin: string };
  readonly performance: { getEntriesByType(type: string): { readonly nextHopProtocol: string }[] };
}

interface WithChat {
  readonly chat: { readonly socket: { send(text: string): void }; readonly heard: unknown[]; readonly closed: Promise<number> };
}

const path = findBrowser();

if (path === undefined) {
  it('IS NOT TRIED IN A BROWSER: there is no Chromium here (CHROMIUM_PATH, or chromium in the PATH)', () => {
    expect(findBrowser()).toBeUndefined();
  });
} else {
  describe('websocket in Chromium', () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox', '--ignore-certificate-errors'] });
    });
    afterAll(() => browser.close());

    it.each([
      ['HTTP/1.1', {}, 'http/1.1'],
      ['TLS', { TLS: '1' }, 'http/1.1'],
      ['HTTP/2', { HTTP2: '1' }, 'h2'],
    ])('two pages talk over %s, and are told 1001 at the end', async (_, ways, protocol) => {
      const sample = SampleProcess.sample('websocket', ways);
      const url = await sample.listening();
      const context = await browser.newContext({ ignoreHTTPSErrors: true });
      const [ada, bob] = [await context.newPage(), await context.newPage()];
      const enter = async (page: typeof ada, user: string) => {
        await page.goto(new URL('/health/live', url).href);
        return page.evaluate(async (name) => {
          const { location, performance } = globalThis as unknown as Page;
          const socket = new globalThis.WebSocket(`${location.origin.replace('http', 'ws')}/ws/chat?room=lobby&user=${name}`);
          const heard: unknown[] = [];
          socket.addEventListener('message', ({ data }) => heard.push(JSON.parse(data as string)));
          const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
          Object.assign(globalThis, { chat: { socket, heard, closed } });
          await new Promise((resolve) => socket.addEventListener('open', resolve));
          return performance.getEntriesByType('navigation')[0]?.nextHopProtocol;
        }, user);
      };
      expect([await enter(ada, 'ada'), await enter(bob, 'bob')]).toEqual([protocol, protocol]);
      await ada.evaluate(() =>
        (globalThis as unknown as WithChat).chat.socket.send(JSON.stringify({ type: 'say', text: 'from a page' })),
      );
      for (const page of [ada, bob]) {
        await soon(async () =>
          expect(await page.evaluate(() => (globalThis as unknown as WithChat).chat.heard)).toEqual([
            { type: 'said', user: 'ada', text: 'from a page', at: expect.any(String) },
          ]),
        );
      }
      const ended = sample.end();
      expect([
        await ada.evaluate(() => (globalThis as unknown as WithChat).chat.closed),
        await bob.evaluate(() => (globalThis as unknown as WithChat).chat.closed),
      ]).toEqual([1001, 1001]);
      await context.close();
      expect(await ended).toBe(0);
    });
  });
}
