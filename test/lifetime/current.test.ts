import { setImmediate as nextTurn } from 'node:timers/promises';
import { currentLifetime, runInside } from '../../lib/lifetime/current';
import { Lifetime } from '../../lib/lifetime/lifetime';

describe('the current lifetime', () => {
  it('is none outside of any', () => {
    expect(currentLifetime()).toBeUndefined();
  });

  it('is the innermost whose work is running', () => {
    const outer = Lifetime.root().open();
    const inner = outer.open();
    const seen = runInside(outer, () => [currentLifetime(), runInside(inner, currentLifetime), currentLifetime()]);
    expect(seen.map((lifetime) => [outer, inner].indexOf(lifetime!))).toEqual([0, 1, 0]);
    expect(currentLifetime()).toBeUndefined();
  });

  it('goes along through what is awaited, and side by side', async () => {
    const root = Lifetime.root();
    const tasks = Array.from({ length: 10 }, (_, number) => root.open(number));
    const seen = await Promise.all(
      tasks.map((task) =>
        runInside(task, async () => {
          await nextTurn();
          const first = currentLifetime();
          await Promise.resolve();
          return [first?.subject, currentLifetime()?.subject];
        }),
      ),
    );
    expect(seen).toEqual(tasks.map(({ subject }) => [subject, subject]));
  });

  it('stays what it was when the work throws', () => {
    const task = Lifetime.root().open();
    const fail = (): never => {
      throw new Error('broken');
    };
    expect(() => runInside(task, fail)).toThrow('broken');
    expect(currentLifetime()).toBeUndefined();
  });
});
