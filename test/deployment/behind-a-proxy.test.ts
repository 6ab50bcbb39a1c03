import { connect as connectHttp2 } from 'node:http2';
import { type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { type ApplicationOptions, Controller, Get, RequestContext, Sse } from 'rockstar-web';
import { NEVER, Observable } from 'rxjs';
import { moduleOf, serveOn } from '../journeys/doors';
import { soon } from '../support/soon';
import { configurationOf, findProgram, fitted, freePort, makeFolder, ProxyProcess } from './proxy-process';

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

interface Kind {
  readonly name: string;
  readonly options: ApplicationOptions;
  readonly httpVersion: string;
  /** Writes the configuration; out: what to start it with. */
  configure(folder: string, port: number, appPort: string): readonly string[];
}

const nginx: Kind = {
  name: 'nginx',
  options: { trustProxy: '127.0.0.1' },
  httpVersion: '1.1',
  configure(folder, port, appPort) {
    const server = fitted(configurationOf('nginx'), {
      '127.0.0.1:3000': `127.0.0.1:${appPort}`,
      'listen 443': `listen 127.0.0.1:${port}`,
      '/etc/ssl': folder,
    });
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
    const main = `daemon off; master_process off; pid ${folder}/pid; error_log stderr; events {}`;
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, `${main} http { access_log off; ${paths.join(' ')}\n${server} }`);
    return ['-p', folder, '-e', 'stderr', '-c', file];
  },
};

const haproxy: Kind = {
  name: 'haproxy',
  options: { trustProxy: { proxies: '127.0.0.1', headers: 'forwarded' } },
  httpVersion: '2.0',
  configure(folder, port, appPort) {
    const file = join(folder, 'haproxy.cfg');
    const text = fitted(configurationOf('haproxy'), {
      '127.0.0.1:3000': `127.0.0.1:${appPort}`,
      'bind :443': `bind 127.0.0.1:${port}`,
      '/etc/ssl': folder,
    });
    writeFileSync(file, text);
    return ['-db', '-f', file];
  },
};

/** The client has an address of its own, so that nobody takes the proxy for it. */
const CLIENT = { localAddress: '127.0.0.2', host: '127.0.0.1', servername: 'example.com', rejectUnauthorized: false };
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

/** The application and the proxy in front of it, for as long as `use` takes: each keeps connections to the other. */
async function withProxy({ options, configure }: Kind, program: string, use: (port: number) => Promise<void>): Promise<void> {
  left.splice(0);
  const served = await serveOn(moduleOf([Whoami]), options);
  try {
    const port = await freePort();
    const folder = await makeFolder();
    const proxy = await ProxyProcess.start(program, configure(folder, port, served.url.port), folder, port);
    try {
      await use(port);
    } finally {
      await proxy.stop();
    }
  } finally {
    await served.app.close();
  }
}

function itWorksBehind(kind: Kind, program: string): void {
  const known = { ip: '127.0.0.2', protocol: 'https', host: 'example.com', httpVersion: kind.httpVersion };

  it('a client is known by its own address, protocol and host, whatever it claims', () =>
    withProxy(kind, program, async (port) => {
      for (const headers of [{}, SPOOFED]) {
        const { response } = await openHttps(port, '/whoami', headers);
        expect(JSON.parse(await textOf(response))).toEqual(known);
        expect(response.headers['set-cookie']).toEqual([expect.stringContaining('; Secure')]);
        expect(response.headers['x-content-type-options']).toBe('nosniff');
      }
    }));

  it('so is a client that speaks HTTP/2 with the proxy', () =>
    withProxy(kind, program, async (port) => {
      const session = connectHttp2('https://example.com', {
        createConnection: () => connectTls({ ...CLIENT, port, ALPNProtocols: ['h2'] }),
      });
      const text = await textOf(session.request({ ':authority': 'example.com', ':path': '/whoami', ...SPOOFED }));
      session.destroy();
      expect(JSON.parse(text)).toEqual(known);
    }));

  it('a client that leaves ends its work', () =>
    withProxy(kind, program, async (port) => {
      const request = requestHttps({ ...CLIENT, port, path: '/slow', agent: false });
      request.on('error', () => undefined).end();
      await soon(() => expect(left).toEqual(['began']));
      request.destroy();
      await soon(() => expect(left).toEqual(['began', 'client']));
    }));

  it('events come as they are sent, until the client leaves', () =>
    withProxy(kind, program, async (port) => {
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
