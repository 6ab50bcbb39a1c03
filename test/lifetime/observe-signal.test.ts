import { getEventListeners } from 'node:events';
import { map, NEVER, Observable, of, range, Subject, takeUntil } from 'rxjs';
import { cancelledBecause } from '../../lib/lifetime/end-reason';
import { cancelWith, fromSignal } from '../../lib/lifetime/observe-signal';

/** Everything an Observable tells. */
function hear<T>(source: Observable<T>): { readonly heard: unknown[]; stop(): void } {
  const heard: unknown[] = [];
  const subscription = source.subscribe({
    next: (value) => heard.push(value),
    error: (error: unknown) => heard.push(['error', error]),
    complete: () => heard.push('complete'),
  });
  return { heard, stop: () => subscription.unsubscribe() };
}

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('fromSignal', () => {
  it('emits the reason once and completes', () => {
    const controller = new AbortController();
    const { heard } = hear(fromSignal(controller.signal));
    expect(heard).toEqual([]);
    const reason = cancelledBecause('manual');
    controller.abort(reason);
    controller.abort(new Error('again'));
    expect(heard).toEqual([reason, 'complete']);
  });

  it('emits at once for a signal that is aborted already', () => {
    expect(hear(fromSignal(AbortSignal.abort('why'))).heard).toEqual(['why', 'complete']);
  });

  it('lets go of the signal when it is unsubscribed, and when something else ends it', () => {
    const { signal } = new AbortController();
    const one = hear(fromSignal(signal));
    const end = new Subject<void>();
    hear(fromSignal(signal).pipe(takeUntil(end)));
    expect(listeners(signal)).toBe(2);
    one.stop();
    end.next();
    expect(listeners(signal)).toBe(0);
  });
});

describe('cancelWith', () => {
  it('passes everything on while nothing is cut, and lets go of the signal', () => {
    const controller = new AbortController();
    expect(hear(range(1, 3).pipe(cancelWith(controller))).heard).toEqual([1, 2, 3, 'complete']);
    expect(listeners(controller.signal)).toBe(0);
  });

  it('unsubscribes the source and fails with the reason of the signal', () => {
    const controller = new AbortController();
    let torn = 0;
    const source = new Observable<number>((subscriber) => {
      subscriber.next(1);
      return () => torn++;
    });
    const { heard } = hear(
      source.pipe(
        map((value) => value * 2),
        cancelWith(controller.signal),
      ),
    );
    const reason = cancelledBecause('client');
    controller.abort(reason);
    expect({ heard, torn }).toEqual({ heard: [2, ['error', reason]], torn: 1 });
  });

  it('asks for the signal only when somebody subscribes', () => {
    let asked = 0;
    const scope = {
      get signal(): AbortSignal {
        asked++;
        return new AbortController().signal;
      },
    };
    const source = of(1).pipe(cancelWith(scope));
    expect(asked).toBe(0);
    hear(source);
    expect(asked).toBe(1);
  });

  it('never subscribes inside what is cut already', () => {
    let subscribed = false;
    const source = new Observable(() => {
      subscribed = true;
    });
    expect(hear(source.pipe(cancelWith(AbortSignal.abort('gone')))).heard).toEqual([['error', 'gone']]);
    expect(subscribed).toBe(false);
  });

  it('stops a source that emits without end in the tick it is subscribed', () => {
    const controller = new AbortController();
    let made = 0;
    const endless = new Observable<number>((subscriber) => {
      while (!subscriber.closed) subscriber.next(made++);
    });
    const heard: unknown[] = [];
    endless.pipe(cancelWith(controller)).subscribe({
      next: (value) => value === 9 && controller.abort('enough'),
      error: (error) => heard.push(error),
    });
    expect({ heard, made }).toEqual({ heard: ['enough'], made: 10 });
  });

  it('is let go of when the subscriber leaves first', () => {
    const controller = new AbortController();
    const { stop } = hear(NEVER.pipe(cancelWith(controller)));
    expect(listeners(controller.signal)).toBe(1);
    stop();
    expect(listeners(controller.signal)).toBe(0);
  });
});
