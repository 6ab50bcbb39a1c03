import { PassThrough } from 'node:stream';
import { concat, EMPTY, NEVER, Observable, of, type Observer, range, Subject, throwError } from 'rxjs';
import { Lifetime } from '../../lib/lifetime/lifetime';
import { isObservable, rx, subscribeWithin } from '../../lib/lifetime/observable';

/** An observer that writes down what it hears. */
function listening<T>(then: (value: T) => void = () => {}): Observer<T> & { readonly heard: unknown[] } {
  const heard: unknown[] = [];
  return {
    heard,
    next: (value) => {
      heard.push(value);
      then(value);
    },
    error: (error) => heard.push(['error', error]),
    complete: () => heard.push('complete'),
  };
}

/** A source that counts how often it is subscribed and torn down. */
function counted<T>(source: Observable<T>): { source: Observable<T>; opened: () => number; tornDown: () => number } {
  let opened = 0;
  let tornDown = 0;
  const counting = new Observable<T>((subscriber) => {
    opened++;
    const inner = source.subscribe(subscriber);
    return () => {
      tornDown++;
      inner.unsubscribe();
    };
  });
  return { source: counting, opened: () => opened, tornDown: () => tornDown };
}

describe('subscribing within a lifetime', () => {
  it.each(['finished', 'client', 'shutdown'] as const)('unsubscribes when it ends with reason %s, once', (reason) => {
    const task = Lifetime.root().open();
    const subject = new Subject<number>();
    const { source, opened, tornDown } = counted(subject);
    const observer = listening();
    subscribeWithin(task, source, observer);
    subject.next(1);
    expect([opened(), tornDown(), subject.observed]).toEqual([1, 0, true]);
    task.end(reason);
    subject.next(2);
    subject.complete();
    expect([tornDown(), subject.observed]).toEqual([1, false]);
    expect(observer.heard).toEqual([1]);
  });

  it('runs the teardown of a source once when it completes first', () => {
    const task = Lifetime.root().open();
    const subject = new Subject<number>();
    const { source, tornDown } = counted(subject);
    const observer = listening();
    subscribeWithin(task, source, observer);
    subject.complete();
    expect([observer.heard, tornDown()]).toEqual([['complete'], 1]);
    task.end('client');
    expect(tornDown()).toBe(1);
  });

  it.each([
    ['that completes in the same tick', of(1, 2), [1, 2, 'complete']],
    ['that is empty', EMPTY, ['complete']],
    [
      'that fails in the same tick',
      concat(
        of(1),
        throwError(() => 'broken'),
      ),
      [1, ['error', 'broken']],
    ],
    [
      'whose subscribe throws',
      new Observable<number>(() => {
        throw 'thrown';
      }),
      [['error', 'thrown']],
    ],
  ])('hands on a source %s', (_, source, heard) => {
    const task = Lifetime.root().open();
    const observer = listening<number>();
    const watched = counted<number>(source);
    subscribeWithin(task, watched.source, observer);
    expect(observer.heard).toEqual(heard);
    task.end('client');
    expect(observer.heard).toEqual(heard);
  });

  it('hands on an error that comes later', () => {
    const task = Lifetime.root().open();
    const subject = new Subject<number>();
    const observer = listening();
    subscribeWithin(task, subject, observer);
    subject.error('broken');
    expect(observer.heard).toEqual([['error', 'broken']]);
  });

  it('stops a source that never stops by itself from within a value it sends in the same tick', () => {
    const task = Lifetime.root().open();
    const { source, tornDown } = counted(range(1, Infinity));
    const observer = listening<number>((value) => {
      if (value === 3) task.end('client');
    });
    subscribeWithin(task, source, observer);
    expect(observer.heard).toEqual([1, 2, 3]);
    expect(tornDown()).toBe(1);
  });

  it('subscribes to nothing inside what is over', () => {
    const task = Lifetime.root().open();
    task.end('finished');
    const { source, opened } = counted(of(1));
    const observer = listening();
    subscribeWithin(task, source, observer);
    expect([opened(), observer.heard]).toEqual([0, []]);
  });

  it('runs the teardown before those registered earlier, as any other', () => {
    const task = Lifetime.root().open();
    const order: string[] = [];
    task.defer(() => order.push('first registered'));
    subscribeWithin(task, new Observable(() => () => order.push('source')), listening());
    task.defer(() => order.push('last registered'));
    task.end('client');
    expect(order).toEqual(['last registered', 'source', 'first registered']);
  });

  it('reports what a teardown of the source throws, and runs the others', () => {
    const errors: unknown[] = [];
    const task = Lifetime.root({ report: (error) => errors.push(error) }).open();
    const order: string[] = [];
    task.defer(() => order.push('other'));
    const failing = new Observable<number>(() => () => {
      throw new Error('teardown');
    });
    subscribeWithin(task, failing, listening());
    task.end('client');
    expect(order).toEqual(['other']);
    expect(errors).toMatchObject([{ name: 'UnsubscriptionError', errors: [{ message: 'teardown' }] }]);
    expect(task.state).toBe('closed');
  });

  it('takes its teardown back when the source is done, so that a long life gathers none', () => {
    const session = Lifetime.root().open();
    const registered: string[] = [];
    const defer = session.defer.bind(session);
    session.defer = (teardown) => {
      const undo = defer(teardown);
      registered.push('registered');
      return () => {
        undo();
        registered.push('taken back');
      };
    };
    const later = new Subject<number>();
    subscribeWithin(session, of(1), listening());
    subscribeWithin(session, later, listening());
    expect(registered).toEqual(['registered', 'taken back', 'registered']);
    later.complete();
    expect(registered).toEqual(['registered', 'taken back', 'registered', 'taken back']);
  });
});

describe('what an Observable is', () => {
  it('is told by its shape, so that any copy of RxJS will do', () => {
    expect(isObservable(NEVER)).toBe(true);
    expect(isObservable(new Subject())).toBe(true);
    expect(isObservable({ subscribe: () => {}, pipe: () => {} })).toBe(true);
    for (const other of [
      undefined,
      null,
      1,
      'text',
      {},
      [],
      Promise.resolve(),
      { pipe: () => {} },
      { subscribe: () => {} },
      new PassThrough(),
    ]) {
      expect(isObservable(other)).toBe(false);
    }
  });

  it('is loaded once', () => {
    expect(rx()).toBe(rx());
    expect(rx().Observable).toBe(Observable);
  });
});
