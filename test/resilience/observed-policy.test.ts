import { concat, EMPTY, firstValueFrom, lastValueFrom, NEVER, Observable, of, throwError, toArray } from 'rxjs';
import { CancelledError } from '../../lib/lifetime/end-reason';
import { Bulkhead } from '../../lib/resilience/bulkhead';
import { policy, type PolicyOptions } from '../../lib/resilience/policy';
import { ManualClock } from '../../lib/testing/manual-clock';
import { turns } from '../support/soon';

const failed = new Error('failed');
const fails = throwError(() => failed);
const ALWAYS = { attempts: 3, baseDelayMs: 0, isRetryable: () => true };

let clock: ManualClock;

beforeEach(() => {
  clock = new ManualClock();
});

afterEach(() => expect(clock.pending).toBe(0));

const all = <T>(source: Observable<T>): Promise<T[]> => lastValueFrom(source.pipe(toArray()));

/** Gives each of these at the next subscription, and counts. */
function inTurn<T>(...sources: Observable<T>[]): { readonly factory: () => Observable<T>; readonly made: () => number } {
  let made = 0;
  return { factory: () => sources[Math.min(made++, sources.length - 1)], made: () => made };
}

async function patiently<T>(promise: Promise<T>): Promise<T> {
  let isOver = false;
  const over = promise.finally(() => (isOver = true));
  over.catch(() => undefined);
  for (let i = 0; i < 50 && !isOver; i++) {
    await turns(1);
    await clock.advance(1);
  }
  return over;
}

describe('an Observable through a policy', () => {
  it('is one call for each subscription, and none before', async () => {
    const guarded = policy({ clock });
    const watched = guarded.call$(() => of(1, 2));
    expect(guarded.stats.calls).toBe(0);
    expect([await all(watched), await firstValueFrom(watched)]).toEqual([[1, 2], 1]);
    expect(guarded.stats.calls).toBe(2);
  });

  it('is tried again until one has answered, each try one call of the breaker', async () => {
    const guarded = policy({ clock, retry: ALWAYS, breaker: { maxFailures: 5 } });
    const { factory, made } = inTurn<number>(fails, fails, of(1, 2));
    expect(await patiently(all(guarded.call$(factory)))).toEqual([1, 2]);
    expect([made(), guarded.stats.retries, guarded.breaker?.stats]).toEqual([
      3,
      2,
      expect.objectContaining({ failures: 2, successes: 1 }),
    ]);
  });

  it('is tried so often, and fails with the last error', async () => {
    const { factory, made } = inTurn<number>(fails);
    await expect(patiently(all(policy({ clock, retry: ALWAYS }).call$(factory)))).rejects.toBe(failed);
    expect(made()).toBe(3);
  });

  it('is not tried again behind its first value, nor answered instead: who listens would hear it twice', async () => {
    const guarded = policy({ clock, retry: ALWAYS, fallback: 0, breaker: { maxFailures: 5 } });
    const { factory, made } = inTurn<number>(concat(of(1), fails));
    const heard: number[] = [];
    const end = await new Promise((resolve) => guarded.call$(factory).subscribe({ next: (n) => heard.push(n), error: resolve }));
    expect([heard, end, made(), guarded.stats.fallbacks]).toEqual([[1], failed, 1, 0]);
    expect(guarded.breaker?.stats).toMatchObject({ calls: 1, failures: 1 });
  });

  it('that is empty is a success, and not tried again', async () => {
    const { factory, made } = inTurn<number>(EMPTY);
    expect(await all(policy({ clock, retry: ALWAYS }).call$(factory))).toEqual([]);
    expect(made()).toBe(1);
  });

  it('is not tried again where a breaker rejects it, nor by default where nobody says that it is idempotent', async () => {
    const open = policy({ clock, retry: ALWAYS, breaker: { maxFailures: 1 } });
    open.breaker?.forceOpen();
    await expect(all(open.call$(() => of(1)))).rejects.toMatchObject({ code: 'BREAKER_OPEN' });
    const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    const { factory, made } = inTurn<number>(
      throwError(() => reset),
      of(1),
    );
    const byDefault = policy({ clock, retry: { baseDelayMs: 0 } });
    await expect(patiently(all(byDefault.call$(factory)))).rejects.toBe(reset);
    expect(made()).toBe(1);
    const again = inTurn<number>(
      throwError(() => reset),
      of(1),
    );
    expect(await patiently(all(byDefault.call$(again.factory, { idempotent: true })))).toEqual([1]);
  });

  it('is tried no more behind its deadline, nor once nobody listens', async () => {
    const waits = policy({ clock, retry: { attempts: 9, baseDelayMs: 100, random: () => 1, isRetryable: () => true } });
    const late = inTurn<number>(fails);
    await expect(all(waits.call$(late.factory, { remainingMs: 50 }))).rejects.toBe(failed);
    expect(late.made()).toBe(1);
    const left = inTurn<number>(fails);
    const subscription = waits.call$(left.factory).subscribe({ error: () => undefined });
    await turns();
    subscription.unsubscribe();
    expect(clock.pending).toBe(0);
    await clock.advance(1_000);
    expect(left.made()).toBe(1);
  });

  it('ends at once with the reason of its signal: within a try, while it waits for the next, and before it began', async () => {
    const reason = new CancelledError('client');
    const guarded = policy({
      clock,
      retry: { attempts: 9, baseDelayMs: 100, random: () => 1, isRetryable: () => true },
      breaker: { maxFailures: 5 },
      fallback: 0,
    });
    for (const source of [NEVER, fails]) {
      const leaving = new AbortController();
      const call = all(guarded.call$(() => source as Observable<number>, { signal: leaving.signal }));
      call.catch(() => undefined);
      await turns();
      leaving.abort(reason);
      await expect(call).rejects.toBe(reason);
      await expect(all(guarded.call$(() => of(1), { signal: leaving.signal }))).rejects.toBe(reason);
    }
    expect(guarded.breaker?.stats).toMatchObject({ cancelled: 1, failures: 1, successes: 0 });
    expect(guarded.stats.fallbacks).toBe(0);
  });
});

