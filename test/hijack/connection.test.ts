import { once } from 'node:events';
import { PassThrough, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { lastValueFrom, map, take, toArray } from 'rxjs';
import {
  type ApplicationOptions,
  ConnectionTimeoutError,
  Controller,
  Hijack,
  HijackedConnection,
  HttpError,
  isCancellation,
  Module,
  RequestContext,
} from '../../lib/index';
import { createTestApp, ManualClock, type TestApplication } from '../../lib/testing/index';
import { H2Client } from '../support/h2-client';
import { RecordingLogger } from '../support/kernel';
import { RawClient, request } from '../support/raw-client';
import { soon, turns } from '../support/soon';

type Script = (connection: HijackedConnection, ctx: RequestContext) => unknown;

let script: Script;

@Controller()
class Scripted {
  @Hijack('/')
  run(connection: HijackedConnection, ctx: RequestContext) {
    return script(connection, ctx);
  }
}

@Module({ controllers: [Scripted] })
class App {}

let app: TestApplication;
let url: URL;
let log: RecordingLogger;
const clients: RawClient[] = [];
const UPGRADE = { connection: 'Upgrade', upgrade: 'own/1, other' };

async function open(handler: Script, options: ApplicationOptions = {}): Promise<void> {
  script = handler;
  log = new RecordingLogger();
  app = await createTestApp(App, { logger: log, ...options });
  url = await app.app.listen(0);
}

/** Asks for the connection, with `data` right behind. */
async function connect(data = '', headers = {}): Promise<RawClient> {
  const client = await RawClient.connect(url);
  clients.push(client);
  return client.write(request('GET', '/', headers) + data);
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await app.close();
});

/** What a promise fails with. */
const failure = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => (error as { code?: unknown }).code ?? error,
  );

