import { type Client, type Door, http1, http2 } from '../journeys/doors';
import { hasPromtool, lintPrometheusText, runPromtool } from '../metrics/prometheus-text';
import { SampleProcess } from '../support/sample-process';
import { soon } from '../support/soon';

const ADMIN = { authorization: 'Bearer secret' };
const JSON_BODY = { 'content-type': 'application/json' };
const GREETINGS: Readonly<Record<string, string>> = { '1.0.0': 'Hello, stranger!', '2.0.0': 'Welcome, whoever you are!' };
const CLIENTS = 16;

const MODES: readonly { readonly mode: string; readonly environment: Record<string, string>; readonly door: Door }[] = [
  { mode: 'plain HTTP/1.1', environment: {}, door: http1 },
  { mode: 'TLS=1', environment: { TLS: '1' }, door: http1 },
  { mode: 'HTTP2=1', environment: { HTTP2: '1' }, door: http2 },
  { mode: 'HTTP2=1 and a client of HTTP/1.1', environment: { HTTP2: '1' }, door: http1 },
];

let sample: SampleProcess;
let url: URL;
let client: Client;

async function start(environment: Readonly<Record<string, string>>, door: Door): Promise<void> {
  sample = SampleProcess.sample('plugins', { ADMIN_TOKEN: 'secret', ...environment });
  url = await sample.listening();
  client = await door.connect(url);
}

async function ask(path: string, headers: Record<string, string> = {}): Promise<readonly [number, unknown]> {
  const { status, text } = await client.ask({ path, headers });
  return [status, text === '' ? undefined : JSON.parse(text)];
}

async function send(method: string, path: string, body: string, headers: Record<string, string> = {}) {
  const answer = await client.ask({ method, path, body, headers: { ...JSON_BODY, ...headers } });
  return [answer.status, answer.text === '' ? undefined : (answer.json() as Record<string, unknown>)] as const;
}

const swap = (version: unknown, headers: Record<string, string> = ADMIN) =>
  send('PUT', '/api/plugins/greeting-plugin', JSON.stringify({ version }), headers);
const remove = (headers: Record<string, string> = ADMIN) =>
  client.ask({ method: 'DELETE', path: '/api/plugins/greeting-plugin', headers });

const nameOf = ({ name, version }: { name: string; version: string }): string => `${name}@${version}`;

async function stop(): Promise<void> {
  await client.close();
  expect(await sample.end()).toBe(0);
}

describe.each(MODES)('the sample plugins over $mode', ({ environment, door }) => {
  beforeAll(() => start(environment, door), 60_000);
  afterAll(stop, 60_000);

  it('lets in who has logged in, and nobody else', async () => {
    const [status, login] = await send('POST', '/api/login', '{"user":"Ada"}');
    expect([status, typeof login?.token]).toEqual([200, 'string']);
    const authorization = `Bearer ${String(login?.token)}`;
    expect(await ask('/api/users/me', { authorization })).toEqual([200, { user: 'Ada' }]);
    // One version of auth-plugin made the token, and the other knows whose it is.
    expect(await ask('/api/greeting', { authorization })).toEqual([200, { message: 'Hello, Ada!', version: '1.0.0' }]);
    const others = ['', 'Basic QWRhOg==', 'Bearer', 'Bearer x.y.z', `${authorization}x`, ADMIN.authorization];
    for (const given of others) {
      const refused = await client.ask({ path: '/api/users/me', headers: given === '' ? {} : { authorization: given } });
      expect([given, refused.status, refused.header('www-authenticate')]).toEqual([given, 401, 'Bearer']);
      expect(refused.header('content-type')).toMatch(/^application\/problem\+json/);
    }
    expect((await ask('/api/greeting', { authorization: 'Bearer x.y.z' }))[1]).toMatchObject({ message: GREETINGS['1.0.0'] });
  });

  it('refuses a login that is none', async () => {
    for (const body of [
      '{}',
      '{"user":""}',
      '{"user":7}',
      `{"user":"${'x'.repeat(51)}"}`,
      '{"user":"a","admin":true}',
      '{',
      '[]',
    ])
      expect([body, (await send('POST', '/api/login', body))[0]]).toEqual([body, 400]);
    expect((await send('POST', '/api/login', 'user=Ada', { 'content-type': 'text/plain' }))[0]).toBe(415);
    const answer = await client.ask({ path: '/api/login' });
    expect([answer.status, answer.header('allow')]).toEqual([405, 'OPTIONS, POST']);
  });

  it('swaps and removes a plugin under load, and no request fails', async () => {
    let isRemoving = false;
    let isDone = false;
    const seen = new Map<string, number>();
    const load = async (): Promise<void> => {
      const loader = await door.connect(url);
      while (!isDone) {
        const { status, text } = await loader.ask({ path: '/api/greeting' });
        const { message, version, code } = JSON.parse(text) as Record<string, string>;
        const isWhole = status === 200 && message === GREETINGS[version];
        const word = isWhole ? version : `${status} ${code ?? text}${isRemoving ? '' : ' too early'}`;
        seen.set(word, (seen.get(word) ?? 0) + 1);
      }
      await loader.close();
    };
    const loaders = Array.from({ length: CLIENTS }, load);
    /** Until all of them have asked this version. */
    const loaded = (version: string): Promise<void> => {
      const before = seen.get(version) ?? 0;
      return soon(() => expect((seen.get(version) ?? 0) - before).toBeGreaterThan(2 * CLIENTS), 20_000);
    };
    await loaded('1.0.0');
    for (const version of ['2.0.0', '1.0.0', '2.0.0', '2.0.0', '1.0.0', '2.0.0']) {
      expect(await swap(version)).toMatchObject([200, { name: 'greeting-plugin', version }]);
      // Whoever asks after the answer meets the new one.
      expect(await ask('/api/greeting')).toEqual([200, { message: GREETINGS[version], version }]);
      await loaded(version);
    }
    isRemoving = true;
    const removed = await remove();
    expect([removed.status, removed.text]).toEqual([204, '']);
    expect(await ask('/api/greeting')).toMatchObject([404, { status: 404 }]);
    isDone = true;
    await Promise.all(loaders);
    expect([...seen.keys()].filter((word) => !(word in GREETINGS) && word !== '404 ROUTE_NOT_FOUND')).toEqual([]);

    expect(await remove()).toMatchObject({ status: 404 });
    expect(((await ask('/api/plugins'))[1] as { name: string }[]).map(({ name }) => name)).not.toContain('greeting-plugin');
    expect((await swap('1.0.0'))[0]).toBe(200);
    expect(await ask('/api/greeting')).toEqual([200, { message: GREETINGS['1.0.0'], version: '1.0.0' }]);
    expect(sample.stderr).not.toMatch(/"level":"(error|fatal)"/);
  });

  it('lets operators alone exchange plugins, and only for what there is', async () => {
    const strangers: Record<string, string>[] = [{}, { authorization: 'Bearer nobody' }];
    for (const headers of strangers) {
      const answer = await client.ask({ method: 'DELETE', path: '/api/plugins/greeting-plugin', headers });
      expect([answer.status, answer.header('www-authenticate')]).toMatchObject([401, expect.stringMatching(/^Bearer/)]);
      expect((await swap('2.0.0', headers))[0]).toBe(401);
    }
    for (const version of ['3.0.0', '', 2, null, undefined, ['2.0.0']]) {
      const [status, problem] = await swap(version);
      expect([status, problem?.errors]).toMatchObject([400, [{ path: 'version' }]]);
    }
    expect((await send('PUT', '/api/plugins/auth-plugin', '{"version":"2.0.0"}', ADMIN))[0]).toBe(404);
    expect(await ask('/api/greeting')).toEqual([200, { message: GREETINGS['1.0.0'], version: '1.0.0' }]);
  });
});

