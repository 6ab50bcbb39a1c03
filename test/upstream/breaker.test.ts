import type { IncomingMessage, ServerResponse } from 'node:http';
import { Breaker } from '../../lib/resilience/breaker';
import { soon } from '../support/soon';
import { type OpenClient, openClient } from './clients';
import { UpstreamServer } from './upstream-server';

let client: OpenClient;
let upstream: UpstreamServer;
let breaker: Breaker;

beforeEach(async () => {
  client = openClient();
  upstream = await UpstreamServer.open();
  breaker = new Breaker({ window: { kind: 'count', calls: 100 }, minimumCalls: 100, slowCallMs: 0 });
});

afterEach(async () => {
  await upstream.close();
  await client.close();
});

const status = (code: number) => (_request: IncomingMessage, response: ServerResponse) =>
  void response.writeHead(code, { connection: 'close' }).end('x');

async function read(signal?: AbortSignal): Promise<void> {
  const http = client.http.with({ breaker });
  await (await http.get(upstream.url, signal === undefined ? {} : { signal })).bytes();
}

it.each([
  [200, 'successes'],
  [404, 'successes'],
  [429, 'ignored'],
  [500, 'failures'],
  [503, 'failures'],
] as const)('counts an answer of %i among the %s', async (code, among) => {
  upstream.answer = status(code);
  await read();
  expect(breaker.stats[among]).toBe(1);
});

it.each([
  [302, 'failures'],
  [404, 'successes'],
  [429, 'ignored'],
  [500, 'failures'],
] as const)('counts a call that expects success, and has %i, among the %s', async (code, among) => {
  upstream.answer = status(code);
  await expect(breaker.call(() => client.http.getJson(upstream.url))).rejects.toMatchObject({ status: 502 });
  expect(breaker.stats[among]).toBe(1);
});

it('does not count a path that cannot be asked: a client may have sent it', async () => {
  const below = client.http.with({ baseUrl: upstream.url });
  for (const path of ['//x', 'javascript:1', '/\\x']) {
    await expect(breaker.call(() => below.get(path))).rejects.toMatchObject({ code: 'UPSTREAM_URL_INVALID' });
  }
  await expect(breaker.call(() => client.http.get('/x'))).rejects.toMatchObject({ code: 'UPSTREAM_URL_INVALID' });
  expect(breaker.stats).toMatchObject({ failures: 0, ignored: 4 });
});

it('counts a connection that is not made, or breaks before or within the answer, as a failure', async () => {
  upstream.answer = ({ socket }) => void socket.resetAndDestroy();
  await expect(read()).rejects.toMatchObject({ code: 'UPSTREAM_BROKEN' });
  upstream.answer = ({ socket }, response) => {
    response.writeHead(200, { 'content-length': '10' });
    response.write('half', () => socket.resetAndDestroy());
  };
  await expect(read()).rejects.toMatchObject({ code: 'UPSTREAM_BROKEN' });
  expect(breaker.stats).toMatchObject({ failures: 2, calls: 2 });
});

it('counts whoever gives up, before or within the answer, as nothing', async () => {
  const leaving = new AbortController();
  upstream.answer = () => leaving.abort();
  await expect(read(leaving.signal)).rejects.toMatchObject({ code: 'REQUEST_CANCELLED' });
  upstream.answer = (_request, response) => void response.write('begun');
  const answer = await client.http.with({ breaker }).get(upstream.url);
  answer.body.destroy();
  await soon(() => expect(breaker.stats).toMatchObject({ cancelled: 2, calls: 0 }));
});

it('rejects while it is open, without a connection, and by its own time-out', async () => {
  breaker.forceOpen();
  await expect(read()).rejects.toMatchObject({ code: 'BREAKER_OPEN' });
  expect(upstream.connections).toBe(0);
  breaker = new Breaker({ maxFailures: 1, timeoutMs: 20 });
  upstream.answer = () => undefined;
  await expect(read()).rejects.toMatchObject({ code: 'BREAKER_TIMEOUT', status: 504 });
  expect(breaker.state).toBe('open');
});

it('has one for each origin, and knows a slip in a name', async () => {
  const http = client.http.with({ breaker: { name: 'upstream', key: 'origin' } });
  await (await http.get(`${upstream.url}/a`)).bytes();
  await (await http.get(`${upstream.url}/b`)).bytes();
  expect(client.breakers.of('upstream').map(({ key, stats }) => [key, stats.successes])).toEqual([[upstream.url, 2]]);
  expect(() => client.http.with({ breaker: 'databse' })).toThrow(/did you mean "database"/);
  expect(() => client.http.with({ breaker: {} as never })).toThrow(/UPSTREAM_OPTION_INVALID/);
});
