import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as thinking } from 'node:timers/promises';
import { hasPromtool, lintPrometheusText, runPromtool } from '../metrics/prometheus-text';
import { RawClient, request } from '../support/raw-client';
import { SampleProcess } from '../support/sample-process';
import { soon, turns } from '../support/soon';
import { type Behaviour, hang, ok, reset, slow, status, ToldUpstream } from '../support/told-upstream';

const ADMIN = { authorization: 'Bearer secret' };
const CLIENTS = 200;
const RESET_MS = 700;
const TIMEOUT_MS = 3_000;
/** What each client does before it asks again; without it they would measure the machine. */
const THINKING_MS = 250;
/** What the slowest answer of a guarded call may take beyond its time-out, on a machine with other things to do. */
const SLACK_MS = 15_000;

interface Seen {
  readonly path: string;
  readonly status: number;
  readonly code: string | undefined;
  readonly state: string | undefined;
  readonly retryAfter: string | undefined;
  readonly ms: number;
}

/** Clients that ask again and again, each on one connection that it keeps, until they are told to stop. */
class Crowd {
  seen: Seen[] = [];
  readonly #url: URL;
  #isOver = false;
  #answersOf: number[] = [];
  #enough: { readonly answers: number; clients: number; readonly resolve: () => void } | undefined;
  #loops: Promise<void>[] = [];

  constructor(url: URL) {
    this.#url = url;
  }

  begin(): void {
    this.#loops = Array.from({ length: CLIENTS }, (_, i) => this.#ask(i, PATHS[i % PATHS.length]));
  }

  /** Forgets what was seen so far, and waits until each client has seen as many answers again; behind the first, it asked since. */
  async lookAnew(answers = 3): Promise<readonly Seen[]> {
    const seen: Seen[] = [];
    this.seen = seen;
    this.#answersOf = Array.from({ length: CLIENTS }, () => 0);
    await new Promise<void>((resolve) => {
      this.#enough = { answers, clients: CLIENTS, resolve };
    });
    return seen;
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
  }

  #count(client: number): void {
    const enough = this.#enough;
    if (enough === undefined || ++this.#answersOf[client] !== enough.answers) return;
    if (--enough.clients === 0) enough.resolve();
  }

  async #ask(client: number, path: string): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const url = new URL(path, this.#url);
    try {
      while (!this.#isOver) {
        this.seen.push(await look(url, agent));
        this.#count(client);
        await thinking(THINKING_MS);
      }
    } finally {
      const closings = Object.values(agent.freeSockets).flatMap((sockets = []) => sockets.map((socket) => once(socket, 'close')));
      agent.destroy();
      await Promise.all(closings);
    }
  }
}

/** One answer, however long it takes: the limits are those of the test. */
async function look(url: URL, agent: Agent): Promise<Seen> {
  const startMs = performance.now();
  const asking = get(url, { agent });
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  const { code, state } = (await json(answer)) as { code?: string; state?: string };
  const { statusCode = 0, headers } = answer;
  const retryAfter = headers['retry-after'];
  return { path: url.pathname, status: statusCode, code, state, retryAfter, ms: performance.now() - startMs };
}

const PATHS = ['/api/external-data', '/api/users', '/api/cache/a', '/api/cache/b'];

/** The kinds of answers, without their numbers: those differ from machine to machine. */
function kinds(seen: readonly Seen[]): string[] {
  return [...new Set(seen.map(({ status: code, code: word = '' }) => `${code} ${word}`.trim()))].sort();
}

function shareOf(code: number, seen: readonly Seen[]): number {
  return seen.filter((one) => one.status === code).length / seen.length;
}

