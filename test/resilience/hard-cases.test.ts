import { CancelledError } from '../../lib/lifetime/end-reason';
import { Breaker } from '../../lib/resilience/breaker';
import { ManualClock } from '../../lib/testing/manual-clock';
import { gate } from '../support/soon';
import { OnBench, outcomeOf, settled } from './breaker-on-bench';

/** 50 % of at least 5 calls of 10 seconds; open for 10 seconds, then one trial. */
const RATIO = {
  window: { kind: 'time', durationMs: 10_000 },
  failureRatio: 0.5,
  minimumCalls: 5,
  resetTimeoutMs: 10_000,
  halfOpenMax: 1,
} as const;
const IN_A_ROW = { maxFailures: 5, resetTimeoutMs: 10_000, halfOpenMax: 1 } as const;

describe('what other breakers get wrong', () => {
  it('a failure of before it opened moves nothing while a trial runs: 1 late, half-open', async () => {
    const bench = new OnBench(RATIO);
    const old = bench.breaker.begin();
    bench.fail(5);
    await bench.clock.advance(10_000);
    const trial = bench.breaker.begin();
    old.fail(new Error('of long ago'));
    expect({ state: bench.breaker.state, late: bench.breaker.stats.late }).toEqual({ state: 'half-open', late: 1 });
    trial.succeed();
    expect(bench.breaker.state).toBe('closed');
  });

  it('a success of before it opened closes nothing while a trial runs', async () => {
    const bench = new OnBench(RATIO);
    const old = bench.breaker.begin();
    bench.fail(5);
    await bench.clock.advance(10_000);
    const trial = bench.breaker.begin();
    old.succeed();
    expect({ state: bench.breaker.state, late: bench.breaker.stats.late }).toEqual({ state: 'half-open', late: 1 });
    trial.fail(new Error());
    expect(bench.breaker.state).toBe('open');
  });

  it('late failures do not lengthen the open time: 10,000 ms from the fifth, whatever comes in', async () => {
    const bench = new OnBench(IN_A_ROW);
    const old = bench.begin(20);
    bench.fail(5);
    await bench.clock.advance(4_000);
    for (const call of old) call.fail(new Error());
    expect(bench.breaker.remainingOpenMs).toBe(6_000);
    await bench.clock.advance(6_000);
    expect(bench.breaker.state).toBe('half-open');
  });

  it('late results of a trial given up do not judge the trials after it', async () => {
    const bench = new OnBench({ ...IN_A_ROW, maxHalfOpenMs: 5_000 });
    bench.fail(5);
    await bench.clock.advance(10_000);
    const stuck = bench.breaker.begin();
    await bench.clock.advance(15_000);
    const trial = bench.breaker.begin();
    stuck.succeed();
    expect({ state: bench.breaker.state, late: bench.breaker.stats.late }).toEqual({ state: 'half-open', late: 1 });
    trial.succeed();
    expect(bench.breaker.state).toBe('closed');
  });

  it.each([
    ['cancelled', (bench: OnBench) => bench.breaker.begin().cancel(new CancelledError('client'))],
    ['ignored', (bench: OnBench) => bench.breaker.begin().ignore()],
    ['cancelled by an error of its own', (bench: OnBench) => bench.breaker.begin().fail(new CancelledError('shutdown'))],
    ['aborted by fetch', (bench: OnBench) => bench.breaker.begin().fail(new DOMException('gone', 'AbortError'))],
  ])('a trial that is %s leaves it half-open and gives its permit back in the same tick', async (_how, end) => {
    const bench = new OnBench(RATIO);
    bench.fail(5);
    await bench.clock.advance(10_000);
    for (let i = 0; i < 100; i++) end(bench);
    expect(bench.breaker.state).toBe('half-open');
    expect(bench.breaker.stats.rejected).toBe(0);
    bench.succeed();
    expect(bench.breaker.state).toBe('closed');
  });

  it('six cancelled and five failed calls are five of five: open', () => {
    const bench = new OnBench(RATIO);
    bench.cancel(6);
    bench.fail(4);
    expect(bench.breaker.state).toBe('closed');
    bench.fail();
    expect(bench.breaker.state).toBe('open');
    expect(bench.breaker.stats).toMatchObject({ calls: 5, failures: 5, cancelled: 6 });
  });

  it('four failures, an hour of silence and one failure are one failure: closed', async () => {
    const bench = new OnBench(RATIO);
    bench.fail(4);
    await bench.clock.advance(3_600_000);
    bench.fail();
    expect(bench.breaker.state).toBe('closed');
    expect(bench.breaker.stats).toMatchObject({ calls: 1, failures: 1 });
  });

  it('of 100 callers at half-open one runs, and 99 are rejected before the next tick', async () => {
    const { breaker, clock } = new OnBench(RATIO);
    for (let i = 0; i < 5; i++) breaker.begin().fail(new Error());
    await clock.advance(10_000);
    let running = 0;
    const hanging = gate<unknown>();
    const outcomes = Array.from({ length: 100 }, () =>
      outcomeOf(
        breaker.call(() => {
          running++;
          return hanging.promise;
        }),
      ),
    );
    expect(running).toBe(1);
    expect(breaker.stats.rejected).toBe(99);
    const told = await Promise.all(outcomes);
    expect(told.filter((outcome) => outcome === 'pending')).toHaveLength(1);
    expect(told.filter((outcome) => outcome !== 'pending')).toEqual(
      Array.from({ length: 99 }, () => ({ error: expect.objectContaining({ code: 'BREAKER_OPEN', retryAfterMs: 1_000 }) })),
    );
    hanging.open(undefined);
    await settled();
    expect(breaker.state).toBe('closed');
  });

  it('a trial that never settles lets the next one in an hour later', async () => {
    const bench = new OnBench(RATIO);
    bench.fail(5);
    await bench.clock.advance(10_000);
    bench.breaker.call(() => new Promise(() => undefined)).catch(() => undefined);
    expect(bench.letIn(1)).toBe(0);
    await bench.clock.advance(3_600_000);
    expect(bench.breaker.state).toBe('half-open');
    bench.succeed();
    expect(bench.breaker.state).toBe('closed');
  });

  it('trials that never settle are given up after 30,000 ms: open for another 10,000 ms, then half-open', async () => {
    const bench = new OnBench(RATIO).listen();
    bench.fail(5);
    await bench.clock.advance(10_000);
    expect(bench.letIn(1)).toBe(1);
    await bench.clock.advance(29_999);
    expect(bench.breaker.state).toBe('half-open');
    await bench.clock.advance(1);
    expect([bench.breaker.state, bench.breaker.remainingOpenMs]).toEqual(['open', 10_000]);
    expect(bench.letIn(1)).toBe(0);
    await bench.clock.advance(10_000);
    expect(bench.letIn(2)).toBe(1);
    expect(bench.changes).toEqual([
      'closed → open (rate)',
      'open → half-open (probe)',
      'half-open → open (probe)',
      'open → half-open (probe)',
    ]);
  });

  it('trials that are cancelled again and again do not keep one that hangs from being given up', async () => {
    const bench = new OnBench({ ...RATIO, halfOpenMax: 2 });
    bench.fail(5);
    await bench.clock.advance(10_000);
    bench.begin(1);
    for (let second = 0; second < 30; second++) {
      expect(bench.breaker.state).toBe('half-open');
      bench.cancel();
      await bench.clock.advance(1_000);
    }
    expect(bench.breaker.state).toBe('open');
  });

  it('exactly half of the calls is half of them: open at 50 % of 50 %', () => {
    const bench = new OnBench({ ...RATIO, minimumCalls: 10 });
    bench.succeed(5);
    bench.fail(4);
    expect(bench.breaker.state).toBe('closed');
    bench.fail();
    expect(bench.breaker.state).toBe('open');
  });

  it('a ratio is taken of the calls and not multiplied by them: 3 of 30 is 10 %', () => {
    const bench = new OnBench({ ...RATIO, failureRatio: 0.1, minimumCalls: 30 });
    bench.succeed(27);
    bench.fail(3);
    expect(bench.breaker.state).toBe('open');
  });

  it.each([-3_600_000, 3_600_000])(
    'the wall clock jumps by %d ms while it is open: a trial after 10,000 ms all the same',
    async (jumpMs) => {
      let offMs = 0;
      class JumpingClock extends ManualClock {
        override epochMs(): number {
          return super.epochMs() + offMs;
        }
      }
      const bench = new OnBench(IN_A_ROW, new JumpingClock());
      bench.fail(5);
      const wallClock = jest.spyOn(Date, 'now').mockImplementation(() => 1_700_000_000_000 + jumpMs);
      offMs = jumpMs;
      await bench.clock.advance(9_999);
      expect([bench.breaker.state, bench.breaker.remainingOpenMs, bench.letIn(1)]).toEqual(['open', 1, 0]);
      await bench.clock.advance(1);
      expect([bench.breaker.state, bench.letIn(2)]).toEqual(['half-open', 1]);
      wallClock.mockRestore();
    },
  );

  it('an action that returns undefined, at once or later, is a success', async () => {
    const { breaker } = new OnBench(IN_A_ROW);
    await expect(breaker.call(() => undefined)).resolves.toBeUndefined();
    await expect(breaker.call(async () => undefined)).resolves.toBeUndefined();
    expect(breaker.stats).toMatchObject({ calls: 2, successes: 2 });
  });

  it('five synchronous throws are five failures: open, and each came back as it was thrown', async () => {
    const { breaker } = new OnBench(IN_A_ROW);
    const thrown = [new Error('one'), undefined, null, 'text', 5];
    for (const each of thrown) {
      const call = breaker.call(() => {
        throw each;
      });
      expect(await outcomeOf(call)).toEqual({ error: each });
    }
    expect([breaker.state, breaker.stats.failures]).toEqual(['open', 5]);
  });

  it('9,000 successes and 1,000 failures of one window are 10 %: closed', () => {
    const bench = new OnBench(RATIO);
    bench.succeed(9_000);
    bench.fail(1_000);
    expect(bench.breaker.stats).toMatchObject({ calls: 10_000, failures: 1_000 });
    expect(bench.breaker.state).toBe('closed');
  });

  it('a call that times out at 100 ms does not touch one begun at 60 ms that needs 80 ms', async () => {
    const { breaker, clock } = new OnBench({ ...IN_A_ROW, timeoutMs: 100 });
    const signals: AbortSignal[] = [];
    const hang = breaker.call((signal) => {
      signals.push(signal);
      return new Promise(() => undefined);
    });
    const hung = expect(hang).rejects.toMatchObject({ code: 'BREAKER_TIMEOUT', timeoutMs: 100 });
    await clock.advance(60);
    const needs80 = breaker.call(
      (signal) =>
        new Promise((resolve) => {
          signals.push(signal);
          clock.setTimer(() => resolve('done'), 80);
        }),
    );
    await clock.advance(40);
    await hung;
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    await clock.advance(40);
    await expect(needs80).resolves.toBe('done');
    expect(breaker.stats).toMatchObject({ calls: 2, successes: 1, failures: 1 });
    expect(clock.pending).toBe(0);
  });

  it('calls under way are no successes: 20 in flight and 5 of 5 that failed are 100 %', () => {
    const bench = new OnBench(RATIO);
    bench.begin(20);
    bench.fail(5);
    expect(bench.breaker.state).toBe('open');
    expect(bench.breaker.stats.calls).toBe(5);
  });

  it('a hanging upstream behind deadlines shorter than its own time-out opens it: 5 calls cut after 2,000 ms or more', async () => {
    const bench = new OnBench({ ...IN_A_ROW, timeoutMs: 10_000 });
    const calls = bench.begin(5);
    await bench.clock.advance(5_000);
    for (const call of calls) call.cancel(new CancelledError('deadline'));
    expect(bench.breaker.state).toBe('open');
    expect(bench.breaker.stats).toMatchObject({ calls: 5, slow: 5, cancelled: 5, failures: 0 });
  });

  it('a hanging upstream opens one that judges by ratios as well: cancelled after the slow threshold is slow', async () => {
    const bench = new OnBench({ ...RATIO, slowCallMs: 1_000, slowRatio: 0.8 }).listen();
    const calls = bench.begin(5);
    await bench.clock.advance(999);
    for (const call of calls.slice(0, 2)) call.cancel();
    await bench.clock.advance(1);
    for (const call of calls.slice(2)) call.cancel();
    expect(bench.breaker.stats).toMatchObject({ calls: 3, slow: 3, cancelled: 5 });
    const more = bench.begin(2);
    await bench.clock.advance(1_000);
    for (const call of more) call.cancel();
    expect(bench.changes).toEqual(['closed → open (slow)']);
  });

  it('clients that leave, however late, open none that counts failures in a row', async () => {
    const bench = new OnBench(IN_A_ROW);
    const calls = bench.begin(50);
    await bench.clock.advance(60_000);
    for (const call of calls) call.cancel(new CancelledError('client'));
    expect(bench.breaker.state).toBe('closed');
    expect(bench.breaker.stats).toMatchObject({ calls: 0, slow: 0, cancelled: 50 });
  });

  it('a deadline of what the caller belongs to is a deadline: told apart from a client that left by its root', async () => {
    const bench = new OnBench({ ...IN_A_ROW, maxFailures: 1 });
    const reasons = [new CancelledError('client'), new CancelledError('deadline')].map(
      (cause) => new CancelledError('parent', { cause }),
    );
    for (const reason of reasons) {
      const call = bench.breaker.begin();
      await bench.clock.advance(2_000);
      call.cancel(reason);
    }
    expect(bench.breaker.stats).toMatchObject({ cancelled: 2, slow: 1 });
    expect(bench.breaker.state).toBe('open');
  });
});

