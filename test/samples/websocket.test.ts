import { setTimeout as sleep } from 'node:timers/promises';
import { SampleProcess } from '../support/sample-process';
import { soon } from '../support/soon';
import { clientFrame, OPCODE, RawWebSocket } from '../websocket/raw-web-socket';
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
  }, 60_000);

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
    }, 20_000);
    expect(sample.stderr).toMatch(/"route":"\/ws\/echo","code":1013/);
    expect(await metrics()).toMatch(/^websocket_connections\{route="\/ws\/chat"\} 1$/m);
    await stalled.leave();
    const ended = sample.end();
    expect((await client.closed()).code).toBe(1001);
    expect(await ended).toBe(0);
  }, 60_000);

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
  }, 60_000);

  it('does not start with settings that are none', async () => {
    const sample = SampleProcess.sample('websocket', { ALLOWED_ORIGINS: 'chat.example.com' });
    expect(await sample.exited).toBe(1);
    expect(sample.stderr).toMatch(/WEBSOCKET_OPTION_INVALID: The option allowedOrigins/);
  }, 60_000);
});