describe('the time of a policy around an Observable', () => {
  it('is that until its first value: then it takes as long as it takes', async () => {
    const guarded = policy({ clock, timeoutMs: 100, breaker: { maxFailures: 1 } });
    const heard: unknown[] = [];
    guarded.call$(() => NEVER).subscribe({ error: (error: unknown) => heard.push((error as { code: string }).code) });
    await clock.advance(100);
    await turns();
    expect([heard, guarded.breaker?.state]).toEqual([['BREAKER_TIMEOUT'], 'open']);
    const patient = policy({ clock, timeoutMs: 100 });
    const subscription = patient.call$(() => concat(of(1), NEVER)).subscribe((value) => heard.push(value));
    await clock.advance(10_000);
    expect(heard).toEqual(['BREAKER_TIMEOUT', 1]);
    subscription.unsubscribe();
  });

  it('aborts the signal of that try alone; another one has its own', async () => {
    const signals: AbortSignal[] = [];
    const guarded = policy({ clock, timeoutMs: 100, retry: { ...ALWAYS, attempts: 2 } });
    const call = all(
      guarded.call$((signal) => {
        signals.push(signal);
        return signals.length === 1 ? NEVER : of('second');
      }),
    );
    await clock.advance(100);
    expect(await patiently(call)).toEqual(['second']);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  });
});

describe('the bulkhead of a policy around an Observable', () => {
  it('has a place taken until it ends, by whatever', async () => {
    const bulkhead = new Bulkhead({ maxConcurrent: 1, clock });
    const guarded = policy({ clock, bulkhead });
    const held = guarded.call$(() => concat(of(1), NEVER)).subscribe();
    expect(bulkhead.stats.running).toBe(1);
    await expect(all(guarded.call$(() => of(1)))).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
    held.unsubscribe();
    await turns();
    for (const source of [of(1), fails, EMPTY]) await all(guarded.call$(() => source)).catch(() => undefined);
    await turns();
    expect(bulkhead.stats.running).toBe(0);
  });

  it('gives up a place in its queue when nobody listens any more, and is not the slowness of what is called', async () => {
    const options: PolicyOptions = {
      clock,
      bulkhead: { maxConcurrent: 1, maxQueued: 5 },
      breaker: { window: { kind: 'count', calls: 10 }, slowCallMs: 1_000 },
    };
    const guarded = policy(options);
    const held = guarded.call$(() => NEVER).subscribe();
    const waiting = guarded.call$(() => of(1)).subscribe();
    const later = all(guarded.call$(() => of(2)));
    expect(guarded.bulkhead?.stats.queued).toBe(2);
    waiting.unsubscribe();
    await turns();
    expect(guarded.bulkhead?.stats.queued).toBe(1);
    await clock.advance(5_000);
    held.unsubscribe();
    expect(await later).toEqual([2]);
    await turns();
    expect(guarded.bulkhead?.stats).toMatchObject({ running: 0, queued: 0 });
    expect(guarded.breaker?.stats).toMatchObject({ successes: 1, failures: 0, slow: 1, cancelled: 2 });
  });
});

describe('the fallback of a policy around an Observable', () => {
  it.each([
    ['a value', 'instead', ['instead']],
    ['a function', (error: unknown) => (error as Error).message, ['failed']],
    ['a promise', () => Promise.resolve('later'), ['later']],
    ['an Observable', () => of('one', 'two'), ['one', 'two']],
  ] as const)('may be %s', async (_what, fallback, expected) => {
    const guarded = policy<unknown>({ clock, fallback });
    expect(await all(guarded.call$(() => fails))).toEqual(expected);
    expect(guarded.stats.fallbacks).toBe(1);
  });

  it('fails with what it fails with', async () => {
    const other = new Error('other');
    const throwing = () => {
      throw other;
    };
    for (const fallback of [throwing, () => Promise.reject(other), () => throwError(() => other)])
      await expect(all(policy<unknown>({ clock, fallback }).call$(() => fails))).rejects.toBe(other);
  });
});

it('is stopped from within its first value, also where its source does not stop by itself', async () => {
  const guarded = policy({ clock, retry: ALWAYS, bulkhead: { maxConcurrent: 1 }, breaker: { maxFailures: 1 } });
  let given = 0;
  const endless = new Observable<number>((subscriber) => {
    while (!subscriber.closed && given < 1_000) subscriber.next(given++);
  });
  expect(await firstValueFrom(guarded.call$(() => endless))).toBe(0);
  await turns();
  expect([given, guarded.bulkhead?.stats.running]).toEqual([1, 0]);
});
