import { HttpError } from '../../lib/errors/http-error';
import { httpErrors } from '../../lib/http/errors';
import { readBody } from '../../lib/http/request-body';
import { routingErrors } from '../../lib/routing/errors';
import { type Answer, type Client, doors, problemOf } from '../support/doors';
import { H2Client } from '../support/h2-client';
import { Kernel, type Routes } from '../support/kernel';
import { chunked, post, RawClient, request } from '../support/raw-client';
import { soon, turn } from '../support/soon';

const LIMITS = {
  bodyLimitBytes: 1_000,
  urlLimitBytes: 1_000,
  headerLimitBytes: 4_000,
  bufferLimitBytes: 1_000,
  headersTimeoutMs: 100,
  requestTimeoutMs: 200,
};

const routes: Routes = {
  'GET /': () => 'here',
  'GET /circle': () => {
    const circle: Record<string, unknown> = {};
    circle.circle = circle;
    return circle;
  },
  'GET /status': { status: 99, statusDeclared: true, run: () => 'x' },
  'GET /header': (exchange) => exchange.setField('x', 'a\nb'),
  'GET /throws': () => {
    throw new Error('the password is hunter2');
  },
  'GET /slow': {
    timeoutMs: 20,
    run: (exchange) => new Promise((resolve) => exchange.lifetime.signal.addEventListener('abort', () => resolve(undefined))),
  },
  'GET /tagged': (exchange) => {
    exchange.setField('etag', '"one"');
    return 'x';
  },
  'GET /answered': (exchange) => {
    exchange.toNode().response.end('by hand');
    return 'and again';
  },
  'POST /json': (exchange) => readBody(exchange, 'json'),
  'POST /text': (exchange) => readBody(exchange, 'text'),
  'POST /twice': async (exchange) => {
    await readBody(exchange, 'text');
    return readBody(exchange, 'text');
  },
};

/** Bytes on an HTTP/1.1 connection that meet a failure, and whether it is closed behind the answer. */
interface Meeting {
  readonly send: string | ((kernel: Kernel) => string);
  readonly closes?: boolean;
  /** What goes on at the server and is only logged. */
  readonly logged?: boolean;
}

const CHUNKED = { 'transfer-encoding': 'chunked' };

/** Every failure that a client can meet. */
const meetings: Record<string, Meeting> = {
  REQUEST_MALFORMED: { send: 'nonsense\r\n\r\n', closes: true },
  REQUEST_HOST_INVALID: { send: 'GET / HTTP/1.1\r\n\r\n', closes: true },
  REQUEST_TIMEOUT: { send: 'GET / HTTP/1.1\r\n', closes: true },
  REQUEST_URL_TOO_LONG: { send: request('GET', `/${'x'.repeat(1_000)}`) },
  REQUEST_EXPECTATION_UNKNOWN: { send: request('GET', '/', { expect: 'more' }) },
  REQUEST_HEADERS_TOO_LARGE: { send: request('GET', '/', { x: 'x'.repeat(4_000) }), closes: true },
  REQUEST_CONNECT_REFUSED: { send: 'CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n', closes: true },
  BODY_TOO_LARGE: { send: post('/text', 'x'.repeat(1_001)) },
  BODY_TYPE_UNSUPPORTED: { send: post('/json', '<a/>', { 'content-type': 'text/xml' }) },
  BODY_ENCODING_UNSUPPORTED: { send: post('/text', 'x', { 'content-encoding': 'compress' }) },
  BODY_MALFORMED: { send: post('/json', '{', { 'content-type': 'application/json' }) },
  BODY_TAKEN: { send: post('/twice', 'x') },
  PRECONDITION_FAILED: { send: request('GET', '/tagged', { 'if-match': '"two"' }) },
  REPLY_ALREADY_SENT: { send: request('GET', '/answered'), logged: true },
  REPLY_HEADER_INVALID: { send: request('GET', '/header') },
  REPLY_STATUS_INVALID: { send: request('GET', '/status') },
  REPLY_NOT_SERIALIZABLE: { send: request('GET', '/circle') },
  SERVER_STOPPING: {
    send: (kernel) => {
      kernel.server.stopping = true;
      return request('GET', '/');
    },
    closes: true,
  },
  INTERNAL_ERROR: { send: request('GET', '/throws') },
  DEADLINE_EXCEEDED: { send: request('GET', '/slow') },
  ROUTE_NOT_FOUND: { send: request('GET', '/nowhere?secret=1') },
  ROUTE_METHOD_NOT_ALLOWED: { send: request('DELETE', '/') },
  ROUTE_URL_INVALID: { send: request('GET', '/%ff') },
};

