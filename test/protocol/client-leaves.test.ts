import { Agent, createServer, request as sendRequest } from 'node:http';
import { constants } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { NEVER, Observable } from 'rxjs';
import type { Exchange } from '../../lib/http/exchange';
import { readBody, takeBodyStream } from '../../lib/http/request-body';
import { StreamedReply } from '../../lib/http/reply-writer';
import { CancelledError } from '../../lib/lifetime/end-reason';
import type { Lifetime } from '../../lib/lifetime/lifetime';
import { type Client, type Door, doors } from '../support/doors';
import { H2Client } from '../support/h2-client';
import { Kernel, type KernelOptions, type Routes } from '../support/kernel';
import { chunked, post, RawClient, request } from '../support/raw-client';
import { gate, soon, turns } from '../support/soon';

/** What happened to a request whose handler waits for a gate. */
class Waiting {
  readonly go = gate<unknown>();
  readonly begun = gate<Exchange>();
  signal: AbortSignal | undefined;

  readonly run = (exchange: Exchange): Promise<unknown> => {
    this.signal = exchange.lifetime.signal;
    this.begun.open(exchange);
    return this.go.promise;
  };

  async lifetime(): Promise<Lifetime> {
    return (await this.begun.promise).lifetime;
  }
}

/** How a stream is destroyed, for `Readable`: `tell` hears of it. */
function telling(tell: () => void): (error: Error | null, done: (error: Error | null) => void) => void {
  return (error, done) => {
    tell();
    done(error);
  };
}

/** Without what is said of a handler that takes a while to give up, as on a busy machine it may. */
function toldOfCancels(kernel: Kernel): string[][] {
  return kernel.log.told
    .filter(({ message }) => !message.startsWith('work goes on'))
    .map(({ level, message }) => [level, message]);
}

/** The request was cut because its client left, told once everywhere, and its handler's promise still holds it. */
async function expectLeft(kernel: Kernel, waiting: Waiting): Promise<void> {
  const lifetime = await waiting.lifetime();
  await soon(() => expect(lifetime.reason).toBe('client'));
  expect(waiting.signal?.aborted).toBe(true);
  expect(waiting.signal?.reason).toBeInstanceOf(CancelledError);
  expect((waiting.signal?.reason as CancelledError).reason).toBe('client');
  expect(kernel.instruments.statuses).toEqual([499]);
  expect(kernel.instruments.cancellations).toEqual(['client']);
  expect(toldOfCancels(kernel)).toEqual([['info', 'request cancelled']]);
  expect({ state: lifetime.state, held: lifetime.held }).toEqual({ state: 'ended', held: true });
  waiting.go.open('nobody hears it');
  await soon(() => expect(lifetime.state).toBe('closed'));
  expect(kernel.instruments.statuses).toEqual([499]);
}

