import { H2Client } from '../support/h2-client';
import { RawClient, request } from '../support/raw-client';
import { SampleProcess } from '../support/sample-process';
import { soon } from '../support/soon';
import { json, UpstreamServer } from '../upstream/upstream-server';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  header(name: string): string | undefined;
}

async function ask(url: URL, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(new URL(path, url), init);
  const text = await response.text();
  const header = (name: string) => response.headers.get(name) ?? undefined;
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>), header };
}

const upstreams: UpstreamServer[] = [];

async function openUpstream(): Promise<UpstreamServer> {
  const upstream = await UpstreamServer.open((_request, response) => json(response, { fine: true }));
  upstreams.push(upstream);
  return upstream;
}

/** Answers with a failure of its own, and what nobody else may see. */
const fail: UpstreamServer['answer'] = (_request, response) => json(response, { secret: 'inside' }, 500);
/** Never answers. */
const hang: UpstreamServer['answer'] = () => undefined;

let sample: SampleProcess;
let url: URL;

async function start(name: string, environment: Readonly<Record<string, string>>): Promise<void> {
  sample = SampleProcess.sample(name, environment);
  url = await sample.listening();
}

afterEach(async () => {
  expect(await sample.end()).toBe(0);
  await Promise.all(upstreams.splice(0).map((upstream) => upstream.close()));
});

/** What the gateway answers, over HTTP/2. */
async function dashboard(): Promise<Answer> {
  const client = await H2Client.connect(url);
  try {
    const { status, headers, body } = await client.begin({ ':path': '/api/dashboard' }).response;
    return { status, body: JSON.parse(String(body)) as Record<string, unknown>, header: (name) => headers[name] as string };
  } finally {
    await client.close();
  }
}

describe('the sample api-gateway', () => {
  let users: UpstreamServer;
  let orders: UpstreamServer;

  beforeEach(async () => {
    [users, orders] = [await openUpstream(), await openUpstream()];
    const environment = { USER_SERVICE_URL: `${users.url}/`, ORDER_SERVICE_URL: orders.url, BREAKER_RESET_MS: '60000' };
    await start('api-gateway', { ...environment, DEADLINE_MS: '2000', CLIENT_TIMEOUT_MS: '500' });
  });

  it('asks each service at its path, also where its address ends with a slash', async () => {
    for (const service of [users, orders]) service.answer = (request, response) => json(response, request.url);
    expect((await dashboard()).body).toEqual({ user: '/api/user', orders: '/api/orders' });
  });

  it('sends what both services have, what one has, and says why there is nothing', async () => {
    const both = await dashboard();
    expect([both.status, both.body]).toEqual([200, { user: { fine: true }, orders: { fine: true } }]);
    expect(both.header('server-timing')).toMatch(/^user;dur=[\d.]+, orders;dur=[\d.]+$/);

    orders.answer = fail;
    const one = await dashboard();
    const missing = { partial: true, errors: [{ service: 'orders', code: 'UPSTREAM_FAILED' }] };
    expect([one.status, one.body]).toEqual([200, { user: { fine: true }, orders: null, ...missing }]);

    users.answer = hang;
    const none = await dashboard();
    expect([none.status, none.body.code]).toEqual([502, 'AGGREGATE_FAILED']);
    expect(JSON.stringify(none.body)).not.toContain('inside');

    // The breaker of a service that fails five times in a row asks it no more.
    for (let i = 0; i < 3; i++) await dashboard();
    const asked = orders.arrived.length;
    const open = await dashboard();
    expect(open.body.errors).toMatchObject([{ code: 'UPSTREAM_TIMEOUT' }, { service: 'orders', code: 'BREAKER_OPEN' }]);
    expect(orders.arrived.length).toBe(asked);
  });

  it('closes the calls of a client that leaves, and counts them against nobody', async () => {
    [users.answer, orders.answer] = [hang, hang];
    const client = await H2Client.connect(url);
    const asked = client.begin({ ':path': '/api/dashboard' });
    asked.response.catch(() => undefined);
    await soon(() => expect([users.arrived.length, orders.arrived.length]).toEqual([1, 1]));
    asked.cancel();
    await Promise.all([users.arrived[0]?.gone, orders.arrived[0]?.gone]);
    await client.close();
    [users.answer, orders.answer] = [(_request, response) => json(response, 1), (_request, response) => json(response, 2)];
    expect((await dashboard()).body).toEqual({ user: 1, orders: 2 });
  });
});

