import { connect as connectHttp2 } from 'node:http2';
import { type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { Controller, Get, RequestContext, Sse } from 'rockstar-web';
import { NEVER, Observable } from 'rxjs';
import { soon } from '../support/soon';
import { CLIENT, haproxy, type Kind, nginx, withProxy } from './proxies';
import { findProgram } from './proxy-process';

const left: string[] = [];

@Controller()
class Whoami {
  @Get('/whoami')
  get(context: RequestContext) {
    const { ip, protocol, host, httpVersion } = context;
    context.setCookie('a', 'b');
    return { ip, protocol, host, httpVersion };
  }

  @Get('/slow')
  slow({ signal }: RequestContext) {
    left.push('began');
    signal.addEventListener('abort', () => left.push(String((signal.reason as { reason?: string }).reason)));
    return NEVER;
  }

  @Sse('/events')
  events() {
    return new Observable((subscriber) => {
      subscriber.next({ data: 'first' });
      return () => left.push('unsubscribed');
    });
  }
}

const SPOOFED = {
  'x-forwarded-for': '192.0.2.66, 127.0.0.1',
  'x-forwarded-proto': 'http',
  'x-forwarded-host': 'evil.test',
  forwarded: 'for=192.0.2.66;proto=http;host=evil.test',
};

function openHttps(port: number, path: string, headers = {}): Promise<{ response: IncomingMessage; leave: () => void }> {
  return new Promise((resolve, reject) => {
    const request = requestHttps({ ...CLIENT, port, path, agent: false, headers: { host: 'example.com', ...headers } });
    request.once('response', (response) => resolve({ response, leave: () => request.destroy() })).once('error', reject);
    request.end();
  });
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

beforeEach(() => void left.splice(0));

function itWorksBehind(kind: Kind, program: string): void {
  const known = { ip: '127.0.0.2', protocol: 'https', host: 'example.com', httpVersion: kind.httpVersion };

  it('a client is known by its own address, protocol and host, whatever it claims', () =>
    withProxy(kind, program, [Whoami], async (port) => {
      for (const headers of [{}, SPOOFED]) {
        const { response } = await openHttps(port, '/whoami', headers);
        expect(JSON.parse(await textOf(response))).toEqual(known);
        expect(response.headers['set-cookie']).toEqual([expect.stringContaining('; Secure')]);
        expect(response.headers['x-content-type-options']).toBe('nosniff');
      }
    }));

  it('so is a client that speaks HTTP/2 with the proxy', () =>
    withProxy(kind, program, [Whoami], async (port) => {
      const session = connectHttp2('https://example.com', {
        createConnection: () => connectTls({ ...CLIENT, port, ALPNProtocols: ['h2'] }),
      });
      const text = await textOf(session.request({ ':authority': 'example.com', ':path': '/whoami', ...SPOOFED }));
      session.destroy();
      expect(JSON.parse(text)).toEqual(known);
    }));

  it('a client that leaves ends its work', () =>
    withProxy(kind, program, [Whoami], async (port) => {
      const request = requestHttps({ ...CLIENT, port, path: '/slow', agent: false });
      request.on('error', () => undefined).end();
      await soon(() => expect(left).toEqual(['began']));
      request.destroy();
      await soon(() => expect(left).toEqual(['began', 'client']));
    }));

  it('events come as they are sent, until the client leaves', () =>
    withProxy(kind, program, [Whoami], async (port) => {
      const { response, leave } = await openHttps(port, '/events');
      response.on('error', () => undefined);
      const first = await new Promise((resolve) => response.once('data', (chunk) => resolve(String(chunk))));
      expect(first).toBe('data: first\n\n');
      leave();
      await soon(() => expect(left).toEqual(['unsubscribed']));
    }));
}

describe.each([nginx, haproxy])('behind $name, as docs/deployment.md has it', (kind) => {
  const program = findProgram(kind.name);
  if (program === undefined)
    it(`nothing was tried: ${kind.name} is not installed on this machine`, () => expect(program).toBeUndefined());
  else itWorksBehind(kind, program);
});