async function openCount(): Promise<number> {
  const text = (await app.request({ url: '/metrics' })).text();
  return [...text.matchAll(/^hijacked_connections\{.*\} (\S+)$/gm)].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Waits until so many are open. */
async function untilOpen(count: number): Promise<void> {
  while ((await openCount()) !== count) await turns(2);
}

describe('reading', () => {
  it('gives lines and bytes in the order they were asked for', async () => {
    await open(async (connection) => {
      const all = [
        connection.readLine(),
        connection.peek(3),
        connection.readExactly(2),
        connection.readLine(),
        connection.readLine(),
      ];
      connection.write(JSON.stringify((await Promise.all(all)).map(String)));
    });
    const client = await connect('one\r\nabc\n');
    client.end();
    expect(await client.closed()).toBe('["one","abc","ab","c","undefined"]');
  });

  it('tells once that nothing is left, then fails', async () => {
    await open(async (connection) => {
      expect(await connection.readLine()).toBeUndefined();
      expect(await failure(connection.readLine())).toBe('HIJACK_INPUT_ENDED');
      expect(await failure(connection.readExactly(1))).toBe('HIJACK_INPUT_ENDED');
      expect((await connection.peek(5)).length).toBe(0);
      connection.end('ok');
    });
    const client = await connect();
    expect(await client.end().closed()).toBe('ok');
  });

  it('fails where less came than was asked for, and leaves it', async () => {
    await open(async (connection) => {
      const code = await failure(connection.readExactly(10));
      connection.end(`${String(code)} ${String(await connection.readLine())}`);
    });
    const client = await connect('short');
    expect(await client.end().closed()).toBe('HIJACK_INPUT_ENDED short');
  });

  it('has limits', async () => {
    await open(async (connection) => {
      expect(await failure(connection.readExactly(-1))).toBe('HIJACK_READ_INVALID');
      expect(await failure(connection.readExactly(1.5))).toBe('HIJACK_READ_INVALID');
      expect(await failure(connection.peek(16 * 1024 * 1024 + 1))).toBe('HIJACK_READ_INVALID');
      expect(await failure(connection.readLine({ limitBytes: 4 }))).toBe('HIJACK_LINE_TOO_LONG');
      expect(await connection.readLine({ limitBytes: 5 })).toBe('12345');
      expect(await failure(connection.readLine())).toBe('HIJACK_LINE_TOO_LONG');
      connection.end('ok');
    });
    const client = await connect(`12345\n${'x'.repeat(64 * 1024 + 2)}`);
    expect(await client.closed()).toBe('ok');
  });

  it('of bytes is refused where text was made of them, also to who waits for some', async () => {
    await open(async (connection) => {
      const waiting = connection.readLine();
      connection.setEncoding('utf8');
      const asked = [waiting, connection.readLine(), connection.readExactly(1), connection.peek(1)];
      const codes = await Promise.all(asked.map(failure));
      const texts: unknown[] = [];
      for await (const text of connection) texts.push(text);
      connection.end(JSON.stringify([codes, texts.join('')]));
    });
    const client = await connect();
    await untilOpen(1);
    client.write(Buffer.from('10 é\n')).end();
    const refused: string[] = Array(4).fill('HIJACK_READ_TEXT');
    expect(JSON.parse(Buffer.from(await client.closed(), 'latin1').toString())).toEqual([refused, '10 é\n']);
  });

  it('works as a stream, as an Observable, and as an iteration that can be left', async () => {
    await open(async (connection) => {
      for await (const chunk of connection) {
        connection.write(`[${String(chunk)}]`);
        break;
      }
      expect(connection.destroyed).toBe(false);
      const two = await lastValueFrom(connection.data$.pipe(take(2), map(String), toArray()));
      connection.write(JSON.stringify(two));
      connection.setEncoding('utf8');
      await pipeline(
        connection,
        async function* (source) {
          for await (const chunk of source) yield String(chunk).toUpperCase();
        },
        new PassThrough().on('data', (chunk) => connection.write(chunk as Buffer)),
      );
    });
    const client = await connect('a');
    await client.until('[a]');
    for (const part of ['b', 'c']) {
      client.write(part);
      await turns(5);
    }
    await client.until('["b","c"]');
    expect(await client.write('rest').end().closed()).toBe('[a]["b","c"]REST');
  });

  it('completes data$ with the client, and fails it with the connection', async () => {
    const told: string[] = [];
    await open((connection) => {
      connection.data$.subscribe({
        error: (error: unknown) =>
          told.push(isCancellation(error) || (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? 'gone' : String(error)),
        complete: () => {
          told.push('complete');
          connection.end();
        },
      });
      return connection.whenClosed();
    });
    (await connect()).end();
    await soon(() => expect(told).toEqual(['complete']));
    const client = await connect('x');
    await turns();
    client.reset();
    await soon(() => expect(told).toEqual(['complete', 'gone']));
  });
});

describe('answering', () => {
  it('accepts with 101 who asked for a protocol, with 200 who did not', async () => {
    await open((connection) => void connection.accept());
    expect(await (await connect('', UPGRADE)).closed()).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: own/1\r\nConnection: Upgrade\r\n\r\n',
    );
    expect(await (await connect()).closed()).toBe('HTTP/1.1 200 OK\r\n\r\n');
  });

  it('accepts with what it is given, once', async () => {
    await open((connection) => {
      connection.accept(299, { 'X-One': '1', 'x-many': ['a', 'b'] }, 'Fine');
      expect(() => connection.accept()).toThrow('HIJACK_ALREADY_ACCEPTED');
    });
    expect(await (await connect()).closed()).toBe('HTTP/1.1 299 Fine\r\nX-One: 1\r\nx-many: a\r\nx-many: b\r\n\r\n');
  });

  it('does not send what is no head, and can still be accepted', async () => {
    await open((connection) => {
      for (const [status, headers, reason] of [
        [99, {}, ''],
        [200, { 'a b': 'c' }, ''],
        [200, { a: 'b\r\nc: d' }, ''],
        [200, {}, 'OK\r\nx: y'],
      ] as const) {
        expect(() => connection.accept(status, headers, reason)).toThrow('HIJACK_HEAD_INVALID');
      }
      connection.accept(200);
    });
    expect(await (await connect()).closed()).toBe('HTTP/1.1 200 OK\r\n\r\n');
  });

  it('refuses with a failure, as long as nothing was said', async () => {
    await open((connection) => connection.refuse(new HttpError(429, { detail: 'Later.' })));
    const response = await (await connect()).response();
    expect([response.status, JSON.parse(response.body.toString())]).toEqual([429, expect.objectContaining({ detail: 'Later.' })]);
    script = (connection) => {
      connection.write('said');
      return connection.refuse(new HttpError(429));
    };
    expect(await (await connect()).closed()).toBe('said');
  });

  it('holds back a handler whose client does not read, and gives it everything', async () => {
    let sent = 0;
    await open(async (connection) => {
      const chunk = Buffer.alloc(64 * 1024, 'x');
      for (let at = 0; at < 512; at++) {
        await connection.send(chunk);
        sent += chunk.length;
      }
    });
    const client = await connect();
    client.socket.pause();
    let before = -1;
    while (before !== sent) {
      before = sent;
      await turns(200);
    }
    // What the system keeps for both sides is not ours.
    expect(sent).toBeLessThan(512 * 64 * 1024);
    client.socket.resume();
    expect((await client.closed()).length).toBe(512 * 64 * 1024);
  });

  it('over HTTP/2 begins with a head, whoever writes first, and never with a status line', async () => {
    await open((connection) => void connection.write('at once'), { http2: 'h2c' });
    const client = await H2Client.connect(url);
    const ask = () => client.begin({ ':method': 'CONNECT', ':protocol': 'own', ':path': '/' }, { endStream: false });
    expect(await ask().response).toMatchObject({ status: 200, body: Buffer.from('at once') });
    script = (connection) => void connection.accept(101, { Connection: 'Upgrade', Upgrade: 'own', 'X-One': '1' });
    expect(await ask().response).toMatchObject({ status: 200, headers: { 'x-one': '1' } });
    script = (connection) => connection.refuse(new HttpError(403));
    expect((await ask().head)[':status']).toBe(403);
    script = () => undefined;
    expect(await ask().closed).toBe(8);
    // A client of Node 20 that is destroyed within the close of one of its streams never comes to an end.
    await turns();
    await client.close();
  });
});

describe('deadlines', () => {
  const clock = new ManualClock();
  const withClock = { clock };

  it('of reading fail what is waited for, and what is asked later, until it is set again', async () => {
    const codes: unknown[] = [];
    await open(async (connection) => {
      connection.setReadDeadline(100);
      const reading = connection.readLine();
      const error = await reading.catch((one: unknown) => one);
      expect(error).toBeInstanceOf(ConnectionTimeoutError);
      expect([(error as ConnectionTimeoutError).deadline, isCancellation(error)]).toEqual(['read', false]);
      for (const read of [connection.readLine(), connection.readExactly(1), connection.peek(1)]) codes.push(await failure(read));
      await connection.send('expired\n');
      connection.setReadDeadline(100);
      await connection.send(`${String(await connection.readLine())}\n`);
      connection.setReadDeadline(0);
      await connection.send(`${String(await connection.readLine())}\n`);
    }, withClock);
    const client = await connect('half');
    await soon(() => expect(app.app.requests.list()).toMatchObject([{ waitsFor: 'connection' }]));
    await turns();
    await clock.advance(99);
    expect(codes).toEqual([]);
    await clock.advance(10);
    await client.until('expired\n');
    expect(codes).toEqual(['CONNECTION_TIMEOUT', 'CONNECTION_TIMEOUT', 'CONNECTION_TIMEOUT']);
    await client.write(' a line\n').until('half a line\n');
    await clock.advance(10_000);
    await client.write('at leisure\n').until('at leisure\n');
  });

  it('that are a point in time are one of the clock of the application', async () => {
    const clock = new ManualClock(0, Date.UTC(2000, 0, 1));
    let failed: unknown;
    await open(
      async (connection) => {
        failed = await failure(connection.setReadDeadline(new Date(Date.UTC(2000, 0, 1) + 10_000)).readLine());
      },
      { clock, handlerTimeoutMs: 0 },
    );
    const client = await connect();
    await untilOpen(1);
    await clock.advance(9_000);
    expect(failed).toBeUndefined();
    await clock.advance(2_000);
    expect(failed).toBe('CONNECTION_TIMEOUT');
    expect(await client.closed()).toBe('');
  });

  it('of reading are renewed by setting them, those of the whole are not', async () => {
    let lines = 0;
    let ended: unknown;
    await open(async (connection) => {
      connection.setDeadline(new Date(clock.epochMs() + 1_000));
      try {
        for (;;) {
          connection.setReadDeadline(100);
          await connection.readLine();
          lines++;
        }
      } catch (error) {
        ended = (error as ConnectionTimeoutError).deadline;
      }
    }, withClock);
    const client = await connect();
    while (ended === undefined) {
      client.write('x\n');
      const before = lines;
      await soon(() => expect(lines > before || ended !== undefined).toBe(true));
      await clock.advance(80);
    }
    expect([ended, lines]).toEqual(['connection', expect.any(Number)]);
    expect(lines).toBeGreaterThan(10);
    await client.closed();
  });

  it('of the whole lift the others when they are set, and are lifted by nothing', async () => {
    await open(async (connection) => {
      connection.setReadDeadline(50).setDeadline(500);
      const first = connection.readLine();
      connection.write('1');
      expect(await first).toBe('a');
      connection.setDeadline();
      connection.write('2');
      expect(await connection.readLine()).toBe('b');
      connection.setDeadline(-1);
      expect(await failure(connection.readLine())).toBe('CONNECTION_TIMEOUT');
      connection.setDeadline(Infinity);
      expect(() => connection.setDeadline(NaN)).toThrow('HIJACK_DEADLINE_INVALID');
      expect(() => connection.setReadDeadline('soon' as never)).toThrow('HIJACK_DEADLINE_INVALID');
      connection.end('3');
    }, withClock);
    const client = await connect();
    await client.until('1');
    await clock.advance(200);
    await client.write('a\n').until('2');
    await clock.advance(60_000);
    expect(await client.write('b\n').closed()).toBe('123');
  });

  it('destroy a connection that flows, since nobody could be told otherwise', async () => {
    const outcomes: unknown[] = [];
    const ways: Script[] = [
      (connection) => pipeline(connection, new PassThrough().resume()),
      async (connection) => {
        for await (const chunk of connection) outcomes.push(String(chunk));
      },
      (connection) =>
        once(
          connection.on('data', () => undefined),
          'end',
        ),
    ];
    for (const way of ways) {
      await open(async (connection) => {
        connection.setReadDeadline(100);
        connection.write('go');
        outcomes.push(await failure(Promise.resolve(way(connection, undefined as never))));
      }, withClock);
      const client = await connect();
      await client.until('go');
      await turns();
      await clock.advance(110);
      await client.closed();
      await app.close();
    }
    expect(outcomes).toEqual(['CONNECTION_TIMEOUT', 'CONNECTION_TIMEOUT', 'CONNECTION_TIMEOUT']);
  });

  it('of writing destroy a connection whose client does not read, and tell who wrote', async () => {
    const outcomes: unknown[] = [];
    let isWaiting = false;
    await open(async (connection) => {
      connection.once('error', (error) => outcomes.push(error));
      connection.setWriteDeadline(100);
      const chunk = Buffer.alloc(1024 * 1024);
      for (;;) {
        isWaiting = connection.writableNeedDrain || isWaiting;
        const sending = connection.send(chunk);
        isWaiting = true;
        await sending;
        isWaiting = false;
      }
    }, withClock);
    const client = await connect();
    client.socket.pause();
    for (let quiet = 0; quiet < 20; quiet = isWaiting ? quiet + 1 : 0) await turns(20);
    await clock.advance(110);
    await soon(() => expect(outcomes).toEqual([expect.any(ConnectionTimeoutError)]));
    await soon(() => expect(app.app.requests.list()).toEqual([]));
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        message: 'hijacked connection closed',
        fields: expect.objectContaining({ reason: 'deadline' }) as unknown,
      }),
    );
  });

  it('of writing let nothing through once they have passed, unless they are set again', async () => {
    await open(async (connection) => {
      connection.setWriteDeadline(50);
      await connection.readLine();
      connection.setWriteDeadline();
      await connection.send('one ');
      connection.setWriteDeadline(50);
      await connection.readLine();
      expect(await failure(connection.send('never'))).toBe('CONNECTION_TIMEOUT');
      expect(connection.destroyed).toBe(true);
    }, withClock);
    const client = await connect();
    await turns();
    await clock.advance(60);
    await client.write('x\n').until('one ');
    await turns();
    await clock.advance(60);
    expect(await client.write('y\n').closed()).toBe('one ');
  });
});

