import { map } from 'rxjs';
import { Breaker } from '../../lib/resilience/breaker';
import type { Transition } from '../../lib/resilience/transition';
import { ManualClock } from '../../lib/testing/manual-clock';
import { OnBench } from './breaker-on-bench';

const IN_A_ROW = { name: 'users', maxFailures: 2, resetTimeoutMs: 1_000, halfOpenMax: 1 } as const;

describe('transitions', () => {
  it('are published once each, with cause and time, and what closing showed', async () => {
    const bench = new OnBench(IN_A_ROW, new ManualClock(0, Date.UTC(2026, 0, 1))).listen();
    bench.fail(2);
    await bench.clock.advance(1_000);
    bench.succeed();
    const base = { name: 'users' };
    expect(bench.transitions).toEqual([
      { ...base, from: 'closed', to: 'open', cause: 'rate', at: '2026-01-01T00:00:00.000Z' },
      { ...base, from: 'open', to: 'half-open', cause: 'probe', at: '2026-01-01T00:00:01.000Z' },
      {
        ...base,
        from: 'half-open',
        to: 'closed',
        cause: 'probe',
        at: '2026-01-01T00:00:01.000Z',
        recoveryMs: 1_000,
        falsePositive: true,
      },
    ]);
  });

  it('tell how long recovery took from the first opening on, and call no false positive what failed a trial', async () => {
    const bench = new OnBench(IN_A_ROW).listen();
    bench.fail(2);
    await bench.clock.advance(1_000);
    bench.fail();
    await bench.clock.advance(1_500);
    bench.succeed();
    const closing = bench.transitions.at(-1);
    expect(closing).toMatchObject({ to: 'closed', recoveryMs: 2_500 });
    expect(closing).not.toHaveProperty('falsePositive');
  });

  it('call no false positive what an operator reset', async () => {
    const bench = new OnBench(IN_A_ROW).listen();
    bench.fail(2);
    await bench.clock.advance(300);
    bench.breaker.reset();
    expect(bench.transitions.at(-1)).toMatchObject({ to: 'closed', cause: 'manual', recoveryMs: 300 });
    expect(bench.transitions.at(-1)).not.toHaveProperty('falsePositive');
  });

  it('are sent after the change: the listener sees the state it is told of', () => {
    const bench = new OnBench(IN_A_ROW);
    const seen: string[] = [];
    bench.breaker.transitions$.subscribe(({ to }) => seen.push(`${to}, is ${bench.breaker.state}`));
    bench.fail(2);
    expect(seen).toEqual(['open, is open']);
  });

  it('come to every listener in order, also those that a listener causes', () => {
    const bench = new OnBench(IN_A_ROW);
    const [first, second]: [string[], string[]] = [[], []];
    bench.breaker.transitions$.subscribe(({ from, to }) => {
      first.push(`${from} → ${to}`);
      if (to === 'open') bench.breaker.reset();
      if (to === 'closed' && first.length < 4) bench.breaker.forceOpen();
    });
    bench.breaker.transitions$.subscribe(({ from, to }) => second.push(`${from} → ${to}`));
    bench.fail(2);
    expect(first).toEqual(['closed → open', 'open → closed', 'closed → forced-open']);
    expect(second).toEqual(first);
  });

  it('whose listener throws reach the others, and the caller gets its own error: the process is warned', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const bench = new OnBench({ ...IN_A_ROW, maxFailures: 1 });
    const seen: string[] = [];
    const bad = (): never => {
      throw new Error('a bad listener');
    };
    bench.breaker.transitions$.subscribe(bad);
    bench.breaker.transitions$.subscribe({ next: bad });
    bench.breaker.transitions$.subscribe(({ to }) => seen.push(to));
    await expect(bench.breaker.call(() => Promise.reject(new Error('its own')))).rejects.toThrow('its own');
    expect(seen).toEqual(['open']);
    expect(warn.mock.calls.map(([text]) => text)).toEqual(
      Array(2).fill('A listener to the transitions of breaker "users" threw'),
    );
    warn.mockRestore();
  });

  it('are heard from now on, and no more after unsubscribing, also from within', () => {
    const bench = new OnBench(IN_A_ROW);
    bench.fail(2);
    const seen: string[] = [];
    const subscription = bench.breaker.transitions$.subscribe(({ to }) => {
      seen.push(to);
      subscription.unsubscribe();
    });
    bench.breaker.reset();
    bench.breaker.forceOpen();
    expect(seen).toEqual(['closed']);
  });

  it('are an Observable like any other', () => {
    const bench = new OnBench(IN_A_ROW);
    const seen: string[] = [];
    const observer = {
      prefix: 'to ',
      next({ to }: Transition) {
        seen.push(this.prefix + to);
      },
    };
    bench.breaker.transitions$.subscribe(observer);
    bench.breaker.transitions$.pipe(map(({ cause }) => cause)).subscribe((cause) => seen.push(cause));
    bench.fail(2);
    expect(seen).toEqual(['to open', 'rate']);
  });

  it('are not published by reading: no state, no counter, no summary changes anything', async () => {
    const bench = new OnBench(IN_A_ROW).listen();
    bench.fail(2);
    // Behind the back of the timer of those who listen.
    jest.spyOn(bench.clock, 'now').mockReturnValue(5_000);
    const { breaker } = bench;
    expect([breaker.state, breaker.remainingOpenMs, breaker.stats.failures, breaker.wouldOpen]).toEqual([
      'half-open',
      0,
      2,
      true,
    ]);
    expect(breaker.toJSON()).toMatchObject({ state: 'half-open' });
    expect(breaker.save()).toMatchObject({ state: 'half-open' });
    expect(bench.changes).toEqual(['closed → open (rate)']);
  });
});

