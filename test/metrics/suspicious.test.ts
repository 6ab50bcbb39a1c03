import {
  Authorize,
  bearerTokens,
  Controller,
  Get,
  Hijack,
  HijackedConnection,
  HttpClient,
  Module,
  OnMessage,
  Timeout,
  tunnel,
  WebSocket,
} from 'rockstar-web';
import { createTestApp, ManualClock, type TestApplication } from 'rockstar-web/testing';
import { END_HEADERS, END_STREAM, FRAME, frame, headerBlock, PREFACE, requestFields, settings } from '../support/h2-frames';
import { RawClient, request } from '../support/raw-client';
import { gate, type Gate, soon, turns } from '../support/soon';
import { WsClient } from '../websocket/ws-client';

const auth = bearerTokens([{ token: 'visitor', user: { name: 'Vera', permissions: [] } }]);
const VISITOR = { authorization: 'Bearer visitor' };

let held: Gate<void>;

@WebSocket('/live', { messageLimitBytes: 1_000 })
class Live {
  @OnMessage() any() {}
}

@Controller()
class Attacked {
  constructor(private readonly http: HttpClient) {}

  @Get('/secret') @Authorize('secret', 'read') secret() {
    return {};
  }
  @Get('/waits') @Timeout(0) waits(signal: AbortSignal) {
    return new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }
  @Get('/stubborn') stubborn() {
    return held.promise;
  }
  @Get('/out') @Timeout(3) out() {
    return this.http.getJson('http://127.0.0.1:9/');
  }
  @Hijack('/proxy', { protocol: 'raw' }) proxy(connection: HijackedConnection) {
    return tunnel(connection, '169.254.169.254:80', { allow: ['127.0.0.1:1'] });
  }
}

@Module({ controllers: [Attacked, Live] })
class AttackedModule {}

let app: TestApplication;
let url: URL;
let clients: RawClient[];

async function open(options = {}): Promise<void> {
  held = gate();
  clients = [];
  app = await createTestApp(AttackedModule, { auth, http2: 'h2c', trustProxy: true, ...options });
  url = await app.app.listen(0);
}

afterEach(async () => {
  for (const client of clients) client.close();
  held.open();
  await app.close();
});

async function metric(line: string): Promise<number | undefined> {
  const text = (await app.request({ url: '/metrics' })).text();
  const found = text.split('\n').find((one) => one.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.slice(line.length + 1));
}

async function connect(): Promise<RawClient> {
  const client = await RawClient.connect(url);
  clients.push(client);
  return client;
}

describe('what looks like an attack is counted', () => {
  beforeEach(() => open());

  it('connections that are closed for a flood of resets', async () => {
    expect(await metric('http_server_reset_floods_total')).toBe(0);
    const client = await connect();
    client.write(PREFACE, settings);
    const block = headerBlock(requestFields({ ':path': '/waits' }));
    const cancel = Buffer.of(0, 0, 0, 8);
    for (let i = 0; i < 3_000 && !client.ended; i++) {
      const stream = 2 * i + 1;
      client.write(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, stream, block), frame(FRAME.RST_STREAM, 0, stream, cancel));
      if (i % 20 === 0) await turns(1);
    }
    await soon(async () => expect(await metric('http_server_reset_floods_total')).toBe(1));
    expect(await metric('request_cancellations_total{reason="client",route="/waits"}')).toBeGreaterThan(400);
  });

  it('who is not let in, by status and route', async () => {
    await app.request({ url: '/secret' });
    for (let i = 0; i < 2; i++) await app.request({ url: '/secret', headers: VISITOR });
    const rows = (await app.request({ url: '/metrics' })).text();
    const counts = [...rows.matchAll(/^http_server_request_duration_seconds_count\{(.*)\} (\d+)$/gm)]
      .filter(([, labels]) => labels.includes('http_route="/secret"'))
      .map(([, labels, count]) => [/status_code="(\d+)"/.exec(labels)?.[1], Number(count)]);
    expect(counts).toEqual([
      ['401', 1],
      ['403', 2],
    ]);
  });

  it('upgrades that are none, and targets of tunnels that are refused', async () => {
    const bad = await connect();
    bad.write(request('GET', '/live', { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '7' }));
    await bad.until('HTTP/1.1 4');
    const proxied = await connect();
    proxied.write(request('GET', '/proxy', { connection: 'Upgrade', upgrade: 'raw' }));
    await proxied.until('403');
    expect(await metric('tunnel_failures_total{code="TUNNEL_TARGET_REFUSED",route="/proxy"}')).toBe(1);
    const rows = (await app.request({ url: '/metrics' })).text();
    expect(rows).toMatch(
      /^http_server_request_duration_seconds_count\{.*http_response_status_code="4\d\d",http_route="\/live".*\} 1$/m,
    );
  });

  it('messages that are too large', async () => {
    const client = await WsClient.connect(new URL('/live', url));
    client.socket.send('x'.repeat(2_000));
    expect((await client.closed()).code).toBe(1009);
    await soon(async () => expect(await metric('websocket_closed_total{code="1009",route="/live"}')).toBe(1));
  });
});

describe('time that is over', () => {
  it('is counted where nothing was begun for want of it: requests that came in, and calls that were to go out', async () => {
    await open();
    expect((await app.request({ url: '/secret', headers: { 'x-request-timeout-ms': '0' } })).status).toBe(504);
    expect(await metric('deadline_exhausted_before_start_total{direction="in"}')).toBe(1);
    expect((await app.request({ url: '/out' })).status).toBe(504);
    expect(await metric('deadline_exhausted_before_start_total{direction="out"}')).toBe(1);
  });

  it('is measured from the cut of a request until its handler has come to its end', async () => {
    const clock = new ManualClock();
    await open({ clock });
    const leaving = new AbortController();
    const answers = ['/stubborn', '/waits'].map((path) =>
      app.request({ url: path, signal: leaving.signal }).catch(() => undefined),
    );
    await turns();
    leaving.abort();
    await Promise.all(answers);
    await soon(async () => expect(await metric('request_cancellation_latency_seconds_count{route="/waits"}')).toBe(1));
    expect(await metric('request_cancellation_latency_seconds_sum{route="/waits"}')).toBe(0);
    expect(await metric('request_cancellation_latency_seconds_count{route="/stubborn"}')).toBeUndefined();
    await clock.advance(2_000);
    held.open();
    await soon(async () => expect(await metric('request_cancellation_latency_seconds_sum{route="/stubborn"}')).toBe(2));
    expect(await metric('request_work_after_cancel_total{route="/stubborn"}')).toBe(1);
  });

  it('is not measured of requests that came to their end', async () => {
    await open();
    held.open();
    expect((await app.request({ url: '/stubborn' })).status).toBeLessThan(300);
    expect(await metric('request_cancellation_latency_seconds_count{route="/stubborn"}')).toBeUndefined();
  });
});
