import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, get as getHttp, type Server, type ServerResponse } from 'node:http';
import { get as getHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Client } from 'pg';
import { chromium } from 'playwright-core';
import { hasServer, SERVER_URL, urlAs } from '../database/servers';
import { hasPromtool, lintPrometheusText, runPromtool } from '../metrics/prometheus-text';
import { findBrowser } from '../openapi/browser';
import { H2Client } from '../support/h2-client';
import { RawClient, request } from '../support/raw-client';
import { SampleProcess } from '../support/sample-process';
import { soon } from '../support/soon';

// Several starts of a database or a process, on a machine that may have much else to do.
interface Active {
  readonly route: string;
  readonly ageMs: number;
  readonly waitsFor: string;
  readonly cancelled?: string;
}

interface Cancellation {
  readonly route: string;
  readonly reason: string;
  readonly count: number;
  readonly stillRunning: number;
}

interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly text: string;
}

/** A client that asked, and how it leaves. */
interface Visit {
  /** Whether something of the answer has come. */
  hasBegun(): boolean;
  leave(): void;
  /** Lets go of what is left of it. */
  close(): void;
}

type Visitor = (url: URL, path: string) => Promise<Visit>;

const overHttp1 =
  (leave: (client: RawClient) => void): Visitor =>
  async (url, path) => {
    const client = await RawClient.connect(url);
    client.write(request('GET', path));
    return { hasBegun: () => client.unread.length > 0, leave: () => leave(client), close: () => client.close() };
  };

const overHttp2 =
  (leave: (client: H2Client, cancel: () => void) => void): Visitor =>
  async (url, path) => {
    const client = await H2Client.connect(url);
    const asked = client.begin({ ':path': path });
    const { session } = client;
    return {
      hasBegun: () => asked.chunks.length > 0,
      leave: () => leave(client, () => asked.cancel()),
      close: () => session.destroy(),
    };
  };

const HTTP1_VISITORS: readonly (readonly [string, Visitor])[] = [
  ['closes its connection', overHttp1((client) => client.close())],
  ['half-closes its connection', overHttp1((client) => client.end())],
  ['resets its connection', overHttp1((client) => client.reset())],
];

const HTTP2_VISITORS: readonly (readonly [string, Visitor])[] = [
  ['resets its stream', overHttp2((_client, cancel) => cancel())],
  ['loses its HTTP/2 connection', overHttp2(({ session }) => session.destroy())],
];

const LONG_MS = 30_000;

const hasCurl = spawnSync('curl', ['--version']).status === 0;
const NAME = `rockstar-sample-${process.pid}`;

const WAYS = [
  {
    name: 'HTTP/1.1 and the embedded database',
    environment: { DATABASE_URL: 'embedded' },
    isServer: false,
    visitors: HTTP1_VISITORS,
  },
  {
    name: `HTTP/2 and HTTP/1.1 on one TLS port, and ${hasServer ? 'a PostgreSQL server' : 'the embedded database, as no server answers here'}`,
    environment: { HTTP2: '1', DATABASE_URL: hasServer ? urlAs(NAME) : 'embedded' },
    isServer: hasServer,
    visitors: [...HTTP1_VISITORS, ...HTTP2_VISITORS],
  },
] as const;

