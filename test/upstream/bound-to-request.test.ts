import {
  ActiveRequests,
  type CancelReason,
  Controller,
  Get,
  HttpClient,
  Injectable,
  isCancellation,
  RequestContext,
  Sse,
  Timeout,
} from 'rockstar-web';
import { createTestApp, ManualClock, type TestApplication } from 'rockstar-web/testing';
import { from, mergeMap, Observable } from 'rxjs';
import { keepLines, type Line } from '../context/lines';
import { type Client, doors, moduleOf, QUIET } from '../journeys/doors';
import { soon, turns } from '../support/soon';
import { failureOf } from './clients';
import { json, UpstreamServer } from './upstream-server';

let upstream: UpstreamServer;
let seen: unknown[] = [];

@Injectable()
class Orders {
  constructor(readonly http: HttpClient) {}

  /** Passes no context on. */
  async all(): Promise<unknown> {
    await Promise.resolve();
    try {
      return await this.http.getJson(`${upstream.url}/orders`);
    } catch (error) {
      seen.push(isCancellation(error) ? (error as { reason: CancelReason }).reason : (error as { code: string }).code);
      throw error;
    }
  }
}

@Controller('/api')
class Gateway {
  constructor(
    readonly orders: Orders,
    readonly requests: ActiveRequests,
  ) {}

  @Get('/orders')
  @Timeout(1_000)
  all() {
    return this.orders.all();
  }

  @Get('/observable')
  observable() {
    return from(Promise.resolve()).pipe(mergeMap(() => this.orders.all()));
  }

  @Sse('/events')
  events() {
    return new Observable((subscriber) => {
      subscriber.next('begun');
      this.orders.all().catch(() => subscriber.complete());
    });
  }

  @Get('/proxy')
  async proxy(context: RequestContext) {
    const answer = await this.orders.http.get(`${upstream.url}/large`);
    context.stream(answer.body);
  }

  @Get('/forgets')
  async forgets() {
    const answer = await this.orders.http.get(`${upstream.url}/large`);
    return { status: answer.status };
  }

  @Get('/detached')
  detached() {
    void this.orders.http.post(`${upstream.url}/audit`, { json: {}, detached: true }).then((answer) => answer.discard());
    return 'answered';
  }
}

beforeEach(async () => {
  seen = [];
  upstream = await UpstreamServer.open((_request, response) => json(response, ['one']));
});
afterEach(() => upstream.close());

