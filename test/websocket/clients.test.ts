import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import { type Browser, chromium } from 'playwright-core';
import { Agent, WebSocket as UndiciWebSocket } from 'undici';
import { IsString } from 'class-validator';
import { OnClose, OnMessage, OnOpen, Query, WebSocket, WebSocketSession } from 'rockstar-web';
import { findBrowser } from '../openapi/browser';
import { H2Client, type H2Request } from '../support/h2-client';
import { soon } from '../support/soon';
import { clientFrame, closePayload, OPCODE } from './raw-web-socket';
import { Served, type ServeOptions, withServed } from './served';

let closed: unknown[] = [];
beforeEach(() => (closed = []));

class Say {
  @IsString() text!: string;
}

@WebSocket('/chat', { protocols: ['chat'], permessageDeflate: { thresholdBytes: 100 } })
class Chat {
  @OnOpen()
  open(socket: WebSocketSession, @Query('room') room: string) {
    socket.join(room);
    return { welcome: room };
  }

  @OnMessage('say')
  say({ text }: Say, socket: WebSocketSession, @Query('room') room: string) {
    void socket.to(room).send({ said: text });
  }

  @OnMessage()
  other(message: string | Buffer) {
    return message;
  }

  @OnClose()
  closed(socket: WebSocketSession) {
    closed.push(socket.closeCode);
  }
}

/** Small messages, which may be compressed. */
@WebSocket('/small', { permessageDeflate: { thresholdBytes: 0 }, messageLimitBytes: 10_000 })
class Small {
  @OnMessage()
  length(message: string) {
    return message.length;
  }
}

const WAYS: readonly { readonly name: string; readonly options: ServeOptions }[] = [
  { name: 'without TLS', options: {} },
  { name: 'over TLS', options: { tls: 'self-signed' } },
  { name: 'on the port of HTTP/2', options: { http2: true } },
  { name: 'on the port of h2c', options: { http2: 'h2c' } },
];

describe.each(WAYS)('clients of HTTP/1.1 $name', ({ options }) => {
  it('are understood by ws, compressed and not', () =>
    withServed([Chat], options, async (served) => {
      const long = 'x'.repeat(5_000);
      for (const perMessageDeflate of [true, false]) {
        const client = await served.connect('/chat?room=a', { perMessageDeflate, protocols: ['chat'] });
        expect([client.socket.extensions, client.socket.protocol]).toEqual([
          perMessageDeflate ? 'permessage-deflate' : '',
          'chat',
        ]);
        expect(await client.next()).toEqual({ welcome: 'a' });
        for (const text of ['short', long]) {
          client.send({ type: 'say', text });
          expect(await client.next()).toEqual({ said: text });
        }
        client.send(Buffer.alloc(20_000, 1));
        expect(Buffer.alloc(20_000, 1).equals((await client.nextRaw()) as Buffer)).toBe(true);
        client.socket.close(1000);
        await client.closed();
      }
      await soon(() => expect(closed).toEqual([1000, 1000]));
    }));

  it('are understood by undici, another implementation', () =>
    withServed([Chat], options, async (served) => {
      const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
      const url = new URL('/chat?room=b', served.url);
      const socket = new UndiciWebSocket(url.href.replace(/^http/, 'ws'), { protocols: ['chat'], dispatcher });
      socket.binaryType = 'arraybuffer';
      const next = async (): Promise<unknown> => ((await once(socket, 'message')) as [{ data: unknown }])[0].data;
      expect(await next()).toBe('{"welcome":"b"}');
      expect(socket.protocol).toBe('chat');
      const long = 'é'.repeat(3_000);
      socket.send(JSON.stringify({ type: 'say', text: long }));
      expect(await next()).toBe(JSON.stringify({ said: long }));
      socket.send(new Uint8Array([1, 2, 3]));
      expect(new Uint8Array((await next()) as ArrayBuffer)).toEqual(new Uint8Array([1, 2, 3]));
      const gone = once(socket, 'close');
      socket.close(4_321, 'done');
      const [{ code, wasClean }] = (await gone) as [{ code: number; wasClean: boolean }];
      expect([code, wasClean]).toEqual([4_321, true]);
      await soon(() => expect(closed).toEqual([4_321]));
      await dispatcher.close();
    }));
});

