import {
  Authorize,
  type Auth,
  BadRequestError,
  Controller,
  Get,
  type Guard,
  Header,
  Hijack,
  HijackedConnection,
  HttpError,
  OnMessage,
  OnOpen,
  Query,
  RequestContext,
  Use,
  UseGuards,
  WebSocket,
  WebSocketSession,
} from 'rockstar-web';
import { RawClient } from '../support/raw-client';
import { soon } from '../support/soon';
import { ACCEPT, RawWebSocket, clientFrame, upgradeHead } from './raw-web-socket';
import { Served, withServed } from './served';
import { refusalOf } from './ws-client';

let opened: unknown[] = [];

@WebSocket('/echo')
class Echo {
  @OnMessage()
  echo(message: string | Buffer) {
    return message;
  }
}

class OnlyOpen implements Guard {
  canActivate(context: RequestContext): boolean {
    context.setCookie('seen', 'yes');
    return context.header('x-key') === 'open';
  }
}

@WebSocket('/guarded')
@UseGuards(OnlyOpen)
@Header('x-server', 'rockstar')
class Guarded {
  @OnOpen()
  open(socket: WebSocketSession, context: RequestContext, @Query('n') n: number) {
    opened.push([n, context.method, socket.isOpen]);
  }

  @OnMessage('user')
  user(socket: WebSocketSession) {
    return { user: socket.user };
  }
}

@WebSocket('/authorized')
@Authorize('rooms', 'enter')
class Authorized {
  @OnMessage('user')
  user(socket: WebSocketSession, context: RequestContext) {
    return { user: socket.user, same: context.user === socket.user, known: context.isAuthenticated() };
  }
}

@WebSocket('/middleware')
@Use((_request, response, next) => {
  response.setHeader('x-ran', '1');
  if (_request.headers['x-stop'] === undefined) next();
  else response.writeHead(418).end();
})
class BehindMiddleware {
  @OnMessage()
  echo(message: string) {
    return message;
  }
}

@WebSocket('/protocols', { protocols: ['v2.chat', 'v1.chat'] })
class Protocols {
  @OnMessage()
  which(socket: WebSocketSession) {
    return `"${socket.protocol}"`;
  }
}

@WebSocket('/origins', { allowedOrigins: ['https://app.example.com', 'http://localhost:3000'] })
class Origins {
  @OnMessage()
  echo(message: string) {
    return message;
  }
}

@WebSocket('/open', { maxConnections: 2 })
class FewOfAll {
  @OnMessage()
  echo(message: string) {
    return message;
  }
}

@WebSocket('/address', { maxConnectionsPerAddress: 2 })
class FewOfOne {
  @OnMessage()
  echo(message: string) {
    return message;
  }
}

@WebSocket('/fails-late')
class FailsLate {
  @OnOpen()
  open(@Query('room') room: string) {
    if (room === 'none') throw new BadRequestError({ code: 'ROOM_NONE', detail: 'There is no such room.' });
    if (room === 'bug') throw new Error('a secret');
    if (room === 'busy') throw new HttpError(503, { code: 'ROOM_BUSY', headers: { 'retry-after': '3' } });
    if (room === 'down') throw new HttpError(503, { code: 'ROOM_DOWN' });
  }

  @OnMessage()
  echo(message: string) {
    return message;
  }
}

@Controller()
class Neighbours {
  @Get('/plain')
  plain() {
    return 'plain';
  }

  @Hijack('/raw')
  async raw(connection: HijackedConnection) {
    connection.accept(101);
    connection.end('raw');
  }
}

const AUTH: Auth = {
  authenticate: (context) => {
    const key = context.header('x-user');
    return key === undefined ? undefined : { name: key };
  },
  permits: (user) => (user as { name: string }).name === 'ada',
};

