import { CancelledError } from '../../lib/lifetime/end-reason';
import { policy } from '../../lib/resilience/policy';
import type { RetryOptions } from '../../lib/resilience/retry-options';
import { ManualClock } from '../../lib/testing/manual-clock';
import { outcomeOf, settled } from './breaker-on-bench';

const refused = (): Error => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

/** A policy of retries alone; the chance is always just below 1, so that all is waited for that may be. */
function retrying(retry: RetryOptions, clock = new ManualClock()) {
  const random = (): number => 1 - Number.EPSILON;
  return { clock, guarded: policy({ clock, retry: { random, isRetryable: () => true, ...retry } }) };
}

/** A function that fails so many times first, and when it was called. */
function failing(clock: ManualClock, times: number, makeError: (call: number) => unknown = () => new Error('failed')) {
  const calledAt: number[] = [];
  const fn = async (): Promise<string> => {
    calledAt.push(clock.now());
    if (calledAt.length <= times) throw makeError(calledAt.length);
    return 'value';
  };
  return { calledAt, fn };
}

describe('a retry', () => {
  it('waits longer each time: up to 100, 200, 400 ms, never more than the most', async () => {
    const { guarded, clock } = retrying({ attempts: 6, maxDelayMs: 500 });
    const { fn, calledAt } = failing(clock, 5);
    const call = guarded.call(fn);
    await clock.advance(10_000);
    await expect(call).resolves.toBe('value');
    expect(calledAt).toEqual([0, 100, 300, 700, 1_200, 1_700]);
    expect(guarded.stats).toMatchObject({ calls: 1, retries: 5 });
  });

  it.each([
    [0, [0, 0, 0]],
    [0.5, [0, 50, 150]],
  ])('has full jitter: with chance %d it is made at %j', async (chance, expected) => {
    const { guarded, clock } = retrying({ random: () => chance });
    const { fn, calledAt } = failing(clock, 2);
    const call = guarded.call(fn);
    await clock.advance(1_000);
    await expect(call).resolves.toBe('value');
    expect(calledAt).toEqual(expected);
  });

  it('is made twice by default, and the last error is the one that comes back', async () => {
    const { guarded, clock } = retrying({});
    const { fn, calledAt } = failing(clock, 10, (call) => new Error(`call ${call}`));
    const call = outcomeOf(guarded.call(fn));
    const failed = expect(guarded.call(failing(clock, 10, (each) => new Error(`call ${each}`)).fn)).rejects.toThrow('call 3');
    await clock.advance(1_000);
    await failed;
    expect(await call).toBe('pending');
    expect(calledAt).toHaveLength(3);
  });

  it('is never made for a success', async () => {
    const { guarded, clock } = retrying({});
    const { fn, calledAt } = failing(clock, 0);
    await expect(guarded.call(fn)).resolves.toBe('value');
    expect([calledAt, clock.pending]).toEqual([[0], 0]);
  });
});

