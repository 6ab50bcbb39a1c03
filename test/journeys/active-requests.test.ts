import { Readable } from 'node:stream';
import {
  ActiveRequests,
  type ActiveRequest,
  Body,
  type CancellationCount,
  Controller,
  CurrentRequest,
  Get,
  Injectable,
  Post,
  RequestContext,
  Sse,
} from 'rockstar-web';
import { createTestApp, ManualClock, type TestApplication } from 'rockstar-web/testing';
import { NEVER } from 'rxjs';
import { currentLifetime } from '../../lib/lifetime/current';
import { WaitsFor } from '../../lib/lifetime/waits-for';
import { keepLines, type Line } from '../context/lines';
import { gate, type Gate, soon } from '../support/soon';
import { type Client, doors, moduleOf, QUIET } from './doors';

let go: Gate<void>;

@Injectable()
class Slow {
  // What a room of its own does: it says what the work waits for, on the lifetime it finds.
  static readonly QUERY = new WaitsFor('query');

  constructor(readonly current: CurrentRequest) {}

  async query(): Promise<void> {
    const query = currentLifetime()!.open(Slow.QUERY);
    await go.promise;
    query.end('finished');
  }
}

@Controller('/api')
class Api {
  constructor(
    private readonly requests: ActiveRequests,
    private readonly slow: Slow,
  ) {}

  @Get('/active')
  active() {
    return this.requests.list();
  }

  @Get('/cancellations')
  cancellations() {
    return this.requests.cancellations();
  }

  @Get('/task/:id')
  async task() {
    await go.promise;
  }

  @Get('/listens')
  listens(context: RequestContext) {
    return new Promise((_resolve, reject) => {
      context.signal.addEventListener('abort', () => reject(context.signal.reason as Error));
    });
  }

  @Get('/query')
  async query() {
    await this.slow.query();
    return 'done';
  }

  @Post('/body')
  body(@Body() body: unknown) {
    return body;
  }

  @Sse('/events')
  events() {
    return NEVER;
  }

  @Get('/endless')
  endless() {
    return new Readable({
      read() {
        this.push(Buffer.alloc(65_536));
      },
    });
  }
}

describe.each(doors)('what is being worked on, over $name', ({ connect }) => {
  let app: TestApplication;
  let client: Client;
  let lines: Line[];

  beforeEach(async () => {
    go = gate();
    const kept = keepLines();
    ({ lines } = kept);
    app = await createTestApp(moduleOf([Api], [Slow]), { ...QUIET, logger: kept.logger });
    await app.app.listen(0);
    client = await connect(app.app.url!);
  });

  afterEach(async () => {
    go.open();
    await client.close();
    await soon(() => expect(app.leaks()).toEqual([]));
    await app.close();
  });

  /** As another client sees it. */
  async function ask<T>(path: string): Promise<T> {
    const other = await connect(app.app.url!);
    try {
      return (await other.ask({ path })).json() as T;
    } finally {
      await other.close();
    }
  }

  const active = (): ActiveRequest[] => app.app.requests.list();

  it('is listed with what it waits for, and not when it is answered in its tick', async () => {
    expect(await ask('/api/active')).toEqual([]);
    client.begin({ path: '/api/query' });
    await soon(() => expect(active()).toHaveLength(1));
    expect(await ask('/api/active')).toEqual([
      { method: 'GET', route: '/api/query', ageMs: expect.any(Number), waitsFor: 'query' },
    ]);
    go.open();
    await soon(() => expect(active()).toEqual([]));
  });

  it('waits for its handler, or for its client', async () => {
    const others = await Promise.all([connect(app.app.url!), connect(app.app.url!)]);
    const asked = [
      client.begin({ path: '/api/task/7' }),
      others[0].begin({ method: 'POST', path: '/api/body', headers: { 'content-type': 'text/plain' }, unfinished: true }),
      others[1].begin({ path: '/api/events' }),
    ];
    await soon(() => expect(active()).toHaveLength(3));
    expect(Object.fromEntries(active().map(({ route, waitsFor }) => [route, waitsFor]))).toEqual({
      '/api/task/:id': 'handler',
      '/api/body': 'client',
      '/api/events': 'handler',
    });
    for (const one of asked) one.leave();
    await soon(() => expect(active().map(({ route }) => route)).toEqual(['/api/task/:id']));
    await Promise.all(others.map((one) => one.close()));
  });

  it('ends with its client: what listens is off the list, what does not stays, with the reason', async () => {
    const others = await Promise.all([connect(app.app.url!), connect(app.app.url!)]);
    const asked = [others[0].begin({ path: '/api/listens' }), others[1].begin({ path: '/api/task/7' })];
    await soon(() => expect(active()).toHaveLength(2));
    for (const one of asked) one.leave();
    await soon(() => expect(active()).toMatchObject([{ route: '/api/task/:id', waitsFor: 'handler', cancelled: 'client' }]));
    expect(await ask<CancellationCount[]>('/api/cancellations')).toEqual([
      { route: '/api/listens', reason: 'client', count: 1, stillRunning: 0 },
      { route: '/api/task/:id', reason: 'client', count: 1, stillRunning: 1 },
    ]);
    await soon(() =>
      expect(lines.filter(({ message }) => message.startsWith('work goes on'))).toEqual([
        {
          level: 'warn',
          message: expect.any(String) as string,
          fields: expect.objectContaining({ route: '/api/task/:id', handler: 'Api.task', reason: 'client' }) as object,
        },
      ]),
    );
    const metrics = (await app.request({ url: '/metrics' })).text();
    expect(metrics).toMatch(/^request_work_after_cancel_total\{route="\/api\/task\/:id"\} 1$/m);
    go.open();
    await soon(() => expect(active()).toEqual([]));
    expect(app.app.requests.cancellations().map(({ count, stillRunning }) => [count, stillRunning])).toEqual([
      [1, 0],
      [1, 0],
    ]);
    await Promise.all(others.map((one) => one.close()));
  });
});

describe('work after a cancel', () => {
  /** An application on a clock set by hand, and a request of it whose client has left. */
  async function left(clock: ManualClock) {
    go = gate();
    const app = await createTestApp(moduleOf([Api], [Slow]), { clock });
    const leaving = new AbortController();
    const response = app.request({ url: '/api/task/1', signal: leaving.signal });
    response.catch(() => undefined);
    await soon(() => expect(app.app.requests.list()).toHaveLength(1));
    leaving.abort();
    await soon(() => expect(app.app.requests.list()).toMatchObject([{ cancelled: 'client' }]));
    const counted = async () =>
      (await app.request({ url: '/metrics' })).text().includes('work_after_cancel_total{route="/api/task/:id"} 1');
    return { app, counted };
  }

  it('is given a moment to come to its end, and leaves no timer when it does', async () => {
    const clock = new ManualClock();
    const { app, counted } = await left(clock);
    await clock.advance(50);
    go.open();
    await soon(() => expect(app.leaks()).toEqual([]));
    await clock.advance(1_000);
    expect(await counted()).toBe(false);
    await app.close();
    expect(clock.pending).toBe(0);
  });

  it('counts once, however long it takes', async () => {
    const clock = new ManualClock();
    const { app, counted } = await left(clock);
    await clock.advance(105);
    expect(await counted()).toBe(true);
    await clock.advance(60_000);
    expect(await counted()).toBe(true);
    go.open();
    await soon(() => expect(app.leaks()).toEqual([]));
    await app.close();
  });
});
