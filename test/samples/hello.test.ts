import { request as httpsRequest } from 'node:https';
import { hasPromtool, lintPrometheusText, runPromtool } from '../metrics/prometheus-text';
import { H2Client } from '../support/h2-client';
import { SampleProcess } from '../support/sample-process';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** How the sample is started, and how a client asks it. */
interface Way {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly scheme: string;
  readonly ask: (url: URL, ask: Ask) => Promise<Answer>;
}

async function byFetch(url: URL, { method = 'GET', path, headers = {}, body }: Ask): Promise<Answer> {
  const response = await fetch(new URL(path, url), {
    method,
    headers: { connection: 'close', ...headers },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, headers: Object.fromEntries(response.headers), text: await response.text() };
}

function byHttps(url: URL, { method = 'GET', path, headers = {}, body }: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const options = { method, headers: { ...length, ...headers }, rejectUnauthorized: false, agent: false };
    const request = httpsRequest(new URL(path, url), options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    request.once('error', reject);
    request.end(body);
  });
}

async function byHttp2(url: URL, { method = 'GET', path, headers = {}, body }: Ask): Promise<Answer> {
  const client = await H2Client.connect(url);
  const asked = client.begin({ ':method': method, ':path': path, ...headers }, { endStream: body === undefined });
  if (body !== undefined) asked.stream.end(body);
  const response = await asked.response;
  client.session.destroy();
  return { status: response.status, headers: response.headers, text: response.body.toString('utf8') };
}

const WAYS: readonly Way[] = [
  { name: 'HTTP/1.1', environment: {}, scheme: 'http:', ask: byFetch },
  { name: 'HTTP/1.1 with TLS=1', environment: { TLS: '1' }, scheme: 'https:', ask: byHttps },
  { name: 'HTTP/2 with HTTP2=1', environment: { HTTP2: '1' }, scheme: 'https:', ask: byHttp2 },
  { name: 'HTTP/1.1 with HTTP2=1', environment: { HTTP2: '1' }, scheme: 'https:', ask: byHttps },
];

const ADA = { name: 'Ada', email: 'ada@example.com', age: 36, address: { street: 'St James Square', city: 'London' } };