/** Never an answer: Node ends the connection, and the request is cancelled; what had begun is cut (see streams.test.ts). */
const UNMET = ['BODY_INCOMPLETE', 'REPLY_CLIENT_TOO_SLOW'];

/** Those that are met where their rooms are tested: test/hijack/, test/bodies/, test/security/. */
const isMetElsewhere = (code: string): boolean => /^(HIJACK|MULTIPART|UPLOAD|COOKIE)_/.test(code);

const table = { ...httpErrors, ...routingErrors };

it('every failure that has a status is met below', () => {
  const withStatus = Object.values(table).filter(({ row }) => (row as { status?: number }).status !== undefined);
  expect(Object.keys(meetings).sort()).toEqual(
    withStatus
      .map(({ code }) => code as string)
      .filter((code) => !UNMET.includes(code) && !isMetElsewhere(code))
      .sort(),
  );
});

describe('a failure over HTTP/1.1', () => {
  let kernel: Kernel;
  let client: RawClient;

  beforeEach(async () => {
    kernel = await Kernel.open(routes, { limits: LIMITS });
    client = await RawClient.connect(kernel.url);
  });
  afterEach(async () => {
    kernel.server.stopping = false;
    client.close();
    await kernel.close();
  });

  it.each(Object.entries(meetings))('%s', async (code, { send, closes = false, logged = false }) => {
    const { row } = table[code as keyof typeof table] as { row: { status: number } };
    const bytes = typeof send === 'string' ? send : send(kernel);
    const response = await client.ask(bytes, 'GET');
    if (!logged) {
      expect([response.status, response.headers.get('content-type'), response.headers.get('cache-control')]).toEqual([
        row.status,
        ['application/problem+json'],
        ['no-store'],
      ]);
      const problem = problemOf(response);
      expect(Object.keys(problem)).toEqual(['type', 'title', 'status', 'detail', 'code']);
      expect(problem).toMatchObject({ type: 'about:blank', title: response.reason, status: row.status, code });
      expect(problem.detail).toMatch(/^[A-Z/].*\.$/);
      expect(response.body.toString()).not.toMatch(/hunter2|secret|\{[a-z]+\}|node:|\.ts/);
    }
    if (closes) {
      expect(await client.closed()).toBe('');
    } else {
      expect((await client.ask(request('GET', '/'))).body.toString()).toBe('here');
    }
    const next = await RawClient.connect(kernel.url);
    kernel.server.stopping = false;
    expect((await next.ask(request('GET', '/'))).body.toString()).toBe('here');
    next.close();
    expect(kernel.log.told.length).toBeLessThanOrEqual(code === 'DEADLINE_EXCEEDED' ? 2 : 1);
    if (logged) expect(kernel.log.told.map(({ fields }) => (fields.err as { code: string }).code)).toEqual([code]);
    await soon(() => expect(kernel.underWay).toBe(0));
  });
});