describe.each(doors)('a call made in a request, over $name', ({ connect }) => {
  let app: TestApplication;
  let client: Client;
  let lines: Line[];

  beforeEach(async () => {
    const kept = keepLines();
    ({ lines } = kept);
    app = await createTestApp(moduleOf([Gateway], [Orders]), { ...QUIET, logger: kept.logger });
    await app.app.listen(0);
    client = await connect(app.app.url!);
  });
  afterEach(async () => {
    await client.close();
    await soon(() => expect(app.leaks()).toEqual([]));
    await app.close();
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('knows its request without being told: the time that is left and the trace go along', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const answer = await client.ask({ path: '/api/orders', headers: { traceparent, tracestate: 'a=1', authorization: 'mine' } });
    expect(answer.json()).toEqual(['one']);
    const { headers } = upstream.arrived[0].request;
    expect(headers).toMatchObject({ traceparent, tracestate: 'a=1' });
    expect(Number(headers['x-request-timeout-ms'])).toBeGreaterThan(0);
    expect(Number(headers['x-request-timeout-ms'])).toBeLessThanOrEqual(980);
    expect(headers.authorization).toBeUndefined();
  });

  it.each([
    'zz',
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  ])('passes no broken trace on: %s', async (traceparent) => {
    await client.ask({ path: '/api/orders', headers: { traceparent, tracestate: 'a=1' } });
    expect(upstream.arrived[0].request.headers).not.toHaveProperty('traceparent');
    expect(upstream.arrived[0].request.headers).not.toHaveProperty('tracestate');
  });

  it.each(['orders', 'observable', 'events'])('is cut when its client leaves, and its connection is closed: %s', async (path) => {
    upstream.answer = () => undefined;
    const arrived = upstream.next;
    const asked = client.begin({ path: `/api/${path}` });
    const { gone } = await arrived;
    expect(app.app.requests.list()).toMatchObject([{ route: `/api/${path}`, waitsFor: 'upstream' }]);
    const leftAt = performance.now();
    asked.leave();
    await gone;
    expect(performance.now() - leftAt).toBeLessThan(500);
    await soon(() => expect(app.app.requests.list()).toEqual([]));
    expect(seen).toEqual(['client']);
    const metrics = (await app.request({ url: '/metrics' })).text();
    expect(metrics).toMatch(
      /http_client_request_duration_seconds_count\{error_type="cancelled",http_request_method="GET",.*\} 1/,
    );
  });

  it('streams what comes through, and stops with its client', async () => {
    upstream.answer = (_request, response) => response.write('begun');
    const asked = client.begin({ path: '/api/proxy' });
    await asked.received('begun');
    asked.leave();
    await upstream.arrived[0].gone;
  });

  it('whose answer nobody reads ends with its request', async () => {
    upstream.answer = (_request, response) => response.write('begun');
    expect((await client.ask({ path: '/api/forgets' })).json()).toEqual({ status: 200 });
    await upstream.arrived[0].gone;
  });

  it('can be the application’s instead, and outlive its request', async () => {
    upstream.answer = () => undefined;
    expect((await client.ask({ path: '/api/detached' })).text).toBe('answered');
    await soon(() => expect(upstream.arrived).toHaveLength(1));
    await turns(10);
    expect(upstream.arrived[0].request.headers).not.toHaveProperty('x-request-timeout-ms');
    expect(upstream.arrived[0].request.destroyed).toBe(false);
    expect(app.app.requests.list()).toEqual([]);
    upstream.arrived[0].response.end('heard');
  });

  it('says 502 for a failure of the other side, and nothing of where that is', async () => {
    upstream.answer = (_request, response) => json(response, { secret: 'stack' }, 500);
    const answer = await client.ask({ path: '/api/observable' });
    expect(answer.json()).toMatchObject({ status: 502, code: 'UPSTREAM_FAILED', detail: 'A service behind this one failed.' });
    expect(answer.text).not.toContain('127.0.0.1');
    lines.length = 0;
  });
});

describe('the time of a request', () => {
  it('cuts its calls with the reason deadline, and the client gets 504', async () => {
    upstream.answer = () => undefined;
    const clock = new ManualClock();
    const app = await createTestApp(moduleOf([Gateway], [Orders]), { clock });
    const arrived = upstream.next;
    const response = app.request({ url: '/api/orders' });
    const { gone } = await arrived;
    await clock.advance(1_005);
    expect((await response).json()).toMatchObject({ status: 504, code: 'DEADLINE_EXCEEDED' });
    await gone;
    expect(seen).toEqual(['deadline']);
    await app.close();
  });

  it('that is used up makes no call', async () => {
    const clock = new ManualClock();
    @Controller()
    class Late {
      constructor(readonly orders: Orders) {}
      @Get('/')
      @Timeout(1_000)
      async get() {
        await clock.advance(996);
        return this.orders.all();
      }
    }
    const app = await createTestApp(moduleOf([Late], [Orders]), { clock });
    expect((await app.request({ url: '/' })).json()).toMatchObject({ status: 504, code: 'UPSTREAM_NO_TIME_LEFT' });
    expect(upstream.arrived).toEqual([]);
    await app.close();
  });

  it('is not told where the option says so', async () => {
    const app = await createTestApp(moduleOf([Gateway], [Orders]), { httpClient: { forwardDeadline: false } });
    await app.request({ url: '/api/orders' });
    expect(upstream.arrived[0].request.headers).not.toHaveProperty('x-request-timeout-ms');
    await app.close();
  });
});

describe('outside of a request', () => {
  it('calls belong to the application, which cuts them and closes their connections', async () => {
    const app = await createTestApp(moduleOf([Gateway], [Orders]), { shutdownGraceMs: 100 });
    const http = app.resolve(HttpClient);
    expect(await http.getJson(upstream.url)).toEqual(['one']);
    upstream.answer = () => undefined;
    const arrived = upstream.next;
    const failure = failureOf(http.get(upstream.url));
    await arrived;
    expect(app.leaks()).toEqual(['upstream: under way']);
    await app.close();
    expect(await failure).toMatchObject({ code: 'REQUEST_CANCELLED', reason: 'shutdown' });
    await soon(() => expect(upstream.sockets.size).toBe(0));
    expect(await failureOf(http.get(upstream.url))).toMatchObject({ code: 'UPSTREAM_CLOSED' });
  });

  it('a wrong option keeps the application from being made', async () => {
    const failure = failureOf(createTestApp(moduleOf([Gateway], [Orders]), { httpClient: { timeoutMs: -1 } }));
    expect((await failure).message).toContain('UPSTREAM_OPTION_INVALID');
  });
});
