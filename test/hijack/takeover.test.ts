import { HttpError } from '../../lib/errors/http-error';
import type { Exchange } from '../../lib/http/exchange';
import { readBody } from '../../lib/http/request-body';
import { takeOver } from '../../lib/http/takeover';
import { Readable } from 'node:stream';
import { H2Client } from '../support/h2-client';
import { Kernel, type KernelOptions, type Routes } from '../support/kernel';
import { chunked, post, RawClient, request } from '../support/raw-client';
import { gate, soon, turns } from '../support/soon';
import { echo, held, holdAgain, routes as common, TAKEN } from './takeover-app';

const declared = { takesOver: true, timeoutMs: 30_000 };
const UPGRADE = { connection: 'Upgrade', upgrade: 'something' };
/** What nobody may take for a request. */
const BEHIND = request('GET', '/hello/behind');

/** Tries to take the connection over, and answers with the code that it fails with. */
async function tryToTake(exchange: Exchange): Promise<unknown> {
  return takeOver(exchange).then(echo, (error: unknown) => ({ code: (error as { code: unknown }).code }));
}

const routes: Routes = {
  ...common,
  'GET /refused': {
    ...declared,
    run: () => {
      throw new HttpError(401, { headers: { 'www-authenticate': 'Bearer' } });
    },
  },
  'GET /refused-late': {
    ...declared,
    run: async () => {
      await turns(2);
      throw new HttpError(403);
    },
  },
  'GET /answers': { ...declared, run: () => 'no, thanks' },
  'GET /nothing': { ...declared, run: () => undefined },
  'GET /never': {
    ...declared,
    timeoutMs: 30,
    run: ({ lifetime }) => new Promise((resolve) => lifetime.defer(() => resolve(undefined))),
  },
  'GET /guarded': {
    ...declared,
    run: async (exchange) => {
      await held.promise;
      await echo(await takeOver(exchange));
    },
  },
  'GET /late-try': async (exchange) => {
    await turns(2);
    return tryToTake(exchange);
  },
  'GET /answered': {
    ...declared,
    run: async (exchange) => {
      exchange.toNode().response.write('begun');
      const outcome = await tryToTake(exchange);
      exchange.toNode().response.end(JSON.stringify(outcome));
    },
  },
  'GET /twice': {
    ...declared,
    run: async (exchange) => {
      const [taken, again] = await Promise.all([takeOver(exchange), tryToTake(exchange)]);
      const third = await tryToTake(exchange);
      taken.stream.write(JSON.stringify([again, third]));
      taken.close();
    },
  },
  'GET /not-waited-for': (exchange) => {
    void takeOver(exchange, { handlerDone: (failure) => void taken.push(failure) }).then(({ stream }) => stream.end('mine'));
  },
  'GET /throws': async (exchange) => {
    const takeover = await takeOver(exchange, { handlerDone: (failure) => takeover.stream.end(String(failure)) });
    throw new RangeError('on purpose');
  },
  'POST /try': tryToTake,
  'POST /try-declared': { ...declared, run: tryToTake },
  'POST /refused': {
    ...declared,
    run: () => {
      throw new HttpError(403);
    },
  },
  'GET /stream': () => Readable.from(Array.from({ length: 64 }, (_, at) => Buffer.alloc(65_536, at))),
};

let taken: unknown[] = [];
let kernel: Kernel;
const clients: RawClient[] = [];

beforeEach(() => {
  taken = [];
  holdAgain();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  held.open();
  await kernel.close();
});

async function open(options: KernelOptions = {}): Promise<RawClient> {
  kernel = await Kernel.open(routes, options);
  return connect();
}

async function connect(): Promise<RawClient> {
  const client = await RawClient.connect(kernel.url);
  clients.push(client);
  return client;
}

const codeIn = (response: { body: Buffer }): unknown => (JSON.parse(response.body.toString()) as { code?: unknown }).code;