describe.each(WAYS)('hello over $name', ({ environment, scheme, ask }) => {
  let sample: SampleProcess;
  let url: URL;
  const get = (path: string): Promise<Answer> => ask(url, { path });
  const post = (value: unknown, type = 'application/json'): Promise<Answer> =>
    ask(url, {
      method: 'POST',
      path: '/users',
      headers: { 'content-type': type },
      body: typeof value === 'string' ? value : JSON.stringify(value),
    });
  const problem = (answer: Answer): { code: string; status: number; errors?: { path: string }[] } => {
    expect(answer.headers['content-type']).toBe('application/problem+json');
    const body = JSON.parse(answer.text) as { code: string; status: number; errors?: { path: string }[] };
    expect(body).toMatchObject({
      type: expect.any(String),
      title: expect.any(String),
      status: answer.status,
      detail: expect.any(String),
      code: expect.any(String),
    });
    expect(answer.text).not.toMatch(/stack|node_modules|\.ts/);
    return body;
  };
  const faults = (answer: Answer): string[] => {
    expect(answer.status).toBe(400);
    return [...new Set(problem(answer).errors?.map(({ path }) => path))];
  };

  beforeAll(async () => {
    sample = SampleProcess.sample('hello', environment);
    url = await sample.listening();
  });

  afterAll(async () => {
    expect(await sample.end()).toBe(0);
    expect(sample.stdout).toBe(`listening on ${url.origin}\n`);
    for (const line of sample.stderr.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ level: expect.any(String) });
  });

  it('says hello', async () => {
    expect(url.protocol).toBe(scheme);
    const { status, text, headers } = await get('/');
    expect({ status, text }).toEqual({ status: 200, text: '{"hello":"world"}' });
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it.each([
    ['/users/7', { id: 7, verbose: false }],
    ['/users/-12?verbose=true', { id: -12, verbose: true }],
    ['/users/9007199254740991?verbose=false', { id: 9007199254740991, verbose: false }],
    ['/users/007', { id: 7, verbose: false }],
  ])('converts %s', async (path, expected) => {
    const { status, text } = await get(path);
    expect({ status, body: JSON.parse(text) as unknown }).toEqual({ status: 200, body: expected });
  });

  it.each([
    ['/users/seven', ['id']],
    ['/users/1.5', ['id']],
    ['/users/1e3', ['id']],
    ['/users/%207', ['id']],
    ['/users/9007199254740992', ['id']],
    ['/users/7?verbose=yes', ['verbose']],
    ['/users/7?verbose=', ['verbose']],
    ['/users/7?verbose=true&verbose=true', ['verbose']],
    ['/users/x?verbose=1', ['id', 'verbose']],
  ])('refuses %s', async (path, paths) => {
    expect(faults(await get(path))).toEqual(paths);
  });

  it('makes a user, with the defaults of what is left out, and says where it is', async () => {
    const { status, text, headers } = await post(ADA);
    const user = JSON.parse(text) as { id: number };
    expect(status).toBe(201);
    expect(user).toEqual({ ...ADA, id: expect.any(Number), tags: [], plan: 'free' });
    expect(Number.isInteger(user.id)).toBe(true);
    expect(headers.location).toBe(`/users/${user.id}`);
    expect(JSON.parse((await post({ ...ADA, tags: ['math'], plan: 'pro' })).text)).toMatchObject({ tags: ['math'], plan: 'pro' });
  });

  it.each([
    [{}, ['name', 'email', 'age', 'address']],
    [{ ...ADA, name: '' }, ['name']],
    [{ ...ADA, name: 'x'.repeat(51) }, ['name']],
    [{ ...ADA, email: 'nobody' }, ['email']],
    [{ ...ADA, age: 151 }, ['age']],
    [{ ...ADA, age: -1 }, ['age']],
    [{ ...ADA, age: 1.5 }, ['age']],
    [{ ...ADA, age: '36' }, ['age']],
    [{ ...ADA, address: { street: 'here' } }, ['address.city']],
    [{ ...ADA, address: null }, ['address']],
    [{ ...ADA, address: [] }, ['address']],
    [{ ...ADA, address: { ...ADA.address, zip: 1 } }, ['address.zip']],
    [{ ...ADA, tags: Array(11).fill('t') }, ['tags']],
    [{ ...ADA, tags: [1] }, ['tags']],
    [{ ...ADA, tags: null }, ['tags']],
    [{ ...ADA, plan: 'gold' }, ['plan']],
    [{ ...ADA, admin: true }, ['admin']],
    [[], ['']],
    ['"text"', ['']],
    ['null', ['']],
  ])('refuses the body %j', async (body, paths) => {
    expect(faults(await post(body)).sort()).toEqual([...paths].sort());
  });

  it('tells what is wrong with a body as a whole', async () => {
    const codes = async (answer: Promise<Answer>): Promise<[number, string]> => {
      const it = await answer;
      return [it.status, problem(it).code];
    };
    expect(await codes(post('{"name":'))).toEqual([400, 'BODY_MALFORMED']);
    expect(await codes(post('{"__proto__":{"admin":true}}'))).toEqual([400, 'BODY_MALFORMED']);
    expect(await codes(post('name=Ada', 'text/plain'))).toEqual([415, 'BODY_TYPE_UNSUPPORTED']);
    expect(await codes(post('name=Ada', 'application/x-www-form-urlencoded'))).toEqual([415, 'BODY_TYPE_UNSUPPORTED']);
    expect(await codes(post({ ...ADA, name: 'x'.repeat(1024 * 1024) }))).toEqual([413, 'BODY_TOO_LARGE']);
  });

  it('answers what is not there, what is there otherwise, and HEAD', async () => {
    const missing = await get('/nothing');
    expect([missing.status, problem(missing).code]).toEqual([404, 'ROUTE_NOT_FOUND']);
    const other = await ask(url, { method: 'DELETE', path: '/users/7' });
    expect([other.status, problem(other).code, other.headers.allow]).toEqual([
      405,
      'ROUTE_METHOD_NOT_ALLOWED',
      'GET, HEAD, OPTIONS',
    ]);
    const head = await ask(url, { method: 'HEAD', path: '/' });
    expect([head.status, head.headers['content-length'], head.text]).toEqual([200, '17', '']);
  });

  it('says that it is alive and ready, and tells its numbers in a form that Prometheus takes', async () => {
    expect((await get('/health/live')).status).toBe(200);
    const ready = await get('/health/ready');
    expect([ready.status, ready.text]).toEqual([200, '{"status":"up"}']);
    const { status, headers, text } = await get('/metrics');
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(text).toMatch(/^http_server_request_duration_seconds_count\{.*http_route="\/health\/ready".*\} \d+$/m);
    expect(lintPrometheusText(text)).toEqual([]);
    if (hasPromtool) expect(runPromtool(text)).toEqual({ status: 0, output: '' });
  });
});