describe('a failure over HTTP/2', () => {
  let kernel: Kernel;
  let client: H2Client;

  beforeEach(async () => {
    kernel = await Kernel.open(routes, { http2: 'h2c', limits: LIMITS });
    client = await H2Client.connect(kernel.url);
  });
  afterEach(async () => {
    await client.close();
    await kernel.close();
  });

  it.each<[string, Record<string, string>, string | undefined]>([
    ['REQUEST_URL_TOO_LONG', { ':path': `/${'x'.repeat(1_000)}` }, undefined],
    ['REQUEST_EXPECTATION_UNKNOWN', { ':path': '/', expect: 'more' }, undefined],
    ['REQUEST_HOST_INVALID', { ':path': '/', ':authority': 'kernel.test', host: 'elsewhere.test' }, undefined],
    ['REQUEST_CONNECT_REFUSED', { ':method': 'CONNECT', ':authority': 'a:1' }, undefined],
    ['BODY_TOO_LARGE', { ':method': 'POST', ':path': '/text' }, 'x'.repeat(1_001)],
    ['BODY_TYPE_UNSUPPORTED', { ':method': 'POST', ':path': '/json', 'content-type': 'text/xml' }, '<a/>'],
    ['BODY_ENCODING_UNSUPPORTED', { ':method': 'POST', ':path': '/text', 'content-encoding': 'compress' }, 'x'],
    ['BODY_MALFORMED', { ':method': 'POST', ':path': '/json', 'content-type': 'application/json' }, '{'],
    ['BODY_TAKEN', { ':method': 'POST', ':path': '/twice' }, 'x'],
    ['PRECONDITION_FAILED', { ':path': '/tagged', 'if-match': '"two"' }, undefined],
    ['REPLY_HEADER_INVALID', { ':path': '/header' }, undefined],
    ['REPLY_STATUS_INVALID', { ':path': '/status' }, undefined],
    ['REPLY_NOT_SERIALIZABLE', { ':path': '/circle' }, undefined],
    ['INTERNAL_ERROR', { ':path': '/throws' }, undefined],
    ['DEADLINE_EXCEEDED', { ':path': '/slow' }, undefined],
    ['ROUTE_NOT_FOUND', { ':path': '/nowhere?secret=1' }, undefined],
    ['ROUTE_METHOD_NOT_ALLOWED', { ':method': 'DELETE', ':path': '/' }, undefined],
    ['ROUTE_URL_INVALID', { ':path': '/%ff' }, undefined],
  ])('%s', async (code, headers, body) => {
    const { row } = table[code as keyof typeof table] as { row: { status: number } };
    const answer = await client.ask(headers, body);
    expect([answer.status, answer.headers['content-type']]).toEqual([row.status, 'application/problem+json']);
    expect(problemOf(answer)).toMatchObject({ type: 'about:blank', status: row.status, code });
    expect(answer.body.toString()).not.toMatch(/hunter2|secret/);
    expect((await client.ask({ ':path': '/' })).body.toString()).toBe('here');
  });

  it('SERVER_STOPPING', async () => {
    kernel.server.stopping = true;
    const answer = await client.ask({ ':path': '/' });
    kernel.server.stopping = false;
    expect([answer.status, problemOf(answer).code]).toEqual([503, 'SERVER_STOPPING']);
  });
});

