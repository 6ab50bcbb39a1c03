import { hasPromtool, lintPrometheusText, runPromtool } from '../metrics/prometheus-text';
import { RawClient, request } from '../support/raw-client';
import { SampleProcess } from '../support/sample-process';
import { soon } from '../support/soon';
import { type Behaviour, hang, ok, reset, slow, status, ToldUpstream } from '../support/told-upstream';

const ADMIN = { authorization: 'Bearer secret' };
const CLIENTS = 200;
const RESET_MS = 1_000;

interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Record<string, unknown>;
}

const nonsense: Behaviour = (_request, response) => void response.end('<html>');
const halfWay: Behaviour = ({ socket }, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
  response.write('{"works":', () => socket.resetAndDestroy());
};

async function ask(url: URL, path: string, method = 'GET', headers: Record<string, string | number> = {}): Promise<Answer> {
  const client = await RawClient.connect(url);
  try {
    const length: Record<string, number> = method === 'POST' ? { 'content-length': 0 } : {};
    const answer = await client.ask(request(method, path, { ...length, ...headers }), method);
    return { ...answer, body: JSON.parse(answer.body.toString('utf8') || 'null') as Record<string, unknown> };
  } finally {
    client.close();
  }
}

function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status: code, body } of answers) {
    const word = code === 200 ? 'ok' : String(body.code);
    counts[word] = (counts[word] ?? 0) + 1;
  }
  return counts;
}

describe('the sample circuit-breaker', () => {
  let upstream: ToldUpstream;
  let sample: SampleProcess;
  let url: URL;

  beforeAll(async () => {
    upstream = new ToldUpstream();
    sample = SampleProcess.sample('circuit-breaker', {
      ADMIN_TOKEN: 'secret',
      UPSTREAM_URL: await upstream.open(),
      EXTERNAL_API_RESET_MS: String(RESET_MS),
      EXTERNAL_API_TIMEOUT_MS: '2000',
    });
    url = await sample.listening();
  });

  afterAll(async () => {
    expect(await sample.end()).toBe(0);
    await upstream.close();
  });

  const operate = (name: string, operation: string): Promise<Answer> => ask(url, `/breakers/${name}/${operation}`, 'POST', ADMIN);
  const stateOf = async (name: string): Promise<unknown> => {
    const all = (await ask(url, '/breakers')).body as unknown as { name: string; state: string }[];
    return all.find((one) => one.name === name)?.state;
  };

  beforeEach(async () => {
    upstream.behave = ok;
    for (const name of ['external_api', 'database']) expect((await operate(name, 'reset')).status).toBe(200);
    upstream.asked = 0;
  });

  it('passes on what the upstream says while that works', async () => {
    for (const path of ['/api/external-data', '/api/users', '/api/cache/a%20b']) {
      expect(await ask(url, path)).toMatchObject({ status: 200, body: { works: true } });
    }
  });

  it.each([
    ['fails', status(500), 502, 'UPSTREAM_FAILED'],
    ['sends elsewhere', status(302), 502, 'UPSTREAM_REFUSED'],
    ['hangs', hang, 504, 'BREAKER_TIMEOUT'],
    ['resets connections', reset, 502, 'UPSTREAM_BROKEN'],
    ['breaks off in the middle', halfWay, 502, 'UPSTREAM_BROKEN'],
    ['answers nonsense', nonsense, 502, 'UPSTREAM_CONTENT_INVALID'],
  ])('opens when it %s, leaves it alone, and closes when it works again, under 200 clients', async (_how, behave, code, word) => {
    upstream.behave = behave;
    for (const answer of await Promise.all(Array.from({ length: 5 }, () => ask(url, '/api/external-data')))) {
      expect([answer.status, answer.body.code]).toEqual([code, word]);
      expect(JSON.stringify(answer.body)).not.toMatch(/secret|127\.0\.0\.1/);
    }
    expect(await stateOf('external_api')).toBe('open');
    const asked = upstream.asked;
    const startMs = performance.now();
    const rejected = await Promise.all(Array.from({ length: CLIENTS }, () => ask(url, '/api/external-data')));
    const open = rejected.filter(({ body }) => body.state === 'circuit_breaker_open');
    // Three trials whenever the time is over, which it may be meanwhile.
    const trials = 3 * (1 + Math.floor((performance.now() - startMs) / RESET_MS));
    expect(upstream.asked - asked).toBeLessThanOrEqual(trials);
    expect(open.length).toBeGreaterThanOrEqual(CLIENTS - trials);
    expect(open[0]).toMatchObject({ status: 503, body: { status: 503, code: 'BREAKER_OPEN' } });
    expect(open.every(({ headers }) => /^[1-9]\d*$/.test(headers.get('retry-after')?.[0] ?? ''))).toBe(true);
    upstream.behave = ok;
    await soon(async () => {
      await ask(url, '/api/external-data');
      expect(await stateOf('external_api')).toBe('closed');
    }, 20_000);
    const well = await Promise.all(Array.from({ length: CLIENTS }, () => ask(url, '/api/external-data')));
    expect(tally(well)).toEqual({ ok: CLIENTS });
  });

  it('takes a slow upstream that is in time for one that works', async () => {
    upstream.behave = slow(50);
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(url, '/api/external-data')));
    expect(tally(answers)).toEqual({ ok: 20 });
  });

  it('takes what the upstream refuses for no failure of it', async () => {
    upstream.behave = status(404);
    for (const path of ['/api/external-data', '/api/users']) {
      for (let i = 0; i < 12; i++) expect((await ask(url, path)).status).toBe(502);
    }
    expect([await stateOf('external_api'), await stateOf('database')]).toEqual(['closed', 'closed']);
    expect(upstream.asked).toBe(24);
  });

  it('counts no clients that leave', async () => {
    upstream.behave = slow(100);
    for (let i = 0; i < 10; i++) {
      const client = await RawClient.connect(url);
      const before = upstream.asked;
      client.write(request('GET', i % 2 === 0 ? '/api/external-data' : '/api/users'));
      await soon(() => expect(upstream.asked).toBe(before + 1));
      client.close();
    }
    await soon(async () => {
      const all = (await ask(url, '/breakers')).body as unknown as { name: string; stats: { cancelled: number } }[];
      expect(all.filter(({ stats }) => stats.cancelled >= 5).map(({ name }) => name)).toEqual(
        expect.arrayContaining(['external_api', 'database']),
      );
    });
    expect([await stateOf('external_api'), await stateOf('database')]).toEqual(['closed', 'closed']);
  });

  it('guards users by middleware, three failures and a minute', async () => {
    upstream.behave = status(503);
    for (let i = 0; i < 3; i++) expect(await ask(url, '/api/users')).toMatchObject({ status: 502 });
    const answer = await ask(url, '/api/users');
    expect([answer.status, answer.body.state, answer.headers.get('retry-after')]).toEqual([503, 'circuit_breaker_open', ['60']]);
    expect(upstream.asked).toBe(3);
  });

  it('has a breaker for each key of the cache', async () => {
    upstream.behave = status(500);
    for (let i = 0; i < 10; i++) expect((await ask(url, '/api/cache/sick')).status).toBe(502);
    upstream.behave = ok;
    expect((await ask(url, '/api/cache/sick')).body.code).toBe('BREAKER_OPEN');
    expect((await ask(url, '/api/cache/well')).status).toBe(200);
    const all = (await ask(url, '/breakers')).body as unknown as { name: string; key?: string; state: string }[];
    expect(all).toContainEqual(expect.objectContaining({ name: 'cache', key: 'sick', state: 'open' }));
  });

  it('asks the upstream for nothing outside of its cache', async () => {
    for (const key of ['..', '%2e%2e', '%2E', '.']) expect((await ask(url, `/api/cache/${key}`)).status).toBe(400);
    expect(upstream.asked).toBe(0);
  });

  it('lets operators in and nobody else, and knows what there is', async () => {
    expect((await ask(url, '/breakers/database/reset', 'POST')).headers.get('www-authenticate')).toEqual(['Bearer']);
    expect((await ask(url, '/breakers/database/reset', 'POST', { authorization: 'Bearer no' })).status).toBe(401);
    expect((await operate('database', 'force-open')).body).toMatchObject({ name: 'database', state: 'forced-open' });
    expect((await ask(url, '/api/users')).status).toBe(503);
    expect((await operate('database', 'disable')).body).toMatchObject({ state: 'disabled' });
    expect((await operate('database', 'enable')).body).toMatchObject({ state: 'closed' });
    expect(await operate('databse', 'reset')).toMatchObject({ status: 404, body: { code: 'BREAKER_UNKNOWN' } });
    expect((await ask(url, '/upstream', 'POST')).status).toBe(401);
  });

  it('tells of transitions as they come', async () => {
    const client = await RawClient.connect(url);
    client.write(request('GET', '/breakers/events'));
    await client.until('text/event-stream');
    await operate('external_api', 'force-open');
    await client.until('"to":"forced-open"');
    expect(client.unread.toString('utf8')).toMatch(
      /event: transition\ndata: \{"name":"external_api","from":"closed","to":"forced-open","cause":"manual","at":"[^"]+"\}/,
    );
    client.close();
  });

  it('is degraded while a circuit is open, and tells its numbers in a form that Prometheus takes', async () => {
    await operate('external_api', 'force-open');
    expect((await ask(url, '/health/ready')).body).toEqual({ status: 'degraded' });
    const client = await RawClient.connect(url);
    const text = (await client.ask(request('GET', '/metrics'))).body.toString('utf8');
    client.close();
    expect(text).toContain('circuit_breaker_state{name="external_api"} 3');
    expect(text).toMatch(/^circuit_breaker_calls_total\{name="external_api",outcome="failure"\} \d+$/m);
    expect(lintPrometheusText(text)).toEqual([]);
    if (hasPromtool) expect(runPromtool(text)).toEqual({ status: 0, output: '' });
  });
});