describe('what may be done again', () => {
  const byDefault = (clock: ManualClock) => policy({ clock, retry: { random: () => 0 } });

  it.each([
    ['a connection that was refused', refused(), true],
    [
      'one that was reset, as a cause',
      new Error('fetch failed', { cause: Object.assign(new Error(), { code: 'ECONNRESET' }) }),
      true,
    ],
    ['a name that was not found', Object.assign(new Error(), { code: 'ENOTFOUND' }), true],
    ['an answer that is an error', Object.assign(new Error(), { status: 503 }), false],
    ['a bug', new TypeError('x is not a function'), false],
    ['no error at all', undefined, false],
  ])('by default, of idempotent calls: %s', async (_what, error, isRepeated) => {
    const clock = new ManualClock();
    const { fn, calledAt } = failing(clock, 1, () => error);
    const call = outcomeOf(byDefault(clock).call(fn, { idempotent: true }));
    await clock.advance(0);
    await call;
    expect(calledAt).toHaveLength(isRepeated ? 2 : 1);
  });

  it('by default nothing of calls that do not say that they are idempotent', async () => {
    const clock = new ManualClock();
    const { fn, calledAt } = failing(clock, 1, refused);
    await expect(byDefault(clock).call(fn)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(calledAt).toHaveLength(1);
  });

  it('is what isRetryable says, whatever the call', async () => {
    const { guarded, clock } = retrying({ isRetryable: (error) => (error as Error).message === 'again' });
    const again = failing(clock, 1, () => new Error('again'));
    const call = guarded.call(again.fn);
    await clock.advance(100);
    await expect(call).resolves.toBe('value');
    const never = failing(clock, 1, () => new Error('never'));
    await expect(guarded.call(never.fn, { idempotent: true })).rejects.toThrow('never');
    expect(never.calledAt).toHaveLength(1);
  });

  it.each([
    ['a cancellation', new CancelledError('client')],
    ['an abort', new DOMException('gone', 'AbortError')],
    ['a breaker’s rejection', Object.assign(new Error(), { code: 'BREAKER_OPEN' })],
  ])('is never %s', async (_what, error) => {
    const { guarded, clock } = retrying({});
    const { fn, calledAt } = failing(clock, 1, () => error);
    await expect(guarded.call(fn)).rejects.toBe(error);
    expect([calledAt.length, clock.pending]).toEqual([1, 0]);
  });
});

describe('the end of retries', () => {
  it('comes before the deadline: what would begin at it or later is not begun', async () => {
    for (const [remainingMs, calls] of [
      [101, 2],
      [100, 1],
      [301, 3],
      [300, 2],
    ] as const) {
      const { guarded, clock } = retrying({ attempts: 5 });
      const { fn, calledAt } = failing(clock, 10);
      const call = outcomeOf(guarded.call(fn, { remainingMs }));
      await clock.advance(10_000);
      await call;
      expect(calledAt).toHaveLength(calls);
      expect(Math.max(...calledAt)).toBeLessThan(remainingMs);
    }
  });

  it('comes at once where the caller leaves while it waits: with its reason, no timer and no listener left', async () => {
    const { guarded, clock } = retrying({});
    const { fn, calledAt } = failing(clock, 10);
    const controller = new AbortController();
    const call = guarded.call(fn, { signal: controller.signal });
    await settled();
    expect(clock.pending).toBe(1);
    controller.abort('left');
    await expect(call).rejects.toBe('left');
    await clock.advance(10_000);
    expect([calledAt.length, clock.pending, guarded.stats.retries]).toEqual([1, 0, 0]);
  });

  it('comes where the caller left while the call was failing', async () => {
    const { guarded, clock } = retrying({});
    const controller = new AbortController();
    let calls = 0;
    const call = guarded.call(
      async () => {
        calls++;
        controller.abort('left');
        throw new Error('failed');
      },
      { signal: controller.signal },
    );
    await expect(call).rejects.toBe('left');
    await clock.advance(10_000);
    expect(calls).toBe(1);
  });

  it('comes before the first call where the caller left before', async () => {
    const { guarded } = retrying({});
    const fn = jest.fn();
    await expect(guarded.call(fn, { signal: AbortSignal.abort('left') })).rejects.toBe('left');
    expect(fn).not.toHaveBeenCalled();
  });
});

describe('an upstream that says when to come again', () => {
  const told = (seconds: string) => () => Object.assign(new Error('busy'), { headers: { 'retry-after': seconds } });

  it('is asked again then, not before', async () => {
    const { guarded, clock } = retrying({});
    const { fn, calledAt } = failing(clock, 1, told('3'));
    const call = guarded.call(fn);
    await clock.advance(3_000);
    await expect(call).resolves.toBe('value');
    expect(calledAt).toEqual([0, 3_000]);
  });

  it('is not asked again where that is too long, or behind the deadline', async () => {
    const { guarded, clock } = retrying({ maxRetryAfterMs: 10_000 });
    const long = failing(clock, 1, told('11'));
    await expect(guarded.call(long.fn)).rejects.toThrow('busy');
    const late = failing(clock, 1, told('3'));
    await expect(guarded.call(late.fn, { remainingMs: 3_000 })).rejects.toThrow('busy');
    expect([long.calledAt.length, late.calledAt.length, clock.pending]).toEqual([1, 1, 0]);
  });
});

describe('the budget', () => {
  /** How many retries so many calls that always fail once make in all. */
  async function retriesOf(calls: number, retry: RetryOptions, msBetween = 0): Promise<number> {
    const { guarded, clock } = retrying({ baseDelayMs: 0, maxDelayMs: 0, attempts: 2, ...retry });
    for (let i = 0; i < calls; i++) {
      const call = guarded.call(failing(clock, 1).fn).catch(() => undefined);
      await clock.advance(msBetween);
      await call;
    }
    const { retries, budgetExhausted } = guarded.stats;
    expect(retries + budgetExhausted).toBe(calls);
    return retries;
  }

  it('is 10 at once, then one for every fifth call', async () => {
    expect(await retriesOf(10, {})).toBe(10);
    expect(await retriesOf(110, {})).toBe(31);
  });

  it('grows with time: 1 a second', async () => {
    expect(await retriesOf(50, { budget: { ratio: 0, burst: 1 } }, 500)).toBe(25);
  });

  it('is another one where it is said', async () => {
    expect(await retriesOf(20, { budget: { ratio: 0, perSecond: 0, burst: 3 } })).toBe(3);
    expect(await retriesOf(20, { budget: { ratio: 0, perSecond: 0, burst: 0 } })).toBe(0);
    expect(await retriesOf(20, { budget: { ratio: 1, perSecond: 0, burst: 5 } })).toBe(20);
  });

  it('is not touched by what is not made again', async () => {
    const { guarded, clock } = retrying({ budget: { ratio: 0, perSecond: 0, burst: 1 }, isRetryable: () => false });
    for (let i = 0; i < 10; i++) await guarded.call(failing(clock, 1).fn).catch(() => undefined);
    expect(guarded.stats).toMatchObject({ retries: 0, budgetExhausted: 0 });
  });
});