describe('a breaker within itself', () => {
  it('counts the outer call and the inner one, each once', async () => {
    const { breaker } = new OnBench(IN_A_ROW);
    await breaker.call(() => breaker.call(() => 'inner'));
    const error = new Error('inner');
    await expect(breaker.call(() => breaker.call(() => Promise.reject(error)))).rejects.toBe(error);
    expect(breaker.stats).toMatchObject({ calls: 4, successes: 2, failures: 2 });
  });

  it('takes its own rejection of an inner call for nothing the outer one learnt: the permit comes back', async () => {
    const { breaker, clock } = new OnBench(IN_A_ROW);
    for (let i = 0; i < 5; i++) breaker.begin().fail(new Error());
    await clock.advance(10_000);
    const nested = breaker.call(() => breaker.call(() => 'inner'));
    await expect(nested).rejects.toMatchObject({ code: 'BREAKER_OPEN' });
    expect(breaker.state).toBe('half-open');
    expect(breaker.stats).toMatchObject({ ignored: 1, rejected: 1 });
    await breaker.call(() => 'outer alone');
    expect(breaker.state).toBe('closed');
  });

  it('takes the rejection of another breaker for a failure of what stands behind it', async () => {
    const inner = new Breaker({ name: 'inner' });
    inner.forceOpen();
    const { breaker } = new OnBench(IN_A_ROW);
    await expect(breaker.call(() => inner.call(() => 1))).rejects.toMatchObject({ code: 'BREAKER_OPEN', breaker: 'inner' });
    expect(breaker.stats.failures).toBe(1);
  });

  it('is called by a listener of its own change, before the trial begins', async () => {
    const bench = new OnBench({ ...IN_A_ROW, halfOpenMax: 2 });
    bench.fail(5);
    await bench.clock.advance(10_000);
    const order: string[] = [];
    bench.breaker.transitions$.subscribe(({ to }) => {
      if (to === 'half-open') void bench.breaker.call(() => order.push('listener'));
    });
    await bench.breaker.call(() => order.push('caller'));
    expect(order).toEqual(['listener', 'caller']);
    expect(bench.breaker.state).toBe('closed');
  });

  it('is reset by a listener while a trial is let in: the trial counts for the state it was let in by', async () => {
    const bench = new OnBench(IN_A_ROW);
    bench.fail(5);
    await bench.clock.advance(10_000);
    bench.breaker.transitions$.subscribe(({ to }) => {
      if (to === 'half-open') bench.breaker.reset();
    });
    bench.fail();
    expect([bench.breaker.state, bench.breaker.stats]).toMatchObject(['closed', { failures: 0, late: 1 }]);
  });
});