describe.each(doors)('a client that leaves, over $name', (door: Door) => {
  let kernel: Kernel;
  let client: Client;

  async function open(routes: Routes, options: KernelOptions = {}): Promise<void> {
    kernel = await Kernel.open(routes, { ...door.options, ...options });
    client = await door.connect(kernel.url);
  }

  afterEach(async () => {
    await client.close();
    await kernel.close();
  });

  it('ends the request within milliseconds; the handler is told and holds it until it gives up', async () => {
    const waiting = new Waiting();
    await open({ 'GET /': waiting.run });
    const pending = client.begin({ path: '/' });
    await waiting.begun.promise;
    const leftAt = performance.now();
    pending.leave();
    await new Promise<void>((resolve) => waiting.signal?.addEventListener('abort', () => resolve()));
    expect(performance.now() - leftAt).toBeLessThan(500);
    await expectLeft(kernel, waiting);
  });

  it('by closing its connection ends what is under way on it', async () => {
    const waiting = new Waiting();
    await open({ 'GET /': waiting.run });
    client.begin({ path: '/' });
    await waiting.begun.promise;
    await client.close();
    await expectLeft(kernel, waiting);
  });

  it.each(['none', 'maybe', 'taken'] as const)(
    'is seen behind a large body that nobody reads, on a route with body: %s',
    async (body) => {
      const waiting = new Waiting();
      await open({ 'POST /': { body, run: waiting.run } });
      const pending = client.begin({ method: 'POST', path: '/' }, { streaming: true });
      for (let i = 0; i < 10; i++) pending.write('x'.repeat(60_000));
      await waiting.begun.promise;
      await turns(5);
      pending.leave();
      await expectLeft(kernel, waiting);
    },
  );

  it('fails a body that is being read', async () => {
    const failure = gate<unknown>();
    await open({
      'POST /': async (exchange) => {
        await readBody(exchange, 'text').catch((error: unknown) => {
          failure.open(error);
          throw error;
        });
      },
    });
    const pending = client.begin({ method: 'POST', path: '/' }, { streaming: true });
    pending.write('half');
    await soon(() => expect(kernel.underWay).toBe(1));
    pending.leave();
    expect(await failure.promise).toMatchObject({ code: 'REQUEST_CANCELLED', reason: 'client' });
    await soon(() => expect(kernel.underWay).toBe(0));
    expect(kernel.instruments.statuses).toEqual([499]);
    expect(kernel.log.told).toHaveLength(1);
  });

  it('fails a body that is read as a stream', async () => {
    const failure = gate<unknown>();
    await open({
      'POST /': async (exchange) => {
        try {
          for await (const chunk of takeBodyStream(exchange)) void chunk;
        } catch (error) {
          failure.open(error);
          throw error;
        }
      },
    });
    const pending = client.begin({ method: 'POST', path: '/' }, { streaming: true });
    pending.write('half');
    await soon(() => expect(kernel.underWay).toBe(1));
    pending.leave();
    // Of whichever realm: the runner has an Error of its own.
    expect(await failure.promise).toMatchObject({ message: expect.any(String) as string });
    await soon(() => expect(kernel.underWay).toBe(0));
    expect(kernel.instruments.statuses).toEqual([499]);
    expect(kernel.log.told).toHaveLength(1);
  });

  it('unsubscribes from the Observable of a handler', async () => {
    const unsubscribed = gate();
    await open({ 'GET /': () => new Observable(() => () => unsubscribed.open()) });
    const pending = client.begin({ path: '/' });
    await soon(() => expect(kernel.underWay).toBe(1));
    pending.leave();
    await unsubscribed.promise;
    expect(kernel.instruments.statuses).toEqual([499]);
  });

  const streams: Record<string, (closed: () => void) => unknown> = {
    'a byte stream': (closed) => {
      const stream = new Readable({ read() {}, destroy: telling(closed) });
      stream.push('begun');
      return stream;
    },
    'a byte stream that goes on': (closed) =>
      new Readable({
        read() {
          setImmediate(() => this.push('begun '.repeat(1000)));
        },
        destroy: telling(closed),
      }),
    'a stream of objects that waits': (closed) => {
      const stream = new Readable({ objectMode: true, read() {}, destroy: telling(closed) });
      stream.push('begun');
      return stream;
    },
    'a generator that goes on': async function* (closed) {
      try {
        for (;;) {
          yield 'begun';
          await turns(1);
        }
      } finally {
        closed();
      }
    },
    'an iterator that waits and can be ended': (closed) => {
      let first = true;
      let finish: ((value: IteratorResult<unknown>) => void) | undefined;
      return {
        [Symbol.asyncIterator]: () => ({
          next: () => {
            if (!first) return new Promise((resolve) => (finish = resolve));
            first = false;
            return Promise.resolve({ done: false, value: 'begun' });
          },
          return: () => {
            closed();
            finish?.({ done: true, value: undefined });
            return Promise.resolve({ done: true, value: undefined });
          },
        }),
      };
    },
    'a web stream that waits': (closed) =>
      new ReadableStream({ start: (controller) => controller.enqueue('begun'), cancel: closed }),
    'an Observable that waits': (closed) =>
      new StreamedReply(
        new Observable((subscriber) => {
          subscriber.next('begun');
          return closed;
        }),
        'plain',
      ),
    'events that wait': (closed) =>
      new StreamedReply(
        new Observable((subscriber) => {
          subscriber.next('begun');
          return closed;
        }),
        'events',
      ),
  };

  it.each(Object.entries(streams))('closes the source of a response that is being sent: %s', async (_kind, make) => {
    const closed = gate();
    await open({ 'GET /': () => make(() => closed.open()) });
    const pending = client.begin({ path: '/' });
    await pending.until('begun');
    pending.leave();
    await closed.promise;
    await soon(() => expect(kernel.underWay).toBe(0));
    expect(kernel.instruments.statuses).toEqual([499]);
    expect(kernel.instruments.cancellations).toEqual(['client']);
    expect(kernel.log.told.map(({ level, message }) => [level, message])).toEqual([['info', 'request cancelled']]);
  });

  it('before anything was sent closes the source of the response too', async () => {
    const closed: string[] = [];
    await open({
      'GET /readable': () => new Readable({ read() {}, destroy: telling(() => closed.push('readable')) }),
      'GET /web': () => new ReadableStream({ cancel: () => void closed.push('web') }),
      'GET /observable': () => new StreamedReply(new Observable(() => () => closed.push('observable')), 'plain'),
    });
    for (const path of ['/readable', '/web', '/observable']) {
      const leaving = await door.connect(kernel.url);
      const pending = leaving.begin({ path });
      await soon(() => expect(kernel.underWay).toBe(1));
      pending.leave();
      await soon(() => expect(kernel.underWay).toBe(0));
      await leaving.close();
    }
    expect(closed).toEqual(['readable', 'web', 'observable']);
    expect(kernel.instruments.statuses).toEqual([499, 499, 499]);
  });

  it('lets a generator run to its finally, and waits for it', async () => {
    const reached: string[] = [];
    const cleanUp = gate();
    await open({
      'GET /': async function* (exchange) {
        try {
          yield 'begun';
          await new Promise((_resolve, reject) =>
            exchange.lifetime.signal.addEventListener('abort', () => reject(exchange.lifetime.signal.reason as Error)),
          );
        } finally {
          reached.push('finally');
          await cleanUp.promise;
          reached.push('done');
        }
      },
    });
    const pending = client.begin({ path: '/' });
    await pending.until('begun');
    pending.leave();
    await soon(() => expect(reached).toEqual(['finally']));
    expect([...kernel.owner.inside()].map((one) => [one.state, one.held])).toEqual([['ended', true]]);
    cleanUp.open();
    await soon(() => expect(kernel.underWay).toBe(0));
    expect(reached).toEqual(['finally', 'done']);
    expect(kernel.log.told).toHaveLength(1);
  });

  it('while many requests are under way ends each of them once', async () => {
    const routes: Routes = { 'GET /': () => NEVER };
    await open(routes);
    const clients = await Promise.all(Array.from({ length: 20 }, () => door.connect(kernel.url)));
    for (const one of clients) one.begin({ path: '/' });
    await soon(() => expect(kernel.underWay).toBe(20));
    await Promise.all(clients.map((one) => one.close()));
    await soon(() => expect(kernel.underWay).toBe(0));
    expect(kernel.instruments.statuses).toEqual(Array(20).fill(499));
    await soon(() => expect(kernel.server.connections).toBe(1));
  });

  it('after the whole answer cancels nothing', async () => {
    const signals: AbortSignal[] = [];
    const lifetimes: Lifetime[] = [];
    const keep = <T>(exchange: Exchange, value: T): T => {
      signals.push(exchange.lifetime.signal);
      lifetimes.push(exchange.lifetime);
      return value;
    };
    await open({
      'GET /now': (exchange) => keep(exchange, 'now'),
      'GET /later': (exchange) => keep(exchange, Promise.resolve('later')),
      'GET /stream': (exchange) => keep(exchange, Readable.from(['stream'], { objectMode: false })),
      'GET /generator': async function* (exchange) {
        yield keep(exchange, 'generator');
      },
    });
    for (const path of ['/now', '/later', '/stream', '/generator']) {
      const one = await door.connect(kernel.url);
      expect((await one.ask({ path })).body.toString()).toBe(path.slice(1));
      await one.close();
    }
    await soon(() => expect(kernel.server.connections).toBe(1));
    expect(signals.map((signal) => signal.aborted)).toEqual([false, false, false, false]);
    expect(lifetimes.map(({ reason, state }) => [reason, state])).toEqual(Array(4).fill(['finished', 'closed']));
    expect(kernel.instruments.statuses).toEqual([200, 200, 200, 200]);
    expect(kernel.instruments.cancellations).toEqual([]);
  });

  it('is known to be gone to whoever asks only afterwards', async () => {
    const left = gate();
    const asked = gate<Lifetime>();
    await open({
      'GET /': async (exchange) => {
        await left.promise;
        asked.open(exchange.lifetime);
      },
    });
    const pending = client.begin({ path: '/' });
    await soon(() => expect(kernel.underWay).toBe(1));
    pending.leave();
    await soon(() => expect(kernel.instruments.statuses).toEqual([499]));
    left.open();
    expect((await asked.promise).signal.aborted).toBe(true);
  });
});

