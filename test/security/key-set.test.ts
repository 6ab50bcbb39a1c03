import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { Controller, Get, JwtService, jwtAuth, RequestContext } from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { doors, moduleOf, withClient } from '../journeys/doors';
import { soon, turns } from '../support/soon';

const one = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const two = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = (kid: string, key: KeyObject) => ({ ...key.export({ format: 'jwk' }), kid, use: 'sig' });
const sign = (kid: string, key: KeyObject, clock: ManualClock) =>
  new SignJWT({ sub: kid, exp: clock.epochMs() / 1_000 + 100_000 }).setProtectedHeader({ alg: 'ES256', kid }).sign(key);

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const keys =
  (...list: readonly object[]): Answer =>
  (_request, response) =>
    void response.end(JSON.stringify({ keys: list }));

/** Publishes keys, or does what a key server should not. */
class Publisher {
  readonly server: Server;
  asked = 0;
  left = 0;
  answer: Answer = keys(jwk('one', one.publicKey));

  constructor() {
    this.server = createServer((request, response) => {
      this.asked++;
      response.once('close', () => (this.left += response.writableFinished ? 0 : 1));
      this.answer(request, response);
    });
  }

  async open(port = 0): Promise<string> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/keys`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    if (this.server.listening) await once(this.server.close(), 'close');
  }
}

@Controller()
class Me {
  @Get('/')
  get(context: RequestContext) {
    return context.user ?? null;
  }
}

let publisher: Publisher;
let jwksUrl: string;
let clock: ManualClock;

beforeEach(async () => {
  publisher = new Publisher();
  jwksUrl = await publisher.open();
  clock = new ManualClock();
});

afterEach(() => publisher.close());

const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'fine',
    (error: unknown) => (error as { code?: unknown }).code,
  );

describe('published keys', () => {
  it('are fetched once for all who wait, and used until they are old', async () => {
    const jwt = new JwtService({ jwksUrl, keysCacheMs: 60_000 }, clock);
    const token = await sign('one', one.privateKey, clock);
    expect(await Promise.all([1, 2, 3].map(() => jwt.verify(token)))).toHaveLength(3);
    await jwt.verify(token);
    expect(publisher.asked).toBe(1);
    await clock.advance(60_000);
    await jwt.verify(token);
    expect(publisher.asked).toBe(2);
  });

  it('are fetched again for a key that is not among them, but not all the time', async () => {
    const jwt = new JwtService({ jwksUrl, keysCooldownMs: 10_000 }, clock);
    await jwt.verify(await sign('one', one.privateKey, clock));
    const rotated = await sign('two', two.privateKey, clock);
    expect(await code(jwt.verify(rotated))).toBe('TOKEN_INVALID');
    expect(publisher.asked).toBe(1);
    publisher.answer = keys(jwk('two', two.publicKey));
    await clock.advance(10_000);
    expect(await Promise.all([jwt.verify(rotated), jwt.verify(rotated)])).toHaveLength(2);
    expect(publisher.asked).toBe(2);
    expect(await code(jwt.verify(await sign('one', one.privateKey, clock)))).toBe('TOKEN_INVALID');
    expect(publisher.asked).toBe(2);
  });

  it('say by their kind which algorithm they are for', async () => {
    publisher.answer = keys(
      { kty: 'oct', k: Buffer.alloc(32).toString('base64url'), kid: 'one' },
      jwk('two', two.publicKey),
      jwk('two', one.publicKey),
    );
    const jwt = new JwtService({ jwksUrl }, clock);
    const shared = await new SignJWT({}).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(Buffer.alloc(32));
    expect(await code(jwt.verify(shared))).toBe('TOKEN_INVALID');
    expect(publisher.asked).toBe(0);
    expect(await code(jwt.verify(await sign('two', two.privateKey, clock)))).toBe('TOKEN_INVALID');
  });

  it.each<[string, Answer]>([
    ['an error', (_request, response) => void response.writeHead(500).end('no')],
    ['elsewhere', (_request, response) => void response.writeHead(302, { location: '/other' }).end()],
    ['no JSON', (_request, response) => void response.end('<html>')],
    ['no keys', (_request, response) => void response.end('{"keys":7}')],
    ['too much', (_request, response) => void response.end(`{"keys":[${'0,'.repeat(300_000)}0]}`)],
    [
      'a part',
      (_request, response) => void response.writeHead(200, { 'content-length': 100 }).write('{"keys"', () => response.destroy()),
    ],
    ['nothing', (request) => void request.socket.destroy()],
  ])("that cannot be had, as the answer is %s, are nobody's fault who asks", async (_what, answer) => {
    publisher.answer = answer;
    const jwt = new JwtService({ jwksUrl }, clock);
    const token = await sign('one', one.privateKey, clock);
    const failure = jwt.verify(token);
    await expect(failure).rejects.toMatchObject({ code: 'TOKEN_KEYS_UNAVAILABLE', status: 503, headers: { 'retry-after': '1' } });
    expect(await code(jwt.verify(token))).toBe('TOKEN_KEYS_UNAVAILABLE');
    expect(publisher.asked).toBe(1);
    publisher.answer = keys(jwk('one', one.publicKey));
    await clock.advance(1_000);
    expect(await code(jwt.verify(token))).toBe('fine');
  });

  it('that take too long are given up', async () => {
    publisher.answer = () => undefined;
    const jwt = new JwtService({ jwksUrl, keysTimeoutMs: 3_000 }, clock);
    const failure = code(jwt.verify(await sign('one', one.privateKey, clock)));
    await soon(() => expect(publisher.asked).toBe(1));
    await clock.advance(3_000);
    expect(await failure).toBe('TOKEN_KEYS_UNAVAILABLE');
    await soon(() => expect(publisher.left).toBe(1));
    expect(clock.pending).toBe(0);
  });
});

describe.each(doors)('published keys over $name', (door) => {
  it('are no longer waited for by a client that left, and given up when all did', async () => {
    publisher.answer = () => undefined;
    const auth = jwtAuth({ jwksUrl });
    const headers = { authorization: `Bearer ${await sign('one', one.privateKey, clock)}` };
    await withClient(door, moduleOf([Me]), { auth, clock }, async (first, { url }) => {
      const second = await door.connect(url);
      const asked = [first.begin({ path: '/', headers }), second.begin({ path: '/', headers })];
      await soon(() => expect(publisher.asked).toBe(1));
      asked[0]?.leave();
      await turns();
      expect(publisher.left).toBe(0);
      asked[1]?.leave();
      await soon(() => expect(publisher.left).toBe(1));
      publisher.answer = keys(jwk('one', one.publicKey));
      const third = await door.connect(url);
      expect((await third.ask({ path: '/', headers })).json()).toMatchObject({ sub: 'one' });
      await second.close();
      await third.close();
    });
  });

  it('that nobody publishes any more are a 503, and no 401', async () => {
    await publisher.close();
    await withClient(door, moduleOf([Me]), { auth: jwtAuth({ jwksUrl }), clock }, async (client) => {
      const headers = { authorization: `Bearer ${await sign('one', one.privateKey, clock)}` };
      const answer = await client.ask({ path: '/', headers });
      expect([answer.status, answer.header('retry-after'), answer.header('www-authenticate')]).toEqual([503, '1', undefined]);
      expect(answer.json()).toMatchObject({ code: 'TOKEN_KEYS_UNAVAILABLE' });
      expect(answer.text).not.toContain('127.0.0.1');
      expect((await client.ask({ path: '/' })).text).toBe('null');
    });
  });
});