it('counts what a compressed message unfolds to: beyond the limit it is closed with 1009', () =>
  withServed([Small], {}, async (served) => {
    const client = await served.connect('/small', { perMessageDeflate: { threshold: 0 } });
    expect(client.socket.extensions).toBe('permessage-deflate');
    client.send('x'.repeat(10_000));
    expect(await client.next()).toBe(10_000);
    client.send('x'.repeat(10_001));
    expect((await client.closed()).code).toBe(1009);
    const bomb = await served.connect('/small', { perMessageDeflate: { threshold: 0 } });
    bomb.send('x'.repeat(20 * 1024 * 1024));
    expect((await bomb.closed()).code).toBe(1009);
  }));

describe.each<ServeOptions['http2']>([true, 'h2c'])('extended CONNECT over HTTP/2 (RFC 8441), http2: %j', (http2) => {
  let served: Served;
  let client: H2Client;

  beforeEach(async () => {
    served = await Served.open([Chat], http2 === undefined ? {} : { http2 });
    client = await H2Client.connect(served.url);
    await settingsOf(client.session);
  });

  afterEach(async () => {
    await client.close();
    await served.close();
  });

  const connect = (path: string, more: Record<string, string> = {}): H2Request =>
    client.begin(
      {
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':path': path,
        ':scheme': 'https',
        'sec-websocket-version': '13',
        ...more,
      },
      { endStream: false },
    );

  /** What the frames of the server say, whole ones of less than 126 bytes. */
  const payloads = (asked: H2Request): string[] => {
    const bytes = Buffer.concat(asked.chunks);
    const found: string[] = [];
    for (let at = 0; at + 2 <= bytes.length; at += 2 + (bytes[at + 1] ?? 0))
      found.push(bytes.toString('latin1', at + 2, at + 2 + (bytes[at + 1] ?? 0)));
    return found;
  };

  it('answers 200 and speaks WebSocket on the stream, beside requests on the same connection', async () => {
    expect(client.session.remoteSettings.enableConnectProtocol).toBe(true);
    const asked = connect('/chat?room=c', { 'sec-websocket-protocol': 'chat' });
    const head = await asked.head;
    expect([head[':status'], head['sec-websocket-protocol']]).toEqual([200, 'chat']);
    expect(Object.keys(head)).not.toEqual(expect.arrayContaining(['sec-websocket-accept']));
    asked.stream.write(Buffer.concat([clientFrame('{"type":"say","text":"hi"}'), clientFrame('echo')]));
    await soon(() => expect(payloads(asked)).toEqual(['{"welcome":"c"}', '{"said":"hi"}', 'echo']));
    expect((await client.begin({ ':method': 'GET', ':path': '/health/live' }, { endStream: true }).response).status).toBe(200);
    asked.stream.write(clientFrame(closePayload(1000), { opcode: OPCODE.close }));
    await soon(() => expect(payloads(asked).at(-1)).toBe(closePayload(1000).toString('latin1')));
    asked.stream.end();
    await soon(() => expect(closed).toEqual([1000]));
  });

  it('has many sessions on one connection, each with its own end', async () => {
    const all = Array.from({ length: 20 }, () => connect('/chat?room=d'));
    for (const asked of all) expect((await asked.head)[':status']).toBe(200);
    all[0].stream.write(clientFrame('{"type":"say","text":"all"}'));
    for (const asked of all) await soon(() => expect(payloads(asked)).toContain('{"said":"all"}'));
    expect(await served.metric('websocket_connections{route="/chat"}')).toBe(20);
    for (const asked of all.slice(0, 5)) asked.cancel();
    await soon(async () => expect(await served.metric('websocket_connections{route="/chat"}')).toBe(15));
    expect(closed).toEqual(Array(5).fill(1006));
    all[5].stream.write(clientFrame('still here'));
    await soon(() => expect(payloads(all[5])).toContain('still here'));
    await client.close();
    await soon(() => expect(closed.length).toBe(20));
  });

  it.each<[string, Record<string, string>, number, string]>([
    ['another version', { 'sec-websocket-version': '8' }, 426, 'WEBSOCKET_VERSION_UNSUPPORTED'],
    ['another protocol', { ':protocol': 'connect-udp' }, 426, 'WEBSOCKET_UPGRADE_REQUIRED'],
    ['a path that is none', { ':path': '/nowhere' }, 404, 'ROUTE_NOT_FOUND'],
  ])('refuses %s', async (_, more, status, code) => {
    const { status: answered, body } = await connect('/chat?room=e', more).response;
    expect([answered, (JSON.parse(body.toString()) as { code: string }).code]).toEqual([status, code]);
  });

  it('answers 426 without a header of HTTP/1.1 to an ordinary request', async () => {
    const { status, headers } = await client.begin({ ':method': 'GET', ':path': '/chat' }, { endStream: true }).response;
    expect([status, headers.upgrade, headers['sec-websocket-version']]).toEqual([426, undefined, '13']);
  });

  it('closes with 1001 when the application stops', async () => {
    const asked = connect('/chat?room=f');
    await asked.head;
    await soon(() => expect(payloads(asked).length).toBe(1));
    const stopped = served.app.close();
    await soon(() => expect(payloads(asked).at(-1)).toBe(closePayload(1001).toString('latin1')));
    asked.stream.write(clientFrame(closePayload(1001), { opcode: OPCODE.close }));
    asked.stream.end();
    await stopped;
    expect(closed).toEqual([1001]);
  });
});