describe.each(doors.filter((door) => door.protocol === '1.1'))('a connection of $name that ends', (door) => {
  let kernel: Kernel;
  let waiting: Waiting;
  let client: RawClient;

  beforeEach(async () => {
    waiting = new Waiting();
    kernel = await Kernel.open({ 'GET /': waiting.run, 'POST /': waiting.run, 'GET /now': () => 'now' }, door.options);
    client = await RawClient.connect(kernel.url);
  });
  afterEach(async () => {
    client.close();
    await kernel.close();
  });

  it('with a FIN ends its request', async () => {
    client.write(request('GET', '/'));
    await waiting.begun.promise;
    client.close();
    await expectLeft(kernel, waiting);
  });

  it('with a FIN ends its request behind a body that came whole', async () => {
    client.write(post('/', 'x'.repeat(1000)));
    await waiting.begun.promise;
    client.close();
    await expectLeft(kernel, waiting);
  });

  it('half-closed counts as gone: a late answer would be lost', async () => {
    client.write(request('GET', '/')).end();
    await expectLeft(kernel, waiting);
    expect(await client.closed()).toBe('');
  });

  it('half-closed in the same packet still gets the answer that was there at once', async () => {
    client.socket.end(request('GET', '/now'));
    expect((await client.response()).body.toString()).toBe('now');
    expect(await client.closed()).toBe('');
    waiting.go.open(undefined);
  });

  it('with a RST ends its request', async () => {
    client.write(request('GET', '/'));
    await waiting.begun.promise;
    client.reset();
    await expectLeft(kernel, waiting);
  });

  it.each(['FIN', 'RST', 'half-close'])('with a %s ends a handler whose body came in part', async (how) => {
    client.write(request('POST', '/', { 'content-length': 1_000 }, 'a part'));
    await waiting.begun.promise;
    if (how === 'FIN') client.close();
    else if (how === 'RST') client.reset();
    else client.end();
    await expectLeft(kernel, waiting);
  });

  it('after its answer, before it asks again, cancels nothing', async () => {
    expect((await client.ask(request('GET', '/now'))).status).toBe(200);
    client.write('GET /now HTTP/1.1\r\nhost: kernel.te').close();
    await soon(() => expect(kernel.server.connections).toBe(0));
    // The rest of a head that does not come is bad input, and nobody's work.
    expect(kernel.instruments.statuses).toEqual([200, 400]);
    expect(kernel.instruments.cancellations).toEqual([]);
    waiting.go.open(undefined);
  });

  it('ends every request that was pipelined on it', async () => {
    client.write(request('GET', '/') + request('GET', '/now') + request('GET', '/'));
    await waiting.begun.promise;
    await soon(() => expect(kernel.underWay).toBe(2));
    client.close();
    await soon(() => expect([...kernel.owner.inside()].map((one) => one.reason)).toEqual(['client', 'client']));
    expect(kernel.instruments.statuses).toEqual([200, 499, 499]);
    waiting.go.open('x');
  });
});

