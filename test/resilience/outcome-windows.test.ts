import * as fc from 'fast-check';
import { Breaker } from '../../lib/resilience/breaker';
import { CountWindow } from '../../lib/resilience/count-window';
import { FAILURE, type Outcome, OUTCOME_KINDS, REJECTED, SUCCESS } from '../../lib/resilience/outcome';
import { TimeWindow } from '../../lib/resilience/time-window';
import { OnBench } from './breaker-on-bench';

const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

describe('a window of so many calls', () => {
  it('forgets the oldest for each that comes: of 100, the 101st pushes the first out', () => {
    const bench = new OnBench({ window: { kind: 'count', calls: 100 }, failureRatio: 0.5, minimumCalls: 100 });
    bench.fail(49);
    bench.succeed(51);
    expect(bench.breaker.stats).toMatchObject({ calls: 100, failures: 49, successes: 51 });
    bench.succeed();
    expect(bench.breaker.stats).toMatchObject({ calls: 100, failures: 48, successes: 52 });
    bench.fail(2);
    expect(bench.breaker.stats).toMatchObject({ calls: 100, failures: 48, successes: 52 });
  });

  it('is not changed by time', async () => {
    const bench = new OnBench({ window: { kind: 'count', calls: 3 }, failureRatio: 1 });
    bench.fail(2);
    await bench.clock.advance(3_600_000);
    bench.fail();
    expect(bench.breaker.state).toBe('open');
  });

  it('looks at a ratio once it is full where it is smaller than the minimum of calls', () => {
    const bench = new OnBench({ window: { kind: 'count', calls: 4 }, failureRatio: 0.5 });
    bench.fail(3);
    expect(bench.breaker.state).toBe('closed');
    bench.fail();
    expect(bench.breaker.state).toBe('open');
  });

  it('may open at a success: with it there are enough calls, and 3 of 4 failed', async () => {
    const bench = new OnBench({ window: { kind: 'count', calls: 4 }, failureRatio: 0.5 }).listen();
    bench.fail(3);
    await expect(bench.breaker.call(() => 'fine')).resolves.toBe('fine');
    expect(bench.changes).toEqual(['closed → open (rate)']);
  });

  it('opens at so many failures among its calls, wherever they stand', () => {
    const bench = new OnBench({ window: { kind: 'count', calls: 10 }, maxFailures: 3 });
    for (let i = 0; i < 20; i++) {
      bench.fail(2);
      bench.succeed(8);
    }
    expect(bench.breaker.state).toBe('closed');
    bench.fail();
    bench.succeed(4);
    bench.fail(2);
    expect(bench.breaker.state).toBe('open');
  });

  it('of a million calls counts as it does of ten: exactly', () => {
    const window = new CountWindow(1_000_000);
    for (let i = 0; i < 1_000_000; i++) window.record(i % 3 === 0 ? FAILURE : SUCCESS);
    expect([window.counts[FAILURE], window.counts[SUCCESS]]).toEqual([333_334, 666_666]);
    for (let i = 0; i < 500_000; i++) window.record(SUCCESS);
    expect([window.counts[FAILURE], window.counts[SUCCESS]]).toEqual([166_667, 833_333]);
  });
});

describe('a window of time', () => {
  const options = { window: { kind: 'time', durationMs: 10_000 }, failureRatio: 0.5, minimumCalls: 5 } as const;

  it.each([
    [0, 9_999, 'open'],
    [0, 10_000, 'closed'],
    [500, 9_999, 'open'],
    [500, 10_000, 'closed'],
    [999, 9_999, 'open'],
    [123_456.789, 9_999, 'open'],
    [123_456.789, 10_000, 'closed'],
  ])('that begins at %d has forgotten 4 failures after %d ms or not: the fifth leaves it %s', async (startMs, laterMs, state) => {
    const bench = new OnBench(options);
    await bench.clock.advance(startMs);
    bench.fail(4);
    await bench.clock.advance(laterMs);
    bench.fail();
    expect(bench.breaker.state).toBe(state);
  });

  it('forgets bit by bit what came bit by bit, when it is read as well', async () => {
    const bench = new OnBench({ ...options, minimumCalls: 1_000 });
    for (let second = 0; second < 10; second++) {
      bench.fail();
      await bench.clock.advance(1_000);
    }
    const left: number[] = [];
    for (let second = 0; second < 10; second++) {
      left.push(bench.breaker.stats.failures);
      await bench.clock.advance(1_000);
    }
    expect(left).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  });

  it('counts every call exactly once, and forgets each at most a hundredth too early, none too late', () => {
    const event = fc.record({ afterMs: fc.nat(40), outcome: fc.constantFrom<Outcome>(SUCCESS, FAILURE, REJECTED) });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 300 }), (events) => {
        const window = new TimeWindow(1_000);
        const times: number[] = [];
        let nowMs = 0;
        for (const { afterMs, outcome } of events) {
          nowMs += afterMs;
          times.push(nowMs);
          window.record(outcome, nowMs);
          const sure = times.filter((ms) => ms > nowMs - 990).length;
          const possible = times.filter((ms) => ms > nowMs - 1_000).length;
          expect(total(window.counts)).toBeGreaterThanOrEqual(sure);
          expect(total(window.counts)).toBeLessThanOrEqual(possible);
        }
        window.forget(nowMs + 1_000);
        expect(window.counts).toEqual(Array(OUTCOME_KINDS).fill(0));
      }),
    );
  });

  it('holds at most 101 moments, whatever comes in', () => {
    const window = new TimeWindow(1_000);
    for (let i = 0; i < 100_000; i++) window.record(SUCCESS, i / 10);
    const saved = window.save(10_000);
    expect(saved.kind === 'time' && saved.moments.length).toBeLessThanOrEqual(101);
    expect(window.counts[SUCCESS]).toBeGreaterThanOrEqual(9_900);
  });

  it('takes a clock that goes backwards to stand still', () => {
    const window = new TimeWindow(1_000);
    window.record(FAILURE, 5_000);
    window.record(FAILURE, 1_000);
    window.forget(4_000);
    expect(window.counts[FAILURE]).toBe(2);
    window.forget(6_000);
    expect(window.counts[FAILURE]).toBe(0);
  });

  it('opens at so many failures within it', async () => {
    const bench = new OnBench({ window: { kind: 'time', durationMs: 1_000 }, maxFailures: 3 });
    bench.fail(2);
    bench.succeed(1_000);
    await bench.clock.advance(999);
    bench.fail();
    expect(bench.breaker.state).toBe('open');
  });
});

