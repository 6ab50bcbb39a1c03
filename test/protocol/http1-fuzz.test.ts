import fc from 'fast-check';
import { from } from 'rxjs';
import { readBody } from '../../lib/http/request-body';
import type { Exchange } from '../../lib/http/exchange';
import { StreamedReply } from '../../lib/http/reply-writer';
import { Kernel, type Routes } from '../support/kernel';
import { chunked, post, RawClient, request } from '../support/raw-client';
import { soon, turn } from '../support/soon';

const PATTERNS = ['sync', 'promise', 'observable', 'generator', 'late', 'throws'] as const;

/** The handlers of one table; each says which table it stands in. */
function routesOf(version: number): Routes {
  const say = (exchange: Exchange): string => `v${version} ${exchange.params.id ?? ''}`;
  return {
    'GET /sync/:id': say,
    'GET /promise/:id': (exchange) => Promise.resolve(say(exchange)),
    'GET /observable/:id': (exchange) => new StreamedReply(from([say(exchange)]), 'plain'),
    'GET /generator/:id': async function* (exchange) {
      await turn();
      yield say(exchange);
      await turn();
    },
    'GET /late/:id': async (exchange) => {
      for (let i = 0; i < 3; i++) await turn();
      return say(exchange);
    },
    'GET /throws/:id': () => {
      throw new Error('on purpose');
    },
    'POST /echo/:id': async (exchange) => `${say(exchange)} ${String(await readBody(exchange, 'text'))}`,
    'POST /deaf/:id': { body: 'none', run: say },
    'POST /deaf-late/:id': { body: 'none', run: async (exchange) => (await turn(), say(exchange)) },
  };
}

/** One thing a client sends, and what must come back. */
interface Step {
  readonly name: string;
  readonly bytes: (id: number) => string;
  /** The method whose response it is, for the reader of responses. */
  readonly method: string;
  readonly status: number;
  readonly body?: (id: number) => RegExp;
  readonly closes: boolean;
}

const UPGRADE = { connection: 'upgrade', upgrade: 'something' };

const said = (id: number): RegExp => new RegExp(`^v[12] ${id}$`);
const heard = (id: number): RegExp => new RegExp(`^v[12] ${id} body-${id}$`);

const gets: Step[] = PATTERNS.map((pattern) => ({
  name: `GET ${pattern}`,
  bytes: (id) => request('GET', `/${pattern}/${id}`),
  method: 'GET',
  status: pattern === 'throws' ? 500 : 200,
  body: pattern === 'throws' ? undefined : said,
  closes: false,
}));

const ordinary: Step[] = [
  ...gets,
  { name: 'HEAD', bytes: (id) => request('HEAD', `/sync/${id}`), method: 'HEAD', status: 200, closes: false },
  { name: 'HEAD of a stream', bytes: (id) => request('HEAD', `/generator/${id}`), method: 'HEAD', status: 200, closes: false },
  { name: '404', bytes: () => request('GET', '/nowhere'), method: 'GET', status: 404, closes: false },
  { name: '405', bytes: (id) => request('DELETE', `/sync/${id}`), method: 'DELETE', status: 405, closes: false },
  { name: 'OPTIONS', bytes: (id) => request('OPTIONS', `/sync/${id}`), method: 'OPTIONS', status: 204, closes: false },
  { name: 'bad path', bytes: () => request('GET', '/%zz'), method: 'GET', status: 400, closes: false },
  { name: 'echo', bytes: (id) => post(`/echo/${id}`, `body-${id}`), method: 'POST', status: 200, body: heard, closes: false },
  {
    name: 'echo in chunks',
    bytes: (id) => request('POST', `/echo/${id}`, { 'transfer-encoding': 'chunked' }) + chunked('body', `-${id}`),
    method: 'POST',
    status: 200,
    body: heard,
    closes: false,
  },
  {
    name: 'echo with Expect',
    bytes: (id) => post(`/echo/${id}`, `body-${id}`, { expect: '100-continue' }),
    method: 'POST',
    status: 200,
    body: heard,
    closes: false,
  },
  {
    name: 'unread body',
    bytes: (id) => post(`/deaf/${id}`, 'x'.repeat(500)),
    method: 'POST',
    status: 200,
    body: said,
    closes: false,
  },
  {
    name: 'dropped body',
    bytes: (id) => post(`/deaf-late/${id}`, 'x'.repeat(500)),
    method: 'POST',
    status: 200,
    body: said,
    closes: false,
  },
  {
    name: 'unknown expectation',
    bytes: (id) => request('GET', `/sync/${id}`, { expect: 'a-miracle' }),
    method: 'GET',
    status: 417,
    closes: false,
  },
  {
    name: 'Upgrade nobody takes',
    bytes: (id) => request('GET', `/late/${id}`, UPGRADE),
    method: 'GET',
    status: 200,
    body: said,
    closes: false,
  },
  {
    name: 'Upgrade with a body',
    bytes: (id) => post(`/echo/${id}`, `body-${id}`, UPGRADE),
    method: 'POST',
    status: 200,
    body: heard,
    closes: false,
  },
  {
    name: 'Upgrade with a body in chunks',
    bytes: (id) => request('POST', `/echo/${id}`, { ...UPGRADE, 'transfer-encoding': 'chunked' }) + chunked('body-', String(id)),
    method: 'POST',
    status: 200,
    body: heard,
    closes: false,
  },
  {
    name: 'absolute form',
    bytes: (id) => request('GET', `http://elsewhere.test/sync/${id}`),
    method: 'GET',
    status: 200,
    body: said,
    closes: false,
  },
];

