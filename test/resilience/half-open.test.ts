import { OnBench } from './breaker-on-bench';

const IN_A_ROW = { maxFailures: 1, resetTimeoutMs: 1_000, halfOpenMax: 3 } as const;
const RATIO = {
  window: { kind: 'count', calls: 10 },
  failureRatio: 0.5,
  minimumCalls: 1,
  resetTimeoutMs: 1_000,
  halfOpenMax: 4,
} as const;

async function halfOpen(options: ConstructorParameters<typeof OnBench>[0]): Promise<OnBench> {
  const bench = new OnBench(options);
  bench.fail(bench.breaker.state === 'closed' ? 1 : 0);
  expect(bench.breaker.state).toBe('open');
  await bench.clock.advance(1_000);
  return bench;
}

describe('trials', () => {
  it('are at most halfOpenMax, and so many successes close it', async () => {
    const bench = await halfOpen(IN_A_ROW);
    const [one, two, three] = bench.begin(3);
    expect(bench.letIn(1)).toBe(0);
    one?.succeed();
    two?.succeed();
    expect(bench.letIn(1)).toBe(0);
    expect(bench.breaker.state).toBe('half-open');
    three?.succeed();
    expect(bench.breaker.state).toBe('closed');
    expect(bench.breaker.stats).toMatchObject({ calls: 0, rejected: 0 });
  });

  it('open it again at the first failure, for the whole open time', async () => {
    const bench = await halfOpen(IN_A_ROW);
    bench.succeed(2);
    bench.fail();
    expect([bench.breaker.state, bench.breaker.remainingOpenMs]).toEqual(['open', 1_000]);
  });

  it('are judged by the ratio where it is one: 1 of 4 failed closes, 2 of 4 open', async () => {
    const closes = await halfOpen(RATIO);
    closes.fail();
    closes.succeed(3);
    expect(closes.breaker.state).toBe('closed');
    const opens = await halfOpen(RATIO);
    opens.succeed();
    opens.fail();
    expect(opens.breaker.state).toBe('half-open');
    opens.fail();
    expect(opens.breaker.state).toBe('open');
  });

  it('that are slow open it again where latency is judged: 4 of 4 at 80 %', async () => {
    const bench = await halfOpen({ ...RATIO, slowCallMs: 100, slowRatio: 0.8 });
    const trials = bench.begin(4);
    await bench.clock.advance(100);
    for (const trial of trials) trial.succeed();
    expect(bench.breaker.state).toBe('open');
  });

  it('that are cut after the slow threshold use up their permit, and are no successes', async () => {
    const bench = await halfOpen({ ...RATIO, slowCallMs: 100, slowRatio: 1 });
    const trials = bench.begin(4);
    await bench.clock.advance(100);
    for (const trial of trials) trial.cancel();
    expect(bench.breaker.state).toBe('open');
  });

  it('come as calls come: with none, it stays half-open', async () => {
    const bench = await halfOpen(IN_A_ROW);
    await bench.clock.advance(3_600_000);
    expect([bench.breaker.state, bench.breaker.remainingOpenMs]).toEqual(['half-open', 0]);
    bench.succeed(3);
    expect(bench.breaker.state).toBe('closed');
  });

  it('are let in at once where a health check says that it works, and have the last word', async () => {
    const bench = new OnBench(IN_A_ROW).listen();
    bench.fail();
    bench.breaker.probeNow();
    expect([bench.breaker.state, bench.letIn(4)]).toEqual(['half-open', 3]);
    expect(bench.changes).toEqual(['closed → open (rate)', 'open → half-open (probe)']);
    bench.breaker.reset();
    for (const turn of ['forceOpen', 'disable', 'observeOnly', 'reset'] as const) {
      bench.breaker[turn]();
      const { state } = bench.breaker;
      bench.breaker.probeNow();
      expect(bench.breaker.state).toBe(state);
    }
  });
});

describe('the open time', () => {
  /** Opens, and fails each trial; how long each open time was. */
  async function openTimes(bench: OnBench, times: number): Promise<number[]> {
    const all: number[] = [];
    bench.fail();
    for (let i = 0; i < times; i++) {
      all.push(bench.breaker.remainingOpenMs);
      await bench.clock.advance(bench.breaker.remainingOpenMs);
      bench.fail();
    }
    return all;
  }

  it('stays as it is unless it is to grow', async () => {
    expect(await openTimes(new OnBench(IN_A_ROW), 3)).toEqual([1_000, 1_000, 1_000]);
  });

  it('doubles with each trial that fails, up to its ceiling', async () => {
    const bench = new OnBench({ ...IN_A_ROW, backoff: { maxMs: 6_000, jitter: 0 } });
    expect(await openTimes(bench, 5)).toEqual([1_000, 2_000, 4_000, 6_000, 6_000]);
  });

  it('grows by another factor, to 5 minutes by default', async () => {
    const bench = new OnBench({ ...IN_A_ROW, backoff: { factor: 10, jitter: 0 } });
    expect(await openTimes(bench, 5)).toEqual([1_000, 10_000, 100_000, 300_000, 300_000]);
  });

  it('begins anew once it was closed', async () => {
    const bench = new OnBench({ ...IN_A_ROW, halfOpenMax: 1, backoff: { jitter: 0 } });
    expect(await openTimes(bench, 3)).toEqual([1_000, 2_000, 4_000]);
    await bench.clock.advance(8_000);
    bench.succeed();
    expect(bench.breaker.state).toBe('closed');
    expect(await openTimes(bench, 2)).toEqual([1_000, 2_000]);
  });

  it('grows as well where trials never end', async () => {
    const bench = new OnBench({ ...IN_A_ROW, maxHalfOpenMs: 5_000, backoff: { jitter: 0 } });
    bench.fail();
    await bench.clock.advance(1_000);
    bench.begin(1);
    await bench.clock.advance(5_000);
    expect([bench.breaker.state, bench.breaker.remainingOpenMs]).toEqual(['open', 2_000]);
  });

  it.each([
    [0, [1_000, 2_000, 4_000, 5_000]],
    [0.5, [1_100, 2_200, 4_400, 5_500]],
    [1 - Number.EPSILON, [1_200, 2_400, 4_800, 6_000]],
  ])('has chance %d in it, below the ceiling as well', async (chance, expected) => {
    const backoff = { maxMs: 6_000, jitter: 0.2, random: () => chance };
    const times = await openTimes(new OnBench({ ...IN_A_ROW, backoff }), 4);
    expect(times.map(Math.round)).toEqual(expected);
    expect(Math.max(...times)).toBeLessThanOrEqual(6_000);
  });

  it('does not change by looking at it', async () => {
    const bench = new OnBench({ ...IN_A_ROW, maxHalfOpenMs: 1_000, backoff: {} });
    bench.fail();
    await bench.clock.advance(bench.breaker.remainingOpenMs);
    bench.begin(1);
    await bench.clock.advance(1_000);
    const seen = new Set(Array.from({ length: 20 }, () => bench.breaker.remainingOpenMs));
    expect(seen.size).toBe(1);
  });
});