describe('failures in a row', () => {
  it('open at the fifth, and one success begins the row anew', () => {
    const bench = new OnBench({ maxFailures: 5 });
    bench.fail(4);
    bench.succeed();
    bench.fail(4);
    expect(bench.breaker.state).toBe('closed');
    bench.fail();
    expect(bench.breaker.state).toBe('open');
  });

  it('are not broken by what counts as nothing', () => {
    const bench = new OnBench({ maxFailures: 5 });
    bench.fail(4);
    bench.cancel();
    bench.breaker.begin().ignore();
    bench.fail();
    expect(bench.breaker.state).toBe('open');
  });

  it('are 5 by default', () => {
    const bench = new OnBench({ window: { kind: 'consecutive' } });
    bench.fail(4);
    expect(bench.breaker.state).toBe('closed');
    bench.fail();
    expect(bench.breaker.state).toBe('open');
  });

  it('are slow calls, too, where it is said when a call is slow', async () => {
    const bench = new OnBench({ maxFailures: 2, slowCallMs: 100 }).listen();
    for (let i = 0; i < 2; i++) {
      const call = bench.breaker.begin();
      await bench.clock.advance(100);
      call.succeed();
    }
    expect(bench.breaker.stats).toMatchObject({ successes: 2, slow: 2, failures: 0 });
    expect(bench.changes).toEqual(['closed → open (slow)']);
  });

  it('are no slow successes where it is not said', async () => {
    const bench = new OnBench({ maxFailures: 2 });
    const calls = bench.begin(5);
    await bench.clock.advance(60_000);
    for (const call of calls) call.succeed();
    expect([bench.breaker.state, bench.breaker.stats.slow]).toEqual(['closed', 0]);
  });
});

describe('slow calls', () => {
  const options = { window: { kind: 'count', calls: 10 }, slowCallMs: 100, slowRatio: 0.8, minimumCalls: 5 } as const;

  it.each([
    [99, 'closed', 0],
    [100, 'open', 5],
  ])('of %d ms leave it %s: %d of 5 are slow', async (ms, state, slow) => {
    const bench = new OnBench(options);
    const calls = bench.begin(5);
    await bench.clock.advance(ms);
    for (const call of calls) call.succeed();
    expect([bench.breaker.state, bench.breaker.stats.slow]).toEqual([state, slow]);
  });

  it.each([
    [99, 0],
    [100, 1],
  ])('are told by the same edge where they are functions that nothing cuts: %d ms, %d slow', async (ms, slow) => {
    const { breaker, clock } = new OnBench(options);
    const call = breaker.call(() => new Promise<void>((resolve) => void clock.setTimer(resolve, ms)));
    await clock.advance(ms);
    await call;
    expect(breaker.stats).toMatchObject({ successes: 1, slow });
  });

  it('open at 80 %, not at 70 %', async () => {
    const bench = new OnBench({ ...options, minimumCalls: 10 });
    bench.succeed(3);
    const seven = bench.begin(7);
    await bench.clock.advance(100);
    for (const call of seven) call.succeed();
    expect([bench.breaker.state, bench.breaker.stats.slow]).toEqual(['closed', 7]);
    const more = bench.begin(1);
    await bench.clock.advance(100);
    more[0]?.succeed();
    expect([bench.breaker.state, bench.breaker.stats.slow]).toEqual(['open', 8]);
  });

  it('are none with slowCallMs 0', async () => {
    const bench = new OnBench({ ...options, slowCallMs: 0 });
    const calls = bench.begin(10);
    await bench.clock.advance(3_600_000);
    for (const call of calls) call.succeed();
    expect([bench.breaker.state, bench.breaker.stats.slow]).toEqual(['closed', 0]);
  });
});

it('the defaults are 50 % of at least 10 calls of 10 seconds, 80 % of them slower than 2 seconds, 30 seconds open, 3 trials', async () => {
  const bench = new OnBench({});
  bench.fail(9);
  expect(bench.breaker.state).toBe('closed');
  bench.fail();
  expect([bench.breaker.state, bench.breaker.remainingOpenMs]).toEqual(['open', 30_000]);
  await bench.clock.advance(30_000);
  expect(bench.letIn(5)).toBe(3);
  const slow = new OnBench({});
  slow.succeed(2);
  const calls = slow.begin(8);
  await slow.clock.advance(2_000);
  for (const call of calls) call.succeed();
  expect(slow.breaker.state).toBe('open');
  expect(new Breaker({}).name).toBe('breaker');
});