/** A client may not ask by extended CONNECT before it was told that it may. */
async function settingsOf(session: ClientHttp2Session): Promise<void> {
  if (session.remoteSettings.enableConnectProtocol !== true) await once(session, 'remoteSettings');
}

/** What a page has that Node has not. */
interface Page {
  readonly location: { readonly origin: string };
  readonly performance: { getEntriesByType(type: string): { readonly nextHopProtocol: string }[] };
}

const path = findBrowser();

if (path === undefined) {
  it('IS NOT TRIED IN A BROWSER: there is no Chromium here (CHROMIUM_PATH, or chromium in the PATH)', () => {
    expect(findBrowser()).toBeUndefined();
  });
} else {
  describe('Chromium', () => {
    let browser: Browser;

    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox', '--ignore-certificate-errors'] });
    });

    afterAll(() => browser.close());

    it.each<[string, ServeOptions, string]>([
      ['HTTP/1.1', {}, 'http/1.1'],
      ['HTTP/2, on the connection of the page', { http2: true }, 'h2'],
    ])('talks over %s', async (_, options, protocol) => {
      await withServed([Chat], options, async (served) => {
        const context = await browser.newContext({ ignoreHTTPSErrors: true });
        const page = await context.newPage();
        await page.goto(new URL('/health/live', served.url).href);
        const told = await page.evaluate(async () => {
          const { location, performance } = globalThis as unknown as Page;
          const socket = new globalThis.WebSocket(`${location.origin.replace('http', 'ws')}/chat?room=g`, ['chat']);
          socket.binaryType = 'arraybuffer';
          const received: unknown[] = [];
          const message = () =>
            new Promise<void>((resolve) =>
              socket.addEventListener(
                'message',
                ({ data }) => resolve(void received.push(typeof data === 'string' ? data : (data as ArrayBuffer).byteLength)),
                {
                  once: true,
                },
              ),
            );
          await message();
          const answer = message();
          socket.send(JSON.stringify({ type: 'say', text: 'from the page' }));
          await answer;
          const bytes = message();
          socket.send(new Uint8Array(70_000));
          await bytes;
          const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
          socket.close(4_100);
          const [entry] = performance.getEntriesByType('navigation');
          return { received, code: await closed, chosen: socket.protocol, over: entry?.nextHopProtocol };
        });
        expect(told).toEqual({
          received: ['{"welcome":"g"}', '{"said":"from the page"}', 70_000],
          code: 4_100,
          chosen: 'chat',
          over: protocol,
        });
        await soon(() => expect(closed).toEqual([4_100]));
        if (options.http2 === true) {
          // Two connections would be one of them for the socket alone.
          const { log } = served;
          expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
          expect(served.assembly.server.connections).toBe(1);
        }
        await context.close();
      });
    });
  });
}