describe('the timer of those who listen', () => {
  it('tells of half-open in time, without a call; one for all breakers of a clock', async () => {
    const clock = new ManualClock();
    const seen: string[] = [];
    const breakers = Array.from({ length: 100 }, (_, i) => new Breaker({ ...IN_A_ROW, clock, resetTimeoutMs: 1_000 + i }));
    for (const breaker of breakers) {
      breaker.transitions$.subscribe(({ to }) => seen.push(`${to} at ${clock.now()}`));
      breaker.begin().fail(new Error());
      breaker.begin().fail(new Error());
    }
    expect(clock.pending).toBe(1);
    await clock.advance(999);
    expect(new Set(seen)).toEqual(new Set(['open at 0']));
    await clock.advance(200);
    expect(seen.slice(100)).toEqual(Array.from({ length: 100 }, (_, i) => `half-open at ${1_000 + i}`));
    expect(clock.pending).toBe(0);
  });

  it('is not set while nobody listens, and is let go of with the last who does', () => {
    const { breaker, clock, ...bench } = new OnBench(IN_A_ROW);
    const fail = (): void => breaker.begin().fail(new Error());
    fail();
    fail();
    expect([clock.pending, bench.changes]).toEqual([0, []]);
    const one = breaker.transitions$.subscribe();
    expect(clock.pending).toBe(1);
    const other = breaker.transitions$.subscribe();
    one.unsubscribe();
    expect(clock.pending).toBe(1);
    other.unsubscribe();
    expect(clock.pending).toBe(0);
  });

  it('is let go of when the breaker closes before its time', () => {
    const bench = new OnBench(IN_A_ROW).listen();
    bench.fail(2);
    expect(bench.clock.pending).toBe(1);
    bench.breaker.reset();
    expect(bench.clock.pending).toBe(0);
  });

  it('goes by the longer time where the upstream asked for one', async () => {
    const bench = new OnBench({ ...IN_A_ROW, maxFailures: 1 }).listen();
    bench.fail(1, Object.assign(new Error(), { retryAfterMs: 90_000 }));
    await bench.clock.advance(89_999);
    expect(bench.changes).toEqual(['closed → open (retry_after)']);
    await bench.clock.advance(1);
    expect(bench.changes).toEqual(['closed → open (retry_after)', 'open → half-open (probe)']);
  });
});
