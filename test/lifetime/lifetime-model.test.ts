import fc from 'fast-check';
import type { CancelledError } from '../../lib/lifetime/end-reason';
import { Lifetime } from '../../lib/lifetime/lifetime';
import { ManualClock } from '../../lib/testing/manual-clock';
import { LifetimeWorld, type Living, realEars, referenceEars, type Step, stories } from './lifetime-world';
import { ReferenceLifetime } from './reference-lifetime';

async function play<L extends Living<L>>(world: LifetimeWorld<L>, clock: ManualClock, story: readonly Step[]): Promise<string[]> {
  const seen: string[] = [];
  const look = (): void => {
    world.check();
    seen.push(world.seen());
  };
  for (const step of story) {
    if (step.do === 'advance') await clock.advance(step.ms);
    else world.perform(step);
    look();
  }
  world.windUp();
  look();
  await clock.advance(1000);
  look();
  return seen;
}

function realWorld(): { clock: ManualClock; world: LifetimeWorld<Lifetime>; reported: unknown[] } {
  const clock = new ManualClock();
  const reported: unknown[] = [];
  const root = Lifetime.root({ clock, report: (error) => reported.push(error) });
  root.subject = 'root';
  return { clock, world: new LifetimeWorld(root, realEars), reported };
}

describe('any story of lifetimes', () => {
  it('goes as the reference says, and nothing is lost or done twice', async () => {
    await fc.assert(
      fc.asyncProperty(stories, async (story) => {
        const real = realWorld();
        const seen = await play(real.world, real.clock, story);
        const clock = new ManualClock();
        const reference = new LifetimeWorld(new ReferenceLifetime(clock, true, 'root'), referenceEars);
        const expected = await play(reference, clock, story);

        expect(real.world.mistakes).toEqual([]);
        expect(seen).toEqual(expected);
        expect(real.world.trace).toEqual(reference.trace);
        expect(real.world.closings).toEqual(reference.closings);
        expect(clock.pending).toBe(0);
        expect(real.clock.pending).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('ends with all closed, each once, and with the signals of those aborted that were cut', async () => {
    await fc.assert(
      fc.asyncProperty(stories, async (story) => {
        const { world, clock, reported } = realWorld();
        await play(world, clock, story);

        expect(world.all.map(({ state }) => state)).toEqual(world.all.map(() => 'closed'));
        expect(world.closings.toSorted()).toEqual(world.all.map(({ subject }) => subject).toSorted());
        expect(reported).toHaveLength(world.thrown);
        for (const { signal, reason } of world.all) {
          expect(signal.aborted).toBe(reason !== 'finished');
          if (signal.aborted) expect((signal.reason as CancelledError).reason).toBe(reason);
        }
      }),
      { numRuns: 100 },
    );
  });
});