describe('an HTTP/1.1 connection that is reset', () => {
  it('ends its request', async () => {
    const waiting = new Waiting();
    const kernel = await Kernel.open({ 'GET /': waiting.run });
    const client = await RawClient.connect(kernel.url);
    client.write(request('GET', '/'));
    await waiting.begun.promise;
    client.reset();
    await expectLeft(kernel, waiting);
    await kernel.close();
  });

  it('ends a response that waits for it to read', async () => {
    const closed = gate();
    const kernel = await Kernel.open({
      'GET /': () =>
        new Readable({
          read() {
            this.push(Buffer.alloc(65_536));
          },
          destroy: telling(() => closed.open()),
        }),
    });
    const client = await RawClient.connect(kernel.url);
    client.write(request('GET', '/'));
    await client.until('200 OK');
    client.socket.pause();
    await turns(50);
    client.reset();
    await closed.promise;
    await soon(() => expect(kernel.instruments.statuses).toEqual([499]));
    await kernel.close();
  });

  it('while idle is nobody’s business', async () => {
    const kernel = await Kernel.open({ 'GET /': () => 'x' });
    const client = await RawClient.connect(kernel.url);
    await client.ask(request('GET', '/'));
    client.reset();
    await soon(() => expect(kernel.server.connections).toBe(0));
    expect(kernel.log.told).toEqual([]);
    expect(kernel.instruments.statuses).toEqual([200]);
    await kernel.close();
  });
});