/** Valid as messages, but the connection ends behind their answer. */
const last: Step[] = [
  {
    name: 'Connection: close',
    bytes: (id) => request('GET', `/late/${id}`, { connection: 'close' }),
    method: 'GET',
    status: 200,
    body: said,
    closes: true,
  },
  { name: 'no Host', bytes: (id) => `GET /sync/${id} HTTP/1.1\r\n\r\n`, method: 'GET', status: 400, closes: true },
  {
    name: 'two Hosts',
    bytes: (id) => `GET /sync/${id} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`,
    method: 'GET',
    status: 400,
    closes: true,
  },
  {
    name: 'HTTP/1.0',
    bytes: (id) => `GET /promise/${id} HTTP/1.0\r\n\r\n`,
    method: 'GET',
    status: 200,
    body: said,
    closes: true,
  },
  { name: 'CONNECT', bytes: () => 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', method: 'POST', status: 405, closes: true },
];

/** No HTTP: told so once, behind all answers, and closed. */
const garbage: Step[] = [
  'GARBAGE\r\n\r\n',
  'get / HTTP/1.1\r\nhost: a\r\n\r\n',
  'GET / HTTP/9.9\r\nhost: a\r\n\r\n',
  'GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n',
  'GET / HTTP/1.1\r\nhost: a\r\nno colon\r\n\r\n',
  'GET / HTTP/1.1\r\nhost: a\r\nx: \0\r\n\r\n',
  'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx',
  'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
].map((bytes) => ({ name: JSON.stringify(bytes), bytes: () => bytes, method: 'GET', status: 400, closes: true }));

const step = (steps: readonly Step[]): fc.Arbitrary<Step> => fc.constantFrom(...steps);

const conversation = fc.record({
  steps: fc.array(step(ordinary), { maxLength: 8 }),
  end: fc.option(step([...last, ...garbage]), { nil: undefined }),
  /** Where the bytes are cut (as shares of the whole), and how many turns pass between the pieces. */
  cuts: fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), turns: fc.nat(3), table: fc.nat(2) }), {
    maxLength: 12,
  }),
});

describe('HTTP/1.1 as clients may send it (RFC 9112 §9.3.2)', () => {
  it('answers every valid request before the first invalid byte, in order, and leaves nothing behind', async () => {
    const kernel = await Kernel.open(routesOf(1));
    let asked = 0;
    await fc.assert(
      fc.asyncProperty(conversation, async ({ steps, end, cuts }) => {
        const all = end === undefined ? steps : [...steps, end];
        const whole = all.map((one, i) => one.bytes(i)).join('');
        const client = await RawClient.connect(kernel.url);
        const answers = readAll(client, all);
        let from = 0;
        for (const { at, turns, table } of [...cuts].sort((one, other) => one.at - other.at)) {
          const to = Math.floor(at * whole.length);
          client.write(whole.slice(from, to));
          from = to;
          for (let i = 0; i < turns; i++) await turn();
          if (table > 0) kernel.use(routesOf(table));
        }
        client.write(whole.slice(from));
        await answers;
        asked += all.length;
        if (end !== undefined) expect(await client.closed()).toBe('');
        expect(client.unread.toString('latin1')).toBe('');
        client.close();
        await soon(() => expect(kernel.underWay).toBe(0));
      }),
      { seed: 20_260_101, numRuns: 250 },
    );
    await soon(() => expect(kernel.server.connections).toBe(0));
    expect(kernel.instruments.records).toHaveLength(asked);
    expect(kernel.instruments.cancellations).toEqual([]);
    await kernel.close();
  });

  it('may be left off at any byte: nothing stays behind, and the next client is answered', async () => {
    const kernel = await Kernel.open(routesOf(1));
    const leaving = fc.record({
      steps: fc.array(step([...ordinary, ...last, ...garbage]), { minLength: 1, maxLength: 6 }),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      turns: fc.nat(4),
      how: fc.constantFrom<'end' | 'close' | 'reset'>('end', 'close', 'reset'),
    });
    await fc.assert(
      fc.asyncProperty(leaving, async ({ steps, at, turns, how }) => {
        const whole = steps.map((one, i) => one.bytes(i)).join('');
        const client = await RawClient.connect(kernel.url);
        client.write(whole.slice(0, Math.ceil(at * whole.length)));
        for (let i = 0; i < turns; i++) await turn();
        client[how]();
        // Half-closed, it is told when the server has nothing more to say.
        if (how === 'end') await client.closed();
        client.close();
        await soon(() => expect([kernel.underWay, kernel.server.connections]).toEqual([0, 0]));
        const next = await RawClient.connect(kernel.url);
        expect((await next.ask(request('GET', '/late/1'))).status).toBe(200);
        next.close();
      }),
      { seed: 20_260_102, numRuns: 250 },
    );
    expect(kernel.log.lines.filter(({ level, message }) => level === 'error' && message !== 'request failed')).toEqual([]);
    expect(new Set(kernel.instruments.cancellations)).toEqual(new Set(['client']));
    await kernel.close();
  });
});

async function readAll(client: RawClient, steps: readonly Step[]): Promise<void> {
  for (const [i, { name, method, status, body }] of steps.entries()) {
    const response = await client.response(method).catch((error: unknown) => {
      throw new Error(`no answer to step ${i}, ${name}: ${String(error)}`);
    });
    expect([i, name, response.status]).toEqual([i, name, status]);
    if (body !== undefined) expect(response.body.toString()).toMatch(body(i));
  }
}
