import { OnBench } from './breaker-on-bench';

const IN_A_ROW = { maxFailures: 2, resetTimeoutMs: 1_000, halfOpenMax: 1 } as const;

describe('a breaker that is forced open', () => {
  it('rejects everything, however long it takes, and says so', async () => {
    const bench = new OnBench(IN_A_ROW);
    bench.breaker.forceOpen();
    await bench.clock.advance(3_600_000);
    expect([bench.breaker.state, bench.breaker.remainingOpenMs, bench.letIn(3)]).toEqual(['forced-open', 0, 0]);
    expect(bench.breaker.stats).toMatchObject({ calls: 0, rejected: 3 });
    expect(() => bench.breaker.begin()).toThrow(expect.objectContaining({ retryAfterMs: 1_000 }));
  });

  it('takes results of before for late ones', () => {
    const bench = new OnBench(IN_A_ROW);
    const old = bench.begin(3);
    bench.breaker.forceOpen();
    for (const call of old) call.succeed();
    expect([bench.breaker.state, bench.breaker.stats.late]).toEqual(['forced-open', 3]);
  });

  it('is closed and knows nothing of before once it is enabled', () => {
    const bench = new OnBench(IN_A_ROW).listen();
    bench.fail();
    bench.breaker.forceOpen();
    bench.breaker.enable();
    bench.fail();
    expect([bench.breaker.state, bench.breaker.stats.failures]).toEqual(['closed', 1]);
    expect(bench.changes).toEqual(['closed → forced-open (manual)', 'forced-open → closed (manual)']);
  });
});

describe('a breaker that is disabled', () => {
  it('passes everything on and counts nothing, not even late results', async () => {
    const bench = new OnBench(IN_A_ROW);
    const old = bench.breaker.begin();
    bench.breaker.disable();
    bench.fail(100);
    bench.cancel();
    old.fail(new Error());
    await expect(bench.breaker.call(() => 1, { signal: AbortSignal.abort() })).rejects.toThrow();
    await expect(bench.breaker.call(() => 'value')).resolves.toBe('value');
    expect([bench.breaker.state, bench.letIn(10)]).toEqual(['disabled', 10]);
    expect(Object.values(bench.breaker.stats)).toEqual(Array(8).fill(0));
  });

  it('passes on as well what was open', () => {
    const bench = new OnBench(IN_A_ROW);
    bench.fail(2);
    bench.breaker.disable();
    expect([bench.letIn(1), bench.breaker.remainingOpenMs]).toEqual([1, 0]);
  });

  it('has its own time-out all the same', async () => {
    const { breaker, clock } = new OnBench({ timeoutMs: 100 });
    breaker.disable();
    const call = breaker.call(() => new Promise(() => undefined));
    await Promise.all([expect(call).rejects.toMatchObject({ code: 'BREAKER_TIMEOUT' }), clock.advance(100)]);
  });
});

describe('a breaker that only observes', () => {
  it('passes everything on, counts, and says whether it would open', () => {
    const bench = new OnBench({ ...IN_A_ROW, window: { kind: 'count', calls: 4 } });
    bench.breaker.observeOnly();
    expect(bench.breaker.wouldOpen).toBe(false);
    bench.fail(2);
    expect([bench.breaker.state, bench.breaker.wouldOpen, bench.letIn(1)]).toEqual(['metrics-only', true, 1]);
    bench.succeed(3);
    expect(bench.breaker.wouldOpen).toBe(false);
    expect(bench.breaker.stats).toMatchObject({ calls: 4, successes: 3, failures: 1 });
  });

  it('forgets with its window what would have opened it', async () => {
    const bench = new OnBench({ ...IN_A_ROW, window: { kind: 'time', durationMs: 1_000 } });
    bench.breaker.observeOnly();
    bench.fail(2);
    expect(bench.breaker.wouldOpen).toBe(true);
    await bench.clock.advance(1_000);
    expect(bench.breaker.wouldOpen).toBe(false);
  });
});

describe('an operator', () => {
  it('resets: closed, and results of before are late', () => {
    const bench = new OnBench(IN_A_ROW).listen();
    const old = bench.begin(2);
    bench.fail(2);
    bench.breaker.reset();
    for (const call of old) call.fail(new Error());
    expect([bench.breaker.state, bench.breaker.stats]).toMatchObject(['closed', { calls: 0, late: 2 }]);
    expect(bench.changes).toEqual(['closed → open (rate)', 'open → closed (manual)']);
  });

  it('resets what is closed: it forgets, and tells of no change', () => {
    const bench = new OnBench(IN_A_ROW).listen();
    bench.fail();
    bench.breaker.reset();
    bench.fail();
    expect([bench.breaker.state, bench.breaker.stats.failures, bench.changes]).toEqual(['closed', 1, []]);
  });

  it('enables what is not held: without effect', async () => {
    const bench = new OnBench(IN_A_ROW);
    bench.breaker.enable();
    bench.fail(2);
    bench.breaker.enable();
    expect([bench.breaker.state, bench.breaker.stats.failures]).toEqual(['open', 2]);
    await bench.clock.advance(1_000);
    bench.breaker.enable();
    expect(bench.breaker.state).toBe('half-open');
  });

  it('says the same twice: without effect the second time', () => {
    const bench = new OnBench(IN_A_ROW).listen();
    for (const turn of ['forceOpen', 'disable', 'observeOnly'] as const) {
      bench.breaker[turn]();
      bench.breaker[turn]();
    }
    expect(bench.changes).toEqual([
      'closed → forced-open (manual)',
      'forced-open → disabled (manual)',
      'disabled → metrics-only (manual)',
    ]);
  });
});