describe('the upgrade', () => {
  let served: Served;
  const refused = (path: string, headers: Record<string, string> = {}) => refusalOf(new URL(path, served.url), { headers });

  beforeEach(async () => {
    opened = [];
    served = await Served.open(
      [Echo, Guarded, Authorized, BehindMiddleware, Protocols, Origins, FewOfAll, FewOfOne, FailsLate, Neighbours],
      { auth: AUTH },
    );
  });

  afterEach(() => served.close());

  it('answers 101 with the accepted key (RFC 6455 §4.2.2)', async () => {
    const client = await RawWebSocket.connect(served.url, '/echo');
    expect(client.head).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(client.head).toMatch(/\r\nupgrade: websocket\r\n/i);
    expect(client.head).toMatch(/\r\nconnection: Upgrade\r\n/i);
    expect(client.head.toLowerCase()).toContain(`\r\nsec-websocket-accept: ${ACCEPT.toLowerCase()}\r\n`);
    expect(client.head).not.toMatch(/extensions|protocol:/i);
    await client.leave();
  });

  it('reads what came in the same packet as the request first', async () => {
    const client = await RawWebSocket.connect(served.url, '/echo', Buffer.concat([clientFrame('one'), clientFrame('two')]));
    expect((await client.next())?.payload.toString()).toBe('one');
    expect((await client.next())?.payload.toString()).toBe('two');
    await client.leave();
  });

  it('takes an upgrade that is the second request of its connection, behind its answer', async () => {
    const client = await RawClient.connect(served.url);
    client.write('GET /plain HTTP/1.1\r\nHost: kernel.test\r\n\r\n', upgradeHead('/echo'), clientFrame('hello'));
    expect((await client.response()).body.toString()).toBe('plain');
    await client.until('hello');
    expect(client.unread.toString('latin1')).toMatch(/^HTTP\/1\.1 101 /);
    client.close();
    await client.closed();
  });

  it.each([
    ['no Upgrade', { Upgrade: undefined, Connection: undefined }],
    ['another protocol', { Upgrade: 'h2c' }],
    ['an Upgrade that Connection does not name', { Connection: 'keep-alive' }],
  ])('answers 426 to %s', async (_, fields) => {
    const client = await RawClient.connect(served.url);
    client.write(upgradeHead('/echo', fields));
    const response = await client.response();
    expect(response.status).toBe(426);
    expect(response.headers.get('upgrade')).toEqual(['websocket']);
    expect(response.headers.get('sec-websocket-version')).toEqual(['13']);
    expect(response.headers.get('content-type')).toEqual(['application/problem+json']);
    expect(JSON.parse(response.body.toString())).toMatchObject({ status: 426, code: 'WEBSOCKET_UPGRADE_REQUIRED' });
    client.close();
    await client.closed();
  });

  it.each([
    ['a missing version', { 'Sec-WebSocket-Version': undefined }, 426, 'WEBSOCKET_VERSION_UNSUPPORTED'],
    ['version 8', { 'Sec-WebSocket-Version': '8' }, 426, 'WEBSOCKET_VERSION_UNSUPPORTED'],
    ['a missing key', { 'Sec-WebSocket-Key': undefined }, 400, 'WEBSOCKET_HANDSHAKE_INVALID'],
    ['a key of 15 bytes', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j' }, 400, 'WEBSOCKET_HANDSHAKE_INVALID'],
    ['a list of subprotocols that is none', { 'Sec-WebSocket-Protocol': 'a,,b' }, 400, 'WEBSOCKET_HANDSHAKE_INVALID'],
  ])('refuses %s', async (_, fields, status, code) => {
    const client = await RawClient.connect(served.url);
    client.write(upgradeHead('/protocols', fields));
    const response = await client.response();
    expect([response.status, (JSON.parse(response.body.toString()) as { code: string }).code]).toEqual([status, code]);
    const told = [response.headers.get('upgrade'), response.headers.get('sec-websocket-version')];
    expect(told).toEqual(status === 426 ? [['websocket'], ['13']] : [undefined, undefined]);
    client.close();
    await client.closed();
  });

  it.each(['POST', 'HEAD', 'PUT'])('answers 405 with Allow to %s', async (method) => {
    const client = await RawClient.connect(served.url);
    client.write(upgradeHead('/echo', { 'Content-Length': method === 'HEAD' ? undefined : '0' }, method));
    const response = await client.response(method);
    expect([response.status, response.headers.get('allow')]).toEqual([405, ['GET, OPTIONS']]);
    client.close();
    await client.closed();
  });

  it('takes Upgrade and Connection as lists, in any case', async () => {
    const client = await RawClient.connect(served.url);
    client.write(upgradeHead('/echo', { Upgrade: 'h2c, WebSocket', Connection: 'keep-alive, UPGRADE' }));
    await client.until('101 Switching');
    client.close();
    await client.closed();
  });

  it('leaves routes beside it what they are', async () => {
    expect((await served.app.request({ url: '/plain' })).text()).toBe('plain');
    const raw = await RawClient.connect(served.url);
    raw.write('GET /raw HTTP/1.1\r\nHost: kernel.test\r\n\r\n');
    await raw.until('raw');
    raw.close();
    await raw.closed();
    expect(await refused('/plain').catch((error: unknown) => error)).toBeInstanceOf(Error);
  });

  it('asks the guards of the class before, which can refuse', async () => {
    expect(await refused('/guarded?n=1')).toMatchObject({ status: 403, body: { code: 'GUARD_REFUSED' } });
    expect(opened).toEqual([]);
    const client = await served.connect('/guarded?n=1', { headers: { 'x-key': 'open' } });
    await soon(() => expect(opened).toEqual([[1, 'GET', true]]));
    client.send({ type: 'user' });
    expect(await client.next()).toEqual({});
  });

  it('sends along what guards and the class say of the answer', async () => {
    const client = await RawClient.connect(served.url);
    client.write(upgradeHead('/guarded?n=1', { 'X-Key': 'open' }));
    await client.until('\r\n\r\n');
    const head = client.unread.toString('latin1');
    expect(head).toMatch(/\r\nx-server: rockstar\r\n/);
    expect(head).toMatch(/\r\nset-cookie: seen=yes;/);
    client.close();
    await client.closed();
  });

  it('checks what @OnOpen asks of the request before, and answers 400', async () => {
    expect(await refusalOf(new URL('/guarded?n=many', served.url), { headers: { 'x-key': 'open' } })).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_FAILED', errors: [{ path: 'n' }] },
    });
    expect(opened).toEqual([]);
  });

  it('asks who is there, and lets in who may; sessions carry the user', async () => {
    expect(await refused('/authorized')).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
    expect(await refused('/authorized', { 'x-user': 'bob' })).toMatchObject({ status: 403, body: { code: 'AUTH_FORBIDDEN' } });
    const client = await served.connect('/authorized', { headers: { 'x-user': 'ada' } });
    client.send({ type: 'user' });
    expect(await client.next()).toEqual({ user: { name: 'ada' }, same: true, known: true });
  });

  it('runs the middleware of the class first', async () => {
    const client = await RawClient.connect(served.url);
    client.write(upgradeHead('/middleware', { 'X-Stop': '1' }));
    const response = await client.response();
    expect([response.status, response.headers.get('x-ran')]).toEqual([418, ['1']]);
    client.close();
    await client.closed();
    const through = await served.connect('/middleware');
    through.send('hello');
    expect(await through.nextRaw()).toBe('hello');
  });

  it.each([
    [['v1.chat', 'v2.chat'], 'v1.chat'],
    [['v3.chat', 'v2.chat'], 'v2.chat'],
    [[], ''],
  ])('agrees on the first subprotocol of %j that it speaks', async (protocols, agreed) => {
    const client = await served.connect('/protocols', { protocols });
    expect(client.socket.protocol).toBe(agreed);
    client.send('which');
    expect(await client.nextRaw()).toBe(`"${agreed}"`);
  });

  it('agrees on no subprotocol that it does not speak', async () => {
    const client = await RawClient.connect(served.url);
    client.write(upgradeHead('/echo', { 'Sec-WebSocket-Protocol': 'chat' }));
    await client.until('\r\n\r\n');
    expect(client.unread.toString('latin1')).not.toMatch(/sec-websocket-protocol/i);
    client.close();
    await client.closed();
  });

  it('refuses pages of other origins with 403, and lets in those of its own and clients that are no browsers', async () => {
    const refusal = await refusalOf(new URL('/origins', served.url), { origin: 'https://evil.example.com' });
    expect(refusal).toMatchObject({ status: 403, body: { code: 'WEBSOCKET_ORIGIN_REFUSED' } });
    for (const origin of ['https://app.example.com.evil.org', 'null', 'http://app.example.com', 'https://app.example.com:8443']) {
      expect((await refusalOf(new URL('/origins', served.url), { origin })).status).toBe(403);
    }
    for (const options of [{ origin: 'https://app.example.com' }, { origin: 'HTTP://localhost:3000' }, {}]) {
      const client = await served.connect('/origins', options);
      client.send('hello');
      expect(await client.nextRaw()).toBe('hello');
    }
  });

  it.each([
    ['/open', 503, 'WEBSOCKET_LIMIT'],
    ['/address', 429, 'WEBSOCKET_ADDRESS_LIMIT'],
  ])('refuses more sessions than the limit of %s, until one is over', async (path, status, code) => {
    const [first] = [await served.connect(path), await served.connect(path)];
    expect(await refused(path)).toMatchObject({ status, body: { code } });
    await first.leave();
    await soon(async () => {
      const again = await served.connect(path);
      again.send('hello');
      expect(await again.nextRaw()).toBe('hello');
    });
  });

  it.each([
    ['none', 1008, 'ROOM_NONE'],
    ['bug', 1011, 'INTERNAL_ERROR'],
    ['down', 1011, 'ROOM_DOWN'],
    ['busy', 1013, 'ROOM_BUSY'],
  ])('closes a session whose @OnOpen fails (%s) behind an error frame', async (room, code, error) => {
    const client = await served.connect(`/fails-late?room=${room}`);
    expect(await client.next()).toMatchObject({ type: 'error', code: error });
    expect((await client.closed()).code).toBe(code);
  });

  it('answers what is not there, and what is broken, as any other request', async () => {
    expect((await refused('/nowhere')).status).toBe(404);
    const client = await RawClient.connect(served.url);
    client.write(upgradeHead('/echo', { Host: undefined }));
    expect((await client.response()).status).toBe(400);
    client.close();
    await client.closed();
  });
});

describe('options of the application', () => {
  @WebSocket('/own', { maxConnections: 1 })
  class Own {
    @OnMessage()
    echo(message: string) {
      return message;
    }
  }

  it('count where the class says nothing else, and the prefix stands in front', async () => {
    const options = { prefix: '/api', websocket: { maxConnections: 2, allowedOrigins: ['https://a.test'] } };
    await withServed([Own, Echo], options, async (served) => {
      await served.connect('/api/own');
      expect((await refusalOf(new URL('/api/own', served.url))).status).toBe(503);
      expect((await refusalOf(new URL('/api/echo', served.url), { origin: 'https://b.test' })).status).toBe(403);
      await served.connect('/api/echo', { origin: 'https://a.test' });
    });
  });

  it('keeps the address of the limit as the proxies tell it', async () => {
    await withServed([FewOfOne], { trustProxy: true }, async (served) => {
      const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
      for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.2']) await served.connect('/address', from(address));
      expect((await refusalOf(new URL('/address', served.url), from('192.0.2.1'))).status).toBe(429);
      await served.connect('/address', from('192.0.2.2'));
    });
  });
});