describe('its end', () => {
  it('comes when the handler returns, behind what was written', async () => {
    await open((connection) => void connection.write(Buffer.alloc(8 * 1024 * 1024, 'x')));
    const client = await connect('unread');
    expect((await client.closed()).length).toBe(8 * 1024 * 1024);
    await untilOpen(0);
  });

  it('comes for a client that does not read what was written', async () => {
    await open((connection) => void connection.write(Buffer.alloc(64 * 1024 * 1024)), { keepAliveTimeoutMs: 200 });
    const client = await connect();
    client.socket.pause();
    await soon(() => expect(log.lines.some(({ message }) => message === 'hijacked connection closed')).toBe(true));
    await untilOpen(0);
    client.socket.resume();
  });

  it('comes when the handler fails: with an answer if there was none, else behind what was written', async () => {
    await open(() => {
      throw new HttpError(418, { code: 'TEAPOT' });
    });
    const refused = await (await connect()).response();
    expect([refused.status, JSON.parse(refused.body.toString())]).toEqual([418, expect.objectContaining({ code: 'TEAPOT' })]);
    script = async (connection) => {
      await connection.readLine();
      throw new Error('the password is hunter2');
    };
    const failed = await (await connect('x\n')).response();
    expect([failed.status, failed.body.toString()]).toEqual([500, expect.not.stringContaining('hunter2')]);
    script = (connection) => {
      connection.write('half');
      throw new Error('on purpose');
    };
    expect(await (await connect()).closed()).toBe('half');
    expect(log.lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      'the handler of a hijacked connection failed',
      'the handler of a hijacked connection failed',
    ]);
  });

  it('comes with the client: what is waited for fails, the signal says why, and nobody is blamed', async () => {
    const seen: unknown[] = [];
    await open(async (connection, ctx) => {
      connection.write('here');
      try {
        await connection.readLine();
      } finally {
        seen.push(
          connection.signal.aborted,
          (connection.signal.reason as { reason: unknown }).reason,
          ctx.signal === connection.signal,
        );
      }
    });
    const client = await connect();
    await client.until('here');
    client.reset();
    await soon(() => expect(seen).toEqual([true, 'client', true]));
    await untilOpen(0);
    expect(log.lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
  });

  it('may be asked for, waited for, or forced; an error that nobody listens to ends nothing else', async () => {
    const ways: Script[] = [
      (connection) => connection.close(),
      async (connection) => {
        void connection.close();
        await connection.whenClosed();
        await connection.whenClosed();
      },
      (connection) => void connection.destroy(),
      (connection) => void connection.destroy(new Error('of my own')),
      (connection) => void connection.end('bye'),
      (connection) => {
        connection.end('bye');
        return connection.close();
      },
    ];
    for (const way of ways) {
      await open(way);
      const client = await connect();
      expect(['', 'bye']).toContain(await client.closed());
      client.close();
      await soon(() => expect(log.lines.map(({ message }) => message)).toContain('hijacked connection closed'));
      await untilOpen(0);
      await app.close();
    }
  });

  it.each<[string, (connection: HijackedConnection) => unknown]>([
    ['ended', (connection) => connection.end()],
    ['closed', (connection) => void connection.close()],
  ])('comes when it is cut while it is being %s', async (_, end) => {
    await open(async (connection) => {
      connection.accept();
      end(connection);
      connection.abort();
      await connection.whenClosed();
    });
    await (await connect()).closed();
    await soon(() => expect(app.leaks()).toEqual([]));
  });

  it('waits at shutdown for a goodbye, and does not wait for ever', async () => {
    const said: Writable[] = [];
    await open(
      (connection) => {
        said.push(connection);
        connection.write('hi');
        connection.finishing.addEventListener('abort', () => connection.write('goodbye'));
        return connection.whenClosed();
      },
      { shutdownGraceMs: 200 },
    );
    const client = await connect();
    await client.until('hi');
    const closing = app.close();
    expect(await client.closed()).toBe('higoodbye');
    await closing;
    expect(said[0]?.destroyed).toBe(true);
  });

  it('fails what is written and read afterwards, and settles what waits', async () => {
    let kept!: HijackedConnection;
    await open((connection) => {
      kept = connection;
    });
    const client = await connect();
    await client.closed();
    client.close();
    await soon(() => expect(kept.destroyed).toBe(true));
    expect(isCancellation(await kept.readLine().catch((error: unknown) => error))).toBe(true);
    expect(isCancellation(await kept.send('x').catch((error: unknown) => error))).toBe(true);
    await kept.close();
    await kept.whenClosed();
  });
});