describe('the sample circuit-breaker under 200 clients that never stop asking', () => {
  let upstream: ToldUpstream;
  let sample: SampleProcess;
  let url: URL;
  let crowd: Crowd;

  beforeAll(async () => {
    upstream = new ToldUpstream();
    sample = SampleProcess.sample('circuit-breaker', {
      ADMIN_TOKEN: 'secret',
      UPSTREAM_URL: await upstream.open(),
      EXTERNAL_API_RESET_MS: String(RESET_MS),
      EXTERNAL_API_TIMEOUT_MS: String(TIMEOUT_MS),
    });
    url = await sample.listening();
  });

  beforeEach(async () => {
    upstream.behave = ok;
    crowd = new Crowd(url);
    crowd.begin();
    await crowd.lookAnew(1);
  });

  afterEach(async () => {
    await crowd.end();
    await upstream.cut();
  });

  afterAll(async () => {
    // Nobody waits for anything any more: it stops at once.
    expect(await sample.end()).toBe(0);
    await upstream.close();
  });

  async function operate(name: string, operation: string): Promise<number> {
    const client = await RawClient.connect(url);
    const answer = await client.ask(request('POST', `/breakers/${name}/${operation}`, { ...ADMIN, 'content-length': '0' }));
    client.close();
    return answer.status;
  }

  /** What `/metrics` says of a name, each set of labels with its value. */
  async function measured(name: string): Promise<[labels: string, value: number][]> {
    const client = await RawClient.connect(url);
    const text = (await client.ask(request('GET', '/metrics'))).body.toString('utf8');
    client.close();
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    return lines.map((line) => [line.slice(name.length, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]);
  }

  /** How often breakers have let trials through. */
  async function trials(breaker = ''): Promise<number> {
    const all = await measured('circuit_breaker_transitions_total');
    const halfOpen = all.filter(([labels]) => labels.includes('to="half-open"') && labels.includes(`name="${breaker}`));
    return halfOpen.reduce((sum, [, value]) => sum + value, 0);
  }

  /** The others of the three are open for a minute and for 10 seconds: an operator does not wait for that. */
  async function recover(): Promise<void> {
    await soon(async () => {
      for (const name of ['database', 'cache']) expect(await operate(name, 'reset')).toBe(200);
      expect(kinds(await crowd.lookAnew(1))).toEqual(['200']);
    });
  }

  it('passes everything on while all is well', async () => {
    expect(kinds(await crowd.lookAnew())).toEqual(['200']);
  });

  it.each<[string, Behaviour, string]>([
    ['fails', status(500), '502 UPSTREAM_FAILED'],
    ['is too slow', slow(TIMEOUT_MS * 2), '504 BREAKER_TIMEOUT'],
    ['hangs', hang, '504 BREAKER_TIMEOUT'],
    ['resets connections', reset, '502 UPSTREAM_BROKEN'],
  ])(
    'answers all of them when its upstream %s, leaves it alone, and closes when it comes back',
    async (_how, behave, kind) => {
      await recover();
      upstream.behave = behave;
      // What is under way, and what comes before the breakers open, meets it.
      const isOpen = async (): Promise<void> => {
        const states = await measured('circuit_breaker_state');
        expect(states).toHaveLength(3);
        expect(states.filter(([, state]) => state === 0)).toEqual([]);
        expect(shareOf(503, await crowd.lookAnew(1))).toBeGreaterThan(0.95);
      };
      await soon(isOpen, 40_000);
      // And whoever was let through before has its answer.
      await crowd.lookAnew(2);
      // What was sent to the upstream, which is in this process, has come to it.
      await turns();
      const [trialsBefore, ofOneBefore, askedBefore] = [await trials(), await trials('external_api'), upstream.asked];
      const startMs = performance.now();
      const seen = await crowd.lookAnew(5);
      const asked = upstream.asked - askedBefore;
      const begun = (await trials()) - trialsBefore;
      const rejected = seen.filter(({ status: code }) => code === 503);
      // Trials of the breaker whose open time is over meet the upstream, and nobody else does.
      expect([kind, '503 BREAKER_OPEN']).toEqual(expect.arrayContaining(kinds(seen)));
      expect(shareOf(503, seen)).toBeGreaterThan(0.5);
      // Three a time at most, and those of each breaker (there are two keys) that were under way at first.
      expect(asked).toBeLessThanOrEqual(3 * (begun + 4));
      expect((await trials('external_api')) - ofOneBefore).toBeLessThanOrEqual(
        Math.ceil((performance.now() - startMs) / RESET_MS) + 1,
      );
      expect(rejected.every(({ state }) => state === 'circuit_breaker_open')).toBe(true);
      expect(rejected.every(({ retryAfter = '' }) => /^[1-9]\d*$/.test(retryAfter))).toBe(true);
      expect(Math.max(...seen.map(({ ms }) => ms))).toBeLessThan(TIMEOUT_MS + SLACK_MS);
      upstream.behave = ok;
      const outside = (one: Seen): boolean => one.path === '/api/external-data';
      await soon(async () => expect(kinds((await crowd.lookAnew(1)).filter(outside))).toEqual(['200']), 40_000);
      await recover();
    },
    240_000,
  );

  it('tells what it counted in a form that Prometheus takes, recoveries included', async () => {
    const client = await RawClient.connect(url);
    const text = (await client.ask(request('GET', '/metrics'))).body.toString('utf8');
    client.close();
    expect(await trials('external_api')).toBeGreaterThan(0);
    const valueOf = (line: string): number =>
      Number(
        text
          .split('\n')
          .find((one) => one.startsWith(`${line} `))
          ?.split(' ')
          .at(-1),
      );
    for (const outcome of ['success', 'failure', 'rejected'])
      expect(valueOf(`circuit_breaker_calls_total{name="external_api",outcome="${outcome}"}`)).toBeGreaterThan(3);
    expect(valueOf('circuit_breaker_open_duration_seconds_count{name="external_api"}')).toBeGreaterThanOrEqual(4);
    expect(valueOf('circuit_breaker_open_duration_seconds_sum{name="external_api"}')).toBeGreaterThanOrEqual(
      (4 * RESET_MS) / 1_000,
    );
    expect(lintPrometheusText(text)).toEqual([]);
    if (hasPromtool) expect(runPromtool(text)).toEqual({ status: 0, output: '' });
  });
});
