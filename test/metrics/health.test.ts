import { createLogger } from '../../lib/diagnostics/create-logger';
import { Health, type HealthOptions } from '../../lib/metrics/health';
import type { IndicatorReport } from '../../lib/metrics/health-check';
import { ManualClock } from '../../lib/testing/manual-clock';

interface Bench {
  readonly clock: ManualClock;
  readonly health: Health;
  readonly log: Record<string, unknown>[];
}

function make(options: HealthOptions = {}): Bench {
  const clock = new ManualClock();
  const log: Record<string, unknown>[] = [];
  const logger = createLogger({ destination: { write: (line) => log.push(JSON.parse(line) as Record<string, unknown>) } });
  return { clock, log, health: new Health({ clock, logger, ...options }) };
}

function started(options?: HealthOptions): Bench {
  const bench = make(options);
  bench.health.started();
  return bench;
}

/** An indicator whose answers the test gives. */
function manual(): {
  indicator: (signal: AbortSignal) => Promise<'up' | 'degraded' | 'down'>;
  calls: number;
  answer: (status: 'up' | 'degraded' | 'down') => void;
  fail: (error: Error) => void;
  signal?: AbortSignal;
} {
  const self = {
    calls: 0,
    signal: undefined as AbortSignal | undefined,
    answer: (_: 'up' | 'degraded' | 'down'): void => undefined,
    fail: (_: Error): void => undefined,
    indicator(signal: AbortSignal) {
      self.calls++;
      self.signal = signal;
      return new Promise<'up' | 'degraded' | 'down'>((resolve, reject) => {
        self.answer = resolve;
        self.fail = reject;
      });
    },
  };
  return self;
}

describe('readiness', () => {
  test('is starting, then up, then stopping, with 503 before and after', async () => {
    const { health } = make();
    expect(await health.ready()).toEqual({ status: 503, body: { status: 'starting' } });
    health.started();
    expect(await health.ready()).toEqual({ status: 200, body: { status: 'up' } });
    health.stopping();
    expect(await health.ready()).toEqual({ status: 503, body: { status: 'stopping' } });
    health.started();
    expect(await health.ready()).toEqual({ status: 503, body: { status: 'stopping' } });
  });

  test.each([
    [['up', 'up'], 200, 'up'],
    [['up', 'degraded'], 200, 'degraded'],
    [['degraded', 'down'], 503, 'down'],
    [['down', 'degraded'], 503, 'down'],
  ] as const)('with indicators that say %j is %i %s', async (said, status, state) => {
    const { health } = started();
    for (const [i, each] of said.entries()) health.register(`i${i}`, () => each);
    expect(await health.ready()).toEqual({ status, body: { status: state } });
  });

  test('is only degraded when something it can do without is down', async () => {
    const { health } = started();
    health.register('recommendations', () => 'down', { required: false });
    expect(await health.ready()).toEqual({ status: 200, body: { status: 'degraded' } });
    health.register('database', () => 'down');
    expect((await health.ready()).status).toBe(503);
  });

  test('tells details to operators alone', async () => {
    const { health } = started();
    health.register('database', () => ({ status: 'degraded', detail: { pool: '9 of 10' } }));
    expect((await health.ready()).body).toEqual({ status: 'degraded' });
    expect((await health.ready({ details: true })).body).toEqual({
      status: 'degraded',
      indicators: { database: { status: 'degraded', detail: { pool: '9 of 10' } } },
    });
  });

  test('asks nobody while starting or stopping', async () => {
    const { health } = make();
    const database = manual();
    health.register('database', database.indicator);
    await health.ready();
    health.stopping();
    await health.ready();
    expect(database.calls).toBe(0);
  });

  test('is stopping when the stop comes while somebody is asked', async () => {
    const { health } = started();
    const database = manual();
    health.register('database', database.indicator);
    const answer = health.ready();
    health.stopping();
    database.answer('up');
    expect(await answer).toEqual({ status: 503, body: { status: 'stopping' } });
  });
});

test('liveness is up in every state', () => {
  const { health } = make();
  const alive = { status: 200, body: { status: 'up' } };
  expect(health.live()).toEqual(alive);
  health.started();
  health.register('database', () => 'down');
  expect(health.live()).toEqual(alive);
  health.stopping();
  expect(health.live()).toEqual(alive);
});