describe.each([
  { name: 'TCP', options: {} },
  { name: 'TLS', options: { tls: 'self-signed' } },
] as const)('half-closed, over $name,', ({ options }) => {
  it('it still gives what the client sends when our side has ended', async () => {
    const got: string[] = [];
    await open(async (connection) => {
      connection.end('all I have to say');
      for await (const chunk of connection) got.push(String(chunk));
      got.push('ended');
    }, options);
    const client = await connect();
    expect(await client.closed()).toBe('all I have to say');
    for (const word of ['but ', 'I ', 'have more']) {
      client.write(word);
      await soon(() => expect(got.join('')).toMatch(new RegExp(`${word}$`)));
    }
    client.end();
    await soon(() => expect(got.at(-1)).toBe('ended'));
    expect(got.slice(0, -1).join('')).toBe('but I have more');
  });

  it('it still says what it has to when the client has ended its side', async () => {
    await open(async (connection) => {
      expect(await connection.readLine()).toBe('that is all');
      expect(await connection.readLine()).toBeUndefined();
      for (let part = 0; part < 5; part++) {
        await connection.send(`${part} `);
        await turns();
      }
    }, options);
    const client = await connect('that is all');
    expect(await client.end().closed()).toBe('0 1 2 3 4 ');
  });

  it('it holds a handler back whose client does not read, and loses nothing', async () => {
    const total = 256 * 64 * 1024;
    let sent = 0;
    await open(async (connection) => {
      for (; sent < total; sent += 64 * 1024) await connection.send(Buffer.alloc(64 * 1024, sent / (64 * 1024)));
    }, options);
    const client = await connect();
    client.socket.pause();
    for (let before = -1; before !== sent;) {
      before = sent;
      await turns(200);
    }
    expect(sent).toBeLessThan(total);
    client.end().socket.resume();
    const got = Buffer.from(await client.closed(), 'latin1');
    expect(got.length).toBe(total);
    for (let at = 0; at < total; at += 64 * 1024) expect(got[at]).toBe(at / (64 * 1024));
  });
});