/** A service that answers when it is told to, and counts the connections on which somebody waits. */
class Upstream {
  readonly waiting = new Set<ServerResponse>();
  readonly #server: Server = createServer((_request, response) => {
    this.waiting.add(response);
    response.once('close', () => this.waiting.delete(response));
  });

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/some/path`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

/** A large answer, read as it comes. */
function download(url: URL): Promise<Answer> {
  const get = url.protocol === 'https:' ? getHttps : getHttp;
  return new Promise((resolve, reject) => {
    const asked = get(url, { rejectUnauthorized: false, agent: false }, (response) => {
      const parts: string[] = [];
      response.setEncoding('utf8').on('data', (part: string) => parts.push(part));
      response.once('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'], text: parts.join('') }),
      );
    });
    asked.once('error', reject);
  });
}

describe.each(WAYS)('the sample cancellation over $name', ({ environment, isServer, visitors }) => {
  let sample: SampleProcess;
  let url: URL;
  let upstream: Upstream;
  let operator: RawClient;
  let visits: Visit[] = [];
  let observer: Client | undefined;

  beforeAll(async () => {
    upstream = new Upstream();
    sample = SampleProcess.sample('cancellation', {
      ...environment,
      DEADLINE_MS: '3000',
      UPSTREAM_URL: await upstream.open(),
      SHUTDOWN_GRACE_MS: '3000',
    });
    url = await sample.listening();
    operator = await RawClient.connect(url);
    if (isServer) {
      observer = new Client({ connectionString: SERVER_URL });
      await observer.connect();
    }
  }, 90_000);

  afterAll(async () => {
    operator.close();
    expect(await sample.end()).toBe(0);
    expect(sample.stdout).toBe(`listening on ${url.origin}\n`);
    for (const line of sample.stderr.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ level: expect.any(String) });
    await upstream.close();
    await observer?.query('DROP TABLE IF EXISTS rockstar_sample_users');
    await observer?.end();
  });

  afterEach(() => {
    for (const visit of visits) visit.close();
    visits = [];
  });

  /** A client asks; it is gone after the test at the latest. */
  async function go(visit: Visitor, path: string): Promise<Visit> {
    const made = await visit(url, path);
    visits.push(made);
    return made;
  }

  async function ask(path: string, method = 'GET', client = operator): Promise<Answer> {
    const { status, headers, body } = await client.ask(
      request(method, path, method === 'POST' ? { 'content-length': 0 } : {}),
      method,
    );
    return { status, type: headers.get('content-type')?.join(), text: body.toString('utf8') };
  }

  async function json<T>(path: string, method?: string): Promise<T> {
    const { text } = await ask(path, method);
    return JSON.parse(text) as T;
  }

  const active = (): Promise<Active[]> => json('/api/active');
  const activeOn = async (route: string): Promise<Active[]> => (await active()).filter((one) => one.route === route);

  async function cancelled(route: string, reason: string): Promise<Pick<Cancellation, 'count' | 'stillRunning'>> {
    const all = await json<Cancellation[]>('/api/cancellations');
    return all.find((one) => one.route === route && one.reason === reason) ?? { count: 0, stillRunning: 0 };
  }

  /** What PostgreSQL works on for the sample. */
  async function queries(): Promise<string[]> {
    const found = await observer?.query<{ query: string }>(
      "SELECT query FROM pg_stat_activity WHERE application_name = $1 AND state <> 'idle'",
      [NAME],
    );
    return found?.rows.map(({ query }) => query) ?? [];
  }

  describe('answers who stays', () => {
    it.each([
      ['GET', '/api/long-task?steps=2', { status: 'complete', steps: 2 }],
      ['GET', '/api/data?seconds=0.1', { seconds: 0.1, startedAt: expect.any(String) }],
      [
        'GET',
        '/api/batch-process?items=2',
        {
          status: 'complete',
          results: [
            { item: 1, square: 1 },
            { item: 2, square: 4 },
          ],
        },
      ],
      ['GET', '/api/quick?workMs=5', { status: 'complete', workMs: 5 }],
      ['GET', '/api/normal?workMs=1100', { status: 'complete', workMs: 1100 }],
      ['POST', '/api/batch?workMs=1100', { status: 'complete', workMs: 1100 }],
    ])('%s %s', async (method, path, expected) => {
      const answer = await ask(path, method);
      expect([answer.status, JSON.parse(answer.text)]).toEqual([200, expected]);
    });

    it('with the rows of a large table as lines of JSON', async () => {
      const { status, type, text } = await download(new URL('/api/users', url));
      const rows = text.trimEnd().split('\n');
      expect([status, type, rows.length]).toEqual([200, 'application/x-ndjson; charset=utf-8', 100_000]);
      expect(JSON.parse(rows[41] ?? '')).toEqual({ id: 42, name: 'User 42', email: 'user42@example.com' });
    });

    it('with what the upstream says, as it comes', async () => {
      const answer = ask('/api/proxy');
      const other = await RawClient.connect(url);
      await soon(() => expect(upstream.waiting.size).toBe(1));
      expect((await ask('/api/active', 'GET', other)).text).toMatch(/"route":"\/api\/proxy".*"waitsFor":"upstream"/);
      other.close();
      for (const response of upstream.waiting)
        response.writeHead(200, { 'content-type': 'text/plain', connection: 'close' }).end('from behind');
      expect(await answer).toMatchObject({ status: 200, type: 'text/plain', text: 'from behind' });
    });

    it('with events that have ids, from the last one that was seen', async () => {
      const client = await RawClient.connect(url);
      client.write(request('GET', '/api/stream', { 'last-event-id': '41' }));
      await client.until('id: 43');
      expect(client.unread.toString('utf8')).toMatch(
        /content-type: text\/event-stream[\s\S]*event: tick\nid: 42\ndata: \{"at":"/i,
      );
      client.close();
    });

    it('but not with what it does not take', async () => {
      for (const path of ['/api/long-task?steps=x', '/api/long-task?steps=0', '/api/data?seconds=-1', '/api/quick?workMs=1e9']) {
        const answer = await ask(path);
        const body = JSON.parse(answer.text) as { errors: { path: string }[] };
        expect({ path, ...answer, errors: body.errors.map((one) => one.path) }).toMatchObject({
          status: 400,
          type: 'application/problem+json',
          errors: [/\?(\w+)/.exec(path)?.[1]],
        });
      }
      expect((await ask('/api/nothing')).status).toBe(404);
      expect((await ask('/api/batch')).status).toBe(405);
    });
  });

  describe.each(visitors)('when a client %s', (_how, visit) => {
    it.each([
      ['/api/long-task', ''],
      ['/api/data', '?seconds=2.5'],
      ['/api/batch-process', '?items=25'],
      ['/api/normal', '?workMs=9000'],
      ['/api/observable', ''],
      ['/api/stream', ''],
      ['/api/proxy', ''],
    ])('the work on %s is off the list, and nothing of it goes on', async (route, query) => {
      const before = await cancelled(route, 'client');
      const client = await go(visit, `${route}${query}`);
      await soon(async () => expect(await activeOn(route)).toHaveLength(1));
      if (route === '/api/proxy') await soon(() => expect(upstream.waiting.size).toBe(1));
      if (route === '/api/stream') await soon(() => expect(client.hasBegun()).toBe(true));
      if (route === '/api/data' && isServer) await soon(async () => expect(await queries()).toHaveLength(1));
      client.leave();
      await soon(async () => expect(await activeOn(route)).toEqual([]));
      // Whatever was waited for is over by now.
      expect(await queries()).toEqual([]);
      await soon(() => expect(upstream.waiting.size).toBe(0));
      expect(await cancelled(route, 'client')).toMatchObject({ count: before.count + 1, stillRunning: 0 });
    });

    it(
      'the rows of a table are read no further',
      async () => {
        const client = await go(visit, '/api/users');
        // The embedded database may have to start anew, because of what was cut before.
        await soon(() => expect(client.hasBegun()).toBe(true), LONG_MS);
        client.leave();
        await soon(async () => expect(await activeOn('/api/users')).toEqual([]));
        expect(await queries()).toEqual([]);
      },
      LONG_MS,
    );
  });

  it('code that ignores its signal stays on the list until it ends, however its client left', async () => {
    const clients = await Promise.all(visitors.map(([, visit]) => go(visit, '/api/task')));
    await soon(async () => expect(await activeOn('/api/task')).toHaveLength(clients.length));
    expect(await activeOn('/api/task')).toContainEqual({
      method: 'GET',
      route: '/api/task',
      ageMs: expect.any(Number),
      waitsFor: 'handler',
    });
    for (const client of clients) client.leave();
    await soon(async () =>
      expect((await activeOn('/api/task')).map((one) => one.cancelled)).toEqual(clients.map(() => 'client')),
    );
    expect(await cancelled('/api/task', 'client')).toMatchObject({ count: clients.length, stillRunning: clients.length });
    await soon(async () => expect(await active()).toEqual([]));
    expect(await cancelled('/api/task', 'client')).toMatchObject({ count: clients.length, stillRunning: 0 });
  });

  describe('at the deadline', () => {
    it.each([
      ['GET', '/api/data?seconds=30', '/api/data'],
      ['GET', '/api/quick?workMs=30000', '/api/quick'],
    ])('answers %s %s with 504', async (method, path, route) => {
      const answer = await ask(path, method);
      expect(answer.type).toBe('application/problem+json');
      expect(JSON.parse(answer.text)).toMatchObject({ status: 504, code: 'DEADLINE_EXCEEDED' });
      await soon(async () => expect(await activeOn(route)).toEqual([]));
      expect(await queries()).toEqual([]);
      expect((await cancelled(route, 'deadline')).count).toBeGreaterThan(0);
    });

    it('sends of a batch what there is', async () => {
      const { status, results } = await json<{ status: string; results: unknown[] }>('/api/batch-process?items=100');
      expect(status).toBe('partial');
      expect(results.length).toBeGreaterThan(0);
      expect(results.length).toBeLessThan(30);
    });
  });

  if (hasCurl) {
    it.each(visitors.length > 3 ? ['--http1.1', '--http2'] : ['--http1.1'])(
      'notices that curl %s was killed',
      async (protocol) => {
        const curl = spawn('curl', ['-sk', protocol, new URL('/api/long-task', url).href], { stdio: 'ignore' });
        await soon(async () => expect(await activeOn('/api/long-task')).toHaveLength(1));
        curl.kill('SIGKILL');
        await soon(async () => expect(await active()).toEqual([]));
      },
    );
  } else {
    it('is not asked by curl here, as there is none: the clients above are Node’s', () => {
      expect(hasCurl).toBe(false);
    });
  }

  it('says that it is alive and ready, and tells its numbers in a form that Prometheus takes', async () => {
    expect((await ask('/health/live')).status).toBe(200);
    expect(await ask('/health/ready')).toMatchObject({ status: 200, text: '{"status":"up"}' });
    const { text } = await ask('/metrics');
    for (const name of [
      'request_cancellations_total',
      'request_work_after_cancel_total',
      'db_client_operation_duration_seconds_count',
    ]) {
      expect(text).toMatch(new RegExp(`^${name}\\{`, 'm'));
    }
    expect(lintPrometheusText(text)).toEqual([]);
    if (hasPromtool) expect(runPromtool(text)).toEqual({ status: 0, output: '' });
  });

  const path = findBrowser();

  if (path === undefined) {
    it('IS NOT TRIED IN A BROWSER: there is no Chromium here (CHROMIUM_PATH, or chromium in the PATH)', () => {
      expect(findBrowser()).toBeUndefined();
    });
  } else {
    it('notices that a browser aborts a fetch, closes an EventSource, and closes its page', async () => {
      const browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox'] });
      try {
        const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
        await page.goto(new URL('/health/live', url).href);
        await page.evaluate(`
          window.leaving = new AbortController();
          fetch('/api/long-task', { signal: window.leaving.signal }).catch(() => undefined);
          window.events = new EventSource('/api/stream');
        `);
        const routes = async (): Promise<string[]> => (await active()).map(({ route }) => route).sort();
        await soon(async () => expect(await routes()).toEqual(['/api/long-task', '/api/stream']));
        await page.evaluate('window.leaving.abort()');
        await soon(async () => expect(await routes()).toEqual(['/api/stream']));
        await page.evaluate('window.events.close()');
        await soon(async () => expect(await routes()).toEqual([]));
        await page.evaluate("fetch('/api/long-task'); new EventSource('/api/stream'); undefined");
        await soon(async () => expect(await routes()).toEqual(['/api/long-task', '/api/stream']));
        await page.close();
        await soon(async () => expect(await routes()).toEqual([]));
      } finally {
        await browser.close();
      }
    });
  }
});

it('sends of a batch what there is when it is asked to stop, and ends with 0 within its grace', async () => {
  const sample = SampleProcess.sample('cancellation', {
    DATABASE_URL: hasServer ? SERVER_URL : 'embedded',
    DEADLINE_MS: '60000',
    SHUTDOWN_GRACE_MS: '4000',
  });
  const url = await sample.listening();
  const clients = await Promise.all(
    ['/api/batch-process?items=500', '/api/task', '/api/data?seconds=30'].map(async (path) => {
      const client = await RawClient.connect(url);
      client.write(request('GET', path));
      return client;
    }),
  );
  const [batch, task, data] = clients as [RawClient, RawClient, RawClient];
  const other = await RawClient.connect(url);
  await soon(async () => expect(JSON.parse((await other.ask(request('GET', '/api/active'))).body.toString())).toHaveLength(3));
  const ended = sample.end();
  const partial = await batch.response();
  expect([partial.status, JSON.parse(partial.body.toString())]).toMatchObject([200, { status: 'partial' }]);
  expect((await task.response()).status).toBe(200);
  expect(await data.response().then(({ status, body }) => [status, JSON.parse(body.toString()) as unknown])).toMatchObject([
    503,
    { status: 503 },
  ]);
  expect(await ended).toBe(0);
  for (const client of [...clients, other]) client.close();
  if (hasServer) {
    const observer = new Client({ connectionString: SERVER_URL });
    await observer.connect();
    await observer.query('DROP TABLE IF EXISTS rockstar_sample_users');
    await observer.end();
  }
}, 90_000);

it.each([
  ['a deadline', { DEADLINE_MS: 'soon' }, 'DEADLINE_MS must be a whole number of milliseconds'],
  ['an upstream', { UPSTREAM_URL: 'elsewhere' }, 'UPSTREAM_URL must be an http or https URL'],
])('refuses to start with %s that is none', async (_what, environment, told) => {
  const sample = SampleProcess.sample('cancellation', environment);
  expect(await sample.exited).toBe(1);
  expect(sample.stderr).toContain(told);
});