describe.each(doors.filter((door) => door.protocol === '2.0'))('a stream of $name that is reset (RFC 9113 §5.4.2)', (door) => {
  let kernel: Kernel;
  let client: H2Client;

  async function open(routes: Routes): Promise<void> {
    kernel = await Kernel.open(routes, door.options);
    client = await H2Client.connect(kernel.url);
  }
  afterEach(async () => {
    await client.close();
    await kernel.close();
  });

  const codes = [
    'NGHTTP2_NO_ERROR',
    'NGHTTP2_CANCEL',
    'NGHTTP2_INTERNAL_ERROR',
    'NGHTTP2_REFUSED_STREAM',
    'NGHTTP2_PROTOCOL_ERROR',
  ] as const;

  it.each(codes)('with %s ends its request', async (code) => {
    const waiting = new Waiting();
    await open({ 'GET /': waiting.run });
    const asked = client.begin({ ':path': '/' });
    await waiting.begun.promise;
    asked.reset(constants[code]);
    await expectLeft(kernel, waiting);
  });

  it.each(codes)('with %s ends a response that is being sent', async (code) => {
    const closed = gate();
    await open({
      'GET /': () => {
        const stream = new Readable({ read() {}, destroy: telling(() => closed.open()) });
        stream.push('begun');
        return stream;
      },
      'GET /next': () => 'next',
    });
    const asked = client.begin({ ':path': '/' }, { endStream: true });
    await asked.head;
    asked.reset(constants[code]);
    await closed.promise;
    await soon(() => expect(kernel.instruments.statuses).toEqual([499]));
    expect(kernel.log.told.map(({ level }) => level)).toEqual(['info']);
    expect((await client.ask({ ':path': '/next' })).body.toString()).toBe('next');
  });

  it('within a body does not pass the part for the whole, whatever the code', async () => {
    const read: unknown[] = [];
    await open({ 'POST /': async (exchange) => void read.push(await readBody(exchange, 'text')) });
    for (const leave of ['cancel', 'destroy'] as const) {
      const asked = client.begin({ ':method': 'POST', ':path': '/' });
      asked.stream.write('half');
      await soon(() => expect(kernel.underWay).toBe(1));
      if (leave === 'cancel') asked.cancel();
      else asked.stream.destroy();
      await soon(() => expect(kernel.underWay).toBe(0));
    }
    expect(read).toEqual([]);
    expect(kernel.instruments.statuses).toEqual([499, 499]);
  });

  it('does not touch the other streams of its connection', async () => {
    const waiting = new Waiting();
    const other = new Waiting();
    await open({ 'GET /': waiting.run, 'GET /other': other.run });
    const asked = client.begin({ ':path': '/' }, { endStream: true });
    const staying = client.begin({ ':path': '/other' }, { endStream: true });
    await waiting.begun.promise;
    await other.begun.promise;
    asked.cancel();
    await expectLeft(kernel, waiting);
    other.go.open('here');
    expect((await staying.response).body.toString()).toBe('here');
    expect(other.signal?.aborted).toBe(false);
  });

  it('is not touched by GOAWAY: what runs is answered, and the connection ends behind it (RFC 9113 §6.8)', async () => {
    const waiting = new Waiting();
    await open({ 'GET /': waiting.run });
    const asked = client.begin({ ':path': '/' }, { endStream: true });
    await waiting.begun.promise;
    client.session.goaway(constants.NGHTTP2_NO_ERROR);
    await turns(20);
    expect(waiting.signal?.aborted).toBe(false);
    waiting.go.open('here');
    expect((await asked.response).body.toString()).toBe('here');
    expect(kernel.instruments.statuses).toEqual([200]);
    expect(kernel.instruments.cancellations).toEqual([]);
  });

  it('by GOAWAY with an error and the end of the connection ends what runs', async () => {
    const waiting = new Waiting();
    await open({ 'GET /': waiting.run });
    client.begin({ ':path': '/' }, { endStream: true });
    await waiting.begun.promise;
    client.session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    await expectLeft(kernel, waiting);
  });

  it('behind its whole answer cancels nothing', async () => {
    await open({ 'GET /': (exchange) => (void exchange.lifetime.signal, Promise.resolve('here')) });
    const asked = client.begin({ ':path': '/' }, { endStream: true });
    await asked.response;
    asked.reset(constants.NGHTTP2_CANCEL);
    client.destroy();
    await soon(() => expect(kernel.server.connections).toBe(0));
    expect(kernel.instruments.statuses).toEqual([200]);
    expect(kernel.instruments.cancellations).toEqual([]);
  });

  it('before it was answered still has an address to ask for', async () => {
    const waiting = new Waiting();
    await open({ 'GET /': waiting.run });
    client.begin({ ':path': '/' }, { endStream: true });
    const exchange = await waiting.begun.promise;
    expect(exchange.connection.remoteAddress).toBe('127.0.0.1');
    client.destroy();
    await soon(() => expect(kernel.server.connections).toBe(0));
    expect(exchange.connection.remoteAddress).toEqual(expect.any(String));
    waiting.go.open(undefined);
  });
});

