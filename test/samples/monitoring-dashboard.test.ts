import { PushClient } from '../push/push-client';
import { H2Client } from '../support/h2-client';
import { RawClient, request } from '../support/raw-client';
import { SampleProcess } from '../support/sample-process';
import { soon } from '../support/soon';
import { WsClient } from '../websocket/ws-client';

interface Frame {
  readonly at: string;
  readonly requests: { readonly total: number; readonly active: number; readonly perSecond: number };
  readonly routes: readonly { readonly route: string; readonly failureRatio: number }[];
  readonly latencyMs: { readonly p50: number | null };
  readonly breakers: readonly { readonly name: string; readonly state: string }[];
  readonly cancellations: Readonly<Record<string, number>>;
  readonly pushes: Readonly<Record<string, number>>;
  readonly connections: { readonly hijacked: number; readonly webSocket: number };
  readonly plugins: readonly {
    readonly name: string;
    readonly dependencies: readonly string[];
    readonly services: readonly { readonly service: string }[];
  }[];
}

const ADMIN = { authorization: 'Bearer secret' };
const LONG_MS = 60_000;

let sample: SampleProcess;
let url: URL;
const clients: { close(): unknown }[] = [];

async function start(environment: Readonly<Record<string, string>> = {}): Promise<void> {
  sample = SampleProcess.sample('monitoring-dashboard', { DEMO: '0', ADMIN_TOKEN: 'secret', ...environment });
  url = await sample.listening();
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  expect(await sample.end()).toBe(0);
}, LONG_MS);

async function h2(): Promise<H2Client> {
  const client = await H2Client.connect(url);
  clients.push(client);
  return client;
}

async function http1(): Promise<RawClient> {
  const client = await RawClient.connect(url);
  clients.push(client);
  return client;
}

async function viewer(headers: Readonly<Record<string, string>> = {}): Promise<WsClient> {
  const client = await WsClient.connect(new URL('/ws/metrics', url), { headers });
  clients.push({ close: () => client.leave() });
  return client;
}