describe.each(doors)('a failure of a handler over $name', (door) => {
  let kernel: Kernel;
  let client: Client;
  let failure: unknown;

  beforeAll(async () => {
    kernel = await Kernel.open(
      {
        'GET /now': () => {
          throw failure;
        },
        'GET /later': async () => {
          await turn();
          throw failure;
        },
        'GET /next': () => 'next',
      },
      door.options,
    );
    client = await door.connect(kernel.url);
  });
  beforeEach(() => {
    kernel.log.lines.length = 0;
  });
  afterAll(async () => {
    await client.close();
    await kernel.close();
  });

  async function meet(thrown: unknown): Promise<Answer> {
    failure = thrown;
    const [now, later] = [await client.ask({ path: '/now' }), await client.ask({ path: '/later' })];
    expect([later.status, later.body.toString()]).toEqual([now.status, now.body.toString()]);
    expect((await client.ask({ path: '/next' })).body.toString()).toBe('next');
    return now;
  }

  it('says what it carries: status, code, detail, headers and the faulty properties', async () => {
    const answer = await meet(
      new HttpError(422, {
        code: 'AGE_INVALID',
        detail: 'You cannot be that old.',
        headers: { 'Retry-After': '7', 'X-Reason': 'age' },
        errors: [{ path: 'age', message: 'must not be greater than 150' }],
        cause: new Error('hunter2'),
      }),
    );
    expect(answer.status).toBe(422);
    expect(answer.headers).toMatchObject({ 'retry-after': '7', 'x-reason': 'age', 'cache-control': 'no-store' });
    expect(problemOf(answer)).toEqual({
      type: 'about:blank',
      title: 'Unprocessable Entity',
      status: 422,
      detail: 'You cannot be that old.',
      code: 'AGE_INVALID',
      errors: [{ path: 'age', message: 'must not be greater than 150' }],
    });
    expect(kernel.log.told.map(({ level }) => level)).toEqual(['debug', 'debug']);
  });

  it.each<[string, unknown]>([
    ['an error', new Error('hunter2')],
    [
      'an error with a status that looks like ours',
      Object.assign(new Error('hunter2'), { status: 418, statusCode: 418, code: 'TEAPOT' }),
    ],
    ['text', 'hunter2'],
    ['undefined', undefined],
    ['null', null],
    ['an object', { status: 400, detail: 'hunter2', headers: { 'x-hunter2': '1' } }],
    ['a frozen object', Object.freeze({ hunter2: 1 })],
    [
      'an error whose message cannot be read',
      Object.defineProperty(new Error(), 'message', {
        get() {
          throw new Error('no');
        },
      }),
    ],
  ])('that is %s is a 500 and shapes nothing in the reply', async (_what, thrown) => {
    const answer = await meet(thrown);
    expect([answer.status, problemOf(answer).code]).toEqual([500, 'INTERNAL_ERROR']);
    expect(`${JSON.stringify(answer.headers)}${answer.body.toString()}`).not.toMatch(/hunter2|TEAPOT/i);
    expect(kernel.log.told.map(({ level, message }) => [level, message])).toEqual(Array(2).fill(['error', 'request failed']));
  });

  it.each<[string, object]>([
    ['headers that no response may have', { headers: { 'x-evil': 'a\r\nset-cookie: stolen=1' } }],
    ['issues that are no JSON', { errors: [{ path: '', message: 1n }] }],
  ])('with %s is a plain 500', async (_what, options) => {
    const answer = await meet(new HttpError(400, options));
    expect([answer.status, problemOf(answer).code, answer.headers['set-cookie']]).toEqual([500, 'INTERNAL_ERROR', undefined]);
  });

  it.each([undefined, 42, 200, 399, 499, 600, NaN])('whose status no failure may have (%p) is a 500', async (status) => {
    const answer = await meet(Object.defineProperty(new HttpError(400), 'status', { value: status }));
    expect(answer.status).toBe(500);
  });
});

describe('what a request that failed leaves of its body', () => {
  it('is read and dropped when it is short, and the connection is kept', async () => {
    const kernel = await Kernel.open(routes, { limits: LIMITS });
    const client = await RawClient.connect(kernel.url);
    for (const body of ['x', 'x'.repeat(60_000)]) {
      const response = await client.ask(post('/nowhere', body));
      expect([response.status, response.headers.get('connection')]).toEqual([404, ['keep-alive']]);
    }
    expect((await client.ask(request('GET', '/'))).status).toBe(200);
    client.close();
    await kernel.close();
  });

  it('closes the connection when its length is not known, or long', async () => {
    const kernel = await Kernel.open(routes, { limits: LIMITS });
    for (const bytes of [
      request('POST', '/nowhere', CHUNKED) + '1\r\nx\r\n',
      request('POST', '/nowhere', { 'content-length': 100_000 }),
    ]) {
      const client = await RawClient.connect(kernel.url);
      const response = await client.ask(bytes);
      expect([response.status, response.headers.get('connection')]).toEqual([404, ['close']]);
      client.close();
    }
    const whole = await RawClient.connect(kernel.url);
    expect((await whole.ask(request('POST', '/nowhere', CHUNKED) + chunked('x'))).status).toBe(404);
    whole.close();
    await kernel.close();
  });
});
