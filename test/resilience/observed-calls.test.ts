import { concat, EMPTY, from, NEVER, Observable, of, Subject, take, throwError } from 'rxjs';
import { CancelledError } from '../../lib/lifetime/end-reason';
import { OnBench } from './breaker-on-bench';

const IN_A_ROW = { maxFailures: 2, resetTimeoutMs: 1_000, halfOpenMax: 1 } as const;

/** What a subscriber hears. */
function heard<T>(source: Observable<T>): unknown[] {
  const seen: unknown[] = [];
  source.subscribe({
    next: (value) => seen.push(value),
    error: (error: unknown) => seen.push({ error }),
    complete: () => seen.push('|'),
  });
  return seen;
}

describe('an Observable through a breaker', () => {
  it('is one call for each subscription, and gives what it gives', () => {
    const { breaker } = new OnBench(IN_A_ROW);
    let made = 0;
    const guarded = breaker.call$(() => {
      made++;
      return from([1, 2, 3]);
    });
    expect([made, breaker.stats.calls]).toEqual([0, 0]);
    expect(heard(guarded)).toEqual([1, 2, 3, '|']);
    expect(heard(guarded)).toEqual([1, 2, 3, '|']);
    expect(made).toBe(2);
    expect(breaker.stats).toMatchObject({ calls: 2, successes: 2 });
  });

  it('that completes without a value is a success', () => {
    const { breaker } = new OnBench(IN_A_ROW);
    expect(heard(breaker.call$(() => EMPTY))).toEqual(['|']);
    expect(breaker.stats.successes).toBe(1);
  });

  it('that fails, before or behind values, or whose factory throws, is a failure, and the error is passed on', () => {
    const { breaker } = new OnBench({ maxFailures: 10 });
    const error = new Error('failed');
    expect(heard(breaker.call$(() => throwError(() => error)))).toEqual([{ error }]);
    expect(
      heard(
        breaker.call$(() =>
          concat(
            of(1),
            throwError(() => error),
          ),
        ),
      ),
    ).toEqual([1, { error }]);
    const throws = (): Observable<number> => {
      throw error;
    };
    expect(heard(breaker.call$(throws))).toEqual([{ error }]);
    expect(breaker.stats).toMatchObject({ calls: 3, failures: 3 });
  });

  it('is rejected at once where the breaker is open, and nothing is made', () => {
    const { breaker } = new OnBench(IN_A_ROW);
    breaker.forceOpen();
    const factory = jest.fn(() => of(1));
    expect(heard(breaker.call$(factory))).toEqual([{ error: expect.objectContaining({ code: 'BREAKER_OPEN' }) }]);
    expect(factory).not.toHaveBeenCalled();
  });

  it('that nobody wants before its first value is cancelled: its signal aborts, its teardown runs', () => {
    const { breaker } = new OnBench(IN_A_ROW);
    let signal: AbortSignal | undefined;
    let tornDown = 0;
    const subscription = breaker
      .call$((inner) => {
        signal = inner;
        return new Observable(() => () => tornDown++);
      })
      .subscribe();
    subscription.unsubscribe();
    expect([signal?.aborted, tornDown]).toEqual([true, 1]);
    expect(breaker.stats).toMatchObject({ calls: 0, cancelled: 1 });
  });

  it('of which nobody wants more after its first value is a success: it gave what was wanted', () => {
    const { breaker } = new OnBench(IN_A_ROW);
    let signal: AbortSignal | undefined;
    const guarded = breaker.call$((inner) => {
      signal = inner;
      return concat(of(1, 2, 3), NEVER);
    });
    expect(heard(guarded.pipe(take(2)))).toEqual([1, 2, '|']);
    expect(signal?.aborted).toBe(true);
    expect(breaker.stats).toMatchObject({ calls: 1, successes: 1, cancelled: 0 });
  });

  it('that does not stop by itself is stopped from within its first value', () => {
    const { breaker } = new OnBench(IN_A_ROW);
    let emitted = 0;
    const endless = new Observable<number>((subscriber) => {
      while (!subscriber.closed && emitted < 1_000) subscriber.next(emitted++);
    });
    expect(heard(breaker.call$(() => endless).pipe(take(1)))).toEqual([0, '|']);
    expect(emitted).toBe(1);
  });

  it('that gives its permit back: cancelled at half-open, the next one is let in in the same tick', async () => {
    const bench = new OnBench(IN_A_ROW);
    bench.fail(2);
    await bench.clock.advance(1_000);
    bench.breaker
      .call$(() => NEVER)
      .subscribe()
      .unsubscribe();
    expect(heard(bench.breaker.call$(() => of(1)))).toEqual([1, '|']);
    expect(bench.breaker.state).toBe('closed');
  });

  it('is slow by its first value alone: a stream may last', async () => {
    const { breaker, clock } = new OnBench({ slowCallMs: 100 });
    const [quick, slow] = [new Subject<number>(), new Subject<number>()];
    breaker.call$(() => quick).subscribe();
    breaker.call$(() => slow).subscribe();
    await clock.advance(99);
    quick.next(1);
    await clock.advance(1);
    slow.next(1);
    await clock.advance(60_000);
    quick.complete();
    slow.complete();
    expect(breaker.stats).toMatchObject({ successes: 2, slow: 1 });
  });

  it('has until its first value, then as long as it takes', async () => {
    const { breaker, clock } = new OnBench({ ...IN_A_ROW, timeoutMs: 100 });
    const stream = new Subject<number>();
    const signals: AbortSignal[] = [];
    const lasting = heard(
      breaker.call$((signal) => {
        signals.push(signal);
        return stream;
      }),
    );
    const hanging = heard(
      breaker.call$((signal) => {
        signals.push(signal);
        return NEVER;
      }),
    );
    await clock.advance(99);
    stream.next(1);
    expect(hanging).toEqual([]);
    await clock.advance(1);
    expect(hanging).toEqual([{ error: expect.objectContaining({ code: 'BREAKER_TIMEOUT' }) }]);
    await clock.advance(60_000);
    stream.complete();
    expect(lasting).toEqual([1, '|']);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
    expect(breaker.stats).toMatchObject({ calls: 2, successes: 1, failures: 1 });
    expect(clock.pending).toBe(0);
  });

  it('ends with its caller’s signal, whose reason is its error', () => {
    const { breaker } = new OnBench(IN_A_ROW);
    const controller = new AbortController();
    const reason = new CancelledError('client');
    let inner: AbortSignal | undefined;
    const guarded = breaker.call$(
      (signal) => {
        inner = signal;
        return NEVER;
      },
      { signal: controller.signal },
    );
    const seen = heard(guarded);
    controller.abort(reason);
    expect(seen).toEqual([{ error: reason }]);
    expect(inner?.reason).toBe(reason);
    expect(heard(guarded)).toEqual([{ error: reason }]);
    expect(breaker.stats).toMatchObject({ calls: 0, cancelled: 2 });
  });

  it('leaves its signal quiet behind its end', () => {
    const { breaker } = new OnBench(IN_A_ROW);
    const controller = new AbortController();
    let inner: AbortSignal | undefined;
    heard(
      breaker.call$(
        (signal) => {
          inner = signal;
          return of(1);
        },
        { signal: controller.signal },
      ),
    );
    controller.abort();
    expect(inner?.aborted).toBe(false);
    expect(breaker.stats).toMatchObject({ successes: 1, cancelled: 0 });
  });

  it('whose last value is a bad answer is a failure where a predicate says so', () => {
    const { breaker } = new OnBench({ isFailure: (error, value) => error !== undefined || value === 'bad' });
    expect(heard(breaker.call$(() => of('good', 'bad')))).toEqual(['good', 'bad', '|']);
    expect(breaker.stats).toMatchObject({ calls: 1, failures: 1 });
  });
});
