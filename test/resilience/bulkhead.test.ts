import * as fc from 'fast-check';
import { Bulkhead, type BulkheadOptions } from '../../lib/resilience/bulkhead';
import { ManualClock } from '../../lib/testing/manual-clock';
import { gate, type Gate } from '../support/soon';
import { outcomeOf, settled } from './breaker-on-bench';

function bulkheadOf(options: BulkheadOptions): { readonly bulkhead: Bulkhead; readonly clock: ManualClock } {
  const clock = new ManualClock();
  return { bulkhead: new Bulkhead({ clock, ...options }), clock };
}

/** Calls that are under way until they are told to end, in the order in which they began. */
class Work {
  readonly running: Gate<string>[] = [];
  readonly begun: string[] = [];

  readonly begin = (name: string) => (): Promise<string> => {
    this.begun.push(name);
    const one = gate<string>();
    this.running.push(one);
    return one.promise;
  };
}

describe('a bulkhead', () => {
  it('lets maxConcurrent calls run at once, and the next as soon as one ends', async () => {
    const { bulkhead } = bulkheadOf({ maxConcurrent: 2, maxQueued: 10 });
    const work = new Work();
    const calls = ['a', 'b', 'c', 'd'].map((name) => bulkhead.call(work.begin(name)));
    await settled();
    expect(work.begun).toEqual(['a', 'b']);
    expect(bulkhead.stats).toEqual({ running: 2, queued: 2, rejected: 0 });
    work.running[1]?.open('b is done');
    await settled();
    expect(work.begun).toEqual(['a', 'b', 'c']);
    for (const index of [0, 2]) work.running[index]?.open('done');
    await settled();
    work.running[3]?.fail(new Error('d failed'));
    await expect(calls[1]).resolves.toBe('b is done');
    await expect(calls[3]).rejects.toThrow('d failed');
    expect(bulkhead.stats).toEqual({ running: 0, queued: 0, rejected: 0 });
  });

  it('refuses at once what is more than may wait, with a status and when to come again', async () => {
    const { bulkhead } = bulkheadOf({ name: 'reports', maxConcurrent: 1, maxQueued: 1 });
    const work = new Work();
    void bulkhead.call(work.begin('a'));
    void bulkhead.call(work.begin('b'));
    await expect(bulkhead.call(work.begin('c'))).rejects.toMatchObject({
      code: 'BULKHEAD_FULL',
      status: 503,
      headers: { 'retry-after': '1' },
      message: 'BULKHEAD_FULL: Bulkhead "reports" takes no more: 1 calls are under way and 1 wait, as many as may.',
    });
    expect(bulkhead.stats).toEqual({ running: 1, queued: 1, rejected: 1 });
    expect(work.begun).toEqual(['a']);
  });

  it('lets nobody wait by default', async () => {
    const { bulkhead } = bulkheadOf({ maxConcurrent: 1 });
    void bulkhead.call(() => new Promise(() => undefined));
    await expect(bulkhead.call(() => 1)).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
  });

  it('gives its place back whatever a call does: a value, a throw, a rejection', async () => {
    const { bulkhead } = bulkheadOf({ maxConcurrent: 1 });
    await expect(bulkhead.call(() => 'value')).resolves.toBe('value');
    await expect(
      bulkhead.call(() => {
        throw new Error('thrown');
      }),
    ).rejects.toThrow('thrown');
    await expect(bulkhead.call(() => Promise.reject(new Error('rejected')))).rejects.toThrow('rejected');
    expect(bulkhead.stats.running).toBe(0);
  });

  it('lets one wait for maxWaitMs at most', async () => {
    const { bulkhead, clock } = bulkheadOf({ maxConcurrent: 1, maxQueued: 5, maxWaitMs: 100 });
    const work = new Work();
    void bulkhead.call(work.begin('a'));
    const waiting = bulkhead.call(work.begin('b'));
    await clock.advance(99);
    expect(await outcomeOf(waiting)).toBe('pending');
    await clock.advance(1);
    await expect(waiting).rejects.toMatchObject({ code: 'BULKHEAD_WAIT_TIMEOUT', status: 503 });
    expect(bulkhead.stats).toEqual({ running: 1, queued: 0, rejected: 1 });
    expect(clock.pending).toBe(0);
  });

  it('ends the waiting of who waits no more: the place in the queue is free, no timer is left', async () => {
    const { bulkhead, clock } = bulkheadOf({ maxConcurrent: 1, maxQueued: 1 });
    const work = new Work();
    void bulkhead.call(work.begin('a'));
    const controller = new AbortController();
    const waiting = bulkhead.call(work.begin('b'), { signal: controller.signal });
    controller.abort('left');
    await expect(waiting).rejects.toBe('left');
    expect([bulkhead.stats.queued, clock.pending]).toEqual([0, 0]);
    const next = bulkhead.call(work.begin('c'));
    work.running[0]?.open('done');
    await settled();
    work.running[1]?.open('c is done');
    await expect(next).resolves.toBe('c is done');
    expect(work.begun).toEqual(['a', 'c']);
  });

  it('loses no place to who leaves in the very moment of its turn, whichever moment that is', async () => {
    const begun: boolean[] = [];
    for (let turns = 0; turns < 10; turns++) {
      const { bulkhead } = bulkheadOf({ maxConcurrent: 1, maxQueued: 5 });
      const work = new Work();
      const controller = new AbortController();
      void bulkhead.call(work.begin('first'));
      const left = outcomeOf(bulkhead.call(work.begin('left'), { signal: controller.signal }));
      const next = bulkhead.call(work.begin('next'));
      work.running[0]?.open('done');
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      controller.abort('left');
      const isBegun = work.begun.includes('left');
      if (isBegun) work.running[1]?.open('done all the same');
      expect(await left).toEqual(isBegun ? { value: 'done all the same' } : { error: 'left' });
      await settled();
      work.running.at(-1)?.open('next is done');
      await expect(next).resolves.toBe('next is done');
      expect(bulkhead.stats).toMatchObject({ running: 0, queued: 0 });
      begun.push(isBegun);
    }
    expect(new Set(begun)).toEqual(new Set([true, false]));
  });

  it('does not begin what was given up before', async () => {
    const { bulkhead } = bulkheadOf({ maxConcurrent: 1 });
    const fn = jest.fn();
    await expect(bulkhead.call(fn, { signal: AbortSignal.abort('left') })).rejects.toBe('left');
    expect([fn.mock.calls, bulkhead.stats.running]).toEqual([[], 0]);
  });

  it('never runs more than it may, serves in order, and ends empty, over random histories', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant({ do: 'call' as const, which: 0 }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(5) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('abort' as const), which: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), which: fc.nat(60) }) },
    );
    const limits = fc.record({ maxConcurrent: fc.integer({ min: 1, max: 3 }), maxQueued: fc.integer({ min: 0, max: 3 }) });
    await fc.assert(
      fc.asyncProperty(limits, fc.array(step, { maxLength: 40 }), async (limit, steps) => {
        const { bulkhead, clock } = bulkheadOf({ ...limit, maxWaitMs: 100 });
        const work = new Work();
        const controllers: AbortController[] = [];
        const calls: Promise<unknown>[] = [];
        for (const { do: what, which } of steps) {
          if (what === 'call') {
            const controller = new AbortController();
            controllers.push(controller);
            calls.push(
              bulkhead.call(work.begin(String(calls.length)), { signal: controller.signal }).catch((error: unknown) => error),
            );
          } else if (what === 'end') work.running.at(which - 3)?.open('done');
          else if (what === 'abort') controllers.at(which - 5)?.abort('left');
          else await clock.advance(which);
          await settled();
          expect(bulkhead.stats.running).toBeLessThanOrEqual(limit.maxConcurrent);
          expect(bulkhead.stats.queued).toBeLessThanOrEqual(limit.maxQueued);
          expect(bulkhead.stats.queued === 0 || bulkhead.stats.running === limit.maxConcurrent).toBe(true);
        }
        expect(work.begun.map(Number)).toEqual(work.begun.map(Number).sort((a, b) => a - b));
        for (const controller of controllers) controller.abort('over');
        for (let i = 0; i < work.running.length; i++) work.running[i]?.open('done');
        await Promise.all(calls);
        expect(bulkhead.stats).toMatchObject({ running: 0, queued: 0 });
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});