describe('a route that takes connections over', () => {
  it.each([
    ['/refused', 401],
    ['/refused-late', 403],
  ])('refuses with an ordinary answer, and nobody reads what was sent behind: %s', async (path, status) => {
    const client = await open();
    const response = await client.ask(request('GET', path) + BEHIND, 'GET');
    expect([response.status, response.headers.get('connection')]).toEqual([status, ['close']]);
    expect(await client.closed()).toBe('');
    expect(kernel.instruments.statuses).toEqual([status]);
  });

  it('refuses a body it does not want: the answer reaches who still sends it', async () => {
    const client = await open();
    client.write(request('POST', '/refused', { 'content-length': 10_000_000 }), Buffer.alloc(500_000));
    expect((await client.response()).status).toBe(403);
    expect(await client.closed()).toBe('');
  });

  it('may answer, and then does not take anything', async () => {
    const client = await open();
    const response = await client.ask(request('GET', '/answers', UPGRADE) + BEHIND, 'GET');
    expect([response.status, response.body.toString()]).toEqual([200, 'no, thanks']);
    expect(await client.closed()).toBe('');
    expect((await (await connect()).ask(request('GET', '/nothing'))).status).toBe(204);
  });

  it('that neither answers nor takes runs out of time (504)', async () => {
    const client = await open();
    expect((await client.ask(request('GET', '/never') + BEHIND, 'GET')).status).toBe(504);
    expect(await client.closed()).toBe('');
  });

  it('refuses an expectation that nobody knows (417), and a request without a host (400)', async () => {
    const client = await open();
    expect((await client.ask(request('GET', '/declared', { expect: 'a-miracle' }))).status).toBe(417);
    expect((await (await connect()).ask('GET /declared HTTP/1.1\r\n\r\n', 'GET')).status).toBe(400);
  });

  it('does not answer HEAD, unless it is said to', async () => {
    const client = await open();
    expect((await client.ask(request('OPTIONS', '/declared'))).headers.get('allow')).toEqual(['GET, HEAD, OPTIONS, POST']);
  });

  it('is counted as one answer of 101, whatever it does then', async () => {
    const client = await open();
    await client.write(request('GET', '/declared')).until(TAKEN);
    expect(kernel.instruments.statuses).toEqual([101]);
    expect(kernel.underWay).toBe(1);
    client.close();
    await soon(() => expect(kernel.underWay).toBe(0));
    expect([kernel.instruments.statuses, kernel.instruments.cancellations]).toEqual([[101], []]);
  });
});