describe('the sample plugins', () => {
  beforeAll(() => start({ AUTH_SECRET: 'a-secret-that-is-long-enough-for-this' }, http1), 60_000);
  afterAll(stop, 60_000);

  it('lists its services by description, and nothing of what they hold', async () => {
    const { status, text } = await client.ask({ path: '/api/services' });
    expect(status).toBe(200);
    expect(text).not.toContain('a-secret');
    const auth = { plugin: 'auth-plugin', service: 'auth', timeoutMs: 1000 };
    const cache = { plugin: 'cache-plugin', service: 'cache' };
    const services = JSON.parse(text) as Record<string, unknown>[];
    expect(services).toHaveLength(4);
    expect(services).toEqual(
      expect.arrayContaining([
        { ...auth, version: '1.4.0', description: 'Checks tokens', health: 'unknown' },
        { ...auth, version: '2.0.0', description: 'Makes and checks tokens', health: 'up' },
        { ...cache, version: '1.0.0', description: 'Texts, for a minute', health: 'unknown' },
        { ...cache, version: '2.0.0', description: 'Values, as long as is said', health: 'up' },
      ]),
    );
  });

  it('lists its plugins in the order they were started: each behind what it depends on', async () => {
    const plugins = (await ask('/api/plugins'))[1] as { name: string; version: string; state: string; dependencies: string[] }[];
    expect(plugins.map(nameOf).sort()).toEqual([
      'auth-plugin@1.4.0',
      'auth-plugin@2.0.0',
      'cache-plugin@2.0.0',
      'discovery-plugin@1.0.0',
      'greeting-plugin@1.0.0',
      'registry-plugin@1.0.0',
      'user-plugin@1.0.0',
    ]);
    expect(new Set(plugins.map(({ state }) => state))).toEqual(new Set(['started']));
    const at = (title: string): number => plugins.map(nameOf).indexOf(title);
    expect(at('user-plugin@1.0.0')).toBeGreaterThan(at('auth-plugin@2.0.0'));
    expect(at('greeting-plugin@1.0.0')).toBeGreaterThan(at('auth-plugin@1.4.0'));
    expect(at('discovery-plugin@1.0.0')).toBeGreaterThan(Math.max(at('cache-plugin@2.0.0'), at('auth-plugin@2.0.0')));
    expect(plugins.find(({ name }) => name === 'user-plugin')?.dependencies).toEqual(['auth-plugin.auth']);
  });

  it('finds the services there are, and says once what is missing', async () => {
    const missing = ['storage-plugin.storage'];
    for (let i = 0; i < 3; i++)
      expect(await ask('/api/discovery')).toEqual([200, { found: ['auth-plugin.auth', 'cache-plugin.cache'], missing }]);
    await soon(() => expect(sample.stderr.match(/an optional service is missing/g)).toHaveLength(1));
    expect(sample.stderr).toMatch(/"plugin":"discovery-plugin@1\.0\.0","service":"storage-plugin\.storage"/);
  });

  it('is healthy, and its metrics are what Prometheus reads', async () => {
    expect((await ask('/health/live'))[0]).toBe(200);
    expect(await ask('/health/ready')).toMatchObject([200, { status: 'up' }]);
    const { text } = await client.ask({ path: '/metrics' });
    expect(lintPrometheusText(text)).toEqual([]);
    if (hasPromtool) expect(runPromtool(text)).toEqual({ status: 0, output: '' });
    expect((await ask('/nowhere'))[0]).toBe(404);
  });
});
