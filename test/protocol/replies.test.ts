import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { from, Observable, of, throwError } from 'rxjs';
import type { Exchange } from '../../lib/http/exchange';
import { StreamedReply } from '../../lib/http/reply-writer';
import { type Answer, type Client, type Door, doors, problemOf } from '../support/doors';
import { Kernel, type KernelOptions, type Routes } from '../support/kernel';
import { RawClient, request } from '../support/raw-client';
import { gate, soon } from '../support/soon';

let kernel: Kernel;
let client: Client;
let isOpen = false;

async function open(door: Door, routes: Routes, options: KernelOptions = {}): Promise<void> {
  kernel = await Kernel.open(routes, { ...door.options, ...options });
  client = await door.connect(kernel.url);
  isOpen = true;
}

async function close(): Promise<void> {
  if (!isOpen) return;
  isOpen = false;
  await client.close();
  await kernel.close();
}

afterEach(close);

const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';
const BYTES_TYPE = 'application/octet-stream';
const LINES_TYPE = 'application/x-ndjson; charset=utf-8';
const EVENTS_TYPE = 'text/event-stream; charset=utf-8';

async function* generate(...values: unknown[]): AsyncGenerator {
  for (const value of values) {
    await Promise.resolve();
    yield value;
  }
}

function webStream(...chunks: unknown[]): ReadableStream {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

/** What handlers may return, and what becomes of it. */
const KINDS: Readonly<Record<string, { make(): unknown; status?: number; type?: string; body: string; streamed?: boolean }>> = {
  'a plain object': { make: () => ({ a: [1, 'é'] }), type: JSON_TYPE, body: '{"a":[1,"é"]}' },
  'an array': { make: () => [1, null], type: JSON_TYPE, body: '[1,null]' },
  'an instance of a class': { make: () => new Point(1, 2), type: JSON_TYPE, body: '{"x":1,"y":2}' },
  'an object without a prototype': {
    make: () => Object.assign(Object.create(null) as object, { a: 1 }),
    type: JSON_TYPE,
    body: '{"a":1}',
  },
  'what has a toJSON': { make: () => new Date(0), type: JSON_TYPE, body: '"1970-01-01T00:00:00.000Z"' },
  null: { make: () => null, type: JSON_TYPE, body: 'null' },
  'a number': { make: () => 1.5, type: JSON_TYPE, body: '1.5' },
  'a boolean': { make: () => false, type: JSON_TYPE, body: 'false' },
  'a string': { make: () => 'héllo', type: TEXT_TYPE, body: 'héllo' },
  'an empty string': { make: () => '', type: TEXT_TYPE, body: '' },
  'a Buffer': { make: () => Buffer.from('bytes'), type: BYTES_TYPE, body: 'bytes' },
  'a view of a larger array': {
    make: () => new Uint8Array(Buffer.from('..bytes..')).subarray(2, 7),
    type: BYTES_TYPE,
    body: 'bytes',
  },
  undefined: { make: () => undefined, status: 204, body: '' },
  'a promise': { make: () => Promise.resolve({ a: 1 }), type: JSON_TYPE, body: '{"a":1}' },
  'a promise of undefined': { make: () => Promise.resolve(undefined), status: 204, body: '' },
  'a promise of a stream': {
    make: () => Promise.resolve(Readable.from([Buffer.from('x')], { objectMode: false })),
    type: BYTES_TYPE,
    body: 'x',
    streamed: true,
  },
  'an Observable of one value': { make: () => of({ a: 1 }), type: JSON_TYPE, body: '{"a":1}' },
  'an Observable of several values': { make: () => from([1, 2, 3]), type: JSON_TYPE, body: '3' },
  'an Observable of nothing': { make: () => from([]), status: 204, body: '' },
  'an Observable of a promise': { make: () => of(Promise.resolve('late')), type: TEXT_TYPE, body: 'late' },
  'a byte stream': {
    make: () => Readable.from([Buffer.from('one'), Buffer.from('two')], { objectMode: false }),
    type: BYTES_TYPE,
    body: 'onetwo',
    streamed: true,
  },
  'an empty byte stream': { make: () => Readable.from([], { objectMode: false }), type: BYTES_TYPE, body: '', streamed: true },
  'a stream of objects': {
    make: () => Readable.from([{ a: 1 }, { a: 2 }]),
    type: LINES_TYPE,
    body: '{"a":1}\n{"a":2}\n',
    streamed: true,
  },
  'a web stream of bytes': {
    make: () => webStream(Buffer.from('one'), Buffer.from('two')),
    type: BYTES_TYPE,
    body: 'onetwo',
    streamed: true,
  },
  'a web stream of text': { make: () => webStream('é', 'è'), type: TEXT_TYPE, body: 'éè', streamed: true },
  'a generator of text': { make: () => generate('a', 'b'), type: TEXT_TYPE, body: 'ab', streamed: true },
  'a generator of objects': {
    make: () => generate({ a: 1 }, undefined, 'x'),
    type: LINES_TYPE,
    body: '{"a":1}\nnull\n"x"\n',
    streamed: true,
  },
  'a generator of nothing': { make: () => generate(), type: LINES_TYPE, body: '', streamed: true },
  'an Observable as a stream': {
    make: () => new StreamedReply(from([{ a: 1 }, { a: 2 }]), 'plain'),
    type: LINES_TYPE,
    body: '{"a":1}\n{"a":2}\n',
    streamed: true,
  },
  'an Observable as events': {
    make: () => new StreamedReply(from([{ a: 1 }, 'two']), 'events'),
    type: EVENTS_TYPE,
    body: 'data: {"a":1}\n\ndata: two\n\n',
    streamed: true,
  },
  'a generator as events': {
    make: () => new StreamedReply(generate('one', 2), 'events'),
    type: EVENTS_TYPE,
    body: 'data: one\n\ndata: 2\n\n',
    streamed: true,
  },
  'no events at all': { make: () => new StreamedReply(generate(), 'events'), type: EVENTS_TYPE, body: '', streamed: true },
};

describe.each(doors)('replies over $name', (door) => {
  describe('of every kind', () => {
    let kernel: Kernel;
    let client: Client;
    const kinds = Object.values(KINDS);

    beforeAll(async () => {
      const routes = Object.fromEntries(kinds.map(({ make }, i) => [`GET /${i}`, make]));
      kernel = await Kernel.open({ ...routes, 'GET /next': () => 'next' }, door.options);
      client = await door.connect(kernel.url);
    });

    afterAll(async () => {
      await client.close();
      await kernel.close();
      expect(kernel.instruments.cancellations).toEqual([]);
      expect(kernel.log.told).toEqual([]);
    });

    it.each(Object.entries(KINDS))('become bytes, and the same head for HEAD (RFC 9110 §9.3.2): %s', async (_kind, expected) => {
      const { status = 200, type, body, streamed = false } = expected;
      const length = streamed || status === 204 ? undefined : String(Buffer.byteLength(body));
      const path = `/${kinds.indexOf(expected)}`;
      kernel.instruments.records.length = 0;
      for (const method of ['GET', 'HEAD']) {
        const { headers, ...answer } = await client.ask({ method, path });
        const got = [method, answer.status, headers['content-type'], headers['content-length'], answer.body.toString()];
        expect(got).toEqual([method, status, type, length, method === 'HEAD' ? '' : body]);
        expect((await client.ask({ path: '/next' })).body.toString()).toBe('next');
      }
      expect(kernel.instruments.statuses).toEqual([status, 200, status, 200]);
    });
  });

  it('closes what HEAD does not ask for', async () => {
    const closed: string[] = [];
    const readable = Readable.from(['x'], { objectMode: false });
    const open_ = async function* (): AsyncGenerator<string> {
      try {
        yield 'x';
        yield 'y';
      } finally {
        closed.push('generator');
      }
    };
    const web = new ReadableStream({
      pull: (controller) => controller.enqueue('x'),
      cancel: () => void closed.push('web stream'),
    });
    const observable = new Observable(() => void closed.push('subscribed'));
    await open(door, {
      'GET /readable': () => readable,
      'GET /generator': open_,
      'GET /web': () => web,
      'GET /observable': () => new StreamedReply(observable, 'plain'),
    });
    for (const path of ['/readable', '/generator', '/web', '/observable']) {
      expect((await client.ask({ method: 'HEAD', path })).status).toBe(200);
    }
    await soon(() => expect(closed).toEqual(['generator', 'web stream']));
    expect(readable.destroyed).toBe(true);
  });

  describe('a source that fails before its first byte', () => {
    const boom = (): Error => new Error('boom');
    const failing: Record<string, () => unknown> = {
      'a handler that throws': () => {
        throw boom();
      },
      'a handler that throws what is no error': () => {
        throw 'a string';
      },
      'a promise': () => Promise.reject(boom()),
      'an Observable': () => throwError(boom),
      'an Observable as a stream': () => new StreamedReply(throwError(boom), 'plain'),
      'an Observable of what is no JSON': () => new StreamedReply(of(1n), 'plain'),
      'a byte stream': () =>
        new Readable({
          read() {
            this.destroy(boom());
          },
        }),
      'a byte stream that failed already': () => {
        const stream = new Readable({ read() {} });
        stream.on('error', () => undefined);
        stream.destroy(boom());
        return stream;
      },
      'a byte stream that was destroyed': () => new Readable({ read() {} }).destroy(),
      'a byte stream that is destroyed meanwhile': () => {
        const stream = new Readable({ read() {} });
        setImmediate(() => stream.destroy());
        return stream;
      },
      'a stream of objects': () =>
        new Readable({
          objectMode: true,
          read() {
            this.destroy(boom());
          },
        }),
      'a web stream': () => new ReadableStream({ start: (controller) => controller.error(boom()) }),
      'a web stream that somebody else reads': () => {
        const stream = webStream('x');
        stream.getReader();
        return stream;
      },
      'a generator': async function* () {
        await Promise.resolve();
        throw boom();
        yield 'never';
      },
      'a generator of what is no JSON': () => generate(1n),
      'an iterable that gives no iterator': () => ({
        [Symbol.asyncIterator]() {
          throw boom();
        },
      }),
      'what is no JSON': () => {
        const circle: Record<string, unknown> = {};
        circle.circle = circle;
        return circle;
      },
      'a bigint': () => 1n,
      'a function': () => () => undefined,
      'a symbol': () => Symbol('no'),
      'an object whose getter throws': () => ({
        get a() {
          throw boom();
        },
      }),
    };

    it.each(Object.entries(failing))('becomes a 500 without its text: %s', async (_kind, run) => {
      await open(door, { 'GET /': run, 'GET /next': () => 'next' });
      const answer = await client.ask({ path: '/' });
      expect(answer.status).toBe(500);
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(problemOf(answer)).toMatchObject({ type: 'about:blank', title: 'Internal Server Error', status: 500 });
      expect(answer.body.toString()).not.toMatch(/boom|stack|at .*\.ts/);
      expect((await client.ask({ path: '/next' })).body.toString()).toBe('next');
      expect(kernel.instruments.statuses).toEqual([500, 200]);
      expect(kernel.instruments.cancellations).toEqual([]);
      expect(kernel.log.told.map((line) => line.level)).toEqual(['error']);
    });
  });

  describe('a source that fails after its first byte', () => {
    const boom = (): Error => new Error('boom');
    const failing: Record<string, (asked: Promise<void>) => unknown> = {
      'a byte stream': (asked) => {
        const stream = new Readable({ read() {} });
        stream.push('begun');
        void asked.then(() => stream.destroy(boom()));
        return stream;
      },
      'a byte stream destroyed without an error': (asked) => {
        const stream = new Readable({ read() {} });
        stream.push('begun');
        void asked.then(() => stream.destroy());
        return stream;
      },
      'a stream of objects': (asked) => {
        const stream = new Readable({ objectMode: true, read() {} });
        stream.push('begun');
        void asked.then(() => stream.destroy(boom()));
        return stream;
      },
      'a generator': async function* (asked) {
        yield 'begun';
        await asked;
        throw boom();
      },
      'a generator that comes to what is no JSON': async function* (asked) {
        yield ['begun'];
        await asked;
        yield 1n;
      },
      'a web stream': (asked) =>
        new ReadableStream({
          async start(controller) {
            controller.enqueue('begun');
            await asked;
            controller.error(boom());
          },
        }),
      'an Observable': (asked) =>
        new StreamedReply(
          new Observable((subscriber) => {
            subscriber.next('begun');
            void asked.then(() => subscriber.error(boom()));
          }),
          'plain',
        ),
      'an Observable that comes to what is no JSON': (asked) =>
        new StreamedReply(
          new Observable((subscriber) => {
            subscriber.next('begun');
            void asked.then(() => subscriber.next(1n));
          }),
          'events',
        ),
    };

    it.each(Object.entries(failing))(
      'breaks the response off, and nobody takes the part for the whole: %s',
      async (_kind, run) => {
        const asked = gate();
        await open(door, { 'GET /': () => run(asked.promise), 'GET /next': () => 'next' });
        const pending = client.begin({ path: '/' });
        await pending.until('begun');
        asked.open();
        await expect(pending.answer).rejects.toThrow(
          door.protocol === '2.0' ? 'the stream was reset, code 2' : 'the connection ended within a response',
        );
        await soon(() => expect(kernel.instruments.statuses).toEqual([500]));
        expect(kernel.instruments.cancellations).toEqual([]);
        expect(kernel.log.told.map(({ level, message }) => [level, message])).toEqual([
          ['error', 'a streamed response broke off'],
        ]);
        expect((await client.ask({ path: '/next' })).body.toString()).toBe('next');
      },
    );
  });

  it('keeps a declared status for nothing, with an empty body', async () => {
    await open(door, { 'POST /': { status: 201, statusDeclared: true, run: () => undefined } });
    const answer = await client.ask({ method: 'POST', path: '/' });
    expect({ status: answer.status, length: answer.headers['content-length'] }).toEqual({ status: 201, length: '0' });
  });

  it.each([
    [204, undefined],
    [205, '0'],
    [304, undefined],
  ])(
    'sends with %d no body, and no length but that of none where it is needed, whatever the handler returns (RFC 9110 §8.6)',
    async (status, length) => {
      const routes = {
        'GET /whole': { status, statusDeclared: true, run: () => 'not to be sent' },
        'GET /length': {
          status,
          statusDeclared: true,
          run: (exchange: Exchange) => {
            if (status !== 304) exchange.setField('content-length', '14');
            return 'not to be sent';
          },
        },
        'GET /stream': { status, statusDeclared: true, run: () => Readable.from(['not to be sent'], { objectMode: false }) },
        'GET /generator': { status, statusDeclared: true, run: () => generate('not to be sent') },
        'GET /observable': { status, statusDeclared: true, run: () => new StreamedReply(of('not to be sent'), 'plain') },
        'GET /events': { status, statusDeclared: true, run: () => new StreamedReply(of('not to be sent'), 'events') },
      };
      await open(door, routes);
      for (const path of ['/whole', '/length', '/stream', '/generator', '/observable', '/events']) {
        const answer = await client.ask({ path });
        expect([path, answer.status, answer.body.length, answer.headers['content-length']]).toEqual([path, status, 0, length]);
      }
      expect(kernel.instruments.statuses).toEqual(Array(6).fill(status));
    },
  );

  describe('response fields', () => {
    const answerWith = async (run: (exchange: Exchange) => unknown, fields: readonly string[] = []): Promise<Answer> => {
      await open(door, { 'GET /': { fields, run }, 'GET /next': () => 'next' });
      const answer = await client.ask({ path: '/' });
      expect((await client.ask({ path: '/next' })).body.toString()).toBe('next');
      return answer;
    };

    it('of the route come with every answer, and give way to those set for one', async () => {
      const answer = await answerWith(
        (exchange) => {
          exchange.setField('cache-control', 'private');
          exchange.setField('content-type', 'text/html');
          return 'x';
        },
        ['cache-control', 'public', 'content-type', 'text/css', 'x-route', 'yes'],
      );
      expect(answer.headers).toMatchObject({ 'cache-control': 'private', 'content-type': 'text/html', 'x-route': 'yes' });
    });

    it('of one name may come several times where that was asked for', async () => {
      const answer = await answerWith(
        (exchange) => {
          exchange.addField('set-cookie', 'a=1');
          exchange.addField('set-cookie', 'b=2');
          exchange.setField('x-last', 'first');
          exchange.setField('x-last', 'second');
        },
        ['set-cookie', 'c=3'],
      );
      expect(answer.headers['set-cookie']!.split(/,\s*/).sort()).toEqual(['a=1', 'b=2', 'c=3']);
      expect(answer.headers['x-last']).toBe('second');
    });

    it('may be called like what every object has', async () => {
      const answer = await answerWith((exchange) => exchange.setField('constructor', 'mine'));
      expect(answer.headers.constructor).toBe('mine');
    });

    it.each([
      ['a line break', 'x-evil', 'a\r\nset-cookie: stolen=1'],
      ['a line feed', 'x-evil', 'a\nb'],
      ['a NUL', 'x-evil', 'a\0b'],
      ['what has no place in Latin-1', 'x-evil', '→'],
      ['a line break in the name', 'x-evil\r\nset-cookie', 'stolen=1'],
      ['a name with a space', 'x evil', 'a'],
      ['an empty name', '', 'a'],
    ])('are refused and split nothing: %s (RFC 9110 §5.5)', async (_what, name, value) => {
      const answer = await answerWith((exchange) => exchange.setField(name, value));
      expect(answer.status).toBe(500);
      expect(problemOf(answer)).toMatchObject({ code: 'REPLY_HEADER_INVALID', detail: 'The answer could not be sent.' });
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(kernel.log.told.map((line) => line.level)).toEqual(['error']);
    });

    it('cannot change how the body is framed (RFC 9112 §6)', async () => {
      const answer = await answerWith((exchange) => {
        exchange.setField('content-length', '3');
        return 'longer than that';
      });
      expect({ length: answer.headers['content-length'], body: answer.body.toString() }).toEqual({
        length: '16',
        body: 'longer than that',
      });
      await close();
      const refused = await answerWith((exchange) => exchange.setField('transfer-encoding', 'chunked'));
      expect(problemOf(refused).code).toBe('REPLY_HEADER_INVALID');
    });

    it('tell the length of a stream where the handler knows it', async () => {
      const answer = await answerWith((exchange) => {
        exchange.setField('content-length', '6');
        return Readable.from(['abc', 'def'], { objectMode: false });
      });
      expect([answer.headers['content-length'], answer.body.toString()]).toEqual(['6', 'abcdef']);
    });

    it.each([
      ['shorter', '5'],
      ['longer', '7'],
    ])('break a stream off that is of another length than they say: %s', async (_what, length) => {
      await open(door, {
        'GET /': (exchange: Exchange) => {
          exchange.setField('content-length', length);
          return Readable.from(['abc', 'def'], { objectMode: false });
        },
      });
      const pending = client.begin({ path: '/' });
      await pending.answer.then(
        (answer) => expect(answer.body.toString()).toBe('abcde'),
        () => undefined,
      );
      await soon(() => expect(kernel.instruments.statuses).toEqual([500]));
      expect(kernel.log.told.map((line) => line.level)).toEqual(['error']);
    });

    it('of a route that no response may have end in a 500 or a closed connection, not in two responses', async () => {
      await open(door, { 'GET /': { fields: ['x-evil', 'a\r\nset-cookie: stolen=1'], run: () => 'x' } });
      const answer = await client.ask({ path: '/' }).catch(() => undefined);
      expect(answer?.headers['set-cookie']).toBeUndefined();
    });
  });

  it.each([0, 99, 101, 199, 600, 1000, 200.5, NaN, Infinity])('answers 500 to a status that is none: %p', async (status) => {
    await open(door, {
      'GET /': { status, statusDeclared: true, run: () => 'x' },
      'GET /stream': { status, statusDeclared: true, run: () => generate('x') },
      'GET /next': () => 'next',
    });
    expect(problemOf(await client.ask({ path: '/' })).code).toBe('REPLY_STATUS_INVALID');
    expect(problemOf(await client.ask({ path: '/stream' })).code).toBe('REPLY_STATUS_INVALID');
    expect((await client.ask({ path: '/next' })).status).toBe(200);
  });

  it('logs a value returned after the answer, and sends it to nobody', async () => {
    await open(door, {
      'GET /': (exchange: Exchange) => {
        exchange.toNode().response.end('by hand');
        return { secret: 'lost' };
      },
    });
    const answer = await client.ask({ path: '/' });
    expect(answer.body.toString()).toBe('by hand');
    expect(kernel.log.told.map(({ fields }) => (fields.err as { code: string }).code)).toEqual(['REPLY_ALREADY_SENT']);
    await soon(() => expect(kernel.instruments.statuses).toEqual([200]));
  });

  it('sends a large body whole', async () => {
    const large = Buffer.alloc(2_000_000, 'abcdefghij');
    await open(door, {
      'GET /whole': () => large,
      'GET /stream': () =>
        Readable.from(
          Array.from({ length: 50 }, (_, i) => large.subarray(i * 40_000, (i + 1) * 40_000)),
          { objectMode: false },
        ),
      'GET /generator': () => generate(...Array.from({ length: 50 }, (_, i) => large.subarray(i * 40_000, (i + 1) * 40_000))),
    });
    for (const path of ['/whole', '/stream', '/generator']) {
      const answer = await client.ask({ path });
      expect([path, answer.body.equals(large)]).toEqual([path, true]);
    }
    expect(kernel.instruments.cancellations).toEqual([]);
  });
});

describe('a client that reads slowly', () => {
  it('slows a generator down instead of filling the memory', async () => {
    let made = 0;
    kernel = await Kernel.open({
      'GET /': async function* () {
        while (made < 400) {
          made++;
          yield 'x'.repeat(65_536);
        }
      },
    });
    const raw = await RawClient.connect(kernel.url);
    client = { close: async () => raw.close() } as Client;
    isOpen = true;
    raw.write(request('GET', '/'));
    raw.socket.pause();
    await soon(() => expect(made).toBeGreaterThan(0));
    let before = -1;
    while (made !== before) {
      before = made;
      for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(made).toBeLessThan(200);
    raw.socket.resume();
    const response = await raw.response();
    expect(response.body.length).toBe(400 * 65_536);
    expect(kernel.instruments.statuses).toEqual([200]);
  });
});

describe('server-sent events (WHATWG HTML §9.2)', () => {
  const send = async (value: unknown): Promise<string> => {
    kernel = await Kernel.open({ 'GET /': () => new StreamedReply(of(value), 'events') });
    client = await doors[0].connect(kernel.url);
    isOpen = true;
    return (await client.ask({ path: '/' })).body.toString();
  };

  it.each<[string, unknown, string]>([
    ['text', 'hello', 'data: hello\n\n'],
    ['a value as JSON', { a: 1 }, 'data: {"a":1}\n\n'],
    ['text of several lines', 'a\nb\r\nc\rd', 'data: a\ndata: b\ndata: c\ndata: d\n\n'],
    ['empty text', '', 'data: \n\n'],
    ['undefined', undefined, 'data: null\n\n'],
    ['all there is', { data: 'x', event: 'tick', id: 7, retry: 1500.9 }, 'event: tick\nid: 7\nretry: 1500\ndata: x\n\n'],
    ['a retry that is none', { data: 'x', retry: NaN }, 'data: x\n\n'],
    ['a line break in the event', { data: 'x', event: 'tick\ndata: forged\n\n' }, 'event: tick data: forged  \ndata: x\n\n'],
    ['a line break in the id', { data: 'x', id: '1\r\ndata: forged' }, 'id: 1  data: forged\ndata: x\n\n'],
    ['a NUL in the id', { data: 'x', id: '1\0' }, 'id: 1 \ndata: x\n\n'],
    ['an event name that is no text', { data: 'x', event: 5 }, 'event: 5\ndata: x\n\n'],
    ['data that forges a field', { data: 'x\nevent: forged' }, 'data: x\ndata: event: forged\n\n'],
  ])('are written as the standard says: %s', async (_what, value, written) => {
    expect(await send(value)).toBe(written);
  });
});