describe('any other route', () => {
  it('is too late behind an await, says so, and can still answer; the next request is answered as well', async () => {
    const client = await open();
    const response = await client.ask(request('GET', '/late-try') + BEHIND, 'GET');
    expect([response.status, codeIn(response)]).toEqual([200, 'HIJACK_TOO_LATE']);
    expect((await client.response()).body.toString()).toBe('hello behind');
    const plain = await client.ask(request('GET', '/too-late'));
    expect([plain.status, codeIn(plain)]).toEqual([500, 'HIJACK_TOO_LATE']);
    expect((await client.ask(BEHIND)).status).toBe(200);
  });

  it('is not taken over by a handler of an earlier request on the same connection', async () => {
    const client = await open();
    client.write(request('GET', '/late-try') + request('GET', '/declared') + 'data').end();
    expect(codeIn(await client.response())).toBe('HIJACK_TOO_LATE');
    expect(await client.closed()).toBe(`${TAKEN}data`);
  });

  it('with an Upgrade that nobody takes is answered, and so is what follows', async () => {
    const client = await open({ http2: 'h2c' });
    for (let round = 0; round < 20; round++) {
      const both = request('GET', `/late/${round}`, { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c' }) + BEHIND;
      expect((await client.ask(both, 'GET')).body.toString()).toBe(`hello ${round}`);
      expect((await client.response()).body.toString()).toBe('hello behind');
    }
    const { socket } = client;
    expect(socket.listenerCount('error')).toBeLessThan(5);
    expect(kernel.server.connections).toBe(1);
  });

  it('with an Upgrade is cut when its client leaves', async () => {
    const client = await open();
    client.write(request('GET', '/held', UPGRADE));
    await soon(() => expect(kernel.underWay).toBe(1));
    client.end();
    await soon(() => expect(kernel.instruments.cancellations).toEqual(['client']));
    held.open();
  });
});

describe('taking over', () => {
  it('is done once: who asks again is told', async () => {
    const client = await open();
    client.write(request('GET', '/twice'));
    expect(await client.closed()).toBe('[{"code":"HIJACK_ALREADY_TAKEN"},{"code":"HIJACK_ALREADY_TAKEN"}]');
  });

  it('is refused when an answer has begun, which goes on', async () => {
    const client = await open();
    const response = await client.ask(request('GET', '/answered'));
    expect(response.body.toString()).toBe('begun{"code":"HIJACK_AFTER_ANSWER"}');
  });

  it('tells who took it when the handler is done, or failed, also where nobody waited', async () => {
    const client = await open();
    expect(await client.write(request('GET', '/not-waited-for')).closed()).toBe('mine');
    expect(taken).toEqual([undefined]);
    expect(await (await connect()).write(request('GET', '/throws')).closed()).toBe('RangeError: on purpose');
  });

  it('waits for the answers that are owed before, and lets them out in order', async () => {
    const client = await open();
    for (const path of ['/declared', '/any']) {
      const next = await connect();
      next.write(request('GET', '/held') + request('GET', '/late/1') + request('GET', path) + 'data').end();
      await turns();
      expect(next.unread.length).toBe(0);
      held.open();
      expect((await next.response()).body.toString()).toBe('held');
      expect((await next.response()).body.toString()).toBe('hello 1');
      expect(await next.closed()).toBe(`${TAKEN}data`);
      holdAgain();
    }
    client.close();
  });

  it('waits for an answer that its client reads slowly', async () => {
    const client = await open();
    client.socket.pause();
    client.write(request('GET', '/stream') + request('GET', '/declared') + 'data').end();
    await turns(50);
    client.socket.resume();
    expect((await client.response()).body.length).toBe(64 * 65_536);
    expect(await client.closed()).toBe(`${TAKEN}data`);
  });

  it('does not happen behind an answer that closes the connection', async () => {
    const client = await open();
    client.write(request('GET', '/late/1', { connection: 'close' }) + request('GET', '/declared') + 'data');
    expect((await client.response()).body.toString()).toBe('hello 1');
    expect(await client.closed()).toBe('');
  });

  it('fails with the body: too large, malformed, too slow; the request can still be answered', async () => {
    const client = await open({ limits: { bodyLimitBytes: 1_000, requestTimeoutMs: 100 } });
    const outcome = async (bytes: string, one?: RawClient): Promise<unknown> => {
      const asked = one ?? (await connect());
      return codeIn(await asked.ask(bytes, 'POST'));
    };
    for (const path of ['/try', '/try-declared']) {
      expect(await outcome(post(path, 'x'.repeat(5_000)))).toBe('BODY_TOO_LARGE');
      expect(await outcome(request('POST', path, { 'transfer-encoding': 'chunked' }) + chunked('x'.repeat(5_000)))).toBe(
        'BODY_TOO_LARGE',
      );
      expect(await outcome(`${request('POST', path, { 'transfer-encoding': 'chunked' })}zz\r\n`)).toBe('REQUEST_MALFORMED');
      expect(await outcome(`${request('POST', path, { 'content-length': 10 })}half`)).toBe('REQUEST_TIMEOUT');
    }
    client.close();
  });

  it('asks a client for its body that waits to be asked', async () => {
    const client = await open();
    client.write(request('POST', '/any', { 'content-length': 4, expect: '100-continue' }));
    await client.until('100 Continue\r\n\r\n');
    client.write('bodydata').end();
    expect(await client.closed()).toBe(`HTTP/1.1 100 Continue\r\n\r\nbody|${TAKEN}data`);
  });
});

describe('a connection that was taken over', () => {
  it('is left alone by every time-out', async () => {
    const client = await open({
      limits: { keepAliveTimeoutMs: 400, headersTimeoutMs: 60, requestTimeoutMs: 80, handlerTimeoutMs: 60 },
    });
    const second = await connect();
    expect((await second.ask(request('GET', '/hello/1'))).status).toBe(200);
    for (const one of [client, second]) await one.write(request('GET', one === client ? '/declared' : '/any')).until(TAKEN);
    // Others that came later have run into all of them, twice.
    for (let round = 0; round < 2; round++) {
      const idle = await connect();
      expect((await idle.ask(request('GET', '/hello/1'))).status).toBe(200);
      const halfHead = await connect();
      const halfBody = await connect();
      expect((await halfHead.ask('GET / HTTP/1.1\r\n', 'GET')).status).toBe(408);
      expect((await halfBody.ask(`${request('POST', '/any', { 'content-length': 5 })}x`, 'POST')).status).toBe(408);
      expect(await idle.closed()).toBe('');
    }
    for (const one of [client, second]) expect(await one.write('still here').end().closed()).toBe(`${TAKEN}still here`);
  });

  it('ends with its client, wherever that leaves', async () => {
    await open();
    const stages: [string, (client: RawClient) => unknown][] = [
      ['within the head', (client) => client.write('GET /declared HT')],
      ['while an earlier answer is owed', (client) => client.write(request('GET', '/held') + request('GET', '/declared'))],
      ['the same, undeclared', (client) => client.write(request('GET', '/held') + request('GET', '/any'))],
      ['while a guard thinks', (client) => client.write(`${request('GET', '/guarded')}data`)],
      ['within the body', (client) => client.write(`${request('POST', '/any', { 'content-length': 100 })}x`)],
      ['within the body, declared', (client) => client.write(`${request('POST', '/declared', { 'content-length': 100 })}x`)],
      ['when it has just been taken', (client) => client.write(request('GET', '/declared')).until(TAKEN)],
      ['within what it sends', (client) => client.write(request('GET', '/any'), Buffer.alloc(300_000)).until(TAKEN)],
    ];
    for (const [stage, reach] of stages) {
      for (const leave of ['reset', 'close'] as const) {
        const client = await connect();
        await reach(client);
        await turns();
        client[leave]();
        // Held back on purpose: the client is not waited for.
        await turns();
        held.open();
        await soon(() => expect([stage, leave, kernel.underWay, kernel.server.connections]).toEqual([stage, leave, 0, 1]));
        holdAgain();
      }
    }
    expect(kernel.log.told.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('is destroyed at shutdown, a while after it was asked to finish', async () => {
    const client = await open();
    await client.write(request('GET', '/declared')).until(TAKEN);
    kernel.server.drain();
    kernel.owner.finish();
    client.write('goodbye');
    await client.until('goodbye');
    expect(kernel.underWay).toBe(1);
    kernel.owner.end('shutdown');
    await client.closed();
    await kernel.server.closeConnections();
    expect(kernel.server.connections).toBe(0);
  });

  it('is not closed with the idle ones, and is waited for', async () => {
    const client = await open();
    await client.write(request('GET', '/declared')).until(TAKEN);
    let isClosed = false;
    const closing = kernel.server.closeConnections().then(() => (isClosed = true));
    client.write('still');
    await client.until('still');
    expect(isClosed).toBe(false);
    client.end();
    await client.closed();
    await closing;
  });

  it('ends its lifetime with the reason', async () => {
    const reasons: unknown[] = [];
    const done = gate();
    kernel = await Kernel.open({
      'GET /:who': {
        ...declared,
        run: async (exchange) => {
          const { stream, lifetime, ...rest } = await takeOver(exchange).then((one) => ({
            stream: one.stream,
            lifetime: one.lifetime,
            close: () => one.close(),
            destroy: () => one.destroy(),
          }));
          lifetime.defer((reason) => void reasons.push([exchange.params.who, reason]));
          stream.write(TAKEN);
          if (exchange.params.who === 'close') rest.close();
          if (exchange.params.who === 'destroy') rest.destroy();
          if (exchange.params.who === 'both') stream.resume().end();
          await done.promise;
        },
      },
    });
    for (const who of ['close', 'destroy', 'both', 'client']) {
      const client = await connect();
      await client.write(request('GET', `/${who}`)).until(TAKEN);
      if (who === 'client') client.reset();
      else client.end();
      await soon(() => expect(reasons.at(-1)).toEqual([who, who === 'client' ? 'client' : 'finished']));
    }
    done.open();
  });
});

describe('over HTTP/2', () => {
  it('an ordinary request cannot be taken over, and is told why (505)', async () => {
    kernel = await Kernel.open(routes, { http2: 'h2c' });
    const client = await H2Client.connect(kernel.url);
    for (const path of ['/declared', '/any']) {
      const response = await client.ask({ ':path': path });
      expect([response.status, response.body.toString()]).toEqual([505, expect.stringContaining('RFC 8441')]);
    }
    await client.close();
  });

  it('a stream of CONNECT is, extended (RFC 8441) or not', async () => {
    kernel = await Kernel.open(routes, { http2: 'h2c' });
    const client = await H2Client.connect(kernel.url);
    const data = Buffer.alloc(1024 * 1024, 'x\r\n\r\n');
    for (const headers of [
      { ':protocol': 'something', ':path': '/declared' },
      { ':protocol': 'something', ':path': '/declared-late' },
      { ':authority': 'a.test:443' },
    ]) {
      const asked = client.begin({ ':method': 'CONNECT', ...headers }, { endStream: false });
      asked.stream.end(data);
      const response = await asked.response;
      expect([response.status, response.body.equals(Buffer.concat([Buffer.from(TAKEN), data]))]).toEqual([200, true]);
    }
    expect(kernel.instruments.statuses).toEqual([200, 200, 200]);
    await soon(() => expect(kernel.underWay).toBe(0));
    await client.close();
  });

  it('a CONNECT that nobody takes gets an answer', async () => {
    kernel = await Kernel.open(routes, { http2: 'h2c' });
    const client = await H2Client.connect(kernel.url);
    const status = async (headers: Record<string, string>): Promise<number | undefined> => {
      const asked = client.begin({ ':method': 'CONNECT', ...headers }, { endStream: false });
      const head = await asked.head;
      asked.stream.end();
      return head[':status'];
    };
    expect(await status({ ':protocol': 'x', ':path': '/nowhere' })).toBe(404);
    expect(await status({ ':protocol': 'x', ':path': '/hello/1' })).toBe(405);
    expect(await status({ ':protocol': 'x', ':path': '/refused' })).toBe(401);
    expect(await status({ ':authority': 'other.test:443' })).toBe(405);
    await client.close();
  });

  it('ends with the stream, or with the connection', async () => {
    kernel = await Kernel.open(routes, { http2: 'h2c' });
    for (const leave of ['stream', 'connection'] as const) {
      const client = await H2Client.connect(kernel.url);
      const asked = client.begin({ ':method': 'CONNECT', ':protocol': 'x', ':path': '/declared' }, { endStream: false });
      await asked.head;
      expect(kernel.underWay).toBe(1);
      if (leave === 'stream') asked.cancel();
      else client.session.destroy();
      await soon(() => expect(kernel.underWay).toBe(0));
      await client.close();
    }
    expect(kernel.instruments.cancellations).toEqual([]);
  });
});

it('leaves nothing behind, whoever ends it', async () => {
  const client = await open();
  client.close();
  for (let round = 0; round < 200; round++) {
    const one = await connect();
    one.write(`${request('GET', round % 2 === 0 ? '/declared' : '/any')}data`);
    if (round % 3 === 0) one.end();
    else {
      await one.until('data');
      one[round % 3 === 1 ? 'close' : 'reset']();
    }
  }
  await soon(() => expect([kernel.underWay, kernel.server.connections]).toEqual([0, 0]));
});

it('reads a body that was taken before, and after', async () => {
  const bodies: unknown[] = [];
  kernel = await Kernel.open({
    'POST /': async (exchange) => {
      const before = readBody(exchange, 'json');
      const takeover = await takeOver(exchange);
      bodies.push(await before, await readBody(exchange, 'json').catch((error: unknown) => (error as { code: string }).code));
      takeover.close();
    },
  });
  const client = await connect();
  await client.write(post('/', '{"a":1}', { 'content-type': 'application/json' })).closed();
  expect(bodies).toEqual([{ a: 1 }, 'BODY_TAKEN']);
});