it('has a small upstream of its own, whose behaviour operators set', async () => {
  const sample = SampleProcess.sample('circuit-breaker', { ADMIN_TOKEN: 'secret', EXTERNAL_API_TIMEOUT_MS: '200' });
  const url = await sample.listening();
  const become = async (mode: string): Promise<number> => {
    const client = await RawClient.connect(url);
    const body = JSON.stringify({ mode });
    const headers = { ...ADMIN, 'content-type': 'application/json', 'content-length': body.length };
    const answer = await client.ask(`${request('POST', '/upstream', headers)}${body}`, 'POST');
    client.close();
    return answer.status;
  };
  expect((await ask(url, '/api/external-data')).status).toBe(200);
  for (const [mode, code] of [
    ['fail', 502],
    ['slow', 504],
    ['hang', 504],
    ['reset', 502],
    ['ok', 200],
  ] as const) {
    expect(await become(mode)).toBe(200);
    expect((await ask(url, '/api/cache/one')).status).toBe(code);
  }
  expect(await become('asleep')).toBe(400);
  expect(await sample.end()).toBe(0);
});

it('refuses to start with an upstream that is none', async () => {
  const refused = SampleProcess.sample('circuit-breaker', { UPSTREAM_URL: 'the other one' });
  expect(await refused.exited).toBe(1);
  expect(refused.stderr).toContain('UPSTREAM_URL must be an http or https URL, not "the other one".');
});
