import { CancelledError } from '../../lib/lifetime/end-reason';
import { Breaker } from '../../lib/resilience/breaker';
import { Bulkhead } from '../../lib/resilience/bulkhead';
import { policy } from '../../lib/resilience/policy';
import { ManualClock } from '../../lib/testing/manual-clock';
import { gate } from '../support/soon';
import { outcomeOf, settled } from './breaker-on-bench';

const hang = (): Promise<never> => new Promise(() => undefined);

describe('a policy', () => {
  it('of nothing is the call', async () => {
    const guarded = policy({});
    await expect(guarded.call(() => 'value')).resolves.toBe('value');
    await expect(guarded.call(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(guarded.stats).toEqual({ calls: 2, retries: 0, budgetExhausted: 0, fallbacks: 0 });
  });

  it('is composed in one order, outside in: fallback, retry, breaker, bulkhead, timeout', async () => {
    const clock = new ManualClock();
    const guarded = policy({
      clock,
      fallback: (error) => `instead of ${(error as { code: string }).code}`,
      retry: { attempts: 3, baseDelayMs: 0, isRetryable: () => true },
      breaker: { name: 'users', maxFailures: 3, halfOpenMax: 1 },
      bulkhead: { maxConcurrent: 1, maxQueued: 1 },
      timeoutMs: 100,
    });
    let calls = 0;
    const call = guarded.call(() => {
      calls++;
      return hang();
    });
    for (let i = 0; i < 3; i++) await clock.advance(100);
    // Each try is one call to the breaker, cut by the time-out, with its place given back.
    await expect(call).resolves.toBe('instead of BREAKER_TIMEOUT');
    expect(calls).toBe(3);
    expect([guarded.breaker?.state, guarded.bulkhead?.stats.running]).toEqual(['open', 0]);
    // The breaker rejects before the bulkhead is asked; that is not tried again, and the fallback has the last word.
    await expect(guarded.call(hang)).resolves.toBe('instead of BREAKER_OPEN');
    expect(guarded.breaker?.stats.rejected).toBe(1);
    expect(guarded.stats).toEqual({ calls: 2, retries: 2, budgetExhausted: 0, fallbacks: 2 });
    expect(clock.pending).toBe(0);
  });

  it('takes a breaker and a bulkhead that others use as well', async () => {
    const breaker = new Breaker({ maxFailures: 1 });
    const bulkhead = new Bulkhead({ maxConcurrent: 1 });
    const [one, other] = [policy({ breaker, bulkhead }), policy({ breaker, bulkhead })];
    expect([one.breaker, other.bulkhead]).toEqual([breaker, bulkhead]);
    void one.call(hang);
    await expect(other.call(() => 1)).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
    breaker.forceOpen();
    await expect(other.call(() => 1)).rejects.toMatchObject({ code: 'BREAKER_OPEN' });
  });
});

describe('the breaker of a policy', () => {
  it('takes a full bulkhead for no failure of what is called: capacity 1, 10 healthy calls at once, closed', async () => {
    const guarded = policy({ breaker: { maxFailures: 1 }, bulkhead: { maxConcurrent: 1 } });
    const answer = gate<string>();
    const calls = Array.from({ length: 10 }, () => outcomeOf(guarded.call(() => answer.promise)));
    answer.open('fine');
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter((outcome) => (outcome as { value?: unknown }).value === 'fine')).toHaveLength(1);
    expect(guarded.breaker?.state).toBe('closed');
    expect(guarded.breaker?.stats).toMatchObject({ calls: 1, successes: 1, failures: 0, ignored: 9 });
  });

  it('gives a trial’s permit back in the tick in which the bulkhead refuses it', async () => {
    const clock = new ManualClock();
    const bulkhead = new Bulkhead({ maxConcurrent: 1, clock });
    const breaker = new Breaker({ maxFailures: 1, resetTimeoutMs: 1_000, halfOpenMax: 1, clock });
    breaker.begin().fail(new Error());
    await clock.advance(1_000);
    const occupied = gate<undefined>();
    void bulkhead.call(() => occupied.promise);
    const guarded = policy({ breaker, bulkhead, clock });
    await expect(guarded.call(() => 1)).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
    expect(breaker.state).toBe('half-open');
    occupied.open(undefined);
    await settled();
    await expect(guarded.call(() => 1)).resolves.toBe(1);
    expect(breaker.state).toBe('closed');
  });

  it('does not take the time in the queue for slowness', async () => {
    const clock = new ManualClock();
    const guarded = policy({ clock, breaker: { slowCallMs: 100 }, bulkhead: { maxConcurrent: 1, maxQueued: 5 } });
    const first = gate<string>();
    const calls = [guarded.call(() => first.promise), guarded.call(() => 'quick')];
    await clock.advance(5_000);
    first.open('slow');
    await expect(Promise.all(calls)).resolves.toEqual(['slow', 'quick']);
    expect(guarded.breaker?.stats).toMatchObject({ successes: 2, slow: 1 });
  });

  it('counts the time-out of the policy as a failure, whatever its predicates think', async () => {
    const clock = new ManualClock();
    const guarded = policy({ clock, breaker: { maxFailures: 2, isFailure: () => false }, timeoutMs: 100 });
    const call = guarded.call(hang);
    await Promise.all([expect(call).rejects.toMatchObject({ code: 'BREAKER_TIMEOUT', timeoutMs: 100 }), clock.advance(100)]);
    expect(guarded.breaker?.stats).toMatchObject({ failures: 1 });
  });

  it('takes a caller that leaves for nothing, whatever the reason, wherever the call is', async () => {
    const clock = new ManualClock();
    const guarded = policy({
      clock,
      breaker: { maxFailures: 1 },
      bulkhead: { maxConcurrent: 1, maxQueued: 5 },
      timeoutMs: 60_000,
    });
    const controllers = [new AbortController(), new AbortController()];
    const calls = controllers.map(({ signal }) => outcomeOf(guarded.call(hang, { signal })));
    await settled();
    expect(guarded.bulkhead?.stats).toMatchObject({ running: 1, queued: 1 });
    for (const controller of controllers) controller.abort('no reason of ours');
    await calls[0];
    await settled();
    expect(guarded.breaker?.stats).toMatchObject({ calls: 0, cancelled: 2 });
    expect(guarded.bulkhead?.stats).toEqual({ running: 0, queued: 0, rejected: 0 });
    expect(clock.pending).toBe(0);
  });
});

describe('the signal of a policy', () => {
  it('reaches the function through all of it, with its reason', async () => {
    const guarded = policy({ breaker: {}, bulkhead: { maxConcurrent: 1 }, timeoutMs: 1_000, retry: {} });
    const controller = new AbortController();
    let inner: AbortSignal | undefined;
    const call = guarded.call(
      (signal) => {
        inner = signal;
        return hang();
      },
      { signal: controller.signal },
    );
    await settled();
    expect(inner?.aborted).toBe(false);
    const reason = new CancelledError('client');
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(inner?.reason).toBe(reason);
  });

  it('aborts at the time-out, and for that try alone', async () => {
    const clock = new ManualClock();
    const guarded = policy({ clock, timeoutMs: 100, retry: { attempts: 2, baseDelayMs: 0, isRetryable: () => true } });
    const signals: AbortSignal[] = [];
    const call = guarded.call((signal) => {
      signals.push(signal);
      return signals.length === 1 ? hang() : 'second';
    });
    await clock.advance(100);
    await expect(call).resolves.toBe('second');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(signals[0]?.reason).toMatchObject({ code: 'BREAKER_TIMEOUT' });
  });

  it('stays quiet where there is nothing that could abort it', async () => {
    const guarded = policy({ breaker: {}, bulkhead: { maxConcurrent: 1 }, retry: {} });
    await expect(guarded.call((signal) => signal.aborted)).resolves.toBe(false);
    await expect(guarded.call((...all: AbortSignal[]) => all[0]?.aborted)).resolves.toBe(false);
  });
});

describe('the fallback', () => {
  it('is a function of the error, or a value; what it fails with is what comes back', async () => {
    const fail = () => Promise.reject(new Error('failed'));
    await expect(policy({ fallback: (error) => (error as Error).message }).call(fail)).resolves.toBe('failed');
    await expect(policy({ fallback: async () => 'later' }).call(fail)).resolves.toBe('later');
    await expect(policy({ fallback: 'value' }).call(fail)).resolves.toBe('value');
    await expect(policy({ fallback: null }).call(fail)).resolves.toBeNull();
    const broken = policy({
      fallback: () => {
        throw new Error('the fallback failed');
      },
    });
    await expect(broken.call(fail)).rejects.toThrow('the fallback failed');
    await expect(policy({ fallback: undefined }).call(fail)).rejects.toThrow('failed');
  });

  it('is not asked for a success', async () => {
    const fallback = jest.fn();
    await expect(policy({ fallback }).call(() => 1)).resolves.toBe(1);
    expect(fallback).not.toHaveBeenCalled();
  });

  it.each([
    ['a client that left', new CancelledError('client')],
    ['a deadline', new CancelledError('deadline')],
    ['a reason of its own', new Error('left')],
  ])('answers nobody who is not there any more: %s', async (_what, reason) => {
    const fallback = jest.fn();
    const controller = new AbortController();
    const call = policy({ fallback }).call(hang, { signal: controller.signal });
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await expect(policy({ fallback }).call(() => 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(fallback).not.toHaveBeenCalled();
  });

  it('answers no call that was cancelled without a signal either', async () => {
    const fallback = jest.fn();
    await expect(policy({ fallback }).call(() => Promise.reject(new CancelledError('shutdown')))).rejects.toMatchObject({
      reason: 'shutdown',
    });
    expect(fallback).not.toHaveBeenCalled();
  });
});
