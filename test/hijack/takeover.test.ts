import type { Exchange } from '../../lib/http/exchange';
import { readBody } from '../../lib/http/request-body';
import { takeOver } from '../../lib/http/takeover';
import { Kernel, type Routes } from '../support/kernel';
import { chunked, RawClient, request } from '../support/raw-client';

/** Echoes what comes, and ends when the client does. */
async function echo(exchange: Exchange): Promise<void> {
  const taken = await takeOver(exchange);
  taken.stream.write('HTTP/1.1 200 OK\r\n\r\n');
  for await (const chunk of taken.stream.iterator({ destroyOnReturn: false })) taken.stream.write(chunk);
  taken.close();
}

const routes: Routes = {
  'GET /declared': { takesOver: true, run: echo },
  'GET /any': echo,
  'POST /any': echo,
  'POST /declared': { takesOver: true, run: async (exchange) => { const body = await readBody(exchange, 'text'); const taken = await takeOver(exchange); taken.stream.write(`[${String(body)}]`); taken.stream.resume(); taken.close(); } },
  'GET /hello': () => 'hello',
};

describe('takeOver', () => {
  let kernel: Kernel;
  afterEach(() => kernel.close());

  it.each(['/declared', '/any'])('works %s', async (path) => {
    kernel = await Kernel.open(routes);
    const client = await RawClient.connect(kernel.url);
    client.write(request('GET', '/hello') + request('GET', path) + 'GET /hello HTTP/1.1\r\n\r\n').end();
    expect((await client.response()).body.toString()).toBe('hello');
    expect(await client.closed()).toBe('HTTP/1.1 200 OK\r\n\r\nGET /hello HTTP/1.1\r\n\r\n');
    client.close();
  });
  it.each(['/declared', '/any'])('TLS %s', async (path) => {
    kernel = await Kernel.open(routes, { http2: true, tls: 'self-signed' });
    const client = await RawClient.connect(kernel.url);
    client.write(request('GET', '/hello') + request('GET', path) + 'GET /hello HTTP/1.1\r\n\r\n').end();
    expect((await client.response()).body.toString()).toBe('hello');
    expect(await client.closed()).toBe('HTTP/1.1 200 OK\r\n\r\nGET /hello HTTP/1.1\r\n\r\n');
    client.close();
  });
  it.each(['/declared', '/any'])('POST %s', async (path) => {
    kernel = await Kernel.open(routes);
    const client = await RawClient.connect(kernel.url);
    client.write(request('POST', path, {'transfer-encoding': 'chunked'}) + chunked('abc', 'd') + 'GET /hello HTTP/1.1\r\n\r\n').end();
    console.log(JSON.stringify(await client.closed()));
    client.close();
  });
  it('upgrade on ordinary', async () => {
    kernel = await Kernel.open(routes);
    const client = await RawClient.connect(kernel.url);
    client.write(request('GET', '/hello', { connection: 'Upgrade', upgrade: 'h2c' }) + request('GET', '/hello'));
    expect((await client.response()).body.toString()).toBe('hello');
    expect((await client.response()).body.toString()).toBe('hello');
    client.write(request('GET', '/hello', { connection: 'Upgrade', upgrade: 'h2c' }) + request('GET', '/hello'));
    expect((await client.response()).body.toString()).toBe('hello');
    expect((await client.response()).body.toString()).toBe('hello');
    client.close();
  });
});
