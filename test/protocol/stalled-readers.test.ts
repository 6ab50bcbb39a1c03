import { Readable } from 'node:stream';
import { NEVER, Observable } from 'rxjs';
import { StreamedReply } from '../../lib/http/reply-writer';
import { H2Client } from '../support/h2-client';
import { Kernel, type Routes } from '../support/kernel';
import { RawClient, request } from '../support/raw-client';
import { gate, soon } from '../support/soon';

const limits = { keepAliveTimeoutMs: 100 };

/** More than all buffers on the way hold. */
const LARGE = Buffer.alloc(30_000_000, 'x');

const routes: Routes = {
  'GET /whole': () => LARGE,
  'GET /stream': () =>
    new Readable({
      read() {
        this.push(LARGE.subarray(0, 65_536));
      },
    }),
  'GET /generator': async function* () {
    for (;;) {
      await Promise.resolve();
      yield LARGE.subarray(0, 65_536);
    }
  },
};

describe('a client that asks and then reads no more', () => {
  it.each(['/whole', '/stream', '/generator'])('is cut over HTTP/1.1: %s', async (path) => {
    const kernel = await Kernel.open(routes, { limits });
    const client = await RawClient.connect(kernel.url);
    client.socket.pause();
    client.write(request('GET', path));
    await soon(() => expect(kernel.server.connections).toBe(1));
    await soon(() => expect(kernel.server.connections).toBe(0));
    expect(kernel.instruments.statuses).toEqual([path === '/whole' ? 200 : 499]);
    client.close();
    await kernel.close();
  });

  it.each(['/whole', '/stream', '/generator'])('is cut over HTTP/2: %s', async (path) => {
    const kernel = await Kernel.open(routes, { http2: 'h2c', limits });
    const client = await H2Client.connect(kernel.url);
    const stream = client.session.request({ ':path': path }, { endStream: true });
    stream.on('error', () => undefined);
    await soon(() => expect(kernel.server.connections).toBe(1));
    await soon(() => expect(kernel.server.connections).toBe(0));
    expect(kernel.instruments.statuses).toEqual([path === '/whole' ? 200 : 499]);
    await client.close();
    await kernel.close();
  });
});

describe('a client that waits for what does not come yet', () => {
  it.each([
    ['HTTP/1.1', false],
    ['HTTP/2', 'h2c'],
  ] as const)('is not cut over %s', async (_name, http2) => {
    const go = gate<string>();
    const feed = gate<(value: string) => void>();
    const kernel = await Kernel.open(
      {
        ...routes,
        'GET /late': () => go.promise,
        'GET /events': () =>
          new StreamedReply(new Observable<string>((subscriber) => feed.open((value) => subscriber.next(value))), 'events'),
        'GET /quiet': () => new StreamedReply(NEVER, 'events'),
      },
      { http2, limits },
    );
    const clients = await Promise.all(['/late', '/events', '/quiet'].map((path) => ask(kernel, path, http2 !== false)));
    await soon(() => expect(kernel.underWay).toBe(3));
    const send = await feed.promise;
    send('x'.repeat(500_000));
    // Another one that does not read is cut: by then the others have been looked at as often.
    const stalled = await ask(kernel, '/stream', http2 !== false, false);
    await soon(() => expect(kernel.instruments.statuses).toEqual([499]));
    send('still here');
    await clients[1].until('still here');
    go.open('at last');
    await clients[0].until('at last');
    expect(kernel.underWay).toBe(2);
    for (const client of [...clients, stalled]) await client.close();
    await kernel.close();
  });
});

interface Asking {
  until(text: string): Promise<void>;
  close(): Promise<void>;
}

async function ask(kernel: Kernel, path: string, isHttp2: boolean, reads = true): Promise<Asking> {
  if (!isHttp2) {
    const client = await RawClient.connect(kernel.url);
    if (!reads) client.socket.pause();
    client.write(request('GET', path));
    return { until: (text) => client.until(text), close: async () => client.close() };
  }
  const client = await H2Client.connect(kernel.url);
  const asked = client.begin({ ':path': path }, { endStream: true });
  if (!reads) asked.stream.pause();
  return {
    until: (text) => soon(() => expect(Buffer.concat(asked.chunks).includes(text)).toBe(true)),
    close: () => client.close(),
  };
}