describe('an indicator', () => {
  test('is asked once for all who ask at the same time, and its answer is kept for a while', async () => {
    const { health, clock } = started({ cacheMs: 1_000 });
    const database = manual();
    health.register('database', database.indicator);
    const both = Promise.all([health.ready(), health.ready()]);
    database.answer('up');
    expect((await both).map((answer) => answer.body.status)).toEqual(['up', 'up']);
    await clock.advance(999);
    await health.ready();
    expect(database.calls).toBe(1);
    await clock.advance(1);
    const later = health.ready();
    expect(database.calls).toBe(2);
    database.answer('down');
    expect((await later).status).toBe(503);
    expect(clock.pending).toBe(0);
  });

  test('is down when its time is up, and its signal is aborted', async () => {
    const { health, clock } = started();
    const database = manual();
    health.register('database', database.indicator, { timeoutMs: 50 });
    const answer = health.report();
    await clock.advance(50);
    expect(await answer).toEqual({
      status: 'down',
      indicators: { database: { status: 'down', detail: 'no answer within 50 ms' } },
    });
    expect(database.signal!.aborted).toBe(true);
  });

  test('that ignores its time is not asked a second time beside it, and counts again when it answers', async () => {
    const { health, clock, log } = started({ cacheMs: 10, timeoutMs: 50 });
    const database = manual();
    health.register('database', database.indicator);
    const answer = health.ready();
    await clock.advance(50);
    expect((await answer).status).toBe(503);
    for (let i = 0; i < 5; i++) {
      await clock.advance(100);
      expect((await health.ready()).status).toBe(503);
    }
    expect(database.calls).toBe(1);
    database.answer('up');
    await clock.advance(0);
    expect((await health.ready()).status).toBe(200);
    expect(log.map((line) => line.level)).toEqual(['warn', 'info', 'info']);
  });

  test.each<[string, () => unknown, string]>([
    ['throws', () => { throw new Error('secret://user:pass@host'); }, 'it threw'], // prettier-ignore
    ['rejects', () => Promise.reject(new Error('secret://user:pass@host')), 'it was rejected'],
    ['answers with something else', () => 'fine', 'its answer is none of up, degraded and down'],
    ['answers with nothing', () => undefined, 'its answer is none of up, degraded and down'],
    ['promises something else', () => Promise.resolve({ status: 1 }), 'its answer is none of up, degraded and down'],
  ])('that %s is down, and the log has the cause', async (_what, indicator, detail) => {
    const { health, log } = started();
    health.register('database', indicator as () => IndicatorReport);
    expect(await health.report()).toEqual({ status: 'down', indicators: { database: { status: 'down', detail } } });
    expect(JSON.stringify((await health.ready({ details: true })).body)).not.toContain('secret');
    expect(log[0]).toMatchObject({ level: 'warn', code: 'HEALTH_CHECK_FAILED' });
  });

  test('is logged when it changes, and not each time it is asked', async () => {
    const { health, clock, log } = started({ cacheMs: 1 });
    let down = true;
    health.register('database', () => (down ? 'down' : 'up'));
    for (let i = 0; i < 3; i++) {
      await health.ready();
      await clock.advance(1);
    }
    down = false;
    await health.ready();
    expect(log).toMatchObject([
      { msg: 'health indicator changed', indicator: 'database', from: 'up', to: 'down' },
      { msg: 'health indicator changed', indicator: 'database', from: 'down', to: 'up' },
    ]);
  });

  test('has a name of its own, free again once it is taken away', async () => {
    const { health } = started();
    const leave = health.register('database', () => 'down');
    expect(() => health.register('database', () => 'up')).toThrow(expect.objectContaining({ code: 'HEALTH_INDICATOR_CONFLICT' }));
    leave();
    expect((await health.ready()).status).toBe(200);
    health.register('database', () => 'up');
    leave();
    expect(Object.keys((await health.report()).indicators)).toEqual(['database']);
  });
});

test('closing cuts the checks under way and leaves no timer', async () => {
  const { health, clock } = started();
  const database = manual();
  health.register('database', database.indicator);
  const answer = health.ready();
  expect(clock.pending).toBe(1);
  health.close();
  expect((await answer).status).toBe(503);
  expect(database.signal!.aborted).toBe(true);
  expect(clock.pending).toBe(0);
  database.fail(new Error('late'));
});
