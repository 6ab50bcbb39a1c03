import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { ROOT } from '../architecture/checkout';
import { H2Client } from '../support/h2-client';
import { RawClient, request } from '../support/raw-client';
import { SampleProcess } from '../support/sample-process';
import { soon } from '../support/soon';
import { WsClient } from '../websocket/ws-client';
import { piecesOf } from './document-code';

/** Where `rockstar-web` is found as it is by an application. */
const FOLDER = join(ROOT, 'node_modules', '.cache', 'rockstar-web-documents', String(process.pid));

let program: SampleProcess;
let url: URL;

/** Starts the piece of a document that has these words in it. */
async function start(document: string, words: string): Promise<void> {
  const piece = piecesOf(document).find(({ code }) => code.includes(words));
  if (piece === undefined) throw new Error(`${document} has no piece with ${words}`);
  await startFiles({ 'main.ts': piece.code });
}

async function startFiles(files: Readonly<Record<string, string>>): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, code] of Object.entries(files)) writeFileSync(join(FOLDER, name), code);
  program = SampleProcess.program(relative(ROOT, join(FOLDER, 'main.ts')));
  url = await program.listening();
}

afterEach(async () => {
  expect(await program.end()).toBe(0);
  rmSync(FOLDER, { recursive: true });
});

async function ask(path: string, init: RequestInit = {}): Promise<readonly [number, unknown]> {
  const response = await fetch(new URL(path, url), { ...init, headers: { connection: 'close', ...init.headers } });
  const text = await response.text();
  return [response.status, (response.headers.get('content-type') ?? '').includes('json') ? JSON.parse(text) : text];
}

const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  ask(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });

/** The client is gone before there is an answer. */
async function leave(path: string): Promise<void> {
  const client = await RawClient.connect(url);
  client.write(request('GET', path));
  await soon(() => expect(client.socket.bytesWritten).toBeGreaterThan(0));
  client.close();
  await soon(() => expect(program.stderr).toMatch(/"reason":"client".*"msg":"request cancelled"/), 10_000);
}

describe('the code of README.md', () => {
  const page = 'README.md';

  it('says hello as often as it is told', async () => {
    await start(page, 'HelloController');
    expect(await ask('/hello/2')).toEqual([200, { message: 'Hello! Hello!' }]);
    expect(await ask('/hello/two')).toMatchObject([400, { code: 'VALIDATION_FAILED', errors: [{ path: 'times' }] }]);
  });

  it('stops its query when the client leaves', async () => {
    await start(page, 'ReportsController');
    await leave('/reports/2026');
  });

  it('asks no more what is out of order', async () => {
    await start(page, 'WeatherController');
    for (let i = 0; i < 5; i++) expect((await ask('/weather'))[0]).not.toBe(503);
    expect(await ask('/weather')).toMatchObject([503, { code: 'BREAKER_OPEN' }]);
  });

  it('uses a service of another plugin', async () => {
    await start(page, 'WelcomePlugin');
    expect(await ask('/welcome')).toEqual([200, 'Hello, Ada']);
  });

  it('pushes what belongs to a page', async () => {
    await start(page, '@Push');
    const client = await H2Client.connect(url);
    const promised: unknown[] = [];
    client.session.on('stream', (stream, headers) => {
      promised.push(headers[':path']);
      stream.resume();
    });
    const { status } = await client.begin({ ':path': '/users/1' }).response;
    await client.close();
    expect([status, promised]).toEqual([200, ['/users/1/posts']]);
  });

  it('chats over a WebSocket, and echoes lines on a raw connection', async () => {
    await start(page, 'ChatSocket');
    const [one, two] = [await WsClient.connect(new URL('/chat', url)), await WsClient.connect(new URL('/chat', url))];
    one.socket.send(JSON.stringify({ type: 'say', text: 'hi' }));
    expect(await two.next()).toEqual({ type: 'said', text: 'hi' });
    one.socket.terminate();
    two.socket.terminate();
    const raw = await RawClient.connect(url);
    raw.write(request('GET', '/echo', { connection: 'Upgrade', upgrade: 'line-echo' }), 'over and out\n');
    await raw.until('over and out\n');
    raw.close();
  });
});

it('an application that came from NestJS answers as it did there', async () => {
  await start('docs/from-nestjs.md', 'CatsController');
  expect(await ask('/cats/0')).toEqual([200, { id: 0, name: 'Tom' }]);
  expect((await ask('/cats/7'))[0]).toBe(404);
  expect((await ask('/cats/x'))[0]).toBe(400);
  expect((await post('/cats', { name: 'Kit' }))[0]).toBe(403);
  expect(await post('/cats', { name: 'Kit' }, { 'x-key': 'secret' })).toEqual([201, { id: 1, name: 'Kit' }]);
  expect((await post('/cats', { name: '', x: 1 }, { 'x-key': 'secret' }))[0]).toBe(400);
});

it('an application that came from Express answers with the headers and the errors of its middleware', async () => {
  await start('docs/from-express-and-fastify.md', 'helmet');
  expect(await ask('/cats/0')).toEqual([200, { id: 0, name: 'Tom' }]);
  expect(await post('/cats', { name: 'Kit' })).toEqual([201, { id: 1, name: 'Kit' }]);
  expect(await ask('/cats/1')).toEqual([200, { id: 1, name: 'Kit' }]);
  expect(await ask('/cats/7')).toEqual([404, { error: 'There is no cat 7.' }]);
  expect((await ask('/cats/x'))[0]).toBe(400);
  expect((await fetch(new URL('/cats/0', url))).headers.get('x-dns-prefetch-control')).toBe('off');
});

it('an application that came from Fastify has its defaults and its bounds', async () => {
  await start('docs/from-express-and-fastify.md', 'NumbersController');
  expect(await ask('/numbers')).toEqual([200, [0, 1, 2]]);
  expect(await ask('/numbers?count=1')).toEqual([200, [0]]);
  expect((await ask('/numbers?count=101'))[0]).toBe(400);
});

it('what docs/getting-started.md makes in ten minutes has a breaker, and a query that stops', async () => {
  const named = piecesOf('docs/getting-started.md').filter(({ file }) => file?.startsWith('src/') === true);
  const main = `
    import { Module, serve } from 'rockstar-web';
    import { OrdersController } from './orders.controller';
    import { PricesService } from './prices.service';
    @Module({ controllers: [OrdersController], providers: [PricesService] })
    class App {}
    void serve(App, { port: 3000 });`;
  await startFiles({ ...Object.fromEntries(named.map(({ file = '', code }) => [basename(file), code])), 'main.ts': main });
  const statuses: number[] = [];
  for (let i = 0; i < 6; i++) statuses.push((await ask('/orders/price/book'))[0]);
  expect(statuses).toEqual([502, 502, 502, 502, 502, 503]);
  expect(await ask('/health/ready')).toEqual([200, { status: 'degraded' }]);
  expect((await ask('/metrics'))[1]).toContain('circuit_breaker_state{name="external_api"} 2');
  await leave('/orders/report');
});
