import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../architecture/checkout';
import { FrameworkError } from '../../lib/errors/framework-error';
import { CancelledError } from '../../lib/lifetime/end-reason';
import { Breaker } from '../../lib/resilience/breaker';
import { BreakerOpenError, BreakerTimeoutError } from '../../lib/resilience/breaker-error';
import { ManualClock } from '../../lib/testing/manual-clock';
import { gate } from '../support/soon';
import { OnBench, outcomeOf, settled } from './breaker-on-bench';

const IN_A_ROW = { maxFailures: 5, resetTimeoutMs: 10_000, halfOpenMax: 1 } as const;

describe('a call through a closed breaker', () => {
  it.each([
    ['a value', () => 'value'],
    ['a promise', async () => 'value'],

    ['a thenable', () => ({ then: (resolve: (value: string) => void) => resolve('value') }) as PromiseLike<string>],
  ])('gives what the function gives: %s', async (_what, fn) => {
    const { breaker } = new OnBench(IN_A_ROW);
    await expect(breaker.call<string>(fn)).resolves.toBe('value');
    await expect(breaker.call<string>(fn, { signal: new AbortController().signal })).resolves.toBe('value');
    await expect(new Breaker({ timeoutMs: 1_000 }).call<string>(fn)).resolves.toBe('value');
    expect(breaker.stats).toMatchObject({ calls: 2, successes: 2 });
  });

  it.each([
    [
      'thrown',
      (error: unknown) => () => {
        throw error;
      },
    ],
    ['rejected', (error: unknown) => () => Promise.reject(error)],

    [
      'of a thenable',
      (error: unknown) => () => ({ then: (_: unknown, reject: (e: unknown) => void) => reject(error) }) as PromiseLike<never>,
    ],
  ])('passes on the error itself: %s', async (_how, make) => {
    const { breaker } = new OnBench({ maxFailures: 100 });
    for (const error of [new Error('failed'), undefined, 0, { status: 500 }]) {
      expect(await outcomeOf(breaker.call(make(error)))).toEqual({ error });
      expect(await outcomeOf(breaker.call(make(error), { signal: new AbortController().signal }))).toEqual({ error });
    }
    expect(breaker.stats).toMatchObject({ calls: 8, failures: 8 });
  });

  it('is counted before whoever awaits it goes on', async () => {
    const { breaker } = new OnBench(IN_A_ROW);
    await breaker.call(async () => 1);
    expect(breaker.stats.successes).toBe(1);
    await breaker.call(() => Promise.reject(new Error())).catch(() => expect(breaker.stats.failures).toBe(1));
    expect.assertions(2);
  });

  it('that fails and is awaited by nobody is told of by the process, once, as it would be without a breaker', () => {
    const compile = join(ROOT, 'samples/compile.cjs');
    const told = execFileSync(process.execPath, ['--require', compile, join(ROOT, 'test/support/fixtures/unawaited-calls.ts')], {
      encoding: 'utf8',
    });
    expect(told.split('\n').filter(Boolean).sort()).toEqual([
      'BREAKER_OPEN: breaker "open" lets no call through',
      'cut',
      'rejected',
      'thrown',
    ]);
  });

  it('that fails behind its time or its caller is not counted again', async () => {
    const { breaker, clock } = new OnBench({ ...IN_A_ROW, timeoutMs: 100 });
    const [one, other] = [gate<unknown>(), gate<unknown>()];
    const controller = new AbortController();
    const timed = breaker.call(() => one.promise).catch(() => undefined);
    const left = breaker.call(() => other.promise, { signal: controller.signal }).catch(() => undefined);
    controller.abort();
    await clock.advance(100);
    one.fail(new Error('late'));
    other.fail(new Error('late'));
    await Promise.all([timed, left]);
    await settled();
    expect(breaker.stats).toMatchObject({ calls: 1, failures: 1, cancelled: 1, late: 0 });
  });
});