describe('bytes of a connection that is taken over', () => {
  /** Sizes on both sides of what a stream keeps (16 KiB), the same in each run. */
  const SIZES = Array.from({ length: 300 }, (_, at) => [1, 64, 1_000, 8_191, 16_383, 16_384, 40_000][(at * at) % 7]);
  const piece = (at: number): Buffer => Buffer.alloc(SIZES[at], at);
  const all = Buffer.concat(SIZES.map((_, at) => piece(at)));

  /** In turn: plainly, as text, with a callback, held back with the next, and waiting for it. */
  const WAYS: readonly ((connection: HijackedConnection, at: number) => unknown)[] = [
    (connection, at) => connection.write(piece(at)),
    (connection, at) => connection.write(piece(at).toString('latin1'), 'latin1'),
    (connection, at) => connection.write(piece(at), () => undefined),
    (connection, at) => new Promise((resolve) => connection.write(piece(at), undefined, resolve)),
    (connection, at) => {
      connection.cork();
      connection.write(piece(at));
      process.nextTick(() => connection.uncork());
    },
    (connection, at) => connection.send(piece(at)),
    async (connection, at) => {
      if (!connection.write(piece(at))) await once(connection, 'drain');
    },
  ];

  it('are written in their order, in whatever way and size, to a client that reads late', async () => {
    await open(async (connection) => {
      for (let at = 0; at < SIZES.length; at++) await WAYS[at % WAYS.length]?.(connection, at);
    });
    const client = await connect();
    client.socket.pause();
    await turns(50);
    client.socket.resume();
    expect(Buffer.from(await client.closed(), 'latin1').equals(all)).toBe(true);
  });

  it.each<[string, (connection: HijackedConnection) => unknown, string]>([
    ['it was ended', (connection) => connection.end(), 'ERR_STREAM_WRITE_AFTER_END'],
    ['it was destroyed', (connection) => connection.destroy(), 'ERR_STREAM_DESTROYED'],
    ['its time for writing is over', (connection) => connection.setWriteDeadline(-1), 'CONNECTION_TIMEOUT'],
    ['all of its time is over', (connection) => connection.setDeadline(-1), 'CONNECTION_TIMEOUT'],
  ])('are not written any more when %s, by whoever had written before', async (_, over, code) => {
    let failure: Error | null | undefined;
    await open(async (connection) => {
      connection.write(Buffer.from('one'));
      connection.write(Buffer.from('two'));
      over(connection);
      connection.write(Buffer.from('three'));
      await new Promise<void>((resolve) => {
        connection.write(Buffer.from('four'), (error) => {
          failure = error;
          resolve();
        });
      });
    });
    const client = await connect();
    expect(await client.closed()).not.toMatch(/three|four/);
    expect(failure).toMatchObject({ code });
  });

  it('wait while they are held back, also for who had written before', async () => {
    await open(async (connection, ctx) => {
      connection.write(Buffer.from('one'));
      connection.write(Buffer.from('two'));
      connection.cork();
      connection.write(Buffer.from('three'));
      await new Promise<void>((resolve) => connection.once('data', () => resolve()));
      expect([connection.writableLength, ctx.signal.aborted]).toEqual([5, false]);
      connection.uncork();
    });
    const client = await connect();
    await client.until('onetwo');
    client.write('go on');
    expect(await client.closed()).toBe('onetwothree');
  });

  it('are read in their order by a listener that pauses, goes away and comes back', async () => {
    const got: Buffer[] = [];
    let count = 0;
    await open(async (connection) => {
      const take = (chunk: Buffer): void => {
        got.push(chunk);
        if (++count % 3 === 0) {
          connection.pause();
          setImmediate(() => connection.resume());
        } else if (count % 5 === 0) {
          connection.off('data', take).pause();
          setImmediate(() => connection.on('data', take).resume());
        }
      };
      connection.on('data', take);
      await once(connection, 'end');
      connection.write('all');
    });
    const client = await connect();
    for (let at = 0; at < SIZES.length; at++) {
      client.write(piece(at));
      if (at % 10 === 0) await turns(1);
    }
    expect(await client.end().closed()).toBe('all');
    expect(Buffer.concat(got).equals(all)).toBe(true);
  });

  it('are text where that is asked for, also of characters in two pieces', async () => {
    const got: unknown[] = [];
    await open(async (connection) => {
      connection.setEncoding('utf8').on('data', (chunk) => got.push(chunk));
      connection.write('here');
      await once(connection, 'end');
    });
    const client = await connect();
    await client.until('here');
    client.write(Buffer.from('x\u00e9').subarray(0, 2));
    await soon(() => expect(got.join('')).toBe('x'));
    client.write(Buffer.from('\u00e9').subarray(1));
    client.end();
    await client.closed();
    expect(got.join('')).toBe('x\u00e9');
    expect(got.every((chunk) => typeof chunk === 'string')).toBe(true);
  });
});

it('tells where it comes from', async () => {
  const seen: unknown[] = [];
  await open(
    (connection) => {
      seen.push(connection.remoteAddress, connection.encrypted, connection.httpVersion, connection.protocol);
    },
    { tls: 'self-signed' },
  );
  const client = await connect('', UPGRADE);
  await client.closed();
  expect(seen).toEqual(['127.0.0.1', true, '1.1', 'own/1']);
});