describe('behind a proxy', () => {
  /** A reverse proxy as Node makes one: its own connections, kept, to the server behind it. */
  async function openProxy(behind: URL) {
    const agent = new Agent({ keepAlive: true });
    const proxy = createServer((incoming, outgoing) => {
      const { method, url: path, headers } = incoming;
      const onward = sendRequest({ host: behind.hostname, port: behind.port, agent, method, path, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on('error', () => outgoing.destroy());
      outgoing.once('close', () => {
        if (!outgoing.writableFinished) onward.destroy();
      });
      incoming.pipe(onward);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const close = async (): Promise<void> => {
      agent.destroy();
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    };
    return { url: new URL(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`), close };
  }

  it('a client that leaves ends its request, and the next on the kept connection runs', async () => {
    const waiting = new Waiting();
    const kernel = await Kernel.open({ 'GET /': waiting.run, 'GET /now': () => 'now' });
    const proxy = await openProxy(kernel.url);
    const client = await RawClient.connect(proxy.url);
    expect((await client.ask(request('GET', '/now'))).body.toString()).toBe('now');
    client.write(request('GET', '/'));
    await waiting.begun.promise;
    client.close();
    await soon(() => expect(waiting.signal?.aborted).toBe(true));
    waiting.go.open(undefined);
    const next = await RawClient.connect(proxy.url);
    expect((await next.ask(request('GET', '/now'))).body.toString()).toBe('now');
    expect(kernel.instruments.statuses).toEqual([200, 499, 200]);
    next.close();
    await proxy.close();
    await kernel.close();
  });
});

describe('keep-alive (RFC 9112 §9.3)', () => {
  it('serves 1,000 requests on one socket, and nothing grows or is cancelled', async () => {
    const kernel = await Kernel.open({
      'GET /now': () => 'now',
      'GET /later': () => Promise.resolve('later'),
      'POST /body': (exchange) => readBody(exchange, 'text'),
      'GET /signal': async (exchange) => (await turns(1), `${exchange.lifetime.signal.aborted}`),
    });
    const client = await RawClient.connect(kernel.url);
    const batch = [
      request('GET', '/now'),
      request('GET', '/later'),
      post('/body', 'body'),
      request('POST', '/body', { 'transfer-encoding': 'chunked' }) + chunked('body'),
      request('GET', '/signal'),
    ];
    const bodies = ['now', 'later', 'body', 'body', 'false'];
    const count = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        client.write(batch.join(''));
        for (const body of bodies) expect((await client.response()).body.toString()).toBe(body);
      }
    };
    await count(1);
    const socket = [...openSockets(kernel)][0];
    const listeners = (): Record<string, number> =>
      Object.fromEntries(socket.eventNames().map((name) => [String(name), socket.listenerCount(name)]));
    const before = listeners();
    await count(199);
    expect(listeners()).toEqual(before);
    expect(kernel.instruments.records).toHaveLength(1_000);
    expect(new Set(kernel.instruments.statuses)).toEqual(new Set([200]));
    expect(kernel.instruments.cancellations).toEqual([]);
    expect(kernel.underWay).toBe(0);
    client.close();
    await kernel.close();
  });

  it('serves 400 requests on one HTTP/2 connection, and nothing grows or is cancelled', async () => {
    const kernel = await Kernel.open(
      {
        'GET /now': () => 'now',
        'GET /later': () => Promise.resolve('later'),
        'POST /body': (exchange) => readBody(exchange, 'text'),
      },
      { http2: 'h2c' },
    );
    const client = await H2Client.connect(kernel.url);
    for (let i = 0; i < 20; i++) {
      const asked = Array.from({ length: 20 }, (_, n) =>
        n % 4 === 0
          ? client.ask({ ':method': 'POST', ':path': '/body' }, 'body')
          : client.ask({ ':path': n % 2 === 0 ? '/now' : '/later' }),
      );
      for (const answer of await Promise.all(asked)) expect(answer.status).toBe(200);
    }
    expect(kernel.instruments.records).toHaveLength(400);
    expect(kernel.instruments.cancellations).toEqual([]);
    await soon(() => expect(kernel.underWay).toBe(0));
    await client.close();
    await kernel.close();
  });
});

/** The server's side of the connections, found by what the handlers see. */
function* openSockets(kernel: Kernel): Generator<NodeJS.EventEmitter> {
  for (const handle of (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles()) {
    const socket = handle as NodeJS.EventEmitter & { localPort?: number; remotePort?: number };
    if (socket.localPort === Number(kernel.url.port) && socket.remotePort !== undefined) yield socket;
  }
}