/** Frames until one fits: it is what came within a few seconds. */
async function frameWhere(client: WsClient, fits: (frame: Frame) => boolean): Promise<Frame> {
  for (let taken = 0; taken < 8; taken++) {
    const frame = (await client.next()) as Frame;
    if (fits(frame)) return frame;
  }
  throw new Error('no frame of eight seconds is as expected');
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

async function ask(path: string, method = 'GET', headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const client = await h2();
  const response = await client.ask({ ':path': path, ':method': method, ...headers });
  return { status: response.status, headers: response.headers, text: response.body.toString() };
}

const stateOf = ({ breakers }: Frame, name: string): string | undefined => breakers.find((it) => it.name === name)?.state;

describe('the sample monitoring-dashboard', () => {
  it('leads to a page with the initial numbers in it, and lets nothing run but its own files', async () => {
    await start();
    const home = await ask('/');
    expect([home.status, home.headers.location]).toEqual([302, '/dashboard']);
    const page = await ask('/dashboard');
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toMatch(/unsafe|http|\*/);
    expect(page.text).not.toMatch(/<script(?![^>]*(?: src=| type="application\/json"))|<style| style=| on[a-z]+=/);
    const [, initial] = /<script type="application\/json" id="initial">(.+?)<\/script>/s.exec(page.text) ?? [];
    const { latest } = JSON.parse(initial ?? '') as { latest: Frame };
    expect(latest.plugins.map(({ name }) => name).sort()).toEqual([
      'dashboard-plugin',
      'demo-plugin',
      'gateway-plugin',
      'monitoring-plugin',
    ]);
    expect(page.text).toMatch(/<dt>Circuits closed<\/dt>\s*<dd class="value">\s*<span>4\/4<\/span>/);
    for (const [, path] of page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)) expect([path, (await ask(path ?? '')).status]).toEqual([path, 200]); // prettier-ignore
  });

  it('pushes its assets to clients that take promises, and links them for all others', async () => {
    await start();
    const pushed = await PushClient.connect(url);
    clients.push(pushed);
    const page = await pushed.get('/dashboard');
    await pushed.settled();
    const assets = ['/static/dashboard.css', '/static/vendor/uPlot.iife.min.js', '/static/dashboard.js'];
    expect([page.status, pushed.paths]).toEqual([200, expect.arrayContaining(assets)]);
    const asked = await ask('/static/dashboard.css');
    expect(pushed.promised.find(({ path }) => path === '/static/dashboard.css')?.body.toString()).toBe(asked.text);

    const client = await http1();
    client.write(request('GET', '/dashboard'));
    const response = await client.response();
    expect(response.status).toBe(200);
    expect(response.headers.get('link')?.join(', ')).toMatch(
      /<\/static\/dashboard\.js>; rel=preload; as=script;[^,]+; crossorigin/,
    );
    const watching = await viewer();
    const { pushes } = (await watching.next()) as Frame;
    expect(pushes.promised).toBe(pushed.paths.length);
    expect([pushes.completed, pushes.linked]).toEqual([pushed.paths.length, pushed.paths.length]);
  });

  it('sends every viewer the same bytes, one frame a second', async () => {
    await start();
    const [one, other] = [await viewer(), await viewer()];
    const first = (await one.nextRaw()).toString();
    // Whoever came between two frames missed none that came since.
    let second = (await other.nextRaw()).toString();
    if (second !== first) second = (await other.nextRaw()).toString();
    const frames = [first];
    const others = [second];
    for (let at = 0; at < 3; at++) {
      frames.push((await one.nextRaw()).toString());
      others.push((await other.nextRaw()).toString());
    }
    expect(others).toEqual(frames);
    const parsed = frames.map((text) => JSON.parse(text) as Frame);
    const steps = parsed.slice(1).map(({ at }, index) => Date.parse(at) - Date.parse(parsed[index]?.at ?? ''));
    // One may come late, on a busy machine, and the one behind it as much sooner.
    const [, middle = 0] = steps.sort((a, b) => a - b);
    expect(Math.abs(middle - 1_000)).toBeLessThan(500);
    expect(Object.keys(parsed[0] ?? {})).toEqual(
      expect.arrayContaining(['at', 'requests', 'latencyMs', 'breakers', 'cancellations', 'pushes', 'connections', 'plugins']),
    );
    expect(parsed.at(-1)?.connections.webSocket).toBe(2);
    const dashboard = parsed[0]?.plugins.find(({ name }) => name === 'dashboard-plugin');
    const monitoring = parsed[0]?.plugins.find(({ name }) => name === 'monitoring-plugin');
    expect([dashboard?.dependencies, monitoring?.services.map(({ service }) => service)]).toEqual([
      ['monitoring-plugin.metrics'],
      ['metrics'],
    ]);
    one.send('hello');
    expect((await one.closed()).code).toBe(1008);
  });

  it('trips and resets a breaker for the admin alone, and every viewer sees it', async () => {
    await start({ VIEW_TOKEN: 'look' });
    const watching = await viewer({ authorization: 'Bearer look' });
    expect(stateOf((await watching.next()) as Frame, 'payments')).toBe('closed');
    const trip = (headers: Record<string, string>) => ask('/breakers/payments/force-open', 'POST', headers);
    const unknown = await trip({});
    expect([unknown.status, unknown.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect((await trip({ authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await trip({ authorization: 'Bearer look' })).status).toBe(403);
    const tripped = await trip(ADMIN);
    expect([tripped.status, JSON.parse(tripped.text)]).toMatchObject([200, { name: 'payments', state: 'forced-open' }]);
    await frameWhere(watching, (frame) => stateOf(frame, 'payments') === 'forced-open');
    const refused = await ask('/api/payments');
    expect([refused.status, JSON.parse(refused.text)]).toMatchObject([503, { code: 'BREAKER_OPEN' }]);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    const partial = JSON.parse((await ask('/api/overview')).text) as Record<string, unknown>;
    expect(partial).toMatchObject({ payments: null, partial: true, errors: [{ service: 'payments', code: 'BREAKER_OPEN' }] });
    expect((await ask('/breakers/payments/reset', 'POST', ADMIN)).status).toBe(200);
    await frameWhere(watching, (frame) => stateOf(frame, 'payments') === 'closed');
    expect((await ask('/api/payments')).status).toBe(200);
    expect((await ask('/breakers/nobody/reset', 'POST', ADMIN)).status).toBe(404);
  });

  it('counts who leaves and what takes too long, by reason, and works on neither', async () => {
    await start();
    const watching = await viewer();
    const client = await h2();
    const slow = client.begin({ ':path': '/api/report?seconds=30' });
    await frameWhere(watching, ({ requests }) => requests.active === 1);
    slow.cancel();
    const left = await frameWhere(watching, ({ cancellations }) => cancellations.client === 1);
    expect(left.requests.active).toBe(0);
    const late = await ask('/api/report/quick?seconds=5');
    expect([late.status, JSON.parse(late.text)]).toMatchObject([504, { code: 'DEADLINE_EXCEEDED' }]);
    const frame = await frameWhere(watching, ({ cancellations }) => cancellations.deadline === 1);
    expect(frame.cancellations).toEqual({ client: 1, deadline: 1, shutdown: 0, parent: 0, manual: 0 });
    expect(frame.latencyMs.p50).toBeGreaterThan(0);
    expect((await ask('/api/report?seconds=0')).status).toBe(400);
  });

  it('tells a terminal over the bare connection, and counts it while it is open', async () => {
    await start();
    const watching = await viewer();
    const terminal = await http1();
    terminal.write(request('GET', '/tail'));
    await terminal.until('all circuits closed\n');
    await frameWhere(watching, ({ connections }) => connections.hijacked === 1);
    terminal.close();
    await frameWhere(watching, ({ connections }) => connections.hijacked === 0);
    expect((await ask('/tail')).status).toBe(505);
  });

  it('asks an embedded database, which is started when it is asked first', async () => {
    await start();
    const orders = await ask('/api/orders');
    expect(orders.status).toBe(200);
    const states = JSON.parse(orders.text) as { state: string; orders: number }[];
    expect(states.reduce((sum, state) => sum + state.orders, 0)).toBe(500);
  });
});

describe('where viewers have a token', () => {
  it('refuses everybody else before the upgrade, and shows no number', async () => {
    await start({ VIEW_TOKEN: 'look' });
    const refused = await viewer().catch((error: unknown) => error as Error & { response?: { headers: object } });
    expect(refused).toMatchObject({ message: 'refused with 401', response: { headers: { 'www-authenticate': 'Bearer' } } });
    await expect(viewer({ authorization: 'Bearer wrong' })).rejects.toThrow('refused with 401');
    for (const path of ['/session', '/tail', '/breakers']) {
      const client = await http1();
      client.write(request('GET', path));
      expect([path, (await client.response()).status]).toEqual([path, 401]);
    }
    const page = await ask('/dashboard');
    expect([page.status, page.headers.link]).toEqual([200, undefined]);
    expect(page.text).toContain('Open the dashboard');
    expect(page.text).not.toMatch(/id="initial"|figure/);
  });

  it('lets those in who have the token, and browsers that showed it once', async () => {
    await start({ VIEW_TOKEN: 'look' });
    for (const token of ['look', 'secret']) {
      const client = await viewer({ authorization: `Bearer ${token}` });
      expect(((await client.next()) as Frame).plugins).toHaveLength(4);
    }
    expect((await ask('/session', 'POST', { authorization: 'Bearer wrong' })).status).toBe(401);
    const session = await ask('/session', 'POST', { authorization: 'Bearer look' });
    const [cookie = ''] = [session.headers['set-cookie']].flat() as string[];
    expect([session.status, cookie]).toEqual([204, expect.stringMatching(/; HttpOnly; Secure; SameSite=Strict/)]);
    const [pair = ''] = cookie.split(';', 1);
    await (await viewer({ cookie: pair })).next();
    expect((await ask('/dashboard', 'GET', { cookie: pair })).text).toContain('id="initial"');
    // It opens the view, and nothing that changes anything.
    expect((await ask('/breakers/payments/force-open', 'POST', { cookie: pair })).status).toBe(403);
    const forged = pair.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    await expect(viewer({ cookie: forged })).rejects.toThrow('refused with 401');
  });
});

describe('when it is stopped while the dashboard is open', () => {
  it('says goodbye to viewers and terminals, sends what a report has, and ends with 0', async () => {
    await start();
    const watching = await viewer();
    const terminal = await http1();
    terminal.write(request('GET', '/tail'));
    const client = await h2();
    const report = client.begin({ ':path': '/api/report?seconds=30' });
    await frameWhere(watching, ({ requests, connections }) => requests.active === 1 && connections.hijacked === 1);
    const ended = sample.end();
    expect((await watching.closed()).code).toBe(1001);
    const { status, body } = await report.response;
    expect([status, JSON.parse(body.toString())]).toEqual([200, { status: 'partial', pages: 0 }]);
    await soon(() => expect(terminal.ended).toBe(true));
    expect(await ended).toBe(0);
  });
});

describe('the traffic of its demo', () => {
  it('goes through all five patterns, over real connections, and ends with the application', async () => {
    await start({ DEMO: '1' });
    const watching = await viewer();
    const seen = { pushes: false, hijacked: false, viewers: false, cancelled: false, database: false };
    for (let second = 0; second < 40 && Object.values(seen).includes(false); second++) {
      const { pushes, connections, cancellations, routes } = (await watching.next()) as Frame;
      seen.pushes ||= (pushes.promised ?? 0) > 0 && (pushes.hinted ?? 0) > 0 && (pushes.completed ?? 0) > 0;
      seen.hijacked ||= connections.hijacked > 0;
      seen.viewers ||= connections.webSocket > 1;
      seen.cancelled ||= (cancellations.client ?? 0) > 0 && (cancellations.deadline ?? 0) > 0;
      seen.database ||= routes.some(({ route, failureRatio }) => route === '/api/orders' && failureRatio === 0);
    }
    expect(seen).toEqual({ pushes: true, hijacked: true, viewers: true, cancelled: true, database: true });
    expect(sample.stderr).toContain('the demo makes traffic');
  }, 90_000);
});
