import { once } from 'node:events';
import { type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import {
  Controller,
  Hijack,
  HijackedConnection,
  OnClose,
  OnMessage,
  OnOpen,
  RequestContext,
  WebSocket,
  WebSocketSession,
} from 'rockstar-web';
import { request } from '../support/raw-client';
import { soon } from '../support/soon';
import { clientFrame, closePayload, OPCODE } from '../websocket/raw-web-socket';
import { WsClient } from '../websocket/ws-client';
import { CLIENT, haproxy, type Kind, nginx, withProxy } from './proxies';
import { findProgram } from './proxy-process';

let told: unknown[] = [];

@WebSocket('/socket', { maxConnectionsPerAddress: 2 })
class Socket {
  @OnOpen()
  open(context: RequestContext) {
    return { ip: context.ip, protocol: context.protocol };
  }

  @OnMessage()
  any(message: string | Buffer, session: WebSocketSession) {
    if (message === 'close me') session.close(4_001, 'as you wish');
    else return message;
  }

  @OnClose()
  closed(session: WebSocketSession) {
    told.push(session.closeCode);
  }
}

@Controller()
class Raw {
  @Hijack('/own', { protocol: 'own' })
  async own(connection: HijackedConnection) {
    connection.accept();
    connection.write('hello\n');
    for await (const chunk of connection) await connection.send(chunk);
    told.push('ended');
    connection.write('goodbye\n');
  }

  @Hijack('/any')
  async any(connection: HijackedConnection) {
    connection.accept(200, { 'content-type': 'text/plain' });
    connection.write('hello\n');
    const line = await connection.readLine().catch(() => 'gone');
    told.push(line);
    connection.write(`${String(line)}\n`);
  }
}

const TAKING = [Socket, Raw];

beforeEach(() => (told = []));

function connectWs(port: number, path: string): Promise<WsClient> {
  return WsClient.connect(new URL(path, 'https://example.com'), {
    createConnection: () => connectTls({ ...CLIENT, port, ALPNProtocols: ['http/1.1'] }),
  });
}

async function connectRaw(port: number): Promise<{ socket: TLSSocket; got: () => string }> {
  const socket = connectTls({ ...CLIENT, port, ALPNProtocols: ['http/1.1'], allowHalfOpen: true } as object);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1'))).on('error', () => undefined);
  await once(socket, 'secureConnect');
  return { socket, got: () => text };
}

const OWN = request('GET', '/own', { host: 'example.com', connection: 'Upgrade', upgrade: 'own' });

function itLeadsOn(kind: Kind, program: string): void {
  it('a WebSocket goes through, as text, as bytes, and to its close', () =>
    withProxy(kind, program, TAKING, async (port) => {
      const client = await connectWs(port, '/socket');
      expect(await client.next()).toEqual({ ip: '127.0.0.2', protocol: 'https' });
      client.send('text');
      expect(await client.nextRaw()).toBe('text');
      const bytes = Buffer.alloc(300_000, 7);
      client.send(bytes);
      expect(bytes.equals((await client.nextRaw()) as Buffer)).toBe(true);
      client.send('close me');
      expect(await client.closed()).toEqual({ code: 4_001, reason: 'as you wish' });
      await soon(() => expect(told).toEqual([4_001]));
    }));

  it('a client of a WebSocket that leaves ends its session, and its address is what is counted', () =>
    withProxy(kind, program, TAKING, async (port) => {
      const [first, second] = [await connectWs(port, '/socket'), await connectWs(port, '/socket')];
      await expect(connectWs(port, '/socket')).rejects.toThrow('refused with 429');
      await first.leave();
      await soon(() => expect(told).toEqual([1006]));
      const third = await connectWs(port, '/socket');
      await third.leave();
      await second.leave();
      await soon(() => expect(told).toEqual([1006, 1006, 1006]));
    }));

  it('a protocol of its own goes through both ways, what was sent right behind the request first', () =>
    withProxy(kind, program, TAKING, async (port) => {
      const { socket, got } = await connectRaw(port);
      socket.write(`${OWN}right behind, ${request('GET', '/any')}`);
      await soon(() => expect(got()).toContain(request('GET', '/any')));
      const [head = '', rest] = got().split(/(?<=\r\n\r\n)/);
      expect(head).toMatch(/^HTTP\/1\.1 101 /);
      expect(head.toLowerCase()).toContain('upgrade: own\r\n');
      expect(rest).toMatch(/^hello\nright behind, GET \/any/);
      socket.write('later');
      await soon(() => expect(got()).toMatch(/later$/));
      socket.destroy();
      await soon(() => expect(told.length).toBe(1));
    }));

  it('who does not ask for the protocol is told so by the application (426), and goes on', () =>
    withProxy(kind, program, TAKING, async (port) => {
      const { socket, got } = await connectRaw(port);
      socket.write(request('GET', '/own', { host: 'example.com' }));
      await soon(() => expect(got()).toMatch(/^HTTP\/1\.1 426 [\s\S]*HIJACK_UPGRADE_REQUIRED/));
      socket.destroy();
    }));

  it('without a protocol what follows the request does not come through', () =>
    withProxy(kind, program, TAKING, async (port) => {
      const { socket, got } = await connectRaw(port);
      socket.write(`${request('GET', '/any', { host: 'example.com' })}a line\n`);
      // Over HTTP/2 to the application there is nothing to take over, and it says so.
      if (kind.httpVersion === '2.0') await soon(() => expect(got()).toMatch(/^HTTP\/1\.1 505 [\s\S]*HIJACK_HTTP2_REFUSED/));
      else await soon(() => expect(got()).toMatch(/^HTTP\/1\.1 200 [\s\S]*hello/));
      expect(told).not.toContain('a line');
      socket.destroy();
      await soon(() => expect(told).not.toContain('a line'));
    }));
}

describe.each([nginx, haproxy])('behind $name, as docs/deployment.md has it', (kind) => {
  const program = findProgram(kind.name);
  if (program === undefined)
    it(`nothing was tried: ${kind.name} is not installed on this machine`, () => expect(program).toBeUndefined());
  else itLeadsOn(kind, program);
});

const haproxyProgram = findProgram('haproxy');
if (haproxyProgram !== undefined) {
  // nginx has no extended CONNECT: browsers open a connection of HTTP/1.1 for their WebSockets there.
  it('a WebSocket over HTTP/2 with HAProxy is one over HTTP/2 with the application (RFC 8441)', () =>
    withProxy(haproxy, haproxyProgram, TAKING, async (port) => {
      const session = connectHttp2('https://example.com', {
        createConnection: () => connectTls({ ...CLIENT, port, ALPNProtocols: ['h2'] }),
      });
      await once(session, 'remoteSettings');
      expect(session.remoteSettings.enableConnectProtocol).toBe(true);
      const stream: ClientHttp2Stream = session.request(
        {
          ':method': 'CONNECT',
          ':protocol': 'websocket',
          ':path': '/socket',
          ':scheme': 'https',
          ':authority': 'example.com',
          'sec-websocket-version': '13',
        },
        { endStream: false },
      );
      let got = Buffer.alloc(0);
      stream.on('data', (chunk: Buffer) => (got = Buffer.concat([got, chunk]))).on('error', () => undefined);
      const [head] = (await once(stream, 'response')) as [Record<string, unknown>];
      expect(head[':status']).toBe(200);
      stream.write(clientFrame('over two'));
      await soon(() => expect(got.toString('latin1')).toContain('over two'));
      stream.write(clientFrame(closePayload(1000), { opcode: OPCODE.close }));
      await soon(() => expect(told).toEqual([1000]));
      session.destroy();
    }));
}