describe('the signal of a call', () => {
  it('stays quiet where nobody can abort it, and is another one for each function that takes one', async () => {
    const { breaker } = new OnBench(IN_A_ROW);
    const signals: AbortSignal[] = [];
    for (let i = 0; i < 2; i++) await breaker.call((signal) => signals.push(signal));
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
    expect(signals[0]).not.toBe(signals[1]);
  });

  it('is one also for a function that says it takes none', async () => {
    const { breaker } = new OnBench(IN_A_ROW);
    const rest = (...all: AbortSignal[]) => all[0]?.aborted;
    await expect(breaker.call(rest)).resolves.toBe(false);
  });

  it('is the caller’s own where it gives one and there is no time-out', async () => {
    const { breaker } = new OnBench(IN_A_ROW);
    const { signal } = new AbortController();
    await expect(breaker.call((inner) => inner === signal, { signal })).resolves.toBe(true);
  });

  it('aborts with BREAKER_TIMEOUT when the time is up, and not before', async () => {
    const { breaker, clock } = new OnBench({ ...IN_A_ROW, name: 'users', timeoutMs: 100 });
    let signal: AbortSignal | undefined;
    const call = breaker.call((inner) => {
      signal = inner;
      return new Promise(() => undefined);
    });
    const failed = expect(call).rejects.toBeInstanceOf(BreakerTimeoutError);
    await clock.advance(99);
    expect(signal?.aborted).toBe(false);
    await clock.advance(1);
    await failed;
    expect(signal?.reason).toMatchObject({ code: 'BREAKER_TIMEOUT', status: 504, breaker: 'users', timeoutMs: 100 });
    expect(breaker.stats).toMatchObject({ calls: 1, failures: 1 });
  });

  it('aborts for functions that say they take none as well', async () => {
    const { breaker, clock } = new OnBench({ ...IN_A_ROW, timeoutMs: 100 });
    let signal: AbortSignal | undefined;
    const call = breaker.call((...all: AbortSignal[]) => {
      [signal] = all;
      return new Promise(() => undefined);
    });
    await Promise.all([expect(call).rejects.toMatchObject({ code: 'BREAKER_TIMEOUT' }), clock.advance(100)]);
    expect(signal?.aborted).toBe(true);
  });

  it('aborts with the caller’s reason, which is what the call fails with, at once: whatever the function does', async () => {
    const { breaker } = new OnBench({ ...IN_A_ROW, timeoutMs: 100 });
    const controller = new AbortController();
    const reason = new CancelledError('client');
    let inner: AbortSignal | undefined;
    const call = breaker.call(
      (signal) => {
        inner = signal;
        return new Promise(() => undefined);
      },
      { signal: controller.signal },
    );
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(inner?.reason).toBe(reason);
    expect(breaker.stats).toMatchObject({ calls: 0, cancelled: 1 });
  });

  it('stays quiet behind the end of the call, and its caller’s is let go of', async () => {
    const { breaker, clock } = new OnBench({ ...IN_A_ROW, timeoutMs: 100 });
    const controller = new AbortController();
    const removed = jest.spyOn(controller.signal, 'removeEventListener');
    let inner: AbortSignal | undefined;
    await breaker.call((signal) => (inner = signal), { signal: controller.signal });
    expect(clock.pending).toBe(0);
    expect(removed).toHaveBeenCalledTimes(1);
    controller.abort();
    await clock.advance(1_000);
    expect(inner?.aborted).toBe(false);
    expect(breaker.stats).toMatchObject({ calls: 1, successes: 1, cancelled: 0 });
  });

  it('that was aborted beforehand: nothing is called, the reason comes back, no trial is used up', async () => {
    const bench = new OnBench(IN_A_ROW);
    bench.fail(5);
    await bench.clock.advance(10_000);
    const fn = jest.fn();
    const reason = new CancelledError('deadline');
    await expect(bench.breaker.call(fn, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(fn).not.toHaveBeenCalled();
    expect(bench.breaker.stats.cancelled).toBe(1);
    expect(bench.letIn(1)).toBe(1);
  });

  it('that is aborted by the function itself, within it, ends the call once', async () => {
    const { breaker } = new OnBench(IN_A_ROW);
    const controller = new AbortController();
    const call = breaker.call(
      () => {
        controller.abort('enough');
        return 'value';
      },
      { signal: controller.signal },
    );
    await expect(call).rejects.toBe('enough');
    expect(breaker.stats).toMatchObject({ calls: 0, cancelled: 1, successes: 0 });
  });
});

describe('a call that is cut', () => {
  it('at the time-out and after the slow threshold is a slow failure', async () => {
    const { breaker, clock } = new OnBench({ slowCallMs: 50, timeoutMs: 100 });
    const call = breaker.call(() => new Promise(() => undefined));
    await Promise.all([expect(call).rejects.toMatchObject({ code: 'BREAKER_TIMEOUT' }), clock.advance(100)]);
    expect(breaker.stats).toMatchObject({ calls: 1, failures: 1, slow: 1 });
  });

  it('at the time-out is a failure whatever the predicates think', async () => {
    const { breaker, clock } = new OnBench({ timeoutMs: 100, isFailure: () => false, isIgnored: () => true });
    const call = breaker.call(() => new Promise(() => undefined));
    await Promise.all([expect(call).rejects.toMatchObject({ code: 'BREAKER_TIMEOUT' }), clock.advance(100)]);
    expect(breaker.stats).toMatchObject({ calls: 1, failures: 1, ignored: 0 });
  });

  it('by its caller before the slow threshold counts as nothing, and from it on as slow', async () => {
    const { breaker, clock } = new OnBench({ slowCallMs: 100 });
    for (const ms of [99, 100]) {
      const controller = new AbortController();
      const call = breaker.call(() => new Promise(() => undefined), { signal: controller.signal }).catch(() => undefined);
      await clock.advance(ms);
      controller.abort();
      await call;
    }
    expect(breaker.stats).toMatchObject({ calls: 1, cancelled: 2, slow: 1, failures: 0 });
  });

  it('comes back with an answer at the very moment: whichever was first', async () => {
    const { breaker } = new OnBench(IN_A_ROW);
    const controller = new AbortController();
    const answer = gate<string>();
    const call = breaker.call(() => answer.promise, { signal: controller.signal });
    answer.open('first');
    await settled();
    controller.abort();
    await expect(call).resolves.toBe('first');
    expect(breaker.stats).toMatchObject({ successes: 1, cancelled: 0 });
  });
});

describe('a rejected call', () => {
  it('fails at once with BREAKER_OPEN, and nothing is called', async () => {
    const bench = new OnBench({ ...IN_A_ROW, name: 'users' });
    bench.fail(5);
    await bench.clock.advance(1_500);
    const fn = jest.fn();
    const error = await bench.breaker.call(fn).catch((thrown: unknown) => thrown);
    expect(fn).not.toHaveBeenCalled();
    expect(error).toBeInstanceOf(BreakerOpenError);
    expect(error).toBeInstanceOf(FrameworkError);
    expect(error).toMatchObject({
      code: 'BREAKER_OPEN',
      status: 503,
      breaker: 'users',
      retryAfterMs: 8_500,
      headers: { 'retry-after': '9' },
      members: { state: 'circuit_breaker_open' },
    });
    expect((error as Error).stack?.split('\n')).toHaveLength(1);
  });

  it('is an error of its own for each caller: who writes on it writes on nobody else’s', async () => {
    const { breaker } = new OnBench(IN_A_ROW);
    breaker.forceOpen();
    const [one, other] = await Promise.all([
      breaker.call(() => 1).catch((e: unknown) => e),
      breaker.call(() => 1).catch((e: unknown) => e),
    ]);
    expect(one).toEqual(other);
    expect(one).not.toBe(other);
  });

  it.each([
    [10_000, '10'],
    [9_999, '10'],
    [1_001, '2'],
    [1_000, '1'],
    [1, '1'],
  ])('with %d ms left says to come again in whole seconds, rounded up, at least 1: %s', async (leftMs, seconds) => {
    const bench = new OnBench(IN_A_ROW);
    bench.fail(5);
    await bench.clock.advance(10_000 - leftMs);
    expect(() => bench.breaker.begin()).toThrow(expect.objectContaining({ headers: { 'retry-after': seconds } }));
  });

  it('at half-open says 1 second', async () => {
    const bench = new OnBench(IN_A_ROW);
    bench.fail(5);
    await bench.clock.advance(10_000);
    bench.begin(1);
    expect(() => bench.breaker.begin()).toThrow(
      expect.objectContaining({ retryAfterMs: 1_000, headers: { 'retry-after': '1' } }),
    );
  });
});

describe('a call in hand', () => {
  it('is settled once: what comes after that is without effect', () => {
    const { breaker } = new OnBench(IN_A_ROW);
    const call = breaker.begin();
    expect(call.isSettled).toBe(false);
    call.succeed();
    expect(call.isSettled).toBe(true);
    call.fail(new Error());
    call.cancel();
    call.ignore();
    call.timeOut(new Error());
    call.succeed();
    expect(breaker.stats).toMatchObject({ calls: 1, successes: 1, failures: 0, cancelled: 0, ignored: 0, late: 0 });
  });

  it('is not slow for what follows its first answer', async () => {
    const { breaker, clock } = new OnBench({ slowCallMs: 100 });
    const call = breaker.begin();
    await clock.advance(99);
    call.answered();
    await clock.advance(60_000);
    call.answered();
    call.succeed();
    expect(breaker.stats).toMatchObject({ successes: 1, slow: 0 });
  });

  it('is not slow for what it waited before it began', async () => {
    const { breaker, clock } = new OnBench({ slowCallMs: 100 });
    const call = breaker.begin();
    await clock.advance(60_000);
    call.restart();
    await clock.advance(99);
    call.succeed();
    expect(breaker.stats).toMatchObject({ successes: 1, slow: 0 });
  });
});

it('has no timer, whatever its state', async () => {
  const clock = new ManualClock();
  const breaker = new Breaker({ ...IN_A_ROW, clock });
  for (let i = 0; i < 5; i++) breaker.begin().fail(new Error());
  await clock.advance(10_000);
  breaker.begin();
  breaker.forceOpen();
  breaker.reset();
  expect(clock.pending).toBe(0);
});