describe.each(['api-gateway', 'service-hub'])('the sample %s with less time than a call may take', (name) => {
  it('asks no more what hangs, though each of its calls was cut by the deadline', async () => {
    const [fine, hanging] = [await openUpstream(), await openUpstream()];
    hanging.answer = hang;
    const urls = { USER_SERVICE_URL: fine.url, ORDER_SERVICE_URL: hanging.url, PRODUCT_SERVICE_URL: fine.url };
    await start(name, { ...urls, DEADLINE_MS: '600', CLIENT_TIMEOUT_MS: '3000' });
    const answer = async () => JSON.stringify((await (name === 'api-gateway' ? dashboard() : ask(url, '/api/aggregate'))).body);
    for (let at = 0; at < 5; at++) expect(await answer()).toMatch(/DEADLINE_EXCEEDED|AGGREGATE_TIMEOUT/);
    // On a busy machine nothing may come in time, and a call may have begun too late to count.
    await soon(async () => expect(await answer()).toContain('BREAKER_OPEN'), 30_000);
    const { length } = hanging.arrived;
    expect(await answer()).toContain('BREAKER_OPEN');
    expect(hanging.arrived).toHaveLength(length);
  });
});

describe('the sample service-hub', () => {
  let users: UpstreamServer;
  let orders: UpstreamServer;
  let products: UpstreamServer;
  const admin = { authorization: 'Bearer secret', 'content-type': 'application/json' };

  beforeEach(async () => {
    [users, orders, products] = [await openUpstream(), await openUpstream(), await openUpstream()];
    const urls = { USER_SERVICE_URL: users.url, ORDER_SERVICE_URL: orders.url, PRODUCT_SERVICE_URL: products.url };
    await start('service-hub', { ...urls, CLIENT_TIMEOUT_MS: '500', DEADLINE_MS: '2000', ADMIN_TOKEN: 'secret' });
  });

  it('puts three services together, names what is missing, and fails when all is', async () => {
    const fine = { fine: true };
    expect(await ask(url, '/api/aggregate')).toMatchObject({
      status: 200,
      body: { users: fine, products: fine, orders: fine, errors: [] },
    });
    orders.answer = fail;
    const two = await ask(url, '/api/aggregate');
    expect([two.status, two.body]).toEqual([
      200,
      { users: fine, products: fine, orders: null, errors: ['orders: UPSTREAM_FAILED'] },
    ]);
    [users.answer, products.answer] = [hang, fail];
    const none = await ask(url, '/api/aggregate');
    expect([none.status, none.body.code]).toEqual([502, 'AGGREGATE_FAILED']);
  });

  it('passes a call through, and no further than to its service', async () => {
    users.answer = (asked, response) => json(response, { url: asked.url, cookie: asked.headers.cookie ?? null }, 404);
    const passed = await ask(url, '/api/services/users/a%20b/c?x=1&x=2', { headers: { cookie: 'session=1' } });
    expect([passed.status, passed.body]).toEqual([404, { url: '/a%20b/c?x=1&x=2', cookie: null }]);
    expect(await ask(url, '/api/services/nobody/x')).toMatchObject({ status: 404, body: { code: 'SERVICE_UNKNOWN' } });

    const elsewhere = await openUpstream();
    users.answer = (_asked, response) => void response.writeHead(302, { location: elsewhere.url }).end();
    expect(await ask(url, '/api/services/users/x')).toMatchObject({ status: 502, body: { code: 'UPSTREAM_REFUSED' } });
    users.answer = (_asked, response) => void response.end('x'.repeat(2 * 1024 * 1024));
    expect(await ask(url, '/api/services/users/x')).toMatchObject({ status: 502, body: { code: 'UPSTREAM_TOO_LARGE' } });
    expect(elsewhere.arrived).toEqual([]);

    // Out of the service is out of reach, whatever is put into the path.
    const raw = await RawClient.connect(url);
    raw.write(request('GET', '/api/services/users/%2e%2e/%2e%2e/secret'));
    const { status } = await raw.response();
    raw.close();
    expect(status).toBe(400);
    expect(users.arrived).toHaveLength(3);
  });

  it('passes a call through as it was sent, and its answer byte by byte', async () => {
    const picture = Buffer.from([0x89, 0x50, 0xff, 0xfe, 0x00, 0x80]);
    users.answer = (asked, response) => {
      const isEmpty = asked.url === '/none';
      response.writeHead(isEmpty ? 204 : 200, isEmpty ? {} : { 'content-type': 'image/png' }).end(isEmpty ? undefined : picture);
    };
    const passed = await fetch(new URL('/api/services/users/of/a%2Fb;v=1/%E2%82%AC', url));
    expect([passed.status, passed.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(Buffer.from(await passed.arrayBuffer())).toEqual(picture);
    expect(users.arrived[0]?.request.url).toBe('/of/a%2Fb%3Bv%3D1/%E2%82%AC');
    expect(await ask(url, '/api/services/users/none')).toMatchObject({ status: 204, body: {} });
    expect(await ask(url, '/api/services/users/..%2Fsecret')).toMatchObject({ status: 400 });
    // As many as would open the breaker, if they counted.
    for (let i = 0; i < 6; i++) expect(await ask(url, '/api/services/users//x')).toMatchObject({ status: 400 });
  });

  it('takes services in and lets them go while it runs, for operators alone', async () => {
    const put = (name: string, body: unknown, headers: Record<string, string> = admin) =>
      ask(url, `/api/services/${name}`, { method: 'PUT', headers, body: JSON.stringify(body) });
    expect(await put('billing', { baseUrl: orders.url }, { 'content-type': 'application/json' })).toMatchObject({ status: 401 });
    expect(await put('billing', { baseUrl: 'file:///etc/passwd' })).toMatchObject({ status: 400 });
    expect(await put('billing', { baseUrl: `${orders.url}/?tenant=1` })).toMatchObject({ status: 400 });
    expect(await put('Bad_Name', { baseUrl: orders.url })).toMatchObject({ status: 400 });
    expect(await put('billing', { baseUrl: orders.url })).toMatchObject({ status: 201 });
    expect(await ask(url, '/api/services/billing/x')).toMatchObject({ status: 200, body: { fine: true } });
    expect(await put('billing', { baseUrl: users.url })).toMatchObject({ status: 200 });
    const remove = () => ask(url, '/api/services/billing', { method: 'DELETE', headers: admin });
    expect((await remove()).status).toBe(204);
    expect((await remove()).status).toBe(404);
    expect((await ask(url, '/api/services/billing/x')).status).toBe(404);
  });

  it('knows nothing of what a service was like before it was removed', async () => {
    const put = (baseUrl: string) =>
      ask(url, '/api/services/billing', { method: 'PUT', headers: admin, body: JSON.stringify({ baseUrl }) });
    const statuses = async (times: number) => {
      const seen: number[] = [];
      for (let at = 0; at < times; at++) seen.push((await ask(url, '/api/services/billing/x')).status);
      return seen;
    };
    users.answer = fail;
    await put(users.url);
    expect(await statuses(6)).toEqual([502, 502, 502, 502, 502, 503]);
    await ask(url, '/api/services/billing', { method: 'DELETE', headers: admin });
    await put(orders.url);
    expect(await statuses(1)).toEqual([200]);
  });
});
